"""``python -m app kept``: what could not be read is listed, read anew, deleted."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app.__main__ import main
from app.operations.quarantine import Raw, keep_raw
from app.store.engine import open_database
from tests.serving import sources_file

THEN = datetime(2027, 3, 1, 12, tzinfo=UTC)
READABLE = Path(__file__).parent / "payloads" / "aircall" / "created_known_contact.json"


async def _keep(url: str) -> None:
    db = open_database(url)
    async with db.begin() as tx:
        await tx.execute(text("TRUNCATE quarantine, events, seen, touched RESTART IDENTITY"))
    for source, body in (("phone", READABLE.read_bytes()), ("phone", b"{"), ("chat", b"{")):
        await keep_raw(db, Raw(source, "expected JSON", {}, body), THEN)
    await db.close()


@pytest.fixture
def _three_kept(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_keep(database_url))
    monkeypatch.setenv("EVENHAND_DATABASE_URL", database_url)
    monkeypatch.setenv("EVENHAND_SOURCES_FILE", str(sources_file(tmp_path)))


@pytest.mark.usefixtures("_three_kept")
def test_what_is_kept_is_listed_with_its_number(capsys: pytest.CaptureFixture[str]):
    assert main(["kept", "list"]) == 0
    everything = capsys.readouterr().out
    assert main(["kept", "list", "chat"]) == 0

    assert everything == (
        "2027-03-01 12:00:00 UTC  phone  1  expected JSON\n"
        "2027-03-01 12:00:00 UTC  phone  2  expected JSON\n"
        "2027-03-01 12:00:00 UTC  chat  3  expected JSON\n"
        "1 of chat: expected JSON\n"
        "2 of phone: expected JSON\n"
        "3 deliveries wait to be understood\n"
        "mend it, then `python -m app kept retry chat`, or `python -m app kept drop chat 3`\n"
    )
    assert capsys.readouterr().out == (
        "2027-03-01 12:00:00 UTC  chat  3  expected JSON\n1 delivery waits to be understood\n"
        "mend it, then `python -m app kept retry chat`, or `python -m app kept drop chat 3`\n"
    )


@pytest.mark.usefixtures("_three_kept")
def test_one_source_is_read_anew_and_the_rest_of_it_deleted(capsys: pytest.CaptureFixture[str]):
    assert main(["kept", "retry", "phone"]) == 0
    assert main(["kept", "drop", "phone", "2"]) == 0
    assert main(["kept", "drop", "phone"]) == 1
    assert main(["kept", "list"]) == 0

    told = capsys.readouterr()
    assert told.out == (
        "1 are understood now, 1 still are not\n"
        "1 is deleted\n"
        "2027-03-01 12:00:00 UTC  chat  3  expected JSON\n"
        "1 delivery waits to be understood\n"
        "mend it, then `python -m app kept retry chat`, or `python -m app kept drop chat 3`\n"
    )
    assert told.err == "nothing of that is kept of phone\n"
