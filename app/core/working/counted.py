"""Which time counts on a clock and which is left out, stretch by stretch, and why."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from app.core import events as e
from app.core.clocks.clock import Clock
from app.core.hours.calendar import DAY, YEARS, Calendar

MAX_HOLIDAYS = 5
"""Holidays that one stretch of closed time names."""
SEARCHED_DAYS = 62
"""Days of a stretch of closed time that are searched for holidays, the first."""
LAID_OUT = 100 * DAY
"""Time that is laid out stretch by stretch; of more, only both ends are, and the rest is added up."""
EDGE = 31 * DAY
"""How long each of these ends is, at least."""


class Why(StrEnum):
    """Why a stretch of time does not count."""

    CLOSED = "closed"
    CUSTOMER = "waiting_for_customer"
    THIRD_PARTY = "waiting_for_third_party"
    RESOLVED = "resolved"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Counted:
    """A stretch of time that counts, or many that are not told one by one.

    ``added_up``: how much counts of it where it stands for many; closed time is between them.
    """

    start: datetime
    end: datetime
    added_up: timedelta | None = None

    @property
    def span(self) -> timedelta:
        """How much of it counts."""
        return self.end - self.start if self.added_up is None else self.added_up

    @property
    def is_many(self) -> bool:
        """Whether it stands for many."""
        return self.added_up is not None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A date on which a calendar is closed, and what it is called where anybody knows."""

    day: date
    name: str | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stretch of time that does not count; it lasts while ``end`` is none.

    ``is_many``: it stands for many of closed time, with open time between them.
    """

    start: datetime
    end: datetime | None
    why: Why
    holidays: tuple[Holiday, ...] = ()
    is_many: bool = False


def silent(clock: Clock, events: Iterable[e.Event]) -> Iterator[LeftOut]:
    """The pauses in which time counts on, but nobody is called."""
    hidden = [pause for pause in clock.pauses if pause.is_hidden and pause.start != pause.end]
    whys = _whys(events) if hidden else {}
    for pause in hidden:
        yield LeftOut(pause.start, pause.end, whys.get(pause.start, Why.PAUSED))


def counted_spans(
    clock: Clock, calendar: Calendar, until: datetime, *, since: datetime | None = None
) -> Iterator[Counted]:
    """The open time between the pauses, from the start (or ``since``) up to ``until``, in order."""
    for start, end in _between_pauses(clock, until):
        begin = max(start, since) if since else start
        yield from _open_time(calendar, begin, end)


def left_out(
    clock: Clock, calendar: Calendar, until: datetime, events: Iterable[e.Event] = ()
) -> Iterator[LeftOut]:
    """What does not count between the start and ``until``: closed time and pauses, in order."""
    whys = _whys(events) if clock.pauses else {}
    gaps = [
        gap
        for begin, limit in _between_pauses(clock, until)
        for gap in _closed_time(calendar, begin, limit)
    ]
    pauses = [
        LeftOut(pause.start, pause.end, whys.get(pause.start, Why.PAUSED))
        for pause in clock.pauses
        if pause.start < until and pause.start != pause.end and not pause.is_hidden
    ]
    yield from sorted([*gaps, *pauses], key=lambda stretch: stretch.start)


def _between_pauses(clock: Clock, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = clock.started_at
    for pause in clock.pauses:
        if pause.is_hidden:
            continue
        if start < min(pause.start, until):
            yield start, min(pause.start, until)
        if pause.end is None:
            return
        start = max(start, pause.end)
    if start < until:
        yield start, until


def _open_time(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Counted]:
    """Open time in order; of a very long stretch both ends, and what lies between in one piece."""
    if start >= end:
        return
    if end - start > LAID_OUT:
        yield from _long_time(calendar, start, end)
    else:
        yield from _open_spans(calendar, start, end)


def _long_time(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Counted]:
    if calendar.elapsed(start, end) == end - start:
        yield Counted(start, end)
        return
    after = min(_when_closed(calendar, start + EDGE), end)
    before = min(_when_closed(calendar, max(end - EDGE, after)), end)
    yield from _open_spans(calendar, start, after)
    if between := calendar.elapsed(after, before):
        yield Counted(after, before, between)
    yield from _open_spans(calendar, before, end)


def _when_closed(calendar: Calendar, instant: datetime) -> datetime:
    """The instant itself, or the end of the open span that it would cut in two."""
    return calendar.closes_after(instant) or instant


def _open_spans(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Counted]:
    """Open spans in one piece where they touch: at midnight, or where a clock was put forward."""
    if calendar.is_always_open:
        yield from (Counted(start, end) for _ in range(start < end))
        return
    last: Counted | None = None
    for opens, closes in calendar.open_spans(start, end):
        if last is not None and opens <= last.end:
            last = Counted(last.start, max(last.end, closes))
            continue
        if last is not None:
            yield last
        last = Counted(opens, closes)
    if last is not None:
        yield last


def _closed_time(calendar: Calendar, start: datetime, end: datetime) -> Iterator[LeftOut]:
    at = start
    for each in _open_time(calendar, start, end):
        if each.start > at:
            yield _closed(calendar, at, each.start)
        if each.is_many:
            yield LeftOut(each.start, each.end, Why.CLOSED, is_many=True)
        at = each.end
    if at < end:
        yield _closed(calendar, at, end)


def _closed(calendar: Calendar, start: datetime, end: datetime) -> LeftOut:
    return LeftOut(start, end, Why.CLOSED, tuple(_holidays(calendar, start, end)))


@runtime_checkable
class Named(Protocol):
    """Closures that know what their dates are called."""

    def name_of(self, day: date) -> str | None:
        """What the date is called; none where nobody named it."""


def _holidays(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Holiday]:
    """The holidays in a stretch of closed time that would have been open otherwise."""
    if start.year not in YEARS:
        return
    until = min(end, start + SEARCHED_DAYS * DAY)
    day, last = (at.astimezone(calendar.zone).date() for at in (start, until))
    found = 0
    while day <= last and found < MAX_HOLIDAYS:
        if calendar.week[day.weekday()] and day in calendar.holidays:
            found += 1
            yield Holiday(day, _name_of(calendar.holidays, day))
        day += DAY


def _name_of(closures: Container[date], day: date) -> str | None:
    return closures.name_of(day) if isinstance(closures, Named) else None


def _whys(events: Iterable[e.Event]) -> dict[datetime, Why]:
    """What a pause that begins at an instant is due to; what ended the contact says it first."""
    found: dict[datetime, Why] = {}
    for event in events:
        match event.data:
            case e.ContactResolved():
                found[event.occurred_at] = Why.RESOLVED
            case e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER):
                found.setdefault(event.occurred_at, Why.CUSTOMER)
            case e.ContactHeld(waiting_for=e.WaitingFor.THIRD_PARTY):
                found.setdefault(event.occurred_at, Why.THIRD_PARTY)
            case _:
                pass
    return found
