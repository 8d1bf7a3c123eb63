"""How a snapshot becomes exposition text: written by hand, because it is read every second.

The lines of samples are the same in both formats, so they are written once; only the lines that
describe a family differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.events import Channel
from app.core.snapshot import ClockGroup, Group, Responses, Snapshot
from app.metrics import families as f
from app.metrics.families import Family, Kind
from app.metrics.labels import (
    clock_labels,
    group_labels,
    instant,
    label_text,
    number,
    response_labels,
    team_labels,
)
from app.metrics.negotiation import Format
from app.metrics.turns import day_turns, team_turns

MAX_SERIES = 5_000
"""Series on one page, process families included. Prometheus refuses a whole page over its limit."""

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


Value = int | str
"""A count, or a number already written down."""


@dataclass(frozen=True, slots=True)
class Column:
    """One family as it was written, and from what: the next page changes only what has changed."""

    family: Family
    labels: Sequence[str]
    values: Sequence[Value]
    lines: Sequence[str]
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


def _column(
    family: Family, labels: list[str], values: Sequence[Value], before: Column | None
) -> Column:
    name = family.name
    if before is None or before.labels != labels:
        lines = [f"{name}{label} {value}\n" for label, value in zip(labels, values, strict=True)]
    elif before.values == values:
        return before
    else:
        lines = [
            line if old == value else f"{name}{label} {value}\n"
            for line, old, value, label in zip(
                before.lines, before.values, values, labels, strict=True
            )
        ]
    return Column(family, labels, values, lines, "".join(lines).encode())


class Sheet:
    """Collects families until ``room`` series are on it; what comes later is left out, counted."""

    def __init__(self, room: int, previous: Written | None) -> None:
        self._room = max(room, 0)
        self._series = 0
        self._before = previous.columns if previous else {}
        self._dropped = previous.dropped if previous else 0
        self._columns: dict[str, Column] = {}

    def add(self, family: Family, labels: list[str], values: Sequence[Value]) -> None:
        """Write one sample for each label set and its value."""
        taken = min(len(labels), self._room - self._series)
        self._series += taken
        self._dropped += len(labels) - taken
        before = self._before.get(family.name)
        self._columns[family.name] = _column(family, labels[:taken], values[:taken], before)

    def add_instants(
        self, family: Family, labels: list[str], instants: list[datetime | None]
    ) -> None:
        """Write the instants that are known; an unknown one has no series, never a zero."""
        known = [label for label, at in zip(labels, instants, strict=True) if at is not None]
        self.add(family, known, [instant(at) for at in instants if at is not None])

    def add_whole(self, family: Family, blocks: Iterable[Sequence[str]]) -> None:
        """Write blocks of lines that mean nothing in part: a histogram's buckets."""
        lines: list[str] = []
        for block in blocks:
            if self._series + len(block) <= self._room:
                self._series += len(block)
                lines.extend(block)
            else:
                self._dropped += len(block)
        self._columns[family.name] = Column(family, (), (), (), "".join(lines).encode())

    def add_dropped(self) -> None:
        """Write how many series were ever left out; this one line always finds room."""
        self._series += 1
        column = _column(f.SERIES_DROPPED, [""], [self._dropped], None)
        self._columns[f.SERIES_DROPPED.name] = column

    def written(self) -> Written:
        """What is on the sheet."""
        return Written(self._columns, self._series, self._dropped)


def write(snapshot: Snapshot, room: int, previous: Written | None) -> Written:
    """The business families of /metrics in at most ``room`` series, the most urgent first.

    ``previous`` is the page before this one; its count of dropped series goes on.
    """
    sheet = Sheet(room - 1, previous)
    _add_state(sheet, snapshot)
    _add_sources(sheet, snapshot)
    _add_targets(sheet, snapshot)
    _add_waiting(sheet, snapshot)
    for family, labels, values in team_turns(snapshot):
        sheet.add(family, labels, values)
    _add_clocks(sheet, snapshot)
    _add_teams(sheet, snapshot)
    _add_responses(sheet, snapshot)
    for family, labels, values in day_turns(snapshot):
        sheet.add(family, labels, values)
    _add_warnings(sheet, snapshot)
    _add_calls(sheet, snapshot)
    sheet.add_dropped()
    return sheet.written()


