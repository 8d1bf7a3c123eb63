"""What Intercom sends: conversations of two generations, tickets, and their parts."""

from typing import Any

import msgspec

from app.core.events import Channel
from app.sources.reading import MAX_LISTED, Id, Moment, identity

_NOBODY = "0"
_KEPT_WORDS = frozenset({"conversation", "messenger", "chat", "email", "phone", "phone_call"})
"""Ways in of which our channel says as much."""
_MAIL = frozenset({"email"})
_PHONE = frozenset({"phone", "phone_call"})
_MACHINES = frozenset({"bot", "operator", "workflow"})
_HERSELF = frozenset({"user", "lead", "contact", "visitor"})
_OPERATOR = "operator+"
"""Begins the address of the machine of a workspace."""
_INTERCOM = "@intercom.io"


class Person(msgspec.Struct, frozen=True, gc=False):
    """A teammate, a team, a machine or a customer."""

    id: Id = None
    type: str | None = None
    email: str | None = None
    phone: str | None = None
    from_ai_agent: bool | None = None
    is_ai_answer: bool | None = None

    @property
    def is_machine(self) -> bool:
        """Whether Intercom says so."""
        address = (self.email or "").lower()
        is_operator = address.startswith(_OPERATOR) and address.endswith(_INTERCOM)
        return (
            self.type in _MACHINES or bool(self.from_ai_agent or self.is_ai_answer) or is_operator
        )

    @property
    def is_customer(self) -> bool:
        """Whether Intercom says so."""
        return self.type in _HERSELF


class TicketState(msgspec.Struct, frozen=True, gc=False):
    """The state of a ticket, and what kind of state it is."""

    category: str | None = None


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag by its name."""

    name: str | None = None


class Tags(msgspec.Struct, frozen=True, gc=False):
    """Tags, under either of two words."""

    tags: tuple[Tag, ...] | None = None
    data: tuple[Tag, ...] | None = None


class Part(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened in a conversation; of its text only whether there is any."""

    id: Id = None
    part_type: str | None = None
    body: str | None = None
    created_at: Moment = None
    assigned_to: Person | None = None
    author: Person | None = None
    ticket_state: TicketState | str | None = None
    previous_ticket_state: TicketState | str | None = None


class Parts(msgspec.Struct, frozen=True, gc=False):
    """The parts that a delivery is about, of a conversation or of a ticket."""

    conversation_parts: tuple[Part, ...] | None = None
    ticket_parts: tuple[Part, ...] | None = None


class Contacts(msgspec.Struct, frozen=True, gc=False):
    """Who takes part, the customer first."""

    contacts: tuple[Person, ...] | None = None


class Source(msgspec.Struct, frozen=True, gc=False):
    """The message that began it."""

    id: Id = None
    type: str | None = None
    author: Person | None = None


class Rating(msgspec.Struct, frozen=True, gc=False):
    """What the customer thought of it."""

    rating: float | None = None
    created_at: Moment = None
    updated_at: Moment = None
    teammate: Person | None = None


class TicketType(msgspec.Struct, frozen=True, gc=False):
    """The type of a ticket; some are never seen by a customer."""

    category: str | None = None
    is_internal: bool | None = None


class Item(msgspec.Struct, frozen=True, gc=False):
    """A conversation, as of 2019 or now, or a ticket."""

    id: Id = None
    conversation_id: Id = None
    created_at: Moment = None
    updated_at: Moment = None
    user: Person | None = None
    assignee: Person | None = None
    conversation_message: Source | None = None
    source: Source | None = None
    contacts: Contacts | None = None
    admin_assignee_id: Id = None
    team_assignee_id: Id = None
    conversation_parts: Parts | None = None
    ticket_parts: Parts | None = None
    ticket_state: TicketState | str | None = None
    ticket_type: TicketType | None = None
    category: str | None = None
    channel: Any = None
    state: str | None = None
    open: bool | None = None
    snoozed_until: Moment = None
    tags: Tags | None = None
    tags_added: Tags | None = None
    conversation_rating: Rating | None = None
    rating: Rating | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the delivery is about, the newest last."""
        told = self.conversation_parts or self.ticket_parts or Parts()
        return (told.conversation_parts or told.ticket_parts or ())[-MAX_LISTED:]

    @property
    def way(self) -> str:
        """Intercom's own word for the way it came in."""
        channel = self.channel if isinstance(self.channel, str) else ""
        return ((self.source or Source()).type or channel).strip().lower()

    @property
    def is_internal(self) -> bool:
        """Whether no customer waits for it: a ticket of the back office."""
        kind = self.ticket_type or TicketType()
        category = (self.category or kind.category or "customer").lower()
        return bool(kind.is_internal) or category != "customer"


def somebody(value: Id, path: str) -> str | None:
    """Write an id as text; nobody is ``0`` in tickets."""
    found = identity(value, path)
    return None if found == _NOBODY else found


def person_id(person: Person | None, path: str) -> str | None:
    """Who that is."""
    return somebody(person.id, path) if person else None


def channel_of(way: str) -> Channel:
    """Our channel for the way it came in: a messenger where it does not say."""
    if way in _PHONE:
        return Channel.PHONE
    return Channel.EMAIL if way in _MAIL else Channel.CHAT


def way_of(way: str) -> str | None:
    """Intercom's own word, where it says more than our channel."""
    return None if way in _KEPT_WORDS else way or None


def names_of(told: Tags | Tag | None) -> tuple[str, ...]:
    """The names in a list of tags, or of one tag."""
    if isinstance(told, Tag):
        return (told.name,) if told.name else ()
    listed = (told.tags or told.data or ()) if told else ()
    return tuple(tag.name for tag in listed[:MAX_LISTED] if tag.name)
