"""The whole service reads what is configured with a connection, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from app.core.marked_yaml import FaultyFile
from app.pollers.start import pollers_of
from app.sources.adapter import Connection
from app.sources.configuration import read_sources
from app.store import invariants, positions
from app.store.engine import Database
from tests.conftest import NOON
from tests.pollers.asterisk import SECRET, USER, Asterisk, asterisk, joined
from tests.pollers.desk import PATIENCE, source
from tests.running import Running, running

SOURCES = """
sources:
  - id: pbx
    kind: asterisk-ami
    secrets: [{{file: {folder}/secret}}]
    connection: {{host: 127.0.0.1, port: {port}, user: {user}, tls: false, path: {folder}/queue_log}}
    teams: {{sales: hotline}}
"""
WAITING = 'evenhand_contacts_waiting{channel="phone",team="hotline",tier="standard"}'
EVENTS = 'evenhand_process_events_total{source="pbx"}'
FAILING = 'evenhand_process_poll_failing{{source="pbx",feed="{}"}}'


def written(folder: Path, port: int) -> Path:
    """A configured source, and its log with one call in it."""
    second = int(NOON.timestamp())
    (folder / "secret").write_text(SECRET)
    (folder / "queue_log").write_text(f"{second}|call-1|sales|NONE|ENTERQUEUE||4520304050|1\n")
    file = folder / "sources.yaml"
    file.write_text(SOURCES.format(folder=folder, port=port, user=USER))
    return file


async def stored(service: Running, events: int) -> None:
    news = asyncio.Event()
    noticed = service.app.service.intake.on_stored

    def and_tell(told) -> None:
        noticed(told)
        news.set()

    service.app.service.intake.on_stored = and_tell
    async with asyncio.timeout(PATIENCE):
        while (await told(service))[EVENTS] < events:
            await news.wait()
            news.clear()


async def told(service: Running) -> dict[str, float]:
    await service.app.service.take_snapshot()
    return dict(await service.metrics())


async def test_a_call_that_the_log_and_the_events_tell_is_one_call(
    db: Database, database_url: str, tmp_path: Path
):
    async with asterisk(Asterisk()) as pbx:
        file = written(tmp_path, pbx.port)
        async with running(db, database_url, sources_file=file) as service:
            await pbx.heard("QueueStatus")
            await pbx.tell(joined("call-1", Timestamp=f"{NOON.timestamp() + 0.2}"))
            await stored(service, 4)
            await service.settle()
            seen = await told(service)

    assert seen[WAITING] == 1
    assert (seen[FAILING.format("ami")], seen[FAILING.format("queue_log")]) == (0, 0)
    async with db.begin() as tx:
        assert await invariants.broken(tx) == {}
        standings = await positions.load_standings(tx)
    assert [(one.feed, one.error) for one in standings] == [("ami", None), ("queue_log", None)]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("kind: asterisk-queue_log", "connection: is required"),
        ("kind: asterisk-queue_log, connection: {port: 5}", "connection: expected a host"),
        ("kind: asterisk-ami, connection: {host: pbx}", "secrets: expected the password"),
    ],
)
def test_a_source_that_is_fetched_says_where_from(entry: str, fault: str):
    with pytest.raises(FaultyFile) as refusal:
        read_sources(f"sources:\n  - {{id: pbx, {entry}}}\n", lambda _kind, _name: "a secret")

    assert fault in str(refusal.value)


def test_every_kind_is_read_as_far_as_its_connection_says():
    both = Connection(host="pbx", path="/var/log/asterisk/queue_log")
    sources = [
        source("asterisk-ami", both),
        source("asterisk-ami", Connection(host="pbx")),
        source("asterisk-queue_log", both),
        source("rfc5322", Connection(host="imap")),
        source("rfc5322", Connection()),
        source("aircall", both),
    ]

    assert [[poller.feed for poller in pollers_of([one])] for one in sources] == [
        ["ami", "queue_log"],
        ["ami"],
        ["queue_log"],
        ["inbox", "sent"],
        [],
        [],
    ]
