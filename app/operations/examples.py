"""Keep one contact for each bucket of a heat map: the newest that took about so long."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.snapshot import Exemplar, ResponseGroup
from app.store.engine import Transaction
from app.store.exemplars import load_answered

LOOK_EVERY = timedelta(seconds=15)
LOOK_BACK = timedelta(minutes=2)
"""News is looked at several times: what came in may not be worked out yet at the first look."""


@dataclass(slots=True)
class Examples:
    """What stands behind each bucket; nothing where nobody wants it. A new process begins empty."""

    wanted: bool = False
    _looked_at: datetime | None = None
    _newest: dict[tuple[ResponseGroup, int], Exemplar] = field(default_factory=dict)

    async def look(
        self, tx: Transaction, edges: tuple[float, ...], now: datetime
    ) -> Mapping[ResponseGroup, tuple[Exemplar, ...]]:
        """The newest of each bucket, by whose it is; the newest first."""
        if not self.wanted:
            return {}
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + LOOK_EVERY:
            self._looked_at = now
            for group, exemplar in await load_answered(tx, now - LOOK_BACK):
                place = (group, bisect_left(edges, exemplar.seconds))
                known = self._newest.get(place)
                if known is None or known.at < exemplar.at:
                    self._newest[place] = exemplar
        found: dict[ResponseGroup, list[Exemplar]] = defaultdict(list)
        for (group, _), exemplar in self._newest.items():
            found[group].append(exemplar)
        return {
            group: tuple(sorted(of_group, key=lambda one: one.at, reverse=True))
            for group, of_group in found.items()
        }
