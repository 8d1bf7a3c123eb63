"""Deliveries that were not understood: kept, listed, read anew."""

from datetime import UTC, datetime
from pathlib import Path

from app.core.source import Source
from app.operations.quarantine import Raw, keep_raw, load_kept, try_again
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

    assert await try_again(db, PHONE, b"key") == (1, 1)

    assert [one.body for one in await load_kept(db)] == [b"{"]
    stored = await Desk(db).rows("SELECT source, type FROM events ORDER BY type")
    assert ("/hooks/phone", "contact.received") in stored


async def test_what_is_read_anew_twice_is_stored_once(db: Database):
    await kept(db, "phone", READABLE)
    await kept(db, "phone", READABLE)

    assert await try_again(db, PHONE, b"key") == (2, 0)

    assert len(await Desk(db).rows("SELECT 1 FROM events WHERE type = 'contact.received'")) == 1


async def test_what_came_from_a_source_that_is_gone_stays_kept(db: Database):
    await kept(db, "gone", READABLE)

    assert await try_again(db, PHONE, b"key") == (0, 1)
