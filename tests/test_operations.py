"""What the service does with events, on a real database and with concurrency on purpose."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.operations.fold import fold
from app.operations.intake import record_events
from app.operations.judge import note_due
from app.store.engine import Database, open_database
from tests.conftest import NOON
from tests.store.desk import Desk

PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
CHAT: dict[str, Any] = {"channel": "chat", "team": "support"}
DUE_SOON = (NOON + timedelta(minutes=30)).isoformat()


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db)


async def test_two_arrivals_of_one_event_at_once_are_one(desk: Desk, database_url: str):
    other = open_database(database_url)
    event = desk.event("contact.received", "call-1", **PHONE)

    both = await asyncio.gather(record_events(desk.db, [[event]]), record_events(other, [[event]]))

    await other.close()
    assert sorted(answer[0].new for answer in both) == [0, 1]
    assert await desk.rows("SELECT count(*) FROM events") == [(1,)]


async def test_two_judges_note_one_breach(desk: Desk, database_url: str):
    other = open_database(database_url)
    for number in range(40):
        await desk.tell("contact.received", f"call-{number}", **PHONE)
    await desk.settle()

    late = desk.at(21)
    judged = await asyncio.gather(*(note_due(db, late) for db in (desk.db, other, desk.db, other)))

    await other.close()
    assert sum(one.noted for one in judged) == 40
    assert await desk.tallied("breached") == 40
    await desk.assert_sound()


async def test_folding_and_judging_at_once_on_one_contact_keep_the_books(
    desk: Desk, database_url: str
):
    other = open_database(database_url)
    for turn in range(30):
        call, start = f"call-{turn % 3}", turn * 100.0
        await desk.tell("contact.received", call, start, **PHONE)
        late = desk.at(start + 25)
        await asyncio.gather(*(fold(db, desk.terms, late) for db in (desk.db, other)))
        await desk.tell("contact.answered", call, start + 10 + turn % 2 * 13, agent="a1")
        await asyncio.gather(
            note_due(desk.db, late),
            fold(other, desk.terms, late),
            note_due(other, late),
            fold(desk.db, desk.terms, late),
        )
    await desk.settle()

    await other.close()
    await desk.assert_sound()


async def test_a_late_answer_withdraws_a_noted_breach_and_no_counter_falls(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.settle()
    desk.at(21)
    assert await desk.judge() == 1

    await desk.tell("contact.answered", "call-1", 5, agent="a1")
    done = await desk.settle()

    assert done.breaches_withdrawn == 1
    assert [await desk.tallied(what) for what in ("settled", "breached", "withdrawn")] == [1, 1, 1]
    await desk.assert_sound()


async def test_an_alias_learned_late_gives_the_contact_to_its_customer(desk: Desk):
    number: dict[str, Any] = {"aliases": [{"kind": "phone", "value": "+4511223344"}]}
    await desk.tell("contact.received", "call-1", 10, **PHONE, **number)
    await desk.settle()

    await desk.tell("customer.updated", "acme", 0, tier="important", **number)
    await desk.settle()

    assert await desk.rows("SELECT customer, tier FROM contacts") == [("acme", "important")]
    await desk.assert_sound()


async def test_merged_customers_are_one(desk: Desk):
    await desk.tell("customer.updated", "acme", 0, name="Acme", tier="important")
    for customer, call in (("acme", "call-1"), ("acme-ltd", "call-2"), ("acme-old", "call-3")):
        await desk.tell("contact.received", call, 5, customer=customer, **PHONE)
    await desk.settle()

    await desk.tell("customer.merged", "acme-old", 6, into="acme-ltd")
    await desk.settle()
    await desk.tell("customer.merged", "acme-ltd", 7, into="acme")
    await desk.settle()

    assert set(await desk.rows("SELECT customer, tier FROM contacts")) == {("acme", "important")}
    await desk.assert_sound()


async def test_merged_contacts_are_replayed_together_whichever_news_comes_last(desk: Desk):
    await desk.tell("contact.received", "chat-1", 0, customer="acme", **CHAT)
    await desk.tell("contact.received", "chat-2", 50, customer="acme", **CHAT)
    await desk.settle()
    await desk.tell("contact.merged", "chat-1", 60, into="chat-2")
    await desk.settle()
    await desk.tell("customer.replied", "chat-1", 70)
    await desk.tell("agent.replied", "chat-2", 80, agent="a1")
    await desk.settle()

    await desk.assert_sound()
    assert (
        await desk.rows("SELECT min(started_at) FROM clocks WHERE contact_key LIKE '%chat-2'")
    ) == [(NOON,)]


async def test_a_promise_made_on_a_merged_contact_is_one_promise(desk: Desk):
    await desk.tell("contact.received", "chat-1", 0, customer="acme", **CHAT)
    await desk.tell("followup.promised", "chat-1", 5, customer="acme", due=DUE_SOON)
    await desk.tell("contact.received", "chat-2", 50, customer="acme", **CHAT)
    await desk.tell("contact.merged", "chat-1", 60, into="chat-2")
    await desk.settle()

    assert await desk.rows("SELECT count(*) FROM promises") == [(1,)]
    await desk.assert_sound()


async def test_a_promise_that_another_tool_tells_of_a_call_is_kept_with_that_call(desk: Desk):
    await desk.tell("contact.received", "7", 0, source="/a-phone", customer="acme", **PHONE)
    await desk.tell("contact.answered", "7", 3, source="/a-phone", agent="a1")
    await desk.settle()

    same: dict[str, Any] = {"same_as": "/a-phone 7", "customer": "acme"}
    await desk.tell("followup.promised", "phone-7", 5, due=DUE_SOON, **same)
    await desk.settle()
    assert await desk.rows("SELECT count(*) FROM promises") == [(1,)]
    await desk.tell("followup.done", "phone-7", 600, **same)
    await desk.settle()

    assert await desk.rows("SELECT ending FROM promises") == [("answered",)]
    await desk.assert_sound()


async def test_a_promise_is_kept_by_an_answer_on_another_contact_folded_at_once(
    desk: Desk, database_url: str
):
    other = open_database(database_url)
    for turn in range(20):
        customer = f"customer-{turn}"
        told = {"customer": customer, **CHAT}
        await desk.tell("contact.received", f"chat-{turn}", turn, **told)
        await desk.tell("followup.promised", f"chat-{turn}", turn + 1, due=DUE_SOON, **told)
        await desk.tell("agent.replied", f"mail-{turn}", 1200, agent="a1", **told)
    desk.at(1300)

    for _ in range(3):
        await asyncio.gather(*(fold(db, desk.terms, desk.now) for db in (desk.db, other)))
    await desk.settle()

    await other.close()
    assert await desk.rows("SELECT ending, count(*) FROM promises GROUP BY 1") == [("answered", 20)]
    await desk.assert_sound()


async def test_an_earlier_answer_that_comes_late_dates_a_promise_kept_long_ago(desk: Desk):
    told: dict[str, Any] = {"customer": "acme", **CHAT}
    await desk.tell("contact.received", "chat-1", 0, **told)
    await desk.tell("followup.promised", "chat-1", 1, due=DUE_SOON, **told)
    await desk.tell("followup.done", "chat-1", 3600, **told)
    desk.at(30 * 86400)
    await desk.settle()

    await desk.tell("agent.replied", "mail-9", 1200, agent="a1", **told)
    await desk.settle()

    assert await desk.rows("SELECT ended_at FROM promises") == [(NOON + timedelta(seconds=1200),)]
    await desk.assert_sound()


async def _poison(desk: Desk, type_: str, subject: str, body: str, mark: str) -> None:
    contact = f"crm\x1f{subject}" if mark.startswith("c:") else None
    await desk.run(
        "INSERT INTO seen (source, event_id, digest) VALUES ('crm', :id, 'x')", id=f"bad-{subject}"
    )
    await desk.run(
        "INSERT INTO events (received_at, occurred_at, source, event_id, type, subject,"
        " contact_key, body) VALUES (:at, :at, 'crm', :id, :type, :subject, :contact, :body)",
        at=NOON, id=f"bad-{subject}", type=type_, subject=subject, contact=contact, body=body,
    )  # fmt: skip
    await desk.run("INSERT INTO touched (key) VALUES (:key)", key=mark)


async def test_a_contact_that_cannot_be_replayed_is_set_aside_and_blocks_nothing(desk: Desk):
    await desk.tell("contact.received", "call-bad", **PHONE)
    await desk.settle()
    await _poison(desk, "contact.answered", "call-bad", '{"agent": 7}', "c:crm\x1fcall-bad")
    await desk.tell("contact.received", "call-good", **PHONE)

    done = await desk.settle()

    assert list(done.failed) == ["c:crm\x1fcall-bad"]
    assert "agent" in done.failed["c:crm\x1fcall-bad"]
    assert [key for (key,) in await desk.rows("SELECT key FROM set_aside")] == list(done.failed)
    keys = [key for (key,) in await desk.rows("SELECT key FROM contacts ORDER BY key")]
    assert keys == ["crm\x1fcall-bad", "crm\x1fcall-good"], "what was known of it stays"


async def test_a_contact_set_aside_comes_back_once_it_can_be_replayed(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await _poison(desk, "contact.answered", "call-1", '{"agent": 7}', "c:crm\x1fcall-1")
    await desk.settle()
    await desk.run("UPDATE events SET body = '{\"agent\": \"a7\"}' WHERE event_id LIKE 'bad%'")
    await desk.tell("contact.resolved", "call-1", 30)

    await desk.settle()

    assert await desk.rows("SELECT key FROM set_aside") == []
    await desk.assert_sound()


async def test_a_customer_that_cannot_be_replayed_blocks_neither_customers_nor_contacts(desk: Desk):
    await _poison(desk, "customer.updated", "bad", '{"tier": 7}', "r:bad")
    await _poison(desk, "customer.merged", "worse", "no JSON at all", "r:worse")
    await desk.tell("customer.updated", "good", tier="important")
    await desk.tell("contact.received", "call-1", customer="good", **PHONE)

    done = await desk.settle()

    assert sorted(done.failed) == ["r:bad", "r:worse"]
    assert await desk.rows("SELECT customer, tier FROM contacts") == [("good", "important")]


async def test_a_contact_that_cannot_be_stored_is_set_aside_and_blocks_nothing(desk: Desk):
    wide = "".join(chr(0x1F300 + (7919 * n) % 600) for n in range(250))
    await desk.tell("contact.received", f"{wide}", customer=f"{wide[::-1]}", **PHONE)
    await desk.tell("contact.received", "call-good", **PHONE)

    await desk.settle()

    keys = [key for (key,) in await desk.rows("SELECT key FROM contacts")]
    assert "crm\x1fcall-good" in keys


async def test_a_mark_that_is_committed_after_a_later_one_is_not_lost(
    desk: Desk, database_url: str
):
    slow = open_database(database_url)
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.run("DELETE FROM touched")
    async with slow.begin() as tx:
        await tx.execute(text("INSERT INTO touched (key) VALUES ('c:crm\x1fcall-1')"))
        await desk.tell("contact.received", "call-2", **PHONE)
        await desk.settle()
    await desk.settle()

    await slow.close()
    assert await desk.rows("SELECT count(*) FROM contacts") == [(2,)]
    await desk.assert_sound()


async def test_a_promise_whose_news_is_not_replayed_yet_is_not_judged(desk: Desk):
    told: dict[str, Any] = {"customer": "acme", **CHAT}
    await desk.tell("contact.received", "chat-1", 0, **told)
    await desk.tell("agent.replied", "chat-1", 1, agent="a1", **told)
    await desk.tell("followup.promised", "chat-1", 2, due=DUE_SOON, **told)
    await desk.settle()
    await desk.run("INSERT INTO touched (key) VALUES ('p:acme')")
    desk.at(1801)

    assert await desk.judge() == 0
    await desk.settle()

    assert await desk.tallied("breached") == 1
    await desk.assert_sound()


async def test_a_contact_set_aside_keeps_what_was_said_of_it(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.settle()
    desk.at(25)
    assert await desk.judge() == 1

    await _poison(desk, "contact.answered", "call-1", '{"agent": 7}', "c:crm\x1fcall-1")
    done = await desk.settle()

    assert done.breaches_withdrawn == 0
    assert await desk.rows("SELECT noted FROM clocks") == [(True,)]


async def test_a_breach_taken_back_is_dated_as_it_was_noted(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.settle()
    desk.at(21)
    await desk.judge()
    (noted,) = await desk.rows("SELECT breached_at FROM breaches")

    await desk.tell("contact.answered", "call-1", 5, agent="a1")
    await desk.settle()

    assert await desk.rows("SELECT DISTINCT breached_at FROM breaches") == [noted]
