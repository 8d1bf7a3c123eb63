"""Row E: how much faster than prometheus_client the same samples become text, and what the loop feels.

``python -m tests.bench.exposition``. The client has its families ready and only writes them down.
Evenhand gets a new snapshot made of new objects, where since the page before one group in twenty was
served and one instant in ten moved.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from app.core.snapshot import (
    ClockGroup,
    CustomerWaiting,
    Group,
    ResponseGroup,
    Responses,
    Running,
    Snapshot,
    Tally,
    Waiting,
)
from app.metrics.exposition import write
from app.metrics.negotiation import Format
from app.metrics.page import Pages, Which, answer, build
from app.metrics.process import ProcessMetrics
from app.metrics.sheet import Written
from app.serving import tune_garbage_collector
from tests.bench.table import Row, spread

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, UTC)
CHANNELS = ("phone", "chat", "email")
TIERS = ("important", "standard", "new")
CLOCKS = ("first_response", "next_response", "resolution")
ROUNDS = 7
WARM_ROUNDS = 8
NO_CAP = 1_000_000
SIZES = ((5_000, 11, 20), (100_000, 313, 50))
"""Series wanted, the teams that make about as many, and how many times faster it is to be."""

BLOCK_SECONDS = 0.020
PROBE_SECONDS = 0.001
CUSTOMERS = 2_000
ASKED = ("text/plain", "application/openmetrics-text;version=1.0.0")


@dataclass(frozen=True)
class Prepared(Collector):
    """Families that only have to be written down."""

    families: tuple[Metric, ...]

    def collect(self) -> Iterator[Metric]:
        return iter(self.families)


def _soon(number: int, turn: int) -> datetime:
    moved = turn if number % 10 == 0 else 0
    return NOON + timedelta(milliseconds=977 * number + 1000 * moved)


def _tally(number: int, turn: int) -> Tally:
    served = (number * 7 + turn) // 20
    return Tally(number * 31 + served, number * 3, number % 4)


def _responses(number: int, turn: int) -> Responses:
    served = (number * 7 + turn) // 20
    return Responses({20.0: 900 + served, 60.0: 70}, 18_043.25 + 12.5 * served)


def snapshot_of(teams: int, turn: int) -> Snapshot:
    """A contact centre where contacts wait in every second group."""
    names = [f"team {number}" for number in range(teams)]
    groups = [Group(*key) for key in product(CHANNELS, names, TIERS)]
    clocks = [ClockGroup(g.channel, g.team, g.tier, clock) for g in groups for clock in CLOCKS]
    promises = [ResponseGroup(*key) for key in product(CHANNELS, TIERS, CLOCKS)]
    return Snapshot(
        taken_at=NOON + timedelta(seconds=turn),
        groups=tuple(groups),
        waiting={g: Waiting(n % 7, _soon(n, turn)) for n, g in enumerate(groups) if n % 2},
        running={
            c: Running(n % 5, _soon(n, turn) if n % 2 else None) for n, c in enumerate(clocks)
        },
        tallies={c: _tally(n, turn) for n, c in enumerate(clocks)},
        responses={p: _responses(n, turn) for n, p in enumerate(promises)},
        targets=dict.fromkeys(clocks, 45.0),
        target_ratios=dict.fromkeys(clocks, 0.9),
    )


def full_snapshot(turn: int) -> Snapshot:
    """What fills both pages to their caps."""
    rows = [
        CustomerWaiting(
            f"c-{n:012x}", "standard", f"team {n % 11}", "email", 1 + n % 3, _soon(n, turn)
        )
        for n in range(CUSTOMERS)
    ]
    counts = Counter({Group("email", f"team {n}", "standard"): 0 for n in range(11)})
    for row in rows:
        counts[Group(row.channel, row.team, row.tier)] += row.contacts
    waiting = {group: Waiting(count, NOON) for group, count in counts.items()}
    return replace(snapshot_of(12, turn), customers=tuple(rows), waiting=waiting)


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


@dataclass(frozen=True)
class Measured:
    """Seconds taken in turns: ours, ours with no page before, the client's."""

    series: int
    again: list[float]
    first: list[float]
    theirs: list[float]


