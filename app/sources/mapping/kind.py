"""The kind ``mapping``: any tool's JSON, by the rules of a mapping that an administrator wrote.

Each rule that holds tells one event, in the order in which they are written; one with ``each``
tells it for every entry of a list. What a rule cannot find leaves that part of the event empty, but
an event without its subject, or with a word that no event takes, makes the delivery unreadable.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, assert_never

import msgspec

from app.core.events import (
    TYPES,
    Actor,
    AgentReplied,
    Alias,
    AliasKind,
    Channel,
    ContactDiscarded,
    ContactResolved,
    Data,
    Incoming,
    Outcome,
)
from app.sources.adapter import (
    Adapter,
    BadSignature,
    Delivery,
    SignedBy,
    SourceConfig,
    Unreadable,
)
from app.sources.mapping.rules import (
    MappingRules,
    Rule,
    Scheme,
    Scope,
    Value,
    Verification,
    places_of,
)
from app.sources.reading import (
    MAX_NAME,
    email,
    identity,
    instant,
    known_as,
    phone,
    read_json,
    vendor_id,
)
from app.sources.signatures import KEY_HEADER, check_signed_at, check_token, is_one_of
from app.sources.telling import MAX_TELLINGS, OF_AGENTS, Telling, stable_id, tell, tier_told

_JSON: Final = msgspec.json.Decoder()
_INSTANTS: Final = frozenset({"due", "not_before", "since"})
_NUMBERS: Final = frozenset({"score", "scale", "wait_seconds", "priority"})
_FLAGS: Final = frozenset({"inferred", "warm", "public_name"})
_LISTS: Final = frozenset({"agents", "skills"})
_MAX_ALIASES = 8
_DIGESTS: Final = MappingProxyType(
    {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
)
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", KEY_HEADER})
_ID_HEADERS: Final = ("webhook-id", "x-request-id")
_NOTHING: Final = MappingRules(rules=())


class Mapped(Adapter):
    """A tool whose JSON is read by ``rules``."""

    kind: Final = "mapping"
    options: Final = frozenset({"mapping", "turned_away", "discard_tags", "tier_tags", "bots"})

    def __init__(self, rules: MappingRules) -> None:
        self.rules = rules

    @property
    def channel(self) -> Channel | None:
        """The channel that the mapping gives to every event."""
        return self.rules.channel

    @property
    def events(self) -> Mapping[str, frozenset[str]]:
        """The tool's own names that the rules know."""
        return self.rules.events

    @property
    def signed_by(self) -> SignedBy:
        """A secret, unless the mapping says that nothing vouches for a delivery."""
        is_open = self.rules.verification.scheme is Scheme.NONE
        return SignedBy.NOBODY if is_open else SignedBy.SECRET

    @property
    def tells(self) -> frozenset[str]:
        """The types that the rules tell; without any, whatever they may come to tell."""
        return self.rules.tells or frozenset(TYPES)

    @property
    def headers(self) -> frozenset[str]:
        """The headers that the rules look at, but for those that hold what vouches for a delivery."""
        return self.rules.headers - {*_SECRET_HEADERS, self.rules.verification.header}

    def of(self, config: SourceConfig) -> "Mapped":
        """The same, by the rules of one source."""
        return Mapped(config.mapping) if config.mapping else self

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """The types that the rules of one source tell, and what its tags can mean besides."""
        discarded = {ContactDiscarded.type} if config.discard_tags else frozenset[str]()
        return self.of(config).tells | discarded

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Check what the mapping says that vouches for a delivery."""
        how = self.rules.verification
        match how.scheme:
            case Scheme.NONE:
                return
            case Scheme.TOKEN:
                check_token(delivery, secrets)
            case Scheme.HEADER:
                _check_header(how, delivery, secrets)
            case Scheme.HMAC:
                _check_hmac(how, delivery, secrets, now)
            case _:
                assert_never(how.scheme)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Give what the rules find in the payload, nothing where none of them holds."""
        rules = config.mapping or self.rules
        scope = Scope(read_json(_JSON, delivery.body), None, delivery.headers)
        tellings = list(islice(_tellings(_Reading(rules, config, scope)), MAX_TELLINGS + 1))
        if len(tellings) > MAX_TELLINGS:
            raise Unreadable(f"expected at most {MAX_TELLINGS} events of one delivery")
        return tell(delivery, config, _delivery_id(rules, delivery, scope), tellings)

    def event_of(self, delivery: Delivery) -> str | None:
        """The tool's own name of what happened, where the mapping says in what place it stands."""
        try:
            scope = Scope(read_json(_JSON, delivery.body), None, delivery.headers)
            return _event(self.rules, scope)
        except Unreadable:
            return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A payload, and by what it is read."""

    rules: MappingRules
    config: SourceConfig
    scope: Scope


def _check_header(how: Verification, delivery: Delivery, secrets: tuple[str, ...]) -> None:
    given = delivery.headers.get(how.header, "").strip()
    if not given:
        raise BadSignature(f"{how.header} is missing")
    if not is_one_of(given.removeprefix(how.prefix), secrets):
        raise BadSignature(f"{how.header} does not hold the secret of this source")


def _check_hmac(
    how: Verification, delivery: Delivery, secrets: tuple[str, ...], now: datetime
) -> None:
    given = delivery.headers.get(how.header, "").strip()
    if not given:
        raise BadSignature(f"{how.header} is missing")
    if not given.startswith(how.prefix):
        raise BadSignature(f"{how.header} does not begin with {how.prefix}")
    signed_at = delivery.headers.get(how.timestamp, "").strip() if how.timestamp else ""
    if how.timestamp and not signed_at:
        raise BadSignature(f"{how.timestamp} is missing")
    if how.tolerance is not None:
        check_signed_at(_seconds(signed_at), now, how.tolerance)
    message = _signed_text(how, delivery, signed_at)
    expected = [_signature(how, secret, message) for secret in secrets]
    signature = given.removeprefix(how.prefix)
    if not is_one_of(signature.lower() if how.encoding == "hex" else signature, expected):
        raise BadSignature(f"{how.header} does not match what was sent")


def _seconds(text: str) -> str:
    """A time in seconds, of one that may be told in milliseconds."""
    return text[:-3] if len(text) == 13 and text.isdecimal() else text


def _signed_text(how: Verification, delivery: Delivery, signed_at: str) -> bytes:
    told = next((delivery.headers[name] for name in _ID_HEADERS if name in delivery.headers), "")
    known = {"{timestamp}": signed_at, "{url}": delivery.url, "{id}": told}
    before, _, after = how.signed.partition("{body}")
    for hole, value in known.items():
        before, after = before.replace(hole, value), after.replace(hole, value)
    return before.encode(errors="replace") + delivery.body + after.encode(errors="replace")


def _signature(how: Verification, secret: str, message: bytes) -> str:
    digest = hmac.new(secret.encode(), message, _DIGESTS[how.algorithm])
    is_hex = how.encoding == "hex"
    return digest.hexdigest() if is_hex else base64.b64encode(digest.digest()).decode()


def _delivery_id(rules: MappingRules, delivery: Delivery, scope: Scope) -> str:
    told = _text(rules.delivery, scope, "delivery") if rules.delivery else None
    return stable_id(told or delivery.body)


def _event(rules: MappingRules, scope: Scope) -> str | None:
    return _text(rules.event, scope, "event") if rules.event else None


def _tellings(reading: _Reading) -> Iterator[Telling]:
    event = _event(reading.rules, reading.scope)
    for rule in reading.rules.rules:
        if rule.on and event not in rule.on:
            continue
        for scope in _scopes(rule, reading.scope):
            if all(condition.holds(scope) for condition in rule.when):
                yield from _told(rule, _Reading(reading.rules, reading.config, scope))


def _scopes(rule: Rule, scope: Scope) -> Iterator[Scope]:
    if rule.each is None:
        yield scope
        return
    for entry in scope.at(rule.each):
        yield Scope(scope.root, entry, scope.headers, scope.found)


def _told(rule: Rule, reading: _Reading) -> Iterator[Telling]:
    """What one rule tells, and what the customer's tags say with it."""
    scope, config = reading.scope, reading.config
    at = _instant(rule.time, scope, _place(rule, "time"))
    fields = dict(_fields(rule, scope))
    if rule.due_after is not None and at is not None:
        fields["due"] = _later(at, rule)
    aliases = _aliases(rule, scope)
    data = _data(rule, fields | {"aliases": aliases}, reading.rules.channel)
    subject = _text(rule.subject, scope, _place(rule, "subject"))
    if subject is None and rule.type in OF_AGENTS:
        subject = fields.get("agent")
    tags = [each for each in (rule.tags.find(scope) if rule.tags else []) if isinstance(each, str)]
    if subject is None:
        raise Unreadable(_no_subject(rule))
    telling = Telling(
        subject=subject,
        data=_with_options(data, config, tags),
        at=at,
        fact=_text(rule.fact, scope, _place(rule, "fact")),
    )
    yield telling
    if config.discards(tags):
        gone = ContactDiscarded(reason="tag", channel=data.channel, aliases=data.aliases)
        yield Telling(subject=telling.subject, data=gone, at=at, fact="tag")
    yield from tier_told(config, tags, data.aliases, at)


