"""What screens say of the day so far: counted every few seconds, for it reads more than the present."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.hours.day_edges import DayEdges
from app.core.policy import RESPONSES, Policy
from app.core.snapshot import ClockGroup, Snapshot, TeamDay, Today
from app.core.today import PartOfDay, late_left
from app.store import today
from app.store.engine import Transaction
from app.store.today import Midnights, Part

COUNTED_EVERY = timedelta(seconds=15)
"""How often the day is counted anew."""
RECENT = timedelta(minutes=15)
"""What came in since then came in just now."""

TeamChannelClock = tuple[str, str, str]


@dataclass(slots=True)
class PresentDay:
    """The day as it was counted last."""

    counted_at: datetime | None = None
    parts: dict[ClockGroup, Part] = field(default_factory=dict)
    turned_away: dict[str, int] = field(default_factory=dict)
    received: dict[tuple[str, str], int] = field(default_factory=dict)
    week_ago: dict[ClockGroup, int] = field(default_factory=dict)
    _week_ago_of: tuple[Midnights, ...] = ()

    async def count(self, tx: Transaction, edges: Sequence[DayEdges], now: datetime) -> None:
        """Count the day anew where the last count is old; last week only when a day begins."""
        if self.counted_at is not None and self.counted_at <= now < self.counted_at + COUNTED_EVERY:
            return
        of = tuple(Midnights(edge.team, edge.midnight, edge.week_ago) for edge in edges)
        self.parts = await today.load_today(tx, of)
        self.turned_away = await today.load_turned_away(tx, of)
        self.received = await today.load_received(tx, now - RECENT)
        if of != self._week_ago_of:
            self.week_ago, self._week_ago_of = await today.load_week_ago(tx, of), of
        self.counted_at = now

    def of_teams(self, policy: Policy, now: datetime) -> Iterator[TeamDay]:
        """Answers of each team: how many are judged, how many late, and whether it is there."""
        judged: dict[str, int] = defaultdict(int)
        late: dict[str, int] = defaultdict(int)
        for group, part in self.parts.items():
            if group.clock in RESPONSES:
                judged[group.team] += part.judged
                late[group.team] += part.late
        for name, team in policy.teams.items():
            is_open = team.calendar.is_open(now)
            opens_at = None if is_open else team.calendar.next_opening(now)
            turned_away = self.turned_away.get(name, 0)
            yield TeamDay(name, judged[name], late[name], is_open, opens_at, turned_away)

    def by_clock(self, snapshot: Snapshot) -> dict[TeamChannelClock, Today]:
        """Every team, channel and clock that the policy gives a target, and those that had work."""
        groups = dict.fromkeys([*snapshot.tallies, *self.parts])
        parts: dict[TeamChannelClock, list[PartOfDay]] = defaultdict(list)
        for group in groups:
            ratio = snapshot.target_ratios.get(group)
            if ratio is not None:
                parts[group.team, group.channel, group.clock].append(self._part(group, ratio))
        return {key: _today(known) for key, known in parts.items()}

    def _part(self, group: ClockGroup, ratio: float) -> PartOfDay:
        part = self.parts.get(group, Part(0, 0, 0))
        week_ago = self.week_ago.get(group, 0)
        return PartOfDay(part.judged, part.late, part.running, week_ago, ratio)


def _today(parts: Iterable[PartOfDay]) -> Today:
    known = list(parts)
    judged, late = sum(part.judged for part in known), sum(part.late for part in known)
    return Today(judged, late, late_left(known))
