"""What to call the customers and contacts that pools speak of."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from app.store.engine import Transaction
from app.store.now import Who

WHO = text("""
SELECT c.customer, u.name, a.masked, u.public_name
FROM unnest(CAST(:customers AS text[])) AS c(customer)
LEFT JOIN customers u ON u.id = c.customer
LEFT JOIN LATERAL (
  SELECT masked FROM contacts
  WHERE contacts.customer = c.customer AND masked IS NOT NULL AND u.name IS NULL LIMIT 1
) AS a ON true
""")
LINKS = text("""
SELECT key, link FROM contacts WHERE key = ANY(CAST(:keys AS text[])) AND link IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Customers by their ids and contacts by their keys."""

    customers: Collection[str]
    contacts: Collection[str]


async def load_who(tx: Transaction, mentioned: Mentioned) -> list[Who]:
    """How each customer can be shown."""
    found = await tx.execute(WHO, {"customers": sorted(mentioned.customers)})
    return [Who(customer, name, masked, bool(public)) for customer, name, masked, public in found]


async def load_links(tx: Transaction, mentioned: Mentioned) -> dict[str, str]:
    """Where each contact can be opened, if its tool says so."""
    found = await tx.execute(LINKS, {"keys": sorted(mentioned.contacts)})
    return {key: link for key, link in found}  # noqa: C416 - rows are no tuples to mypy
