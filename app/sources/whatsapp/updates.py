"""WhatsApp's updates as they come: their fields, who is meant, and of which contact they tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.core.events import Alias, AliasKind, Channel, Data
from app.core.registry import name_of
from app.sources.adapter import SourceConfig
from app.sources.reading import Id, Moment, identity, known_as, needed, phone, vendor_id
from app.sources.telling import Telling

MAX_UPDATES = 1000
"""Messages, statuses and calls of one delivery: Meta sends no more at once."""


class Number(msgspec.Struct, frozen=True, gc=False):
    """One of our numbers."""

    phone_number_id: Id = None
    display_phone_number: Id = None


class Known(msgspec.Struct, frozen=True, gc=False):
    """What a customer is known by; in a system message, what she was known by too."""

    wa_id: Id = None
    user_id: Id = None
    previous_user_id: Id = None
    type: str | None = None


class Sort(msgspec.Struct, frozen=True, gc=False):
    """What sort of thing something is."""

    type: str | None = None
    category: str | None = None


class Conversation(msgspec.Struct, frozen=True):
    """What a message is billed in."""

    origin: Sort | None = None


class Update(msgspec.Struct, frozen=True):
    """A message, the status of one, or a call."""

    id: Id = None
    timestamp: Moment = None
    type: str | None = None
    sender: Id = msgspec.field(name="from", default=None)
    from_user_id: Id = None
    to: Id = None
    to_user_id: Id = None
    group_id: Id = None
    interactive: Sort | None = None
    system: Known | None = None
    status: Any = None
    recipient_id: Id = None
    recipient_user_id: Id = None
    recipient_type: str | None = None
    conversation: Conversation | None = None
    pricing: Sort | None = None
    biz_opaque_callback_data: Any = None
    event: str | None = None
    direction: str | None = None
    start_time: Moment = None
    end_time: Moment = None


class Value(msgspec.Struct, frozen=True):
    """What changed at one of our numbers."""

    metadata: Number | None = None
    contacts: tuple[Known, ...] | None = None
    messages: tuple[Update, ...] | None = None
    message_echoes: tuple[Update, ...] | None = None
    statuses: tuple[Update, ...] | None = None
    calls: tuple[Update, ...] | None = None


class Change(msgspec.Struct, frozen=True):
    """A change of a field that is subscribed to; only those we know are read further."""

    field: str | None = None
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Entry(msgspec.Struct, frozen=True):
    """The changes of one account."""

    changes: tuple[Change, ...] | None = None


class Batch(msgspec.Struct, frozen=True):
    """A delivery."""

    object: str | None = None
    entry: tuple[Entry, ...] | None = None


BATCH = msgspec.json.Decoder(Batch)
VALUE = msgspec.json.Decoder(Value)


@dataclass(frozen=True, slots=True)
class Who:
    """A customer: her number, which she may hide, and what Meta calls her towards us alone."""

    number: str | None = None
    user_id: str | None = None

    def aliases(self, config: SourceConfig) -> tuple[Alias, ...]:
        """What she is known by: her number, which is stored nowhere, before what Meta calls her."""
        return known_as(
            alias_of(self.number, config) if self.number else None,
            vendor_id(self.user_id, "$.user_id"),
        )


def is_number(name: str | None) -> bool:
    """Whether what WhatsApp calls somebody is her telephone number."""
    return name is not None and name.isascii() and name.isdecimal()


def alias_of(name: str, config: SourceConfig) -> Alias | None:
    """What WhatsApp calls somebody. Numbers come without a plus, which a source with a region adds."""
    if not is_number(name):
        return vendor_id(name, "$.wa_id")
    return phone("+" + name if config.region else name) or vendor_id(name, "$.wa_id")


class Told:
    """What is told of one of our numbers, and how to say it."""

    def __init__(self, value: Value, config: SourceConfig) -> None:
        ours, path = value.metadata or Number(), "$.value.metadata.phone_number_id"
        self.number = needed(identity(ours.phone_number_id, path), path)
        self.shown_number = identity(ours.display_phone_number, "$.value.metadata")
        self.config = config
        self.listed = [
            Who(identity(each.wa_id, "$.contacts[...]"), identity(each.user_id, "$.contacts[...]"))
            for each in value.contacts or ()
        ]
        self._by_number = {who.number: who for who in self.listed if who.number}
        self._by_user_id = {who.user_id: who for who in self.listed if who.user_id}

    def who(self, number: Id, user_id: Id, path: str) -> Who:
        """The customer as an update names her, and as the list beside it does."""
        told = Who(identity(number, path), identity(user_id, path))
        if told.number:
            listed = self._by_number.get(told.number, told)
        elif told.user_id:
            listed = self._by_user_id.get(told.user_id, told)
        else:
            listed = self.listed[0] if len(self.listed) == 1 else told
        return Who(told.number or listed.number, told.user_id or listed.user_id)

    def name(self, name: str) -> str:
        """How the registry calls whom WhatsApp calls ``name``."""
        alias = alias_of(name, self.config) or Alias(AliasKind.ID, name)
        return name_of(alias, self.config.source.event_source)

    def is_ours(self, call: Update) -> bool:
        """Whether one of us calls; older deliveries only say from which number."""
        if call.direction is not None:
            return call.direction.upper() == "BUSINESS_INITIATED"
        caller = identity(call.sender, "$.calls[...].from")
        return caller is not None and caller == self.shown_number

    def wrote(self, who: Who, group: Id, data: Data, at: datetime | None, message: Id) -> Telling:
        """Say that something was written: all with one customer, or one group, is one contact.

        Who hides her number later is still the one she was.
        """
        other = identity(group, "$.group_id") or who.number or who.user_id
        subject = f"{self.number}:{needed(other, '$.from')}"
        same = f"{self.number}:{who.user_id}" if who.number and who.user_id and not group else None
        full = msgspec.structs.replace(
            data,
            channel=Channel.CHAT,
            team=self.number,
            aliases=who.aliases(self.config),
            same_as=None if same is None or " " in same else same,
        )
        fact = needed(identity(message, "$.id"), "$.id")
        hidden = other if other == who.number and is_number(other) else None
        return Telling(subject=subject, data=full, at=at, fact=fact, hidden=hidden)

    def called(self, who: Who, call: Update, data: Data, at: datetime | None) -> Telling:
        """Say that something happened to a call."""
        full = msgspec.structs.replace(
            data, channel=Channel.PHONE, team=self.number, aliases=who.aliases(self.config)
        )
        return Telling(
            subject=needed(identity(call.id, "$.id"), "$.id"), data=full, at=at, fact="call"
        )
