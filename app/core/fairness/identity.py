"""Which episode is which: one keeps its number however late events change what is known of it.

An episode that is worked out anew is the stored one of the same customer or tier that it overlaps in
time most. A stored one that no longer exists is withdrawn, and comes back under its number if it
exists after all.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

import msgspec

from app.core.fairness.shown import ShownEpisode


class KnownEpisode(msgspec.Struct, frozen=True):
    """An episode as it is stored, under the number that it keeps."""

    id: int
    team: str
    shown: ShownEpisode
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of a pool's episodes: those known before by number, new ones, and those gone."""

    kept: dict[int, ShownEpisode] = field(default_factory=dict)
    new: list[ShownEpisode] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


def match(stored: Sequence[KnownEpisode], shown: Sequence[ShownEpisode], since: float) -> Matched:
    """Tell which of a pool's stored episodes those worked out now are.

    What ended before ``since`` is not worked out any more, so that it is never gone.
    """
    found = Matched()
    matched: set[int] = set()
    for _, known, place in sorted(_pairs(stored, shown), key=lambda pair: pair[0]):
        if known.id not in found.kept and place not in matched:
            found.kept[known.id] = shown[place]
            matched.add(place)
    found.new.extend(each for place, each in enumerate(shown) if place not in matched)
    found.gone.extend(known.id for known in _missing(stored, found.kept) if _end(known) > since)
    return found


Rank = tuple[bool, float, int]
"""What counts most first: not withdrawn, the longer overlap, the lower number."""


def _pairs(
    stored: Sequence[KnownEpisode], shown: Sequence[ShownEpisode]
) -> Iterator[tuple[Rank, KnownEpisode, int]]:
    for known in stored:
        for place, each in enumerate(shown):
            overlap = _overlap(known.shown, each)
            if known.shown.who == each.who and overlap >= 0:
                yield (known.withdrawn_at is not None, -overlap, known.id), known, place


def _missing(stored: Sequence[KnownEpisode], kept: Collection[int]) -> Iterator[KnownEpisode]:
    return (known for known in stored if known.id not in kept and known.withdrawn_at is None)


def _end(known: KnownEpisode) -> float:
    return inf if known.shown.ended_at is None else known.shown.ended_at


def _overlap(some: ShownEpisode, other: ShownEpisode) -> float:
    """Seconds in common; negative where they are apart."""
    ends = [inf if each.ended_at is None else each.ended_at for each in (some, other)]
    return min(ends) - max(some.started_at, other.started_at)
