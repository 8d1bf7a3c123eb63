"""The centre that is played twice: what it keeps true in both worlds, and how truth is reckoned."""

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from itertools import groupby, pairwise

import pytest

from app.core.events import Channel
from app.simulate.fairness.demand import Agreement, Demand, DemandKey, Denial
from app.simulate.fairness.facts import End, Fact, Kind, Played
from app.simulate.fairness.plan import HOUR, Conduct, Manner, Plan, Reserved, Span
from app.simulate.fairness.scenarios import SCENARIOS, Group, UnknownScenario, find_scenario
from app.simulate.fairness.truth import Truth, truth_of
from app.simulate.fairness.world import NO_TIME_SECONDS, World, play_both

VARIED = (
    "captured-by-a-surge",
    "reserved-agent",
    "refusals",
    "mail-backlog",
    "nights",
    "no-time",
    "two-on-a-call",
    "chats-for-days",
    "silent-wrap-up",
)


def short(name: str, hours: float = 4.0) -> Plan:
    return replace(SCENARIOS[name].plan(1), horizon=hours * HOUR)


@cache
def played_twice(name: str) -> tuple[Plan, Played, Played]:
    plan = short(name, hours=11.0 if name == "nights" else 4.0)
    return plan, *play_both(plan)


def caller(customer: str, ready_at: float, work_seconds: float, **others: object) -> Demand:
    demand = Demand(
        key=DemandKey(f"of {customer}", 0),
        customer=customer,
        tier="standard",
        channel=Channel.PHONE,
        received_at=ready_at,
        ready_at=ready_at,
        work_seconds=work_seconds,
    )
    return replace(demand, **others)  # type: ignore[arg-type]


def team(*demands: Demand, agents: int = 1, reserved: tuple[Reserved, ...] = ()) -> Plan:
    horizon = 2 * HOUR
    return Plan(
        name="by hand",
        seed=0,
        horizon=horizon,
        demands=demands,
        shifts={f"agent-{number}": (Span(0.0, horizon),) for number in range(agents)},
        favoured=frozenset({"Acme"}),
        agreement=Agreement(),
        conduct=Conduct(disorder=0.0, reserved=reserved),
        manner=Manner(),
        skills={},
    )


def truth(plan: Plan) -> Truth:
    return truth_of(plan, *play_both(plan))


def of_kind(played: Played, *kinds: Kind) -> list[Fact]:
    return [fact for fact in played.facts if fact.kind in kinds]


@pytest.mark.parametrize("name", VARIED)
def test_every_demand_ends_once_in_each_world(name):
    plan, *both = played_twice(name)

    for played in both:
        came = {demand.key for demand in plan.demands if demand.ready_at <= plan.horizon}
        over = (Kind.RESOLVED, Kind.ABANDONED, Kind.REFUSED, Kind.TURNED_AWAY)
        endings = Counter(fact.demand.key.contact for fact in of_kind(played, *over) if fact.demand)
        assert came <= set(played.outcomes)
        assert max(endings.values()) == 1
        for outcome in played.outcomes.values():
            work = sum(span.seconds for _, span in outcome.work)
            assert (work > 0) == (outcome.end in {End.SERVED, End.TURNED_AWAY}) or (
                outcome.end is End.STILL_WAITING
            )


@pytest.mark.parametrize("name", VARIED)
def test_whoever_is_served_gets_all_the_work_she_asked_for(name):
    _, *both = played_twice(name)

    for played in both:
        done = {fact.demand for fact in of_kind(played, Kind.ENDED)}
        for demand in done:
            assert demand is not None
            outcome = played.outcomes[demand.key]
            work: dict[str, float] = defaultdict(float)
            for agent, span in outcome.work:
                work[agent] += span.seconds
            is_denied = outcome.end is End.TURNED_AWAY
            asked = NO_TIME_SECONDS if is_denied else demand.work_seconds
            total = sum(work.values()) / (2 if demand.needs_two and len(work) == 2 else 1)
            assert total == pytest.approx(asked)


@pytest.mark.parametrize("name", VARIED)
def test_nobody_does_two_things_at_once(name):
    _, played, _ = played_twice(name)

    spans: dict[str, list[Span]] = defaultdict(list)
    for outcome in played.outcomes.values():
        if outcome.demand.channel is not Channel.CHAT:
            for agent, span in outcome.work:
                spans[agent].append(span)
    for of_agent in spans.values():
        of_agent.sort(key=lambda span: (span.start, span.end))
        assert all(one.end <= other.start for one, other in pairwise(of_agent))


@pytest.mark.parametrize("name", ["overload", "captured-by-a-surge", "mail-backlog", "no-time"])
def test_in_turn_nobody_is_idle_while_somebody_waits(name):
    played = World(short(name).in_turn()).play()

    waiting: set[DemandKey] = set()
    idle: set[str] = set()
    work: Counter[str] = Counter()
    for _, facts in groupby(played.facts, key=lambda fact: fact.at):
        for fact in facts:
            _note(fact, waiting, work, idle)
        assert not waiting or not idle


