"""One year of a calendar laid out in real time, so that open time is found by bisection.

The year is that of UTC, and so are all instants: daylight saving costs nothing and loses nothing, and
the year of an instant needs no search. Instants are never turned into numbers, which would cost more
than everything else here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

NOTHING = timedelta(0)

Stretch = tuple[datetime, datetime]
"""A stretch of real time, ``[start, end)``."""


@dataclass(frozen=True, slots=True)
class OpenYear:
    """The open spans of one year: opens, closes, and open time up to each close.

    A span over New Year is cut there: it closes in one year and opens in the next.
    """

    number: int
    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]
    until: tuple[timedelta, ...]
    total: timedelta

    def open_before(self, instant: datetime) -> timedelta:
        """Open time of this year before ``instant``."""
        i = bisect_right(self.opens, instant) - 1
        if i < 0:
            return NOTHING
        closes = self.closes[i]
        return self.until[i] if closes <= instant else self.until[i] - (closes - instant)

    def span_at(self, instant: datetime) -> int | None:
        """The number of the span that holds ``instant``; none when closed."""
        i = bisect_right(self.opens, instant) - 1
        return i if i >= 0 and instant < self.closes[i] else None

    def spans_ahead(self, instant: datetime) -> tuple[Stretch, ...]:
        """The spans that an instant of the same day of UTC may lie in, or have before it."""
        midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
        first = bisect_right(self.closes, midnight)
        after = bisect_left(self.opens, midnight + timedelta(days=1)) + 1
        return tuple(zip(self.opens[first:after], self.closes[first:after], strict=True))

    def earliest_with(self, elapsed: timedelta) -> datetime:
        """The earliest instant with ``elapsed`` open time of this year before it."""
        i = bisect_left(self.until, elapsed)
        return self.closes[i] - (self.until[i] - elapsed)

    def latest_with(self, elapsed: timedelta) -> datetime:
        """The latest open instant with ``elapsed`` open time of this year before it."""
        i = bisect_right(self.until, elapsed)
        return self.closes[i] - (self.until[i] - elapsed)

    def opening_from(self, instant: datetime) -> datetime | None:
        """The first opening at or after ``instant``, where the year has one."""
        i = bisect_left(self.opens, instant)
        return self.opens[i] if i < len(self.opens) else None

    def closing_until(self, instant: datetime) -> datetime | None:
        """The last instant until ``instant`` that open time leads up to, where the year has one."""
        i = bisect_left(self.opens, instant)
        return min(self.closes[i - 1], instant) if i > 0 else None


def laid_out(number: int, spans: Iterable[Stretch]) -> OpenYear:
    """Lay out a year; spans that touch or overlap become one, what lies outside is cut off."""
    begins, ends = datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC)
    cut = ((max(start, begins), min(end, ends)) for start, end in merged(spans))
    joined = [(start, end) for start, end in cut if start < end]
    until = tuple(accumulate(end - start for start, end in joined))
    return OpenYear(
        number=number,
        opens=tuple(start for start, _ in joined),
        closes=tuple(end for _, end in joined),
        until=until,
        total=until[-1] if until else NOTHING,
    )


def merged(spans: Iterable[Stretch]) -> list[Stretch]:
    """The same time in order, without repeats."""
    found: list[Stretch] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
