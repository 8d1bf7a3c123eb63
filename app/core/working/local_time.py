"""Instants and lengths of time as people read them: in one team's zone, to the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """How instants are said in ``zone``; the year is said where it is not that of ``now``."""

    zone: tzinfo
    now: datetime

    def instant(self, at: datetime) -> str:
        """``Friday 6 November 15:10``."""
        local = at.astimezone(self.zone)
        return f"{self._date(local.date(), '%A', '%B')} {self.clock(at)}"

    def short(self, at: datetime) -> str:
        """``Fri 6 Nov 15:10``."""
        return f"{self.day(at.astimezone(self.zone).date())} {self.clock(at)}"

    def day(self, day: date) -> str:
        """``Fri 6 Nov``."""
        return self._date(day, "%a", "%b")

    def plain_day(self, day: date) -> str:
        """``6 November``."""
        return f"{day.day} {day:%B}{self._year(day)}"

    def clock(self, at: datetime) -> str:
        """The time of day; where it comes twice that day, with its distance from UTC."""
        local = at.astimezone(self.zone)
        said = f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"
        first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
        if first is not None and second is not None and first > second:
            offset = f"{local:%z}"
            return f"{said} (UTC{offset[:3]}:{offset[3:5]})"
        return said

    def stretch(self, start: datetime, end: datetime) -> str:
        """``Fri 6 Nov 15:10-15:30``, or ``Fri 6 Nov 15:30 to Mon 9 Nov 08:00``."""
        times = self.times(start, end)
        if times is not None:
            return f"{self.day(start.astimezone(self.zone).date())} {times}"
        return f"{self.short(start)} to {self.short(end)}"

    def times(self, start: datetime, end: datetime) -> str | None:
        """``15:10-15:30`` where both lie on one day; its midnight is 24:00."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        if first.date() == last.date():
            return f"{self.clock(start)}-{self.clock(end)}"
        if last.replace(tzinfo=None) == datetime.combine(first.date() + DAY, datetime.min.time()):
            return f"{self.clock(start)}-24:00"
        return None

    def _date(self, day: date, weekday: str, month: str) -> str:
        return f"{day:{weekday}} {day.day} {day:{month}}{self._year(day)}"

    def _year(self, day: date) -> str:
        return "" if day.year == self.now.astimezone(self.zone).year else f" {day.year}"


def length(span: timedelta) -> str:
    """``3 h 40 min``, ``20 s``: cut off rather than rounded, fractions below a minute only."""
    if span < MINUTE:
        return _seconds(span)
    hours, rest = divmod(span, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = rest // timedelta(seconds=1)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _seconds(span: timedelta) -> str:
    thousandths = span // timedelta(milliseconds=1)
    if span and not thousandths:
        return "less than 0.001 s"
    return f"{thousandths / 1000:g} s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
