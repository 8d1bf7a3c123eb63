"""What real contact centres do without favouring anybody: nobody may be accused on these days.

Every one has a rush, so that there are turns to be lost, and an important client with much traffic.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from app.core.events import Channel
from app.simulate.fairness.demand import Agreement, FollowUp, Order
from app.simulate.fairness.draft import CALLS, CHATS, LEADER, MAIL, Draft
from app.simulate.fairness.plan import HOUR, Conduct, Manner, Picking, Span, Tells

LOST_SHARE = 0.02
LARGEST_SKEW_SECONDS = 20.0

TARGETS: Mapping[tuple[Channel, str], float] = MappingProxyType(
    {
        (channel, tier): seconds
        for tier, mail_seconds in (
            ("important", 1 * HOUR),
            ("standard", 8 * HOUR),
            ("new", 8 * HOUR),
        )
        for channel, seconds in (
            (Channel.PHONE, 20.0),
            (Channel.CHAT, 60.0),
            (Channel.EMAIL, mail_seconds),
        )
    }
)
"""The contract of the teams that work by deadline."""


def _busy(draft: Draft, load: float = 0.65) -> None:
    everybody, leader = draft.everybody(), draft.only(LEADER)
    draft.stream(load, everybody)
    draft.stream(0.12, leader)
    draft.stream(0.25, everybody, draft.rush)
    draft.stream(0.15, leader, draft.rush)


def _with_mail(draft: Draft) -> None:
    everybody, leader = draft.everybody(), draft.only(LEADER)
    draft.horizon = 12 * HOUR
    draft.stream(0.4, everybody)
    draft.stream(0.25, everybody, mix=MAIL)
    draft.stream(0.08, leader, mix=MAIL)
    for _ in range(draft.agents * 14):
        at = draft.random.uniform(0.0, 0.5 * HOUR)
        draft.contact(at, leader() if draft.random.random() < 0.15 else everybody(), Channel.EMAIL)


def recognised_callers(draft: Draft) -> None:
    """Important callers are through the menu in 5 s, others in one or two minutes."""
    random = draft.random
    draft.menu_seconds = lambda tier: 5.0 if tier == "important" else random.uniform(60.0, 120.0)
    _busy(draft)


def silent_wrap_up(draft: Draft) -> None:
    """After a call up to a minute of work that no tool reports."""
    draft.longest_wrap_up_seconds = 60.0
    _busy(draft, 0.6)


def no_staffing_told(draft: Draft) -> None:
    """No tool tells who is there."""
    draft.manner = Manner(staffing=False)
    _busy(draft)


def breaks_not_told(draft: Draft) -> None:
    """A third of the agents are away for a while in the rush, signed in all the time."""
    draft.manner = Manner(breaks=False)
    for number in range(draft.agents // 3):
        start = draft.rush.start + draft.random.uniform(0.0, 0.5 * HOUR)
        away = Span(start, start + draft.random.uniform(0.5, 1.5) * HOUR)
        shifts = (Span(0.0, away.start), Span(away.end, draft.horizon))
        draft.shifts[draft.agent(number)] = shifts
    _busy(draft, 0.6)


def works_by_deadline(draft: Draft) -> None:
    """Earliest due first, as agreed: important mail within 1 h, other mail within 8 h."""
    draft.agreement = Agreement(Order.DUE, target_seconds=TARGETS)
    draft.conduct = Conduct(Order.DUE)
    draft.manner = Manner(Tells.ANSWERS)
    _with_mail(draft)


def works_by_arrival(draft: Draft) -> None:
    """Live before mail, each in order of arrival, as agreed."""
    _with_mail(draft)


def by_arrival_though_due_agreed(draft: Draft) -> None:
    """The policy says by deadline; the team works by arrival."""
    draft.agreement = Agreement(Order.DUE, target_seconds=TARGETS)
    draft.manner = Manner(Tells.ANSWERS)
    _with_mail(draft)


def by_deadline_though_arrival_agreed(draft: Draft) -> None:
    """The policy says by arrival; the team works by deadline."""
    draft.agreement = Agreement(target_seconds=TARGETS)
    draft.conduct = Conduct(Order.DUE)
    draft.manner = Manner(Tells.ANSWERS)
    _with_mail(draft)


def picks_at_random(draft: Draft) -> None:
    """Agents take anybody who waits."""
    draft.conduct = Conduct(picking=Picking.AT_RANDOM)
    _busy(draft)


def newest_first(draft: Draft) -> None:
    """Agents take whoever came last."""
    draft.conduct = Conduct(picking=Picking.NEWEST_FIRST)
    _busy(draft)


def shortest_first(draft: Draft) -> None:
    """Agents take what looks short."""
    draft.conduct = Conduct(picking=Picking.SHORTEST_FIRST)
    _busy(draft)


def lost_events(draft: Draft) -> None:
    """Two events in a hundred never arrive."""
    draft.manner = Manner(lost_share=LOST_SHARE)
    _busy(draft)


def skewed_clock(draft: Draft) -> None:
    """The clock of one of the tools is wrong by up to 20 s."""
    tool = draft.random.choice(("phone", "chat", "email", "roster"))
    skew = draft.random.uniform(-LARGEST_SKEW_SECONDS, LARGEST_SKEW_SECONDS)
    draft.manner = Manner(skews={tool: skew})
    _busy(draft, 0.55)
    draft.stream(0.1, draft.everybody(), mix=MAIL)


def never_sign_off(draft: Draft) -> None:
    """Two days with a night between, and nobody tells that they went home."""
    draft.horizon = 36 * HOUR
    draft.manner = Manner(signing_off=False)
    days = (Span(0.0, 10 * HOUR), Span(24 * HOUR, 34 * HOUR))
    everybody, leader = draft.everybody(), draft.only(LEADER)
    for day in days:
        draft.stream(0.7, everybody, Span(day.start, day.end - HOUR / 2))
        draft.stream(0.1, leader, Span(day.start, day.end - HOUR / 2))
    draft.stream(0.05, everybody, mix=MAIL)
    draft.stream(0.03, leader, mix=MAIL)
    for number in range(draft.agents):
        draft.shifts[draft.agent(number)] = days


def two_on_a_call(draft: Draft) -> None:
    """A colleague joins every fifth call where one is free."""
    draft.two_on_a_call_share = 0.2
    _busy(draft, 0.55)


def ring_all(draft: Draft) -> None:
    """Calls ring at all who are free; who does not pick up has not refused."""
    draft.manner = Manner(Tells.ANSWERS, rings_everybody=True)
    _busy(draft)


def chats_for_days(draft: Draft) -> None:
    """Customers write when it suits them; the tool tells the pick-up and the answers only."""
    random = draft.random
    draft.horizon = 60 * HOUR

    def writes_again() -> tuple[FollowUp, ...]:
        return tuple(
            FollowUp(random.expovariate(1.0 / (5 * HOUR)), random.uniform(60.0, 420.0))
            for _ in range(random.choice((0, 1, 2, 3, 5)))
        )

    draft.chat_follow_ups = writes_again
    draft.manner = Manner(Tells.MESSAGES)
    days = tuple(Span(day * 24 * HOUR, day * 24 * HOUR + 11 * HOUR) for day in range(3))
    everybody, leader = draft.everybody(), draft.only(LEADER)
    for day in days:
        draft.stream(0.2, everybody, day, mix=CHATS)
        draft.stream(0.04, leader, day, mix=CHATS)
        draft.stream(0.2, everybody, day, mix=CALLS)
    for number in range(draft.agents):
        draft.shifts[draft.agent(number)] = days


def declared_desk(draft: Draft) -> None:
    """Two agents know one client's machines and serve nobody else; they say so."""
    draft.skill_of[LEADER] = "machines"
    for number in range(draft.agents):
        skill = "machines" if number < 2 else ""
        draft.skills[draft.agent(number)] = frozenset({skill})
    everybody = draft.everybody()
    draft.stream(0.62, everybody)
    draft.stream(0.25, everybody, draft.rush)
    draft.stream(0.09, draft.only(LEADER))


def quiet_three(draft: Draft) -> None:
    """Three agents, little to do, and no great discipline."""
    draft.agents, draft.horizon = 3, 48 * HOUR
    draft.conduct = replace(draft.conduct, disorder=0.3)
    draft.stream(0.3, draft.everybody(20))
    draft.stream(0.06, draft.only(LEADER))
