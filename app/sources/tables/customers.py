"""A table of customers, as a CRM exports it: one a line, read into what the registry is told of each."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from app.core.events import Alias, AliasKind, CustomerUpdated
from app.core.registry import NOBODY, REGISTRY_SOURCE, name_of
from app.sources.adapter import SINCE_YEARS
from app.sources.reading import MAX_NAME
from app.sources.refusal import CannotRead, RefusedValue
from app.sources.tables.backlog import RefusedLine
from app.sources.tables.spelled_aliases import Spelling

MAX_BYTES = 32_000_000
"""Size of a table that is read at most: some 300,000 customers."""
MAX_COLUMNS = 500
MAX_ALIASES = 60
"""Aliases of one customer that a line may tell."""

_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (
        *("customer", "customer id", "customer no", "customer number", "customer key", "crm id"),
        *("account", "account id", "account no", "account number", "external id", "kundenr"),
        *("kundennummer", "kundenummer", "company id"),
    ),
    "name": (
        *("customer name", "company", "company name", "organization", "organisation"),
        *("organization name", "account name", "display name", "firma", "navn", "kunde"),
    ),
    "tier": ("customer tier", "level", "customer level", "service level", "segment", "plan"),
    "since": ("customer since", "created", "created at", "start date", "joined", "kunde siden"),
    "public name": ("public", "show name"),
    "email": (
        *("e mail", "emails", "e mails", "mail", "email address", "email addresses"),
        *("e mail address", "primary email"),
    ),
    "phone": (
        *("phones", "telephone", "tel", "telefon", "phone number", "phone numbers", "mobile"),
        *("mobile phone", "mobil", "cell"),
    ),
    "domain": ("domains", "email domain", "email domains", "domain name"),
    "aliases": ("alias",),
}
"""Our names of the columns, and what else they may be called; case and punctuation do not matter."""

COLUMNS: Final = (*_SYNONYMS, "id:SOURCE")
_MEANING = {name: ours for ours, others in _SYNONYMS.items() for name in (ours, *others)}
_LISTS: Final[Mapping[str, AliasKind | None]] = {
    "email": AliasKind.EMAIL,
    "phone": AliasKind.PHONE,
    "domain": AliasKind.DOMAIN,
    "aliases": None,
}
_BETWEEN = re.compile(r"[;,|\n]+")
_YES = frozenset({"yes", "true", "1", "y", "ja", "x"})
_NO = frozenset({"no", "false", "0", "n", "nej", "nein"})
_PUNCTUATION = re.compile(r"[\s_./-]+")


_Rows: TypeAlias = Any  # csv's reader: the standard library has no public name for it


class UnreadableCustomers(CannotRead):
    """A file that holds no table of customers: not one of its lines can be read."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One good line: who, and what the registry is told of her."""

    line: int
    id: str
    told: CustomerUpdated


