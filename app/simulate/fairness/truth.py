"""Who really waited for whom: the difference between what happened and the same day in turn.

For every demand the wait in both worlds is known (until work first began, or hope ended).

*Lost*: a demand of anybody else that waited at least ``FELT_SECONDS`` longer than in turn lost the
time between its turn and its start. One that was refused or turned away, and would have been
served, lost ``CLAIM_SECONDS`` from its turn on.
*Gained*: a demand of those served first that began at least ``FELT_SECONDS`` before its turn gained
the time between; an agent reserved for them is a gain for as long as it lasts.
An interval is a stretch of lost time within ``REACH_SECONDS`` of a gain; stretches less than
``GAP_SECONDS`` apart are one. It counts where at least ``MATERIAL_SECONDS`` were lost and
``MATERIAL_CONTACTS`` contacts lost two minutes or more; where a fifth of the time was lost it is
*grey*: neither to be found nor wrong to find.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from app.simulate.fairness.demand import LOAD
from app.simulate.fairness.facts import End, Outcome, Played
from app.simulate.fairness.intervals import common, joined, seconds_within, total
from app.simulate.fairness.plan import Plan, Reserved, Span

FELT_SECONDS = 30.0
CLAIM_SECONDS = 900.0
REACH_SECONDS = 900.0
GAP_SECONDS = 900.0
MATERIAL_SECONDS = 3600.0
MATERIAL_CONTACTS = 5
LONG_SECONDS = 120.0
GREY_SHARE = 0.2
CULPRIT_SHARE = 0.15
"""Of an interval's gain: whoever has less is not named, where few gained."""
FEW = 5
VICTIM_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``start`` to ``end`` the victims waited because the culprits were served first.

    ``agent_seconds`` is work given to the culprits before their turn, and agents kept idle for them
    while others waited; ``extra_wait_seconds`` is what the victims lost.
    """

    start: float
    end: float
    culprits: tuple[str, ...]
    victims: tuple[str, ...]
    agent_seconds: float
    extra_wait_seconds: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What should be found in a trace; ``grey`` may be found."""

    horizon: float
    intervals: tuple[Interval, ...] = ()
    grey: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class _Share:
    """A span that belongs to one customer, weighed by the agents it takes."""

    span: Span
    customer: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _Ledger:
    lost: list[_Share]
    gained: list[_Share]
    early: list[_Share]


def truth_of(plan: Plan, actual: Played, in_turn: Played) -> Truth:
    """Compare both playings of a plan."""
    ledger = _ledger(plan, actual, in_turn)
    if not ledger.lost or not ledger.gained:
        return Truth(plan.horizon)
    lost = joined(share.span for share in ledger.lost)
    near_gains = joined(
        Span(share.span.start - REACH_SECONDS, share.span.end + REACH_SECONDS)
        for share in ledger.gained
    )
    intervals, grey = [], []
    for limits in joined(common(lost, near_gains), GAP_SECONDS):
        interval = _interval(ledger, limits)
        if _is_material(ledger, limits, interval):
            intervals.append(interval)
        elif interval.extra_wait_seconds >= GREY_SHARE * MATERIAL_SECONDS:
            grey.append(interval)
    return Truth(plan.horizon, tuple(intervals), tuple(grey))


def _ledger(plan: Plan, actual: Played, in_turn: Played) -> _Ledger:
    ledger = _Ledger([], [], [])
    for key, outcome in actual.outcomes.items():
        fair = in_turn.outcomes.get(key)
        if fair is None:
            continue
        turn_at = outcome.ready_at + fair.waited
        if outcome.demand.customer in plan.favoured:
            _note_gain(ledger, outcome, turn_at)
        else:
            ledger.lost.extend(_losses(outcome, fair, min(plan.horizon, turn_at + CLAIM_SECONDS)))
    for reserved in plan.conduct.reserved:
        ledger.gained.extend(_Share(reserved.span, one) for one in sorted(plan.favoured))
        ledger.early.extend(_kept_idle(plan, actual, reserved))
    return ledger


def _note_gain(ledger: _Ledger, outcome: Outcome, turn_at: float) -> None:
    customer, began_at = outcome.demand.customer, outcome.ready_at + outcome.waited
    if turn_at - began_at < FELT_SECONDS:
        return
    ledger.gained.append(_Share(Span(began_at, turn_at), customer))
    for _, work in outcome.work:
        before_turn = Span(work.start, min(work.end, turn_at))
        if before_turn.seconds > 0:
            load = LOAD[outcome.demand.channel]
            ledger.early.append(_Share(before_turn, customer, load))


def _losses(outcome: Outcome, fair: Outcome, claim_until: float) -> Iterator[_Share]:
    customer, turn_at = outcome.demand.customer, outcome.ready_at + fair.waited
    if outcome.end in {End.REFUSED, End.TURNED_AWAY}:
        if fair.end is End.SERVED:
            yield _Share(Span(turn_at, claim_until), customer)
    elif outcome.waited - fair.waited >= FELT_SECONDS:
        yield _Share(Span(turn_at, outcome.ready_at + outcome.waited), customer)


def _kept_idle(plan: Plan, actual: Played, reserved: Reserved) -> Iterator[_Share]:
    """While others waited: the share of that time in which the reserved agent did nothing."""
    outcomes = actual.outcomes.values()
    busy = joined(w for one in outcomes for agent, w in one.work if agent == reserved.agent)
    waited = joined(
        Span(one.ready_at, one.ready_at + one.waited)
        for one in outcomes
        if one.demand.customer not in plan.favoured
    )
    held = common([reserved.span], waited)
    idle = total(held) - total(common(held, busy))
    for span in held:
        yield _Share(span, min(plan.favoured), idle / total(held))


def _interval(ledger: _Ledger, limits: Span) -> Interval:
    lost = _lost_by_customer(ledger, limits)
    return Interval(
        start=limits.start,
        end=limits.end,
        culprits=_culprits(ledger, limits),
        victims=tuple(sorted(one for one, sec in lost.items() if sec >= VICTIM_SECONDS)),
        agent_seconds=sum(
            seconds_within(share.span, limits) * share.weight for share in ledger.early
        ),
        extra_wait_seconds=sum(lost.values()),
    )


def _lost_by_customer(ledger: _Ledger, limits: Span) -> dict[str, float]:
    lost: dict[str, float] = defaultdict(float)
    for share in ledger.lost:
        lost[share.customer] += seconds_within(share.span, limits)
    return lost


def _culprits(ledger: _Ledger, limits: Span) -> tuple[str, ...]:
    gained: dict[str, float] = defaultdict(float)
    for share in ledger.gained:
        if share.span.start <= limits.end and share.span.end >= limits.start:
            gained[share.customer] += share.span.seconds
    enough = CULPRIT_SHARE * sum(gained.values()) if len(gained) <= FEW else 0.0
    return tuple(sorted(one for one, seconds in gained.items() if seconds >= enough))


def _is_material(ledger: _Ledger, limits: Span, interval: Interval) -> bool:
    long = sum(seconds_within(share.span, limits) >= LONG_SECONDS for share in ledger.lost)
    return interval.extra_wait_seconds >= MATERIAL_SECONDS and long >= MATERIAL_CONTACTS
