"""Twilio: how a delivery is signed, and what it holds, however it is written.

TaskRouter and Voice post forms (``TaskSid``), Event Streams posts lists of CloudEvents that hold the
same under other names (``task_sid``), and a call's form inside. Here all of them become notices, so
that what an event means is said once.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, TypeGuard
from urllib.parse import parse_qs, urlsplit, urlunsplit

import msgspec

from app.core.events import Alias
from app.sources.adapter import BadSignature, Delivery, Unreadable
from app.sources.reading import (
    MAX_DIGITS,
    MAX_NAME,
    Id,
    email,
    identity,
    instant,
    phone,
    read_form,
    read_json,
    vendor_id,
    written_date,
)
from app.sources.signatures import MAX_QUERY_FIELDS, is_one_of

SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"
MAX_EVENTS = 250
"""CloudEvents in one delivery; a megabyte holds no more real ones."""
MAX_FIELDS = 1_000
MAX_NUMBER_DIGITS = 9

TASKS = "com.twilio.taskrouter."
CALLS = ("com.twilio.voice.status-callback.call.", "com.twilio.voice.webhook.status-callback.call.")
CALL = "call"
"""The name of a notice about a call: its status says what happened."""

_FORM = "application/x-www-form-urlencoded"
_BODY_HASH = "bodySHA256"
_USUAL_PORTS = MappingProxyType({"https": 443, "http": 80})
_ALGORITHMS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
)
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8566696", "+86282452253"})
"""Anonymous, restricted, blocked, unknown and unavailable, as one dials these words."""
_BY_NUMBER = ("whatsapp:", "sms:", "rcs:", "mms:")
_NOT_BY_NUMBER = ("messenger:", "line:", "viber:", "instagram:", "wechat:", "telegram:")


def check_signature(delivery: Delivery, secrets: tuple[str, ...]) -> None:
    """Insist that one of ``secrets`` signed the address and the body, or raise ``BadSignature``."""
    given = delivery.headers.get(SIGNATURE, "")
    if not given:
        raise BadSignature("there is no X-Twilio-Signature header")
    digest = _ALGORITHMS.get(_algorithm(delivery.headers.get(SETTINGS, "")))
    if digest is None:
        raise BadSignature("expected the algorithm HMAC_SHA1 or HMAC_SHA256")
    fields = _signed_fields(delivery)
    messages = [(url + fields).encode(errors="replace") for url in _spellings(delivery.url)]
    expected = [
        base64.b64encode(hmac.new(secret.encode(), message, digest).digest()).decode()
        for secret in secrets
        for message in messages
    ]
    if not is_one_of(given, expected):
        raise BadSignature(
            "Twilio signed another address or with another secret. We checked "
            f"{_plain(delivery.url)} (public_url, where it is set): is that letter for letter what "
            "stands in Twilio? If so, compare the Auth token"
        )


def _plain(url: str) -> str:
    """An address without what may be secret in it."""
    try:
        parts = urlsplit(url[:MAX_NAME])
    except ValueError:
        return "that it came to"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _algorithm(settings: str) -> str:
    pairs = (part.partition("=") for part in settings.split(",", MAX_QUERY_FIELDS))
    told = {name.strip().lower(): value.strip().upper() for name, _, value in pairs}
    return told.get("algorithm", "HMAC_SHA1")


def _signed_fields(delivery: Delivery) -> str:
    """What of the body is signed with the address; of what is no form its hash stands in there."""
    try:
        query = parse_qs(urlsplit(delivery.url).query, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        query = {}
    kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM or (not kind and _BODY_HASH not in query):
        return _joined(delivery.body)
    told = query.get(_BODY_HASH, [""])[0].lower()
    if not is_one_of(told, [hashlib.sha256(delivery.body).hexdigest()]):
        raise BadSignature("the body is not the one whose bodySHA256 stands in the address")
    return ""


def _joined(form: bytes) -> str:
    values: dict[str, set[str]] = {}
    try:
        for name, value in read_form(form):
            values.setdefault(name, set()).add(value)
    except Unreadable as error:
        raise BadSignature(error.reason) from None
    return "".join(name + value for name in sorted(values) for value in sorted(values[name]))


def _spellings(url: str) -> tuple[str, ...]:
    """The address as it came, without a port and with the usual one: Twilio signs any of them."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return (url,)
    usual = _USUAL_PORTS.get(parts.scheme.lower())
    if usual is None or not parts.netloc:
        return (url,)
    scheme, mark, rest = url.partition("://")
    path = rest[len(parts.netloc) :]
    bare = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    full = f"{bare}:{usual}" if port is None else parts.netloc
    return (url, f"{scheme}{mark}{bare}{path}", f"{scheme}{mark}{full}{path}")


