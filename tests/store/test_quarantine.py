"""Deliveries that were not understood: kept, listed, read anew."""

from datetime import UTC, datetime
from pathlib import Path

from app.core.source import Source
from app.operations.quarantine import Raw, Retried, drop_kept, keep_raw, list_kept, try_again
from app.sources.adapter import SourceConfig
from app.store.engine import Database
from tests.store.desk import Desk

PAYLOADS = Path(__file__).parents[1] / "payloads" / "aircall"
READABLE = (PAYLOADS / "created_known_contact.json").read_bytes()
THEN = datetime(2027, 3, 1, 12, tzinfo=UTC)
PHONE = {"phone": SourceConfig(source=Source(id="phone", kind="aircall"))}


async def kept(db: Database, source: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    await keep_raw(db, Raw(source, "expected JSON", headers, body), THEN)


async def test_what_is_understood_after_a_mend_is_stored_and_no_longer_kept(db: Database):
    await kept(db, "phone", READABLE)
    await kept(db, "phone", b"{")

    done = await try_again(db, PHONE, b"key")

    assert (done.understood, done.still_not) == (1, 1)
    assert await Desk(db).rows("SELECT body FROM quarantine") == [(b"{",)]
    stored = await Desk(db).rows("SELECT source, type FROM events ORDER BY type")
    assert ("/hooks/phone", "contact.received") in stored


async def test_what_is_read_anew_twice_is_stored_once(db: Database):
    await kept(db, "phone", READABLE)
    await kept(db, "phone", READABLE)

    assert (await try_again(db, PHONE, b"key")).understood == 2

    assert len(await Desk(db).rows("SELECT 1 FROM events WHERE type = 'contact.received'")) == 1


async def test_one_source_is_listed_read_anew_and_dropped_without_the_others(db: Database):
    await kept(db, "phone", b"{")
    await kept(db, "phone", b"{ 2")
    await kept(db, "gone", b"{")

    lines, reasons = await list_kept(db, "phone")
    done = await try_again(db, PHONE, b"key", "phone")
    first = await drop_kept(db, "phone", lines[0].id)
    not_there = await drop_kept(db, "phone", lines[0].id)
    rest = await drop_kept(db, "phone")

    assert [(line.source, line.size_bytes) for line in lines] == [("phone", 3), ("phone", 1)]
    assert [(each.source, each.deliveries) for each in reasons] == [("phone", 2)]
    assert (done.understood, done.still_not) == (0, 2)
    assert (first, not_there, rest) == (1, 0, 1)
    assert await Desk(db).rows("SELECT source FROM quarantine") == [("gone",)]


async def test_why_it_still_cannot_be_read_is_said_anew(db: Database):
    await kept(db, "phone", READABLE.replace(b'"inbound"', b'"sideways"'))

    done = await try_again(db, PHONE, b"key")

    assert done.reason is not None
    assert "direction" in done.reason
    assert await Desk(db).rows("SELECT reason FROM quarantine") == [(done.reason,)]


async def test_what_came_from_a_source_that_is_gone_stays_kept(db: Database):
    await kept(db, "gone", READABLE)

    assert await try_again(db, PHONE, b"key") == Retried(
        still_not=1, reason="the source is not configured"
    )