def _note(fact: Fact, waiting: set[DemandKey], work: Counter[str], idle: set[str]) -> None:
    agent = fact.agent or ""
    if fact.demand and fact.kind in {Kind.RECEIVED, Kind.WROTE_AGAIN, Kind.INTERRUPTED}:
        waiting.add(fact.demand.key)
    if fact.demand and fact.kind in {Kind.STARTED, Kind.ABANDONED}:
        waiting.discard(fact.demand.key)
    if fact.kind is Kind.STARTED:
        work[agent] += 1
    if fact.kind in {Kind.ENDED, Kind.INTERRUPTED}:
        work[agent] -= 1
    if agent and fact.kind is not Kind.ABANDONED:
        (idle.discard if work[agent] or fact.kind is Kind.LEFT else idle.add)(agent)


@pytest.mark.parametrize("name", ["overload", "captured-by-a-surge", "refusals"])
def test_in_turn_a_channel_is_served_in_order(name):
    plan = short(name).in_turn()

    played = World(plan).play()

    for channel in (Channel.PHONE, Channel.CHAT):
        turns = [
            plan.agreement.turn(fact.demand, plan.conduct.order)
            for fact in of_kind(played, Kind.STARTED)
            if fact.demand and fact.demand.channel is channel
        ]
        assert turns == sorted(turns)


def test_a_team_without_favours_or_slips_is_in_turn():
    plan = short("overload", hours=6.0)
    plan = replace(plan, conduct=Conduct(disorder=0.0))

    actual, in_turn = play_both(plan)

    assert actual.facts == in_turn.facts


@pytest.mark.parametrize("name", ["overload", "newest-first", "by-arrival-though-due-agreed"])
def test_there_is_nothing_to_find_where_nobody_is_favoured(name):
    plan = short(name, hours=6.0)

    found = truth_of(plan, *play_both(plan))

    assert found == Truth(plan.horizon)


def test_no_habit_favours_anybody():
    habits = [one for one in SCENARIOS.values() if one.group is Group.HABIT]

    assert not any(habit.plan(0).favoured for habit in habits)


def test_what_is_lost_and_gained_is_reckoned_from_the_turn():
    others = [caller(f"client-{number}", 10.0 + number, 100.0) for number in range(5)]
    leader = caller("Acme", 50.0, 1000.0, is_favoured=True)

    found = truth(team(caller("first", 0.0, 100.0), *others, leader))

    (interval,) = found.intervals
    assert (interval.start, interval.end) == (100.0, 1500.0)
    assert interval.culprits == ("Acme",)
    assert interval.victims == tuple(f"client-{number}" for number in range(5))
    assert interval.agent_seconds == 500.0  # her turn would have been at 600
    assert interval.extra_wait_seconds == 5000.0


def test_little_harm_is_grey_and_less_is_nothing():
    def day(work_seconds: float) -> Truth:
        leader = caller("Acme", 50.0, work_seconds, is_favoured=True)
        return truth(team(caller("first", 0.0, 100.0), caller("other", 10.0, 100.0), leader))

    assert [len(day(seconds).grey) for seconds in (600.0, 900.0)] == [0, 1]
    assert not day(900.0).intervals


def test_whoever_is_turned_away_has_lost_her_turn():
    away = [caller(f"client-{n}", 100.0 * n, 300.0, denial=Denial.TURNED_AWAY) for n in range(1, 6)]
    mail = caller("Acme", 0.0, HOUR, is_favoured=True, channel=Channel.EMAIL)
    second = replace(mail, key=DemandKey("second", 0))

    plan = team(mail, second, *away)
    actual, _ = play_both(plan)
    found = truth(plan)

    assert len(of_kind(actual, Kind.TURNED_AWAY)) == 5
    assert all(actual.outcomes[one.key].waited <= 6.0 for one in away)
    (interval,) = found.intervals
    assert interval.victims == tuple(one.customer for one in away)
    assert interval.extra_wait_seconds == 5 * 900.0


def test_an_agent_kept_idle_for_somebody_is_charged_to_her():
    span = Span(0.0, HOUR)
    calls = [caller(f"client-{n}", 60.0 * n, 1200.0) for n in range(7)]
    plan = team(*calls, agents=2, reserved=(Reserved("agent-0", span),))

    (interval,) = truth(plan).intervals

    assert interval.culprits == ("Acme",)
    assert interval.agent_seconds == pytest.approx(HOUR - 60.0)  # nobody waited in the first minute


def test_a_scenario_is_found_by_name_and_by_number():
    assert find_scenario("S5") is find_scenario("captured-by-a-surge")
    with pytest.raises(UnknownScenario, match="got 'S17'"):
        find_scenario("S17")
    with pytest.raises(UnknownScenario):
        find_scenario("")
