"""Sixteen families of days, S1 to S16: on some nobody is served first, on others somebody is."""

from dataclasses import replace

from app.core.events import Channel
from app.simulate.fairness.demand import Agreement, Denial
from app.simulate.fairness.draft import CALLS, LEADER, MAIL, Draft, during
from app.simulate.fairness.plan import HOUR, Manner, Reserved, Span, Tells


def fair_and_steady(draft: Draft) -> None:
    """Busy, and in turn but for a slip now and then."""
    draft.stream(draft.random.uniform(0.75, 0.9), draft.everybody())


def overload(draft: Draft) -> None:
    """For some hours far more comes than can be done; everybody waits alike."""
    everybody = draft.everybody()
    draft.stream(0.75, everybody)
    draft.stream(draft.random.uniform(0.4, 0.6), everybody, draft.rush)


def fewer_agents(draft: Draft) -> None:
    """Nearly half of the agents are away for some hours."""
    draft.stream(0.8, draft.everybody())
    gone = round(draft.random.uniform(0.35, 0.5) * draft.agents)
    for number in range(gone):
        away_from, back_at = draft.rush.start + 20.0 * number, draft.rush.end + 20.0 * number
        shifts = (Span(0.0, away_from), Span(back_at, draft.horizon))
        draft.shifts[draft.agent(number)] = shifts


def favoured_without_harm(draft: Draft) -> None:
    """A client with little traffic is served first, and hardly anybody notices."""
    draft.serve_first(LEADER)
    draft.stream(draft.random.uniform(0.55, 0.7), draft.everybody())
    draft.stream(0.05, draft.only(LEADER))


def captured_by_a_surge(draft: Draft) -> None:
    """An important client has a rush, and all of it is served first."""
    _surge_served_first(draft, tier="important")


def creeping_capture(draft: Draft) -> None:
    """Over the day more and more comes from one client, ever more of it served first."""

    def ramp(at: float) -> float:
        return min(1.0, max(0.0, (at - HOUR) / (7 * HOUR)))

    draft.serve_first(LEADER, ramp)
    draft.stream(0.7, draft.everybody())
    draft.stream(0.6, draft.only(LEADER), shape=lambda at: 0.15 + 0.85 * ramp(at))


def reserved_agent(draft: Draft) -> None:
    """One of a few agents is told to work for one client only."""
    draft.agents = draft.random.choice((4, 5, 6))
    span = Span(draft.rush.start, draft.rush.end + HOUR)
    draft.serve_first(LEADER, during(span))
    draft.conduct = replace(draft.conduct, reserved=(Reserved(draft.agent(0), span),))
    draft.stream(draft.random.uniform(0.75, 0.82), draft.everybody())
    draft.stream(0.12, draft.only(LEADER))


def captured_without_a_label(draft: Draft) -> None:
    """The same as a capture by a surge, by a client that nobody calls important."""
    _surge_served_first(draft, tier="standard")


def one_very_long_call(draft: Draft) -> None:
    """One call lasts for hours in a small team."""
    draft.agents = draft.random.choice((4, 5, 6))
    draft.stream(0.72, draft.everybody())
    work_seconds = draft.random.uniform(2.0, 4.0) * HOUR
    draft.contact(draft.rush.start, "client-7", Channel.PHONE, work_seconds)


def mail_backlog(draft: Draft) -> None:
    """The day begins with a heap of mail, later one client's batch; worked in order."""
    everybody = draft.everybody()
    draft.stream(0.55, everybody)
    for _ in range(draft.agents * 18):
        draft.contact(draft.random.uniform(0.0, 0.3 * HOUR), everybody(), Channel.EMAIL)
    for _ in range(60):
        at = draft.rush.start + draft.random.uniform(0.0, 600.0)
        draft.contact(at, "client-5", Channel.EMAIL)
    draft.stream(0.25, everybody, mix=MAIL)


def two_served_first(draft: Draft) -> None:
    """Two clients are served first, at overlapping times."""
    first, second = draft.only(LEADER), draft.only("Bolt")
    draft.serve_first(LEADER)
    draft.serve_first("Bolt")
    draft.stream(draft.random.uniform(0.55, 0.65), draft.everybody())
    draft.stream(0.04, first)
    draft.stream(0.04, second)
    later = 0.3 * draft.rush.seconds
    draft.stream(draft.random.uniform(0.35, 0.5), first, draft.rush)
    overlapping = Span(draft.rush.start + later, draft.rush.end + later)
    draft.stream(draft.random.uniform(0.35, 0.5), second, overlapping)


