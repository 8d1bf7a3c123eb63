"""What a vendor's loose value means: an instant, an id, a telephone number, a piece of JSON."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from app.core.events import Alias, AliasKind
from app.sources.adapter import Unreadable

MAX_NAME = 256
"""Characters of an id at most."""

MAX_DIGITS = 32
"""Digits of a number that serves as an id, at most."""

MAX_LISTED = 500
"""Entries that are read of a list in a payload; real ones hold a handful."""

MAX_FORM_BYTES = 262_144
MAX_FORM_FIELDS = 1_000
"""How much a form may hold; real ones hold some ten thousand bytes in some fifty fields."""

NOT_JSON = "this is no JSON as the tool sends it: is another one posting to this address?"
"""How the refusal begins of a body that cannot be parsed."""

Id = int | str | None
Moment = int | float | str | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MOMENT = datetime(1971, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 1e11
_NOT_DIALLED = re.compile(r"[\s()\[\]{}.\-\u2010-\u2015\u2212\u200e\u200f\u202a-\u202e]+")
_DIALLED = re.compile(r"\+?[0-9*#]{2,64}", re.ASCII)
_SCHEMES = ("tel:", "sips:", "sip:")

Shape = TypeVar("Shape")


def read_json(decoder: "msgspec.json.Decoder[Shape]", raw: bytes | msgspec.Raw) -> Shape:
    """Decode what a vendor sent, or raise ``Unreadable`` naming the place and the types."""
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise Unreadable("JSON is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)[:MAX_NAME]) from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"{NOT_JSON} ({str(error)[:MAX_NAME]})") from None


def unlike(tool: str, why: str) -> Unreadable:
    """The refusal of what bears nothing that this tool always sends."""
    return Unreadable(
        f"this does not look like {tool}: is another tool posting to this address? ({why})"
    )


def read_form(raw: bytes) -> list[tuple[str, str]]:
    """Read the fields of a form in their order, blank ones too, or raise ``Unreadable``."""
    if len(raw) > MAX_FORM_BYTES:
        raise Unreadable(f"expected a form of at most {MAX_FORM_BYTES} bytes")
    try:
        text = raw.decode(errors="replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise Unreadable(f"expected a form of at most {MAX_FORM_FIELDS} fields") from None


def written_date(value: str | None, path: str) -> datetime | None:
    """Read a date as mail headers write it (RFC 2822); without a zone it is UTC."""
    if not value:
        return None
    try:
        at = parsedate_to_datetime(value[:MAX_NAME])
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Unreadable(f"expected a date such as that of a mail - at `{path}`") from None
    return at if at >= _FIRST_MOMENT else None


def instant(value: Moment, path: str) -> datetime | None:
    """Read seconds, milliseconds or ISO 8601 with an offset; the many ways of unset are None.

    Numbers from 1e11 on are milliseconds; what lies before 1971 is a tool's way of saying unset.
    """
    if value is None or value in ("", "0"):
        return None
    try:
        at = _from_text(value) if isinstance(value, str) else _from_number(value)
    except (ValueError, OverflowError):
        raise Unreadable(f"expected an instant - at `{path}`") from None
    if at.tzinfo is None:
        raise Unreadable(f"expected an instant with an offset - at `{path}`")
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise Unreadable(f"expected an instant in the years 1 to 9999 - at `{path}`") from None
    return at if at >= _FIRST_MOMENT else None


def _from_number(value: float) -> datetime:
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
    return _EPOCH + timedelta(seconds=seconds)


def _from_text(value: str) -> datetime:
    text = value.strip()
    if text.replace(".", "", 1).isdecimal() and len(text) <= MAX_DIGITS:
        return _from_number(float(text))
    return datetime.fromisoformat(text.replace(" UTC", "+00:00"))


def later(at: datetime, span: timedelta, path: str) -> datetime:
    """When a span that begins at ``at`` is over, or ``Unreadable`` beyond the year 9999."""
    try:
        return at + span
    except OverflowError:
        raise Unreadable(f"expected an instant before 9999 - at `{path}`") from None


def identity(value: Id, path: str) -> str | None:
    """Write an id as text; None and the empty text are none."""
    if value is None or value == "":
        return None
    if isinstance(value, int):
        value = str(value) if abs(value) < 10**MAX_DIGITS else "\0"
    if len(value) > MAX_NAME or "\0" in value:
        raise Unreadable(f"expected at most {MAX_NAME} plain characters - at `{path}`")
    return value


def needed(value: str | None, path: str) -> str:
    """Insist on an id."""
    if value is None:
        raise Unreadable(f"expected an id - at `{path}`")
    return value


def loose_identity(value: Any, path: str) -> str | None:
    """Write as text an id that may also stand inside an object."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
        raise Unreadable(f"expected an id - at `{path}`")
    return identity(value, path)


def phone(value: str | None) -> Alias | None:
    """Clean a telephone number; withheld and nonsense give None. No country is ever guessed."""
    text = (value or "")[:MAX_NAME].strip().lower()
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    text = _NOT_DIALLED.sub("", text.partition("@")[0].partition(";")[0])
    return Alias(AliasKind.PHONE, text) if _DIALLED.fullmatch(text) else None


def email(value: str | None) -> Alias | None:
    """Read an e-mail address; case does not matter in it."""
    text = (value or "").strip().lower()
    plausible = "@" in text and len(text) <= MAX_NAME and "\0" not in text
    return Alias(AliasKind.EMAIL, text) if plausible else None


def vendor_id(value: Id, path: str) -> Alias | None:
    """Read the tool's own id of a customer."""
    text = identity(value, path)
    return Alias(AliasKind.ID, text) if text else None


def known_as(*aliases: Alias | None) -> tuple[Alias, ...]:
    """Keep the aliases there are, each once, the first first."""
    return tuple(dict.fromkeys(alias for alias in aliases if alias is not None))


def words(*told: Any) -> tuple[str, ...]:
    """The tags and fields that a tool tells: lists of texts or of ``{name}``, and ``name:value``.

    ``{"plan": "gold"}`` is the word ``plan:gold``. What is neither is left out.
    """
    found: list[str] = []
    for one in told:
        if isinstance(one, Mapping):
            fields = list(one.items())[:MAX_LISTED]
            found += [
                f"{name}:{each}"
                for name, each in fields
                if isinstance(each, str) or (isinstance(each, int) and abs(each) < 10**MAX_DIGITS)
            ]
        elif isinstance(one, list | tuple):
            for each in one[:MAX_LISTED]:
                name = (each.get("name") or each.get("tag")) if isinstance(each, Mapping) else each
                found += [name] if isinstance(name, str) else []
    return tuple(found)
