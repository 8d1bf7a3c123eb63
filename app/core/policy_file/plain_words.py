"""What is wrong with a policy file in plain words: what was expected, what came, what to write."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from app.core.policy import DEFAULT_CONDITIONS
from app.core.policy_file import sections

MAX_MESSAGE = 300
"""Characters that one fault is told in."""

Path = tuple[str | int, ...]


def explained(error: ValidationError, told: Mapping[Any, Any]) -> Iterator[tuple[Path, str]]:
    """Say pydantic's findings on the file ``told``: where, and what is wrong there."""
    for found in error.errors(include_url=False):
        path = tuple(step for step in found["loc"] if step != "[key]")
        came = found["input"]
        match found["type"]:
            case "extra_forbidden":
                message = f"is not a word of this file here{_nearest(path)}; see the example policy"
            case "missing":
                message = "is missing"
            case "value_error":
                message = str(found["ctx"]["error"])
            case _:
                said = found["msg"].replace("Input should", "should")
                message = f"{said}{_advice(path, came, told)}, got {_shown(came)}"
        yield path, message[:MAX_MESSAGE]


def _shown(came: object) -> str:
    return came.isoformat() if isinstance(came, date) else repr(came)


def _advice(path: Path, came: object, told: Mapping[Any, Any]) -> str:
    """What to write instead, where that can be told."""
    match path, came:
        case ("effective_from",), datetime():
            return f" (write {came.replace(tzinfo=_zone(told)).isoformat()})"
        case ("effective_from",), date():
            return f" (write {datetime.combine(came, time.min, _zone(told)).isoformat()})"
        case ("warnings", _), bool():
            return ""
        case ("warnings", _), int() | float() if 0 < came < 100:
            share = came * 100 if came < 1 else came
            return f" (write {share:.0f} %)"
        case (*_, "target_ratio"), _:
            return " (0.9 is nine of ten)"
        case _:
            return ""


def _zone(told: Mapping[Any, Any]) -> tzinfo:
    """The zone that the file's first calendar keeps."""
    calendars = told.get("calendars")
    for calendar in calendars.values() if isinstance(calendars, dict) else ():
        zone = calendar.get("zone") if isinstance(calendar, dict) else None
        try:
            return ZoneInfo(str(zone)) if zone else UTC
        except (ValueError, OSError, KeyError):
            return UTC
    return UTC


def _nearest(path: Path) -> str:
    """The word that was meant, where one is near."""
    section = _section(path[:-1])
    known = list(section.model_fields) if section is not None else []
    near = get_close_matches(str(path[-1]), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _section(path: Sequence[str | int]) -> type[BaseModel] | None:  # noqa: PLR0911 - one line a section
    """The section that stands at a path of the file."""
    match path:
        case ():
            return sections.Policy
        case ("calendars", _):
            return sections.Calendar
        case ("calendars", _, "holidays"):
            return sections.Holidays
        case ("tiers", _):
            return sections.Tier
        case ("teams", _):
            return sections.Team
        case ("targets", _):
            return sections.Rule
        case _:
            return _inner_section(path)


def _inner_section(path: Sequence[str | int]) -> type[BaseModel] | None:
    match path:
        case ("targets", _, "when"):
            return sections.When
        case ("targets", _, str(kind)) if kind in DEFAULT_CONDITIONS:
            return sections.Promised
        case ("clocks",):
            return sections.Clocks
        case ("clocks", str(kind)) if kind in DEFAULT_CONDITIONS:
            return sections.Conditions
        case ("fairness",):
            return sections.Fairness
        case _:
            return None