@dataclass(frozen=True, slots=True)
class Reading:
    """By what lines are read: how aliases are spelled, and the tiers that the policy has, if any."""

    spelling: Spelling = field(default_factory=Spelling)
    tiers: Collection[str] = ()

    def tier(self, told: str, where: str = "tier") -> str:
        """A tier of the policy; any other is refused, naming those there are."""
        if self.tiers and told not in self.tiers:
            known = f"one of the policy's tiers, {', '.join(self.tiers)}"
            raise RefusedValue(where, known, repr(told[:64]))
        return told


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header was understood. ``ignored`` are the columns that mean nothing here."""

    columns: Sequence[str | None]
    ignored: tuple[str, ...]
    lines: Iterator[Customer | RefusedLine]


def read_customers(raw: bytes, reading: Reading) -> Table:
    """Read a table with a header line, between commas or semicolons.

    Raises ``UnreadableCustomers`` where the text is not UTF-8 or the header names nobody.
    """
    text = _text(raw)
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        named = next(rows, [])
    except csv.Error as error:
        raise UnreadableCustomers(f"line 1: expected a table ({error})") from None
    columns = _columns(named)
    ignored = tuple(name for name, means in zip(named, columns, strict=True) if means is None)
    return Table(columns, ignored, _lines(rows, columns, reading))


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        said = f"line {line}: expected UTF-8, got a byte that is none (Latin-1, Windows-1252?)"
        raise UnreadableCustomers(f"{said}: save the table as CSV UTF-8") from None
    if "\0" in text:
        raise UnreadableCustomers("expected text, got the character U+0000: save it as CSV UTF-8")
    if not text.strip():
        raise UnreadableCustomers(
            "expected a header line and a line for each customer, got nothing"
        )
    return text


def _columns(named: Sequence[str]) -> list[str | None]:
    """What each column means; none where that is nothing to us."""
    if len(named) > MAX_COLUMNS:
        raise UnreadableCustomers(f"expected at most {MAX_COLUMNS} columns, got {len(named)}")
    columns = [_meaning(name) for name in named]
    for each in ("id", "name", "tier", "since", "public name"):
        if columns.count(each) > 1:
            both = " and ".join(
                repr(name) for name, means in zip(named, columns, strict=True) if means == each
            )
            raise UnreadableCustomers(f"line 1: expected one column for {each}, got {both}")
    if not {"id", *_LISTS} & set(columns) and not any(each and ":" in each for each in columns):
        wanted = "id, email, phone, domain, aliases or id:SOURCE"
        got = ", ".join(named)[:200]
        raise UnreadableCustomers(f"line 1: expected a column that says who: {wanted}; got {got}")
    return columns


def _meaning(name: str) -> str | None:
    told = name.strip()
    if told.lower().startswith("id:") and len(told) > len("id:"):
        return f"id:{told[3:].strip()}"
    return _MEANING.get(_PUNCTUATION.sub(" ", told.lower()).strip())


def _lines(
    rows: _Rows, columns: Sequence[str | None], reading: Reading
) -> Iterator[Customer | RefusedLine]:
    line = 1
    while True:
        line = max(line, rows.line_num) + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield RefusedLine(line, "line", "a line of the table", str(error))
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _line(line, cells, columns, reading)


def _line(
    line: int, cells: Sequence[str], columns: Sequence[str | None], reading: Reading
) -> Customer | RefusedLine:
    if len(cells) > len(columns):
        return RefusedLine(line, "line", f"{len(columns)} columns", str(len(cells)))
    told = [
        (means, cell.strip())
        for means, cell in zip(columns, cells, strict=False)
        if means is not None and cell.strip()
    ]
    try:
        return _customer(line, told, reading)
    except RefusedValue as refusal:
        return RefusedLine(line, refusal.field, refusal.expected, refusal.got)


def _customer(line: int, told: Sequence[tuple[str, str]], reading: Reading) -> Customer:
    words = {means: cell for means, cell in told if means not in _LISTS and ":" not in means}
    aliases = _aliases(told, reading.spelling)
    data = CustomerUpdated(
        name=_short("name", words.get("name")),
        tier=reading.tier(words["tier"]) if "tier" in words else None,
        since=instant_since(words["since"]) if "since" in words else None,
        public_name=_is_public(words.get("public name")),
        aliases=aliases,
    )
    return Customer(line, customer_id(words.get("id"), aliases), data)


def customer_id(told: str | None, aliases: Sequence[Alias]) -> str:
    """The customer's id; where there is none, the first alias names her."""
    if told is None and not aliases:
        raise RefusedValue("id", "an id or an alias that says who it is", "nothing")
    found = told or name_of(aliases[0], REGISTRY_SOURCE)
    if len(found) > MAX_NAME:
        raise RefusedValue("id", f"at most {MAX_NAME} characters", str(len(found)))
    if found.startswith(NOBODY):
        raise RefusedValue("id", f"an id that does not begin with {NOBODY}", repr(found[:64]))
    return found


def _short(where: str, told: str | None) -> str | None:
    if told is not None and len(told) > MAX_NAME:
        raise RefusedValue(where, f"at most {MAX_NAME} characters", str(len(told)))
    return told


def _is_public(told: str | None) -> bool | None:
    if told is None:
        return None
    if told.lower() not in _YES | _NO:
        raise RefusedValue("public name", "yes or no", repr(told[:64]))
    return told.lower() in _YES


def instant_since(told: str) -> datetime:
    """A day, or an instant with its offset, since which somebody is a customer."""
    try:
        at: datetime | None = datetime.fromisoformat(told)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None and len(told) == len("2026-01-31"):
        at = at.replace(tzinfo=UTC)
    if at is None or at.tzinfo is None or not SINCE_YEARS[0] <= at.year <= SINCE_YEARS[1]:
        expected = "a day such as 2024-01-31 or an instant with an offset"
        raise RefusedValue("since", expected, repr(told[:64]))
    return at.astimezone(UTC)


def _aliases(told: Sequence[tuple[str, str]], spelling: Spelling) -> tuple[Alias, ...]:
    found: list[Alias] = []
    for means, cell in told:
        if means in _LISTS:
            texts = [text.strip() for text in _BETWEEN.split(cell) if text.strip()]
            found += [spelling.read(text, means, _LISTS[means]) for text in texts]
        elif ":" in means:
            found.append(spelling.read(f"{means[3:]}:{cell}", means, AliasKind.ID))
    aliases = tuple(dict.fromkeys(found))
    if len(aliases) > MAX_ALIASES:
        raise RefusedValue("line", f"at most {MAX_ALIASES} aliases", str(len(aliases)))
    return aliases
