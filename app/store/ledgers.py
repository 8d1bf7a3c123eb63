"""What we said and when: breaches noted and withdrawn, and the tallies that metrics count from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from sqlalchemy import text

from app.core.clocks.clock import Clock, DueWarning
from app.core.events import Channel
from app.core.replay import Contact
from app.store.bulk import appending, columns_of, inserting, packed, write
from app.store.engine import Transaction
from app.store.ledger_tables import breaches, calls, tallies, turned_away, warnings

SETTLED, UNSETTLED, RESPONSE = "settled", "unsettled", "response"
BREACHED, WITHDRAWN = "breached", "withdrawn"
TURNED_AWAY = "turned_away"
CALL = "call "
"""What a tally of the phone's service level begins with; the name of the counter follows."""
WARNED = "warned "
"""What a tally of warnings begins with; the level follows."""

APPEND_BREACHES = appending(breaches)
APPEND_TALLIES = appending(tallies)
APPEND_TURNED_AWAY = text(f"{inserting(turned_away)}\nRETURNING channel, team, tier")
APPEND_WARNINGS = text(f"{inserting(warnings)}\nRETURNING channel, team, tier, kind, level")
APPEND_CALLS = text(f"{inserting(calls)}\nRETURNING team, tier, counters")
CALLS_BEFORE = text("SELECT contact_key FROM calls WHERE contact_key = ANY(CAST(:keys AS text[]))")
COUNTED_BEFORE = text("""
SELECT contact_key FROM turned_away WHERE contact_key = ANY(CAST(:keys AS text[]))
""")

COMPACT = text("""
WITH oldest AS (
  DELETE FROM tallies
  WHERE id IN (SELECT id FROM tallies ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
  RETURNING what, channel, team, tier, clock, le, n, seconds
)
INSERT INTO totals (what, channel, team, tier, clock, le, n, seconds)
SELECT what, channel, team, tier, clock, le, sum(n), sum(seconds)
FROM oldest
GROUP BY what, channel, team, tier, clock, le
ORDER BY what, channel, team, tier, clock, le
ON CONFLICT (what, channel, team, tier, clock, le)
DO UPDATE SET n = totals.n + excluded.n, seconds = totals.seconds + excluded.seconds
""")

COUNTS = text("""
SELECT what, channel, team, tier, clock, le, sum(n) AS n, sum(seconds) AS seconds
FROM (
  SELECT what, channel, team, tier, clock, le, n, seconds FROM totals
  UNION ALL
  SELECT what, channel, team, tier, clock, le, n, seconds FROM tallies
) AS both_of_them
GROUP BY what, channel, team, tier, clock, le
""")


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """One count to add: what, whose, and for response times the bucket's edge and the seconds."""

    what: str
    channel: str
    team: str
    tier: str
    clock: str
    le: float = 0.0
    n: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the breach ledger."""

    contact_key: str
    clock: Clock
    what: str
    breached_at: datetime
    noted_at: datetime


async def append_breaches(tx: Transaction, told: Sequence[Noted]) -> None:
    """Write down what was noted or withdrawn."""
    rows = [
        (
            noted.contact_key,
            noted.clock.kind,
            noted.clock.number,
            noted.what,
            noted.breached_at,
            noted.noted_at,
            noted.clock.channel,
            noted.clock.team,
            noted.clock.tier,
        )
        for noted in told
    ]
    await write(tx, APPEND_BREACHES, breaches, rows)


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the ledger of warnings."""

    contact_key: str
    clock: Clock
    warning: DueWarning
    noted_at: datetime


async def append_warnings(tx: Transaction, told: Sequence[Told]) -> None:
    """Write down warnings and count them; a level that was told of a clock is not told again."""
    rows = [
        (
            each.contact_key,
            each.clock.kind,
            each.clock.number,
            each.warning.level,
            each.warning.at,
            each.noted_at,
            each.clock.channel,
            each.clock.team,
            each.clock.tier,
        )
        for each in told
    ]
    if rows:
        new = await tx.execute(APPEND_WARNINGS, {"rows": packed(columns_of(warnings), rows)})
        await append_tallies(
            tx,
            [Tally(WARNED + row.level, row.channel, row.team, row.tier, row.kind) for row in new],
        )


async def count_turned_away(tx: Transaction, told: Sequence[Contact], now: datetime) -> None:
    """Count contacts whose customer was turned away, each once and for good.

    A contact that was counted under another of its keys is not counted again.
    """
    keys = {key for contact in told for key in contact.members}
    counted = set((await tx.execute(COUNTED_BEFORE, {"keys": sorted(keys)})).scalars())
    rows = [
        (
            contact.key,
            contact.channel,
            contact.team,
            contact.tier,
            contact.turned_away_inferred,
            contact.turned_away_at or contact.last_event_at,
            now,
        )
        for contact in sorted(told, key=lambda contact: contact.key)
        if counted.isdisjoint(contact.members)
    ]
    if rows:
        new = await tx.execute(APPEND_TURNED_AWAY, {"rows": packed(columns_of(turned_away), rows)})
        await append_tallies(
            tx,
            [Tally(TURNED_AWAY, row.channel, row.team, row.tier, clock="") for row in new],
        )


@dataclass(frozen=True, slots=True)
class Called:
    """A phone contact whose wait has ended, and the names of the counters that it moves."""

    contact: Contact
    counters: tuple[str, ...]


async def count_calls(tx: Transaction, told: Sequence[Called], now: datetime) -> None:
    """Count calls for the phone's service level, each once and for good.

    What becomes known later changes what ``replay`` says, and no counter.
    """
    keys = {key for call in told for key in call.contact.members}
    counted = set((await tx.execute(CALLS_BEFORE, {"keys": sorted(keys)})).scalars())
    rows = [
        (call.contact.key, call.contact.team, call.contact.tier, list(call.counters), now)
        for call in sorted(told, key=lambda call: call.contact.key)
        if counted.isdisjoint(call.contact.members)
    ]
    if rows:
        new = await tx.execute(APPEND_CALLS, {"rows": packed(columns_of(calls), rows)})
        await append_tallies(
            tx,
            [
                Tally(CALL + name, Channel.PHONE, row.team, row.tier, clock="")
                for row in new
                for name in row.counters
            ],
        )


async def append_tallies(tx: Transaction, told: Iterable[Tally]) -> None:
    """Add counts; equal ones of one transaction go in as one row."""
    sums: dict[tuple[str, str, str, str, str, float], tuple[int, float]] = {}
    for tally in told:
        key = (tally.what, tally.channel, tally.team, tally.tier, tally.clock, tally.le)
        n, seconds = sums.get(key, (0, 0.0))
        sums[key] = (n + tally.n, seconds + tally.seconds)
    rows = [
        (*key[:-1], "Infinity" if key[-1] == inf else key[-1], *counts)
        for key, counts in sums.items()
    ]
    await write(tx, APPEND_TALLIES, tallies, rows)


async def compact(tx: Transaction, limit: int) -> None:
    """Sum up to ``limit`` tallies into the totals. One compactor at a time is enough."""
    await tx.execute(COMPACT, {"limit": limit})


async def load_counts(tx: Transaction) -> list[Tally]:
    """All counts since the service was first started."""
    return [
        Tally(what, channel, team, tier, clock, le, int(n), float(seconds))
        for what, channel, team, tier, clock, le, n, seconds in await tx.execute(COUNTS)
    ]
