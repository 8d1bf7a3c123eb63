"""Note breaches that fell due: once, dated when the promise broke, whoever of the replicas looks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.store import contacts as contact_store
from app.store import ledgers
from app.store.engine import Database
from app.store.ledgers import BREACHED, SETTLED, Noted, Tally

CLOCKS_A_ROUND = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What one round noted, and how late we were with each: noted minus dated."""

    lateness: tuple[timedelta, ...] = ()

    @property
    def noted(self) -> int:
        """How many breaches were noted."""
        return len(self.lateness)


async def note_breaches(db: Database, now: datetime) -> Judged:
    """Note clocks whose promise broke before ``now``, at most ``CLOCKS_A_ROUND``, oldest first."""
    async with db.begin() as tx:
        due = await contact_store.load_clock_rows_due(tx, now, CLOCKS_A_ROUND)
        if not due:
            return Judged()
        fresh = [stored for stored in due if not stored.settled]
        await contact_store.save_clocks(
            tx, [replace(stored, settled=True, noted=True) for stored in due]
        )
        dated = [(stored, stored.clock.breaches_at) for stored in due]
        await ledgers.append_breaches(
            tx,
            [
                Noted(stored.contact_key, stored.clock, "noted", breached_at, now)
                for stored, breached_at in dated
                if breached_at is not None
            ],
        )
        tallies = [(BREACHED, stored) for stored in due] + [(SETTLED, stored) for stored in fresh]
        await ledgers.append_tallies(
            tx,
            [
                Tally(what, c.channel, c.team, c.tier, c.kind)
                for what, stored in tallies
                for c in (stored.clock,)
            ],
        )
    return Judged(tuple(now - at for _, at in dated if at is not None))
