"""Business time: how much open time lies between two instants, and when a target is used up.

All arithmetic is in whole microseconds since 1970 UTC, so that daylight saving costs nothing and
loses nothing. Open spans are half-open ``[open, close)``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60

HORIZON_YEARS = 30
"""How far ahead a calendar is searched for its next opening before it counts as never open."""


class NeverOpen(ValueError):  # noqa: N818 - named for the fact
    """The calendar has no open time within ``HORIZON_YEARS``."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from one local minute of the day to another, ``[start, end)``; 1440 is midnight's end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.end <= MINUTES_A_DAY, f"no span: {self.start}-{self.end}"


_ALL_DAY = (Span(0, MINUTES_A_DAY),)


@dataclass(frozen=True, slots=True)
class _Year:
    """The open spans that begin in one local year: opens, closes, and open time up to each close.

    ``begins`` and ``ends`` are the instants of the year's first and last local midnight.
    """

    begins: int
    ends: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    until: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.until[-1] if self.until else 0

    def open_before(self, instant: int) -> int:
        """Open microseconds of this year before ``instant``."""
        i = bisect_right(self.opens, instant)
        if i == 0:
            return 0
        return self.until[i - 1] - max(0, self.closes[i - 1] - instant)

    def at_open_time(self, elapsed: int) -> int:
        """The earliest instant with ``elapsed`` open microseconds of this year before it."""
        i = bisect_left(self.until, elapsed)
        return self.closes[i] - (self.until[i] - elapsed)


