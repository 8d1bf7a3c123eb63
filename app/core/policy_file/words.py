"""The words of a policy file: spans of time, targets, hours of the day, weekdays.

Each reader raises ``ValueError`` with what was expected and what came.
"""

import re
from datetime import timedelta
from itertools import pairwise

from app.core.hours.calendar import Span
from app.core.policy import Measure, Target

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {"s": 1, "m": 60, "h": 3600}
MAX_TARGET = timedelta(days=3650)

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[smh]\s*)+")
_BUSINESS_DAYS = re.compile(r"(\d+)\s*business days?(,? end of day)?")


_SPELLED = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|m|h)(?:ec|econd|in|inute|our|r)?s?\b,?(?:\s*and\b)?\s*", re.IGNORECASE
)
"""A number with its unit written out, as in ``1 hour and 30 minutes``."""


def _hint(text: object) -> str:
    """What to write for a number without its unit, or for a unit that is written out."""
    match text:
        case bool():
            return ""
        case int() | float():
            return f" (write {text}m or {text}h)"
        case str() if re.fullmatch(r"\d{1,6}(\.\d+)?", text.strip()):
            return f" (write {text.strip()}m or {text.strip()}h)"
        case str():
            parts = list(_SPELLED.finditer(text.strip()))
            if parts and "".join(part[0] for part in parts) == text.strip():
                return f" (write {' '.join(part[1] + part[2].lower() for part in parts)})"
            return ""
        case _:
            return ""


def duration(text: object) -> timedelta:
    """Read ``20s``, ``10m``, ``4h``, ``1h 30m``."""
    match text:
        case str() if _DURATION.fullmatch(text.strip()):
            parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smh])", text)
            seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
            # Beyond the longest span that can be held at all the number itself does not matter.
            span = timedelta(seconds=min(seconds, 2 * MAX_TARGET.total_seconds()))
        case _:
            wanted = f"a span such as 20s, 10m, 4h or 1h 30m{_hint(text)}"
            raise ValueError(f"expected {wanted}, got {text!r}")
    if not timedelta(0) < span <= MAX_TARGET:
        raise ValueError(f"must be positive and at most 3650 days, got {text[:40]!r}")
    return span


def duration_or_off(text: object) -> timedelta:
    """Read a span; ``off`` or ``0s`` is none at all."""
    return timedelta(0) if text in ("off", "0s") else duration(text)


def days_or_duration(text: object) -> timedelta:
    """Read a span in wall time, where ``90 days`` is clear as well."""
    if isinstance(text, str) and (days := re.fullmatch(r"(\d+) days?", text.strip())):
        if len(days[1]) > 4 or int(days[1]) > MAX_TARGET.days:
            raise ValueError(f"must be at most {MAX_TARGET.days} days, got {text[:40]!r}")
        return timedelta(days=int(days[1]))
    return duration(text)


def target(text: object) -> Target:
    """Read a target: ``4h`` (open time), ``2 business days``, ``24h calendar``.

    A bare ``1 day`` is refused: nobody can tell which of the three it means.
    """
    if isinstance(text, Target):
        return text
    if not isinstance(text, str):
        wanted = f"a target such as 4h or 2 business days{_hint(text)}"
        raise ValueError(f"expected {wanted}, got {text!r}")  # noqa: TRY004 - pydantic's way
    words = text.strip()
    if days := _BUSINESS_DAYS.fullmatch(words):
        if len(days[1]) > 4 or not 0 < int(days[1]) <= 365:
            raise ValueError(f"must be 1 to 365 business days, got {text[:40]!r}")
        return Target(Measure.BUSINESS_DAYS, days=int(days[1]), end_of_day=bool(days[2]))
    if re.fullmatch(r"\d+\s*(d|days?|weeks?)", words):
        raise ValueError(
            f"{text!r} can mean three things: write 8h (open hours), 24h calendar or 1 business day"
        )
    if re.fullmatch(r"\d+\.\d+\s*business days?.*", words):
        wanted = "whole business days such as 2 business days, or hours such as 12h"
        raise ValueError(f"expected {wanted}, got {text!r}")
    if words.endswith(" calendar"):
        return Target(Measure.CALENDAR, amount=duration(words.removesuffix(" calendar")))
    return Target(Measure.BUSINESS, amount=duration(words))


def spans(text: object) -> tuple[Span, ...]:
    """Read ``08:00-12:00, 12:30-16:00`` or ``closed``. ``24:00`` is a legal end."""
    if text in ("closed", None):
        return ()
    if not isinstance(text, str):
        raise ValueError(f"expected hours such as 08:00-16:00, or closed, got {text!r}")  # noqa: TRY004 - pydantic's way
    found = sorted(map(_span, text.split(",")))
    for earlier, later in pairwise(found):
        if later.start < earlier.end:
            raise ValueError(f"the hours overlap: {text!r}")
    return tuple(found)


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected hours such as 08:00-16:00, got {text.strip()!r}")
    start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    if int(match[2]) > 59 or int(match[4]) > 59 or end > 1440:
        raise ValueError(f"there is no such time of day: {text.strip()!r}")
    if start >= end:
        raise ValueError(
            f"must end after it starts, got {text.strip()!r}; for a night write 22:00-24:00 and, "
            "on the next day, 00:00-06:00"
        )
    return Span(start, end)


def weekdays(text: str) -> tuple[int, ...]:
    """Read ``mon``, ``mon-fri`` or ``sat, sun`` into numbers, Monday 0."""
    found: list[int] = []
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(f"expected weekdays such as mon, mon-fri or sat, sun, got {text!r}")
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < begin:
            raise ValueError(f"expected weekdays in order, got {text!r}")
        found.extend(range(begin, end + 1))
    return tuple(found)
