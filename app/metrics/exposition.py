"""How a snapshot becomes exposition text: written by hand, because it is read every second.

The lines of samples are the same in both formats, so they are written once; only the lines that
describe a family differ.
"""

from itertools import starmap

from app.core.events import Channel
from app.core.snapshot import ResponseGroup, Responses, Snapshot
from app.metrics import families as f
from app.metrics.labels import (
    clock_labels,
    group_labels,
    instant,
    label_text,
    number,
    remembered_labels,
    response_labels,
    team_labels,
)
from app.metrics.negotiation import Format
from app.metrics.sheet import END, Sheet, Written
from app.metrics.turns import day_turns, team_turns

MAX_SERIES = 5_000
"""Series on one page, process families included. Prometheus refuses a whole page over its limit."""


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
    _add_today(sheet, snapshot)
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
    sheet.add(f.POLICY_VERSION, [""], [snapshot.policy_version])
    sheet.add_instants(f.OLDEST_TOUCHED, [""], [snapshot.oldest_touched_at])


def _add_sources(sheet: Sheet, snapshot: Snapshot) -> None:
    news = snapshot.sources.values()
    labels = [
        label_text(f.SOURCE_LAST_EVENT.labels, source, known.channel)
        for source, known in snapshot.sources.items()
    ]
    sheet.add_instants(f.SOURCE_LAST_EVENT, labels, [known.last_event_at for known in news])
    sheet.add_instants(f.SOURCE_SILENT_AFTER, labels, [known.silent_after for known in news])
    kept = {
        label_text(f.SOURCE_KEPT.labels, source, reason): n
        for (source, reason), n in snapshot.kept.items()
    }
    sheet.add(f.SOURCE_KEPT, list(kept), list(kept.values()))


def _add_waiting(sheet: Sheet, snapshot: Snapshot) -> None:
    """Every group of the policy, and groups that wait without one (an unmapped team)."""
    waiting = snapshot.waiting.values()
    labels = list(map(group_labels, snapshot.waiting))
    idle = _missing(labels, list(map(group_labels, snapshot.groups)))
    counts = [known.contacts for known in waiting] + [0] * len(idle)
    sheet.add(f.CONTACTS_WAITING, labels + idle, counts)
    since = [known.oldest_since if known.contacts else None for known in waiting]
    sheet.add_instants(f.OLDEST_WAITING, labels, since)


def _add_clocks(sheet: Sheet, snapshot: Snapshot) -> None:
    """Running clocks, then the counters; a group known to one of them has zeros in the other."""
    running, tallies = snapshot.running.values(), snapshot.tallies.values()
    runs = list(map(clock_labels, snapshot.running))
    counted = list(map(clock_labels, snapshot.tallies))
    idle, unjudged = _missing(runs, counted), _missing(counted, runs)
    none, all_runs = [0] * len(idle), runs + idle
    sheet.add(f.CLOCKS_OVERDUE, all_runs, [state.overdue for state in running] + none)
    sheet.add(f.CLOCKS_OVERDUE_PAGEABLE, all_runs, [state.pageable for state in running] + none)
    opening = [state.at_opening for state in running] + none
    sheet.add(f.CLOCKS_OVERDUE_AT_OPENING, all_runs, opening)
    sheet.add(f.CLOCKS_LATE_SOON, all_runs, [state.late_soon for state in running] + none)
    closing = [state.due_before_closing for state in running] + none
    sheet.add(f.CLOCKS_DUE_BEFORE_CLOSING, all_runs, closing)
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
        labels = list(map(clock_labels, targets))
        sheet.add(family, labels, list(map(float, targets.values())))


def _add_teams(sheet: Sheet, snapshot: Snapshot) -> None:
    """Per team and channel, at zero for each that the policy knows."""
    promises = snapshot.promises
    found = (
        *(promises, snapshot.not_measurable, snapshot.lost_track, snapshot.untold),
        *(snapshot.callbacks, snapshot.turned_away, snapshot.inferred, snapshot.received),
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
    sheet.add(f.INFERRED, labels, [snapshot.inferred.get(key, 0) for key in keys])
    sheet.add(f.CONTACTS_RECEIVED, labels, [snapshot.received.get(key, 0) for key in keys])


def _add_today(sheet: Sheet, snapshot: Snapshot) -> None:
    days = snapshot.today.values()
    labels = [remembered_labels(f.TODAY_SETTLED.labels, *key) for key in snapshot.today]
    sheet.add(f.TODAY_SETTLED, labels, [day.judged for day in days])
    sheet.add(f.TODAY_LATE, labels, [day.late for day in days])
    sheet.add(f.TODAY_LATE_LEFT, labels, [day.late_left for day in days])


def _add_calls(sheet: Sheet, snapshot: Snapshot) -> None:
    """The phone's raw counters, at zero for each team and tier that the policy knows."""
    known = [
        (group.team, group.tier) for group in snapshot.groups if group.channel == Channel.PHONE
    ]
    places = list(dict.fromkeys([*known, *((team, tier) for team, tier, _ in snapshot.calls)]))
    labels = [remembered_labels(f.TEAM_TIER, *place) for place in places]
    counted: dict[str, dict[tuple[str, str], int]] = {name: {} for name in f.CALLS}
    for (team, tier, name), count in snapshot.calls.items():
        counted[name][team, tier] = count
    for name, family in f.CALLS.items():
        sheet.add(family, labels, [counted[name].get(place, 0) for place in places])


def _add_warnings(sheet: Sheet, snapshot: Snapshot) -> None:
    labels = [
        remembered_labels(
            f.WARNINGS.labels, group.channel, group.team, group.tier, group.clock, level
        )
        for group, level in snapshot.warnings
    ]
    sheet.add(f.WARNINGS, labels, list(snapshot.warnings.values()))


_NO_RESPONSES = Responses({}, 0.0)


def _add_responses(sheet: Sheet, snapshot: Snapshot) -> None:
    """Buckets for every promise of the policy; edges of older policies stay while they count."""
    counted = {edge for known in snapshot.responses.values() for edge in known.counts}
    edges = f.response_edges({*snapshot.targets.values(), *counted})
    # Many teams share few promises: the pairs are made as plain tuples, which costs a tenth.
    promised = dict.fromkeys([(channel, tier, kind) for channel, _, tier, kind in snapshot.targets])
    groups = dict.fromkeys([*starmap(ResponseGroup, promised), *snapshot.responses])
    found = [(snapshot.responses.get(group, _NO_RESPONSES), edges) for group in groups]
    labels = list(map(response_labels, groups))
    sheet.add_whole(f.RESPONSE_SECONDS, labels, found, _buckets, len(edges) + 2)


def _buckets(labels: str, told: tuple[Responses, tuple[float, ...]]) -> str:
    """The lines of one label set: buckets that each count all below their edge, count, sum."""
    name, opened = f.RESPONSE_SECONDS.name, labels[:-1]
    responses, edges = told
    lines = []
    total = 0
    for edge in edges:
        total += responses.counts.get(edge, 0)
        lines.append(f'{name}_bucket{opened},le="{number(float(edge))}"}} {total}\n')
    lines.append(f"{name}_count{labels} {total}\n")
    lines.append(f"{name}_sum{labels} {number(float(responses.sum_seconds))}\n")
    return "".join(lines)
