"""How teams' turns become series: who is served first, and why anybody waits."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import compress

from app.core.fairness.causes import CAUSES
from app.core.fairness.shown import PoolStanding, ShownEpisode
from app.core.snapshot import Group, Snapshot
from app.metrics import families as f
from app.metrics.family import Family
from app.metrics.labels import CACHED_LABEL_SETS, group_labels, label_text, remembered_labels

MAX_ZERO_SERIES = 2_000
"""Causes stand at zero for all teams and tiers up to so many series; above it only those there are."""

Numbers = tuple[Family, list[str], Sequence[int | float]]
"""A family with its label sets and their values."""


def team_turns(snapshot: Snapshot) -> Iterator[Numbers]:
    """What needs somebody now, by team: zero where nobody is served first."""
    found = {standing.team: _lasting(standing) for standing in snapshot.pools}
    teams = _teams(snapshot)
    labels = [_team(team) for team in teams]
    lasting = [found.get(team, []) for team in teams]
    yield f.EPISODES_OPEN, labels, [len(episodes) for episodes in lasting]
    waiting = [max((e.waiting for e in episodes), default=0) for episodes in lasting]
    yield f.CUSTOMERS_WAITING, labels, waiting
    extra = [sum(e.extra_wait_seconds for e in episodes) for episodes in lasting]
    yield f.EXTRA_WAIT, labels, list(map(float, extra))
    yield from _free(snapshot)


def _free(snapshot: Snapshot) -> Iterator[Numbers]:
    """Nothing is said of teams of which nobody tells who is there."""
    known = [each for each in snapshot.pools if each.free is not None]
    free = [each.free or 0 if each.free_since is not None else 0 for each in known]
    yield f.FREE_WHILE_WAITING, [_team(each.team) for each in known], free
    doings = [(each.team, *told) for each in snapshot.pools for told in each.doings.items()]
    labels = [remembered_labels(f.AGENTS.labels, team, doing) for team, doing, _ in doings]
    yield f.AGENTS, labels, [count for *_, count in doings]


def day_turns(snapshot: Snapshot) -> Iterator[Numbers]:
    """What adds up over the day: starts out of turn, and waiting by cause."""
    yield from _starts(snapshot)
    yield from _causes(snapshot)


def _starts(snapshot: Snapshot) -> Iterator[Numbers]:
    totals: dict[str, int] = {}
    recent: dict[str, int] = {}
    for group in snapshot.groups:
        totals[group_labels(group)] = 0
    for standing in snapshot.pools:
        _add_starts(standing.team, standing.starts_out_of_turn_total, totals)
        _add_starts(standing.team, standing.starts_out_of_turn, recent)
    labels = list(totals | recent)
    yield f.OUT_OF_TURN, labels, [totals.get(label, 0) for label in labels]
    yield f.OUT_OF_TURN_RECENT, labels, [recent.get(label, 0) for label in labels]


def _add_starts(team: str, starts: Mapping[str, Mapping[str, int]], into: dict[str, int]) -> None:
    for channel, by_tier in starts.items():
        for tier, count in by_tier.items():
            into[group_labels(Group(channel, team, tier))] = count


def _causes(snapshot: Snapshot) -> Iterator[Numbers]:
    """Old and recent waiting bear the same labels, so that readers can add them."""
    places = _places(snapshot)
    with_zeros = 2 * len(places) * len(CAUSES) <= MAX_ZERO_SERIES
    known = {each.team: each for each in snapshot.pools}
    labels: list[str] = []
    before: list[float] = []
    recent: list[float] = []
    for team, tier in places:
        standing = known.get(team)
        old = standing.wait_seconds_total.get(tier, {}) if standing else {}
        new = standing.wait_seconds.get(tier, {}) if standing else {}
        if not (with_zeros or old or new):
            continue
        shown = [with_zeros or any((old.get(cause), new.get(cause))) for cause in CAUSES]
        labels.extend(compress(_cause_labels(team, tier), shown))
        before.extend(compress(_by_cause(old), shown))
        recent.extend(compress(_by_cause(new), shown))
    yield f.WAIT_SECONDS, labels, before
    yield f.WAIT_SECONDS_RECENT, labels, recent


_NO_WAITING = [0.0] * len(CAUSES)


def _by_cause(seconds: Mapping[str, float]) -> list[float]:
    return [float(seconds.get(cause, 0.0)) for cause in CAUSES] if seconds else _NO_WAITING


@lru_cache(CACHED_LABEL_SETS)
def _cause_labels(team: str, tier: str) -> tuple[str, ...]:
    return tuple(label_text(f.WAIT_SECONDS.labels, team, tier, cause) for cause in CAUSES)


def _lasting(standing: PoolStanding) -> list[ShownEpisode]:
    return [episode for episode in standing.episodes if episode.ended_at is None]


def _team(team: str) -> str:
    return remembered_labels(f.EPISODES_OPEN.labels, team)


def _teams(snapshot: Snapshot) -> list[str]:
    """The teams of the policy, then those that only have turns."""
    known = [group.team for group in snapshot.groups]
    return list(dict.fromkeys([*known, *(each.team for each in snapshot.pools)]))


def _places(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Every team and tier of the policy, then those in which somebody waited."""
    known = [(group.team, group.tier) for group in snapshot.groups]
    found = [
        (each.team, tier)
        for each in snapshot.pools
        for tier in (*each.wait_seconds_total, *each.wait_seconds)
    ]
    return list(dict.fromkeys([*known, *found]))
