"""The log of a PBX is followed: nothing is lost or counted twice, whatever happens meanwhile."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.pollers.queue_log import QueueLogPoller
from app.sources.adapter import Connection
from tests.conftest import NOON
from tests.pollers.desk import Desk, source

OF_ANOTHER = "another process"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "queue_log"
    path.touch()
    return path


def poller(log: Path) -> QueueLogPoller:
    return QueueLogPoller(source("asterisk-queue_log", Connection(path=str(log))), log)


def write(log: Path, *calls: str, at: datetime = NOON, end: str = "\n") -> None:
    for call in calls:
        add(log, f"{at.timestamp():.0f}|{call}|sales|NONE|ENTERQUEUE||4520304050|1{end}")


def add(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def rotate(log: Path) -> None:
    log.rename(log.with_name("queue_log.1"))


def delete(log: Path) -> None:
    log.unlink()


def came_in(*calls: str) -> list[tuple[str, str]]:
    return [("contact.received", call) for call in calls]


async def test_a_call_is_stored_as_soon_as_its_line_is_whole(desk: Desk, log: Path):
    async with desk.polling(poller(log)) as rests:
        write(log, "call-1")
        write(log, "call-2", end="")
        await rests.over()
        assert await desk.told() == came_in("call-1")

        add(log, "\n")
        await rests.over()

    assert await desk.told() == came_in("call-1", "call-2")


async def test_nobodys_number_is_stored(desk: Desk, log: Path):
    write(log, "call-1")

    async with desk.polling(poller(log)):
        pass

    ((stored,),) = await desk.rows("SELECT count(*) FROM events")
    in_clear = "SELECT body FROM events WHERE body LIKE '%20304050%'"
    assert (stored, await desk.rows(in_clear)) == (2, [])


async def test_a_process_that_was_started_anew_goes_on_where_the_last_one_stopped(
    desk: Desk, log: Path
):
    write(log, "call-1")
    async with desk.polling(poller(log)):
        pass
    write(log, "call-2")
    rotate(log)
    write(log, "call-3")

    async with desk.polling(poller(log), OF_ANOTHER):
        pass

    assert await desk.told() == came_in("call-1", "call-2", "call-3")
    assert desk.counted("process_events_duplicate_total") == 0


async def test_lines_whose_place_was_not_written_down_are_read_again_and_count_once(
    desk: Desk, log: Path
):
    write(log, "call-1", "call-2")
    async with desk.polling(poller(log)):
        pass
    await desk.run("DELETE FROM positions")

    async with desk.polling(poller(log)):
        pass

    assert await desk.told() == came_in("call-1", "call-2")


async def test_while_the_database_is_away_reading_waits(desk: Desk, log: Path):
    async with desk.polling(poller(log)) as rests:
        await desk.run("ALTER TABLE events RENAME TO events_gone")
        try:
            write(log, "call-1")
            await rests.over()
            failing = desk.counted("process_poll_failing")
        finally:
            await desk.run("ALTER TABLE events_gone RENAME TO events")
        write(log, "call-2")
        await rests.over()

    assert await desk.told() == came_in("call-1", "call-2")
    assert (failing, desk.counted("process_poll_failing")) == (1, 0)


async def test_one_process_reads_a_log_and_another_takes_over_when_it_ends(desk: Desk, log: Path):
    async with desk.polling(poller(log)):
        write(log, "call-1")
        async with desk.polling(poller(log), OF_ANOTHER) as rests:
            await rests.over()
            assert await desk.told() == []

    async with desk.polling(poller(log), OF_ANOTHER):
        assert await desk.told() == came_in("call-1")


async def test_whoever_lost_the_log_to_another_process_stops_reading(desk: Desk, log: Path):
    async with desk.polling(poller(log)) as rests:
        await desk.run("UPDATE positions SET holder = 'other', held_until = now() + interval '1 h'")
        write(log, "call-1")
        await rests.over()  # the line is stored, and then it notices
        write(log, "call-2")
        await rests.over()
        await rests.over()

    assert await desk.told() == came_in("call-1")


async def test_a_line_that_cannot_be_read_is_kept_and_the_others_count(desk: Desk, log: Path):
    write(log, "call-1")
    add(log, "what is this\n")
    write(log, "call-2")

    async with desk.polling(poller(log)):
        pass

    assert await desk.told() == came_in("call-1", "call-2")
    assert await desk.rows("SELECT source, convert_from(body, 'UTF8') FROM quarantine") == [
        ("pbx", "what is this")
    ]


async def test_of_a_log_that_was_never_read_old_calls_are_passed_over(desk: Desk, log: Path):
    write(log, "long-ago", at=NOON - timedelta(days=2))
    write(log, "call-1", at=NOON - timedelta(hours=2))

    async with desk.polling(poller(log)):
        pass

    assert await desk.told() == came_in("call-1")


async def test_a_missing_log_is_said_in_plain_words_and_followed_once_it_is_there(
    desk: Desk, log: Path
):
    delete(log)
    async with desk.polling(poller(log)) as rests:
        standing = await desk.standing("queue_log")
        write(log, "call-1")
        await rests.over()

    assert standing.error == f"there is no file {log}"
    assert await desk.told() == came_in("call-1")
    assert (await desk.standing("queue_log")).error is None


async def test_lines_that_were_deleted_unread_are_said(desk: Desk, log: Path):
    write(log, "call-1")
    async with desk.polling(poller(log)):
        pass
    delete(log)
    write(log, "call-3")

    async with desk.polling(poller(log)):
        pass

    assert desk.counted("process_poll_gaps_total") == 1
    assert await desk.told() == came_in("call-1", "call-3")
