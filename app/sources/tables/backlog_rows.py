"""The lines of a backlog file, NDJSON or CSV, as named fields; what they mean is ``backlog``'s."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from app.core.events import Name
from app.sources.refusal import CannotRead, Refused, RefusedValue, explain

MAX_BYTES = 200_000_000
"""Size of a file that is read at most."""

REQUIRED: Final = ("contact", "source", "opened_at")
FIELDS: Final = (
    *REQUIRED,
    *("channel", "customer", "team", "queue", "last_customer_at", "last_agent_at", "answered"),
    *("state", "owner", "link", "waiting_since", "state_since"),
)
"""The fields of a line. What is empty or left out is not known."""
NOTHING: Final = "nothing"

_LINE = msgspec.json.Decoder(dict[str, Any])


class UnreadableBacklog(CannotRead):
    """A file that holds no backlog: not one of its lines can be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number and its fields, none of them empty."""

    line: int
    fields: Mapping[str, str]

    def text(self, field: str) -> str:
        """Give a field that every line needs."""
        told = self.optional(field)
        if told is None:
            raise RefusedValue(field, "text", NOTHING)
        return told

    def optional(self, field: str, kind: Any = Name) -> str | None:
        """Give a field as text of the kind and length that events take."""
        told = self.fields.get(field)
        if told is None:
            return None
        if "\0" in told:
            raise RefusedValue(field, "text without the character U+0000", "text with it")
        try:
            return str(msgspec.convert(told, kind))
        except msgspec.ValidationError as error:
            raise explain(error, msgspec.json.encode(told), field) from None


def rows_of(text: str) -> Iterator[Row | Refused]:
    """Read the lines one by one; those that cannot be read are refused by their number.

    Raises ``UnreadableBacklog`` where a table has columns that no backlog has, or lacks some.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise UnreadableBacklog("expected a line for each open contact, got an empty file")
    return _objects(text) if text.lstrip().startswith("{") else _table(text)


def _objects(text: str) -> Iterator[Row | Refused]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        raw = line.encode()
        try:
            told = _LINE.decode(raw)
            yield _row(number, {key: _plain(key, value) for key, value in told.items()})
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            yield explain(error, raw).at(number)
        except RefusedValue as refusal:
            yield refusal.at(number)


def _plain(field: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case _:
            raise RefusedValue(field[:64], "text", type(value).__name__)


def _table(text: str) -> Iterator[Row | Refused]:
    header = text.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [name.strip().lower() for name in next(lines)]
        _check_columns(columns)
        for cells in filter(any, lines):
            yield _of_cells(lines.line_num, columns, cells)
    except csv.Error as error:
        yield Refused(lines.line_num, "line", f"a table ({error})", "something else")


def _check_columns(columns: list[str]) -> None:
    strange = [name for name in columns if name not in FIELDS]
    missing = [name for name in REQUIRED if name not in columns]
    if strange or missing or len(set(columns)) != len(columns):
        what = f"no column {missing[0]}" if missing else f"the columns {', '.join(columns)}"
        what = f"a column {strange[0]!r}" if strange else what
        raise UnreadableBacklog(f"expected columns of {', '.join(FIELDS)}, each once, got {what}")


def _of_cells(number: int, columns: list[str], cells: list[str]) -> Row | Refused:
    if len(cells) > len(columns):
        return Refused(number, "line", f"{len(columns)} columns", str(len(cells)))
    return _row(number, dict(zip(columns, cells, strict=False)))


def _row(number: int, told: Mapping[str, str]) -> Row:
    for name in told:
        if name not in FIELDS:
            raise RefusedValue(name[:64], f"a field of {', '.join(FIELDS)}", "another one")
    return Row(number, {key: value.strip() for key, value in told.items() if value.strip()})
