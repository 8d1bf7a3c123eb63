"""The header of a message: its fields as text, in one piece, within limits, whatever the bytes."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final

MAX_FIELDS: Final = 1_000
"""Fields of a header that are read; real ones hold fewer than a hundred."""
MAX_LINES: Final = 20_000
"""Lines of a header that are read; a thread of years may refer to thousands of messages."""
MAX_EDGE: Final = 16_000
"""Characters that are read at the beginning and at the end of a field."""
MAX_REPEATED: Final = 20
"""Fields of one name that are read."""
MAX_DECODED: Final = 1_000
"""Characters of a subject that are read."""

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]{0,20}:", re.ASCII)
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?([bq])\?([^?\s]{0,200})\?=", re.ASCII | re.IGNORECASE)
_BETWEEN_ENCODED = re.compile(r"\?=\s+=\?")
_CONTROL: Final = dict.fromkeys((*range(9), *range(10, 32), 127))


@dataclass(frozen=True, slots=True)
class Header:
    """The fields by name, in lower case, each in the order in which it stands."""

    fields: Mapping[str, tuple[str, ...]]

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the field."""
        return self.fields.get(name, ())

    def first(self, name: str) -> str:
        """The first value of the field that is not empty."""
        return next(filter(None, self.all(name)), "")

    def filled(self, other: "Header") -> "Header":
        """Take from ``other`` the fields that are missing or empty here."""
        told = {name: values for name, values in self.fields.items() if any(values)}
        return Header(MappingProxyType({**self.fields, **other.fields, **told}))


def read_header(raw: bytes) -> Header:
    """Read the header of ``raw``, a message; lines that are no field are left out."""
    return of_pairs((name, _text(value)) for name, value in _fields(split(raw)[0]))


def _fields(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Give each field with the lines that it goes on in."""
    name, lines = "", [b""]
    for line in head.split(b"\n", MAX_LINES)[:MAX_LINES]:
        if line.startswith((b" ", b"\t")):
            lines.append(line)
            continue
        if name:
            yield name, b"".join(lines)
        found = _FIELD.match(line)
        name = found[1].decode("ascii") if found else ""
        lines = [line[found.end() :] if found else b""]
    if name:
        yield name, b"".join(lines)


def of_pairs(pairs: Iterable[tuple[str, str]]) -> Header:
    """Make a header of names and values."""
    fields: dict[str, list[str]] = {}
    for name, value in islice(pairs, MAX_FIELDS):
        values = fields.setdefault(name.strip().lower(), [])
        if len(values) < MAX_REPEATED:
            values.append(_edges(value).translate(_CONTROL).strip())
    return Header(MappingProxyType({name: tuple(values) for name, values in fields.items()}))


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Part the header from the body at the first empty line."""
    start = raw.lstrip(b"\r\n") if raw[:1] in b"\r\n" else raw
    if b"\n" not in start[:MAX_DECODED]:
        start = start.replace(b"\r", b"\n")
    ends = [(start.find(line), len(line)) for line in (b"\n\n", b"\n\r\n")]
    at, length = min((end for end in ends if end[0] >= 0), default=(len(start), 0))
    return start[:at], start[at + length :]


def _edges(value: str) -> str:
    return value if len(value) <= 2 * MAX_EDGE else f"{value[:MAX_EDGE]} {value[-MAX_EDGE:]}"


def _text(raw: bytes) -> str:
    """Read a value as UTF-8 or, where it is not, as Latin-1, without the ends of its lines."""
    if len(raw) > 2 * MAX_EDGE:
        raw = raw[:MAX_EDGE] + b" " + raw[-MAX_EDGE:]
    unfolded = raw.replace(b"\r", b"")
    try:
        return unfolded.decode()
    except UnicodeDecodeError:
        return unfolded.decode("latin-1")


def decoded(value: str) -> str:
    """Read the encoded words of a subject; of other alphabets than ASCII only roughly."""
    text = _BETWEEN_ENCODED.sub("?==?", value[:MAX_DECODED])
    return _ENCODED.sub(_word, text)


def _word(match: re.Match[str]) -> str:
    try:
        if match[1] in "bB":
            raw = base64.b64decode(match[2] + "==")
        else:
            raw = binascii.a2b_qp(match[2].encode(), header=True)
    except (binascii.Error, ValueError):
        return match[0]
    return raw.decode(errors="replace")
