"""Deliveries that could not be read: kept raw until somebody mends the reading."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

SAVE = text("""
INSERT INTO quarantine (source, received_at, reason, headers, body)
VALUES (:source, :received_at, :reason, :headers, :body)
""")
LOAD = text("""
SELECT id, source, received_at, reason, headers, body FROM quarantine ORDER BY id LIMIT :limit
""")
REMOVE = text("DELETE FROM quarantine WHERE id = :id")
DROP_OLD = text("DELETE FROM quarantine WHERE received_at < :before")


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery as it is kept; ``headers`` is JSON."""

    id: int
    source: str
    received_at: datetime
    reason: str
    headers: str = field(repr=False)
    body: bytes = field(repr=False)


async def keep(
    tx: Transaction, source: str, received_at: datetime, reason: str, raw: tuple[str, bytes]
) -> None:
    """Keep a delivery: its headers (without secrets, as JSON) and its body."""
    headers, body = raw
    told = {"source": source, "received_at": received_at, "reason": reason}
    await tx.execute(SAVE, {**told, "headers": headers, "body": body})


async def load_kept(tx: Transaction, limit: int) -> list[Kept]:
    """The deliveries that wait to be understood, the oldest first."""
    found = await tx.execute(LOAD, {"limit": limit})
    return [
        Kept(id_, source, at, reason, headers, bytes(body))
        for id_, source, at, reason, headers, body in found
    ]


async def remove(tx: Transaction, number: int) -> None:
    """Forget a delivery: it was understood, or is not wanted."""
    await tx.execute(REMOVE, {"id": number})


async def drop_older(tx: Transaction, before: datetime) -> int:
    """Delete what is older than the retention."""
    return int((await tx.execute(DROP_OLD, {"before": before})).rowcount)
