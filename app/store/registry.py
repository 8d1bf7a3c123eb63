"""The registry as stored: customers, the names they go by, and which of them became one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from app.core.registry import Entry, Registry, alias_name
from app.store.bulk import inserting, write
from app.store.engine import Transaction
from app.store.tables import customer_names

SAVE_NAMES = inserting(customer_names)

OWNERS = text("""
SELECT name, since, customer FROM customer_names
WHERE name = ANY(CAST(:names AS text[]))
ORDER BY name, since, customer
""")
ENTRIES = text("""
WITH RECURSIVE reached AS (
  SELECT id, name, public_name, since, tiers_since, tiers, merged_into FROM customers
  WHERE id = ANY(CAST(:ids AS text[]))
  UNION
  SELECT c.id, c.name, c.public_name, c.since, c.tiers_since, c.tiers, c.merged_into
  FROM customers c JOIN reached ON c.id = reached.merged_into
)
SELECT id, name, public_name, since, tiers_since, tiers, merged_into FROM reached
""")
RELATED = text("""
WITH RECURSIVE reached AS (
  SELECT 'r:' || id AS key FROM unnest(CAST(:ids AS text[])) AS id
  UNION
  SELECT CASE WHEN links.key = reached.key THEN links.other ELSE links.key END
  FROM reached JOIN links ON links.key = reached.key OR links.other = reached.key
)
SELECT substr(key, 3) AS id FROM reached
""")
KNOWN_OF = text("""
SELECT id, name, public_name, since, tiers_since, tiers, merged_into FROM customers
WHERE id = ANY(CAST(:ids AS text[]))
""")
OWNED_BY = text("""
SELECT name, since, customer FROM customer_names
WHERE customer = ANY(CAST(:ids AS text[]))
ORDER BY name, since, customer
""")
FORGET = text("""
DELETE FROM customers
WHERE id = ANY(CAST(:ids AS text[])) AND id <> ALL(CAST(:kept AS text[]))
""")
FORGET_NAMES = text("DELETE FROM customer_names WHERE customer = ANY(CAST(:ids AS text[]))")


async def load_registry(tx: Transaction, names: Iterable[str]) -> Registry:
    """The part of the registry that these names can mean."""
    wanted = further = set(names)
    owners: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    while further:
        of_owners = set()
        for name, since, customer in await tx.execute(OWNERS, {"names": sorted(further)}):
            owners[name].append((since, customer))
            of_owners |= {alias_name(customer) or name}
        # An owner who is known by an alias alone has that alias of whoever owns it: few do.
        further = of_owners - wanted
        wanted = wanted | further
    ids = {*wanted, *(customer for told in owners.values() for _, customer in told)}
    return _registry(await tx.execute(ENTRIES, {"ids": sorted(ids)}), owners)


async def load_known_of(tx: Transaction, ids: Iterable[str]) -> Registry:
    """What is stored of these entries themselves: what is told of them, and the names they have."""
    told = {"ids": sorted(ids)}
    owners: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for name, since, customer in await tx.execute(OWNED_BY, told):
        owners[name].append((since, customer))
    return _registry(await tx.execute(KNOWN_OF, told), owners)


def _registry(
    rows: Iterable[Row[Any]], owners: Mapping[str, Iterable[tuple[datetime, str]]]
) -> Registry:
    entries: dict[str, Entry] = {}
    merged: dict[str, str] = {}
    for row in rows:
        tiers = tuple(zip(row.tiers_since, row.tiers, strict=True))
        entry = Entry(row.id, row.name, row.public_name, row.since, tiers)
        if row.merged_into is not None:
            merged[row.id] = row.merged_into
        if row.merged_into is None or entry != Entry(row.id):
            entries[row.id] = entry
    return Registry(entries, {name: tuple(told) for name, told in owners.items()}, merged)


async def load_related(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """These entries and all that merges join them to."""
    return set((await tx.execute(RELATED, {"ids": sorted(ids)})).scalars())


async def save_registry(tx: Transaction, ids: Iterable[str], registry: Registry) -> None:
    """Replace what is stored of these entries by what replay made of them."""
    rows = []
    kept = sorted({*registry.entries, *registry.merged})
    for id_ in kept:
        entry = registry.entry(id_)
        since = [at for at, _ in entry.tiers]
        tiers = [tier for _, tier in entry.tiers]
        merged = registry.merged.get(id_)
        rows.append((id_, entry.name, entry.public_name, entry.since, since, tiers, merged))
    await tx.execute(FORGET_NAMES, {"ids": sorted(ids)})
    await tx.execute(FORGET, {"ids": sorted(ids), "kept": kept})
    for row in rows:
        await tx.execute(UPSERT_ONE, dict(zip(_COLUMNS, row, strict=True)))
    told = [
        (name, since, customer)
        for name, owners in registry.owners.items()
        for since, customer in owners
    ]
    await write(tx, SAVE_NAMES, customer_names, sorted(set(told)))


_COLUMNS = ("id", "name", "public_name", "since", "tiers_since", "tiers", "merged_into")
UPSERT_ONE = text("""
INSERT INTO customers (id, name, public_name, since, tiers_since, tiers, merged_into)
VALUES (:id, :name, :public_name, :since, CAST(:tiers_since AS timestamptz[]),
        CAST(:tiers AS text[]), :merged_into)
ON CONFLICT (id) DO UPDATE SET
  name = excluded.name, public_name = excluded.public_name, since = excluded.since,
  tiers_since = excluded.tiers_since, tiers = excluded.tiers, merged_into = excluded.merged_into
""")