def refusals(draft: Draft) -> None:
    """As a capture by a surge, and three in ten of the others are refused."""
    leader = draft.only(LEADER)
    draft.serve_first(LEADER)
    draft.refusals = lambda at: 0.3 if draft.rush.start <= at < draft.rush.end else 0.0
    draft.stream(draft.random.uniform(0.55, 0.7), draft.everybody())
    draft.stream(0.05, leader)
    draft.stream(draft.random.uniform(0.5, 0.7), leader, draft.rush)


def small_team(draft: Draft) -> None:
    """Only on every other day is anybody served first."""
    draft.agents, draft.horizon = draft.random.choice((2, 3)), 12 * HOUR
    leader = draft.only(LEADER)
    if draft.seed % 2:
        draft.serve_first(LEADER)
        draft.stream(0.7, leader, draft.rush)
    draft.stream(0.35, draft.everybody(20))
    draft.stream(0.08, leader)


def large_team(draft: Draft) -> None:
    """Forty customers are served first, of three thousand."""
    draft.agents, draft.horizon = 200, 5 * HOUR
    leaders = [f"leader-{number}" for number in range(40)]
    for name in leaders:
        draft.only(name)
        draft.serve_first(name)
    draft.stream(0.72, draft.everybody(3000))
    draft.stream(0.05, lambda: draft.random.choice(leaders))
    start = draft.random.uniform(1.0, 1.8) * HOUR
    rush = Span(start, start + draft.random.uniform(1.2, 2.0) * HOUR)
    draft.stream(draft.random.uniform(0.4, 0.55), lambda: draft.random.choice(leaders), rush)


def nights(draft: Draft) -> None:
    """Two days with closed nights, in which mail heaps up."""
    draft.horizon = 48 * HOUR
    clients = draft.clients(60)
    days = (Span(8 * HOUR, 18 * HOUR), Span(32 * HOUR, 42 * HOUR))
    for day in days:
        draft.stream(0.72, clients, Span(day.start, day.end - HOUR / 2))
    draft.stream(0.10, clients, mix=MAIL)
    for number in range(draft.agents):
        draft.shifts[draft.agent(number)] = days


def head_start(draft: Draft) -> None:
    """Important customers have an agreed head start; on every other day one is given more."""
    weights = {"important": 2.0, "standard": 1.0, "new": 1.0}
    draft.agreement = Agreement(weights=weights)
    leader = draft.only(LEADER)
    if draft.seed % 2:
        draft.serve_first(LEADER)
    draft.stream(draft.random.uniform(0.6, 0.7), draft.everybody())
    draft.stream(0.05, leader)
    draft.stream(draft.random.uniform(0.5, 0.65), leader, draft.rush)


def no_time(draft: Draft) -> None:
    """The story: two dozen callers are answered in six seconds and told that there is no time.

    Their contact persons go back to the mail of one important client, for which all are reserved.
    """
    draft.agents, draft.horizon = 4, 7 * HOUR
    clients, leader = draft.clients(20), draft.only(LEADER)
    start = draft.random.uniform(1.5, 2.5) * HOUR
    order = Span(start, start + 2 * HOUR)
    draft.serve_first(LEADER, during(order))
    agents = (draft.agent(number) for number in range(draft.agents))
    reserved = tuple(Reserved(agent, order) for agent in agents)
    draft.conduct = replace(draft.conduct, disorder=0.0, reserved=reserved)
    draft.manner = Manner(Tells.ANSWERS)
    for _ in range(64):
        at = order.start + draft.random.uniform(0.0, 600.0)
        draft.contact(at, leader(), Channel.EMAIL)
    for _ in range(24):
        at = draft.random.uniform(order.start + 900.0, order.end - 900.0)
        draft.contact(at, clients(), Channel.PHONE, denial=Denial.TURNED_AWAY)
    for calm in (Span(0.0, order.start - 900.0), Span(order.end, draft.horizon)):
        draft.stream(0.3, clients, calm, mix=CALLS)


def _surge_served_first(draft: Draft, tier: str) -> None:
    leader = draft.only(LEADER, tier)
    draft.serve_first(LEADER)
    draft.stream(draft.random.uniform(0.55, 0.7), draft.everybody())
    draft.stream(0.05, leader)
    draft.stream(draft.random.uniform(0.55, 0.8), leader, draft.rush)
