"""The same text in another place and time: other ids, other numbers, other instants."""

import re
from datetime import date, timedelta

AWAY = timedelta(days=-399)
"""A whole number of weeks, so that the name of a weekday stays right."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WITHHELD = ("266696687", "2562533", "7378742833", "8656696", "464")
"""Numbers that stand for a word on the keys: anonymous, blocked, restricted, unknown, ING."""
TURNED = str.maketrans("0123456789", "0345678912")
PART = re.compile(
    rf"""
    (?P<kept> \+?(?:{"|".join(WITHHELD)})(?!\d) | %[0-9A-Fa-f]{{2}} | \\u[0-9a-f]{{4}} | \.\d+ | \#\d+
        | (?i:sha|rfc|utf-|iso-|windows-|cp)\d+ | [ +][+-]\d{{4}}(?!\d) )
    | (?P<day> (?<!\d)20[0-3]\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d) )
    | (?P<written> (?:(?<!\d)|(?<=%20))\d{{1,2}}(?P<gap>[ +]|%20)(?:{"|".join(MONTHS)})(?P=gap)20[0-3]\d )
    | (?P<moment> (?<!\d)1[0-9]{{9}}(?:\d{{3}})?(?!\d) )
    | (?P<number> \+\d[\d\ ()\-]{{6,}}\d | \d{{3,}} )
    """,
    re.VERBOSE,
)


def elsewhere(text: str) -> str:
    """Change every instant by the same span, and every number of three digits and more."""
    return PART.sub(_changed, text)


def _changed(part: re.Match[str]) -> str:
    told = part[0]
    match part.lastgroup:
        case "day":
            return (date.fromisoformat(told) + AWAY).isoformat()
        case "written":
            day, month, year = told.split(part["gap"])
            then = date(int(year), MONTHS.index(month) + 1, int(day)) + AWAY
            return part["gap"].join((str(then.day), MONTHS[then.month - 1], str(then.year)))
        case "moment":
            scale = 1000 if len(told) > 10 else 1
            return str(int(told) + int(AWAY.total_seconds()) * scale)
        case "number":
            return told.translate(TURNED)
        case _:
            return told
