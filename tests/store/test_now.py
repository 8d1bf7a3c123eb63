"""What snapshots read: with very many waiting contacts no less is true, and less is looked at."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from app.store.customers_now import (
    CLOCKS_OF_MANY,
    CUSTOMERS_SOONEST,
    CUSTOMERS_WAITING,
    MAX_CUSTOMERS,
)
from app.store.engine import Database
from app.store.now import Instants, LostBefore, load_present
from tests.conftest import NOON
from tests.store.desk import Desk

CHAT: dict[str, Any] = {"channel": "chat", "team": "support"}
PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
LOST = LostBefore(*(NOON + timedelta(seconds=-1),) * 3)


@pytest.fixture
async def desk(db: Database) -> Desk:
    desk = Desk(db)
    for number in range(30):
        told = CHAT if number % 3 else PHONE
        await desk.tell(
            "contact.received", f"c-{number}", number % 7, customer=f"k-{number % 5}", **told
        )
    await desk.tell("agent.replied", "c-4", 20, agent="a1", **CHAT)
    await desk.tell("contact.received", "old", -7200, customer="k-9", **PHONE)
    await desk.settle()
    return desk


async def test_the_customers_who_wait_are_the_same_by_either_way(desk: Desk):
    told: dict[str, Any] = {**LOST.told(), "customers": MAX_CUSTOMERS, "first_tier": ""}
    async with desk.db.begin() as tx:
        all_of_them = [tuple(row) for row in await tx.execute(CUSTOMERS_WAITING, told)]
        limits = {**told, "clocks": CLOCKS_OF_MANY}
        soonest = [tuple(row) for row in await tx.execute(CUSTOMERS_SOONEST, limits)]

    assert sorted(soonest) == sorted(all_of_them)
    assert [row[-1] for row in soonest] == [row[-1] for row in all_of_them]
    assert len(soonest) == 10


async def test_of_very_many_those_who_are_late_next_come_first(desk: Desk):
    told: dict[str, Any] = {**LOST.told(), "customers": 2, "clocks": 3, "first_tier": ""}
    async with desk.db.begin() as tx:
        soonest = [tuple(row) for row in await tx.execute(CUSTOMERS_SOONEST, told)]
        next_at = (await tx.execute(text("SELECT min(breaches_at) FROM clocks k JOIN contacts c"
            " ON c.key = k.contact_key WHERE c.subject <> 'old'"))).scalar_one()  # fmt: skip

    assert len(soonest) <= 2
    assert all(row[-1] >= next_at for row in soonest)


@pytest.mark.requirement(25)
@pytest.mark.parametrize("query", [CUSTOMERS_WAITING, CUSTOMERS_SOONEST])
async def test_customers_of_the_first_tier_are_read_before_those_who_are_late_earlier(
    desk: Desk, query: TextClause
):
    await desk.tell("customer.updated", "k-3", -60, tier="important")
    await desk.settle()
    told: dict[str, Any] = {**LOST.told(), "customers": 2, "clocks": 2, "first_tier": "important"}
    limits = {name: value for name, value in told.items() if f":{name}" in query.text}

    async with desk.db.begin() as tx:
        found = [tuple(row) for row in await tx.execute(query, limits)]

    assert found[0][:2] == ("k-3", "important")


async def test_waiting_and_lost_contacts_are_told_apart(desk: Desk):
    async with desk.db.begin() as tx:
        present = await load_present(tx, Instants(desk.now, LOST), 200)

    assert {group.team: one.contacts for group, one in present.waiting.items()} == {
        "hotline": 10,
        "support": 19,
    }
    assert min(one.oldest_since for one in present.waiting.values()) == NOON
    assert present.lost_track == {("hotline", "phone"): 1}
