"""Mailgun: what its routes post: a form with the fields of a message, or with the message itself.

The signature covers a time and a token in the form, not the message. What is sent again has another
token; the message's own id says that it is the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec

from app.core.events import ContactReceived, CustomerReplied, Incoming
from app.sources.adapter import BadSignature, Delivery, SourceConfig, Unreadable, gives
from app.sources.mail.addresses import addresses_in
from app.sources.mail.form import read_form, text
from app.sources.mail.header import of_pairs
from app.sources.mail.meaning import translate_message
from app.sources.mail.message import Carried
from app.sources.mail.parts import Part, read_part
from app.sources.mail.source import Mail
from app.sources.reading import instant, read_json
from app.sources.signatures import hmac_sha256_hex, is_one_of

ROUTE: Final = "route"
_SIGNED: Final = ("timestamp", "token", "signature")
_MESSAGE: Final = ("message-headers", "body-mime", "from", "From", "Message-Id", "sender")


class _Signature(msgspec.Struct, frozen=True):
    timestamp: str | int | None = None
    token: str | None = None
    signature: str | None = None


class _EventData(msgspec.Struct, frozen=True):
    event: str | None = None


class _Webhook(msgspec.Struct, frozen=True):
    signature: _Signature | None = None
    data: _EventData | None = msgspec.field(name="event-data", default=None)


_WEBHOOK = msgspec.json.Decoder(_Webhook)
_HEADERS = msgspec.json.Decoder(tuple[Any, ...])


class Mailgun(Mail):
    """Mail through Mailgun."""

    kind: Final = "mailgun"
    events: Final = gives({ROUTE: (ContactReceived, CustomerReplied)})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - what is sent again may be hours old
        """Check the signature over the time and the token."""
        try:
            told = _signature(delivery)
        except Unreadable as error:
            raise BadSignature(error.reason) from None
        if not (told.signature and told.token and told.timestamp):
            raise BadSignature("timestamp, token or signature is missing")
        signed = f"{told.timestamp}{told.token}".encode()
        expected = [hmac_sha256_hex(secret, signed) for secret in secrets]
        if not is_one_of(told.signature.strip().lower(), expected):
            raise BadSignature("signature does not match timestamp and token")

    def event_of(self, delivery: Delivery) -> str | None:
        """The event of a webhook; a route names none."""
        try:
            if _is_json(delivery):
                data = read_json(_WEBHOOK, delivery.body).data
                return data.event if data else None
            return text(read_form(delivery, ("event",)).get("event")) or ROUTE
        except Unreadable:
            return None

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate a message that a route posts; webhooks about our own mail mean nothing."""
        if _is_json(delivery):
            read_json(_WEBHOOK, delivery.body)
            return ()
        form = read_form(delivery)
        if not any(name in form for name in _MESSAGE):
            raise Unreadable("expected a form with message-headers or body-mime")
        if text(form.get("event")) not in ("", "stored"):
            return ()
        carried = Carried(
            recipients=addresses_in(text(form.get("recipient"))),
            sender=text(form["sender"]) if "sender" in form else None,
            at=_instant(text(form.get("timestamp"))),
        )
        return translate_message(_part(form), carried, delivery, config)


def _is_json(delivery: Delivery) -> bool:
    return delivery.body[:100].lstrip().startswith(b"{")


def _signature(delivery: Delivery) -> _Signature:
    if _is_json(delivery):
        return read_json(_WEBHOOK, delivery.body).signature or _Signature()
    form = read_form(delivery, _SIGNED)
    return _Signature(*(text(form.get(name)) for name in _SIGNED))


def _instant(told: str) -> datetime | None:
    with suppress(Unreadable):
        return instant(told, "timestamp")
    return None


def _part(form: Mapping[str, bytes]) -> Part:
    """The message: as it was, or the fields of its header, which the form holds in two ways."""
    if "body-mime" in form:
        return read_part(form["body-mime"])
    listed = read_json(_HEADERS, form["message-headers"]) if form.get("message-headers") else ()
    header = of_pairs(_pairs(listed))
    return Part(header.filled(of_pairs((name, text(form[name])) for name in form)), b"")


def _pairs(listed: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    for pair in listed:
        match pair:
            case [str(name), str(value)]:
                yield name, value
            case _:
                continue


ADAPTER: Final = Mailgun()
