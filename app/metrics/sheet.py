"""A page while it is written: families with their samples, of which only what changed is written anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from operator import ne
from typing import Any

from app.metrics import families as f
from app.metrics.family import Family, Kind
from app.metrics.labels import instant, number
from app.metrics.negotiation import Format

END = {Format.TEXT: b"", Format.OPENMETRICS: b"# EOF\n"}
"""What closes a page."""


def describe(family: Family, fmt: Format) -> bytes:
    """The HELP and TYPE lines; OpenMetrics names a family without the ending of its kind."""
    name, kind = family.name, family.kind.value
    if fmt is Format.OPENMETRICS:
        name = family.base
    elif family.kind is Kind.INFO:
        kind = Kind.GAUGE.value
    return f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n".encode()


Value = int | float | str
"""A count, a number, or one already written down."""


@dataclass(frozen=True, slots=True)
class Column:
    """One family as it was written, and from what: the next page changes only what has changed."""

    family: Family
    labels: Sequence[str]
    values: Sequence[Any]
    lines: Sequence[bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """Families with their samples, ready for either format.

    ``dropped`` counts the series left out, on this page and on all before it.
    """

    columns: Mapping[str, Column]
    series: int
    dropped: int

    def text(self, fmt: Format) -> bytes:
        """The families in ``fmt``, without the end of the page."""
        columns = self.columns.values()
        return b"".join([part for c in columns for part in (describe(c.family, fmt), c.body)])


Told = Callable[[Any], object]
"""How a value is written."""
Lines = Callable[[str, Any], str]
"""The lines of one label set with its value."""


def _column(
    family: Family, labels: list[str], values: Sequence[Any], lines: Lines, before: Column | None
) -> Column:
    """Write a family. Lines are kept as bytes: these join ten times faster than text."""
    if before is None or before.labels != labels:
        made = [lines(label, value).encode() for label, value in zip(labels, values, strict=True)]
    elif before.values == values:
        return before
    else:
        made = [*before.lines]
        for i in compress(range(len(made)), map(ne, before.values, values)):
            made[i] = lines(labels[i], values[i]).encode()
    return Column(family, labels, values, made, b"".join(made))


def _in_full(value: Value) -> object:
    return number(value) if isinstance(value, float) else value


class Sheet:
    """Collects families until ``room`` series are on it; what comes later is left out, counted."""

    def __init__(self, room: int, previous: Written | None) -> None:
        self._room = max(room, 0)
        self._series = 0
        self._before = previous.columns if previous else {}
        self._dropped = previous.dropped if previous else 0
        self._columns: dict[str, Column] = {}

    def add(
        self, family: Family, labels: list[str], values: Sequence[Any], told: Told = _in_full
    ) -> None:
        """Write one sample for each label set; ``told`` says how its value is written."""
        name = family.name
        self.add_whole(family, labels, values, lambda label, v: f"{name}{label} {told(v)}\n")

    def add_instants(
        self, family: Family, labels: list[str], instants: list[datetime | None]
    ) -> None:
        """Write the instants that are known; an unknown one has no series, never a zero."""
        known = [label for label, at in zip(labels, instants, strict=True) if at is not None]
        self.add(family, known, [at for at in instants if at is not None], instant)

    def add_whole(
        self, family: Family, labels: list[str], values: Sequence[Any], lines: Lines, size: int = 1
    ) -> None:
        """Write ``size`` lines for each label set, that mean nothing in part: a row of buckets."""
        taken = min(len(labels), (self._room - self._series) // size)
        self._series += taken * size
        self._dropped += (len(labels) - taken) * size
        before = self._before.get(family.name)
        self._columns[family.name] = _column(family, labels[:taken], values[:taken], lines, before)

    def add_dropped(self) -> None:
        """Write how many series were ever left out; this one line always finds room."""
        self._series += 1
        line = f"{f.SERIES_DROPPED.name} {self._dropped}\n".encode()
        column = Column(f.SERIES_DROPPED, [""], [self._dropped], [line], line)
        self._columns[f.SERIES_DROPPED.name] = column

    def written(self) -> Written:
        """What is on the sheet."""
        return Written(self._columns, self._series, self._dropped)
