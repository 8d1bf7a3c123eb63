"""The parts of a mapping: spans, words, tables, and the values that a payload gives."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from app.core.marked_yaml import Fault, Marked
from app.sources.mapping.json_path import BadPath, Path, path_of
from app.sources.mapping.rules import FirstOf, Header, Joined, Literal, Place, Translated, Value

MAX_ENTRIES = 1_000
"""Entries of one table, list or section."""

_MAX_SHOWN = 60
_HEADER = "header:"
_SPAN: Final = re.compile(r"(\d{1,5})\s*([smhd])", re.ASCII)
_UNITS: Final = MappingProxyType({"s": "seconds", "m": "minutes", "h": "hours", "d": "days"})
_HOLE: Final = re.compile(r"\{([$@][^{}]{0,300}|header:[^{}]{1,100})\}")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)

Scalar = str | int | float | bool


def _came(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return repr(value)[:_MAX_SHOWN]


@dataclass(slots=True)
class Parts:
    """Reads the parts of a mapping; what is wrong is gathered, so that all of it is told at once."""

    marked: Marked
    base: tuple[str | int, ...]
    faults: list[Fault] = field(default_factory=list)
    tables: dict[str, dict[str, Scalar]] = field(default_factory=dict)

    def blame(self, at: Sequence[str | int], expected: str, came: Any) -> None:
        """Note what is wrong at a place: what was expected there, and what came."""
        self._note(at, f"expected {expected}, got {_came(came)}")

    def _note(self, at: Sequence[str | int], message: str) -> None:
        fault = self.marked.fault((*self.base, *at), message)
        if fault not in self.faults:  # what rules share is read for each of them
            self.faults.append(fault)

    def section(self, value: Any, at: Sequence[str | int], known: Sequence[str]) -> dict[str, Any]:
        """A mapping with no keys but those known."""
        if not isinstance(value, dict) or len(value) > MAX_ENTRIES:
            self.blame(at, f"a mapping with {', '.join(known[:6])}", value)
            return {}
        for key in value:
            if key not in known:
                self.blame((*at, key), f"one of {', '.join(known)}", key)
        return {key: one for key, one in value.items() if key in known}

    def listed(self, value: Any, at: Sequence[str | int]) -> list[Any]:
        """One thing, or a list of things."""
        if not isinstance(value, list):
            return [value]
        if not 1 <= len(value) <= MAX_ENTRIES:
            self.blame(at, f"1 to {MAX_ENTRIES} entries", value)
        return value[:MAX_ENTRIES]

    def word(self, value: Any, at: Sequence[str | int], words: Sequence[str]) -> str:
        """One of a few words; the first where it is none of them."""
        if isinstance(value, str) and value in words:
            return value
        self.blame(at, f"one of {', '.join(words)}", value)
        return words[0]

    def text(self, value: Any, at: Sequence[str | int], what: str = "text") -> str:
        """Some text, or the empty one where there is none."""
        if isinstance(value, str) and value:
            return value
        self.blame(at, what, value)
        return ""

    def span(self, value: Any, at: Sequence[str | int]) -> timedelta:
        """A span such as ``4h``."""
        found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
        span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
        if not span:
            self.blame(at, "a span such as 30m, 4h or 2d", value)
        return span

    def header(self, value: Any, at: Sequence[str | int]) -> str:
        """The name of a header, in lower case."""
        if isinstance(value, str) and _HEADER_NAME.fullmatch(value):
            return value.lower()
        self.blame(at, "the name of a header such as X-Signature", value)
        return ""

    def path(self, value: Any, at: Sequence[str | int]) -> Path | None:
        """A path into the payload."""
        try:
            return path_of(value if isinstance(value, str) else "")
        except BadPath as bad:
            self._note(at, str(bad)[:200])
            return None

    def table(self, told: Any, at: Sequence[str | int]) -> dict[str, Scalar]:
        """A table: what the tool says, in small letters, and what it means."""
        if not isinstance(told, dict) or not 1 <= len(told) <= MAX_ENTRIES:
            self.blame(at, "a mapping such as {4: resolved}", told)
            return {}
        for key, meaning in told.items():
            if not isinstance(meaning, Scalar):
                self.blame((*at, key), "text, a number, true or false", meaning)
        return {_table_key(key): meaning for key, meaning in told.items()}

    def value(self, told: Any, at: Sequence[str | int]) -> Value | None:
        """Read where a value comes from: a path, a header, text with places in it, or itself."""
        match told:
            case bool() | int() | float():
                return Literal(told)
            case str():
                return self._written(told, at)
            case list() if told:
                each = [self.value(one, (*at, index)) for index, one in enumerate(told)]
                return FirstOf(tuple(one for one in each if one is not None))
            case dict():
                return self._described(told, at)
            case _:
                self.blame(at, "a path such as $.ticket.id, text, or a list of those", told)
                return None

    def _written(self, told: str, at: Sequence[str | int]) -> Value | None:
        if told.startswith(("$", "@")):
            path = self.path(told, at)
            return Place(path) if path is not None else None
        if told.startswith(_HEADER):
            return Header(self.header(told.removeprefix(_HEADER), at))
        if not _HOLE.search(told):
            return Literal(told)
        parts: list[Literal | Place | Header] = []
        for index, piece in enumerate(_HOLE.split(told)):
            read = self._written(piece, at) if index % 2 else Literal(piece)
            if isinstance(read, Literal | Place | Header) and read != Literal(""):
                parts.append(read)
        return Joined(tuple(parts))

    def _described(self, told: dict[str, Any], at: Sequence[str | int]) -> Value | None:
        if list(told) == ["text"]:
            return Literal(self.text(told["text"], (*at, "text")))
        read = self.section(told, at, ("from", "table", "otherwise"))
        if not {"from", "table"} <= read.keys():
            self.blame(at, "{from: PATH, table: NAME}, with otherwise: if need be", told)
            return None
        value = self.value(read["from"], (*at, "from"))
        otherwise = read.get("otherwise")
        if otherwise is not None and not isinstance(otherwise, Scalar):
            self.blame((*at, "otherwise"), "text, a number, true or false", otherwise)
        table = self._table_named(read["table"], (*at, "table"))
        if value is None:
            return None
        return Translated(value, MappingProxyType(table), otherwise, is_closed=True)

    def _table_named(self, told: Any, at: Sequence[str | int]) -> dict[str, Scalar]:
        if isinstance(told, dict):
            return self.table(told, at)
        if isinstance(told, str) and told in self.tables:
            return self.tables[told]
        known = ", ".join(sorted(self.tables)) or "none is there yet"
        self.blame(at, f"the name of one of tables ({known}) or a table", told)
        return {}


def _table_key(key: Any) -> str:
    return ("true" if key else "false") if isinstance(key, bool) else str(key).strip().lower()
