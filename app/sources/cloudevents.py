"""CloudEvents 1.0 over HTTP: structured, batch, one a line, and binary; the good and the refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import msgspec

from app.core.events import (
    HOOK_SOURCE_PREFIX,
    TYPES,
    ContactQueued,
    CustomerUpdated,
    FollowupMoved,
    FollowupPromised,
    Incoming,
    Name,
    decode_data,
)
from app.sources.adapter import FUTURE_LIMIT, SINCE_YEARS, YEARS
from app.sources.refusal import CannotRead, Malformed, Refused, RefusedValue, explain

MAX_BATCH_EVENTS = 5000
MAX_BATCH_BYTES = 5_000_000
MAX_EVENT_BYTES = 1_000_000

_INSTANT = "an RFC 3339 instant with an offset"
_PLAIN = "text without the character U+0000"

_MAX_STEPS = 32
_NOTHING: Final = msgspec.Raw()
_NUL = b"\\u0000"
_NUL_ESCAPE = re.compile(rb"\\+u0000")
"""The escape of U+0000; with an even number of backslashes it is a backslash and some digits."""

_JSON = "application/json"
_INSTANTS: Final[Mapping[str, tuple[str, tuple[int, int]]]] = MappingProxyType(
    {
        FollowupPromised.type: ("due", YEARS),
        FollowupMoved.type: ("due", YEARS),
        ContactQueued.type: ("not_before", YEARS),
        CustomerUpdated.type: ("since", SINCE_YEARS),
    }
)


class TooLarge(CannotRead):
    """More than one request may hold."""


class UnsupportedMediaType(CannotRead):
    """Not a content type that carries CloudEvents."""


class Batch(msgspec.Struct, frozen=True):
    """What one request held. ``is_single`` says that it was one event, not a list of them."""

    events: tuple[Incoming, ...]
    refused: tuple[Refused, ...]
    is_single: bool


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    time: datetime | None = None
    subject: Name | None = None
    data: msgspec.Raw = _NOTHING
    data_base64: str | None = None
    fact: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_MEMBERS = msgspec.json.Decoder(list[msgspec.Raw])
_ANYTHING = msgspec.json.Decoder()


def read(headers: Mapping[str, str], body: bytes, received_at: datetime) -> Batch:
    """Read the events of one request; header names are in lower case.

    Every member becomes an event or a refusal that names the field. Raises ``Malformed`` where
    nothing can be read at all, ``TooLarge``, and ``UnsupportedMediaType``.
    """
    content_type = headers.get("content-type", "")
    reader = _READERS.get(content_type) or _READERS.get(_media_type(content_type))
    if (reader is None or reader is _json) and "ce-specversion" in headers:
        return _binary(headers, body, received_at)
    if reader is None:
        known = ", ".join(_READERS)
        raise UnsupportedMediaType(f"expected {known} or ce- headers, got {content_type[:64]!r}")
    return reader(body, received_at)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _json(body: bytes, received_at: datetime) -> Batch:
    is_batch = body.lstrip(b" \t\r\n").startswith(b"[")
    return _batch(body, received_at) if is_batch else _single(body, received_at)


def _batch(body: bytes, received_at: datetime) -> Batch:
    return _several(_members(body), received_at)


def _newline_delimited(body: bytes, received_at: datetime) -> Batch:
    return _several(_lines(body), received_at)


def _limit(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise TooLarge(f"expected at most {limit} {what}, got {size}")


def _single(body: bytes, received_at: datetime) -> Batch:
    if len(body) > MAX_EVENT_BYTES:
        raise TooLarge(f"expected at most {MAX_EVENT_BYTES} bytes in an event, got {len(body)}")
    try:
        return Batch((_structured(body, received_at),), (), True)
    except RefusedValue as refusal:
        if refusal.is_syntax:
            raise Malformed(refusal.field, refusal.expected, refusal.got) from None
        return Batch((), (refusal.at(0),), True)


def _members(body: bytes) -> list[msgspec.Raw]:
    _limit(len(body), MAX_BATCH_BYTES, "bytes in a batch")
    try:
        members = _MEMBERS.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        refusal = explain(error, body)
        raise Malformed(refusal.field, refusal.expected, refusal.got) from None
    _limit(len(members), MAX_BATCH_EVENTS, "events in a batch")
    return members


def _lines(body: bytes) -> list[bytes]:
    _limit(len(body), MAX_BATCH_BYTES, "bytes in a batch")
    lines = [line for line in body.split(b"\n") if line.strip()]
    _limit(len(lines), MAX_BATCH_EVENTS, "events in a batch")
    return lines


def _several(members: Iterable[bytes | msgspec.Raw], received_at: datetime) -> Batch:
    events: list[Incoming] = []
    refused: list[Refused] = []
    for index, member in enumerate(members):
        try:
            events.append(_structured(bytes(member), received_at))
        except RefusedValue as refusal:
            refused.append(refusal.at(index))
    return Batch(tuple(events), tuple(refused), False)


def _structured(raw: bytes, received_at: datetime) -> Incoming:
    try:
        envelope = _ENVELOPE.decode(raw)
        raw.isascii() or raw.decode()
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise explain(error, raw) from None
    # One byte is found much faster than six, and few events have a backslash.
    if (b"\\" in raw and _NUL in raw) or len(raw) > MAX_EVENT_BYTES:
        _refuse_whole(raw)
    return _incoming(envelope, received_at)


def _refuse_whole(raw: bytes) -> None:
    if len(raw) > MAX_EVENT_BYTES:
        raise RefusedValue("$", f"at most {MAX_EVENT_BYTES} bytes", f"{len(raw)} bytes")
    if _has_nul(raw):
        raise RefusedValue(_place_of_nul(_ANYTHING.decode(raw), "$"), _PLAIN, "text with it")


def _has_nul(raw: bytes) -> bool:
    digits = len(_NUL) - 1
    return any((len(found[0]) - digits) % 2 for found in _NUL_ESCAPE.finditer(raw))


def _place_of_nul(value: Any, root: str) -> str:
    """Name a place that holds U+0000; walked without recursion, however deep it is nested."""
    waiting: list[tuple[Any, Any, Any]] = [(value, None, root)]
    while waiting:
        step = waiting.pop()
        node = step[0]
        if isinstance(node, str) and "\0" in node:
            return _written(step)
        if isinstance(node, dict):
            if any("\0" in key for key in node):
                return _written(step)
            waiting += [(item, step, f".{key}") for key, item in node.items()]
        elif isinstance(node, list):
            waiting += [(item, step, index) for index, item in enumerate(node)]
    return root


def _written(step: tuple[Any, Any, Any] | None) -> str:
    names: list[str] = []
    while step is not None and len(names) < _MAX_STEPS:
        _, step, name = step
        names.append(f"[{name}]" if isinstance(name, int) else name)
    return "".join(reversed(names))


def _incoming(envelope: _Envelope, received_at: datetime) -> Incoming:
    if envelope.source.startswith(HOOK_SOURCE_PREFIX):
        raise RefusedValue("$.source", f"not to begin with {HOOK_SOURCE_PREFIX}", envelope.source)
    known = envelope.type in TYPES
    occurred_at = received_at
    if envelope.time is not None:
        at = envelope.time
        occurred_at = _in_utc(at, "$.time", YEARS)
        if occurred_at > received_at and occurred_at - received_at > FUTURE_LIMIT:
            latest = f"at most {FUTURE_LIMIT.seconds // 60} minutes after {received_at.isoformat()}"
            raise RefusedValue("$.time", latest, envelope.time.isoformat())
    elif known:
        raise RefusedValue("$.time", _INSTANT, "nothing")
    if known and envelope.subject is None:
        raise RefusedValue("$.subject", "text of 1 to 256 characters", "nothing")
    return Incoming(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        occurred_at=occurred_at,
        received_at=received_at,
        subject=envelope.subject or "",
        body=_known_data(envelope) if known else _any_data(envelope),
        fact=envelope.fact,
    )


def _in_utc(at: datetime, field: str, years: tuple[int, int]) -> datetime:
    first, last = years
    if at.tzinfo is None:
        raise RefusedValue(field, _INSTANT, at.isoformat())
    if not first <= at.year <= last:
        raise RefusedValue(field, f"an instant in the years {first} to {last}", at.isoformat())
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _known_data(envelope: _Envelope) -> bytes:
    if envelope.data is _NOTHING:
        got = "nothing" if envelope.data_base64 is None else "data_base64"
        raise RefusedValue("$.data", "object", got)
    body = bytes(envelope.data)
    try:
        data = decode_data(envelope.type, body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise explain(error, body, "$.data") from None
    field, years = _INSTANTS.get(envelope.type, ("", YEARS))
    if field and (at := getattr(data, field)) is not None:
        _in_utc(at, f"$.data.{field}", years)
    return body


def _any_data(envelope: _Envelope) -> bytes:
    if envelope.data is not _NOTHING and envelope.data_base64 is not None:
        raise RefusedValue("$.data_base64", "nothing beside data", "both")
    if envelope.data is not _NOTHING:
        return bytes(envelope.data)
    return msgspec.json.encode(envelope.data_base64)


def _binary(headers: Mapping[str, str], body: bytes, received_at: datetime) -> Batch:
    _limit(len(body), MAX_EVENT_BYTES, "bytes in an event")
    try:
        event = _incoming(_from_headers(headers, body), received_at)
    except RefusedValue as refusal:
        return Batch((), (refusal.at(0),), True)
    return Batch((event,), (), True)


def _from_headers(headers: Mapping[str, str], body: bytes) -> _Envelope:
    attributes: dict[str, Any] = {}
    for name, value in headers.items():
        if name.startswith("ce-") and name not in ("ce-data", "ce-data_base64"):
            attributes[name[3:]] = _percent_decoded(name[3:], value)
    if body:
        content_type = _media_type(headers.get("content-type", _JSON))
        is_json = content_type.endswith(("/json", "+json"))
        attributes |= _json_data(body) if is_json else {"data_base64": _base64(body)}
    try:
        return msgspec.convert(attributes, _Envelope)
    except (msgspec.MsgspecError, ValueError) as error:
        raise explain(error, msgspec.json.encode(attributes)) from None


def _json_data(body: bytes) -> dict[str, Any]:
    try:
        value = _ANYTHING.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        refusal = explain(error, body, "$.data")
        raise Malformed(refusal.field, refusal.expected, refusal.got) from None
    if _has_nul(body):
        raise RefusedValue(_place_of_nul(value, "$.data"), _PLAIN, "text with it")
    return {"data": msgspec.Raw(body)}


def _base64(body: bytes) -> str:
    return str(msgspec.to_builtins(body))


def _percent_decoded(name: str, value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeError:
        raise RefusedValue(f"$.{name}", "percent-encoded UTF-8", "something else") from None
    if "\0" in decoded:
        raise RefusedValue(f"$.{name}", _PLAIN, "text with it")
    return decoded


_READERS: Final[dict[str, Callable[[bytes, datetime], Batch]]] = {
    "application/cloudevents+json": _single,
    "application/cloudevents-batch+json": _batch,
    "application/x-ndjson": _newline_delimited,
    "application/ndjson": _newline_delimited,
    _JSON: _json,
}
