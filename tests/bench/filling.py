"""Fill a database with open contacts, as replay would have made them, by SQL: minutes become seconds."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

CONTACTS = """
INSERT INTO contacts
  (key, source, subject, customer, tier, team, channel, queue, link, opened_at, waiting_since,
   last_event_at, is_over, is_worked_on, is_discarded, is_turned_away, history_missing, names, dealing)
SELECT 'filled' || chr(31) || 'call-' || n, 'filled', 'call-' || n, 'customer-' || n % 5000,
  'standard', team, 'email', 'queue', NULL, at, at, at, false, false, false, false, false, '[]', '{}'
FROM (
  SELECT n, 'team-' || lpad((n % 40)::text, 2, '0') AS team,
    $2::timestamptz - n * interval '2 seconds' AS at
  FROM generate_series(1, $1::int) AS n
) AS filled
"""
CLOCKS = """
INSERT INTO clocks
  (contact_key, kind, number, channel, team, tier, started_at, target_us, due_at, breaches_at,
   pauses, is_paused, is_measurable, rule, policy_version, settled, noted, observed)
SELECT key, $1, 1, channel, team, tier, opened_at, 14400000000, due_at, due_at,
  '[]', false, true, 'Everything else', 1, false, false, false
FROM (
  SELECT *, $2::timestamptz + row_number() OVER () * interval '1 millisecond' AS due_at
  FROM contacts WHERE source = 'filled'
) AS opened
"""
DUE_SOON = """
UPDATE clocks SET
  due_at = $2::timestamptz + n * $3::interval, breaches_at = $2::timestamptz + n * $3::interval
FROM (
  SELECT contact_key, row_number() OVER () AS n FROM clocks
  WHERE kind = 'first_response' AND ending IS NULL AND NOT noted
    AND breaches_at > $2::timestamptz AND contact_key LIKE 'filled%'
  LIMIT $1
) AS chosen
WHERE clocks.contact_key = chosen.contact_key AND kind = 'first_response'
"""


@dataclass(frozen=True)
class Filling:
    """How many open contacts, each with two clocks, due from ``due_from`` on.

    They were opened one every two seconds until ``since``: a million of them reach back three weeks.
    """

    contacts: int
    since: datetime
    due_from: datetime

    async def fill(self, connection: asyncpg.Connection) -> None:
        """Write them, and leave statistics as autovacuum would."""
        await connection.execute(CONTACTS, self.contacts, self.since)
        for kind in ("first_response", "resolution"):
            await connection.execute(CLOCKS, kind, self.due_from)
        for table in ("contacts", "clocks"):
            await connection.execute(f"VACUUM (ANALYZE) {table}")
        await connection.execute("CHECKPOINT")