def _place(rule: Rule, name: str) -> str:
    return f"{name}, rule {rule.number}"


def _no_subject(rule: Rule) -> str:
    """Say of what rule no subject is there, and where it was looked for."""
    about = f" ({', '.join(rule.on)})" if rule.on else ""
    places = " or ".join(places_of(rule.subject)) if rule.subject else ""
    return f"rule {rule.number}{about}: nothing stands at {places or 'subject'}"[:MAX_NAME]


def _later(at: datetime, rule: Rule) -> datetime:
    try:
        return at + rule.due_after if rule.due_after else at
    except OverflowError:
        raise Unreadable(f"expected an instant before 9999 - at `{_place(rule, 'time')}`") from None


def _with_options(data: Data, config: SourceConfig, tags: list[str]) -> Data:
    """What sources.yaml says of tags and machines."""
    if isinstance(data, ContactResolved) and config.turns_away(tags):
        return msgspec.structs.replace(data, outcome=Outcome.TURNED_AWAY)
    if isinstance(data, AgentReplied) and config.is_bot(data.agent):
        return msgspec.structs.replace(data, actor=Actor.BOT)
    return data


def _fields(rule: Rule, scope: Scope) -> Iterator[tuple[str, Any]]:
    for name, value in rule.fields:
        place = _place(rule, name)
        if name in _INSTANTS:
            read: Any = _instant(value, scope, place)
        elif name in _LISTS:
            read = _texts(value.find(scope), place)
        elif name in _NUMBERS or name in _FLAGS:
            read = next(iter(value.find(scope)), None)
        else:
            read = _text(value, scope, place)
        if read is not None:
            yield name, read


