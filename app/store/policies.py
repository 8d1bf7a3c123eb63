"""The policy's versions: the database is their source of truth."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

LOAD = text("""
SELECT version, effective_from, activated_at, text FROM policies ORDER BY effective_from, version
""")
VERSIONS = text("SELECT version FROM policies ORDER BY effective_from, version")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('policies', 1))")
SAVE = text("""
INSERT INTO policies (version, effective_from, activated_at, text)
VALUES (:version, :effective_from, :activated_at, :text)
""")


@dataclass(frozen=True, slots=True)
class Version:
    """One version: from when it holds, when it came, and the text as it was written."""

    version: int
    effective_from: datetime
    activated_at: datetime
    text: str


async def lock_policies(tx: Transaction) -> None:
    """Let nobody else add a version before this transaction is done; readers go on."""
    await tx.execute(LOCK)


async def load_policies(tx: Transaction) -> list[Version]:
    """All versions, in the order in which they begin."""
    return [Version(*row) for row in await tx.execute(LOAD)]


async def load_versions(tx: Transaction) -> list[int]:
    """The numbers of all versions."""
    return list((await tx.execute(VERSIONS)).scalars())


async def save_policy(
    tx: Transaction, version: int, effective_from: datetime, text_: str, now: datetime
) -> None:
    """Add a version whose number is free."""
    told = {
        "version": version,
        "effective_from": effective_from,
        "activated_at": now,
        "text": text_,
    }
    await tx.execute(SAVE, told)
