"""Marks that say which key has something new: claimed under its lock, deleted by exact id."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import text

from app.store.bulk import upserting, write
from app.store.engine import Transaction
from app.store.tables import set_aside

CONTACTS = "c:"
"""The prefix of contacts' keys: nearly all marks."""

_CLAIM = """
WITH candidates AS MATERIALIZED (
  SELECT key
  FROM (
    SELECT id, key FROM touched WHERE {kind} ORDER BY id LIMIT :window
  ) AS oldest
  GROUP BY key
  ORDER BY min(id)
)
SELECT key FROM candidates WHERE pg_try_advisory_xact_lock(hashtextextended(key, 0)) LIMIT :marks
"""
CLAIM_CONTACTS = text(_CLAIM.format(kind="key LIKE 'c:%'"))
CLAIM_OTHERS = text(_CLAIM.format(kind="key NOT LIKE 'c:%' AND key LIKE :prefix"))
OTHERS_LEFT = text("SELECT EXISTS (SELECT 1 FROM touched WHERE key NOT LIKE 'c:%')")

LOCK_EXACTLY = text("""
SELECT key FROM unnest(CAST(:keys AS text[])) AS key
WHERE pg_try_advisory_xact_lock(hashtextextended(key, 0))
""")

REGISTRY_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('registry', 1))")
REGISTRY_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('registry', 1))")

HOLD_CUSTOMERS = text("""
SELECT count(
  CASE WHEN alone THEN pg_advisory_xact_lock(hashtextextended(key, 0))
  ELSE pg_advisory_xact_lock_shared(hashtextextended(key, 0)) END
)
FROM unnest(CAST(:keys AS text[]), CAST(:alone AS boolean[])) AS held(key, alone)
""")

MARKS = text("SELECT id FROM touched WHERE key = ANY(CAST(:keys AS text[]))")
MARKS_BY_KEY = text("SELECT key, id FROM touched WHERE key = ANY(CAST(:keys AS text[]))")
FORGET = text("DELETE FROM touched WHERE id = ANY(CAST(:ids AS bigint[]))")
TOUCH = text("INSERT INTO touched (key) SELECT key FROM unnest(CAST(:keys AS text[])) AS key")
TOUCH_ALL = text("""
INSERT INTO touched (key)
SELECT 'r:' || subject FROM events
WHERE type LIKE 'customer.%' AND type IN ('customer.updated', 'customer.merged') GROUP BY subject
UNION ALL
SELECT 'c:' || contact_key FROM events WHERE contact_key IS NOT NULL GROUP BY contact_key
UNION ALL
SELECT 'p:' || customer FROM (
  SELECT customer FROM promises
  UNION SELECT customer FROM callbacks
  UNION SELECT customer FROM came_back
  UNION SELECT customer FROM contacts WHERE brief_until IS NOT NULL
) AS customers
""")
ANY_LEFT = text("SELECT count(*) FROM (SELECT 1 FROM touched LIMIT :limit) AS few")
SET_ASIDE = upserting(set_aside)
BRING_BACK = text("DELETE FROM set_aside WHERE key = ANY(CAST(:keys AS text[]))")


async def claim(tx: Transaction, prefix: str, marks: int, at_once: int = 1) -> list[str]:
    """Lock the keys behind the oldest marks until the end of the transaction; busy ones are left.

    ``at_once``: how many others claim as many at the same time; it is looked beyond what they hold.
    """
    told = {"marks": marks, "window": marks * at_once}
    if prefix == CONTACTS:
        return list((await tx.execute(CLAIM_CONTACTS, told)).scalars())
    return list((await tx.execute(CLAIM_OTHERS, {"prefix": f"{prefix}%", **told})).scalars())


async def are_others_left(tx: Transaction) -> bool:
    """Whether anything but contacts has news."""
    return bool((await tx.execute(OTHERS_LEFT)).scalar_one())


async def lock_also(tx: Transaction, keys: Iterable[str]) -> set[str]:
    """Lock further keys; those that somebody else holds are missing from the answer."""
    found = await tx.execute(LOCK_EXACTLY, {"keys": sorted(keys)})
    return set(found.scalars())


async def lock_registry_shared(tx: Transaction) -> None:
    """Read the registry with nobody changing it meanwhile."""
    await tx.execute(REGISTRY_SHARED)


async def lock_registry_alone(tx: Transaction) -> None:
    """Change the registry after everybody who reads it is done."""
    await tx.execute(REGISTRY_ALONE)


async def hold_customers(tx: Transaction, shared: Iterable[str], alone: Iterable[str]) -> None:
    """Hold off the replay of these customers until this transaction is done.

    For those in ``alone`` others that would hold them wait too. All are locked in one order.
    """
    wanted = sorted([*((key, False) for key in shared), *((key, True) for key in alone)])
    told = {"keys": [key for key, _ in wanted], "alone": [alone for _, alone in wanted]}
    await tx.execute(HOLD_CUSTOMERS, told)


async def load_marks(tx: Transaction, keys: Iterable[str]) -> list[int]:
    """The marks of claimed keys. Read before the events, so that a later mark survives."""
    found = await tx.execute(MARKS, {"keys": list(keys)})
    return list(found.scalars())


async def load_marks_by_key(tx: Transaction, keys: Iterable[str]) -> dict[str, list[int]]:
    """As ``load_marks``, told apart by key: for those of whom some may have to wait."""
    marks: dict[str, list[int]] = {key: [] for key in keys}
    for key, mark in await tx.execute(MARKS_BY_KEY, {"keys": list(marks)}):
        marks[key].append(mark)
    return marks


async def forget(tx: Transaction, marks: Iterable[int]) -> None:
    """Delete exactly these marks."""
    await tx.execute(FORGET, {"ids": sorted(marks)})


async def touch(tx: Transaction, keys: Iterable[str]) -> None:
    """Mark keys as having something new."""
    await tx.execute(TOUCH, {"keys": sorted(keys)})


async def touch_all(tx: Transaction) -> None:
    """Mark every customer, contact and promise that any event told of."""
    await tx.execute(TOUCH_ALL)


async def count_left(tx: Transaction, limit: int) -> int:
    """How many marks are left, counted up to ``limit``."""
    found = await tx.execute(ANY_LEFT, {"limit": limit})
    return int(found.scalar_one())


async def put_aside(tx: Transaction, errors: Mapping[str, str], now: datetime) -> None:
    """Remember keys that cannot be replayed, with their error."""
    rows = [(key, error, now) for key, error in sorted(errors.items())]
    await write(tx, SET_ASIDE, set_aside, rows)


async def bring_back(tx: Transaction, keys: Iterable[str]) -> None:
    """Forget that keys could not be replayed: now they can."""
    await tx.execute(BRING_BACK, {"keys": list(keys)})
