"""SendGrid: what its Inbound Parse posts: a form with a message's header, or with the message itself.

It is signed where a security policy asks for it. There is neither an id of the delivery nor a time.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.core.events import ContactReceived, CustomerReplied, Incoming
from app.sources.adapter import BadSignature, Delivery, SourceConfig, Unreadable, gives
from app.sources.mail.addresses import addresses_in
from app.sources.mail.form import read_form, text
from app.sources.mail.header import of_pairs
from app.sources.mail.meaning import translate_message
from app.sources.mail.message import Carried
from app.sources.mail.parts import Part, read_part
from app.sources.mail.source import Mail
from app.sources.reading import MAX_LISTED, read_json

INBOUND: Final = "inbound parse"
EVENTS: Final = "event webhook"
SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
SIGNED_AT: Final = "x-twilio-email-event-webhook-timestamp"
_ENVELOPE: Final = msgspec.json.Decoder(dict[str, Any])
_NEEDED: Final = ("headers", "email", "from")
_EDGES: Final = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")


class SendGrid(Mail):
    """Mail through SendGrid."""

    kind: Final = "sendgrid"
    events: Final = gives({INBOUND: (ContactReceived, CustomerReplied)})

    def secret_fault(self, secret: str) -> str | None:
        """A secret is the public key that SendGrid shows."""
        return None if _key(secret) else "expected the public key that SendGrid shows, in base64"

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - what is sent again may be days old
        """Check the signature over the time and the body."""
        given, signed_at = (delivery.headers.get(name, "") for name in (SIGNATURE, SIGNED_AT))
        if not given or not signed_at:
            raise BadSignature("the headers with signature and timestamp are missing")
        try:
            signature = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise BadSignature("the signature is not base64") from None
        message = signed_at.strip().encode(errors="replace") + delivery.body
        if not any(_vouches(secret, signature, message) for secret in secrets):
            raise BadSignature("the signature does not match timestamp and body")

    def event_of(self, delivery: Delivery) -> str | None:
        """Which of SendGrid's two webhooks it is."""
        return EVENTS if _is_json(delivery) else INBOUND

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate a message that came in; events about our own mail mean nothing."""
        if _is_json(delivery):
            return ()
        form = read_form(delivery)
        if not any(name in form for name in _NEEDED):
            raise Unreadable("expected a form with headers or email")
        return translate_message(_part(form), _carried(form), delivery, config)


def _is_json(delivery: Delivery) -> bool:
    return delivery.body[:100].lstrip().startswith((b"[", b"{"))


def _key(secret: str) -> EllipticCurvePublicKey | None:
    for edge in _EDGES:
        secret = secret.replace(edge, "")
    try:
        key = load_der_public_key(base64.b64decode("".join(secret.split()), validate=True))
    except (binascii.Error, UnsupportedAlgorithm, ValueError):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None


def _vouches(secret: str, signature: bytes, message: bytes) -> bool:
    key = _key(secret)
    if key is None:
        return False
    try:
        key.verify(signature, message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _part(form: Mapping[str, bytes]) -> Part:
    """The message as it was, or what the form tells of its header."""
    if form.get("email"):
        return read_part(form["email"])
    part = read_part(form.get("headers", b"") + b"\r\n\r\n")
    named = of_pairs(
        (name, text(form[name])) for name in ("from", "to", "cc", "subject") if name in form
    )
    return Part(part.header.filled(named), b"")


def _carried(form: Mapping[str, bytes]) -> Carried:
    try:
        envelope = read_json(_ENVELOPE, form.get("envelope") or b"{}")
    except Unreadable:
        envelope = {}
    to, sender = envelope.get("to"), envelope.get("from")
    listed = to[:MAX_LISTED] if isinstance(to, list) else [to]
    told = [each for each in listed if isinstance(each, str)]
    return Carried(
        recipients=addresses_in(*told), sender=sender if isinstance(sender, str) else None
    )


ADAPTER: Final = SendGrid()
