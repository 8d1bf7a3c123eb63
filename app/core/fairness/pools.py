"""All pools of a set of events, played from the beginning: what ``replay`` tells of fairness."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from app.core.fairness.book import place_of
from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.order import is_even, overlays_of
from app.core.fairness.pool import Pool, PoolTerms, wall_seconds
from app.core.fairness.tuning import DEFAULT
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.policy import Policy


def terms_of(policy: Policy) -> PoolTerms:
    """What a policy says about turns, as a pool needs it."""
    return PoolTerms(
        chats_per_agent=policy.fairness.chats_per_agent,
        overlays=overlays_of(policy),
        is_even=is_even(policy),
        tuning=DEFAULT.at_pace(policy.fairness.pace),
    )


def open_seconds_of(calendar: Calendar) -> Callable[[float, float], float]:
    """How a pool counts time: only while its team is open."""
    return wall_seconds if calendar.is_always_open else _OpenSeconds(calendar)


class _OpenSeconds:
    """Open seconds between two instants; most lie in the open span or the break looked up last."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._span = (0.0, 0.0)
        self._is_open = False

    def __call__(self, start: float, end: float) -> float:
        if not self._span[0] <= start <= end <= self._span[1]:
            self._look_up(start)
        if self._span[0] <= start <= end <= self._span[1]:
            return end - start if self._is_open else 0.0
        return self._calendar.elapsed(_instant(start), _instant(end)).total_seconds()

    def _look_up(self, at: float) -> None:
        closes = self._calendar.closes_after(_instant(at))
        self._is_open = closes is not None
        try:
            until = closes or self._calendar.next_opening(_instant(at))
        except NeverOpen:
            until = datetime.max.replace(tzinfo=UTC)
        self._span = (at, until.timestamp())


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def play(
    moves: Mapping[str, Sequence[Move]], everywhere: Sequence[Move], policy: Policy, until: float
) -> dict[str, Pool]:
    """Play every team's moves up to an instant. ``everywhere``: agents' moves that name no team.

    They count where the agent works.
    """
    terms = terms_of(policy)
    pools = {}
    for team, own in sorted(moves.items()):
        pool = Pool(terms, open_seconds_of(policy.calendar_of(team)))
        for move in sorted([*own, *_of_members(own, everywhere)], key=place_of):
            if move.at <= until:
                pool.apply(move)
        pool.run(until)
        pools[team] = pool
    return pools


def _of_members(own: Iterable[Move], everywhere: Sequence[Move]) -> list[Move]:
    members = {move.agent for move in own if move.kind is MoveKind.STARTED}
    return [move for move in everywhere if members & {move.agent, *move.agents}]


def gathered(told: Iterable[tuple[str, Move]]) -> dict[str, list[Move]]:
    """Moves by team."""
    by_team: dict[str, list[Move]] = defaultdict(list)
    for team, move in told:
        by_team[team].append(move)
    return by_team
