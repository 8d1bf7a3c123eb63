"""A small contact centre at noon, and readers of both formats."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from app.core.snapshot import (
    ClockGroup,
    CustomerWaiting,
    Group,
    Promises,
    ResponseGroup,
    Responses,
    Running,
    Snapshot,
    SourceNews,
    Tally,
    Waiting,
)
from app.metrics.negotiation import Format

NOON = datetime(2026, 11, 20, 12, 0, 0, 123457, UTC)
SUPPORT = Group("phone", "support", "important")
SALES = Group("chat", "sales", "standard")
SUPPORT_CLOCK = ClockGroup("phone", "support", "important", "first_response")
SALES_CLOCK = ClockGroup("chat", "sales", "standard", "next_response")
PHONE = ResponseGroup("phone", "important", "first_response")
CHAT = ResponseGroup("chat", "standard", "next_response")

Sample = tuple[str, frozenset[tuple[str, str]], float]

QUIET = Snapshot(
    taken_at=NOON,
    groups=(SUPPORT, SALES),
    running={SUPPORT_CLOCK: Running(0, None), SALES_CLOCK: Running(0, None)},
    tallies={SUPPORT_CLOCK: Tally(), SALES_CLOCK: Tally()},
    targets={SUPPORT_CLOCK: 25.0, SALES_CLOCK: 90.0},
    target_ratios={SUPPORT_CLOCK: 0.9, SALES_CLOCK: 0.8},
    sources={"desk": SourceNews("phone", None, None)},
)
"""From the first second on: the policy is known and nothing has happened."""

BUSY = Snapshot(
    taken_at=NOON,
    groups=(SUPPORT, SALES),
    waiting={
        SUPPORT: Waiting(5, NOON - timedelta(seconds=42)),
        SALES: Waiting(2, NOON - timedelta(seconds=7)),
    },
    running={
        SUPPORT_CLOCK: Running(1, NOON + timedelta(seconds=8)),
        SALES_CLOCK: Running(0, None),
    },
    tallies={SUPPORT_CLOCK: Tally(12, 3, 1), SALES_CLOCK: Tally(7, 0, 0)},
    responses={PHONE: Responses({20.0: 4, 25.0: 2, 60.0: 3}, 181.25)},
    targets={SUPPORT_CLOCK: 25.0, SALES_CLOCK: 90.0},
    target_ratios={SUPPORT_CLOCK: 0.9, SALES_CLOCK: 0.8},
    promises={("support", "phone"): Promises(4, 2, 1)},
    not_measurable={("support", "phone"): 3},
    lost_track={("sales", "chat"): 1},
    sources={"desk": SourceNews("phone", NOON, NOON + timedelta(minutes=30))},
    customers=(
        CustomerWaiting("c1", "important", "support", "phone", 2, NOON + timedelta(seconds=8)),
        CustomerWaiting("c2", "important", "support", "phone", 2, NOON + timedelta(seconds=9)),
        CustomerWaiting("c1", "standard", "sales", "chat", 1, None),
        CustomerWaiting("c3", "important", "support", "phone", 1, NOON + timedelta(seconds=11)),
        CustomerWaiting("c4", "standard", "sales", "chat", 1, NOON + timedelta(seconds=70)),
    ),
    quarantined=2,
    set_aside=1,
)

READERS: dict[Format, Callable[[str], Iterable[Metric]]] = {
    Format.TEXT: text_string_to_metric_families,
    Format.OPENMETRICS: openmetrics.text_string_to_metric_families,
}


def read(text: bytes, fmt: Format = Format.TEXT) -> list[Sample]:
    """Every sample of a page, as a scraper understands it."""
    return [
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for metric in READERS[fmt](text.decode())
        for sample in metric.samples
    ]


def values(text: bytes, name: str) -> dict[frozenset[tuple[str, str]], float]:
    """The samples of one name by their labels."""
    return {labels: value for found, labels, value in read(text) if found == name}


def labels(**pairs: str) -> frozenset[tuple[str, str]]:
    """Labels as ``read`` gives them."""
    return frozenset(pairs.items())
