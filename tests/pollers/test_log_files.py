"""A log is read once and whole, whatever is done to its files."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.pollers.log_files import CHUNK, LogFile, place_of

FIRST = b"".join(b"%d|first line number %d of the log\n" % (1000 + n, n) for n in range(20))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "queue_log"
    path.write_bytes(FIRST)
    return path


@pytest.fixture
def opened(log: Path) -> Iterator[Callable[[], LogFile]]:
    """Give the log, as it is read for the first time; what was opened is closed at the end."""
    with ExitStack() as stack:

        def first() -> LogFile:
            file = LogFile(log, None)
            stack.callback(file.close)
            return file

        yield first


def all_of(file: LogFile) -> list[bytes]:
    """Every line there is until nothing is new."""
    found: list[bytes] = []
    while True:
        chunk = file.read()
        found += chunk.lines
        if not chunk.is_more:
            return found


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def again(file: LogFile) -> LogFile:
    """The file as a process goes on with it that was started anew."""
    assert file.place is not None
    written = file.place.written()
    file.close()
    file.place = place_of(written)
    return file


def lines_of(data: bytes) -> list[bytes]:
    return data.rstrip(b"\n").split(b"\n")


def test_every_line_is_read_once(log, opened):
    file = opened()

    assert all_of(file) == lines_of(FIRST)
    add(log, b"more\n")
    assert all_of(file) == [b"more"]
    assert all_of(file) == []


def test_a_line_is_read_when_it_is_whole(log, opened):
    file = opened()
    all_of(file)

    add(log, b"half a ")
    assert all_of(file) == []
    add(log, b"line\nand")

    assert all_of(file) == [b"half a line"]


def test_reading_goes_on_after_a_restart(log, opened):
    file = opened()
    all_of(file)
    add(log, b"while nobody looked\n")

    assert all_of(again(file)) == [b"while nobody looked"]


def test_a_renamed_file_is_read_to_its_end_before_the_next(log, opened):
    file = opened()
    all_of(file)
    log.rename(log.with_name("queue_log.1"))
    log.touch()

    add(log.with_name("queue_log.1"), b"its writer had not noticed\n")
    assert all_of(file) == [b"its writer had not noticed"]
    add(log.with_name("queue_log.1"), b"nor yet, and stopped amid a line")
    add(log, b"the next file\n")

    assert all_of(file) == [b"nor yet, and stopped amid a line", b"the next file"]


def test_a_renamed_file_that_is_deleted_is_read_to_its_end(log, opened):
    file = opened()
    all_of(file)
    add(log, b"last words\n")
    log.unlink()
    log.write_bytes(b"the next file\n")

    assert all_of(file) == [b"last words", b"the next file"]


def test_there_may_be_no_file_for_a_while(log, opened):
    file = opened()
    all_of(file)
    log.rename(log.with_name("queue_log.1"))

    assert all_of(file) == []
    log.write_bytes(b"the next file\n")

    assert all_of(file) == [b"the next file"]


def test_several_rotations_while_nobody_looked_lose_nothing(log, opened):
    file = opened()
    all_of(file)
    add(log, b"end of the first\n")
    log.rename(log.with_name("queue_log-20260301"))
    log.with_name("queue_log-20260302").write_bytes(b"the second\n")
    log.write_bytes(b"the third\n")
    for hours, name in enumerate(("queue_log-20260301", "queue_log-20260302", "queue_log")):
        os.utime(log.with_name(name), (hours * 3600, hours * 3600))

    assert all_of(again(file)) == [b"end of the first", b"the second", b"the third"]


def test_a_packed_file_is_read_to_its_end(log, opened):
    file = opened()
    all_of(file)
    with gzip.open(log.with_name("queue_log.1.gz"), "wb") as packed:
        packed.write(FIRST + b"end of the first\n")
    os.utime(log.with_name("queue_log.1.gz"), (3600, 3600))
    file = again(file)
    log.unlink()
    log.write_bytes(b"the second\n")

    assert all_of(file) == [b"end of the first", b"the second"]


@pytest.mark.parametrize("after", [b"new\n", b"new and longer than what was there\n" * 40])
def test_a_file_that_was_copied_away_and_emptied_loses_nothing(log, opened, after):
    file = opened()
    all_of(file)
    copy = log.with_name("queue_log.1")
    copy.write_bytes(FIRST + b"before it was copied\n")
    os.truncate(log, 0)
    os.utime(copy, (3600, 3600))
    add(log, after)

    assert all_of(file) == [b"before it was copied", *lines_of(after)]


def test_what_is_gone_unread_is_said_once(log, opened):
    file = opened()
    all_of(file)
    file = again(file)
    log.unlink()
    log.write_bytes(b"another log\nwith two lines\n")

    first = file.read()

    assert (first.lines, first.is_gap) == ((b"another log", b"with two lines"), True)
    assert not file.read().is_gap


def test_a_log_that_is_empty_at_first_is_no_gap(log, opened):
    os.truncate(log, 0)
    file = opened()
    all_of(file)
    file = again(file)
    log.rename(log.with_name("queue_log.1"))
    log.write_bytes(b"a line\n")

    chunks = [file.read() for _ in range(3)]

    assert [line for chunk in chunks for line in chunk.lines] == [b"a line"]
    assert not any(chunk.is_gap for chunk in chunks)


def test_a_line_without_end_is_cut(log, opened):
    log.write_bytes(b"x" * (CHUNK + 10) + b"\nnext\n")

    assert [len(line) for line in all_of(opened())] == [CHUNK, 10, 4]


def test_files_that_only_look_like_it_are_left_alone(log, opened):
    file = opened()
    all_of(file)
    for name in ("queue_log.swp", "queue_log.1.tar.gz", "other_log.1"):
        log.with_name(name).write_bytes(FIRST + b"never read\n")
    log.rename(log.with_name("queue_log.1"))
    log.write_bytes(b"the next file\n")

    assert all_of(again(file)) == [b"the next file"]
