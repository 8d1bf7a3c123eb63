"""Turned away and called back, on a real database: counted once, whatever comes late or again."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.policy_file.reading import read_policy
from app.metrics.exposition import render
from app.metrics.negotiation import Format
from app.operations.fold import fold
from app.operations.policies import import_policy
from app.operations.present import Presenter
from app.operations.rebuild import rebuild
from app.operations.upkeep import sum_tallies
from app.store.engine import Database, open_database
from tests.conftest import NOON
from tests.metrics.desk import labels, values
from tests.store.desk import POLICY, Desk, terms

CALLS_BACK = POLICY.replace("next_response: 60s", "next_response: 60s\n    callback: 1h")
PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
ACME: dict[str, Any] = {**PHONE, "customer": "acme"}
HOUR = 3600.0
TURNED_AWAY = "SELECT subject, turned_away_inferred FROM contacts WHERE is_turned_away ORDER BY key"
CALLBACKS = """
SELECT c.subject, k.started_at, k.stopped_at FROM clocks k JOIN contacts c ON c.key = k.contact_key
WHERE k.kind = 'callback' ORDER BY k.started_at
"""


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, terms(CALLS_BACK))


async def brief_call(desk: Desk, call: str, start: float, **who: Any) -> None:
    """Answered six seconds after it rang, over twenty seconds later."""
    await desk.tell("contact.received", call, start, **(who or ACME))
    await desk.tell("contact.answered", call, start + 6, agent="a1")
    await desk.tell("contact.resolved", call, start + 26)


async def first_response(desk: Desk, call: str) -> tuple[Any, ...]:
    (found,) = await desk.rows(
        "SELECT ending, settled, noted FROM clocks"
        f" WHERE kind = 'first_response' AND contact_key LIKE '%{call}'"
    )
    return found


async def snapshot(desk: Desk):
    return await Presenter(desk.db, []).take(desk.terms, {}, desk.now)


async def test_a_contact_told_to_be_turned_away_is_counted_once(desk: Desk):
    await brief_call(desk, "call-1", 0)
    await desk.tell("contact.resolved", "call-1", 120, outcome="turned_away")
    await desk.settle()
    await desk.tell("contact.resolved", "call-1", 180, outcome="turned_away")
    await desk.settle()

    assert await desk.tallied("turned_away") == 1
    assert await desk.rows(TURNED_AWAY) == [("call-1", False)]
    await desk.assert_sound()


async def test_when_she_is_back_the_answer_before_was_none(desk: Desk):
    await brief_call(desk, "call-1", 0)
    await desk.settle()
    assert (await first_response(desk, "call-1"))[0] == "answered"

    await desk.tell("contact.received", "call-2", HOUR, **ACME)
    await desk.settle()

    assert await first_response(desk, "call-1") == ("gone", False, False)
    assert [await desk.tallied(what) for what in ("settled", "unsettled")] == [1, 1]
    assert (await snapshot(desk)).inferred == {("hotline", "phone"): 1}
    assert await desk.rows(TURNED_AWAY) == [("call-1", True)]
    assert await desk.tallied("turned_away") == 1
    await desk.assert_sound()


async def test_a_brief_call_that_arrives_after_the_return_is_seen_all_the_same(desk: Desk):
    await desk.tell("contact.received", "call-2", HOUR, **ACME)
    await desk.settle()

    await brief_call(desk, "call-1", 0)
    await desk.settle()

    assert await desk.rows(TURNED_AWAY) == [("call-1", True)]
    await desk.assert_sound()


async def test_a_promise_that_arrives_late_takes_the_mark_back_and_no_counter_falls(desk: Desk):
    await brief_call(desk, "call-1", 0)
    await desk.tell("contact.received", "call-2", HOUR, **ACME)
    await desk.settle()

    due = (NOON + timedelta(hours=3)).isoformat()
    await desk.tell("followup.promised", "call-1", 20, due=due)
    await desk.settle()

    assert await desk.rows(TURNED_AWAY) == []
    assert (await first_response(desk, "call-1"))[0] == "answered"
    assert await desk.rows(CALLBACKS) == []
    assert await desk.tallied("turned_away") == 1
    await desk.assert_sound()


async def test_a_return_that_was_spam_takes_the_mark_back(desk: Desk):
    await brief_call(desk, "call-1", 0)
    await desk.tell("contact.received", "call-2", HOUR, **ACME)
    await desk.settle()

    await desk.tell("contact.discarded", "call-2", HOUR + 10)
    await desk.settle()

    assert await desk.rows(TURNED_AWAY) == []
    await desk.assert_sound()


async def test_an_alias_learned_late_finds_the_return(desk: Desk):
    number: dict[str, Any] = {"aliases": [{"kind": "phone", "value": "+4511223344"}]}
    await brief_call(desk, "call-1", 10, **PHONE, **number)
    await desk.tell("contact.received", "mail-1", HOUR, channel="email", customer="acme")
    await desk.settle()
    assert await desk.rows(TURNED_AWAY) == []

    await desk.tell("customer.updated", "acme", 0, **number)
    await desk.settle()

    assert await desk.rows(TURNED_AWAY) == [("call-1", True)]
    await desk.assert_sound()


async def test_brief_call_and_return_replayed_at_once_by_two_are_not_lost(
    desk: Desk, database_url: str
):
    other = open_database(database_url)
    for turn in range(20):
        who = {**PHONE, "customer": f"customer-{turn}"}
        await brief_call(desk, f"call-{turn}", 0, **who)
        await desk.tell("contact.received", f"again-{turn}", HOUR, **who)
    for _ in range(4):
        await asyncio.gather(*(fold(db, desk.terms, desk.now) for db in (desk.db, other)))
    await desk.settle()

    await other.close()
    assert await desk.tallied("turned_away") == 20
    await desk.assert_sound()


async def test_a_rebuild_counts_nobody_twice(desk: Desk):
    await brief_call(desk, "call-1", 0)
    await brief_call(desk, "call-2", HOUR)
    await desk.tell("contact.missed", "call-3", 2 * HOUR, **ACME)
    await desk.settle()
    await sum_tallies(desk.db)
    before, wanted = await desk.projections(), await desk.rows(CALLBACKS)

    await desk.run("TRUNCATE contacts, contact_names, promises, callbacks, came_back")
    await rebuild(desk.db, desk.terms, desk.now)

    assert await desk.tallied("turned_away") == 2
    assert (await desk.projections(), await desk.rows(CALLBACKS)) == (before, wanted)
    await desk.assert_sound()


async def test_a_contact_that_turns_out_to_be_another_ones_is_not_counted_again(desk: Desk):
    await desk.tell("contact.received", "7", 0, source="/phone", **ACME)
    await desk.tell("contact.resolved", "7", 60, source="/phone", outcome="turned_away")
    await desk.settle()

    await desk.tell("customer.replied", "call-7", 90, source="/a", same_as="/phone 7", **ACME)
    await desk.settle()

    assert await desk.rows("SELECT source FROM contacts WHERE is_turned_away") == [("/a",)]
    assert await desk.tallied("turned_away") == 1


# Called back.


async def test_a_missed_call_is_called_back_or_breaks_once(desk: Desk):
    for call, customer in (("call-1", "acme"), ("call-2", "jensen")):
        await desk.tell("contact.received", call, 0, **PHONE, customer=customer)
        await desk.tell("contact.missed", call, 10)
    await desk.settle()
    await desk.tell("contact.answered", "out-1", 600, direction="outbound", **ACME)
    await desk.settle()
    desk.at(HOUR + 11)

    assert [await desk.judge() for _ in range(2)] == [1, 0]

    assert [stopped for _, _, stopped in await desk.rows(CALLBACKS)].count(None) == 1
    await desk.assert_sound()


async def test_a_call_back_told_late_withdraws_the_breach(desk: Desk):
    await desk.tell("contact.received", "call-1", 0, **ACME)
    await desk.tell("contact.missed", "call-1", 10)
    await desk.settle()
    desk.at(HOUR + 11)
    assert await desk.judge() == 1

    await desk.tell("contact.answered", "out-1", 600, direction="outbound", **ACME)
    done = await desk.settle()

    assert done.breaches_withdrawn == 1
    await desk.assert_sound()


async def test_a_callback_whose_customer_has_news_is_not_judged(desk: Desk):
    await desk.tell("contact.received", "call-1", 0, **ACME)
    await desk.tell("contact.missed", "call-1", 10)
    await desk.settle()
    await desk.run("INSERT INTO touched (key) VALUES ('p:acme')")
    desk.at(HOUR + 11)

    assert await desk.judge() == 0


async def test_a_call_that_changes_its_customer_takes_the_callback_along(desk: Desk):
    number: dict[str, Any] = {"aliases": [{"kind": "phone", "value": "+4511223344"}]}
    await desk.tell("contact.received", "call-1", 5, **PHONE, **number)
    await desk.tell("contact.missed", "call-1", 15)
    await desk.settle()

    await desk.tell("customer.updated", "acme", 0, **number)
    await desk.settle()

    assert await desk.rows("SELECT customer FROM callbacks") == [("acme",)]
    await desk.assert_sound()


async def test_a_new_policy_judges_open_callbacks_anew(desk: Desk):
    await import_policy(desk.db, CALLS_BACK, desk.now)
    await desk.tell("contact.received", "call-1", 0, **ACME)
    await desk.tell("contact.missed", "call-1", 10)
    await desk.settle()

    text = CALLS_BACK.replace("version: 1", "version: 2").replace("callback: 1h", "callback: 2h")
    desk.at(60)
    await import_policy(desk.db, text, desk.now)
    desk.terms = type(desk.terms)(
        type(desk.terms.policies)((*desk.terms.policies.versions, _at(text, desk)))
    )
    await desk.settle()

    assert await desk.rows("SELECT target_us FROM clocks WHERE kind = 'callback'") == [
        (7_200_000_000,)
    ]


def _at(text: str, desk: Desk):
    return replace(read_policy(text), effective_from=desk.now)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_and_the_batches_the_tables_say_the_same(desk: Desk, seed: int):
    """Would have caught: a return, or a call back, that is only seen if it comes last."""
    chance = random.Random(seed)
    ends = ["contact.missed", "contact.abandoned", "contact.resolved", "contact.discarded"]
    events = []
    for number in range(24):
        start = chance.randrange(0, 400) * 60
        who = {**PHONE, "customer": chance.choice(["acme", "jensen"])}
        call = f"call-{number:02}"
        events.append(desk.event("contact.received", call, start, **who))
        if chance.random() < 0.6:
            way = chance.choice([None, None, "outbound"])
            events.append(desk.event("contact.answered", call, start + 6, direction=way))
        outcome = chance.choice(["unknown", "unknown", "turned_away"])
        end = chance.choice(ends)
        told = {"outcome": outcome} if end == "contact.resolved" else {}
        events.append(desk.event(end, call, start + chance.choice([4, 20, 200]), **told))
    chance.shuffle(events)
    while events:
        batch = [events.pop() for _ in range(min(len(events), chance.randrange(1, 9)))]
        await desk.store(batch)
        await desk.settle()

    await desk.assert_sound()


# Shown.


async def test_the_counter_stands_at_zero_for_every_team_and_channel_of_the_policy(desk: Desk):
    page = render(await snapshot(desk), Format.TEXT)

    for name in ("evenhand_contacts_turned_away_total", "evenhand_callbacks_open"):
        assert values(page, name) == {
            labels(team="hotline", channel="phone"): 0.0,
            labels(team="support", channel="chat"): 0.0,
            labels(team="support", channel="email"): 0.0,
        }


async def test_who_was_turned_away_and_not_called_back_is_shown(desk: Desk):
    await desk.tell("customer.updated", "acme", 0, name="Acme A/S")
    await desk.tell("contact.received", "call-1", 0, link="https://phone.example/1", **ACME)
    await desk.tell("contact.resolved", "call-1", 20, outcome="turned_away")
    await brief_call(desk, "call-2", 60)
    await desk.tell("contact.received", "call-3", 120, **ACME)
    await desk.settle()

    shown = await snapshot(desk)

    assert [(one.contact, one.customer, one.inferred) for one in shown.not_called_back] == [
        ("call-2", "Acme A/S", True),
        ("call-1", "Acme A/S", False),
    ]
    first = shown.not_called_back[-1]
    assert (first.since, first.due_at) == (
        NOON + timedelta(seconds=20),
        NOON + timedelta(seconds=HOUR + 20),
    )
    assert (first.team, first.channel, first.link) == (
        "hotline", "phone", "https://phone.example/1",
    )  # fmt: skip
    assert {day.team: day.turned_away for day in shown.teams} == {"hotline": 2, "support": 0}
    assert (shown.callbacks, shown.turned_away) == (
        {("hotline", "phone"): 1},
        {("hotline", "phone"): 2},
    )


async def test_who_was_called_back_is_shown_no_more_and_stays_counted(desk: Desk):
    await desk.tell("contact.received", "call-1", 0, **ACME)
    await desk.tell("contact.resolved", "call-1", 20, outcome="turned_away")
    await desk.tell("contact.answered", "out-1", 90, direction="outbound", **ACME)
    await desk.settle()

    shown = await snapshot(desk)

    assert (shown.not_called_back, sum(shown.callbacks.values())) == ((), 0)
    assert shown.turned_away == {("hotline", "phone"): 1}
    assert next(day.turned_away for day in shown.teams if day.team == "hotline") == 1
