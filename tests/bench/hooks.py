"""Row L: how soon tools are answered at 200 deliveries a second, of every kind that is posted to.

``python -m tests.bench.hooks [SECONDS]``: each delivery leaves at its own instant, whether or not the
one before it was answered; /healthz of the same service at the same rate is the floor.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count, cycle
from time import perf_counter

import httpx

from app.sources.adapter import SignedBy
from app.sources.kinds import ADAPTERS
from deploy.postgres import Server
from tests.bench.machine import (
    BENCH_POLICY,
    command,
    free_port,
    load_average,
    own_directory,
    started,
)
from tests.bench.table import Row, percentile
from tests.sources.payloads import Case, all_own_cases

RATE = 200
SECONDS = 20
MOST_SECONDS = 0.500
TOKEN = "a-token-for-every-source"  # noqa: S105
POSTED = sorted(
    kind
    for kind, adapter in ADAPTERS.items()
    if adapter.signed_by is not SignedBy.CONNECTION and kind != "mapping"
)


def fresh(case: Case, number: int) -> bytes:
    """The payload about a contact that was never heard of, where its id can be told from the rest."""
    contacts = {event["contact"] for event in case.expected} - {None}
    body = case.body
    for contact in contacts:
        if contact.isdecimal() and len(contact) > 2:
            body = body.replace(contact.encode(), str(10**9 + number).encode())
    return body


async def at_rate(seconds: int, send: Callable[[httpx.AsyncClient, int], object]) -> list[float]:
    """Seconds until each answer, from the instant at which it was to leave."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    found: list[float] = []

    async def one(client: httpx.AsyncClient, number: int, due: float) -> None:
        await asyncio.sleep(due - perf_counter())
        answer = await send(client, number)  # type: ignore[misc]
        assert answer.is_success, answer.text
        found.append(perf_counter() - due)

    async with httpx.AsyncClient(limits=limits, timeout=10, verify=False) as client:  # noqa: S501 - plain HTTP
        began = perf_counter() + 0.5
        async with asyncio.TaskGroup() as group:
            for number in range(seconds * RATE):
                group.create_task(one(client, number, began + number / RATE))
    return found


def measure(seconds: int) -> Iterator[Row]:
    """The row."""
    with ExitStack() as stack:
        directory = stack.enter_context(own_directory())
        server = stack.enter_context(Server(directory / "postgres"))
        (directory / "token").write_text(TOKEN)
        token = {"file": str(directory / "token")}
        entries = [
            {"id": kind.replace("_", "-"), "kind": kind, "unsigned": True, "token": token}
            for kind in POSTED
        ]
        (directory / "sources.yaml").write_text(json.dumps({"sources": entries}))
        own = {
            "EVENHAND_DATABASE_URL": server.url,
            "EVENHAND_POLICY_FILE": str(BENCH_POLICY),
            "EVENHAND_SOURCES_FILE": str(directory / "sources.yaml"),
        }
        command(own, "migrate")
        port = free_port()
        stack.enter_context(
            started(
                (sys.executable, "-m", "app", "serve"),
                port,
                {**own, "EVENHAND_PORT": str(port)},
                directory / "service.log",
            )
        )
        base = f"http://127.0.0.1:{port}"
        cases = [case for case in all_own_cases() if case.method == "POST" and case.kind in POSTED]
        ours = asyncio.run(at_rate(seconds, _delivering(base, cases)))
        floor = asyncio.run(at_rate(seconds, lambda client, _: client.get(f"{base}/healthz")))
    p99, p99_floor = percentile(ours, 0.99), percentile(floor, 0.99)
    yield Row(
        f"L deliveries of {len(POSTED)} kinds answered at {RATE}/s",
        f"p99 <= {MOST_SECONDS * 1000:.0f} ms",
        f"{p99 * 1000:.0f} ms",
        f"median {percentile(ours, 0.5) * 1000:.0f} ms, {p99 / p99_floor:.1f}x /healthz "
        f"({p99_floor * 1000:.0f} ms); {len(ours):,} deliveries of {len(cases)} payloads",
        p99 <= MOST_SECONDS,
    )


def _delivering(base: str, cases: list[Case]) -> Callable[[httpx.AsyncClient, int], object]:
    turn, number = cycle(cases), count(1)
    unsent = {"host", "content-length", "connection"}

    def deliver(client: httpx.AsyncClient, _: int) -> object:
        case = next(turn)
        headers = {name: value for name, value in case.headers.items() if name not in unsent}
        headers["authorization"] = f"Bearer {TOKEN}"
        url = f"{base}/hooks/{case.kind.replace('_', '-')}"
        return client.post(url, content=fresh(case, next(number)), headers=headers)

    return deliver


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"load average {load_average():.1f}")
    for row in measure(seconds):
        print(row.text(), flush=True)


if __name__ == "__main__":
    main()
