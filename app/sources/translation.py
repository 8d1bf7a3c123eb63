"""What a payload means, for people who try it on the command line: one plain mapping an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.core.events import (
    ContactAnswered,
    ContactDeclined,
    ContactReceived,
    ContactTransferred,
    Data,
    DeclineReason,
    Event,
    Incoming,
    SubjectOf,
    decode_data,
    subject_of,
)
from app.core.source import Source
from app.sources import kinds
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.sources.mapping.rules import MappingRules
from app.sources.telling import named_contact

RECEIVE_TIME = "RECEIVE_TIME"
"""Stands for the time of a payload that has none of its own."""

_FIRST_COLUMNS = ("type", "time", "contact", "customer", "agent", "team")
_CHANNEL_WITH_ANSWER = frozenset({"amazon-connect"})
"""Kinds that tell by what channel an answer was given, and often tell of the answer alone."""
_DECLINED_IS_REFUSED = frozenset({"twilio-eventstreams", "twilio-taskrouter", "twilio-voice"})
"""Kinds where declined alone means refused: every other reason has an event of its own there."""
_NOT_SHOWN = frozenset({*_FIRST_COLUMNS, "aliases", "channel", "via", "same_as"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as a file holds it; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def parse_request(raw: bytes) -> HttpRequest:
    """Read a request line, headers, a blank line and a body, or raise ``Unreadable``."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    line, *rest = head.decode("latin-1").split("\n")
    words = line.split()
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise Unreadable("expected a request line such as POST /path HTTP/1.1")
    headers = {}
    for header in rest:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise Unreadable("expected headers such as Name: value up to a blank line")
        headers[name.strip().lower()] = value.strip()
    return HttpRequest(words[0].upper(), words[1], headers, body.rstrip(b"\n"))


def translate_request(
    kind: str, raw: bytes, received_at: datetime, mapping: MappingRules | None = None
) -> list[dict[str, Any]]:
    """Translate a whole request; an OPTIONS handshake is understood and tells nothing."""
    request = parse_request(raw)
    if request.method == "OPTIONS":
        return []
    return translate(kind, request.body, request.headers, received_at, mapping)


def translate(
    kind: str,
    body: bytes,
    headers: Mapping[str, str],
    received_at: datetime,
    mapping: MappingRules | None = None,
) -> list[dict[str, Any]]:
    """Give the canonical events of a payload as a source without options would send it.

    The kind ``mapping`` has one: its rules.

    Keys stand in a fixed order; None means that the payload cannot tell. Raises ``Unreadable`` with
    the reason.
    """
    if kind not in kinds.ADAPTERS:
        raise Unreadable(f"expected a kind out of {', '.join(sorted(kinds.ADAPTERS))}")
    lowered = {name.lower(): value for name, value in headers.items()}
    config = SourceConfig(source=Source(id="translate", kind=kind), mapping=mapping)
    told = kinds.translate(Delivery(lowered, body, received_at), config)
    return [_shown(incoming, kind) for incoming in told if incoming.is_canonical]


def _shown(incoming: Incoming, kind: str) -> dict[str, Any]:
    data = decode_data(incoming.type, incoming.body)
    event = Event(
        source=incoming.source,
        id=incoming.id,
        occurred_at=incoming.occurred_at,
        subject=incoming.subject,
        data=data,
    )
    about = subject_of(event)
    as_sent = msgspec.json.decode(incoming.body)
    no_time = incoming.occurred_at == incoming.received_at
    first_alias = data.aliases[0].value if data.aliases else None
    named = incoming.subject if about is SubjectOf.CUSTOMER else None
    agent = incoming.subject if about is SubjectOf.AGENT else None
    return {
        "type": incoming.type,
        "time": RECEIVE_TIME if no_time else in_utc(incoming.occurred_at),
        "contact": named_contact(incoming.subject) if about is SubjectOf.CONTACT else None,
        "customer": data.customer or named or first_alias,
        "agent": as_sent.get("agent") or agent,
        "team": data.team,
    } | _others(data, kind)


def _others(data: Data, kind: str) -> dict[str, Any]:
    others = {
        name: value
        for name, value in msgspec.to_builtins(data, builtin_types=(datetime,)).items()
        if name not in _NOT_SHOWN
    }
    if isinstance(data, ContactReceived):
        others["channel"] = data.via or data.channel
    if isinstance(data, ContactAnswered) and kind in _CHANNEL_WITH_ANSWER:
        others["channel"] = data.channel
    if isinstance(data, ContactDeclined) and kind in _DECLINED_IS_REFUSED:
        others = {name: told for name, told in others.items() if told != DeclineReason.REFUSED}
    if isinstance(data, ContactTransferred):
        others.setdefault("from_agent", None)
    return {name: _plain(value) for name, value in others.items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return in_utc(value)
        case tuple():
            return list(value)
        case _:
            return value


def in_utc(at: datetime) -> str:
    """Write an instant with Z, and with a fraction only where it has one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
