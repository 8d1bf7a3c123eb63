"""A day of a contact centre, replayed bit by bit as it came, equals the same day replayed anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.operations.rebuild import rebuild
from app.simulate.deliveries import simulated_day
from app.simulate.request import headers_at
from app.store.engine import Database
from tests.running import HandClock, Running, running
from tests.serving import POLICY_FILE, keys, sources_file
from tests.store.desk import Desk

CONTACTS = 120
SETTLED_EVERY = 25
"""Deliveries between two rounds: some keys have one new event then, some have many."""

PROJECTION_TABLES = "contacts, contact_names, clocks, promises, customers, customer_names"


async def _send_a_day(service: Running) -> None:
    start = service.clock.now
    told = keys(service.token)
    for number, request in enumerate(
        simulated_day(7, contacts=CONTACTS, start=start, keys=told), start=1
    ):
        service.clock.now = max(service.clock.now, request.at)
        headers = headers_at(request, told, service.clock.now)
        answer = await service.client.post(request.door, content=request.body, headers=headers)
        assert answer.status_code == 202, answer.text
        assert b"kept_for_later" not in answer.content
        if number % SETTLED_EVERY == 0:
            await service.settle()
    await service.settle()


@pytest.fixture
async def day(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """The day's events and what was made of them, bit by bit."""
    settings = {"policy_file": POLICY_FILE, "sources_file": sources_file(tmp_path)}
    async with running(db, database_url, HandClock(), **settings) as service:
        await _send_a_day(service)
        assert service.app.service.terms is not None
        yield Desk(db, service.app.service.terms, service.clock.now)


async def test_bit_by_bit_equals_at_once_and_equals_the_pure_replay(day: Desk):
    await day.assert_sound()
    promised = await day.rows("SELECT ending, count(*) FROM promises GROUP BY 1")
    incremental = await day.projections()
    counted = [await day.tallied(what) for what in ("settled", "breached", "withdrawn")]

    rebuilt = await rebuild(day.db, day.terms, day.now)

    assert await day.projections() == incremental
    assert rebuilt.failed == {}
    assert rebuilt.keys >= CONTACTS
    assert dict(promised)["answered"] >= 3
    assert [await day.tallied(what) for what in ("settled", "breached", "withdrawn")] == counted
    assert counted[1] > 0
    await day.assert_sound()


async def test_a_rebuild_makes_lost_projections_anew(day: Desk):
    incremental = await day.projections()
    await day.run("TRUNCATE contacts, contact_names, promises, customers, customer_names")
    await day.run("UPDATE clocks SET started_at = started_at - interval '1 day', rule = 'wrong'")

    await rebuild(day.db, day.terms, day.now)

    assert await day.projections() == incremental
    await day.assert_sound()
