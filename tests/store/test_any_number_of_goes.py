"""However many goes the same events are replayed in, the same is stored and the same was said."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from app.core.events import Incoming
from app.operations.judge import note_due
from app.operations.rebuild import rebuild
from app.store.all_tables import metadata
from app.store.engine import Database
from tests.conftest import NOON
from tests.store.desk import POLICY, Desk, event, terms

EVENTS = 160
END = 30_000.0
CONTACTS = 12
WARNING = POLICY + "warnings: [50 %, 80 %, 1h after]\n"

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("contact.received", {}),
    ("contact.received", {}),
    ("customer.replied", {}),
    ("contact.answered", {"agent": "a1"}),
    ("agent.replied", {"agent": "a1"}),
    ("contact.held", {"waiting_for": "customer"}),
    ("contact.resumed", {}),
    ("contact.transferred", {"team": "support"}),
    ("contact.missed", {}),
    ("contact.resolved", {"outcome": "done"}),
    ("contact.resolved", {"outcome": "turned_away"}),
    ("contact.reopened", {}),
    ("followup.promised", {"due": (NOON + timedelta(hours=3)).isoformat()}),
    ("followup.done", {}),
)

NET_BREACHES = """
SELECT contact_key, kind, number, sum(CASE what WHEN 'noted' THEN 1 ELSE -1 END)
FROM breaches GROUP BY 1, 2, 3 HAVING sum(CASE what WHEN 'noted' THEN 1 ELSE -1 END) <> 0
ORDER BY 1, 2, 3
"""
WARNINGS = "SELECT contact_key, kind, number, level, fell_due_at FROM warnings ORDER BY 1, 2, 3, 4"

Books = dict[str, list[Any]]


def history(seed: int) -> list[Incoming]:
    """A random afternoon, in the order in which it happened."""
    random = Random(seed)
    told = []
    for number, at in enumerate(sorted(random.uniform(0, END) for _ in range(EVENTS))):
        type_, data = random.choice(KINDS)
        n = random.randrange(CONTACTS)
        shared = {"channel": ("phone", "chat", "email")[n % 3], "customer": f"k-{n % 4}"}
        moment = NOON + timedelta(seconds=round(at))
        told.append(event(type_, f"c-{n}", moment, f"e{number}", **shared, **data))
    return told


async def emptied(desk: Desk) -> Desk:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with desk.db.begin() as tx:
        await tx.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    return Desk(desk.db, desk.terms)


async def books(desk: Desk) -> Books:
    """What is stored at the end of the day, and what the ledgers come to."""
    desk.at(END + 7200)
    await desk.settle()
    while (await note_due(desk.db, desk.now)).is_more:
        pass
    await desk.assert_sound()
    return {
        "stored": await desk.projections(),
        "breaches": await desk.rows(NET_BREACHES),
        "warnings": await desk.rows(WARNINGS),
    }


async def _at_once(desk: Desk, told: list[Incoming]) -> Books:
    await desk.store(told)
    return await books(desk)


async def _in_goes(desk: Desk, told: list[Incoming], random: Random) -> Books:
    left = list(told)
    while left:
        portion, left = left[: (size := random.randint(1, 12))], left[size:]
        await desk.store(portion)
        if random.random() < 0.8:
            await desk.settle()
        if random.random() < 0.5:
            await note_due(desk.db, desk.now)
    return await books(desk)


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, terms(WARNING))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_number_of_goes_comes_to_the_same(desk: Desk, seed: int):
    """Would have caught: a level that only the judge or only the replay tells."""
    told = history(seed)
    at_once = await _at_once(desk, told)

    in_goes = await _in_goes(await emptied(desk), told, Random(seed))

    assert in_goes == at_once
    assert at_once["breaches"]
    assert at_once["warnings"]


@pytest.mark.parametrize("seed", [4, 5])
async def test_shuffled_deliveries_come_to_the_same_and_warn_of_no_less(desk: Desk, seed: int):
    """A level that was told before the answer arrived stays told."""
    told = history(seed)
    at_once = await _at_once(desk, told)

    Random(seed).shuffle(told)
    shuffled = await _in_goes(await emptied(desk), told, Random(seed))

    assert shuffled["stored"] == at_once["stored"]
    assert shuffled["breaches"] == at_once["breaches"]
    assert {row[:4] for row in shuffled["warnings"]} >= {row[:4] for row in at_once["warnings"]}


async def test_a_rebuild_changes_nothing_and_says_so(desk: Desk):
    before = await _in_goes(desk, history(6), Random(6))

    done = await rebuild(desk.db, desk.terms, desk.now)

    assert (done.failed, done.differences) == ({}, 0)
    assert await books(desk) == before


async def test_a_rebuild_names_what_came_out_otherwise(desk: Desk):
    before = await _in_goes(desk, history(7), Random(7))
    await desk.run("UPDATE clocks SET rule = 'wrong', due_at = NULL WHERE kind = 'first_response'")
    await desk.run("DELETE FROM promises")
    seen: list[tuple[int, int]] = []

    done = await rebuild(desk.db, desk.terms, desk.now, lambda done, of: seen.append((done, of)))

    kinds = {(found.kind, found.field) for found in done.named}
    assert ("first_response", "due_at, rule") in kinds
    assert done.differences > len(done.named) == 20
    assert seen[-1][0] == seen[-1][1] > 0
    assert await books(desk) == before
