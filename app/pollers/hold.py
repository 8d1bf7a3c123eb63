"""What a poller may do while it holds a feed: hand over what it read, and say how far it came."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import SystemRandom
from typing import Protocol

import structlog

from app.metrics.process import ProcessMetrics
from app.operations.intake import IntakeFull, StoreAway
from app.operations.take import Taker
from app.sources.adapter import Delivery, SourceConfig
from app.store import positions
from app.store.engine import AWAY, Database
from app.store.positions import HELD, Feed

LONGEST_PAUSE = 60.0
FIRST_PAUSE = 1.0
RENEW_AFTER = HELD / 3
"""So often whoever holds a feed says so; three times as often as it must."""

NO_STORE = (StoreAway, IntakeFull, *AWAY)
DATABASE_AWAY = "the database is away; reading goes on where it stopped"

log = structlog.get_logger()


class CannotPoll(RuntimeError):  # noqa: N818 - named for the fact
    """A feed cannot be read now; ``reason`` is for people and never holds a secret.

    ``rest_seconds``: whoever tries again sooner makes it worse.
    """

    def __init__(self, reason: str, *, rest_seconds: float = 0.0) -> None:
        self.reason = reason
        self.rest_seconds = rest_seconds
        super().__init__(reason)


class NotOurs(RuntimeError):  # noqa: N818 - named for the fact
    """Another process reads the feed by now."""


@dataclass(slots=True)
class Pause:
    """How long to wait before the next try: longer each time, and not for all at the same instant."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tries: int = 0

    async def wait(self, at_least: float = 0.0) -> None:
        """Wait before one more try."""
        longest = min(FIRST_PAUSE * 2**self.tries, LONGEST_PAUSE)
        self.tries = min(self.tries + 1, 10)
        await self.sleep(max(at_least, longest * SystemRandom().uniform(0.5, 1.0)))

    def begin_anew(self) -> None:
        """It went well."""
        self.tries = 0


@dataclass(frozen=True, slots=True)
class Post:
    """What all pollers of a process share.

    ``sources`` are the configurations as they stand now, with what an admin said of them meanwhile.
    """

    db: Database
    taker: Taker
    sources: Mapping[str, SourceConfig]
    count: ProcessMetrics
    clock: Callable[[], datetime]
    holder: str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class State:
    """How a feed goes, said once when it changes."""

    post: Post
    source: str
    feed: str
    reason: str | None = None

    def went_well(self) -> None:
        """The feed was looked at."""
        self.post.count.poll_went_well(self.source, self.feed, self.post.clock())
        if self.reason is not None:
            log.info("poll_resumed", source=self.source, feed=self.feed)
        self.reason = None

    def failed(self, reason: str) -> None:
        """It cannot be read."""
        self.post.count.poll_failed(self.source, self.feed)
        if reason != self.reason:
            log.warning("poll_failed", source=self.source, feed=self.feed, reason=reason)
        self.reason = reason

    def lost(self, what: str) -> None:
        """Something may have happened that nobody told us."""
        self.post.count.poll_lost(self.source, self.feed)
        log.warning("poll_gap", source=self.source, feed=self.feed, reason=what)


@dataclass(slots=True)
class Hold:
    """A feed that is ours, and the position where to go on."""

    post: Post
    config: SourceConfig
    feed: Feed
    state: State
    position: str
    pause: Pause
    _said_at: datetime | None = field(default=None)

    async def take(self, deliveries: Sequence[Delivery], position: str) -> None:
        """Store what was read, then the position behind it; waits while the database is away.

        Raises ``NotOurs``.
        """
        pause = Pause(self.post.sleep)
        while True:
            try:
                config = self.post.sources.get(self.feed.source, self.config)
                await self.post.taker.take_all(config, deliveries)
                now = self.post.clock()
                async with self.post.db.begin() as tx:
                    is_ours = await positions.move(tx, self.feed, position, now)
            except NO_STORE:
                self.state.failed(DATABASE_AWAY)
                await pause.wait()
                continue
            self._said(is_ours=is_ours, at=now)
            self.position = position
            return

    async def looked(self) -> None:
        """There was nothing new; written down now and then. Raises ``NotOurs``."""
        now = self.post.clock()
        if self._said_at is not None and now - self._said_at < RENEW_AFTER:
            self.state.went_well()
            return
        try:
            async with self.post.db.begin() as tx:
                is_ours = await positions.looked(tx, self.feed, now)
        except NO_STORE:
            self.state.failed(DATABASE_AWAY)
            return
        self._said(is_ours=is_ours, at=now)

    def _said(self, *, is_ours: bool, at: datetime) -> None:
        if not is_ours:
            raise NotOurs
        self._said_at = at
        self.state.went_well()
        self.pause.begin_anew()

    def lost(self, what: str) -> None:
        """Something may have happened that nobody told us."""
        self.state.lost(what)


class Poller(Protocol):
    """One thing that is read of a source."""

    config: SourceConfig
    feed: str

    async def follow(self, hold: Hold) -> None:
        """Read on from ``hold.position`` until cancelled.

        Raises ``CannotPoll`` or ``OSError``; is called again then, after a pause.
        """
        ...
