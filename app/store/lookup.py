"""One contact as somebody asks for it: which it is, what was told of it, what is stored and said of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction

MAX_CANDIDATES = 20
"""Contacts of one id, in several sources, that are looked at."""

NAMED_SO = text("""
SELECT key FROM contacts WHERE subject = :subject
UNION
SELECT contact_key FROM events
WHERE contact_key IN (SELECT source || CAST(:separator AS text) || :subject FROM sources_heard)
ORDER BY 1
LIMIT :limit
""")
HAPPENED = text("""
SELECT type, occurred_at, received_at, source, event_id,
  coalesce(CAST(body AS json) ->> 'inferred', 'false') = 'true' AS inferred
FROM events
WHERE contact_key = ANY(CAST(:keys AS text[]))
""")
HER_CONTACTS = text("""
SELECT key FROM contacts
WHERE customer = :customer AND last_event_at >= :since
ORDER BY last_event_at DESC
LIMIT :limit
""")
NEWS = text("SELECT 1 FROM touched WHERE key = ANY(CAST(:keys AS text[])) LIMIT 1")
IS_DISCARDED = text("SELECT is_discarded FROM contacts WHERE key = :key")
SAID = text("""
SELECT kind, number, what, breached_at, noted_at FROM breaches
WHERE contact_key = :key ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it is listed: what happened when, by whose word, and when we heard of it."""

    type: str
    occurred_at: datetime
    received_at: datetime
    source: str
    id: str
    inferred: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """What was said of a clock: that its promise broke, or that it had not after all."""

    kind: str
    number: int
    what: str
    breached_at: datetime
    noted_at: datetime


async def load_keys(tx: Transaction, subject: str, separator: str) -> list[str]:
    """The contacts that some source calls ``subject``, those that became part of another included."""
    told = {"subject": subject, "separator": separator, "limit": MAX_CANDIDATES}
    return list((await tx.execute(NAMED_SO, told)).scalars())


async def load_happened(tx: Transaction, keys: Iterable[str]) -> list[Happened]:
    """Everything told of these contacts, in no order."""
    found = await tx.execute(HAPPENED, {"keys": sorted(keys)})
    return [Happened(*row) for row in found]


async def load_her_contacts(
    tx: Transaction, customer: str, since: datetime, limit: int
) -> list[str]:
    """A customer's contacts that something was told of since an instant, the newest first."""
    told = {"customer": customer, "since": since, "limit": limit}
    return list((await tx.execute(HER_CONTACTS, told)).scalars())


async def has_news(tx: Transaction, marks: Iterable[str]) -> bool:
    """Whether any of these keys has news that is not worked out yet."""
    found = await tx.execute(NEWS, {"keys": sorted(marks)})
    return found.first() is not None


async def load_noted(tx: Transaction, key: str) -> list[Noted]:
    """What was said of a contact's clocks, the oldest first."""
    return [Noted(*row) for row in await tx.execute(SAID, {"key": key})]


async def is_discarded(tx: Transaction, key: str) -> bool:
    """Whether a contact was worked out, and as one that never counts."""
    return bool((await tx.execute(IS_DISCARDED, {"key": key})).scalar_one_or_none())
