"""Stretches of time: joined where they touch, and cut where they overlap."""

from collections.abc import Iterable, Iterator, Sequence

Span = tuple[float, float]
"""From when to when, in seconds."""


def merged(spans: Iterable[Span], gap: float = 0.0) -> list[Span]:
    """In order, and one where less than ``gap`` seconds lie between."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + gap:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def intersected(one: Sequence[Span], other: Sequence[Span]) -> Iterator[Span]:
    """Where two lists of merged spans overlap."""
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            yield start, end
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
