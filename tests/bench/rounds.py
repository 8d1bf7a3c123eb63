"""The rounds: what is measured in each, one after the other, so that all meet the same machine."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tests.bench.load import Answered, Batched, Form, Kind, Singles, batches, written
from tests.bench.machine import Child, cpu_seconds
from tests.bench.watch import Lag, Watcher

TARGET_SHARE = 0.35
"""Row A: what share of the floor must be taken in and replayed without falling behind."""

BELOW_SUSTAINED = 0.9


class Series(StrEnum):
    """What one round measures."""

    FLOOR = "bare ASGI, no database"
    HELD = "service, acknowledging alone"
    RECEIVED = "service, a contact each"
    LIFE = "service, received-answered-resolved"
    PACED = "service, the same at a steady rate"
    RIVAL = "FastAPI + pydantic + ORM"
    COPY = "raw COPY, no index"
    LINES_RECEIVED = "NDJSON, a contact each"
    LINES_LIFE = "NDJSON, received-answered-resolved"
    LIST_RECEIVED = "JSON batch, a contact each"
    LIST_LIFE = "JSON batch, received-answered-resolved"


BATCHED: Mapping[Series, tuple[Form, Kind]] = {
    Series.LINES_RECEIVED: (Form.LINES, Kind.RECEIVED),
    Series.LINES_LIFE: (Form.LINES, Kind.LIFE),
    Series.LIST_RECEIVED: (Form.LIST, Kind.RECEIVED),
    Series.LIST_LIFE: (Form.LIST, Kind.LIFE),
}


@dataclass(frozen=True)
class Plan:
    """How long everything takes."""

    rounds: int
    seconds: float
    batches: int
    seed_batches: int


@dataclass(frozen=True)
class Found:
    """One measurement: CPU microseconds an event are of the server and of PostgreSQL apart."""

    rate: float
    cpu_us: float = 0.0
    postgres_us: float = 0.0
    answered: Answered | None = None
    drain_seconds: float = 0.0
    stored: int = 0
    ages: tuple[float, ...] = ()
    most_marks: int = 0

    @property
    def folded_rate(self) -> float:
        """Events a second until the last one was replayed."""
        if self.answered is None:
            return 0.0
        return self.answered.acknowledged / (self.answered.seconds + self.drain_seconds)


@dataclass
class Bench:
    """Everything that runs, and what was found so far: by series, one entry a round."""

    plan: Plan
    watcher: Watcher
    postgres_pid: int
    service: Child
    floor: Child
    rival: Child
    token: str
    found: dict[Series, list[Found]] = field(default_factory=dict)

    async def seed(self) -> None:
        """Give the tables a history: an empty database is planned for as no real one is."""
        told = batches(Kind.LIFE, self.plan.seed_batches, await self.watcher.now())
        bodies = [written(Form.LINES, batch) for batch in told]
        await Batched(self.service, Form.LINES, self.token, bodies).run()
        await self.watcher.await_drained()
        await self.watcher.tidy(await self.watcher.now())

    async def round(self) -> None:
        """One of each."""
        for series in Series:
            began = await self.watcher.now()
            found = await self._measure(series, began)
            self.found.setdefault(series, []).append(found)
            if series not in (Series.FLOOR, Series.COPY):
                await self.watcher.tidy(began)

    async def _measure(self, series: Series, began: datetime) -> Found:
        if series is Series.COPY:
            return await self._copied(began)
        if series in BATCHED:
            form, kind = BATCHED[series]
            told = batches(kind, self.plan.batches, began - timedelta(minutes=2))
            bodies = [written(form, batch) for batch in told]
            return await self._folded(Batched(self.service, form, self.token, bodies).run)
        kind = Kind.LIFE if series in (Series.LIFE, Series.PACED) else Kind.RECEIVED
        target = {Series.FLOOR: self.floor, Series.RIVAL: self.rival}.get(series, self.service)
        rate = self._steady_rate() if series is Series.PACED else 0.0
        load = Singles(target, kind, self.token, self.plan.seconds, rate)
        if series in (Series.FLOOR, Series.RIVAL, Series.HELD):
            return await self._answered(load, held=series is Series.HELD)
        return await self._folded(load.run)

    def _steady_rate(self) -> float:
        """The target's rate, or, where that cannot be held, a little less than what can."""
        wanted = TARGET_SHARE * self.found[Series.FLOOR][-1].rate
        return min(wanted, BELOW_SUSTAINED * self.found[Series.LIFE][-1].folded_rate)

    async def _answered(self, load: Singles, *, held: bool) -> Found:
        async with AsyncExitStack() as holding:
            if held:
                await holding.enter_async_context(self.watcher.fold_held_back())
            began, cpu = await self.watcher.now(), self._cpu(load.target)
            answered = await load.run()
            spent = self._since(cpu, load.target, answered.acknowledged)
        stored = await self.watcher.stored_since(began) if held else 0
        return Found(answered.rate, *spent, answered, stored=stored)

    async def _folded(self, load: Callable[[], Awaitable[Answered]]) -> Found:
        began, cpu = await self.watcher.now(), self._cpu(self.service)
        async with self.watcher.sampling() as lag:
            answered = await load()
        drain_seconds = await self.watcher.await_drained()
        spent = self._since(cpu, self.service, answered.acknowledged)
        stored = await self.watcher.stored_since(began)
        return _folded(answered, spent, drain_seconds, stored, lag)

    async def _copied(self, began: datetime) -> Found:
        told = batches(Kind.RECEIVED, self.plan.batches, began - timedelta(minutes=2))
        rows = [[_row(event, began) for event in batch] for batch in told]
        before = cpu_seconds(self.postgres_pid, with_children=True)
        rate = await self.watcher.copy(rows)
        spent = cpu_seconds(self.postgres_pid, with_children=True) - before
        return Found(rate, postgres_us=spent * 1e6 / sum(map(len, rows)))

    def _cpu(self, server: Child) -> tuple[float, float]:
        return cpu_seconds(server.pid), cpu_seconds(self.postgres_pid, with_children=True)

    def _since(
        self, before: tuple[float, float], server: Child, events: int
    ) -> tuple[float, float]:
        after = self._cpu(server)
        own, postgres = (now - then for now, then in zip(after, before, strict=True))
        return own * 1e6 / events, postgres * 1e6 / events


def _folded(
    answered: Answered, spent: tuple[float, float], drain_seconds: float, stored: int, lag: Lag
) -> Found:
    return Found(answered.rate, *spent, answered, drain_seconds, stored, tuple(lag.ages), lag.most)


def _row(event: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    """The row that the service makes of an event."""
    at = datetime.fromisoformat(event["time"])
    key = f"{event['source']}|{event['subject']}"
    body = json.dumps(event["data"], separators=(",", ":"))
    return now, at, event["source"], event["id"], event["type"], event["subject"], key, None, body
