"""Which format does a scraper want: its Accept headers become a format and a yes or no to gzip."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAX_RANGES = 64
"""Entries of one Accept header that are looked at; the rest is ignored."""


class Format(StrEnum):
    """The exposition formats we write; the value is the Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Choice(NamedTuple):
    """What the answer will be."""

    format: Format
    content_type: str
    gzip: bool


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header, in lower case."""

    name: str
    version: str | None
    quality: float


_QUALITY = re.compile(r"0(\.\d*)?|1(\.0*)?")
_NOT_OFFERED = 0.0


def _range(entry: str) -> _Range:
    """Read one entry; a quality that is no number between 0 and 1 makes it unwanted."""
    name, *parts = (part.strip().lower() for part in entry.split(";"))
    parameters = dict(part.split("=", 1) for part in parts if "=" in part)
    quality = parameters.get("q", "1").strip()
    version = parameters.get("version")
    return _Range(
        name,
        None if version is None else version.strip().strip('"'),
        float(quality) if _QUALITY.fullmatch(quality) else _NOT_OFFERED,
    )


def _ranges(header: str | None) -> list[_Range]:
    entries = (header or "").split(",", MAX_RANGES)[:MAX_RANGES]
    return [_range(entry) for entry in entries if entry.strip()]


def _quality(ranges: list[_Range], *wanted: tuple[str, str | None]) -> float | None:
    """The quality of the first of ``wanted`` that is named at all; None when none is."""
    for name, version in wanted:
        found = [r.quality for r in ranges if r.name == name and r.version == version]
        if found:
            return max(found)
    return None


def _wants_openmetrics(accept: str | None) -> bool:
    """Whether OpenMetrics was asked for by name, and more than plain text was."""
    ranges = _ranges(accept)
    name = "application/openmetrics-text"
    openmetrics = _quality(ranges, (name, "1.0.0"), (name, None)) or _NOT_OFFERED
    text = _quality(
        ranges, ("text/plain", "0.0.4"), ("text/plain", None), ("text/*", None), ("*/*", None)
    )
    return openmetrics > (text or _NOT_OFFERED)


def _wants_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip may be used and is not liked less than no coding at all."""
    ranges = _ranges(accept_encoding)
    gzip = _quality(ranges, ("gzip", None), ("x-gzip", None), ("*", None)) or _NOT_OFFERED
    identity = _quality(ranges, ("identity", None)) or _NOT_OFFERED
    return gzip > _NOT_OFFERED and gzip >= identity


def negotiate(accept: str | None, accept_encoding: str | None) -> Choice:
    """Choose the format; whoever asks for nothing we write gets plain text, never a refusal.

    Quality follows RFC 9110, section 12.5: the most specific entry that matches rules.
    """
    chosen = Format.OPENMETRICS if _wants_openmetrics(accept) else Format.TEXT
    return Choice(chosen, chosen.value, _wants_gzip(accept_encoding))
