"""Deliveries that could not be read: kept raw until somebody mends the reading."""

from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

SAVE = text("""
INSERT INTO quarantine (source, received_at, reason, headers, body)
VALUES (:source, :received_at, :reason, :headers, :body)
""")
COUNT = text("SELECT count(*) FROM quarantine")
DROP_OLD = text("DELETE FROM quarantine WHERE received_at < :before")


async def keep(
    tx: Transaction, source: str, received_at: datetime, reason: str, raw: tuple[str, bytes]
) -> None:
    """Keep a delivery: its headers (without secrets, as JSON) and its body."""
    headers, body = raw
    told = {"source": source, "received_at": received_at, "reason": reason}
    await tx.execute(SAVE, {**told, "headers": headers, "body": body})


async def count_kept(tx: Transaction) -> int:
    """How many deliveries wait to be understood."""
    return int((await tx.execute(COUNT)).scalar_one())


async def drop_older(tx: Transaction, before: datetime) -> int:
    """Delete what is older than the retention."""
    return int((await tx.execute(DROP_OLD, {"before": before})).rowcount)
