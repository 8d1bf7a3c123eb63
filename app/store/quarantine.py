"""Deliveries that could not be read: kept raw until somebody mends the reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

SAVE = text("""
INSERT INTO quarantine (source, received_at, reason, headers, body)
VALUES (:source, :received_at, :reason, :headers, :body)
""")
_COLUMNS = "id, source, received_at, reason, headers, body"
LOAD_NEXT = text(f"""
SELECT {_COLUMNS} FROM quarantine
WHERE id > :after AND (source = :source OR :source = '') ORDER BY id LIMIT :limit
""")  # noqa: S608 - constants
LOAD_ONE = text(f"SELECT {_COLUMNS} FROM quarantine WHERE id = :id AND source = :source")  # noqa: S608 - constants
LINES = text("""
SELECT id, source, received_at, reason, octet_length(body) FROM quarantine
WHERE source = :source OR :source = '' ORDER BY id DESC LIMIT :limit
""")
REASONS = text("""
SELECT source, regexp_replace(reason, '[0-9]+', '0', 'g') AS alike, count(*), min(received_at),
  max(received_at), sum(octet_length(body)), max(reason)
FROM quarantine GROUP BY source, alike ORDER BY source, count(*) DESC, alike
""")
BY_SOURCE = text("""
SELECT source, CASE
    WHEN reason LIKE '%ahead%' OR reason LIKE '%in the years%' THEN 'future'
    WHEN reason LIKE 'the database refuses%' THEN 'invalid'
    ELSE 'unreadable'
  END AS why, count(*)
FROM quarantine GROUP BY source, why
""")
REMOVE = text("DELETE FROM quarantine WHERE id = :id")
DROP_ONE = text("DELETE FROM quarantine WHERE id = :id AND source = :source")
DROP_ALL = text("DELETE FROM quarantine WHERE source = :source OR :source = ''")
DROP_OLD = text("DELETE FROM quarantine WHERE received_at < :before")
DROP_TOO_MANY = text("""
DELETE FROM quarantine AS old USING (
  SELECT id, row_number() OVER newer AS place, sum(octet_length(body)) OVER newer AS size
  FROM quarantine WHERE source = ANY(CAST(:sources AS text[])) OR :everywhere
  WINDOW newer AS (PARTITION BY source ORDER BY id DESC)
) AS placed
WHERE placed.id = old.id AND (placed.place > :most OR placed.size > :most_bytes)
""")
SAY_WHY = text("UPDATE quarantine SET reason = :reason WHERE id = :id AND reason <> :reason")


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery as it is kept; ``headers`` is JSON."""

    id: int
    source: str
    received_at: datetime
    reason: str
    headers: str = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A kept delivery in a list: its number, where it is from, why it is kept, how large it is."""

    id: int
    source: str
    received_at: datetime
    reason: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class KeptReason:
    """Kept deliveries of one source and one reason; numbers in the reason tell nothing apart."""

    source: str
    reason: str
    deliveries: int
    first_at: datetime
    last_at: datetime
    size_bytes: int


async def keep(
    tx: Transaction, source: str, received_at: datetime, reason: str, raw: tuple[str, bytes]
) -> None:
    """Keep a delivery: its headers (without secrets, as JSON) and its body."""
    headers, body = raw
    told = {"source": source, "received_at": received_at, "reason": reason}
    await tx.execute(SAVE, {**told, "headers": headers, "body": body})


async def load_next(tx: Transaction, source: str, after: int, limit: int) -> list[Kept]:
    """The next kept deliveries of a source, or of all with no name, with numbers after ``after``."""
    told = {"source": source, "after": after, "limit": limit}
    return [_kept(*row) for row in await tx.execute(LOAD_NEXT, told)]


async def load_one(tx: Transaction, source: str, number: int) -> Kept | None:
    """One kept delivery of a source."""
    found = (await tx.execute(LOAD_ONE, {"source": source, "id": number})).one_or_none()
    return _kept(*found) if found else None


def _kept(*row: object) -> Kept:
    id_, source, at, reason, headers, body = row
    return Kept(id_, source, at, reason, headers, bytes(body))  # type: ignore[arg-type, call-overload]


async def load_lines(tx: Transaction, source: str, limit: int) -> list[KeptLine]:
    """The kept deliveries of a source, or of all with no name, the newest first, without bodies."""
    found = await tx.execute(LINES, {"source": source, "limit": limit})
    return [KeptLine(*row) for row in found]


async def load_reasons(tx: Transaction) -> list[KeptReason]:
    """How many are kept, by source and reason."""
    return [
        KeptReason(source, example if n == 1 else alike, int(n), first, last, int(size))
        for source, alike, n, first, last, size, example in await tx.execute(REASONS)
    ]


async def count_by_source(tx: Transaction) -> dict[tuple[str, str], int]:
    """How many are kept, by source and by one of the few words for why."""
    return {(source, why): int(n) for source, why, n in await tx.execute(BY_SOURCE)}


async def remove(tx: Transaction, number: int) -> None:
    """Forget a delivery: it was understood, or is not wanted."""
    await tx.execute(REMOVE, {"id": number})


async def drop(tx: Transaction, source: str, number: int | None) -> int:
    """Delete one of a source, or all of it; of every source with no name. How many there were."""
    told: dict[str, object] = {"source": source}
    if number is None:
        return int((await tx.execute(DROP_ALL, told)).rowcount)
    return int((await tx.execute(DROP_ONE, {**told, "id": number})).rowcount)


async def drop_older(tx: Transaction, before: datetime) -> int:
    """Delete what is older than the retention."""
    return int((await tx.execute(DROP_OLD, {"before": before})).rowcount)


async def drop_too_many(
    tx: Transaction, sources: Sequence[str] | None, most: int, most_bytes: int
) -> int:
    """Delete the oldest of each source beyond a number or a size; of all sources without a list."""
    told = {"sources": sorted(sources or ()), "everywhere": sources is None}
    return int(
        (await tx.execute(DROP_TOO_MANY, {**told, "most": most, "most_bytes": most_bytes})).rowcount
    )


async def say_why(tx: Transaction, number: int, reason: str) -> None:
    """Write down why a delivery still cannot be read."""
    await tx.execute(SAY_WHY, {"id": number, "reason": reason})
