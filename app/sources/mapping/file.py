"""Read a mapping: YAML in which an administrator says where our events stand in a tool's JSON."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

from app.core.events import (
    TYPES,
    AliasKind,
    Channel,
    ContactMerged,
    CustomerMerged,
    CustomerRated,
    FollowupMoved,
    FollowupPromised,
)
from app.core.marked_yaml import FaultyFile, Marked, read_marked
from app.sources.mapping.parts import Parts, Scalar
from app.sources.mapping.rules import (
    Condition,
    FirstOf,
    Literal,
    MappingRules,
    Rule,
    Scheme,
    Translated,
    Value,
    Verification,
    pieces_of,
)
from app.sources.telling import OF_AGENTS

MAX_RULES = 200

_SIGNED_PARTS: Final = frozenset({"{body}", "{timestamp}", "{url}", "{id}"})
_SECTIONS: Final = ("verify", "channel", "event", "delivery", "tables", "defaults", "rules")
_VERIFY: Final = (
    *("scheme", "header", "algorithm", "encoding", "prefix", "signed", "timestamp", "tolerance"),
)
_ABOUT_RULES: Final = ("tell", "on", "when", "each", "due_after")
_ABOUT_EVENTS: Final = ("subject", "time", "fact", "tags", "customer")
_NOT_FIELDS: Final = frozenset({"aliases", "customer"})
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        ContactMerged.type: ("into",),
        CustomerMerged.type: ("into",),
        CustomerRated.type: ("score",),
        FollowupPromised.type: ("due", "due_in", "due_after"),
        FollowupMoved.type: ("due", "due_in", "due_after"),
    }
)
"""Of these one at least must be there."""


def read_mapping(text: str) -> MappingRules:
    """Read a mapping file; raises ``FaultyFile`` with every fault, each with its line and place."""
    return mapping_in(read_marked(text), ())


def mapping_in(marked: Marked, place: Sequence[str | int]) -> MappingRules:
    """Read the mapping that stands at ``place`` of a larger file."""
    value = marked.value
    for step in place:
        value = value[step]
    reader = _Reader(marked, tuple(place))
    found = reader.mapping(value)
    if reader.faults:
        raise FaultyFile(sorted(reader.faults, key=lambda fault: fault.line))
    return found


def fields_of(event_type: str) -> frozenset[str]:
    """The fields of a type's data that a rule can fill, beside those that every rule has."""
    return frozenset(TYPES[event_type].__struct_fields__) - _NOT_FIELDS


