"""Row E: how much faster than prometheus_client the same samples become text.

The client has its families ready and only writes them down. Evenhand gets a new snapshot made of new
objects, where since the page before one group in twenty was served and one instant in ten moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    Group,
    ResponseGroup,
    Responses,
    Running,
    Snapshot,
    Tally,
    Waiting,
)
from app.metrics.exposition import Written, write
from app.metrics.negotiation import Format

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, UTC)
CHANNELS = ("phone", "chat", "email")
TIERS = ("important", "standard", "new")
CLOCKS = ("first_response", "next_response", "resolution")
ROUNDS = 7
NO_CAP = 1_000_000
SIZES = ((10_000, 64), (100_000, 664))
"""Series wanted, and the teams that make about as many."""


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
        responses={p: Responses({20.0: 900, 60.0: 70}, 18_043.25) for p in promises},
        targets=dict.fromkeys(promises, 45.0),
        target_ratios=dict.fromkeys(promises, 0.9),
    )


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def measure(teams: int) -> tuple[int, list[float]]:
    """Series, and median seconds taken in turns: ours, ours with no page before, the client's."""
    seconds: list[tuple[float, float, float]] = []
    page = write(snapshot_of(teams, 0), NO_CAP, None)
    for turn in range(1, ROUNDS + 1):
        snapshot, before = snapshot_of(teams, turn), page
        page = write(snapshot, NO_CAP, before)
        text = page.text(Format.TEXT).decode()
        prepared = Prepared(tuple(text_string_to_metric_families(text)))
        works: tuple[Callable[[], bytes], ...] = (
            partial(_render, snapshot, before),
            partial(_render, snapshot, None),
            partial(generate_latest, prepared),
        )
        again, first, theirs = (_seconds(work) for work in works)
        seconds.append((again, first, theirs))
    return page.series, [median(column) for column in zip(*seconds, strict=True)]


def _render(snapshot: Snapshot, before: Written | None) -> bytes:
    return write(snapshot, NO_CAP, before).text(Format.TEXT)


def rows() -> list[tuple[str, str]]:
    """What `make bench` prints, one row for each size."""
    found = []
    for wanted, teams in SIZES:
        series, (again, first, theirs) = measure(teams)
        text = (
            f"{series:,} series in {again * 1e3:.2f} ms (first page {first * 1e3:.2f} ms),"
            f" prometheus_client {theirs * 1e3:.1f} ms: {theirs / again:.0f}x"
            f" (first page {theirs / first:.0f}x)"
        )
        found.append((f"E: page of {wanted:,} series", text))
    return found


if __name__ == "__main__":
    for label, value in rows():
        print(f"{label:32} {value}")
