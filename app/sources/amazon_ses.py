"""Amazon SES: what its notifications of received mail mean, as Amazon SNS delivers them.

SNS signs with a certificate of its own, and so does it for everybody: only the topic says that a
message is ours. Raw delivery has neither envelope nor signature. The message itself is there where
the rule's action is SNS; else the notification tells its header.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from app.core.events import AgentReplied, ContactReceived, CustomerReplied, Incoming
from app.sources.adapter import (
    BadSignature,
    Delivery,
    SignedBy,
    SourceConfig,
    Unreadable,
    gives,
)
from app.sources.mail.addresses import addresses_in
from app.sources.mail.header import Header, of_pairs
from app.sources.mail.meaning import translate_message
from app.sources.mail.message import Carried
from app.sources.mail.parts import Part, read_part, unpacked
from app.sources.mail.source import OPTIONS, Mail
from app.sources.reading import MAX_LISTED, Moment, instant, read_json

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
RECEIVED: Final = "Received"
_NOTIFIED: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMED: Final = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_SIGNED: Final = {
    NOTIFICATION: _NOTIFIED, CONFIRMATION: _CONFIRMED, "UnsubscribeConfirmation": _CONFIRMED,
}  # fmt: skip
_HASHES: Final[dict[str, type[SHA1 | SHA256]]] = {"1": SHA1, "2": SHA256}
_HOST = re.compile(r"sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class _Envelope(msgspec.Struct, frozen=True, rename="pascal"):
    type: str | None = None
    message_id: str | None = None
    topic_arn: str | None = None
    subject: str | None = None
    message: str | None = None
    timestamp: str | None = None
    token: str | None = None
    signature: str | None = None
    signature_version: str | None = None
    subscribe_url: str | None = msgspec.field(name="SubscribeURL", default=None)
    certificate_url: str | None = msgspec.field(name="SigningCertURL", default=None)
    certificate_url_2: str | None = msgspec.field(name="SigningCertUrl", default=None)
    notification_type: str | None = msgspec.field(name="notificationType", default=None)
    event_type: str | None = msgspec.field(name="eventType", default=None)


class _Verdict(msgspec.Struct, frozen=True):
    status: str | None = None


class _Action(msgspec.Struct, frozen=True):
    encoding: str | None = None


class _Receipt(msgspec.Struct, frozen=True, rename="camel"):
    recipients: tuple[str, ...] | None = None
    spam_verdict: _Verdict | None = None
    virus_verdict: _Verdict | None = None
    action: _Action | None = None


class _Field(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    value: str | None = None


class _Mail(msgspec.Struct, frozen=True, rename="camel"):
    timestamp: Moment = None
    source: str | None = None
    message_id: str | None = None
    headers: tuple[_Field, ...] | None = None
    common_headers: dict[str, Any] | None = None


class _Notice(msgspec.Struct, frozen=True, rename="camel"):
    notification_type: str | None = None
    event_type: str | None = None
    mail: _Mail | None = None
    receipt: _Receipt | None = None
    content: str | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_NOTICE = msgspec.json.Decoder(_Notice)


class AmazonSes(Mail):
    """Mail through Amazon SES."""

    kind: Final = "amazon-ses"
    signed_by: Final = SignedBy.CERTIFICATE
    options = OPTIONS | {"topics"}
    events: Final = gives({RECEIVED: (ContactReceived, CustomerReplied, AgentReplied)})

    def certificate(self, delivery: Delivery) -> str | None:
        """The address of Amazon's certificate."""
        envelope = _envelope(delivery)
        address = envelope.certificate_url or envelope.certificate_url_2 or ""
        if not _is_of_amazon(address) or not urlsplit(address).path.endswith(".pem"):
            raise BadSignature("SigningCertURL is not an address of Amazon SNS")
        return address

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - what is sent again may be hours old
        """Check the signature over the fields of the envelope against the certificate."""
        self.certificate(delivery)
        envelope = _envelope(delivery)
        made_by = _HASHES.get(envelope.signature_version or "")
        if made_by is None or envelope.type not in _SIGNED:
            raise BadSignature("expected an SNS message of SignatureVersion 1 or 2")
        try:
            signature = base64.b64decode(envelope.signature or "", validate=True)
        except (binascii.Error, ValueError):
            raise BadSignature("Signature is not base64") from None
        signed = _signed(envelope)
        if not any(_vouches(secret, signature, signed, made_by()) for secret in secrets):
            raise BadSignature("Signature does not match the message")

    def visit(self, delivery: Delivery, config: SourceConfig) -> str | None:
        """Where a subscription of one of the source's topics is confirmed."""
        with suppress(BadSignature):
            envelope = _envelope(delivery)
            address = envelope.subscribe_url or ""
            if envelope.type == CONFIRMATION and envelope.topic_arn in config.topics:
                return address if _is_of_amazon(address) else None
        return None

    def event_of(self, delivery: Delivery) -> str | None:
        """What the notification is of, or what SNS itself says."""
        with suppress(BadSignature, Unreadable):
            envelope = _envelope(delivery)
            if envelope.type != NOTIFICATION and envelope.type is not None:
                return envelope.type
            notice = read_json(_NOTICE, _inner(envelope, delivery))
            return notice.notification_type or notice.event_type
        return None

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate a message that came in and that no verdict speaks against."""
        envelope = read_json(_ENVELOPE, delivery.body)
        if envelope.type is not None:
            if config.topics and envelope.topic_arn not in config.topics:
                raise Unreadable("TopicArn is not one of the source's topics")
            if envelope.type != NOTIFICATION:
                return ()
        raw = _inner(envelope, delivery)
        if not raw.lstrip().startswith(b"{"):
            return ()  # SES tries a new topic with a message in plain words.
        notice = read_json(_NOTICE, raw)
        if notice.notification_type != RECEIVED or _is_refused(notice.receipt):
            return ()
        mail, receipt = notice.mail or _Mail(), notice.receipt or _Receipt()
        carried = Carried(
            recipients=addresses_in(*(receipt.recipients or ())[:MAX_LISTED]),
            sender=mail.source,
            at=instant(mail.timestamp, "$.mail.timestamp"),
            known_as=mail.message_id,
        )
        return translate_message(_part(notice, mail), carried, delivery, config)


def _envelope(delivery: Delivery) -> _Envelope:
    try:
        return read_json(_ENVELOPE, delivery.body)
    except Unreadable as error:
        raise BadSignature(error.reason) from None


def _inner(envelope: _Envelope, delivery: Delivery) -> bytes:
    return delivery.body if envelope.type is None else (envelope.message or "").encode()


def _is_of_amazon(address: str) -> bool:
    """Whether an address is one of Amazon SNS, and nothing in it can be read in two ways."""
    if _CONTROL.search(address) or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


def _signed(envelope: _Envelope) -> bytes:
    told = {
        "Message": envelope.message, "MessageId": envelope.message_id,
        "Subject": envelope.subject, "SubscribeURL": envelope.subscribe_url,
        "Timestamp": envelope.timestamp, "Token": envelope.token,
        "TopicArn": envelope.topic_arn, "Type": envelope.type,
    }  # fmt: skip
    names = _SIGNED[envelope.type or ""]
    lines = (f"{name}\n{told[name]}\n" for name in names if told[name] is not None)
    return "".join(lines).encode(errors="replace")


def _vouches(pem: str, signature: bytes, message: bytes, made_by: SHA1 | SHA256) -> bool:
    try:
        key = load_pem_x509_certificate(pem.encode(errors="replace")).public_key()
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, message, PKCS1v15(), made_by)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _is_refused(receipt: _Receipt | None) -> bool:
    verdicts = (receipt.spam_verdict, receipt.virus_verdict) if receipt else ()
    return any(verdict and (verdict.status or "").upper() == "FAIL" for verdict in verdicts)


def _part(notice: _Notice, mail: _Mail) -> Part:
    """The message where it is there; what the notification tells of its header as well."""
    told = _told(mail)
    if not notice.content:
        return Part(told, b"")
    action = notice.receipt.action if notice.receipt else None
    raw = notice.content.encode(errors="replace")
    if action and (action.encoding or "").upper() == "BASE64":
        raw = unpacked(raw)
    part = read_part(raw)
    return Part(part.header.filled(told), part.body)


def _told(mail: _Mail) -> Header:
    pairs = ((field.name or "", field.value or "") for field in mail.headers or ())
    return of_pairs(pairs).filled(of_pairs(_common(mail.common_headers or {})))


def _common(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = {"messageId": "message-id", "returnPath": "return-path", "replyTo": "reply-to"}
    for name, value in list(told.items())[:MAX_LISTED]:
        listed = value[:MAX_LISTED] if isinstance(value, list) else [value]
        texts = [each for each in listed if isinstance(each, str)]
        yield names.get(name, name), ", ".join(texts)


ADAPTER: Final = AmazonSes()
