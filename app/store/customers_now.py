"""Which customers wait, read for a snapshot: the policy's first tier, then those late next."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from app.core.snapshot import CustomerWaiting, Group, Waiting
from app.store.engine import Transaction
from app.store.now import LostBefore

MAX_CUSTOMERS = 2_000
"""Rows that a snapshot reads at most: more than a page can show, so that who has a place keeps it."""

MANY_WAITING = 20_000
"""With more waiting contacts not all of their customers are looked at, but those late next."""

CLOCKS_OF_MANY = 5_000
"""Clocks that are looked at then, of the first tier and of all: the soonest to break first."""

# Contact by contact: joined as a whole, PostgreSQL expects one row, and goes through all clocks for each.
CUSTOMERS_WAITING = text("""
SELECT c.customer, c.tier, c.team, c.channel, count(*) AS contacts,
  min(n.next_breach_at) AS next_breach_at
FROM contacts c
LEFT JOIN LATERAL (
  SELECT min(breaches_at) AS next_breach_at FROM clocks k
  WHERE k.contact_key = c.key AND k.ending IS NULL AND k.is_measurable AND NOT k.is_paused
    AND k.kind IN ('first_response', 'next_response')
) AS n ON true
WHERE NOT c.is_over AND c.waiting_since IS NOT NULL AND c.last_event_at > CASE c.channel
  WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
  WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
  ELSE CAST(:lost_email AS timestamptz) END
GROUP BY c.customer, c.tier, c.team, c.channel
ORDER BY c.tier = :first_tier DESC, next_breach_at NULLS LAST, c.customer
LIMIT :customers
""")

CUSTOMERS_SOONEST = text("""
WITH soonest AS MATERIALIZED (
  SELECT contact_key, breaches_at FROM (
    SELECT contact_key, breaches_at FROM clocks
    WHERE ending IS NULL AND is_measurable AND NOT is_paused AND breaches_at IS NOT NULL
      AND kind IN ('first_response', 'next_response') AND tier = :first_tier
    ORDER BY breaches_at
    LIMIT :clocks
  ) AS listed
  UNION
  SELECT contact_key, breaches_at FROM (
    SELECT contact_key, breaches_at FROM clocks
    WHERE ending IS NULL AND is_measurable AND NOT is_paused AND breaches_at IS NOT NULL
      AND kind IN ('first_response', 'next_response')
    ORDER BY breaches_at
    LIMIT :clocks
  ) AS next_ones
), chosen AS MATERIALIZED (
  SELECT c.customer, c.tier, c.team, c.channel, min(s.breaches_at) AS next_breach_at
  FROM soonest s JOIN contacts c ON c.key = s.contact_key
  WHERE c.last_event_at > CASE c.channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END
  GROUP BY c.customer, c.tier, c.team, c.channel
  ORDER BY c.tier = :first_tier DESC, next_breach_at, c.customer
  LIMIT :customers
)
SELECT h.customer, h.tier, h.team, h.channel, n.contacts, h.next_breach_at
FROM chosen h CROSS JOIN LATERAL (
  SELECT count(*) AS contacts FROM contacts c
  WHERE (c.customer, c.tier, c.team, c.channel) = (h.customer, h.tier, h.team, h.channel)
    AND NOT c.is_over AND c.waiting_since IS NOT NULL AND c.last_event_at > CASE c.channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END
) AS n
ORDER BY h.tier = :first_tier DESC, h.next_breach_at, h.customer
""")


async def load_customers(
    tx: Transaction, lost: LostBefore, waiting: Mapping[Group, Waiting], first_tier: str
) -> list[CustomerWaiting]:
    """Customers who wait; with very many, those of the promises that break soonest."""
    limits: dict[str, Any] = {
        **lost.told(),
        "customers": MAX_CUSTOMERS,
        "first_tier": first_tier,
    }
    if sum(one.contacts for one in waiting.values()) <= MANY_WAITING:
        found = await tx.execute(CUSTOMERS_WAITING, limits)
    else:
        found = await tx.execute(CUSTOMERS_SOONEST, {**limits, "clocks": CLOCKS_OF_MANY})
    return [CustomerWaiting(*row) for row in found]
