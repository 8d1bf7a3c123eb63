"""Promises as stored: one row each, beside the clock that measures it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from app.core.promises import Promise
from app.store.bulk import appending, write
from app.store.engine import Transaction
from app.store.tables import promises

SAVE = appending(promises)
FORGET = text("""
DELETE FROM promises
WHERE customer = ANY(CAST(:customers AS text[])) OR contact_key = ANY(CAST(:keys AS text[]))
""")
PROMISED_TO = text("""
SELECT DISTINCT promises.customer
FROM promises JOIN unnest(CAST(:customers AS text[]), CAST(:since AS timestamptz[]))
  AS news(customer, since) ON news.customer = promises.customer
WHERE promises.ended_at IS NULL OR promises.ended_at >= news.since
""")
CONTACTS_PROMISED = text("""
SELECT customer, contact_key FROM promises WHERE customer = ANY(CAST(:customers AS text[]))
""")


async def load_promised(tx: Transaction, news: Mapping[str, datetime]) -> set[str]:
    """Those of these customers who have a promise that her news, since the instant given, may change."""
    told = {"customers": list(news), "since": list(news.values())}
    return set((await tx.execute(PROMISED_TO, told)).scalars())


async def load_promised_contacts(tx: Transaction, customers: Iterable[str]) -> dict[str, set[str]]:
    """Per customer: the contacts on which she was promised something, as last stored."""
    found: dict[str, set[str]] = defaultdict(set)
    for customer, key in await tx.execute(CONTACTS_PROMISED, {"customers": list(customers)}):
        found[customer].add(key)
    return found


async def replace_promises(
    tx: Transaction, customers: Iterable[str], told: Sequence[tuple[int, Promise]]
) -> None:
    """Replace what is stored of these customers' promises.

    A contact that became somebody else's takes its promises along, whoever of the two comes first.
    """
    keys = {promise.contact for _, promise in told}
    await tx.execute(FORGET, {"customers": sorted(customers), "keys": sorted(keys)})
    rows = [
        (
            promise.contact,
            number,
            promise.id,
            promise.customer,
            promise.promised_at,
            promise.due_at,
            promise.due_team,
            promise.agent,
            promise.moves,
            promise.ended_at,
            promise.ending,
        )
        for number, promise in told
    ]
    await write(tx, SAVE, promises, rows)
