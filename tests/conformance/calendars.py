"""The calendar of a case as one of ours, read with the words of a policy file."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from app.core.hours.calendar import Calendar, Span, without
from app.core.hours.closures import Closures
from app.core.policy_file.words import WEEKDAYS, spans


def calendar_of(told: Mapping[str, Any]) -> Calendar:
    """Read a calendar. Raises ``ValueError`` where a policy file would be refused."""
    if told["timezone"] not in available_timezones():
        raise ValueError(f"expected a zone such as Europe/Copenhagen, got {told['timezone']!r}")
    week = tuple(_hours((told.get("hours") or {}).get(day)) for day in WEEKDAYS)
    days = {
        date.fromisoformat(on): _hours(hours) for on, hours in (told.get("shifts") or {}).items()
    }
    breaks: dict[date, list[Span]] = {}
    for gap in told.get("breaks") or ():
        breaks.setdefault(date.fromisoformat(gap["date"]), []).extend(
            _hours([(gap["from"], gap["to"])])
        )
    for day, gaps in breaks.items():
        days[day] = tuple(without(days.get(day, week[day.weekday()]), gaps))
    return Calendar("told", ZoneInfo(told["timezone"]), week, days, _closed(told))


def _hours(told: Iterable[Sequence[str]] | None) -> tuple[Span, ...]:
    """Hours, to the minute; some tools write ``09:00:00``."""
    told = [
        [time.removesuffix(":00") if time.count(":") > 1 else time for time in span]
        for span in told or ()
    ]
    words = ", ".join(f"{opens}-{closes}" for opens, closes in told)
    return spans(words or "closed")


def _closed(told: Mapping[str, Any]) -> Closures:
    dates = frozenset(map(date.fromisoformat, told.get("holidays") or ()))
    return Closures(national=None, also=dates, but_not=frozenset())
