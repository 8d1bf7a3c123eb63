"""Row K: how soon after a restart the service serves, and has judged all that fell due meanwhile.

``python -m tests.bench.restart [OPEN_CONTACTS]``: each has two clocks, and one in ten was broken while
nobody looked.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import httpx

from tests.bench.filling import Filling
from tests.bench.load import Form, Kind, batches, written
from tests.bench.machine import (
    BENCH_POLICY,
    Child,
    command,
    free_port,
    load_average,
    own_postgres,
    started,
)
from tests.bench.table import Row
from tests.bench.watch import connected

CONTACTS = 1_000_000
BROKEN_SHARE = 0.1
SERVING_SECONDS = 10.0
JUDGED_SECONDS = 30.0
AWAITED_SECONDS = 600.0

LEFT = (
    "SELECT EXISTS (SELECT 1 FROM clocks WHERE ending IS NULL AND NOT noted AND breaches_at < $1)"
)


async def filled(url: str, contacts: int) -> datetime:
    """Open contacts of which a part fell due by now."""
    async with connected(url) as connection:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
        due_from = now - timedelta(milliseconds=contacts * BROKEN_SHARE / 2)
        await Filling(contacts, now - timedelta(minutes=5), due_from).fill(connection)
    return now


async def judged(url: str, fell_due: datetime) -> None:
    """Wait until nothing that had fallen due is left."""
    async with connected(url) as connection, asyncio.timeout(AWAITED_SECONDS):
        while await connection.fetchval(LEFT, fell_due):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)


def send_one(service: Child, token: str) -> None:
    """Have one event acknowledged."""
    batch = batches(Kind.RECEIVED, 1, datetime.fromisoformat("2026-03-02T09:00:00+00:00"))[0][:1]
    headers = {"authorization": f"Bearer {token}", "content-type": Form.LINES}
    answer = httpx.post(service.url, content=written(Form.LINES, batch), headers=headers)
    answer.raise_for_status()


def measure(contacts: int) -> Iterator[Row]:
    """Fill, start, and look at the clock on the wall."""
    with ExitStack() as stack:
        server = stack.enter_context(own_postgres())
        own = {"EVENHAND_DATABASE_URL": server.url, "EVENHAND_POLICY_FILE": str(BENCH_POLICY)}
        command(own, "migrate")
        token = command(own, "token", "create", "--scope", "send")
        with _serving(own, server.directory.parent):
            pass  # the first start of all imports the policy
        began = perf_counter()
        now = asyncio.run(filled(server.url, contacts))
        fill_seconds = perf_counter() - began
        began = perf_counter()
        service = stack.enter_context(_serving(own, server.directory.parent))
        send_one(service, token)
        serving = perf_counter() - began
        asyncio.run(judged(server.url, now))
        all_judged = perf_counter() - began
    yield Row(
        f"K serving after a restart, {contacts:,} open contacts",
        f"<= {SERVING_SECONDS:.0f} s",
        f"{serving:.1f} s",
        f"filled in {fill_seconds:.0f} s",
        serving <= SERVING_SECONDS,
    )
    yield Row(
        "K all that fell due meanwhile is judged",
        f"<= {JUDGED_SECONDS:.0f} s",
        f"{all_judged:.1f} s",
        f"{contacts * BROKEN_SHARE:,.0f} promises broken",
        all_judged <= JUDGED_SECONDS,
    )


def _serving(own: Mapping[str, str], directory: Path) -> AbstractContextManager[Child]:
    port = free_port()
    environment = {**own, "EVENHAND_PORT": str(port)}
    serve = (sys.executable, "-m", "app", "serve")
    return started(serve, port, environment, directory / "service.log")


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else CONTACTS
    print(f"load average {load_average():.1f}")
    for row in measure(contacts):
        print(row.text(), flush=True)


if __name__ == "__main__":
    main()
