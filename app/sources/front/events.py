"""Front's events as they come: their fields, of which conversation they tell, and of whom."""

from typing import Any, Final

import msgspec

from app.core.events import Alias, Channel, Data
from app.sources.adapter import SourceConfig, Unreadable
from app.sources.reading import (
    MAX_LISTED,
    Id,
    Moment,
    email,
    identity,
    instant,
    known_as,
    loose_identity,
    needed,
    phone,
    vendor_id,
)
from app.sources.telling import Telling

MAIL: Final = frozenset({"email", "exchange", "form", "gmail", "imap", "office365", "smtp"})
"""Front's words for channels of mails."""
CALL: Final = frozenset({"aircall", "call", "dialpad", "phone", "phone-call"})
"""Front's words for channels of calls; any other is a chat."""


class Related(msgspec.Struct, frozen=True, gc=False):
    """What something is linked to."""

    contact: str | None = None
    message_replied_to: str | None = None


class Links(msgspec.Struct, frozen=True):
    """Where something and what belongs to it are found: ids stand at the end."""

    own: str | None = msgspec.field(name="self", default=None)
    related: Related | None = None


class Recipient(msgspec.Struct, frozen=True):
    """Who takes part in a message, and as whom."""

    handle: str | None = None
    role: str | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Teammate(msgspec.Struct, frozen=True, gc=False):
    """One of us, or a program that acts for us."""

    id: Id = None
    email: str | None = None
    username: str | None = None
    type: str | None = None


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag, by id and by name."""

    id: Id = None
    name: str | None = None


class Reminder(msgspec.Struct, frozen=True, gc=False):
    """When a snoozed conversation comes back."""

    scheduled_at: Moment = None


class Message(msgspec.Struct, frozen=True):
    """A message; of an author who is not told nothing is known, not even that there is none."""

    id: Id = None
    type: str | None = None
    is_inbound: bool | None = None
    author: Teammate | msgspec.UnsetType | None = msgspec.UNSET
    recipients: tuple[Recipient, ...] | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as it is when the event is sent."""

    id: Id = None
    type: str | None = None
    status: str | None = None
    status_category: str | None = None
    assignee: Teammate | None = None
    recipient: Recipient | None = None
    tags: tuple[Tag, ...] | None = None
    last_message: Message | None = None
    scheduled_reminders: tuple[Reminder, ...] | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Meta(msgspec.Struct, frozen=True, gc=False):
    """What sort of thing something is."""

    type: str | None = None


class Party(msgspec.Struct, frozen=True):
    """Who did something, or to whom or what it was done."""

    meta: Meta | None = msgspec.field(name="_meta", default=None)
    data: Any = None


class Event(msgspec.Struct, frozen=True):
    """An event, or the envelope around one."""

    id: Id = None
    type: str | None = None
    emitted_at: Moment = None
    conversation: Conversation | None = None
    source: Party | None = None
    target: Party | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


EVENT = msgspec.json.Decoder(Event)


class Told:
    """An event of a conversation, as one delivery tells it."""

    def __init__(self, event: Event, config: SourceConfig) -> None:
        self.conversation = event.conversation or Conversation()
        links = self.conversation.links
        linked = last_of(links.own if links else None)
        own = identity(self.conversation.id, "$.conversation.id")
        is_named = linked is not None and linked.startswith("cnv_")
        self.contact = needed(linked if is_named else own, "$.conversation.id")
        self.at = instant(event.emitted_at, "$.emitted_at")
        self.fact = identity(event.id, "$.id")
        self.config = config
        self.source, self.target = event.source or Party(), event.target or Party()
        target = sort_of(self.target)
        self.message = read_as(Message, self.target.data) if target == "message" else None

    @property
    def by(self) -> str | None:
        """Who did it: a teammate, or a rule."""
        if sort_of(self.source) not in ("teammate", "rule"):
            return None
        return loose_identity(self.source.data, "$.source.data.id")

    @property
    def agent(self) -> str | None:
        """The teammate who did it."""
        return self.by if sort_of(self.source) == "teammate" else None

    @property
    def owner(self) -> str | None:
        """Who has the conversation."""
        assignee = self.conversation.assignee
        return identity(assignee.id, "$.conversation.assignee.id") if assignee else None

    @property
    def tags(self) -> list[str | None]:
        """The names of the conversation's tags, and their ids."""
        tags = (self.conversation.tags or ())[:MAX_LISTED]
        return [name for tag in tags for name in (tag.name, loose_identity(tag.id, "$.tags"))]

    @property
    def sort(self) -> str:
        """Front's own word for the way that she and we write each other."""
        message = self.message or self.conversation.last_message
        return (message.type if message else None) or "email"

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the customer is known by: her address, number or name there, and Front's own id."""
        who = self.conversation.recipient or of_message(self.message) or Recipient()
        related = who.links.related if who.links else None
        contact = last_of(related.contact if related else None)
        return known_as(self._handle(who.handle or ""), vendor_id(contact, "$.recipient"))

    def _handle(self, handle: str) -> Alias | None:
        if handle.find("@") > 0:
            return email(handle)
        is_number = handle.startswith("+") or self.sort in ("sms", "whatsapp") or self.sort in CALL
        return (phone(handle) if is_number else None) or vendor_id(handle, "$.recipient.handle")

    def tell(
        self,
        data: Data,
        fact: str | None = None,
        *,
        channel: Channel | None = None,
        owner: str | None = None,
    ) -> Telling:
        """Say that ``data`` happened to this conversation."""
        inbox = self.source.data if sort_of(self.source) == "inboxes" else None
        full = msgspec.structs.replace(
            data,
            channel=channel or channel_of(self.sort),
            team=data.team or first_id(inbox, "$.source.data"),
            aliases=self.aliases,
        )
        return Telling(
            subject=self.contact, data=full, at=self.at, fact=fact or self.fact, owner=owner
        )


def read_as(shape: type[Any], data: Any) -> Any:
    """Read data whose shape depends on what it is."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from None


def sort_of(party: Party) -> str | None:
    """What sort of thing an event's source or target is."""
    return party.meta.type if party.meta else None


def last_of(link: str | None) -> str | None:
    """The id at the end of a link."""
    return identity((link or "").partition("?")[0].rpartition("/")[2], "$._links")


def first_id(data: Any, path: str) -> str | None:
    """The id of a thing, or of the first of several."""
    first = data[0] if isinstance(data, list) and data else data
    return None if first == [] else loose_identity(first, path)


def of_message(message: Message | None) -> Recipient | None:
    """The customer, where only the message says who it is."""
    if message is None:
        return None
    role = "to" if message.is_inbound is False else "from"
    recipients = (message.recipients or ())[:MAX_LISTED]
    return next((each for each in recipients if each.role == role), None)


def channel_of(sort: str) -> Channel:
    """The channel that a word of Front means."""
    if sort in CALL:
        return Channel.PHONE
    return Channel.EMAIL if sort in MAIL else Channel.CHAT