@dataclass(frozen=True, eq=False)
class Calendar:
    """When a team is open. ``week`` holds Monday to Sunday; a date in ``days`` replaces its weekday.

    Holidays are local dates of the zone and win over everything. ``is_always_open`` calendars have
    neither week nor holidays.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...] = (_ALL_DAY,) * 7
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    holidays: Container[date] = frozenset()
    is_always_open: bool = False
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False)
    _spans: dict[date, tuple[tuple[int, int], ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The open spans of one local date, as the policy says them."""
        if self.is_always_open:
            return _ALL_DAY
        if day in self.holidays:
            return ()
        return self.days.get(day, self.week[day.weekday()])

    def is_open(self, instant: datetime) -> bool:
        """Whether ``instant`` lies in an open span."""
        if self.is_always_open:
            return True
        at = _microseconds(instant)
        _, year = self._year_of(instant, at)
        i = bisect_right(year.opens, at)
        return i > 0 and at < year.closes[i - 1]

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Open time in ``[start, end)``; zero where the span is reversed."""
        if end <= start:
            return timedelta(0)
        if self.is_always_open:
            return end - start
        start_at, end_at = _microseconds(start), _microseconds(end)
        first, first_year = self._year_of(start, start_at)
        last, last_year = self._year_of(end, end_at)
        open_time = last_year.open_before(end_at) - first_year.open_before(start_at)
        if first != last:
            open_time += sum(self._year(year).total for year in range(first, last))
        return timedelta(microseconds=open_time)

    def due(self, start: datetime, target: timedelta) -> datetime:
        """The earliest instant at which the open time since ``start`` equals ``target``.

        Raises ``NeverOpen`` where it is never used up.
        """
        assert target >= timedelta(0), f"target must not be negative, got {target}"
        if self.is_always_open or not target:
            return start + target
        at = _microseconds(start)
        number, year = self._year_of(start, at)
        wanted = year.open_before(at) + target // MICROSECOND
        last_number = number + HORIZON_YEARS
        while wanted > year.total:
            wanted -= year.total
            number += 1
            if number > last_number:
                raise NeverOpen(f"calendar {self.name} has no {target} of open time after {start}")
            year = self._year(number)
        return _instant(year.at_open_time(wanted))

    def due_backward(self, end: datetime, target: timedelta) -> datetime:
        """The latest instant from which the open time until ``end`` equals ``target``."""
        assert target >= timedelta(0), f"target must not be negative, got {target}"
        if self.is_always_open or not target:
            return end - target
        at = _microseconds(end)
        number, year = self._year_of(end, at)
        wanted = target // MICROSECOND - year.open_before(at)
        first_number = number - HORIZON_YEARS
        while wanted > 0:
            number -= 1
            if number < first_number:
                raise NeverOpen(f"calendar {self.name} has no {target} of open time before {end}")
            year = self._year(number)
            wanted -= year.total
        i = bisect_right(year.until, -wanted)
        return _instant(year.closes[i] - (year.until[i] + wanted))

    def breaches_at(self, due_at: datetime) -> datetime:
        """The first instant after which the open time exceeds what it was at ``due_at``.

        That is ``due_at`` itself inside opening hours, else the next opening.
        """
        return due_at if self.is_open(due_at) else self.next_opening(due_at)

    def next_opening(self, instant: datetime) -> datetime:
        """The first open instant at or after ``instant``. Raises ``NeverOpen``."""
        if self.is_open(instant):
            return instant
        at = _microseconds(instant)
        first, _ = self._year_of(instant, at)
        for year in range(first, first + HORIZON_YEARS):
            opens = self._year(year).opens
            i = bisect_left(opens, at)
            if i < len(opens):
                return _instant(opens[i])
        raise NeverOpen(f"calendar {self.name} does not open after {instant}")

    def closes_after(self, instant: datetime) -> datetime | None:
        """When the open span that holds ``instant`` closes; ``None`` when closed or never closing."""
        if self.is_always_open or not self.is_open(instant):
            return None
        at = _microseconds(instant)
        _, year = self._year_of(instant, at)
        return _instant(year.closes[bisect_right(year.opens, at) - 1])

    def business_days_after(self, start: datetime, days: int, *, end_of_day: bool) -> datetime:
        """The same wall time on the Nth later day with hours; or that day's last closing.

        A wall time outside that day's hours moves to the next opening, as a promise can only be
        kept while we are open.
        """
        local = start.astimezone(self.zone)
        day = local.date()
        for _ in range(days):
            day = self._next_day_with_hours(day)
        if end_of_day:
            return _instant(max(end for _, end in self._spans_of(day)))
        return self.next_opening(
            _instant(self._wall(day, local.hour * 60 + local.minute)) + _rest(local)
        )

    def open_spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans that overlap ``[start, end)``, cut to it: how a deadline shows its working."""
        day, last = start.astimezone(self.zone).date() - DAY, end.astimezone(self.zone).date()
        while day <= last:
            for span in sorted(self._spans_of(day)):
                opens, closes = map(_instant, span)
                if max(opens, start) < min(closes, end):
                    yield max(opens, start), min(closes, end)
            day += DAY

    def _next_day_with_hours(self, day: date) -> date:
        for _ in range(HORIZON_YEARS * 366):
            day += DAY
            if self._spans_of(day):
                return day
        raise NeverOpen(f"calendar {self.name} has no day with hours after {day}")

    def _year_of(self, instant: datetime, at: int) -> tuple[int, _Year]:
        """The local year of an instant, without converting it to the zone (which costs more)."""
        number = instant.year
        year = self._years.get(number) or self._year(number)
        if at < year.begins:
            number -= 1
        elif at >= year.ends:
            number += 1
        else:
            return number, year
        return number, self._year(number)

    def _year(self, year: int) -> _Year:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._compiled(year)
        return known

    def _compiled(self, year: int) -> _Year:
        opens: list[int] = []
        closes: list[int] = []
        days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
        spans = (span for n in range(days) for span in self._spans_of(date(year, 1, 1) + n * DAY))
        for start, end in sorted(spans):
            if closes and start <= closes[-1]:
                closes[-1] = max(closes[-1], end)
            else:
                opens.append(start)
                closes.append(end)
        until = accumulate(end - start for start, end in zip(opens, closes, strict=True))
        begins, ends = self._wall(date(year, 1, 1), 0), self._wall(date(year + 1, 1, 1), 0)
        return _Year(begins, ends, tuple(opens), tuple(closes), tuple(until))

    def _spans_of(self, day: date) -> tuple[tuple[int, int], ...]:
        """The open spans of a local date in real time; a date that its zone skips has none."""
        known = self._spans.get(day)
        if known is None:
            known = self._spans[day] = tuple(self._real_spans(day))
        return known

    def _real_spans(self, day: date) -> Iterator[tuple[int, int]]:
        spans = self.spans_on(day)
        if not spans or self._wall(day, 0) >= self._wall(day, MINUTES_A_DAY):
            return
        for span in spans:
            start, end = self._wall(day, span.start), self._wall(day, span.end)
            if start < end:
                yield start, end

    def _wall(self, day: date, minute: int) -> int:
        """The instant of a local wall time: a gap moves forward by the gap, twice means the first."""
        if minute == MINUTES_A_DAY:
            day, minute = day + DAY, 0
        local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
        return _microseconds(local)


def always_open(name: str = "always") -> Calendar:
    """A calendar that never closes."""
    return Calendar(name=name, zone=ZoneInfo("UTC"), is_always_open=True)


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _rest(local: datetime) -> timedelta:
    return timedelta(seconds=local.second, microseconds=local.microsecond)