class Fields:
    """The values of one event by their names; ``TaskSid`` and ``task_sid`` are the same name."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {
            name.replace("_", "").lower(): value
            for name, value in islice(values.items(), MAX_FIELDS)
        }

    def __contains__(self, name: str) -> bool:
        return self.text(name) is not None

    def text(self, name: str) -> str | None:
        """The value as text; none where there is none."""
        value = self._values.get(name.lower())
        if isinstance(value, bool):
            return "true" if value else "false"
        return identity(value.strip(), name) if isinstance(value, str) else _id(value, name)

    def long_text(self, name: str) -> str:
        """The value as text of any length."""
        value = self._values.get(name.lower())
        return value if isinstance(value, str) else ""

    def word(self, name: str) -> str:
        """The value in small letters; the empty text where there is none."""
        return (self.text(name) or "").lower()

    def number(self, name: str) -> int | None:
        """The value as a number that is none below zero; none where it is something else."""
        text = self.text(name) or ""
        is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_NUMBER_DIGITS
        return int(text) if is_number else None

    def inside(self, name: str) -> Mapping[str, Any]:
        """The value that is JSON in itself, such as a task's attributes; none where it is none."""
        value = self._values.get(name.lower())
        if isinstance(value, str):
            try:
                value = read_json(_ANYTHING, value.encode(errors="replace"))
            except Unreadable:
                return {}
        return value if isinstance(value, dict) else {}


def _id(value: Any, name: str) -> str | None:
    return identity(value, name) if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of Twilio's. ``name`` is TaskRouter's own, ``tool_name`` that of the delivery.

    ``key`` tells the delivery of the event apart from all others, and is equal when it is sent again.
    """

    name: str
    tool_name: str
    fields: Fields
    at: datetime | None
    key: tuple[str, ...]


class _CloudEvent(msgspec.Struct, frozen=True):
    type: str | None = None
    id: Id = None
    time: str | None = None
    data: dict[str, Any] | None = None


_ANYTHING = msgspec.json.Decoder()
_EVENT = msgspec.json.Decoder(_CloudEvent)
_LIST = msgspec.json.Decoder(tuple[msgspec.Raw, ...])


def notices(delivery: Delivery) -> Iterator[Notice]:
    """Give the events that a delivery holds, or raise ``Unreadable``."""
    match delivery.body.lstrip()[:1]:
        case b"[":
            events = read_json(_LIST, delivery.body)
            if len(events) > MAX_EVENTS:
                raise Unreadable(f"expected at most {MAX_EVENTS} events in one delivery")
            yield from (_streamed(read_json(_EVENT, event)) for event in events)
        case b"{":
            yield _streamed(read_json(_EVENT, delivery.body))
        case _:
            yield _posted(Fields(dict(read_form(delivery.body))))


def _posted(fields: Fields) -> Notice:
    name = fields.text("EventType")
    if name is not None:
        at = instant(fields.text("TimestampMs") or fields.text("Timestamp"), "TimestampMs")
        at = at or instant(fields.text("DateCreated"), "DateCreated")
        return Notice(name, name, fields, at, ("form", name, *_particulars(fields)))
    status = fields.text("CallStatus")
    if fields.text("CallSid") is None:
        raise Unreadable("expected a form with EventType, or with CallSid and CallStatus")
    at = written_date(fields.text("Timestamp"), "Timestamp")
    key = (
        "call",
        *(fields.text(each) or "" for each in ("CallSid", "CallStatus", "SequenceNumber")),
    )
    return Notice(CALL if status else "", status or "", fields, at, key)


def _particulars(fields: Fields) -> tuple[str, ...]:
    """What tells an event apart: its own id, else what it is about and when."""
    if sid := fields.text("Sid") or fields.text("MessageSid"):
        return (sid,)
    named = ("ResourceSid", "TaskSid", "ReservationSid", "WorkerSid", "TimestampMs", "Timestamp")
    return tuple(fields.text(name) or "" for name in named)


def _streamed(event: _CloudEvent) -> Notice:
    kind, data = event.type or "", event.data or {}
    if not kind:
        raise Unreadable("expected the type of an event - at `$[...].type`")
    inner = data.get("payload")
    call = next((prefix for prefix in CALLS if kind.startswith(prefix)), None)
    if call is not None:
        request = data.get("request")
        inner = request.get("parameters") if isinstance(request, dict) else None
    fields = Fields({**data, **inner} if isinstance(inner, dict) else data)
    key = ("stream", kind, identity(event.id, "$[...].id") or "", *_particulars(fields))
    at = _first_instant(data, fields, event)
    if call is not None:
        at = at or written_date(fields.text("Timestamp"), "Timestamp")
        return Notice(CALL, kind, fields, at, key)
    return Notice(kind.removeprefix(TASKS), kind, fields, at, key)


def _first_instant(data: Mapping[str, Any], fields: Fields, event: _CloudEvent) -> datetime | None:
    """The event's own time before that of its envelope."""
    inner = data.get("payload")
    own = inner.get("timestamp") if isinstance(inner, dict) else None
    told = (data.get("timestamp"), own, fields.text("TimestampMs"), data.get("DateCreated"))
    path = "$[...].data.timestamp"
    read = (instant(one, path) for one in (*told, event.time) if _is_moment(one))
    return next((at for at in read if at is not None), None)


def _is_moment(value: object) -> TypeGuard[float | str]:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def written(value: object) -> str:
    """The text of a value; a number whom somebody left one stands for its digits, all else nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 10**MAX_DIGITS else ""
    return value if isinstance(value, str) else ""


def address(value: object) -> Alias | None:
    """Whom an address belongs to: a number, a mail address or a messenger's id; else nobody."""
    text = written(value).strip().lower()
    for scheme in _BY_NUMBER:
        text = text.removeprefix(scheme)
    if text.startswith(_NOT_BY_NUMBER):
        return vendor_id(text, "an address") if len(text) <= MAX_NAME and "\0" not in text else None
    if text in _WITHHELD or text.startswith("client:"):
        return None
    return phone(text) or (None if text.startswith(("sip:", "sips:")) else email(text))