@dataclass(slots=True)
class _Reader(Parts):
    """Reads a mapping rule by rule."""

    has_event: bool = False

    def mapping(self, value: Any) -> MappingRules:
        told = self.section(value, (), _SECTIONS)
        self.tables = dict(self._tables(told.get("tables", {})))
        event = self.value(told["event"], ("event",)) if "event" in told else None
        self.has_event = event is not None
        delivery = self.value(told["delivery"], ("delivery",)) if "delivery" in told else None
        channel = None
        if "channel" in told:
            channel = Channel(self.word(told["channel"], ("channel",), [*Channel]))
        return MappingRules(
            rules=tuple(self._rules(told)),
            verification=self._verification(told["verify"]) if "verify" in told else Verification(),
            channel=channel,
            event=event,
            delivery=delivery,
        )

    def _tables(self, told: Any) -> Iterator[tuple[str, dict[str, Scalar]]]:
        if not isinstance(told, dict):
            self.blame(("tables",), "a mapping of tables by their names", told)
            return
        for name, table in told.items():
            yield str(name), self.table(table, ("tables", name))

    def _verification(self, value: Any) -> Verification:
        if isinstance(value, str):
            value = {"scheme": value}
        told = self.section(value, ("verify",), _VERIFY)
        readers: dict[str, Callable[[Any, Sequence[str | int]], Any]] = {
            "scheme": lambda one, at: Scheme(self.word(one, at, [*Scheme])),
            "header": self.header,
            "algorithm": lambda one, at: self.word(one, at, ["sha256", "sha1", "sha512"]),
            "encoding": lambda one, at: self.word(one, at, ["hex", "base64"]),
            "prefix": self.text,
            "signed": self._signed,
            "timestamp": self.header,
            "tolerance": self.span,
        }
        read = {key: readers[key](one, ("verify", key)) for key, one in told.items()}
        found = Verification(**read)
        self._check_verification(found, told)
        return found

    def _signed(self, value: Any, at: Sequence[str | int]) -> str:
        text = self.text(value, at)
        holes = set(re.findall(r"\{[^{}]*\}", text))
        if "{body}" not in holes or not holes <= _SIGNED_PARTS:
            self.blame(at, "text with {body}, and {timestamp}, {url} or {id} if need be", value)
        return text

    def _check_verification(self, found: Verification, told: Mapping[str, Any]) -> None:
        at = ("verify",)
        if found.scheme in (Scheme.HMAC, Scheme.HEADER) and not found.header:
            self.blame(
                (*at, "scheme"), "header beside it: the name of the header", told.get("header")
            )
        if found.scheme is not Scheme.HMAC:
            for key in sorted(told.keys() - {"scheme", "header", "prefix"}):
                self.blame((*at, key), "it with scheme: hmac only", told[key])
        if ("{timestamp}" in found.signed or found.tolerance) and not found.timestamp:
            self.blame(at, "timestamp: the header with the time of signing", told.get("timestamp"))

    def _rules(self, told: Mapping[str, Any]) -> Iterator[Rule]:
        rules = told.get("rules")
        if not isinstance(rules, list) or not 1 <= len(rules) <= MAX_RULES:
            self.blame(("rules",), f"a list of 1 to {MAX_RULES} rules", rules)
            return
        every = frozenset(chain.from_iterable(fields_of(each) for each in TYPES))
        known = (*_ABOUT_EVENTS, *sorted(every))
        usual = self.section(told.get("defaults", {}), ("defaults",), known)
        for index, rule in enumerate(rules):
            read = self._rule(index, rule, usual)
            if read is not None:
                yield read

    def _rule(self, index: int, rule: Any, usual: Mapping[str, Any]) -> Rule | None:
        at = ("rules", index)
        kind = rule.get("tell") if isinstance(rule, dict) else None
        if not isinstance(kind, str) or kind not in TYPES:
            place = (*at, "tell") if isinstance(rule, dict) else at
            self.blame(place, f"tell: one of {', '.join(sorted(TYPES))}", kind)
            return None
        own = fields_of(kind)
        told = self.section(rule, at, (*_ABOUT_RULES, *_ABOUT_EVENTS, *sorted(own)))
        places: dict[str, tuple[str | int, ...]] = {
            key: ("defaults", key) for key in usual if key in {*_ABOUT_EVENTS, *own}
        }
        places |= {key: (*at, key) for key in told}
        told = {key: usual[key] for key in places if key not in told} | told
        self._check_needed(index, kind, told)
        return Rule(
            number=index + 1,
            type=kind,
            on=tuple(self._names(told, at)),
            when=tuple(self._conditions(told.get("when", {}), (*at, "when"))),
            each=self.path(told["each"], (*at, "each")) if "each" in told else None,
            due_after=self.span(told["due_after"], (*at, "due_after"))
            if "due_after" in told
            else None,
            customer=tuple(self._customer(told.get("customer", {}), places.get("customer", at))),
            fields=tuple(self._fields(kind, told, places)),
            **{
                key: self.value(told[key], places[key])
                for key in ("subject", "time", "fact", "tags")
                if key in told
            },
        )

    def _check_needed(self, index: int, kind: str, told: Mapping[str, Any]) -> None:
        at = ("rules", index)
        if "subject" not in told and not (kind in OF_AGENTS and "agent" in told):
            self.blame(at, "subject: the id of the contact", None)
        needed = _NEEDED.get(kind, ())
        if needed and not any(key in told for key in needed):
            self.blame(at, f"{' or '.join(needed)}, which {kind} needs", None)

    def _names(self, told: Mapping[str, Any], at: Sequence[str | int]) -> Iterator[str]:
        if "on" not in told:
            return
        if not self.has_event:
            self.blame(
                (*at, "on"), "event: at the top of the file, saying where the name stands", None
            )
        for name in self.listed(told["on"], (*at, "on")):
            if not isinstance(name, str | int) or isinstance(name, bool):
                self.blame((*at, "on"), "the name of an event, or several", name)
            yield str(name)

    def _fields(
        self, kind: str, told: Mapping[str, Any], places: Mapping[str, tuple[str | int, ...]]
    ) -> Iterator[tuple[str, Value]]:
        for name in sorted(fields_of(kind) & told.keys()):
            value = self.value(told[name], places[name])
            if value is not None:
                self._check_literals(kind, name, value, places[name])
                yield name, value

    def _check_literals(self, kind: str, name: str, value: Value, at: Sequence[str | int]) -> None:
        """Refuse a word that the field never takes, before any delivery has to be."""
        wanted = get_type_hints(TYPES[kind], include_extras=True)[name]
        for one in _literals(value):
            try:
                msgspec.convert(one if not isinstance(one, int) else str(one), wanted, strict=False)
            except (msgspec.MsgspecError, ValueError):
                self.blame(at, f"what {kind} takes as {name}{_choices(wanted)}", one)

    def _customer(self, told: Any, at: Sequence[str | int]) -> Iterator[tuple[str, Value]]:
        for kind, value in self.section(told, at, [*AliasKind]).items():
            for one in value if isinstance(value, list) else [value]:
                read = self.value(one, (*at, kind))
                if read is not None:
                    yield kind, read

    def _conditions(self, told: Any, at: Sequence[str | int]) -> Iterator[Condition]:
        if not isinstance(told, dict):
            self.blame(at, "a mapping such as {$.status: closed}", told)
            return
        for key, test in told.items():
            value = self.value(key, (*at, key))
            if isinstance(value, Literal):
                self.blame((*at, key), "a path such as $.status, or header:NAME", key)
            elif value is not None:
                yield self._condition(value, test, (*at, key))

    def _condition(self, value: Value, test: Any, at: Sequence[str | int]) -> Condition:
        negated = isinstance(test, dict) and list(test) == ["not"]
        if negated:
            test, at = test["not"], (*at, "not")
        if not isinstance(test, dict):
            return Condition(value, any_of=tuple(self._wanted(test, at)), negated=negated)
        told = self.section(test, at, ("not", "exists", "matches"))
        if len(told) != 1 or "not" in told:
            self.blame(at, "one of not, exists, matches", test)
        if "exists" in told:
            if not isinstance(told["exists"], bool):
                self.blame((*at, "exists"), "true or false", told["exists"])
            return Condition(value, there=told["exists"] is not negated)
        pattern = self.text(told.get("matches"), (*at, "matches"), "a pattern such as vip-*")
        return Condition(value, like=pieces_of(pattern), negated=negated)

    def _wanted(self, test: Any, at: Sequence[str | int]) -> Iterator[Scalar | None]:
        for one in self.listed(test, at):
            if one is not None and not isinstance(one, Scalar):
                self.blame(at, "text, a number, true, false, or a list of such", one)
            yield one


def _literals(value: Value) -> Iterator[Any]:
    match value:
        case Literal(one):
            yield one
        case FirstOf(values):
            yield from chain.from_iterable(map(_literals, values))
        case Translated(_, table, otherwise):
            yield from table.values()
            yield from () if otherwise is None else (otherwise,)
        case _:
            return


def _choices(wanted: Any) -> str:
    """The words that a field of few words takes."""
    members = [one for one in getattr(wanted, "__args__", (wanted,)) if hasattr(one, "__members__")]
    words = [str(word.value) for one in members for word in one.__members__.values()]
    return f": {', '.join(words)}" if words else ""
