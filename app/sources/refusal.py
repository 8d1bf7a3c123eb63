"""Why an event is refused: the field, what was expected there, what came."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import (
    Actor,
    AliasKind,
    Channel,
    DeclineReason,
    Direction,
    Outcome,
    QueuedVia,
    WaitingFor,
)

MAX_SHOWN = 64
"""Characters of a refused value that are shown."""
_MAX_SAID = 1_000
"""Characters that are read of a decoder's own message, half of them at its end, where the place is."""

_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]*)`(?P<how>[^,]*)(?:, got `(?P<got>[^`]*)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_CHOICES: Final[Mapping[str, type[StrEnum]]] = MappingProxyType(
    {
        "channel": Channel,
        "kind": AliasKind,
        "via": QueuedVia,
        "actor": Actor,
        "direction": Direction,
        "waiting_for": WaitingFor,
        "outcome": Outcome,
        "reason": DeclineReason,
    }
)


class CannotRead(Exception):  # noqa: N818 - named for the fact
    """A request whose events cannot be told apart, so that all of it is refused."""


class Malformed(CannotRead):
    """The body is not what its content type says."""

    def __init__(self, field: str, expected: str, got: str) -> None:
        self.field = field
        self.expected = expected
        self.got = got
        super().__init__(f"{field}: expected {expected}, got {got}")


class Refused(msgspec.Struct, frozen=True):
    """A member of a request that is not stored; ``index`` counts from 0."""

    index: int
    field: str
    expected: str
    got: str


class RefusedValue(Exception):  # noqa: N818 - named for the fact
    """One value that no event may have. ``is_syntax`` means that it is not even JSON."""

    def __init__(self, field: str, expected: str, got: str, *, is_syntax: bool = False) -> None:
        self.field = field
        self.expected = expected
        self.got = got[: MAX_SHOWN * 2]
        self.is_syntax = is_syntax
        super().__init__(f"{field}: expected {expected}, got {self.got}")

    def at(self, index: int) -> Refused:
        """Say which member it was."""
        return Refused(index, self.field, self.expected, self.got)


def explain(error: Exception, raw: bytes, root: str = "$") -> RefusedValue:
    """Turn what a decoder says about ``raw``, which stands at ``root``, into a refusal."""
    if isinstance(error, RecursionError):
        return RefusedValue(
            root, "JSON that is nested less deeply", "too many levels", is_syntax=True
        )
    if not isinstance(error, msgspec.ValidationError):
        reason = "invalid UTF-8" if isinstance(error, UnicodeError) else str(error)
        return RefusedValue(root, "JSON", reason, is_syntax=True)
    said = str(error)
    if len(said) > _MAX_SAID:
        said = said[: _MAX_SAID // 2] + said[-_MAX_SAID // 2 :]
    place = _PLACE.fullmatch(said)
    message, path = (place["message"], place["path"] or "$") if place else (said, "$")
    field = root + path[1:]
    missing = _MISSING.fullmatch(message)
    if missing:
        return RefusedValue(f"{field}.{missing['field']}", "a value", "nothing")
    expected = _EXPECTED.fullmatch(message)
    if expected:
        wanted = expected["expected"].replace(" | null", "") + expected["how"]
        return RefusedValue(field, wanted, expected["got"] or _shown(raw, path))
    return RefusedValue(field, _wanted(message, path), _shown(raw, path))


def _wanted(message: str, path: str) -> str:
    if "enum value" in message:
        name = path.rpartition(".")[2]
        return (
            "1.0" if name == "specversion" else " or ".join(_CHOICES.get(name, ["a known value"]))
        )
    if "RFC3339" in message:
        return "an RFC 3339 instant with an offset"
    return message[:1].lower() + message[1:]


def _shown(raw: bytes, path: str) -> str:
    """Show the value at ``path``, shortened; only its kind where it holds others."""
    try:
        value: Any = msgspec.json.decode(raw)
        for name, index in _STEP.findall(path):
            value = value[name] if name else value[int(index)]
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return "something else"
    if isinstance(value, dict | list):
        return "object" if isinstance(value, dict) else "array"
    return msgspec.json.encode(value).decode()[:MAX_SHOWN]
