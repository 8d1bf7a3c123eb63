"""The manager interface is listened to: what was heard is stored, what may be missing is said."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.pollers import ami
from app.pollers.ami import AmiPoller
from app.sources.adapter import Connection, Delivery
from tests.conftest import NOON
from tests.pollers.asterisk import SECRET, USER, Asterisk, asterisk, block, joined
from tests.pollers.desk import PATIENCE, Desk, source

COUNT = "SELECT count(*) FROM events WHERE type = 'contact.received'"


@pytest.fixture
async def pbx() -> AsyncIterator[Asterisk]:
    async with asterisk(Asterisk()) as server:
        yield server


def poller(pbx: Asterisk, secret: str = SECRET) -> AmiPoller:
    told = Connection(host="127.0.0.1", port=pbx.port, user=USER, tls=False)
    return AmiPoller(source("asterisk-ami", told, secret), told)


def heard(block: bytes) -> Delivery:
    event = ami.heard(block, NOON)
    assert event is not None
    return event


async def stored(desk: Desk, calls: int) -> list[str]:
    """Wait until so many calls are stored."""
    async with asyncio.timeout(PATIENCE):
        while await desk.rows(COUNT) != [(calls,)]:
            await desk.news.wait()
            desk.news.clear()
    found = await desk.rows(
        "SELECT subject FROM events WHERE type = 'contact.received' ORDER BY occurred_at, subject"
    )
    return [subject for (subject,) in found]


async def test_a_call_is_stored_as_it_happens(desk: Desk, pbx: Asterisk):
    async with desk.listening(poller(pbx)):
        login = await pbx.heard("Login")
        await pbx.heard("QueueStatus")
        await pbx.tell(joined("call-1"), joined("call-2"))

        assert await stored(desk, 2) == ["call-1", "call-2"]
    assert (login["Username"], login["EventMask"]) == (USER, "agent,call")


async def test_an_event_without_a_time_of_its_own_bears_its_arrival(desk: Desk, pbx: Asterisk):
    async with desk.listening(poller(pbx)):
        await pbx.heard("QueueStatus")
        await pbx.tell(joined("call-1", Timestamp="1772452800.25"), joined("call-2"))
        await stored(desk, 2)

    told = "SELECT subject, occurred_at FROM events WHERE type = 'contact.received' ORDER BY 1"
    at = dict(await desk.rows(told))
    assert (at["call-1"].timestamp(), at["call-2"]) == (1772452800.25, NOON)


async def test_the_same_words_twice_are_two_happenings(desk: Desk, pbx: Asterisk):
    held = {"Event": "Hold", "Uniqueid": "leg-2", "Linkedid": "call-1", "CallerIDNum": "201"}
    async with desk.listening(poller(pbx)):
        await pbx.heard("QueueStatus")
        await pbx.tell(block(**held), joined("mark-1"))
        await stored(desk, 1)
        desk.clock.pass_(seconds=30)
        await pbx.tell(block(**held), joined("mark-2"))
        await stored(desk, 2)

    assert await desk.rows("SELECT count(*) FROM events WHERE type = 'contact.held'") == [(2,)]


async def test_who_waits_already_is_asked_at_login(desk: Desk, pbx: Asterisk):
    pbx.status = block(
        Event="QueueMember",
        Queue="sales",
        Name="Anna",
        Location="PJSIP/201",
        Paused="0",
        Status="1",
    ) + block(Event="QueueEntry", Queue="sales", Uniqueid="call-0", CallerIDNum="7145", Wait="40")

    async with desk.listening(poller(pbx)):
        await stored(desk, 1)

    told = "SELECT type, subject, occurred_at FROM events WHERE type <> 'contact.queued' ORDER BY 1"
    assert [
        (kind, subject, (NOON - at).seconds) for kind, subject, at in await desk.rows(told)
    ] == [
        ("agent.available", "Anna", 0),
        ("contact.received", "call-0", 40),
    ]


async def test_after_an_interruption_it_logs_in_again_and_says_that_something_may_be_missing(
    desk: Desk, pbx: Asterisk
):
    async with desk.listening(poller(pbx)) as rests:
        await pbx.heard("QueueStatus")
        await pbx.tell(joined("call-1"))
        await stored(desk, 1)
        await pbx.hang_up()
        await rests.begun()
        failing = desk.counted("process_poll_failing")
        rests.go_on()
        await pbx.heard("QueueStatus")
        await pbx.tell(joined("call-2"))

        assert await stored(desk, 2) == ["call-1", "call-2"]
    assert (failing, desk.counted("process_poll_failing")) == (1, 0)
    assert desk.counted("process_poll_gaps_total") == 1


async def test_the_pauses_between_tries_grow(desk: Desk):
    pbx = Asterisk()
    async with asterisk(pbx):
        pass

    async with desk.listening(poller(pbx)) as rests:
        for _ in range(9):
            await rests.begun()
            rests.go_on()
        await rests.begun()

    assert (await desk.standing("ami")).error == (
        f"127.0.0.1:{pbx.port} cannot be reached: ConnectionRefusedError"
    )
    assert rests.spans[0] <= 1.0
    assert rests.spans[5] >= 8.0
    assert max(rests.spans) <= 60.0


async def test_a_wrong_secret_is_said_without_it_and_not_tried_again_soon(
    desk: Desk, pbx: Asterisk, capsys: pytest.CaptureFixture[str]
):
    async with desk.listening(poller(pbx, "canary-wrong-secret")) as rests:
        await rests.begun()
        error = (await desk.standing("ami")).error

    assert error is not None
    assert error.startswith("Asterisk refused the login of evenhand")
    assert rests.spans == [ami.REST_AFTER_REFUSAL]
    assert "canary" not in error + capsys.readouterr().out


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.2\r\n", b"x" * 100_000])
async def test_another_service_at_that_address_is_not_told_the_secret(desk: Desk, banner: bytes):
    async with asterisk(Asterisk(banner=banner)) as pbx, desk.listening(poller(pbx)) as rests:
        await rests.begun()

        assert pbx.actions.empty()
    assert (await desk.standing("ami")).error == (
        "what answers is not a manager interface of Asterisk"
    )


async def test_an_event_that_never_ends_is_no_way_to_fill_our_memory(desk: Desk, pbx: Asterisk):
    async with desk.listening(poller(pbx)) as rests:
        await pbx.heard("QueueStatus")
        await pbx.tell(b"Event: QueueCallerJoin\r\nQueue: " + b"x" * 200_000)
        await rests.begun()

    assert (await desk.standing("ami")).error == "an event is longer than 64000 bytes"


async def test_a_server_that_froze_is_noticed(desk: Desk, pbx: Asterisk, monkeypatch):
    monkeypatch.setattr(ami, "PING_SECONDS", 0.05)
    pbx.answers_pings = False

    async with desk.listening(poller(pbx)) as rests:
        await pbx.heard("Ping")
        await rests.begun()

    assert (await desk.standing("ami")).error == "Asterisk fell silent and answers no ping"


async def test_what_was_heard_while_the_database_was_away_is_stored_later(
    desk: Desk, pbx: Asterisk
):
    async with desk.listening(poller(pbx)) as rests:
        await pbx.heard("QueueStatus")
        await desk.run("ALTER TABLE events RENAME TO events_gone")
        try:
            await pbx.tell(joined("call-1"))
            await rests.begun()
            await pbx.tell(joined("call-2"))
        finally:
            await desk.run("ALTER TABLE events_gone RENAME TO events")
        rests.go_on()

        assert await stored(desk, 2) == ["call-1", "call-2"]


async def test_what_was_heard_outlives_the_connection(desk: Desk, pbx: Asterisk):
    listener = poller(pbx)
    listener.waiting.add(heard(joined("call-1")))

    async with desk.listening(listener):
        assert await stored(desk, 1) == ["call-1"]


def test_of_too_many_waiting_events_the_oldest_go(monkeypatch):
    monkeypatch.setattr(ami, "MAX_WAITING", 2)
    waiting = ami.Waiting()

    for number in range(3):
        waiting.add(heard(joined(f"call-{number}")))

    assert [b"call-0" in event.body for event in waiting.events] == [False, False]
    assert waiting.lost == 1
