"""What a rebuild changes: what was stored is kept aside by one connection, and compared at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, TextClause, text

from app.store.engine import Transaction
from app.store.tables import callbacks, clocks, contacts, promises

NAMED = 20
"""Differences that are named; all are counted."""

SAID = frozenset({"settled", "noted", "observed", "warned", "next_warning_at"})
"""What the ledgers say of a clock is no rebuild's to change."""

COMPARED = (contacts, clocks, promises, callbacks)

_NEWS = """
SELECT DISTINCT c.customer FROM events e JOIN contacts c ON c.key = e.contact_key
WHERE e.received_at > :since
"""
"""Customers whose contacts had events since the rebuild began differ for that reason."""

_DIFFERENCES = """
SELECT coalesce(after.{key}, before.{key}) AS contact, {kind} AS kind,
  CASE
    WHEN before.{key} IS NULL THEN 'was missing'
    WHEN after.{key} IS NULL THEN 'is gone'
    ELSE (
      SELECT string_agg(was.key, ', ' ORDER BY was.key)
      FROM jsonb_each(to_jsonb(before)) was JOIN jsonb_each(to_jsonb(after)) is_now USING (key)
      WHERE was.value IS DISTINCT FROM is_now.value AND was.key <> ALL (CAST(:said AS text[]))
    )
  END AS field,
  count(*) OVER () AS all_of_them
FROM {before} before FULL JOIN {table} after USING ({keys})
WHERE ({was}) IS DISTINCT FROM ({is_now})
  AND NOT EXISTS (
    SELECT 1 FROM contacts c
    WHERE c.key = coalesce(after.{key}, before.{key}) AND c.customer IN ({news})
  )
ORDER BY 1, 2
LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One stored thing that came out otherwise: on which contact, what it is, and in which fields."""

    contact: str
    kind: str
    field: str


async def keep_aside(tx: Transaction) -> None:
    """Copy what is stored into tables that this connection alone sees, until it is closed."""
    for table in COMPARED:
        await tx.execute(text(f"DROP TABLE IF EXISTS {_before(table)}"))
        await tx.execute(text(f"CREATE TEMPORARY TABLE {_before(table)} AS TABLE {table.name}"))
        await tx.execute(text(f"ANALYZE {_before(table)}"))


async def load_differences(tx: Transaction, since: datetime) -> tuple[int, list[Difference]]:
    """How many things differ from what was kept aside, and the first of them."""
    count, named = 0, []
    for table in COMPARED:
        told = {"said": sorted(SAID), "since": since, "limit": NAMED}
        found = list(await tx.execute(_differences(table), told))
        count += found[0].all_of_them if found else 0
        named += [Difference(row.contact, row.kind, row.field) for row in found]
        await tx.execute(text(f"DROP TABLE {_before(table)}"))
    return count, named[:NAMED]


def _before(table: Table) -> str:
    return f"{table.name}_before_rebuild"


def _differences(table: Table) -> TextClause:
    keys = [column.name for column in table.primary_key]
    fields = [column.name for column in table.columns if column.name not in SAID]
    kind = {"clocks": "coalesce(after.kind, before.kind)"}
    return text(
        _DIFFERENCES.format(
            key=keys[0],
            kind=kind.get(table.name, f"'{table.name.removesuffix('s')}'"),
            before=_before(table),
            table=table.name,
            keys=", ".join(keys),
            was=_listed("before", fields),
            is_now=_listed("after", fields),
            news=_NEWS,
        )
    )


def _listed(row: str, fields: Sequence[str]) -> str:
    return ", ".join(f"{row}.{name}" for name in fields)
