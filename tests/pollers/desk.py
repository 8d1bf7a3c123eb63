"""What pollers need, on a real database; a test decides when they look again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app.core.source import Source
from app.metrics.process import ProcessMetrics
from app.operations.deliveries import Deliveries
from app.operations.intake import Intake
from app.operations.take import Taker, Taking
from app.pollers.hold import Poller, Post
from app.pollers.keeping import keep_polling
from app.sources.adapter import Connection, SourceConfig
from app.store import positions
from app.store.engine import Database
from app.store.positions import Standing
from tests.running import HandClock

PATIENCE = 20.0
KEY = b"a key of the tests"


@dataclass(slots=True)
class Rests:
    """Stands for sleeping: whoever rests waits until the test lets it look again."""

    spans: list[float] = field(default_factory=list)
    _resting: asyncio.Event = field(default_factory=asyncio.Event)
    _go: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        self.spans.append(seconds)
        self._go.clear()
        self._resting.set()
        await self._go.wait()

    async def begun(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._resting.wait()

    def go_on(self) -> None:
        self._resting.clear()
        self._go.set()

    async def over(self) -> None:
        self.go_on()
        await self.begun()


@dataclass(slots=True)
class Desk:
    """Pollers of one process, and what they stored. ``news`` is set whenever something was."""

    db: Database
    intake: Intake
    clock: HandClock
    count: ProcessMetrics
    deliveries: Deliveries
    news: asyncio.Event
    rests: Rests = field(default_factory=Rests)

    def post(self, holder: str = "this process") -> Post:
        return Post(
            db=self.db,
            taker=Taker(Taking(self.intake, KEY, self.count), self.db, self.deliveries),
            sources={},
            count=self.count,
            clock=self.clock,
            holder=holder,
            sleep=self.rests.sleep,
        )

    @asynccontextmanager
    async def polling(self, poller: Poller, holder: str = "this process") -> AsyncIterator[Rests]:
        """Poll until the block ends; begins once the poller rests."""
        async with self.listening(poller, holder) as rests:
            await rests.begun()
            yield rests

    @asynccontextmanager
    async def listening(self, poller: Poller, holder: str = "this process") -> AsyncIterator[Rests]:
        """Poll until the block ends."""
        self.rests = rests = Rests()
        running = asyncio.create_task(keep_polling(poller, self.post(holder)))
        try:
            yield rests
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.db.begin() as tx:
            return [tuple(row) for row in await tx.execute(text(sql))]

    async def run(self, sql: str) -> None:
        async with self.db.begin() as tx:
            await tx.execute(text(sql))

    async def told(self) -> list[tuple[Any, ...]]:
        """What was stored, but for what may be left out."""
        return await self.rows(
            "SELECT type, subject FROM events WHERE type NOT IN"
            " ('contact.queued', 'contact.offered') ORDER BY occurred_at, type, subject"
        )

    async def standing(self, feed: str) -> Standing:
        async with self.db.begin() as tx:
            (found,) = [one for one in await positions.load_standings(tx) if one.feed == feed]
        return found

    def counted(self, name: str) -> float:
        column = self.count.written().columns[f"evenhand_{name}"]
        return sum(float(line.rpartition(" ")[2]) for line in column.body.decode().splitlines())


def source(kind: str, connection: Connection, *secrets: str) -> SourceConfig:
    known = Source(id="pbx", kind=kind)
    return SourceConfig(source=known, secrets=secrets, connection=connection)
