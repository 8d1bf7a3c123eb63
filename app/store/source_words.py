"""What an admin said of a source's words by a click: which team an id means, which agent is a machine."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from app.store.engine import Transaction

TEAM = "team"
MACHINE = "machine"
REVISION = "source words"
"""Where the database counts the changes, so that nobody replays by words that are out of date."""

LOAD = text("SELECT source, what, name, means FROM source_words")
SAY = text("""
INSERT INTO source_words (source, what, name, means, said_at)
VALUES (:source, :what, :name, :means, :now)
ON CONFLICT (source, what, name) DO UPDATE SET means = excluded.means, said_at = excluded.said_at
""")
UNSAY = text("""
DELETE FROM source_words WHERE source = :source AND what = :what AND name = :name
""")
RAISE = text("""
INSERT INTO instance (name, value) VALUES (:name, '1')
ON CONFLICT (name) DO UPDATE
SET value = convert_to(CAST(convert_from(instance.value, 'UTF8')::bigint + 1 AS text), 'UTF8')
""")
LOAD_REVISION = text("SELECT convert_from(value, 'UTF8')::bigint FROM instance WHERE name = :name")
COUNT = text("SELECT count(*) FROM source_words WHERE source = :source")

# The open contacts of the source, and those that came while the id was used: of both only those
# whose events hold it. ``since`` keeps it to the newest partitions.
TOUCH_NAMED = text("""
INSERT INTO touched (key)
SELECT DISTINCT CASE WHEN contact_key IS NULL THEN 'a:' || source || :separator || subject
  ELSE 'c:' || contact_key END
FROM events
WHERE source = :source AND received_at >= :since AND strpos(body, :quoted) > 0
  AND (contact_key IS NOT NULL OR type LIKE 'agent.%' OR type LIKE 'work.%')
UNION
SELECT 'c:' || c.key FROM contacts AS c
WHERE NOT c.is_over AND c.source = :source AND EXISTS (
  SELECT 1 FROM events AS e WHERE e.contact_key = c.key AND strpos(e.body, :quoted) > 0
)
""")


class Said(NamedTuple):
    """One word: of which source, what it names, and what it means."""

    source: str
    what: str
    name: str
    means: str


async def load(tx: Transaction) -> list[Said]:
    """All that was said."""
    return [Said(*row) for row in await tx.execute(LOAD)]


async def load_revision(tx: Transaction) -> int:
    """How often anything was said of any source."""
    return int((await tx.execute(LOAD_REVISION, {"name": REVISION})).scalar_one_or_none() or 0)


async def count_of(tx: Transaction, source: str) -> int:
    """How much was said of a source."""
    return int((await tx.execute(COUNT, {"source": source})).scalar_one())


async def say(tx: Transaction, said: Said, now: datetime) -> None:
    """Say what a word means; nothing is taken as unsaying it."""
    told: Mapping[str, object] = {"source": said.source, "what": said.what, "name": said.name}
    if said.means:
        await tx.execute(SAY, {**told, "means": said.means, "now": now})
    else:
        await tx.execute(UNSAY, told)
    await tx.execute(RAISE, {"name": REVISION})


async def touch_named(
    tx: Transaction, source: str, quoted: str, separator: str, since: datetime
) -> int:
    """Mark the contacts and agents whose events hold ``quoted``; how many there are."""
    told = {"source": source, "quoted": quoted, "separator": separator, "since": since}
    return int((await tx.execute(TOUCH_NAMED, told)).rowcount)
