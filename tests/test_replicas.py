"""Two processes of the service on one database: nothing is judged or counted twice."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest

from app.service import read_clock
from app.simulate.deliveries import simulated_day
from app.simulate.request import headers_at
from app.store import invariants
from app.store.engine import open_database
from deploy.postgres import Server
from tests.prometheus import free_port
from tests.serving import (
    POLICY_FILE,
    Process,
    await_true,
    command,
    environment,
    keys,
    make_token,
    numbers,
    sources_file,
)
from tests.store.desk import Desk

CONTACTS = 150
AT_ONCE = 8

SETTLED_OF_CLOCKS = """
SELECT (SELECT count(*) FROM clocks WHERE settled), (SELECT count(*) FROM clocks WHERE noted),
  (SELECT count(*) FROM clocks WHERE observed)
"""


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[Server, list[Process], str]]:
    """PostgreSQL, two services that start at the same time, and a token for both."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(tmp_path / "postgres"))
        settings = {"policy_file": POLICY_FILE, "sources_file": sources_file(tmp_path)}
        env = environment(database_url=server.url, **settings)
        command(env, "migrate")
        token = make_token(env)
        both = [Process(env, tmp_path / f"{n}.log", free_port()) for n in (1, 2)]
        for process in both:
            stack.callback(process.close)
            process.launch()
        for process in both:
            process.await_well()
        yield server, both, token


async def _send(both: list[Process], token: str) -> None:
    """A day whose end lies in the past, each delivery to one of the two, many to both."""
    start = read_clock() - timedelta(hours=20)
    day = iter(list(enumerate(simulated_day(3, contacts=CONTACTS, start=start, keys=keys(token)))))

    async def work(client: httpx.AsyncClient) -> None:
        for number, request in day:
            for process in both if number % 5 == 0 else [both[number % 2]]:
                headers = headers_at(request, keys(token), read_clock())
                url = f"{process.url}{request.door}"
                answer = await client.post(url, content=request.body, headers=headers)
                assert answer.status_code == 202, answer.text

    async with httpx.AsyncClient(timeout=20) as client:
        await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))


def _business(process: Process) -> dict[str, float]:
    """What /metrics says of the database; when it was read differs between two processes."""
    page = numbers(process.get("/metrics").text)
    ours = {"evenhand_snapshot_timestamp_seconds", "evenhand_series_dropped_total"}
    return {
        name: value
        for name, value in page.items()
        if "_process_" not in name and name.partition("{")[0] not in ours
    }


async def _books(server: Server) -> dict[str, Any]:
    db = open_database(server.url)
    desk = Desk(db)
    async with db.begin() as tx:
        broken = await invariants.broken(tx)
    books: dict[str, Any] = {
        "broken": broken,
        "clocks": (await desk.rows(SETTLED_OF_CLOCKS))[0],
        "tallied": tuple([await desk.tallied(w) for w in ("settled", "breached", "response")]),
        "withdrawn": await desk.tallied("withdrawn"),
        "noted twice": await desk.rows(
            "SELECT contact_key, kind, number FROM breaches WHERE what = 'noted'"
            " GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ),
        "left": await desk.rows("SELECT key FROM touched LIMIT 1"),
        "set aside": await desk.rows("SELECT * FROM set_aside"),
    }
    await db.close()
    return books


@pytest.mark.requirement(19)
def test_two_replicas_judge_and_count_everything_once(
    replicas: tuple[Server, list[Process], str],
):
    server, both, token = replicas

    asyncio.run(_send(both, token))
    await_true("all is replayed", lambda: not asyncio.run(_books(server))["left"], 60)
    await_true("both show the same", lambda: _business(both[0]) == _business(both[1]), 60)

    books = asyncio.run(_books(server))
    settled, noted, observed = books["clocks"]
    assert books["broken"] == {}
    assert books["set aside"] == []
    tallied = books["tallied"]
    assert tallied[1] - books["withdrawn"] == noted
    assert (tallied[0], tallied[2]) == (settled, observed)
    assert settled > CONTACTS
    assert {process.stop() for process in both} <= {0, -SIGTERM}
