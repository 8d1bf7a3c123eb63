"""What a mapping says: how to find an event of ours in any tool's JSON, once it has been read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.core.events import TYPES, Channel
from app.sources.mapping.json_path import Path, same


class Scheme(StrEnum):
    """How a delivery shows whom it is from."""

    TOKEN = "token"  # noqa: S105 - a word, not one
    """A secret of the source in the Authorization or X-Api-Key header, or in the address."""
    HEADER = "header"
    """A secret of the source alone in a header of the tool's own."""
    HMAC = "hmac"
    """A signature over the body in a header."""
    NONE = "none"
    """Nothing: whoever knows the address may send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How deliveries are verified. ``signed`` is what is signed, with ``{body}`` in it.

    ``timestamp`` is the header that holds the time of signing, which stands for ``{timestamp}``;
    with a ``tolerance`` older deliveries are refused. Header names are in lower case.
    """

    scheme: Scheme = Scheme.TOKEN
    header: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    signed: str = "{body}"
    timestamp: str = ""
    tolerance: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What values are looked for in: the payload, the entry of a list, the headers.

    What a path finds in the payload is the same for all its entries, and is remembered.
    """

    root: Any
    entry: Any
    headers: Mapping[str, str]
    found: dict[int, list[Any]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, path: Path) -> list[Any]:
        """What stands at a path."""
        if path.from_entry:
            return path.find(self.root, self.entry)
        known = self.found.get(id(path))
        if known is None:
            known = self.found[id(path)] = path.find(self.root)
        return known


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the mapping itself gives."""

    value: str | float | bool

    def find(self, scope: Scope) -> list[Any]:  # noqa: ARG002 - it is the same everywhere
        """The value."""
        return [self.value]


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the delivery, its name in lower case."""

    name: str

    def find(self, scope: Scope) -> list[Any]:
        """What the header holds, if it came."""
        return [scope.headers[self.name]] if self.name in scope.headers else []


@dataclass(frozen=True, slots=True)
class Place:
    """A path into the payload."""

    path: Path

    def find(self, scope: Scope) -> list[Any]:
        """What stands there; null is as good as nothing."""
        found = scope.at(self.path)
        return [each for each in found if each is not None]


@dataclass(frozen=True, slots=True)
class Joined:
    """Text with places in it; nothing where one of them is not there."""

    parts: tuple["Literal | Place | Header", ...]

    def find(self, scope: Scope) -> list[Any]:
        """The text."""
        found = [part.find(scope)[:1] for part in self.parts]
        plain = [each[0] for each in found if each and isinstance(each[0], int | float | str)]
        return ["".join(map(str, plain))] if len(plain) == len(self.parts) else []


@dataclass(frozen=True, slots=True)
class Translated:
    """A value by a table of the mapping's; what is not in it is ``otherwise``, or itself."""

    value: "Value"
    table: Mapping[str, str | float | bool]
    otherwise: str | float | bool | None
    is_closed: bool

    def find(self, scope: Scope) -> list[Any]:
        """What the table makes of each value; nothing of one that it does not know, if closed."""
        found = self.value.find(scope)
        if not found and self.otherwise is not None:
            return [self.otherwise]
        known = [self.table.get(_key(each), self._else(each)) for each in found]
        return [each for each in known if each is not None]

    def _else(self, value: Any) -> Any:
        if self.otherwise is not None:
            return self.otherwise
        return None if self.is_closed else value


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of several values that is there."""

    values: tuple["Value", ...]

    def find(self, scope: Scope) -> list[Any]:
        """What it is."""
        return next((found for value in self.values if (found := value.find(scope))), [])


Value = Literal | Header | Place | Joined | Translated | FirstOf


def _key(value: Any) -> str:
    """A value as a table writes it: ``true``, ``5``, and text in small letters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    is_short = isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 1e18)
    return str(value).strip().lower() if is_short else ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of what stands somewhere. All that is told of ``any_of``, ``like``, ``there`` holds.

    ``like`` holds pieces of text in their order; between them anything may stand. With ``negated``
    the condition holds where the test does not.
    """

    value: Value
    any_of: tuple[Any, ...] = ()
    like: tuple[str, ...] = ()
    there: bool | None = None
    negated: bool = False

    def holds(self, scope: Scope) -> bool:
        """Whether one of the values there passes."""
        found = self.value.find(scope)
        if self.there is not None:
            return bool(found) is self.there
        return any(self._passes(each) for each in found) is not self.negated

    def _passes(self, found: Any) -> bool:
        if self.like:
            return isinstance(found, str) and is_like(found, self.like)
        return any(same(found, wanted) for wanted in self.any_of)


def is_like(text: str, pieces: tuple[str, ...]) -> bool:
    """Whether ``text`` is the pieces in order with anything between them; case does not matter."""
    rest, (first, *middle) = text.lower(), pieces
    if not middle:
        return rest == first
    if not rest.startswith(first):
        return False
    rest = rest[len(first) :]
    for piece in middle[:-1]:
        at = rest.find(piece)
        if at < 0:
            return False
        rest = rest[at + len(piece) :]
    return rest.endswith(middle[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that a payload can tell: when it does, and where each part of it stands.

    ``each`` is the list whose every entry tells it; ``fields`` are those of the type's data, and
    ``customer`` gives her aliases by their kind. ``due_after`` is counted from the event's time.
    """

    number: int
    type: str
    on: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    each: Path | None = None
    subject: Value | None = None
    time: Value | None = None
    fact: Value | None = None
    tags: Value | None = None
    customer: tuple[tuple[str, Value], ...] = ()
    fields: tuple[tuple[str, Value], ...] = ()
    due_after: timedelta | None = None

    @property
    def values(self) -> tuple[Value | None, ...]:
        """Every value of the rule."""
        told = (self.subject, self.time, self.fact, self.tags)
        tests = (condition.value for condition in self.when)
        return (*told, *tests, *(value for _, value in (*self.customer, *self.fields)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRules:
    """A mapping: all its rules, how deliveries are verified, and what names them."""

    rules: tuple[Rule, ...]
    verification: Verification = field(default_factory=Verification)
    channel: Channel | None = None
    event: Value | None = None
    delivery: Value | None = None

    @property
    def tells(self) -> frozenset[str]:
        """The types that its rules tell."""
        return frozenset(rule.type for rule in self.rules) & TYPES.keys()

    @property
    def headers(self) -> frozenset[str]:
        """The headers that a value is found in, in lower case."""
        told = [self.event, self.delivery, *(v for rule in self.rules for v in rule.values)]
        return frozenset(name for value in told if value for name in _headers_in(value))

    @property
    def events(self) -> Mapping[str, frozenset[str]]:
        """The tool's own names that its rules know, and what each can tell."""
        names: dict[str, frozenset[str]] = {}
        for rule in self.rules:
            for name in rule.on:
                names[name] = names.get(name, frozenset()) | {rule.type}
        return MappingProxyType(names)


def pieces_of(pattern: str) -> tuple[str, ...]:
    """The pieces of a pattern in which ``*`` stands for anything."""
    return tuple(pattern.lower().split("*"))


def places_of(value: Value) -> Iterator[str]:
    """Where a value is looked for, as the mapping writes it."""
    match value:
        case Header(name):
            yield f"header:{name}"
        case Place(path):
            yield path.text
        case Joined(values) | FirstOf(values):
            yield from (place for each in values for place in places_of(each))
        case Translated(inner):
            yield from places_of(inner)
        case _:
            return


def _headers_in(value: Value) -> Iterator[str]:
    match value:
        case Header(name):
            yield name
        case Joined(parts):
            yield from (name for part in parts for name in _headers_in(part))
        case FirstOf(values):
            yield from (name for each in values for name in _headers_in(each))
        case Translated(inner):
            yield from _headers_in(inner)
        case _:
            return
