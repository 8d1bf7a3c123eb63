"""When a team is not to be disturbed, as Alertmanager's intervals of time."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from app.core.hours.calendar import Span
from app.core.policy import Team

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SUNDAY = 6


def quiet_times(team: Team) -> dict[str, Any] | None:
    """The team's quiet hours under a name; none where it has none.

    The hours are local: Alertmanager follows the zone of the team's calendar.
    """
    runs = [
        (spans, [*days]) for spans, days in groupby(range(7), lambda day: team.notify.quiet[day])
    ]
    intervals = [
        {
            "weekdays": _days(days),
            "times": [_times(span) for span in spans],
            "location": team.calendar.zone.key,
        }
        for spans, days in runs
        if spans
    ]
    return {"name": f"quiet hours of {team.id}", "time_intervals": intervals} if intervals else None


def _days(days: Sequence[int]) -> list[str]:
    """Days that follow each other; to Alertmanager a week begins on Sunday, so it ends a span."""
    until_saturday = [_DAYS[day] for day in days if day != _SUNDAY]
    several = [f"{until_saturday[0]}:{until_saturday[-1]}"] if len(until_saturday) > 1 else []
    return [*(several or until_saturday), *(["sunday"] if _SUNDAY in days else [])]


def _times(span: Span) -> dict[str, str]:
    return {"start_time": _clock(span.start), "end_time": _clock(span.end)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
