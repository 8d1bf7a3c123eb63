"""Standard Webhooks: the contract by which any system may tell us our own events, signed.

The body is ``{type, timestamp, data}``: a type of ours, when it happened, and its data as in a
CloudEvent, with the contact beside it. ``webhook-id`` stays the same over retries, while
``webhook-timestamp`` is that of the attempt. A secret signs as ``v1`` (HMAC), a key pair as ``v1a``.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.events import REGISTRY_TYPES, TYPES, Channel, Incoming
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable
from app.sources.cloudevents import read
from app.sources.reading import MAX_NAME, read_json
from app.sources.refusal import CannotRead
from app.sources.signatures import check_signed_at, is_one_of
from app.sources.telling import OF_AGENTS, stable_id

TOLERANCE = timedelta(minutes=5)
"""How far from now an attempt may be dated."""
MAX_SIGNATURES = 16
"""Signatures of one delivery that are looked at; more than two are there only while keys change."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
PUBLIC_PREFIX = "whpk_"
PRIVATE_PREFIX = "whsk_"
_PREFIXES = ("webhook-", "svix-")
"""What the three headers begin with: by the standard, and as Svix sent them before there was one."""
_KEY_BYTES = 32
_STRUCTURED: Final = MappingProxyType({"content-type": "application/cloudevents+json"})
_OUR_NAMES: Final = (("$.time", "$.timestamp"), ("$.subject", "$.data.contact"))
"""Where a fault lies by the words of CloudEvents, and by those of this body."""


class _Named(msgspec.Struct, frozen=True, gc=False):
    type: str | None = None


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Place(msgspec.Struct, frozen=True, gc=False):
    """What in ``data`` says of whom the event tells."""

    contact: str | None = None
    subject: str | None = None
    agent: str | None = None
    customer: str | None = None
    fact: str | None = None


_NAMED = msgspec.json.Decoder(_Named)
_BODY = msgspec.json.Decoder(_Body)
_PLACE = msgspec.json.Decoder(_Place)


def fault_of(secret: str) -> str | None:
    """What is wrong with a secret or public key, in words that do not show it."""
    if secret.startswith(PRIVATE_PREFIX):
        return "expected the public key (whpk_...), got the private one (whsk_...)"
    prefix = PUBLIC_PREFIX if secret.startswith(PUBLIC_PREFIX) else SECRET_PREFIX
    key = _decoded(secret.removeprefix(prefix))
    if not key:
        return f"expected base64 after {prefix}, got something else"
    if prefix == PUBLIC_PREFIX and len(key) != _KEY_BYTES:
        return f"expected a public key of {_KEY_BYTES} bytes after {prefix}, got {len(key)}"
    return None


def _decoded(text: str) -> bytes:
    """The bytes that base64 stands for, with or without its filling; nothing where it is not."""
    raw = text.strip().rstrip("=")
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


class StandardWebhooks(Adapter):
    """Any system that can send our own events as Standard Webhooks."""

    kind: Final = "standardwebhooks"
    channel: Final[Channel | None] = None
    tells: Final = frozenset(TYPES)
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {name: frozenset({name}) for name in TYPES}
    )
    options: Final[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Check one of the signatures, and that the attempt was made about now."""
        told = _headers(delivery)
        if not told["id"] or not told["signature"]:
            missing = "id" if not told["id"] else "signature"
            raise BadSignature(f"webhook-{missing} is missing")
        check_signed_at(told["timestamp"], now, TOLERANCE)
        usable = [secret for secret in secrets if fault_of(secret) is None]
        if not usable:
            faults = [fault_of(secret) for secret in secrets]
            raise BadSignature(
                f"no secret of this source can be used: {faults[0] if faults else ''}"
            )
        signed = f"{told['id']}.{told['timestamp']}.".encode(errors="replace")
        given = list(_signatures(told["signature"]))
        matches = [_holds(secret, signed + delivery.body, given) for secret in usable]
        if not any(matches):
            raise BadSignature("no signature in webhook-signature matches the id, time and body")

    def secret_fault(self, secret: str) -> str | None:
        """What is wrong with a secret, before anything is signed with it."""
        return fault_of(secret)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Take an event of ours as it is told; types that are not ours mean nothing."""
        told = read_json(_BODY, delivery.body)
        if told.type not in TYPES:
            return ()
        delivery_id = _headers(delivery)["id"] or stable_id(delivery.body)
        envelope = _envelope(told, stable_id(delivery_id))
        try:
            batch = read(_STRUCTURED, envelope, delivery.received_at)
        except CannotRead as error:
            raise Unreadable(_in_our_names(str(error))) from None
        for refused in batch.refused:
            came = ", got nothing" if refused.got == "nothing" else ""  # values may be personal
            reason = f"{refused.field}: expected {refused.expected}{came}"
            raise Unreadable(_in_our_names(reason))
        own = config.source.event_source
        return tuple(msgspec.structs.replace(event, source=own) for event in batch.events)

    def event_of(self, delivery: Delivery) -> str | None:
        """The type, ours or not."""
        try:
            return read_json(_NAMED, delivery.body).type
        except Unreadable:
            return None


def _headers(delivery: Delivery) -> Mapping[str, str]:
    """The id, the time and the signatures, all by one prefix."""
    prefix = next(
        (prefix for prefix in _PREFIXES if f"{prefix}id" in delivery.headers), _PREFIXES[0]
    )
    names = ("id", "timestamp", "signature")
    return {name: delivery.headers.get(prefix + name, "").strip() for name in names}


def _signatures(header: str) -> Iterator[tuple[str, str]]:
    """Version and signature of each entry; what is neither is passed over."""
    for entry in header.split(None, MAX_SIGNATURES)[:MAX_SIGNATURES]:
        version, comma, signature = entry.partition(",")
        if comma:
            yield version, signature


def _holds(secret: str, message: bytes, given: list[tuple[str, str]]) -> bool:
    if secret.startswith(PUBLIC_PREFIX):
        key = Ed25519PublicKey.from_public_bytes(_decoded(secret.removeprefix(PUBLIC_PREFIX)))
        asked = [signature for version, signature in given if version == "v1a"]
        return any(_is_signed(key, message, _decoded(each)) for each in asked)
    digest = hmac.new(_decoded(secret.removeprefix(SECRET_PREFIX)), message, hashlib.sha256)
    expected = base64.b64encode(digest.digest()).decode()
    return any(is_one_of(each, [expected]) for version, each in given if version == "v1")


def _is_signed(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _envelope(told: _Body, event_id: str) -> bytes:
    """The same event as a CloudEvent, which is read with the same care."""
    try:
        place = read_json(_PLACE, told.data)
    except Unreadable as refusal:
        raise Unreadable(refusal.reason.replace("`$", "`$.data")) from None
    told_of: dict[str, Any] = {"subject": _subject(told.type, place)}
    if place.fact is not None:
        told_of["fact"] = place.fact
    fixed = {"specversion": "1.0", "id": event_id, "source": "standardwebhooks"}
    body = {**fixed, **told_of, "type": told.type, "time": told.timestamp, "data": told.data}
    return msgspec.json.encode(body)


def _subject(event_type: str, place: _Place) -> str | None:
    named = place.contact or place.subject
    if event_type in REGISTRY_TYPES:
        return named or place.customer
    return named or (place.agent if event_type in OF_AGENTS else None)


def _in_our_names(reason: str) -> str:
    for theirs, ours in _OUR_NAMES:
        reason = reason.replace(f"{theirs}:", f"{ours}:")
    return reason[:MAX_NAME]


ADAPTER: Final = StandardWebhooks()
