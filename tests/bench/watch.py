"""What the benchmarks see from inside PostgreSQL: what is stored, what is not replayed yet, how old it is."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

import asyncpg

SAMPLE_SECONDS = 0.25
LOOK_SECONDS = 0.05
DRAIN_SECONDS = 120.0

SAMPLE = """
SELECT count(*), min(id), (SELECT last_value FROM touched_id_seq) FROM touched
"""
ANY_MARK = "SELECT EXISTS (SELECT 1 FROM touched)"
OPEN_CONTACTS = "DELETE FROM contacts WHERE opened_at >= $1 AND NOT is_over RETURNING key"
COPY_COLUMNS = (
    *("received_at", "occurred_at", "source", "event_id", "type"),
    *("subject", "contact_key", "fact", "body"),
)
COPY_TABLE = f"""
CREATE TABLE IF NOT EXISTS bench_copied AS SELECT {", ".join(COPY_COLUMNS)} FROM events LIMIT 0
"""


@dataclass(slots=True)
class Lag:
    """Ages of the oldest mark, seen every ``SAMPLE_SECONDS`` while there was load.

    Marks are numbered as they are written, and each sample tells the highest number so far: a mark
    was written between the last sample that had not reached its number and the first that had. Its
    age is counted from the earlier of the two, so no lag is told shorter than it was.
    """

    at: list[float] = field(default_factory=list)
    highest: list[int] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    most: int = 0

    def note(self, at: float, left: int, oldest: int | None, highest: int) -> None:
        self.at.append(at)
        self.highest.append(highest)
        self.most = max(self.most, left)
        if oldest is None:
            self.ages.append(0.0)
            return
        place = bisect_left(self.highest, oldest)
        self.ages.append(at - self.at[max(0, place - 1)])


@dataclass(slots=True)
class Watcher:
    """A connection of the benchmark's own."""

    connection: asyncpg.Connection
    url: str

    async def now(self) -> datetime:
        found: datetime = await self.connection.fetchval("SELECT clock_timestamp()")
        return found

    async def stored_since(self, at: datetime) -> int:
        found = await self.connection.fetchval(
            "SELECT count(*) FROM events WHERE received_at >= $1", at
        )
        return int(found)

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[Lag]:
        """Look at the marks for as long as the block runs."""
        lag = Lag()
        task = asyncio.create_task(self._sample(lag))
        try:
            yield lag
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _sample(self, lag: Lag) -> None:
        async with connected(self.url) as own:
            while True:
                left, oldest, highest = await own.fetchrow(SAMPLE)
                lag.note(perf_counter(), left, oldest, highest)
                await asyncio.sleep(SAMPLE_SECONDS)

    async def await_drained(self) -> float:
        """Seconds until no mark is left; raises ``TimeoutError`` after ``DRAIN_SECONDS``."""
        began = perf_counter()
        async with asyncio.timeout(DRAIN_SECONDS):
            while await self.connection.fetchval(ANY_MARK):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_SECONDS)
        return perf_counter() - began

    @asynccontextmanager
    async def fold_held_back(self) -> AsyncIterator[None]:
        """Hold a table that only replaying and showing need: events are taken in and no more.

        What was not replayed is forgotten at the end.
        """
        async with connected(self.url) as holder:
            async with holder.transaction():
                await holder.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
                yield
            await holder.execute("DELETE FROM touched")

    async def tidy(self, since: datetime) -> None:
        """Leave history and statistics as a service that has run for long would have them.

        Open contacts of the round go, so that the next does not show and judge them as well.
        """
        keys = [row["key"] for row in await self.connection.fetch(OPEN_CONTACTS, since)]
        await self.connection.execute("DELETE FROM clocks WHERE contact_key = ANY($1)", keys)
        for table in ("touched", "contacts", "clocks", "events", "seen", "contact_names"):
            await self.connection.execute(f"VACUUM (ANALYZE) {table}")
        await self.connection.execute("CHECKPOINT")

    async def copy(self, batches: Sequence[Sequence[tuple[Any, ...]]]) -> float:
        """Rows a second of raw COPY into a table without an index, a commit for each batch."""
        await self.connection.execute(COPY_TABLE)
        began = perf_counter()
        for batch in batches:
            await self.connection.copy_records_to_table(
                "bench_copied", records=batch, columns=COPY_COLUMNS
            )
        seconds = perf_counter() - began
        await self.connection.execute("TRUNCATE bench_copied")
        return sum(map(len, batches)) / seconds


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), command_timeout=180)
    try:
        yield connection
    finally:
        await connection.close()
