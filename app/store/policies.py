"""The policy's versions: the database is their source of truth."""

from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

LOAD = text("SELECT version, effective_from, text FROM policies ORDER BY effective_from, version")
VERSIONS = text("SELECT version FROM policies ORDER BY effective_from, version")
SAVE = text("""
INSERT INTO policies (version, effective_from, activated_at, text)
VALUES (:version, :effective_from, :activated_at, :text)
ON CONFLICT (version) DO NOTHING
""")


async def load_policies(tx: Transaction) -> list[tuple[int, datetime, str]]:
    """All versions: number, from when, and the text as it was written."""
    found = await tx.execute(LOAD)
    return [(version, effective_from, text_) for version, effective_from, text_ in found]


async def load_versions(tx: Transaction) -> list[int]:
    """The numbers of all versions."""
    return list((await tx.execute(VERSIONS)).scalars())


async def save_policy(
    tx: Transaction, version: int, effective_from: datetime, text_: str, now: datetime
) -> bool:
    """Add a version; false where that number is taken."""
    told = {
        "version": version,
        "effective_from": effective_from,
        "activated_at": now,
        "text": text_,
    }
    return bool((await tx.execute(SAVE, told)).rowcount)
