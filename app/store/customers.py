"""A customer's open contacts, and the open contacts of which nobody knows whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from app.store.engine import Transaction
from app.store.now import NOT_LOST, LostBefore

MANY = 1_000
"""Contacts by one alias that are counted at most."""

_COLUMNS = """
c.key, c.source, c.subject, c.customer, c.masked, c.team, c.channel, c.link,
  coalesce(c.opened_at, c.last_event_at) AS since, c.waiting_since
"""

_OPEN_OF = """
SELECT {columns}, 0 AS contacts, count(*) OVER () AS of
FROM contacts c
WHERE NOT c.is_over AND c.customer = ANY(CAST(:customers AS text[]))
ORDER BY since, c.key
LIMIT :limit
"""
_UNKNOWN = """
SELECT listed.*, (
  SELECT count(*) FROM (
    SELECT 1 FROM contacts o WHERE o.customer = listed.customer LIMIT :many
  ) AS counted
) AS contacts FROM (
  SELECT {columns}, count(*) OVER () AS of
  FROM contacts c
  WHERE NOT c.is_over AND {not_lost}
    AND starts_with(c.customer, 'unknown:') = :is_nobodys
    AND c.customer ~ '^(unknown|email|phone|domain|id):'
    AND NOT EXISTS (SELECT 1 FROM customers u WHERE u.id = c.customer)
  ORDER BY since, c.key
  LIMIT :limit
) AS listed
ORDER BY listed.since, listed.key
"""
# Index contacts_open_by_customer; contacts_by_customer counts those by the alias of each that is shown.
OPEN_OF = text(_OPEN_OF.format(columns=_COLUMNS))
UNKNOWN = text(_UNKNOWN.format(columns=_COLUMNS, not_lost=NOT_LOST))
COUNTED = text("""
SELECT count(*) FROM (
  SELECT 1 FROM contacts WHERE customer = ANY(CAST(:customers AS text[])) LIMIT :many
) AS counted
""")


@dataclass(frozen=True, slots=True)
class OpenOf:
    """An open contact; ``contacts``: how many there are by its alias, up to ``MANY``."""

    source: str
    subject: str
    customer: str
    masked: str | None
    team: str
    channel: str
    link: str | None
    since: datetime
    waiting_since: datetime | None
    contacts: int


@dataclass(frozen=True, slots=True)
class Some:
    """The first of a list, and how many there are in all."""

    shown: tuple[OpenOf, ...] = ()
    of: int = 0


async def load_open_of(tx: Transaction, customers: Sequence[str], limit: int) -> Some:
    """The open contacts of these customers, the oldest first."""
    return _some((await tx.execute(OPEN_OF, {"customers": customers, "limit": limit})).all())


async def load_unknown(tx: Transaction, lost: LostBefore, limit: int, *, is_nobodys: bool) -> Some:
    """The open contacts that name nobody, or else those whose aliases nobody registered."""
    told = {"limit": limit, "many": MANY, "is_nobodys": is_nobodys, **lost.told()}
    return _some((await tx.execute(UNKNOWN, told)).all())


async def count_contacts(tx: Transaction, customers: Sequence[str]) -> int:
    """How many contacts these customers had, up to ``MANY``."""
    return int((await tx.execute(COUNTED, {"customers": customers, "many": MANY})).scalar_one())


def _some(rows: Sequence[Row[Any]]) -> Some:
    return Some(tuple(map(_open_of, rows)), rows[0].of if rows else 0)


def _open_of(row: Row[Any]) -> OpenOf:
    return OpenOf(
        source=row.source,
        subject=row.subject,
        customer=row.customer,
        masked=row.masked,
        team=row.team,
        channel=row.channel,
        link=row.link,
        since=row.since,
        waiting_since=row.waiting_since,
        contacts=row.contacts,
    )
