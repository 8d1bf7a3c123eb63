"""Row G: how soon after it fell due a breach is noted, for good: from its instant to the commit.

``python -m tests.bench.due [OPEN_CLOCKS]``: 2,000 of them fall due within one second, in each round.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from statistics import median

import asyncpg

from deploy.postgres import Server
from tests.bench.filling import DUE_SOON, Filling
from tests.bench.load import Kind, Singles
from tests.bench.machine import (
    BENCH_POLICY,
    Child,
    command,
    free_port,
    load_average,
    own_directory,
    started,
)
from tests.bench.table import Row, percentile, spread
from tests.bench.watch import connected

OPEN_CLOCKS = 100_000
DUE_A_SECOND = 2_000
ROUNDS = 5
SOON = timedelta(seconds=3)
"""From making clocks fall due soon until the first does: the service has to be quiet by then."""
LOAD_SECONDS = 8.0
INTAKE_RATE = 500.0
IDLE_SECONDS = 0.050
LOADED_SECONDS = 1.0
AWAITED_SECONDS = 60.0

LATENESS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - breached_at)::float8
FROM breaches WHERE breached_at >= $1 AND kind = 'first_response' AND contact_key LIKE 'filled%'
"""


async def lateness(connection: asyncpg.Connection, due: int) -> list[float]:
    """Have clocks fall due within one second from ``SOON`` on; how late each was noted, in seconds."""
    at: datetime = await connection.fetchval("SELECT clock_timestamp()") + SOON
    await connection.execute(DUE_SOON, due, at, timedelta(seconds=1) / due)
    await asyncio.sleep((SOON + timedelta(seconds=1.2)).total_seconds())
    found: list[asyncpg.Record] = []
    async with asyncio.timeout(AWAITED_SECONDS):
        while len(found) < due:
            await asyncio.sleep(0.2)
            found = await connection.fetch(LATENESS, at)
    return [row[0] for row in found]


async def rounds(
    url: str, service: Child, token: str, plan: tuple[int, int]
) -> tuple[list[list[float]], list[list[float]]]:
    """So many open clocks; idle and under intake by turns, so that both meet the same machine."""
    clocks, number = plan
    idle, loaded = [], []
    async with connected(url) as connection:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
        since, due_from = now - timedelta(minutes=5), now + timedelta(hours=1)
        await Filling(clocks // 2, since, due_from).fill(connection)
        await lateness(connection, DUE_A_SECOND)
        for _ in range(number):
            idle.append(await lateness(connection, DUE_A_SECOND))
            load = Singles(service, Kind.LIFE, token, LOAD_SECONDS, INTAKE_RATE)
            intake = asyncio.create_task(load.run())
            loaded.append(await lateness(connection, DUE_A_SECOND))
            await intake
            await connection.execute("VACUUM (ANALYZE) clocks")
    return idle, loaded


def measure(clocks: int, number: int) -> Iterator[Row]:
    """Both halves of the row."""
    with ExitStack() as stack:
        directory = stack.enter_context(own_directory())
        server = stack.enter_context(Server(directory / "postgres"))
        asyncio.run(_tell_commits(server))
        own = {"EVENHAND_DATABASE_URL": server.url, "EVENHAND_POLICY_FILE": str(BENCH_POLICY)}
        command(own, "migrate")
        token = command(own, "token", "create", "--scope", "send")
        port = free_port()
        service = stack.enter_context(
            started(
                (sys.executable, "-m", "app", "serve"),
                port,
                {**own, "EVENHAND_PORT": str(port)},
                directory / "service.log",
            )
        )
        idle, loaded = asyncio.run(rounds(server.url, service, token, (clocks, number)))
    yield _row(f"G breach noted, idle, {clocks:,} open clocks", idle, IDLE_SECONDS)
    yield _row(f"G breach noted under intake of {INTAKE_RATE:.0f}/s", loaded, LOADED_SECONDS)


async def _tell_commits(server: Server) -> None:
    """Have PostgreSQL say when each row was committed."""
    async with connected(server.url) as connection:
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    server.stop()
    server.start()


def _row(what: str, found: Sequence[Sequence[float]], target: float) -> Row:
    p99 = [percentile(one, 0.99) * 1000 for one in found]
    halves = [percentile(one, 0.5) * 1000 for one in found]
    figures = f"median {spread(halves, 0)} ms; {DUE_A_SECOND:,} due within one second"
    return Row(
        what,
        f"p99 <= {target * 1000:.0f} ms",
        spread(p99, 0),
        figures,
        median(p99) <= target * 1000,
    )


def main() -> None:
    clocks = int(sys.argv[1]) if len(sys.argv) > 1 else OPEN_CLOCKS
    print(f"load average {load_average():.1f}")
    for row in measure(clocks, ROUNDS):
        print(row.text(), flush=True)


if __name__ == "__main__":
    main()
