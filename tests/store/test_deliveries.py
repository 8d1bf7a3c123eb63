"""What is remembered of deliveries: bounded, of every replica, and never lost while the database is away."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError

from app.core.deliveries import NAMELESS, Arrival, Verdict, shown
from app.core.events import (
    AgentReplied,
    Alias,
    AliasKind,
    Channel,
    ContactReceived,
    Incoming,
)
from app.core.source import Source
from app.operations.deliveries import BOTS, Deliveries
from app.operations.quarantine import Raw, keep_raw
from app.operations.source_words import load_overlaid, say_machine, say_team
from app.operations.upkeep import QUARANTINE_KEPT, keep_up
from app.sources.adapter import Delivery, SourceConfig
from app.sources.kinds import ADAPTERS
from app.sources.telling import UNNAMED
from app.store import deliveries as store
from app.store import quarantine
from app.store.deliveries import KEPT_DELIVERIES, MAX_NAMES, Word
from app.store.engine import Database, open_database
from tests.conftest import NOON
from tests.store.desk import Desk

PHONE = SourceConfig(source=Source(id="phone", kind="aircall", channel=Channel.PHONE))
CALLER = Alias(AliasKind.PHONE, "+4570123456")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def delivery(seconds: float = 0, event: str = "call.created") -> Delivery:
    return Delivery({}, b'{"event":"%s"}' % event.encode(), at(seconds))


def told(seconds: float = 0, subject: str = "1", team: str = "501") -> Incoming:
    data = ContactReceived(channel=Channel.PHONE, team=team, aliases=(CALLER,))
    return Incoming(
        source="/hooks/phone",
        id=f"{subject}-{seconds}",
        type=data.type,
        occurred_at=at(seconds),
        received_at=at(seconds),
        subject=subject,
        body=msgspec.json.encode(data),
    )


async def newest(db: Database) -> Sequence[Arrival]:
    async with db.begin() as tx:
        return (await store.load_newest(tx, ["phone"]))["phone"]


async def words(db: Database) -> dict[tuple[str, str], int]:
    async with db.begin() as tx:
        return {(word.what, word.name): word.n for word in await store.load_words(tx)}


async def test_the_newest_deliveries_of_all_replicas_are_remembered(
    db: Database, database_url: str
):
    other = open_database(database_url)
    one, two = Deliveries(db), Deliveries(other)
    for seconds in range(KEPT_DELIVERIES):
        ledger = one if seconds % 2 else two
        ledger.taken(PHONE, delivery(seconds), [told(seconds)], 1)
    await one.write(at(60))
    await two.write(at(60))
    one.taken(PHONE, delivery(99, "call.ended"), [], 0)
    await one.write(at(100))
    await other.close()

    found = await newest(db)

    assert len(found) == KEPT_DELIVERIES
    assert (found[0].event, found[0].verdict) == ("call.ended", Verdict.NOTHING)
    assert {each.received_at for each in found[1:]} <= {at(n) for n in range(KEPT_DELIVERIES)}
    assert await words(db) == {
        ("event", "call.created"): KEPT_DELIVERIES,
        ("event", "call.ended"): 1,
        ("type", "contact.received"): KEPT_DELIVERIES,
        ("team", "501"): KEPT_DELIVERIES,
    }


async def test_a_flood_is_counted_whole_and_remembered_in_part(db: Database):
    ledger = Deliveries(db)
    for n in range(3_000):
        ledger.taken(PHONE, delivery(n / 1_000), [told(n / 1_000)], 1)
        ledger.refused("phone", at(n / 1_000), "a guess")

    await ledger.write(at(3))

    rows = await Desk(db).rows("SELECT verdict, count(*) FROM deliveries GROUP BY 1 ORDER BY 1")
    assert rows == [("refused", KEPT_DELIVERIES), ("taken", KEPT_DELIVERIES)]
    async with db.begin() as tx:
        counts = await store.load_counts(tx, at(3))
    assert counts["phone", Verdict.TAKEN].last_hour == 3_000
    assert counts["phone", Verdict.REFUSED].last_hour == 3_000


async def test_what_cannot_be_written_is_written_later_and_counted_once(db: Database):
    ledger = Deliveries(db)
    ledger.taken(PHONE, delivery(), [told()], 1)
    await Desk(db).run("ALTER TABLE deliveries RENAME TO deliveries_away")
    with pytest.raises(DBAPIError):
        await ledger.write(NOON)
    await Desk(db).run("ALTER TABLE deliveries_away RENAME TO deliveries")
    ledger.taken(PHONE, delivery(5), [told(5)], 1)

    await ledger.write(at(6))
    await ledger.write(at(7))

    assert [each.received_at for each in await newest(db)] == [at(5), NOON]
    assert (await words(db))["event", "call.created"] == 2


async def test_words_without_end_are_forgotten_by_age_and_said_to_be(db: Database):
    dropped = []
    ledger = Deliveries(db, on_dropped=lambda: dropped.append(1))
    for n in range(MAX_NAMES + 3):
        ledger.taken(PHONE, delivery(n), [told(n, team=f"team {n}")], 1)
        if n % 400 == 399:  # more in one second would not be looked into
            await ledger.write(at(n))

    await ledger.write(at(MAX_NAMES))

    teams = {name for what, name in await words(db) if what == "team"}
    assert len(teams) == MAX_NAMES
    assert {"team 0", "team 1", "team 2"}.isdisjoint(teams)
    assert dropped


async def test_a_delivery_is_remembered_without_numbers_even_in_its_own_id(db: Database):
    ledger = Deliveries(db)
    ledger.taken(PHONE, delivery(), [told(subject="1064:4570123456")], 1)
    ledger.kept(PHONE, delivery(), "expected a name, got 'anna@acme.example +45 70 12 34 56'")
    await ledger.write(NOON)

    kept, taken = await newest(db)

    assert taken.told[0].contact == "1064:+45 •• •• •• 56"
    assert taken.told[0].customer == "+45 •• •• •• 56"
    assert kept.reason == "expected a name, got 'a•••@acme.example +45 •• •• •• 56'"


def test_what_is_shown_is_short_and_prints():
    assert shown("a\x00b\x1b[31m" + "c" * 500) == "a b [31m" + "c" * 112
    assert shown("Call created") == "Call created"


def test_a_contact_without_a_name_is_known_by_the_same_word_everywhere():
    assert NAMELESS == UNNAMED


async def test_what_is_kept_is_bounded_by_number_as_soon_as_it_comes(
    db: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.operations.deliveries.MAX_KEPT", 3)
    dropped = []
    ledger = Deliveries(db, on_kept_dropped=lambda: dropped.append(1))
    for n in range(5):
        await keep_raw(db, Raw("phone", "expected JSON", {}, b"%d" % n), at(n))
        ledger.kept(PHONE, delivery(n), "expected JSON")

    await ledger.write(at(5))

    kept = await Desk(db).rows("SELECT body FROM quarantine ORDER BY id")
    assert kept == [(b"2",), (b"3",), (b"4",)]
    assert dropped == [1]


async def test_what_is_kept_is_bounded_by_size_and_age(db: Database):
    for n, size in enumerate((10, 400, 400, 400)):
        await keep_raw(db, Raw("phone", "expected JSON", {}, b"x" * size), at(n))
    await keep_raw(db, Raw("chat", "expected JSON", {}, b"x" * 900), NOON)

    async with db.begin() as tx:
        assert await quarantine.drop_too_many(tx, ["phone"], 10, 1_000) == 2

    sizes = "SELECT source, octet_length(body) FROM quarantine ORDER BY id"
    assert await Desk(db).rows(sizes) == [("phone", 400), ("phone", 400), ("chat", 900)]
    assert await keep_up(db, at(1) + QUARANTINE_KEPT) == 1
    assert await Desk(db).rows(sizes) == [("phone", 400), ("phone", 400)]


async def test_agents_who_are_gone_for_a_month_are_forgotten(db: Database):
    async with db.begin() as tx:
        await store.remember(tx, [Word("phone", "agent", "7", 1, NOON, NOON)])

    await keep_up(db, NOON + timedelta(days=31))

    assert await words(db) == {}


async def test_who_answers_is_remembered_where_it_may_be_a_machine_but_no_address(db: Database):
    kind = next(kind for kind, each in ADAPTERS.items() if BOTS in each.options)
    other = next(kind for kind, each in ADAPTERS.items() if BOTS not in each.options)
    desk = SourceConfig(source=Source(id="desk", kind=kind))
    elsewhere = SourceConfig(source=Source(id="elsewhere", kind=other))
    ledger = Deliveries(db)
    answers = [
        msgspec.structs.replace(
            told(n), type="agent.replied", body=msgspec.json.encode(AgentReplied(agent=agent))
        )
        for n, agent in enumerate(("7", "anna@acme.example", "+4570123456"))
    ]
    ledger.taken(desk, delivery(), answers, 3)
    ledger.taken(elsewhere, delivery(), answers, 3)

    await ledger.write(NOON)

    found = "SELECT source, name FROM source_told WHERE what = 'agent'"
    assert await Desk(db).rows(found) == [("desk", "7")]


async def test_the_file_wins_over_a_click_and_a_click_adds_to_it(db: Database):
    file = SourceConfig(source=Source(id="phone", kind="aircall", teams={"501": "hotline"}))
    without = SourceConfig(source=Source(id="phone", kind="aircall"))
    await say_team(db, without, "501", "support", NOON)
    await say_team(db, without, "502", "support", NOON)
    await say_machine(db, without, "Bot", NOON, is_machine=True)

    told_ = await load_overlaid(db, [file])

    assert told_.revision == 3
    assert dict(told_.configs[0].source.teams) == {"501": "hotline", "502": "support"}
    assert told_.configs[0].is_bot("bot")


async def test_a_contact_that_is_over_is_judged_anew_too(db: Database):
    desk = Desk(db)
    for type_ in ("contact.received", "contact.resolved"):
        await desk.tell(type_, "1", source="/hooks/phone", team="502", channel="phone")
    await desk.tell("contact.received", "2", source="/hooks/phone", team="503", channel="phone")
    await desk.settle()

    touched = await say_team(db, PHONE, "502", "support", at(10))

    assert touched == 1
    assert await desk.rows("SELECT key FROM touched") == [("c:/hooks/phone\x1f1",)]
