"""Which contacts were answered a moment ago, and how long each took: examples for heat maps."""

from datetime import datetime

from sqlalchemy import text

from app.core.snapshot import Exemplar, ResponseGroup
from app.store.engine import Transaction

MAX_EVENTS = 2_000
"""Events whose contacts are looked at, the newest; of a busier time the newest are enough."""

# The newest events stand at the end of their table's key, so that the cost follows what came in
# lately and not what is stored.
ANSWERED = text("""
WITH news AS MATERIALIZED (
  SELECT contact_key FROM events
  WHERE received_at > :since AND contact_key IS NOT NULL
  ORDER BY received_at DESC, seq DESC
  LIMIT :limit
), named AS MATERIALIZED (
  SELECT DISTINCT contact_key FROM news
)
SELECT k.channel, k.tier, k.kind, c.subject, k.elapsed_us, k.stopped_at
FROM named n
JOIN contacts c ON c.key = n.contact_key
JOIN clocks k ON k.contact_key = c.key
WHERE k.observed AND k.stopped_at IS NOT NULL AND k.elapsed_us IS NOT NULL
ORDER BY k.stopped_at DESC, c.subject
""")

Example = tuple[ResponseGroup, Exemplar]


async def load_answered(tx: Transaction, since: datetime) -> list[Example]:
    """Answered clocks of the contacts of which there was news after ``since``, the newest first."""
    return [
        (
            ResponseGroup(row.channel, row.tier, row.kind),
            Exemplar(row.subject, row.elapsed_us / 1e6, row.stopped_at),
        )
        for row in await tx.execute(ANSWERED, {"since": since, "limit": MAX_EVENTS})
    ]
