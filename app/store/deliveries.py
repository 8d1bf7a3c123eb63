"""The newest deliveries of each source, how many there were, and the words they used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import text

from app.core.deliveries import UNVERIFIED, Arrival, Told, Verdict
from app.store.bulk import appending, insert_sql, write
from app.store.engine import Transaction
from app.store.source_tables import deliveries, delivery_counts, source_told

KEPT_DELIVERIES = 20
"""Of each source; as many that were refused are kept beside them."""
COUNTED_FOR = timedelta(days=2)
MAX_NAMES = 500
"""Words of one kind that are remembered of one source, the newest."""

APPEND = appending(deliveries)
DROP_OLDER = text("""
DELETE FROM deliveries AS old USING (
  SELECT id, row_number() OVER (
    PARTITION BY source, verdict = ANY(CAST(:unverified AS text[])) ORDER BY id DESC
  ) AS place
  FROM deliveries WHERE source = ANY(CAST(:sources AS text[]))
) AS placed
WHERE placed.id = old.id AND placed.place > :most
""")
COUNT = text(
    insert_sql(delivery_counts)
    + "\nON CONFLICT (source, since, verdict) DO UPDATE SET n = delivery_counts.n + excluded.n"
)
DROP_COUNTS = text("DELETE FROM delivery_counts WHERE since < :before")
TELL = text(
    insert_sql(source_told)
    + "\nON CONFLICT (source, what, name) DO UPDATE SET n = source_told.n + excluded.n,"
    + " last_at = greatest(source_told.last_at, excluded.last_at),"
    + " first_at = least(source_told.first_at, excluded.first_at)"
)
DROP_NAMES = text("""
DELETE FROM source_told AS old USING (
  SELECT source, what, name, row_number() OVER (
    PARTITION BY source, what ORDER BY last_at DESC, name
  ) AS place
  FROM source_told WHERE source = ANY(CAST(:sources AS text[]))
) AS placed
WHERE (placed.source, placed.what, placed.name) = (old.source, old.what, old.name)
  AND placed.place > :most
""")
DROP_AGENTS = text("DELETE FROM source_told WHERE what = 'agent' AND last_at < :before")

NEWEST = text("""
SELECT source, received_at, verdict, event, reason, events, told
FROM deliveries WHERE source = ANY(CAST(:sources AS text[])) ORDER BY received_at DESC, id DESC
""")
COUNTS = text("""
SELECT source, verdict, sum(n), coalesce(sum(n) FILTER (WHERE since > :hour_ago), 0)
FROM delivery_counts GROUP BY source, verdict
""")
NAMES = text("SELECT source, what, name, n, first_at, last_at FROM source_told")
UNENDED = text("""
SELECT source, count(*) FILTER (WHERE resolved_at IS NULL),
  count(*) FILTER (WHERE waiting_since IS NOT NULL), count(*) FILTER (WHERE history_missing)
FROM contacts WHERE NOT is_over GROUP BY source
""")

_decode_told = msgspec.json.Decoder(tuple[Told, ...])


class Count(NamedTuple):
    """Deliveries of one verdict since ``since``, the beginning of a stretch of time."""

    source: str
    since: datetime
    verdict: str
    n: int


class Word(NamedTuple):
    """A word that a source used: what it names, how often and when."""

    source: str
    what: str
    name: str
    n: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """How many deliveries there were: in all that is remembered, and in the last hour."""

    all: int = 0
    last_hour: int = 0


@dataclass(frozen=True, slots=True)
class OpenContacts:
    """A source's open contacts: how many have no end, are owed an answer, or lack a beginning."""

    unended: int = 0
    waiting: int = 0
    without_beginning: int = 0


async def append(tx: Transaction, arrivals: Iterable[Arrival]) -> None:
    """Remember deliveries, in the order in which they came; forget what is too old by number."""
    rows = [
        (
            *(each.source, each.received_at, each.verdict.value, each.event, each.reason),
            *(each.events, msgspec.json.encode(each.told).decode()),
        )
        for each in arrivals
    ]
    if rows:
        await write(tx, APPEND, deliveries, rows)
        told = {"sources": sorted({row[0] for row in rows}), "most": KEPT_DELIVERIES}
        await tx.execute(DROP_OLDER, {**told, "unverified": sorted(UNVERIFIED)})


async def count(tx: Transaction, counts: Iterable[Count], now: datetime) -> None:
    """Add to the counts; those of the day before yesterday go."""
    rows = sorted(counts)
    if rows:
        await write(tx, COUNT, delivery_counts, rows)
        await tx.execute(DROP_COUNTS, {"before": now - COUNTED_FOR})


async def remember(tx: Transaction, words: Iterable[Word]) -> int:
    """Add to the words that sources used; how many were forgotten because there are too many."""
    rows = sorted(words)
    if not rows:
        return 0
    await write(tx, TELL, source_told, rows)
    told = {"sources": sorted({word.source for word in rows}), "most": MAX_NAMES}
    return int((await tx.execute(DROP_NAMES, told)).rowcount)


async def forget_agents(tx: Transaction, before: datetime) -> None:
    """Forget agents who have not been seen since ``before``."""
    await tx.execute(DROP_AGENTS, {"before": before})


async def load_newest(tx: Transaction, sources: Sequence[str]) -> dict[str, list[Arrival]]:
    """The newest deliveries of each source, the newest first."""
    newest: dict[str, list[Arrival]] = {source: [] for source in sources}
    for source, at, verdict, event, reason, events, told in await tx.execute(
        NEWEST, {"sources": sorted(sources)}
    ):
        newest[source].append(
            Arrival(
                source=source,
                received_at=at,
                verdict=Verdict(verdict),
                event=event,
                reason=reason,
                events=events,
                told=_decode_told.decode(told),
            )
        )
    return newest


async def load_counts(tx: Transaction, now: datetime) -> Mapping[tuple[str, Verdict], Counted]:
    """How many deliveries came of each source, by what became of them."""
    found = await tx.execute(COUNTS, {"hour_ago": now - timedelta(hours=1)})
    return {
        (source, Verdict(verdict)): Counted(int(n), int(last_hour))
        for source, verdict, n, last_hour in found
    }


async def load_words(tx: Transaction) -> list[Word]:
    """The words that sources used."""
    return [Word(*row) for row in await tx.execute(NAMES)]


async def load_open(tx: Transaction) -> Mapping[str, OpenContacts]:
    """The open contacts of each source, by the ``source`` of its events."""
    return {source: OpenContacts(*counts) for source, *counts in await tx.execute(UNENDED)}
