"""A day is sent while the service is killed again and again and PostgreSQL goes away for a while."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.service import read_clock
from app.simulate.deliveries import simulated_day
from app.simulate.request import Keys, Request, headers_at
from app.store import invariants
from app.store.engine import open_database
from app.store.migration import migrate
from deploy.postgres import Server
from tests.running import HandClock, running
from tests.serving import (
    LOOK_SECONDS,
    POLICY_FILE,
    Process,
    await_true,
    command,
    environment,
    keys,
    make_token,
    numbers,
    serving,
    sources_file,
)
from tests.store.desk import CLOCKS, CONTACTS, PROMISES, Desk

CONTACTS_A_DAY = 250
KILLS = 10
AWAY_SECONDS = 10.0
"""How long PostgreSQL is away: longer than the longest pause between two tries of a loop."""

ALIAS_KEY = "one-key-for-both-databases"
SENDERS = 4
SCRAPE_SECONDS = 1.0
"""The longest that a scrape may take, whatever is wrong."""


@dataclass
class Sender:
    """Tools that send a day's deliveries, each until the service has taken it."""

    url: str
    told: Keys
    acknowledged: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    told_to_wait: Event = field(default_factory=Event)

    async def send(self, requests: list[Request]) -> None:
        waiting = iter(requests)
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as client:
            await asyncio.gather(*(self._work(client, waiting) for _ in range(SENDERS)))

    async def _work(self, client: httpx.AsyncClient, waiting: Iterable[Request]) -> None:
        for request in waiting:
            while not await self._deliver(client, request):  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_SECONDS)

    async def _deliver(self, client: httpx.AsyncClient, request: Request) -> bool:
        headers = headers_at(request, self.told, read_clock())
        try:
            answer = await client.post(request.door, content=request.body, headers=headers)
        except httpx.TransportError:
            return False
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) < 60
            self.told_to_wait.set()
            return False
        if answer.status_code != 202 or b"kept_for_later" in answer.content:
            self.refused.append(answer.text)
        self.acknowledged.append(request.body)
        return True


@dataclass
class Scraper:
    """Reads /metrics all the time; keeps what must not happen."""

    service: Process
    fallen: list[str] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    scrapes: int = 0
    _last: dict[str, float] = field(default_factory=dict)
    _ended: Event = field(default_factory=Event)

    def run(self) -> None:
        while not self._ended.wait(0.2):
            try:
                answer = self.service.get("/metrics")
            except httpx.TransportError:
                continue  # it is dead just now
            took = answer.elapsed.total_seconds()
            if took > SCRAPE_SECONDS:
                self.slow.append(took)
            if answer.status_code == 200:
                self._compare(numbers(answer.text))

    def _compare(self, now: dict[str, float]) -> None:
        self.scrapes += 1
        counters = {
            name: value
            for name, value in now.items()
            if "_process_" not in name
            and name.partition("{")[0].endswith(("_total", "_bucket", "_count", "_sum"))
        }
        for name, value in self._last.items():
            if counters.get(name, 0.0) < value:
                self.fallen.append(f"{name}: {value} then {counters.get(name)}")
        self._last = counters

    def end(self) -> None:
        self._ended.set()


def _in_thread(work: Callable[[], Any]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def _day(token: str) -> list[Request]:
    """A day that is over by now, so that nothing in it depends on the hour of the test."""
    start = read_clock().replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    return simulated_day(11, contacts=CONTACTS_A_DAY, start=start, keys=keys(token))


async def _stored_ids(url: str) -> set[tuple[str, str]]:
    db = open_database(url)
    found = await Desk(db).rows("SELECT source, event_id FROM events")
    await db.close()
    return {(source, id_) for source, id_ in found}


async def _projections(url: str) -> list[Any]:
    """What was made of the events, once all of them are replayed; the books are in order."""
    db = open_database(url)
    desk = Desk(db)
    async with asyncio.timeout(60):
        while await desk.rows("SELECT 1 FROM touched LIMIT 1"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(LOOK_SECONDS)
    found = [await desk.rows(query) for query in (CONTACTS, CLOCKS, PROMISES)]
    async with db.begin() as tx:
        assert await invariants.broken(tx) == {}
    await db.close()
    return found


async def _undisturbed(url: str, day: list[Request], settings: dict[str, Any]) -> tuple[Any, Any]:
    """The same day through a service that nothing happens to."""
    db = open_database(url)
    now = HandClock(read_clock())
    async with running(db, url, now, alias_key=SecretStr(ALIAS_KEY), **settings) as service:
        for request in day:
            headers = headers_at(request, keys(service.token), now.now)
            answer = await service.client.post(request.door, content=request.body, headers=headers)
            assert answer.status_code == 202
        await service.settle()
    await db.close()
    return await _projections(url), await _stored_ids(url)


def _sent_ids(bodies: Iterable[bytes]) -> set[tuple[str, str]]:
    """The events of our own door that were acknowledged; their ids stand in the body."""
    lists = [json.loads(body) for body in bodies if body.startswith(b"[")]
    return {(event["source"], event["id"]) for events in lists for event in events}


def _await_sent(sender: Sender, count: int) -> None:
    await_true(f"{count} deliveries taken", lambda: len(sender.acknowledged) >= count, 60)


def _hurt(service: Process, server: Server, sender: Sender, total: int) -> None:
    """Kill the service ten times on the way, and stop PostgreSQL between the fifth and the sixth."""
    for kill in range(1, KILLS + 1):
        _await_sent(sender, total * kill // (KILLS + 2))
        service.kill()
        service.start()
        if kill == KILLS // 2:
            sender.told_to_wait.clear()
            server.stop()
            await_true("senders are told to come back", sender.told_to_wait.is_set)
            until = time.perf_counter() + AWAY_SECONDS
            while time.perf_counter() < until:
                # Numbers that are not too old yet are shown, and nobody waits for the database.
                answer = service.get("/metrics")
                assert answer.status_code == 200
                assert answer.elapsed.total_seconds() < SCRAPE_SECONDS
            server.start()


@pytest.mark.requirement(13, 18)
def test_nothing_is_lost_when_the_service_is_killed_and_the_database_goes_away(tmp_path: Path):
    settings: dict[str, Any] = {"policy_file": POLICY_FILE, "sources_file": sources_file(tmp_path)}
    with Server(tmp_path / "hurt") as server:
        env = environment(database_url=server.url, alias_key=ALIAS_KEY, **settings)
        command(env, "migrate")
        token = make_token(env)
        day = _day(token)
        with serving(env, tmp_path / "service.log") as service:
            sender, scraper = Sender(service.url, keys(token)), Scraper(service)
            sending = _in_thread(lambda: asyncio.run(sender.send(day)))
            scraping = _in_thread(scraper.run)
            _hurt(service, server, sender, len(day))
            sending.join(60)
            assert not sending.is_alive()
            hurt = asyncio.run(_projections(server.url))
            scraper.end()
            scraping.join(10)
        stored = asyncio.run(_stored_ids(server.url))

    with Server(tmp_path / "calm") as quiet:
        migrate(quiet.url)
        calm, expected = asyncio.run(_undisturbed(quiet.url, day, settings))

    assert sender.refused == []
    assert sender.told_to_wait.is_set()
    assert _sent_ids(sender.acknowledged) <= stored
    assert stored == expected, "acknowledged and lost, or stored and never sent"
    assert hurt == calm
    assert (scraper.fallen, scraper.slow) == ([], [])
    assert scraper.scrapes > 20
