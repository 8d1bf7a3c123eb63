"""The registry in the store: whoever is told of late, both sides are judged again, in any order."""

import random
from typing import Any

import pytest

from app.core.aliases import pseudonymised
from app.core.events import Incoming
from app.core.registering import replay_registry
from app.store import registry
from app.store.engine import Database
from tests.store.desk import CUSTOMER_NAMES, CUSTOMERS, Desk

KEY = b"a key of this test"
PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
CHAT: dict[str, Any] = {"channel": "chat", "team": "support"}
JO = {"kind": "email", "value": "jo@acme.test"}
NUMBER = {"kind": "phone", "value": "+4511223344"}
TWELVE = {"kind": "id", "value": "12"}
DOMAIN = {"kind": "domain", "value": "acme.test"}
PERSON = "id:crm:12"
WHOSE = "SELECT subject, customer, tier FROM contacts ORDER BY subject"


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db)


async def _tagged(desk: Desk, tier: str, seconds: float, *aliases: dict[str, str]) -> None:
    told = {"tier": tier, "inferred": True, "aliases": list(aliases)}
    await desk.tell("customer.updated", PERSON, seconds, **told)


async def _marks(desk: Desk) -> int:
    return len(await desk.rows("SELECT 1 FROM touched"))


async def test_a_tag_reaches_the_other_contacts_of_the_customer(desk: Desk):
    await desk.tell("customer.updated", "acme", 0, aliases=[JO, NUMBER])
    await desk.tell("contact.received", "call-1", 5, aliases=[NUMBER], **PHONE)
    await desk.settle()

    await _tagged(desk, "important", 6, TWELVE, JO)
    await desk.settle()

    assert await desk.rows(WHOSE) == [("call-1", "acme", "important")]
    await desk.assert_sound()


async def test_a_customer_registered_after_the_tag_has_its_tier(desk: Desk):
    await desk.tell("contact.received", "chat-1", 5, aliases=[TWELVE, JO], **CHAT)
    await _tagged(desk, "important", 6, TWELVE, JO)
    await desk.settle()
    assert await desk.rows(WHOSE) == [("chat-1", PERSON, "important")]

    await desk.tell("customer.updated", "acme", 9, aliases=[JO])
    await desk.settle()

    assert await desk.rows(WHOSE) == [("chat-1", "acme", "important")]
    assert [row[0] for row in await desk.rows(CUSTOMERS)] == ["acme"]
    await desk.assert_sound()


async def test_a_tag_that_comes_again_touches_nobody(desk: Desk):
    await desk.tell("customer.updated", "acme", 0, aliases=[DOMAIN])
    await desk.tell("contact.received", "chat-1", 5, aliases=[TWELVE, JO], **CHAT)
    await _tagged(desk, "important", 6, TWELVE, JO)
    await desk.settle()

    await _tagged(desk, "important", 7, TWELVE, JO)
    done = await desk.settle()

    assert done.keys == 1  # the registry looked, and no contact was replayed


async def test_a_merge_of_two_customers_replays_both_sides(desk: Desk):
    for customer, alias in (("acme", JO), ("jensen", NUMBER)):
        await desk.tell("customer.updated", customer, 0, aliases=[alias])
    await desk.tell("contact.received", "chat-1", 5, aliases=[JO], **CHAT)
    await desk.tell("contact.received", "call-1", 5, aliases=[NUMBER], **PHONE)
    await desk.settle()

    await desk.tell("customer.merged", "acme", 6, into="jensen")
    await desk.tell("customer.merged", "jensen", 7, into="acme")
    await desk.settle()

    assert {row[1] for row in await desk.rows(WHOSE)} == {"acme"}
    await desk.assert_sound()


async def test_an_alias_belongs_to_whoever_had_it_when_she_called(desk: Desk):
    await desk.tell("customer.updated", "acme", 0, aliases=[NUMBER])
    for second in (10, 30):
        await desk.tell("contact.received", f"call-{second}", second, aliases=[NUMBER], **PHONE)
    await desk.settle()

    await desk.tell("customer.updated", "jensen", 20, aliases=[NUMBER])
    await desk.settle()

    assert [row[:2] for row in await desk.rows(WHOSE)] == [
        ("call-10", "acme"),
        ("call-30", "jensen"),
    ]
    await desk.assert_sound()