def measure(teams: int) -> Measured:
    """Write page after page as the service does, and each time the same with the client."""
    found = Measured(0, [], [], [])
    page = write(snapshot_of(teams, 0), NO_CAP, None)
    for turn in range(1, WARM_ROUNDS + ROUNDS + 1):
        snapshot, before = snapshot_of(teams, turn), page
        page = write(snapshot, NO_CAP, before)
        text = page.text(Format.TEXT)
        if turn <= WARM_ROUNDS:
            continue  # a service that has just started asks the system for memory that it keeps
        prepared = Prepared(tuple(text_string_to_metric_families(text.decode())))
        found.again.append(_seconds(partial(_render, snapshot, before)))
        found.first.append(_seconds(partial(_render, snapshot, None)))
        found.theirs.append(_seconds(partial(generate_latest, prepared)))
    return replace(found, series=page.series)


def _render(snapshot: Snapshot, before: Written | None) -> bytes:
    return write(snapshot, NO_CAP, before).text(Format.TEXT)


async def _probe(lags: list[float]) -> None:
    """Ask to be called in a moment, again and again: how much later that is than asked for."""
    while True:
        began = perf_counter()
        await asyncio.sleep(PROBE_SECONDS)
        lags.append(perf_counter() - began - PROBE_SECONDS)


async def worst_lags(work: Callable[[], object] | None, rounds: int) -> list[float]:
    """The longest that the loop stood still in each round, while ``work`` ran in a thread."""
    found = []
    for _ in range(rounds):
        lags: list[float] = []
        probe = asyncio.create_task(_probe(lags))
        await asyncio.sleep(0.01)
        await (asyncio.to_thread(work) if work else asyncio.sleep(0.02))
        await asyncio.sleep(0.002)
        probe.cancel()
        with suppress(asyncio.CancelledError):
            await probe
        found.append(max(lags))
    return found


def _blocked() -> tuple[int, list[float], list[float], list[float]]:
    """Series of both pages; worst lags while they are made, of a scrape, and with nothing to do."""
    process, pages = ProcessMetrics("1", []), None
    for turn in range(WARM_ROUNDS):
        pages = build(full_snapshot(turn), process, pages)
    assert pages is not None
    snapshot = full_snapshot(WARM_ROUNDS)
    made = asyncio.run(worst_lags(partial(build, snapshot, process, pages), 5 * ROUNDS))
    idle = asyncio.run(worst_lags(None, 5 * ROUNDS))
    scraped = [_seconds(partial(_scrape, pages)) for _ in range(5 * ROUNDS)]
    return pages.business.series + pages.customers.written.series, made, scraped, idle


def _scrape(pages: Pages) -> None:
    """What the loop itself does for four scrapes: both pages, both formats."""
    for which, accept in product(Which, ASKED):
        answer(pages, which, accept, "gzip", pages.taken_at)


@contextmanager
def _memory_as_in_service() -> Iterator[None]:
    """Look for garbage as rarely as the service does, and afterwards as before."""
    before = gc.get_threshold()
    tune_garbage_collector()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def rows() -> Iterator[Row]:
    """What `make bench` prints of row E."""
    with _memory_as_in_service():
        yield from _written()
        yield _felt()


def _written() -> Iterator[Row]:
    for wanted, teams, least in SIZES:
        found = measure(teams)
        times = [own / theirs for theirs, own in zip(found.again, found.theirs, strict=True)]
        first = median(found.theirs) / median(found.first)
        yield Row(
            f"E page of {found.series:,} series ({wanted:,})",
            f">= {least} x",
            f"{spread(times, 1)}",
            f"{spread([s * 1e3 for s in found.again])} ms, prometheus_client"
            f" {spread([s * 1e3 for s in found.theirs], 1)} ms; first page {first:.0f} x",
            median(times) >= least,
        )


def _felt() -> Row:
    series, made, scraped, idle = _blocked()
    return Row(
        f"E the loop stands still, {series:,} series made",
        f"<= {BLOCK_SECONDS * 1e3:.0f} ms",
        spread([lag * 1e3 for lag in made], 1),
        f"{spread([lag * 1e3 for lag in idle], 1)} ms with nothing to do;"
        f" four scrapes take {spread([s * 1e3 for s in scraped], 3)} ms",
        median(made) <= BLOCK_SECONDS,
    )


if __name__ == "__main__":
    for row in rows():
        print(row.text())
