"""Amazon EventBridge: the envelopes in a delivery, however it was sent on, and whose it is.

An API destination posts an envelope with a header of the administrator's own; SNS and SQS wrap it,
as text inside their own JSON. Real events and published samples spell their keys differently, so
every key is read in small letters. Nobody signs what an API destination sends: a token vouches.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.sources.adapter import YEARS, Delivery, Unreadable
from app.sources.reading import MAX_NAME, Moment, instant, read_json
from app.sources.telling import stable_id

MAX_ENVELOPES = 64
"""Envelopes that one delivery may hold."""
MAX_KEYS = 500
"""Keys or entries that are read of one object or list."""
MAX_VALUES = 10_000
"""Values that are read of one event."""

_DEPTH = 7
"""Objects within each other that are read; what lies deeper is left as it came."""
_WRAPPED: Final = 3
"""SNS inside SQS inside a list: more wrappings there are not."""
_SNS_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?", re.ASCII)
_CONFIRMATIONS: Final = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})
_TEXT: Final = msgspec.json.Decoder()

Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as EventBridge tells it; the keys of ``detail`` are in small letters.

    ``id`` is of all it holds, and the same whenever it comes again. What was posted without any
    envelope is the detail of one that has no name and no time.
    """

    id: str
    name: str
    sent_at: datetime | None
    detail: Mapping[str, Any]


def set_at(value: Moment, path: str) -> datetime | None:
    """Read an instant; 1970, 9999 and what else lies in no year of ours is one that is not set."""
    at = instant(value, path)
    return at if at is not None and YEARS[0] <= at.year <= YEARS[1] else None


def joined(name: str) -> str:
    """Write a field's name as its key stands in small letters: ``contact_id`` is ``contactid``."""
    return name.replace("_", "")


def envelopes(delivery: Delivery) -> tuple[Envelope, ...]:
    """The events in a delivery, or ``Unreadable`` with the place."""
    found = list(islice(_unwrapped(read_json(_TEXT, delivery.body), _WRAPPED), MAX_ENVELOPES))
    return tuple(_envelope(lowered(each)) for each in found)


def first_name(delivery: Delivery, name_of: Callable[[Envelope], str]) -> str | None:
    """The tool's own name of the first event in a delivery; whatever came, it raises nothing."""
    try:
        return next((name_of(each) for each in envelopes(delivery)), None)
    except Unreadable:
        return None


def subscription(delivery: Delivery) -> str | None:
    """The address by which SNS asks to be confirmed, where that is one of Amazon's own."""
    try:
        told = read_json(_TEXT, delivery.body)
    except Unreadable:
        return None
    if not isinstance(told, dict) or told.get("Type") != "SubscriptionConfirmation":
        return None
    address = told.get("SubscribeURL")
    if not isinstance(address, str) or len(address) > MAX_NAME * 8:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    is_amazon = parts.scheme == "https" and _SNS_HOST.fullmatch(parts.netloc)
    return address if is_amazon else None


def shaped(detail: Mapping[str, Any], shape: type[Shape]) -> Shape:
    """Read a detail into a struct, or raise ``Unreadable`` naming the place and the types."""
    try:
        return msgspec.convert(detail, shape)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(str(error)[:MAX_NAME]) from None


def lowered(value: Any) -> Any:
    """Write the keys of objects within each other in small letters, as far as anybody reads."""
    return _Lowering().of(value, _DEPTH)


class _Lowering:
    """Goes through what came, and no further than ``MAX_VALUES``."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int) -> Any:
        if depth == 0 or not isinstance(value, dict | list):
            return value
        size = min(len(value), MAX_KEYS, max(self._left, 0))
        self._left -= size
        if isinstance(value, dict):
            kept = islice(value.items(), size)
            return {key.lower(): self.of(one, depth - 1) for key, one in kept}
        return [self.of(one, depth - 1) for one in value[:size]]


def _unwrapped(told: Any, left: int) -> Iterator[dict[str, Any]]:
    """Open lists, SQS's ``Records`` and ``Messages``, and the text that SNS and SQS make of it."""
    if isinstance(told, list):
        for each in told[:MAX_ENVELOPES]:
            yield from _unwrapped(each, left)
        return
    if not isinstance(told, dict):
        raise Unreadable("expected an event of EventBridge, an object")
    inner = _inner(told) if left and "detail" not in told else None
    if inner is not None:
        yield from _unwrapped(inner, left - 1)
    elif not _confirms(told):
        yield told


def _confirms(told: dict[str, Any]) -> bool:
    kind = told.get("Type")
    return isinstance(kind, str) and kind in _CONFIRMATIONS


def _inner(told: dict[str, Any]) -> Any:
    """What is wrapped, if anything is."""
    if _confirms(told):
        return None
    for key in ("Records", "Messages"):
        if isinstance(told.get(key), list):
            return told[key]
    for key in ("Message", "body", "Body"):
        if isinstance(told.get(key), str):
            return read_json(_TEXT, told[key].encode())
    return None


def _envelope(told: dict[str, Any]) -> Envelope:
    detail = told.get("detail", told)
    if not isinstance(detail, dict):
        raise Unreadable("expected an object - at `$.detail`")
    is_wrapped = detail is not told
    name = told.get("detail-type") if is_wrapped else None
    sent = told.get("time") if is_wrapped else None
    return Envelope(
        id=stable_id(msgspec.json.encode(told)),
        name=name if isinstance(name, str) else "",
        sent_at=set_at(sent, "$.time") if isinstance(sent, str) else None,
        detail=detail,
    )
