"""The days on which a calendar is closed or keeps other hours, and those to ask about.

A manager reads both before a policy goes live: lists of public holidays differ, and none of them
knows on which half days this house works.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from app.core.hours.calendar import DAY, Calendar, Span

CLOSURES_DAYS = 60
"""How far ahead closures are shown."""
DOUBTS_DAYS = 400
"""How far ahead doubtful days are asked about: a little more than a year."""
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class NationalHolidays(Protocol):
    """A country's list of public holidays: its code, and the name of each date."""

    country: str

    def __contains__(self, day: object, /) -> bool: ...

    def get(self, day: date, /) -> str | None:
        """Name the holiday of a date, if it is one."""


@dataclass(frozen=True, slots=True)
class Closures:
    """Dates on which a calendar is closed: national holidays, own dates, and exceptions."""

    national: NationalHolidays | None
    also: frozenset[date]
    but_not: frozenset[date]

    def __contains__(self, day: object) -> bool:
        if day in self.but_not:
            return False
        return day in self.also or (self.national is not None and day in self.national)

    def name_of(self, day: date) -> str | None:
        """The holiday's name; none for a date of one's own and for a working day."""
        if self.national is None or day in self.but_not:
            return None
        return self.national.get(day)


class Reason(StrEnum):
    """Why a day is not as its weekday is."""

    HOLIDAY = "holiday"
    OWN_DATE = "own date"
    SPECIAL_DAY = "special day"


@dataclass(frozen=True, slots=True)
class Closure:
    """A day whose hours are not those of its weekday; no ``hours`` mean closed."""

    day: date
    reason: Reason
    name: str | None
    hours: tuple[Span, ...]
    usual: tuple[Span, ...]

    @property
    def is_closed(self) -> bool:
        """Whether the day has no hours at all."""
        return not self.hours

    def __str__(self) -> str:
        """Say it as a team lead reads it."""
        day = f"{self.day:%A} {_written(self.day)}"
        why = self.name or self.reason
        return (
            f"{day}: closed ({why})" if self.is_closed else f"{day}: {_hours(self.hours)} ({why})"
        )


def closures(calendar: Calendar, first_day: date, days: int = CLOSURES_DAYS) -> list[Closure]:
    """The days from ``first_day`` on whose hours are not those of their weekday."""
    if calendar.is_always_open:
        return []
    window = (first_day + n * DAY for n in range(days))
    return [found for day in window if (found := _closure(calendar, day)) is not None]


def _closure(calendar: Calendar, day: date) -> Closure | None:
    usual, hours = calendar.week[day.weekday()], calendar.spans_on(day)
    if hours == usual:
        return None
    name = _name_of(calendar.holidays, day)
    if day not in calendar.holidays:
        reason = Reason.SPECIAL_DAY
    else:
        reason = Reason.HOLIDAY if name else Reason.OWN_DATE
    return Closure(day, reason, name, hours, usual)


def _name_of(holidays: Container[date], day: date) -> str | None:
    return holidays.name_of(day) if isinstance(holidays, Closures) else None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A day that the manager should decide about, as the calendar's list does not name it."""

    day: date
    country: str | None
    name: str

    @property
    def question(self) -> str:
        """Ask in plain words, with the reason."""
        day = f"{_written(self.day)} ({self.name})"
        if self.country is None:
            return f"Are you open on {day}? The calendar has no list of public holidays."
        lists = f"The list of public holidays of {self.country}"
        return f"Are you open on {day}? {lists} does not name it."


def doubtful_days(calendar: Calendar, first_day: date, days: int = DOUBTS_DAYS) -> list[Doubt]:
    """The days to ask about: lists differ, and neither the calendar's own nor the policy names them.

    Only days on which the weekday would be open; a date in ``also``, ``but_not`` or among the
    special days is decided.
    """
    if calendar.is_always_open:
        return []
    told = calendar.holidays if isinstance(calendar.holidays, Closures) else None
    country = told.national.country if told and told.national is not None else None
    until = first_day + days * DAY
    found = [
        Doubt(day, country, name)
        for year in range(first_day.year, until.year + 1)
        for day, name in _contested(country, year)
        if first_day <= day < until and _is_undecided(calendar, day)
    ]
    return sorted(found, key=lambda doubt: doubt.day)


def _is_undecided(calendar: Calendar, day: date) -> bool:
    if not calendar.week[day.weekday()] or day in calendar.days or day in calendar.holidays:
        return False
    return not isinstance(calendar.holidays, Closures) or day not in calendar.holidays.but_not


_FIXED: Mapping[str | None, tuple[tuple[int, int, str], ...]] = {
    None: ((12, 24, "Christmas Eve"), (12, 31, "New Year's Eve")),
    "DK": ((5, 1, "Labour Day"), (6, 5, "Constitution Day")),
    "SE": ((1, 5, "the day before Epiphany"), (4, 30, "Walpurgis Night")),
    "GB": ((1, 2, "a bank holiday in Scotland only"),),
}
"""Month, day and name by country; those under ``None`` are asked about everywhere."""

_FROM_EASTER: Mapping[str, tuple[tuple[int, str], ...]] = {
    "DK": ((40, "the day after Ascension Day"),),
    "NO": ((-4, "the Wednesday before Easter"),),
    "SE": ((-3, "Maundy Thursday"), (40, "the day after Ascension Day")),
    "DE": ((-48, "Carnival Monday"), (60, "Corpus Christi")),
    "GB": ((1, "Easter Monday, a working day in Scotland"),),
}
"""Days from Easter Sunday and name by country."""


def _contested(country: str | None, year: int) -> Iterator[tuple[date, str]]:
    for key in {None, country}:
        for month, day, name in _FIXED.get(key, ()):
            yield date(year, month, day), name
    if country is None:
        return
    for days, name in _FROM_EASTER.get(country, ()):
        yield _easter(year) + timedelta(days=days), name
    if country == "SE":
        yield _midsummer_eve(year), "Midsummer Eve"


def _midsummer_eve(year: int) -> date:
    """The Friday from 19 to 25 June."""
    nineteenth = date(year, 6, 19)
    return nineteenth + timedelta(days=(4 - nineteenth.weekday()) % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar: the Sunday after the Paschal full moon."""
    century = year // 100
    golden = year % 19
    moon = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    sunday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    days = moon - sunday
    month = 3 + (days + 40) // 44
    return date(year, month, days + 28 - 31 * (month // 4))


def _written(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _hours(spans: tuple[Span, ...]) -> str:
    return ", ".join(f"{_clock(span.start)}-{_clock(span.end)}" for span in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
