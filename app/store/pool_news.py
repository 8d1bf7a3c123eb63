"""News for the owners of pools: left by replay, taken by epoch, dropped once a frozen pool has them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import text

from app.core.fairness.moves import Move
from app.store.engine import Transaction

TELL = text("""
WITH news AS MATERIALIZED (
  SELECT team, key, moves, members_only FROM unnest(
    CAST(:team AS text[]), CAST(:key AS text[]), CAST(:moves AS bytea[]),
    CAST(:members_only AS boolean[])
  ) AS t(team, key, moves, members_only)
), added AS (
  INSERT INTO pools (team) SELECT DISTINCT team FROM news ORDER BY team ON CONFLICT DO NOTHING
)
INSERT INTO pool_news (team, key, moves, members_only)
SELECT team, key, moves, members_only FROM news
""")
CLAIM = text("""
WITH oldest AS MATERIALIZED (
  SELECT n.id, o.epoch
  FROM unnest(CAST(:teams AS text[]), CAST(:epochs AS bigint[])) AS o(team, epoch)
  JOIN pool_news n ON n.team = o.team AND n.taken_epoch < o.epoch
  ORDER BY n.id
  LIMIT :limit
)
UPDATE pool_news n SET taken_epoch = oldest.epoch FROM oldest WHERE n.id = oldest.id
RETURNING n.id, n.team, n.key, n.moves, n.members_only
""")

DROP_NEWS = text("DELETE FROM pool_news")
TOUCH_RECENT = text("""
INSERT INTO touched (key)
SELECT 'c:' || contact_key FROM events
WHERE received_at >= :since AND contact_key IS NOT NULL GROUP BY contact_key
UNION
SELECT 'c:' || key FROM contacts WHERE NOT is_over
""")
TOUCH_AGENTS = text("""
INSERT INTO touched (key)
SELECT 'a:' || source || chr(31) || subject FROM events
WHERE received_at >= :since AND contact_key IS NULL
  AND type IN ('agent.available', 'agent.unavailable', 'work.started', 'work.ended')
GROUP BY source, subject
""")
POOLS_OF = text("""
SELECT key, team FROM contacts WHERE key = ANY(CAST(:keys AS text[]))
UNION
SELECT contact_key, team FROM pools_passed WHERE contact_key = ANY(CAST(:keys AS text[]))
""")
NOTE_PASSED = text("""
INSERT INTO pools_passed (contact_key, team)
SELECT contact_key, team
FROM unnest(CAST(:keys AS text[]), CAST(:teams AS text[])) AS t(contact_key, team)
ORDER BY contact_key, team
ON CONFLICT DO NOTHING
""")

_MOVES = msgspec.msgpack.Decoder(list[Move])


class News(NamedTuple):
    """All moves that a contact or an agent makes in one pool, as known now."""

    team: str
    key: str
    moves: Sequence[Move]
    members_only: bool = False


class TakenNews(NamedTuple):
    """News as an owner gets them; the moves are still to be read."""

    id: int
    team: str
    key: str
    packed: bytes
    members_only: bool

    @property
    def moves(self) -> list[Move]:
        """The moves, read."""
        return _MOVES.decode(self.packed)


async def tell(tx: Transaction, news: Sequence[News]) -> None:
    """Leave news for the owners of pools."""
    if news:
        told = {
            "team": [each.team for each in news],
            "key": [each.key for each in news],
            "moves": [msgspec.msgpack.encode(each.moves) for each in news],
            "members_only": [each.members_only for each in news],
        }
        await tx.execute(TELL, told)


async def claim(tx: Transaction, epochs: Mapping[str, int], limit: int) -> list[TakenNews]:
    """Take news that this epoch has not taken yet, the oldest first, of several pools at once."""
    told = {"teams": list(epochs), "epochs": list(epochs.values()), "limit": limit}
    return sorted(TakenNews(*row) for row in await tx.execute(CLAIM, told))


async def drop_news(tx: Transaction) -> None:
    """Drop all news: everything that they told is going to be told again."""
    await tx.execute(DROP_NEWS)


async def touch_recent(tx: Transaction, since: datetime) -> None:
    """Mark the contacts that are open or were told of since an instant."""
    await tx.execute(TOUCH_RECENT, {"since": since})


async def touch_agents(tx: Transaction, since: datetime) -> None:
    """Mark the agents who were told of since an instant."""
    await tx.execute(TOUCH_AGENTS, {"since": since})


async def load_pools_of(tx: Transaction, keys: Iterable[str]) -> dict[str, set[str]]:
    """The pools in which contacts had moves, as stored; perhaps some more."""
    found: dict[str, set[str]] = {}
    for key, team in await tx.execute(POOLS_OF, {"keys": list(keys)}):
        found.setdefault(key, set()).add(team)
    return found


async def note_passed(tx: Transaction, passed: Collection[tuple[str, str]]) -> None:
    """Remember that contacts passed through pools that are not their own team's."""
    if passed:
        keys, teams = map(list, zip(*passed, strict=True))
        await tx.execute(NOTE_PASSED, {"keys": keys, "teams": teams})