def render(snapshot: Snapshot, fmt: Format) -> bytes:
    """The business families as one complete page."""
    return write(snapshot, MAX_SERIES, None).text(fmt) + END[fmt]


def _group_labels(groups: Iterable[Group]) -> list[str]:
    return [group_labels(group.channel, group.team, group.tier) for group in groups]


def _clock_labels(groups: Iterable[ClockGroup]) -> list[str]:
    return [clock_labels(key.channel, key.team, key.tier, key.clock) for key in groups]


def _missing(labels: list[str], wanted: list[str]) -> list[str]:
    """What is wanted beside ``labels``. Texts compare several times faster than their groups."""
    if labels == wanted:
        return []
    present = frozenset(labels)
    return [label for label in wanted if label not in present]


def _add_state(sheet: Sheet, snapshot: Snapshot) -> None:
    sheet.add(f.SNAPSHOT_TIMESTAMP, [""], [instant(snapshot.taken_at)])
    sheet.add(f.QUARANTINED, [""], [snapshot.quarantined])
    sheet.add(f.SET_ASIDE, [""], [snapshot.set_aside])
    sheet.add(f.INVARIANTS_BROKEN, [""], [snapshot.invariants_broken])


def _add_sources(sheet: Sheet, snapshot: Snapshot) -> None:
    news = snapshot.sources.values()
    labels = [
        label_text(f.SOURCE_LAST_EVENT.labels, source, known.channel)
        for source, known in snapshot.sources.items()
    ]
    sheet.add_instants(f.SOURCE_LAST_EVENT, labels, [known.last_event_at for known in news])
    sheet.add_instants(f.SOURCE_SILENT_AFTER, labels, [known.silent_after for known in news])


def _add_waiting(sheet: Sheet, snapshot: Snapshot) -> None:
    """Every group of the policy, and groups that wait without one (an unmapped team)."""
    waiting = snapshot.waiting.values()
    labels = _group_labels(snapshot.waiting)
    idle = _missing(labels, _group_labels(snapshot.groups))
    counts = [known.contacts for known in waiting] + [0] * len(idle)
    sheet.add(f.CONTACTS_WAITING, labels + idle, counts)
    since = [known.oldest_since if known.contacts else None for known in waiting]
    sheet.add_instants(f.OLDEST_WAITING, labels, since)


def _add_clocks(sheet: Sheet, snapshot: Snapshot) -> None:
    """Running clocks, then the counters; a group known to one of them has zeros in the other."""
    running, tallies = snapshot.running.values(), snapshot.tallies.values()
    runs, counted = _clock_labels(snapshot.running), _clock_labels(snapshot.tallies)
    idle, unjudged = _missing(runs, counted), _missing(counted, runs)
    overdue = [state.overdue for state in running] + [0] * len(idle)
    sheet.add(f.CLOCKS_OVERDUE, runs + idle, overdue)
    sheet.add_instants(f.NEXT_BREACH, runs, [state.next_breach_at for state in running])
    labels, zeros = counted + unjudged, [0] * len(unjudged)
    sheet.add(f.CLOCKS_SETTLED, labels, [tally.settled for tally in tallies] + zeros)
    sheet.add(f.CLOCKS_UNSETTLED, labels, [tally.unsettled for tally in tallies] + zeros)
    sheet.add(f.CLOCKS_BREACHED, labels, [tally.breached for tally in tallies] + zeros)
    sheet.add(f.BREACHES_WITHDRAWN, labels, [tally.withdrawn for tally in tallies] + zeros)


def _add_targets(sheet: Sheet, snapshot: Snapshot) -> None:
    for family, targets in (
        (f.TARGET_SECONDS, snapshot.targets),
        (f.TARGET_RATIO, snapshot.target_ratios),
    ):
        labels = [response_labels(key.channel, key.tier, key.clock) for key in targets]
        sheet.add(family, labels, [number(float(target)) for target in targets.values()])


