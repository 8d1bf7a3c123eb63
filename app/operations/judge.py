"""Note what fell due: once, dated when it did, whoever of the replicas looks.

A promise that broke is noted as a breach; a promise that is about to break is warned of.
"""

from dataclasses import dataclass
from datetime import datetime

from app.store import due
from app.store.engine import Database

CLOCKS_A_ROUND = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What one round noted: when each promise had broken, and how many warnings were told.

    ``next_at``: when the next thing falls due, as far as is known. ``is_more``: this round was full.
    """

    breached_at: tuple[datetime, ...] = ()
    warned: int = 0
    next_at: datetime | None = None
    is_more: bool = False

    @property
    def noted(self) -> int:
        """How many breaches were noted."""
        return len(self.breached_at)


async def note_due(db: Database, now: datetime) -> Judged:
    """Note breaches and warnings that fell due, of at most ``CLOCKS_A_ROUND`` clocks each."""
    async with db.single() as tx:
        agenda = await due.load_agenda(tx, now)
        breached_at: list[datetime] = []
        clocks = warned = 0
        if agenda.has_breaches:
            breached_at = await due.note_breaches(tx, now, CLOCKS_A_ROUND)
        if agenda.has_warnings:
            clocks, warned = await due.note_warnings(tx, now, CLOCKS_A_ROUND)
    is_more = max(len(breached_at), clocks) >= CLOCKS_A_ROUND
    return Judged(tuple(breached_at), warned, agenda.next_at, is_more)
