"""``make bench``: rows A to H and J to L of the performance targets; A to F as ratios to a floor.

Everything runs on this machine, over loopback and a Unix socket, one measurement at a time in rounds.
``QUICK=1`` makes one short round, to see that it works; its figures mean nothing.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

from deploy.postgres import Server
from tests.bench import business_time, due, exposition, history, hooks, paged, replayed, restart
from tests.bench.load import Kind, Singles, wrk
from tests.bench.machine import (
    BENCH_POLICY,
    command,
    file_system,
    free_port,
    load_average,
    own_directory,
    processor,
    started,
)
from tests.bench.rounds import Bench, Plan
from tests.bench.table import cpu_lines, rows
from tests.bench.watch import Watcher, connected

FULL = Plan(rounds=5, seconds=6, batches=20, seed_batches=60)
QUICK = Plan(rounds=1, seconds=2, batches=3, seed_batches=6)
WARM_SECONDS = 1.0


def say(text: str = "") -> None:
    print(text, flush=True)


async def prepared(plan: Plan, directory: Path, running: AsyncExitStack) -> Bench:
    """Start PostgreSQL, the service, the floor and the rival."""
    server = running.enter_context(Server(directory / "postgres"))
    own = {
        "EVENHAND_DATABASE_URL": server.url,
        "EVENHAND_POLICY_FILE": str(BENCH_POLICY),
    }
    command(own, "migrate")
    token = command(own, "token", "create", "--scope", "send")
    ports = [free_port() for _ in range(3)]
    commands = (
        ("-m", "app", "serve"),
        ("-m", "tests.bench.floor", str(ports[1])),
        ("-m", "tests.bench.rival", str(ports[2]), server.url),
    )
    environments: tuple[Mapping[str, str], ...] = ({**own, "EVENHAND_PORT": str(ports[0])}, {}, {})
    service, floor, rival = (
        running.enter_context(
            started((sys.executable, *what), port, env, directory / f"{port}.log")
        )
        for what, port, env in zip(commands, ports, environments, strict=True)
    )
    connection = await running.enter_async_context(connected(server.url))
    watcher = Watcher(connection, server.url)
    return Bench(plan, watcher, server.pid, service, floor, rival, token)


async def measure(plan: Plan, directory: Path) -> Bench:
    """Warm everything up, then go through the rounds."""
    async with AsyncExitStack() as running:
        bench = await prepared(plan, directory, running)
        say(f"service {bench.service.pid}, PostgreSQL {bench.postgres_pid}; seeding ...")
        await bench.seed()
        for target in (bench.floor, bench.service, bench.rival):
            began = await bench.watcher.now()
            await Singles(target, Kind.RECEIVED, bench.token, WARM_SECONDS).run()
            await bench.watcher.await_drained()
            await bench.watcher.tidy(began)
        for number in range(1, plan.rounds + 1):
            say(f"round {number} of {plan.rounds}, load average {load_average():.1f} ...")
            await bench.round()
        return bench


def report(bench: Bench) -> None:
    say()
    say(f"{'row':52} {'target':>22} {'median (min-max)':>22} {'':>12}  absolute figures")
    for row in rows(bench.found):
        say(row.text())
    for row in (*exposition.rows(), *business_time.rows()):
        say(row.text())
    say()
    say("CPU microseconds an event, median (min-max), until the last one is folded:")
    for line in cpu_lines(bench.found):
        say(line)


def main() -> int:
    plan = QUICK if os.environ.get("QUICK") else FULL  # noqa: TID251 - a wish of whoever runs it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = perf_counter()
    with own_directory() as directory:
        wrk()
        kind = file_system(directory)
        say(f"{processor()}, {kind}, load average {load_average():.1f} before; fsync on")
        report(asyncio.run(measure(plan, directory)))
    size = 20 if plan is QUICK else 1
    for rows_of in (
        due.measure(due.OPEN_CLOCKS // size, plan.rounds),
        replayed.measure(replayed.EVENTS // size, plan.rounds),
        restart.measure(restart.CONTACTS // size),
        history.measure(history.CONTACTS // size, plan.rounds),
        hooks.measure(hooks.SECONDS // size or 1),
    ):
        for row in rows_of:
            say(row.text())
    with own_directory() as directory:
        for line in paged.lines(paged.timed(directory)):
            say(line)
    say(f"\n{perf_counter() - began:.0f} s; load average {load_average():.1f} at the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
