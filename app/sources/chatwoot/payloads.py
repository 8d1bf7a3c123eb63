"""What Chatwoot's deliveries hold, as far as it is read: never the text of a message."""

from typing import Any

import msgspec

from app.sources.reading import Id, Moment


class Person(msgspec.Struct, frozen=True):
    """A customer, one of us, a bot, an inbox or a team."""

    id: Id = None
    type: str | None = None
    name: Any = None
    email: str | None = None
    phone_number: str | None = None
    custom_attributes: Any = None

    @property
    def is_bot(self) -> bool:
        """Whether Chatwoot itself calls it a bot."""
        kind = (self.type or "").lower()
        return "bot" in kind or "captain" in kind


class Meta(msgspec.Struct, frozen=True):
    """Whose a conversation is, and who has it."""

    sender: Person | None = None
    assignee: Person | None = None
    team: Person | None = None


class Inner(msgspec.Struct, frozen=True, gc=False):
    """A message as a conversation lists it."""

    id: Id = None
    message_type: int | str | None = None
    created_at: Moment = None
    updated_at: Moment = None


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as it is when the delivery is sent."""

    id: Id = None
    display_id: Id = None
    inbox_id: Id = None
    channel: str | None = None
    status: int | str | None = None
    meta: Meta | None = None
    labels: Any = None
    custom_attributes: Any = None
    messages: tuple[Inner, ...] | None = None
    created_at: Moment = None
    updated_at: Moment = None
    timestamp: Moment = None
    snoozed_until: Moment = None
    first_reply_created_at: Moment = None
    changed_attributes: list[dict[str, Any]] | dict[str, Any] | None = None


class Attributes(msgspec.Struct, frozen=True):
    """What goes with a message beside its text."""

    submitted_values: Any = None
    external_echo: Any = None


class Message(msgspec.Struct, frozen=True):
    """A message, with its conversation."""

    id: Id = None
    message_type: int | str | None = None
    private: bool | None = None
    created_at: Moment = None
    updated_at: Moment = None
    content_attributes: Attributes | None = None
    sender: Person | None = None
    inbox: Person | None = None
    conversation: Conversation | None = None


class Event(msgspec.Struct, frozen=True):
    """What every delivery names."""

    event: str | None = None


EVENT = msgspec.json.Decoder(Event)
MESSAGE = msgspec.json.Decoder(Message)
CONVERSATION = msgspec.json.Decoder(Conversation)
