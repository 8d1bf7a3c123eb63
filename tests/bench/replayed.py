"""Row J: how fast events are replayed, without a database and by ``rebuild`` with one.

``python -m tests.bench.replayed [EVENTS]``: one process; the events are three of each contact's life.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

from app.core.events import Event, Incoming, to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay, replay_clocks
from app.operations.fold import fold
from app.operations.intake import record_events
from app.operations.rebuild import rebuild
from app.operations.upkeep import keep_up
from app.serving import tune_garbage_collector
from app.sources import cloudevents
from app.store.engine import Database, open_database
from app.store.migration import migrate
from tests.bench.load import BATCH_EVENTS, Form, Kind, batches, written
from tests.bench.machine import BENCH_POLICY, load_average, own_postgres
from tests.bench.table import Row, spread

EVENTS = 30_000
FEWER = 12_000
"""The more is replayed, the more customers are watched at every look: two sizes say how it grows."""
ROUNDS = 5
REPLAYED = 50_000.0
REBUILT = 10_000.0
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = START + timedelta(hours=12)


def terms() -> Terms:
    return Terms(Policies((read_policy(BENCH_POLICY.read_text()),)))


def incoming(number: int) -> Iterator[tuple[Incoming, ...]]:
    """Batches of events as the door makes them of what is sent."""
    for batch in batches(Kind.LIFE, max(1, number // BATCH_EVENTS), START):
        told = cloudevents.read({"content-type": Form.LINES}, written(Form.LINES, batch), NOW)
        assert not told.refused
        yield tuple(told.events)


def replayed(events: Sequence[Event], rounds: int, *, with_turns: bool) -> list[float]:
    """Events a second of the pure replay, all of it or the clocks alone."""
    by, rates = terms(), []
    for _ in range(rounds):
        began = perf_counter()
        found = replay(events, by, NOW) if with_turns else replay_clocks(events, by, NOW)[0]
        rates.append(len(events) / (perf_counter() - began))
        assert len(found.contacts) * 3 == len(events)
    return rates


async def rebuilt(
    db: Database, told: Sequence[tuple[Incoming, ...]], rounds: int
) -> tuple[float, list[float]]:
    """Events a second: replayed the first time, and by each rebuild."""
    events, by = sum(map(len, told)), terms()
    await keep_up(db, NOW)
    for batch in told:
        await record_events(db, [batch])
    began = perf_counter()
    while (await fold(db, by, NOW)).keys:
        pass
    first, rates = events / (perf_counter() - began), []
    for _ in range(rounds):
        began = perf_counter()
        done = await rebuild(db, by, NOW)
        rates.append(events / (perf_counter() - began))
        assert (done.failed, done.differences) == ({}, 0), done
    return first, rates


def measure(events: int, rounds: int) -> Iterator[Row]:
    """Both halves of the row."""
    told = list(incoming(events))
    tune_garbage_collector()
    read = [to_event(event) for batch in told for event in batch]
    fewer = read[: min(FEWER, events) // BATCH_EVENTS * BATCH_EVENTS] or read
    for label, some, with_turns in (
        ("J replay without a database", fewer, True),
        ("J replay without a database", read, True),
        ("J the same, clocks alone", read, False),
    ):
        rates = replayed(some, rounds, with_turns=with_turns)
        yield Row(
            label,
            f">= {REPLAYED:,.0f}/s",
            spread(rates, 0),
            f"{len(some):,} events, three a contact",
            median(rates) >= REPLAYED,
        )
    with own_postgres() as server:
        migrate(server.url)
        first, rates = asyncio.run(_with_database(server.url, told, rounds))
    yield Row(
        "J rebuild with it, and what differs afterwards looked for",
        f">= {REBUILT:,.0f}/s",
        spread(rates, 0),
        f"the first replay of the same {first:,.0f}/s",
        median(rates) >= REBUILT,
    )


async def _with_database(
    url: str, told: Sequence[tuple[Incoming, ...]], rounds: int
) -> tuple[float, list[float]]:
    db = open_database(url)
    try:
        return await rebuilt(db, told, rounds)
    finally:
        await db.close()


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    print(f"load average {load_average():.1f}")
    for row in measure(events, ROUNDS):
        print(row.text(), flush=True)


if __name__ == "__main__":
    main()
