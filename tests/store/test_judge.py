"""What fell due is noted once and dated when it did: breaches and warnings, whoever looks and when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.operations.judge import CLOCKS_A_ROUND, note_due
from app.operations.rebuild import rebuild
from app.store.engine import Database, open_database
from tests.conftest import NOON
from tests.running import HandClock, running
from tests.store.desk import POLICY, Desk, terms

WARNING = POLICY + "warnings: [50 %, 80 %, 1h after]\n"
CHAT: dict[str, Any] = {"channel": "chat", "team": "support"}
PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}

WARNED = """
SELECT level, extract(epoch FROM fell_due_at - '2026-03-02 12:00+00')::int,
  extract(epoch FROM noted_at - '2026-03-02 12:00+00')::int
FROM warnings WHERE kind = 'first_response' ORDER BY fell_due_at
"""


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, terms(WARNING))


async def _levels(desk: Desk) -> list[tuple[Any, ...]]:
    """Level, when it fell due and when it was noted, in seconds after noon."""
    return await desk.rows(WARNED)


async def test_each_level_is_told_once_as_it_falls_due(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.settle()

    for seconds in (1799, 1800, 1801, 2880, 3000, 7200, 7300):
        await note_due(desk.db, desk.at(seconds))

    told = await _levels(desk)
    assert told == [("50 %", 1800, 1800), ("80 %", 2880, 2880), ("1h after", 7200, 7200)]
    assert await desk.tallied("warned 50 %") == 1
    await desk.assert_sound()


async def test_a_restart_notes_at_once_what_fell_due_meanwhile_and_dates_it_right(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.settle()

    judged = await note_due(desk.db, desk.at(7000))

    assert judged.noted == 2
    assert await _levels(desk) == [
        ("50 %", 10, 7000),
        ("80 %", 16, 7000),
        ("50 %", 1800, 7000),
        ("80 %", 2880, 7000),
        ("1h after", 3620, 7000),
    ]
    dated = await desk.rows("SELECT breached_at, noted_at FROM breaches ORDER BY breached_at")
    assert dated == [
        (NOON + timedelta(seconds=20), desk.now),
        (NOON + timedelta(hours=1), desk.now),
    ]
    await desk.assert_sound()


async def test_two_judges_tell_no_level_twice(desk: Desk, database_url: str):
    other = open_database(database_url)
    for number in range(40):
        await desk.tell("contact.received", f"chat-{number}", **CHAT)
    await desk.settle()

    late = desk.at(3000)
    await asyncio.gather(*(note_due(db, late) for db in (desk.db, other, desk.db, other)))

    await other.close()
    assert len(await _levels(desk)) == 80
    assert await desk.tallied("warned 80 %") == 40
    await desk.assert_sound()


async def test_judging_and_folding_at_once_tell_no_level_twice(desk: Desk, database_url: str):
    other = open_database(database_url)
    for turn in range(10):
        chat, start = f"chat-{turn}", turn * 5000.0
        await desk.tell("contact.received", chat, start, **CHAT)
        await desk.settle()
        late = desk.at(start + 3000)
        await desk.tell("customer.replied", chat, start + 3000, **CHAT)
        await asyncio.gather(note_due(desk.db, late), note_due(other, late), desk.settle())

    await note_due(desk.db, desk.now)

    await other.close()
    found = await desk.rows(
        "SELECT level, count(*) FROM warnings WHERE kind = 'first_response' GROUP BY 1 ORDER BY 1"
    )
    assert found == [("1h after", 9), ("50 %", 10), ("80 %", 10)]
    await desk.assert_sound()


async def test_a_contact_with_news_is_left_to_its_replay(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.settle()
    await desk.tell("agent.replied", "chat-1", 60, agent="a1", **CHAT)

    judged = await note_due(desk.db, desk.at(4000))
    assert (judged.noted, judged.warned) == (0, 0)
    await desk.settle()

    assert await _levels(desk) == []
    await desk.assert_sound()


async def test_an_answer_told_late_leaves_the_levels_that_had_come_before_it(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.tell("agent.replied", "chat-1", 2000, agent="a1", **CHAT)
    desk.at(9000)

    await desk.settle()

    assert await _levels(desk) == [("50 %", 1800, 9000)]
    await desk.assert_sound()


async def test_news_that_were_behind_do_not_hide_what_fell_due_elsewhere(desk: Desk):
    await desk.tell("contact.received", "call-0", **PHONE)
    await desk.tell("contact.received", "call-1", 1, **PHONE)
    await desk.settle()
    await desk.run(
        "INSERT INTO clocks SELECT 'busy-' || n, 'first_response', 1, channel, team, tier,"
        " started_at - interval '1 hour', target_us, due_at, breaches_at - interval '1 hour',"
        " NULL, NULL, NULL, '[]', false, true, rule, 1, false, false, false"
        " FROM clocks, generate_series(1, :n) AS n WHERE contact_key LIKE '%call-0'"
        " AND kind = 'first_response'",
        n=CLOCKS_A_ROUND,
    )
    await desk.run(
        "INSERT INTO touched (key) SELECT 'c:busy-' || n FROM generate_series(1, 2000) n"
    )

    assert (await note_due(desk.db, desk.at(30))).noted == 2


async def test_a_pause_lets_no_level_fall_due(desk: Desk):
    desk.terms = _office("warnings: [50 %, 80 %]")
    await desk.tell("contact.received", "mail-1", **MAIL)
    await desk.tell("agent.replied", "mail-1", 60, agent="a1", **MAIL)
    await desk.tell("contact.held", "mail-1", 120, waiting_for="customer", **MAIL)
    await desk.settle()

    await note_due(desk.db, desk.at(4 * 86400))
    assert await _resolution_levels(desk) == []
    await desk.tell("contact.resumed", "mail-1", 4 * 86400, **MAIL)
    await desk.settle()
    await note_due(desk.db, desk.at(4 * 86400 + 1.5 * 3600))

    assert [level for level, _ in await _resolution_levels(desk)] == ["50 %"]
    await desk.assert_sound()


MAIL: dict[str, Any] = {"channel": "email", "team": "support"}
OFFICE = """
version: 1
calendars: {office: {hours: {mon-fri: "09:00-17:00"}}}
tiers: {standard: {default: true}}
teams: {support: {calendar: office, channels: [email]}}
targets: [{rule: everyone, first_response: 5h, resolution: 3h}]
"""


def _office(*more: str) -> Terms:
    return terms("\n".join((OFFICE, *more)))


async def _resolution_levels(desk: Desk) -> list[tuple[Any, ...]]:
    return await desk.rows(
        "SELECT level, fell_due_at FROM warnings WHERE kind = 'resolution' ORDER BY fell_due_at"
    )


async def test_what_is_due_at_closing_is_warned_of_before_closing_and_breaks_in_the_morning(
    desk: Desk,
):
    desk.terms = _office()
    await desk.tell("contact.received", "mail-1", **MAIL)
    await desk.settle()

    await note_due(desk.db, desk.at(4.5 * 3600))
    assert await _levels(desk) == [("before closing", 16200, 16200)]
    await note_due(desk.db, desk.at(12 * 3600))
    assert await desk.rows("SELECT kind FROM breaches") == [("resolution",)]
    await note_due(desk.db, desk.at(21 * 3600 + 1))

    assert ("first_response",) in await desk.rows("SELECT kind FROM breaches")
    await desk.assert_sound()


async def test_a_clock_that_is_judged_anew_tells_no_level_again(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.settle()
    await note_due(desk.db, desk.at(1900))
    newer = read_policy(WARNING.replace("version: 1", "version: 2").replace("80 %", "90 %"))

    desk.terms = Terms(Policies((desk.terms.policies.newest, newer)))
    await desk.run("INSERT INTO touched (key) SELECT 'c:' || key FROM contacts")
    await desk.settle()
    await note_due(desk.db, desk.at(3500))
    await rebuild(desk.db, desk.terms, desk.now)
    await note_due(desk.db, desk.now)

    assert await _levels(desk) == [("50 %", 1800, 1900), ("90 %", 3240, 3500)]
    await desk.assert_sound()


async def test_a_contact_that_is_reopened_tells_no_level_again(desk: Desk):
    desk.terms = _office("warnings: [50 %]")
    await desk.tell("contact.received", "mail-1", **MAIL)
    await desk.settle()
    await note_due(desk.db, desk.at(5500))
    await desk.tell("contact.resolved", "mail-1", 5600, **MAIL)
    await desk.settle()
    await desk.tell("contact.reopened", "mail-1", 5700, **MAIL)
    await desk.settle()

    await note_due(desk.db, desk.at(6000))

    assert len(await _resolution_levels(desk)) == 1
    await desk.assert_sound()


async def test_clocks_that_were_lost_tell_no_level_again(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.settle()
    await note_due(desk.db, desk.at(1900))
    await desk.run("UPDATE clocks SET warned = '{}', next_warning_at = '2026-03-02 12:30+00'")

    await note_due(desk.db, desk.now)

    assert [level for level, _, _ in await _levels(desk)] == ["50 %"]
    assert await desk.tallied("warned 50 %") == 1


async def test_the_next_thing_that_falls_due_is_known(desk: Desk):
    await desk.tell("contact.received", "chat-1", **CHAT)
    await desk.settle()

    assert (await note_due(desk.db, desk.at(10))).next_at == NOON + timedelta(seconds=1800)
    await note_due(desk.db, desk.at(2900))
    assert (await note_due(desk.db, desk.now)).next_at == NOON + timedelta(hours=1)


@pytest.fixture
async def warned_pages(db: Database, database_url: str, tmp_path) -> AsyncIterator[list[Any]]:
    """What /metrics says of warnings, before and after two levels fell due."""
    file = tmp_path / "policy.yaml"
    file.write_text(WARNING)
    async with running(db, database_url, HandClock(), policy_file=file) as service:
        before = await service.metrics()
        await service.send("contact.received", "chat-1", **CHAT)
        service.clock.pass_(seconds=3000)
        await service.settle()
        yield [before, await service.metrics()]


async def test_the_counter_of_warnings_begins_at_zero_and_counts(warned_pages: list[Any]):
    before, after = warned_pages
    labels = 'channel="chat",team="support",tier="standard",clock="first_response"'

    told = [f'evenhand_warnings_total{{{labels},level="{n} %"}}' for n in (50, 80)]

    assert [before[name] for name in told] == [0, 0]
    assert [after[name] for name in told] == [1, 1]
    assert after[f'evenhand_warnings_total{{{labels},level="1h after"}}'] == 0
