"""What Aircall's deliveries hold, as far as it is read."""

from typing import Any

import msgspec

from app.sources.reading import Id, Moment


class Token(msgspec.Struct, frozen=True):
    """What vouches for a delivery."""

    token: str


class Envelope(msgspec.Struct, frozen=True):
    """What every delivery bears around what it tells."""

    event: str | None = None
    event_name: str | None = None
    timestamp: Moment = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Person(msgspec.Struct, frozen=True):
    """One of us, a team, or a number of ours."""

    id: Id = None
    type: str | None = None
    users: Any = None
    availability_status: str | None = None
    substatus: str | None = None

    @property
    def is_team(self) -> bool:
        """Whether it is several people."""
        return self.type == "team" or self.users is not None


class Email(msgspec.Struct, frozen=True, gc=False):
    """One of her addresses."""

    value: str | None = None


class Contact(msgspec.Struct, frozen=True):
    """Who she is by the address book."""

    id: Id = None
    emails: tuple[Email, ...] | None = None


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag that one of us set."""

    id: Id = None
    name: str | None = None
    tagged_at: Moment = None


class Call(msgspec.Struct, frozen=True):
    """A call as it is when the delivery is sent."""

    id: Id = None
    direction: str | None = None
    missed_call_reason: str | None = None
    started_at: Moment = None
    answered_at: Moment = None
    ended_at: Moment = None
    raw_digits: str | None = None
    user: Person | None = None
    contact: Contact | None = None
    number: Person | None = None
    assigned_to: Person | None = None
    transferred_to: Person | str | None = None
    transferred_by: Person | None = None
    tags: tuple[Tag, ...] | None = None


TOKEN = msgspec.json.Decoder(Token)
ENVELOPE = msgspec.json.Decoder(Envelope)
CALL = msgspec.json.Decoder(Call)
USER = msgspec.json.Decoder(Person)