def _add_teams(sheet: Sheet, snapshot: Snapshot) -> None:
    """Per team and channel, at zero for each that the policy knows."""
    promises = snapshot.promises
    found = (
        *(promises, snapshot.not_measurable, snapshot.lost_track, snapshot.untold),
        *(snapshot.callbacks, snapshot.turned_away),
    )
    known = [(group.team, group.channel) for group in snapshot.groups]
    keys = list(dict.fromkeys([*known, *(key for mapping in found for key in mapping)]))
    labels = [team_labels(*key) for key in keys]
    due = [promises.get(key) for key in keys]
    sheet.add(f.PROMISES_OPEN, labels, [promise.open if promise else 0 for promise in due])
    sheet.add(
        f.PROMISES_DUE_TODAY, labels, [promise.due_today if promise else 0 for promise in due]
    )
    sheet.add(f.PROMISES_OVERDUE, labels, [promise.overdue if promise else 0 for promise in due])
    sheet.add(f.NOT_MEASURABLE, labels, [snapshot.not_measurable.get(key, 0) for key in keys])
    sheet.add(f.LOST_TRACK, labels, [snapshot.lost_track.get(key, 0) for key in keys])
    sheet.add(f.UNTOLD, labels, [snapshot.untold.get(key, 0) for key in keys])
    sheet.add(f.CALLBACKS_OPEN, labels, [snapshot.callbacks.get(key, 0) for key in keys])
    sheet.add(f.TURNED_AWAY, labels, [snapshot.turned_away.get(key, 0) for key in keys])


def _add_calls(sheet: Sheet, snapshot: Snapshot) -> None:
    """The phone's raw counters, at zero for each team and tier that the policy knows."""
    known = [
        (group.team, group.tier) for group in snapshot.groups if group.channel == Channel.PHONE
    ]
    places = list(dict.fromkeys([*known, *((team, tier) for team, tier, _ in snapshot.calls)]))
    for name, family in f.CALLS.items():
        labels = [label_text(family.labels, *place) for place in places]
        sheet.add(family, labels, [snapshot.calls.get((*place, name), 0) for place in places])


def _add_warnings(sheet: Sheet, snapshot: Snapshot) -> None:
    labels = [
        label_text(f.WARNINGS.labels, group.channel, group.team, group.tier, group.clock, level)
        for group, level in snapshot.warnings
    ]
    sheet.add(f.WARNINGS, labels, list(snapshot.warnings.values()))


_NO_RESPONSES = Responses({}, 0.0)


def _add_responses(sheet: Sheet, snapshot: Snapshot) -> None:
    """Buckets for every promise of the policy; edges of older policies stay while they count."""
    counted = {edge for known in snapshot.responses.values() for edge in known.counts}
    edges = f.response_edges({*snapshot.targets.values(), *counted})
    bounds = [(edge, f',le="{number(float(edge))}"}}') for edge in edges]
    groups = dict.fromkeys([*snapshot.targets, *snapshot.responses])
    sheet.add_whole(
        f.RESPONSE_SECONDS,
        (
            _buckets(
                response_labels(group.channel, group.tier, group.clock),
                bounds,
                snapshot.responses.get(group, _NO_RESPONSES),
            )
            for group in groups
        ),
    )


def _buckets(labels: str, bounds: list[tuple[float, str]], responses: Responses) -> list[str]:
    """The lines of one label set: buckets that each count all below their edge, count, sum."""
    name, opened = f.RESPONSE_SECONDS.name, labels[:-1]
    lines = []
    total = 0
    for edge, bound in bounds:
        total += responses.counts.get(edge, 0)
        lines.append(f"{name}_bucket{opened}{bound} {total}\n")
    lines.append(f"{name}_count{labels} {total}\n")
    lines.append(f"{name}_sum{labels} {number(float(responses.sum_seconds))}\n")
    return lines