async def test_a_promise_to_her_address_is_kept_by_a_call_to_her_number_once_both_are_hers(
    desk: Desk,
):
    await desk.tell("contact.received", "chat-1", 0, aliases=[JO], **CHAT)
    await desk.tell("followup.promised", "chat-1", 10, due="2026-03-02T15:00:00Z")
    await desk.tell("contact.received", "chat-2", 4000, aliases=[NUMBER], **CHAT)
    await desk.tell("agent.replied", "chat-2", 4010, agent="a1")
    await desk.settle()
    assert await desk.rows("SELECT ending FROM promises") == [(None,)]

    await desk.tell("customer.updated", "acme", 5000, aliases=[JO, NUMBER])
    await desk.settle()

    assert await desk.rows("SELECT customer, ending FROM promises") == [("acme", "answered")]
    await desk.assert_sound()


async def test_a_withheld_number_is_somebody_new_each_time_until_somebody_says_who(desk: Desk):
    for call in ("call-1", "call-2"):
        await desk.tell("contact.received", call, 5, **PHONE)
    await desk.tell("customer.updated", "acme", 0, tier="important")
    await desk.settle()
    assert len({row[1] for row in await desk.rows(WHOSE)}) == 2

    await desk.tell("customer.merged", "unknown:crm:call-1", 60, into="acme")
    await desk.settle()

    assert await desk.rows(WHOSE) == [
        ("call-1", "acme", "important"),
        ("call-2", "unknown:crm:call-2", "standard"),
    ]
    await desk.assert_sound()


async def test_nobodys_contact_that_turns_out_to_be_another_one_keeps_its_customer(desk: Desk):
    await desk.tell("contact.received", "call-9", 5, **PHONE)
    await desk.tell("customer.merged", "unknown:crm:call-9", 60, into="acme")
    await desk.settle()

    await desk.tell("contact.answered", "call-1", 70, same_as="call-9", source="crm")
    await desk.settle()

    assert [row[:2] for row in await desk.rows(WHOSE)] == [("call-1", "acme")]
    await desk.assert_sound()


def _story(desk: Desk) -> list[Incoming]:
    """Three who are one customer by and by, a tag, a merge, a move, and contacts of all of them."""
    events = [
        desk.event("contact.received", "chat-1", 10, aliases=[TWELVE, JO], **CHAT),
        desk.event("contact.received", "call-1", 20, aliases=[NUMBER], **PHONE),
        desk.event("contact.received", "call-2", 900, aliases=[NUMBER], **PHONE),
        desk.event("contact.received", "mail-1", 30, customer="acme-old", **CHAT),
        desk.event("contact.received", "call-3", 40, **PHONE),
        desk.event("customer.updated", "acme", 50, name="Acme", aliases=[DOMAIN, NUMBER]),
        desk.event("customer.updated", "jensen", 800, tier="important", aliases=[NUMBER]),
        desk.event("customer.updated", "email:jo@acme.test", 70, name="Jo", aliases=[TWELVE]),
        desk.event("customer.merged", "acme-old", 80, into="acme"),
        desk.event("customer.merged", "unknown:crm:call-3", 90, into="jensen"),
    ]
    for seconds, tier in ((15, "important"), (16, "important"), (100, "standard")):
        told = {"tier": tier, "inferred": True, "aliases": [TWELVE, JO]}
        events.append(desk.event("customer.updated", PERSON, seconds, **told))
    return [pseudonymised(event, KEY) for event in events]


@pytest.mark.parametrize("seed", range(6))
async def test_the_registry_and_its_contacts_are_the_same_in_any_order(desk: Desk, seed: int):
    """Would have caught: a projection that remembers who was told first."""
    chance = random.Random(seed)
    story = _story(desk)
    chance.shuffle(story)

    for event in story:
        await desk.store([event])
        if chance.random() < 0.5:
            await desk.settle()
    await desk.settle()

    await desk.assert_sound()
    whole = replay_registry(event for event in await desk.events() if "customer." in event.type)
    async with desk.db.begin() as tx:
        stored = await registry.load_known_of(tx, {row[0] for row in await desk.rows(CUSTOMERS)})
    names = {(name, since, owner) for name, had in whole.owners.items() for since, owner in had}
    assert (stored.entries, stored.merged) == (whole.entries, whole.merged)
    assert set(await desk.rows(CUSTOMER_NAMES)) == names
    jo = pseudonymised(desk.event("customer.updated", "email:jo@acme.test"), KEY).subject
    assert [row[:2] for row in await desk.rows(WHOSE)] == [
        ("call-1", "acme"), ("call-2", "jensen"), ("call-3", "jensen"), ("chat-1", jo),
        ("mail-1", "acme"),
    ]  # fmt: skip
