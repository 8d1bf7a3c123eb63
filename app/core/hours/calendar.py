"""Business time: how much open time lies between two instants, and when a target is used up.

Open spans are half-open ``[open, close)``: looking forward an opening is open and a closing is not.
Looking backward it is the other way round.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.hours.open_year import NOTHING, OpenYear, Stretch, laid_out, merged

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MINUTES_A_DAY = 24 * 60

HORIZON_YEARS = 30
"""How far a calendar is searched for open time before it counts as never open."""


YEARS = range(1900, 2300)
"""The years in which a calendar has hours: a tool that has no date often sends the year 1 or 9999."""


class NegativeSpan(ValueError):  # noqa: N818 - named for the fact
    """No time before nothing can be counted."""


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


def without(hours: Iterable[Span], breaks: Iterable[Span]) -> Iterator[Span]:
    """The hours of a day that remain when its breaks are taken out."""
    gaps = sorted(breaks)
    for span in sorted(hours):
        start = span.start
        for gap in gaps:
            if gap.start >= span.end or gap.end <= start:
                continue
            if gap.start > start:
                yield Span(start, gap.start)
            start = gap.end
        if start < span.end:
            yield Span(start, span.end)


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
    _years: dict[int, OpenYear] = field(default_factory=dict, init=False, repr=False)
    _spans: dict[date, tuple[Stretch, ...]] = field(default_factory=dict, init=False, repr=False)
    _ahead: dict[int, tuple[Stretch, ...]] = field(default_factory=dict, init=False, repr=False)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The open spans of one local date, as the policy says them."""
        if self.is_always_open:
            return _ALL_DAY
        if day in self.holidays:
            return ()
        return self.days.get(day, self.week[day.weekday()])

    def is_open(self, instant: datetime) -> bool:
        """Whether ``instant`` lies in an open span."""
        return self.is_always_open or self._year_of(instant).span_at(instant) is not None

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Open time in ``[start, end)``; zero where the span is reversed."""
        start, end = _in_utc(start), _in_utc(end)
        if end <= start:
            return NOTHING
        if self.is_always_open:
            return end - start
        first, last = self._year(start.year), self._year(end.year)
        open_time = last.open_before(end) - first.open_before(start)
        for number in range(first.number, last.number):
            open_time += self._year(number).total
        return open_time

    def due(self, start: datetime, target: timedelta) -> datetime:
        """The earliest instant at which the open time since ``start`` equals ``target``.

        No target at all is due at the next opening. Raises ``NeverOpen`` where it is never used up.
        Most targets are used up in the span that holds ``start``, or in the next one.
        """
        if start.tzinfo is not UTC:
            start = start.astimezone(UTC)
        for opens, closes in self._ahead.get(start.toordinal(), ()):
            if start < closes:
                due = opens + target if start < opens else start + target
                if due <= closes:
                    return due
                break
        return self._due_later(start, target)

    def _due_later(self, start: datetime, target: timedelta) -> datetime:
        """When the target is used up after the first open span, in this year or a later one."""
        _check_positive(target)
        if start.year not in YEARS:
            raise NeverOpen(f"calendar {self.name} has no hours in the year {start.year}")
        if self.is_always_open:
            return start + target
        if not target:
            return self.next_opening(start)
        year = self._year(start.year)
        self._ahead.setdefault(start.toordinal(), year.spans_ahead(start))
        wanted = year.open_before(start) + target
        last = year.number + HORIZON_YEARS
        while wanted > year.total:
            if year.number == last:
                raise NeverOpen(f"calendar {self.name} has no {target} of open time after {start}")
            wanted -= year.total
            year = self._year(year.number + 1)
        return year.earliest_with(wanted)

    def due_backward(self, end: datetime, target: timedelta) -> datetime:
        """The latest instant from which the open time until ``end`` equals ``target``.

        No target at all leads to the previous closing. Raises ``NeverOpen``.
        """
        _check_positive(target)
        if not target:
            return self.previous_closing(end)
        end = _in_utc(end)
        if end.year not in YEARS:
            raise NeverOpen(f"calendar {self.name} has no hours in the year {end.year}")
        if self.is_always_open:
            return end - target
        year = self._year_of(end)
        before = year.open_before(end) - target
        first = year.number - HORIZON_YEARS
        while before < NOTHING:
            if year.number == first:
                raise NeverOpen(f"calendar {self.name} has no {target} of open time before {end}")
            year = self._year(year.number - 1)
            before += year.total
        return year.latest_with(before)

    def breaches_at(self, due_at: datetime) -> datetime:
        """The first instant after which the open time exceeds what it was at ``due_at``.

        That is ``due_at`` itself inside opening hours, else the next opening.
        """
        return self.next_opening(due_at)

    def next_opening(self, instant: datetime) -> datetime:
        """The first open instant at or after ``instant``. Raises ``NeverOpen``."""
        if self.is_open(instant):
            return instant
        first = self._year_of(instant).number
        for number in range(first, first + HORIZON_YEARS):
            opening = self._year(number).opening_from(instant)
            if opening is not None:
                return opening
        raise NeverOpen(f"calendar {self.name} does not open after {instant}")

    def previous_closing(self, instant: datetime) -> datetime:
        """The last instant until ``instant`` that open time leads up to. Raises ``NeverOpen``.

        That is ``instant`` itself inside opening hours and at a closing, but not at an opening.
        """
        if self.is_always_open:
            return instant
        last = self._year_of(instant).number
        for number in range(last, last - HORIZON_YEARS, -1):
            closing = self._year(number).closing_until(instant)
            if closing is not None:
                return closing
        raise NeverOpen(f"calendar {self.name} is not open before {instant}")

    def closes_after(self, instant: datetime) -> datetime | None:
        """When the open span that holds ``instant`` closes; ``None`` when closed or never closing.

        What stays open for the whole of the next year as well counts as never closing.
        """
        if self.is_always_open:
            return None
        year = self._year_of(instant)
        held = year.span_at(instant)
        if held is None:
            return None
        closing, following = year.closes[held], self._year(year.number + 1)
        if following.opens[:1] == (closing,):
            closing = following.closes[0]
        return closing if closing.year <= following.number else None

    def opened_at(self, instant: datetime) -> datetime | None:
        """When the open span that holds ``instant`` began; ``None`` when closed or never closing.

        What was open for the whole of the year before as well counts as never closing.
        """
        if self.is_always_open:
            return None
        year = self._year_of(instant)
        held = year.span_at(instant)
        if held is None:
            return None
        opening, before = year.opens[held], self._year(year.number - 1)
        if before.closes[-1:] == (opening,):
            opening = before.opens[-1]
        return None if opening == datetime(before.number, 1, 1, tzinfo=UTC) else opening

    def business_days_after(self, start: datetime, days: int, *, end_of_day: bool) -> datetime:
        """The same wall time on the Nth later day with hours; or that day's last closing.

        A wall time outside that day's hours moves to the next opening, as a promise can only be
        kept while we are open. No days at all mean now, or the next closing of a day.
        """
        day = self._day_with_hours(start, days, DAY)
        if not end_of_day:
            return self.next_opening(self._same_wall_time(start, day) if days else start)
        closing = self._last_closing(day)
        while closing is None or closing < start:
            day = self._next_day_with_hours(day, DAY)
            closing = self._last_closing(day)
        return closing

    def business_days_before(self, end: datetime, days: int, *, end_of_day: bool) -> datetime:
        """The same wall time on the Nth earlier day with hours; or that day's last closing.

        A wall time outside that day's hours moves to the previous closing. No days at all mean now,
        or the last closing of a day.
        """
        day = self._day_with_hours(end, days, -DAY)
        if not end_of_day:
            return self.previous_closing(self._same_wall_time(end, day) if days else end)
        closing = self._last_closing(day)
        while closing is None or closing > end:
            day = self._next_day_with_hours(day, -DAY)
            closing = self._last_closing(day)
        return closing

    def open_spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans that overlap ``[start, end)``, cut to it: how a deadline shows its working."""
        start, end = _within_years(start), _within_years(end)
        day, last = start.astimezone(self.zone).date() - DAY, end.astimezone(self.zone).date()
        shown = start
        while day <= last:
            for opens, closes in self._spans_of(day):
                begins, ends = max(opens, shown), min(closes, end)
                if begins < ends:
                    yield begins, ends
                    shown = ends
            day += DAY

    def _day_with_hours(self, instant: datetime, days: int, step: timedelta) -> date:
        """The local date of ``instant``, or the Nth date with hours from there."""
        if days < 0:
            raise NegativeSpan(f"business days must not be negative, got {days}")
        if instant.year not in YEARS:
            raise NeverOpen(f"calendar {self.name} has no hours in the year {instant.year}")
        day = instant.astimezone(self.zone).date()
        for _ in range(days):
            day = self._next_day_with_hours(day, step)
        return day

    def _next_day_with_hours(self, day: date, step: timedelta) -> date:
        for _ in range(HORIZON_YEARS * 366):
            day += step
            if self._spans_of(day):
                return day
        where = "after" if step > NOTHING else "before"
        raise NeverOpen(f"calendar {self.name} has no day with hours {where} {day}")

    def _same_wall_time(self, instant: datetime, day: date) -> datetime:
        local = instant.astimezone(self.zone)
        rest = timedelta(seconds=local.second, microseconds=local.microsecond)
        return self._wall(day, local.hour * 60 + local.minute) + rest

    def _last_closing(self, day: date) -> datetime | None:
        spans = self._spans_of(day)
        return spans[-1][1] if spans else None

    def _year_of(self, instant: datetime) -> OpenYear:
        number = _in_utc(instant).year
        return self._years.get(number) or self._year(number)

    def _year(self, number: int) -> OpenYear:
        known = self._years.get(number)
        if known is None:
            known = self._years[number] = self._compiled(number)
        return known

    def _compiled(self, number: int) -> OpenYear:
        """Lay out a year of UTC; local dates are at most a day away, or two at the date line."""
        if number not in YEARS:
            return laid_out(max(MINYEAR, min(number, MAXYEAR - 1)), ())
        first, after = date(number, 1, 1) - 2 * DAY, date(number + 1, 1, 1) + 2 * DAY
        days = (first + n * DAY for n in range((after - first).days))
        return laid_out(number, (span for day in days for span in self._spans_of(day)))

    def _spans_of(self, day: date) -> tuple[Stretch, ...]:
        """The open spans of a local date in real time; a date that its zone skips has none."""
        known = self._spans.get(day)
        if known is None:
            known = self._spans[day] = tuple(merged(self._real_spans(day)))
        return known

    def _real_spans(self, day: date) -> Iterator[Stretch]:
        """A local day of 24 hours has no change of the clock: no zone ever had two in one day."""
        spans = self.spans_on(day)
        if not spans:
            return
        midnight, ends = self._wall(day, 0), self._wall(day, MINUTES_A_DAY)
        if ends - midnight == DAY:
            for span in spans:
                yield midnight + span.start * MINUTE, midnight + span.end * MINUTE
        elif midnight < ends:
            for span in spans:
                opens, closes = self._wall(day, span.start), self._wall(day, span.end)
                if opens < closes:
                    yield opens, closes

    def _wall(self, day: date, minute: int) -> datetime:
        """The instant of a local wall time: a gap moves forward by the gap, twice means the first."""
        if minute == MINUTES_A_DAY:
            day, minute = day + DAY, 0
        local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
        return local.astimezone(UTC)


def _check_positive(target: timedelta) -> None:
    if target < NOTHING:
        raise NegativeSpan(f"target must not be negative, got {target}")


def _within_years(instant: datetime) -> datetime:
    first, last = datetime(YEARS[0], 1, 1, tzinfo=UTC), datetime(YEARS[-1], 1, 1, tzinfo=UTC)
    return min(max(_in_utc(instant), first), last)


def _in_utc(instant: datetime) -> datetime:
    """Two instants of one zone would be subtracted by the wall, which forgets its changes."""
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def always_open(name: str = "always") -> Calendar:
    """A calendar that never closes."""
    return Calendar(name=name, zone=ZoneInfo("UTC"), is_always_open=True)
