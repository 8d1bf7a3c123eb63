"""How far each source that is fetched was read, and which process reads it.

One process at a time holds a feed, until an instant of the database's clock that it must put off
again and again. What it writes counts only while it holds it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from app.store.engine import Transaction

HELD = timedelta(seconds=30)
"""For so long a feed stays with whoever last said that it reads it."""

CLAIM = text("""
INSERT INTO positions (source, feed, position, holder, held_until)
VALUES (:source, :feed, '', :holder, now() + :held)
ON CONFLICT (source, feed) DO UPDATE
SET holder = excluded.holder, held_until = excluded.held_until
WHERE positions.holder = excluded.holder OR positions.held_until <= now()
RETURNING position
""")
MOVE = text("""
UPDATE positions
SET position = :position, moved_at = :now, polled_at = :now, error = NULL,
    held_until = now() + :held
WHERE source = :source AND feed = :feed AND holder = :holder
""")
LOOKED = text("""
UPDATE positions
SET polled_at = :now, error = NULL, held_until = now() + :held
WHERE source = :source AND feed = :feed AND holder = :holder
""")
FAILED = text("""
UPDATE positions
SET error = :error, held_until = now() + :held
WHERE source = :source AND feed = :feed AND holder = :holder
""")
RELEASE = text("""
UPDATE positions SET held_until = now()
WHERE source = :source AND feed = :feed AND holder = :holder
""")
LOAD = text("""
SELECT source, feed, position, moved_at, polled_at, error FROM positions ORDER BY source, feed
""")


@dataclass(frozen=True, slots=True)
class Feed:
    """One thing that is read of a source, and the process that reads it."""

    source: str
    feed: str
    holder: str

    @property
    def named(self) -> dict[str, object]:
        """What every statement asks for."""
        return {"source": self.source, "feed": self.feed, "holder": self.holder}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a feed was read, and how it goes. ``polled_at``: when it was last looked at well."""

    source: str
    feed: str
    position: str
    moved_at: datetime | None
    polled_at: datetime | None
    error: str | None


async def claim(tx: Transaction, feed: Feed) -> str | None:
    """Hold a feed: the position where to go on, empty at first; None while another process has it."""
    return (await tx.execute(CLAIM, feed.named | {"held": HELD})).scalar_one_or_none()


async def move(tx: Transaction, feed: Feed, position: str, now: datetime) -> bool:
    """What lies before ``position`` is stored; False if another process holds the feed by now."""
    told = {"position": position, "now": now, "held": HELD}
    return bool((await tx.execute(MOVE, feed.named | told)).rowcount)


async def looked(tx: Transaction, feed: Feed, now: datetime) -> bool:
    """There was nothing new; False if another process holds the feed by now."""
    told = {"now": now, "held": HELD}
    return bool((await tx.execute(LOOKED, feed.named | told)).rowcount)


async def failed(tx: Transaction, feed: Feed, error: str) -> bool:
    """Reading failed, in words for people; False if another process holds the feed by now."""
    told = {"error": error, "held": HELD}
    return bool((await tx.execute(FAILED, feed.named | told)).rowcount)


async def release(tx: Transaction, feed: Feed) -> None:
    """Let another process go on at once."""
    await tx.execute(RELEASE, feed.named)


async def load_standings(tx: Transaction) -> list[Standing]:
    """How all feeds stand."""
    return [Standing(*row) for row in await tx.execute(LOAD)]