def _data(rule: Rule, fields: Mapping[str, Any], channel: Channel | None) -> Data:
    usual = {"channel": channel} if channel else {}
    try:
        data: Data = msgspec.convert({**usual, **fields}, TYPES[rule.type], strict=False)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"rule {rule.number}, {rule.type}: {error}"[:MAX_NAME]) from None
    return data


def _text(value: Value | None, scope: Scope, place: str) -> str | None:
    """The first of what is found, as an id or a word."""
    for found in value.find(scope) if value else []:
        if isinstance(found, bool) or not isinstance(found, int | str):
            raise Unreadable(f"expected text or a whole number - at `{place}`")
        return identity(found, place)
    return None


def _texts(found: list[Any], place: str) -> tuple[str, ...]:
    flat = [one for each in found for one in (each if isinstance(each, list) else [each])]
    read = [_plain(one, place) for one in flat[:MAX_TELLINGS]]
    return tuple(one for one in read if one)


def _plain(found: Any, place: str) -> str | None:
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise Unreadable(f"expected text or whole numbers - at `{place}`")
    return identity(found, place)


def _instant(value: Value | None, scope: Scope, place: str) -> datetime | None:
    for found in value.find(scope) if value else []:
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            raise Unreadable(f"expected an instant - at `{place}`")
        return instant(found, place)
    return None


def _aliases(rule: Rule, scope: Scope) -> tuple[Alias, ...]:
    """What the customer is known by; what is no number and no address is passed over."""
    found = [
        _alias(AliasKind(kind), each, _place(rule, "customer"))
        for kind, value in rule.customer
        for each in value.find(scope)[:_MAX_ALIASES]
    ]
    return known_as(*found)[:_MAX_ALIASES]


def _alias(kind: AliasKind, found: Any, place: str) -> Alias | None:
    text = _plain(found, place)
    match kind:
        case AliasKind.PHONE:
            return phone(text)
        case AliasKind.EMAIL:
            return email(text)
        case AliasKind.DOMAIN:
            return Alias(kind, text.strip().lower()) if text and "." in text else None
        case AliasKind.ID:
            return vendor_id(text, place)
        case _:
            assert_never(kind)


ADAPTER: Final = Mapped(_NOTHING)
