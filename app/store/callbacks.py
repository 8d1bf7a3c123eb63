"""Callbacks owed to customers, and the contacts after which a customer came back, as stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import TextClause, text

from app.core.callbacks import Callback
from app.store.bulk import appending, upserting, write
from app.store.engine import Transaction
from app.store.tables import callbacks, came_back

SAVE = appending(callbacks)
SAVE_CAME_BACK = upserting(came_back)
FORGET = text("""
DELETE FROM callbacks
WHERE customer = ANY(CAST(:customers AS text[])) OR contact_key = ANY(CAST(:keys AS text[]))
""")
STORED = text("""
SELECT customer, contact_key FROM callbacks WHERE customer = ANY(CAST(:customers AS text[]))
""")
CONCERNED = text("""
SELECT c.customer
FROM callbacks c JOIN unnest(CAST(:customers AS text[]), CAST(:since AS timestamptz[]))
  AS news(customer, since) ON news.customer = c.customer
WHERE c.stopped_at IS NULL OR c.stopped_at >= news.since
UNION
SELECT customer FROM callbacks WHERE contact_key = ANY(CAST(:keys AS text[]))
UNION
SELECT customer FROM came_back WHERE contact_key = ANY(CAST(:keys AS text[]))
UNION
SELECT customer FROM came_back WHERE customer = ANY(CAST(:anew AS text[]))
""")
RETURNED = text("""
SELECT DISTINCT c.customer
FROM contacts c JOIN unnest(
  CAST(:customers AS text[]), CAST(:keys AS text[]), CAST(:since AS timestamptz[])
) AS news(customer, key, since) ON news.customer = c.customer AND news.key <> c.key
WHERE c.brief_until >= news.since
""")
SEEN_LATER = text("""
SELECT DISTINCT c.customer
FROM contacts c JOIN unnest(
  CAST(:customers AS text[]), CAST(:keys AS text[]), CAST(:since AS timestamptz[])
) AS news(customer, key, since) ON news.customer = c.customer AND news.key <> c.key
WHERE c.last_event_at > news.since
""")
CAME_BACK_OF = text("""
SELECT customer, contact_key FROM came_back WHERE customer = ANY(CAST(:customers AS text[]))
""")
CAME_BACK = text("SELECT contact_key FROM came_back WHERE contact_key = ANY(CAST(:keys AS text[]))")
FORGET_CAME_BACK = text("""
DELETE FROM came_back USING unnest(CAST(:customers AS text[]), CAST(:keys AS text[]))
  AS gone(customer, contact_key)
WHERE came_back.customer = gone.customer AND came_back.contact_key = gone.contact_key
""")
ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Owed:
    """A callback and whom it is owed to."""

    customer: str
    callback: Callback


News = Sequence[tuple[str, str, datetime]]
"""Customer, contact, and since when the contact has news."""


async def load_concerned(
    tx: Transaction, news: Mapping[str, datetime], keys: Collection[str]
) -> set[str]:
    """Customers with a callback, or a return, that news of theirs or of these contacts may change."""
    told = {
        "customers": list(news),
        "since": list(news.values()),
        "keys": list(keys),
        "anew": [customer for customer, since in news.items() if since == ALWAYS],
    }
    return set((await tx.execute(CONCERNED, told)).scalars())


async def load_returned(tx: Transaction, arrived: News) -> set[str]:
    """Of those who reached out, the customers for whom another contact had been brief before."""
    return await _customers(tx, RETURNED, arrived)


async def load_seen_later(tx: Transaction, brief: News) -> set[str]:
    """Of those whose contact was brief, the customers who have another one with later news."""
    return await _customers(tx, SEEN_LATER, brief)


async def _customers(tx: Transaction, query: TextClause, news: News) -> set[str]:
    if not news:
        return set()
    customers, keys, since = map(list, zip(*news, strict=True))
    told = {"customers": customers, "keys": keys, "since": since}
    return set((await tx.execute(query, told)).scalars())


async def load_contacts(tx: Transaction, customers: Iterable[str]) -> dict[str, set[str]]:
    """Per customer: the contacts for which she was owed a call back, as last stored."""
    return await _by_customer(tx, STORED, customers)


async def _by_customer(
    tx: Transaction, query: TextClause, customers: Iterable[str]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for customer, key in await tx.execute(query, {"customers": list(customers)}):
        found[customer].add(key)
    return found


async def replace_callbacks(
    tx: Transaction, customers: Iterable[str], told: Sequence[Owed], keys: Iterable[str]
) -> None:
    """Replace what is stored of these customers' callbacks; ``keys`` are their contacts."""
    await tx.execute(FORGET, {"customers": list(customers), "keys": list(keys)})
    rows = [
        (
            owed.callback.contact,
            owed.callback.cycle.number,
            owed.customer,
            owed.callback.team,
            owed.callback.cycle.started_at,
            owed.callback.cycle.stopped_at,
        )
        for owed in told
    ]
    await write(tx, SAVE, callbacks, rows)


async def load_came_back(tx: Transaction, keys: Iterable[str]) -> set[str]:
    """Those of these contacts after whose brief exchange the customer came back."""
    return set((await tx.execute(CAME_BACK, {"keys": list(keys)})).scalars())


async def replace_came_back(tx: Transaction, told: Mapping[str, Collection[str]]) -> set[str]:
    """Replace, per customer, the contacts after which she came back; answers those that changed."""
    before = await _by_customer(tx, CAME_BACK_OF, told)
    gone = [(c, key) for c, keys in before.items() for key in keys - set(told[c])]
    new = [(key, c) for c, keys in told.items() for key in set(keys) - before.get(c, set())]
    if gone:
        customers, keys_gone = map(list, zip(*gone, strict=True))
        await tx.execute(FORGET_CAME_BACK, {"customers": customers, "keys": keys_gone})
    await write(tx, SAVE_CAME_BACK, came_back, sorted(new))
    return {key for _, key in gone} | {key for key, _ in new}
