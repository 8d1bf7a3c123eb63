"""What belongs to this deployment as a whole: its alias key, its partitions, when sources spoke."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text

from app.store.bulk import insert_sql, write
from app.store.engine import Transaction
from app.store.tables import sources_heard

KEEP = text("INSERT INTO instance (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING")
LOAD = text("SELECT value FROM instance WHERE name = :name")
CHANGE = text("""
INSERT INTO instance (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE instance.value <> excluded.value
""")
HEARD = text(
    insert_sql(sources_heard)
    + "\nON CONFLICT (source) DO UPDATE"
    + " SET last_event_at = greatest(sources_heard.last_event_at, excluded.last_event_at)"
)
LOAD_HEARD = text("SELECT source, last_event_at FROM sources_heard")
HAS_VERSION = text("SELECT to_regclass('alembic_version') IS NOT NULL")
VERSION = text("SELECT version_num FROM alembic_version")

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('partitions', 1))")
PARTITION = """
CREATE TABLE IF NOT EXISTS {name} PARTITION OF events FOR VALUES FROM ('{first}') TO ('{last}')
"""


async def load_or_keep(tx: Transaction, name: str, value: bytes) -> bytes:
    """The value kept under ``name``; the given one where there was none."""
    await tx.execute(KEEP, {"name": name, "value": value})
    return bytes((await tx.execute(LOAD, {"name": name})).scalar_one())


async def change(tx: Transaction, name: str, value: bytes) -> bool:
    """Keep ``value`` under ``name``; whether it was another one before."""
    return bool((await tx.execute(CHANGE, {"name": name, "value": value})).rowcount)


async def save_heard(tx: Transaction, heard: Mapping[str, datetime]) -> None:
    """Remember when sources last told of something; never moves back."""
    await write(tx, HEARD, sources_heard, sorted(heard.items()))


async def load_heard(tx: Transaction) -> dict[str, datetime]:
    """When each source last told of something."""
    return {source: at for source, at in await tx.execute(LOAD_HEARD)}  # noqa: C416 - rows are no tuples to mypy


async def has_schema_version(tx: Transaction) -> bool:
    """Whether any migration was ever applied here."""
    return bool((await tx.execute(HAS_VERSION)).scalar_one())


async def load_schema_version(tx: Transaction) -> str | None:
    """The migration that the database stands at."""
    return (await tx.execute(VERSION)).scalar_one_or_none()


async def make_partition(tx: Transaction, first: datetime, last: datetime) -> None:
    """Make the partition for events received in ``[first, last)``; one replica at a time.

    Two that look at once both find no table, and the second fails to make it.
    """
    await tx.execute(ONE_AT_A_TIME)
    name = f"events_{first:%Y_%m}"
    told = {"name": name, "first": first.isoformat(), "last": last.isoformat()}
    await tx.execute(text(PARTITION.format(**told)))
