"""Which contact a message belongs to, and when it was written: its ids, its subject, its date."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from app.sources.adapter import YEARS
from app.sources.mail.header import Header, decoded
from app.sources.telling import stable_id

MAX_ID: Final = 200
"""Characters of a message's id; a longer one is known by its digest."""
_MAX_SHOWN_DATE: Final = 100
_ENDS: Final = 4_000
"""Characters at the beginning and at the end of a field that ids are looked for in."""

_BRACKETED = re.compile(r"<([^<>]{1,2000})>")
_SUBJECT_ID = re.compile(r"\[#\s?([A-Za-z0-9][A-Za-z0-9._-]{0,63})\]", re.ASCII)
_REPLY = re.compile(r"(re|sv|aw|antw|res|rif|odp|ynt|atb|ref|r)(\[\d{1,3}\])?\s?[:\uff1a]")
_FORWARD = re.compile(r"(fwd?|vb|wg|tr|rv|enc|doorst|i|pd|vl|ilt)(\[\d{1,3}\])?\s?[:\uff1a]")
_VS = re.compile(r"vs\s?[:\uff1a]")
"""What Danes and Norwegians forward and what Finns answer begins alike."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message stands: ``root`` began its thread, ``parent`` is the message it goes on from."""

    own_id: str
    root: str | None
    parent: str | None
    has_several: bool
    subject_id: str | None
    is_forward: bool
    is_reply: bool


def read_thread(header: Header, known_as: str | None) -> Thread:
    """Read the ids of a message. ``known_as`` is what its carrier calls one that has no id."""
    own_id, references = _own_id(header, known_as), header.first("references")
    replied_to = _first_other(_ids(header.first("in-reply-to")[:_ENDS]), own_id)
    root = _first_other(_ids(references[:_ENDS]), own_id)
    last = _first_other([*_ids(references[-_ENDS:])][::-1], own_id)
    subject = decoded(header.first("subject")).strip()
    found = _SUBJECT_ID.search(subject)
    is_finnish = ".fi>" in f"{header.first('from').lower()}>"
    is_vs = _VS.match(subject.lower()) is not None
    return Thread(
        own_id=own_id,
        root=root or replied_to,
        parent=replied_to or last,
        has_several=root is not None and root != (last or replied_to),
        subject_id=found[1] if found else None,
        is_forward=_FORWARD.match(subject.lower()) is not None or (is_vs and not is_finnish),
        is_reply=_REPLY.match(subject.lower()) is not None or (is_vs and is_finnish),
    )


def _first_other(ids: Iterable[str], own_id: str) -> str | None:
    """The first id of another message: a few programs let a message refer to itself."""
    return next((each for each in ids if each != own_id), None)


def _ids(value: str) -> Iterator[str]:
    """Give the ids in a field, each in its brackets; a word alone is one that lost them."""
    found = None
    for found in _BRACKETED.finditer(value):
        inner = "".join(found[1].split())
        if inner:
            yield _bracketed(inner)
    words = value.split(maxsplit=1)
    if found is None and words and "@" in words[0]:
        yield _bracketed(words[0].strip("<>"))


def _bracketed(inner: str) -> str:
    short = inner if len(inner) <= MAX_ID else f"{stable_id(inner)}@long"
    return f"<{short}>"


def _own_id(header: Header, known_as: str | None) -> str:
    for told in header.all("message-id"):
        value = told[:_ENDS]
        own = next(_ids(value), None)
        if own is not None:
            return own
        if value.split():
            return _bracketed("".join(value.split()).strip("<>") or "empty")
    if known_as:
        return known_as if len(known_as) <= MAX_ID else stable_id(known_as)
    names = ("from", "to", "cc", "date", "subject")
    return f"<{stable_id(*map(header.first, names))}@no-id>"


def written_at(header: Header) -> datetime | None:
    """When the sender says that it was written; None where it does not say so."""
    text = header.first("date")[:_MAX_SHOWN_DATE]
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(text)
            return usable(at if at.tzinfo else at.replace(tzinfo=UTC))
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def usable(at: datetime | None) -> datetime | None:
    """An instant in a year in which mail is written."""
    if at is None:
        return None
    try:
        told = at.astimezone(UTC)
    except OverflowError:
        return None
    return told if YEARS[0] <= told.year <= YEARS[1] else None
