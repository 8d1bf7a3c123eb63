"""Spans of time as sets: joined, cut with one another, measured."""

from collections.abc import Iterable, Sequence

from app.simulate.fairness.plan import Span


def joined(spans: Iterable[Span], gap_seconds: float = 0.0) -> list[Span]:
    """The spans in order, those that touch or lie within the gap made one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if found and span.start <= found[-1].end + gap_seconds:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The time in both; each side is in order and without overlaps."""
    found = []
    i = j = 0
    while i < len(some) and j < len(others):
        one, other = some[i], others[j]
        both = Span(max(one.start, other.start), min(one.end, other.end))
        if both.seconds > 0:
            found.append(both)
        if one.end < other.end:
            i += 1
        else:
            j += 1
    return found


def seconds_within(span: Span, limits: Span) -> float:
    """How much of the span lies within the limits."""
    return max(0.0, min(span.end, limits.end) - max(span.start, limits.start))


def total(spans: Iterable[Span]) -> float:
    """How long they are together."""
    return sum(span.seconds for span in spans)
