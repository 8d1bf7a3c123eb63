"""Postmark: what its inbound webhook means.

It signs nothing. A message has Postmark's own id beside the one in its header; its other webhooks,
about mail that went out, tell of no contact.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from app.core.events import ContactReceived, CustomerReplied, Incoming
from app.sources.adapter import Delivery, SourceConfig, Unreadable, gives
from app.sources.mail.addresses import addresses_in
from app.sources.mail.header import of_pairs
from app.sources.mail.meaning import translate_message
from app.sources.mail.message import Carried
from app.sources.mail.parts import Part, read_part
from app.sources.mail.source import UnsignedMail
from app.sources.reading import MAX_LISTED, read_json

INBOUND: Final = "Inbound"


class _Pair(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    name: str | None = None
    value: str | None = None


class _Person(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    email: str | None = None


class _Message(msgspec.Struct, frozen=True, rename="pascal"):
    record_type: str | None = None
    sent_from: str | None = msgspec.field(name="From", default=None)
    from_full: _Person | None = None
    to: str | None = None
    to_full: tuple[_Person, ...] | None = None
    cc: str | None = None
    cc_full: tuple[_Person, ...] | None = None
    bcc: str | None = None
    bcc_full: tuple[_Person, ...] | None = None
    original_recipient: str | None = None
    reply_to: str | None = None
    subject: str | None = None
    date: str | None = None
    message_id: str | None = msgspec.field(name="MessageID", default=None)
    headers: tuple[_Pair, ...] | None = None
    raw_email: str | None = None


class _Record(msgspec.Struct, frozen=True, rename="pascal"):
    record_type: str | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_RECORD = msgspec.json.Decoder(_Record)


class Postmark(UnsignedMail):
    """Mail through Postmark."""

    kind: Final = "postmark"
    events: Final = gives({INBOUND: (ContactReceived, CustomerReplied)})

    def event_of(self, delivery: Delivery) -> str | None:
        """The type of the record; a message that came in bears none."""
        try:
            return read_json(_RECORD, delivery.body).record_type or INBOUND
        except Unreadable:
            return None

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate a message that came in; what became of our own mail means nothing."""
        if read_json(_RECORD, delivery.body).record_type not in (None, INBOUND):
            return ()
        message = read_json(_MESSAGE, delivery.body)
        told = (message.original_recipient or "",)
        carried = Carried(recipients=addresses_in(*told), known_as=message.message_id)
        return translate_message(_part(message), carried, delivery, config)


def _part(message: _Message) -> Part:
    """The message as it was, of which Postmark takes the best known fields out of the header."""
    raw = read_part((message.raw_email or "").encode())
    header = of_pairs(_fields(message))
    given = of_pairs(
        (pair.name or "", pair.value or "") for pair in (message.headers or ())[:MAX_LISTED]
    )
    return Part(given.filled(header).filled(raw.header), raw.body)


def _fields(message: _Message) -> Iterator[tuple[str, str]]:
    people = {"to": message.to_full, "cc": message.cc_full, "bcc": message.bcc_full}
    texts = {"to": message.to, "cc": message.cc, "bcc": message.bcc}
    told = {
        "from": (message.from_full and message.from_full.email) or message.sent_from,
        "reply-to": message.reply_to,
        "subject": message.subject,
        "date": message.date,
    }
    for name, listed in people.items():
        full = ", ".join(person.email for person in (listed or ())[:MAX_LISTED] if person.email)
        told[name] = full or texts[name]
    yield from ((name, value) for name, value in told.items() if value)


ADAPTER: Final = Postmark()
