"""What happened: an event, its fixed order in time, and how it is read.

An event is a CloudEvent 1.0 whose ``data`` is one of the structs of ``event_types``; all of them can
be imported from here.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from app.core.event_types import (
    IN_ORDER,
    PROMISE_TYPES,
    REGISTRY_TYPES,
    STAFF_TYPES,
    TYPES,
    Actor,
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Alias,
    AliasKind,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactDiscarded,
    ContactHeld,
    ContactMerged,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactReopened,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    CustomerMerged,
    CustomerRated,
    CustomerReplied,
    CustomerUpdated,
    Data,
    DeclineReason,
    Direction,
    FollowupCancelled,
    FollowupDone,
    FollowupMoved,
    FollowupPromised,
    Instant,
    Name,
    Outcome,
    QueuedVia,
    Several,
    Url,
    WaitingFor,
    WorkEnded,
    WorkStarted,
)

__all__ = [
    "HOOK_SOURCE_PREFIX",
    "IN_ORDER",
    "PROMISE_TYPES",
    "REGISTRY_TYPES",
    "STAFF_TYPES",
    "TYPES",
    "Actor",
    "AgentAvailable",
    "AgentReplied",
    "AgentUnavailable",
    "Alias",
    "AliasKind",
    "Channel",
    "ContactAbandoned",
    "ContactAnswered",
    "ContactDeclined",
    "ContactDiscarded",
    "ContactHeld",
    "ContactMerged",
    "ContactMissed",
    "ContactOffered",
    "ContactQueued",
    "ContactReceived",
    "ContactReopened",
    "ContactResolved",
    "ContactResumed",
    "ContactTransferred",
    "CustomerMerged",
    "CustomerRated",
    "CustomerReplied",
    "CustomerUpdated",
    "Data",
    "DeclineReason",
    "Direction",
    "Event",
    "FollowupCancelled",
    "FollowupDone",
    "FollowupMoved",
    "FollowupPromised",
    "Incoming",
    "Instant",
    "Name",
    "Outcome",
    "QueuedVia",
    "Several",
    "SubjectOf",
    "Url",
    "WaitingFor",
    "WorkEnded",
    "WorkStarted",
    "decode_data",
    "in_canonical_order",
    "once_each",
    "schema_of",
    "subject_of",
    "to_event",
]

HOOK_SOURCE_PREFIX = "/hooks/"
"""``source`` of events that an adapter made; only the webhook door may use it."""

_RANK: Mapping[str, int] = {data.type: rank for rank, data in enumerate(IN_ORDER)}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. ``occurred_at`` is the source's word, in UTC.

    ``subject`` is the contact, the agent or the customer, as the type says. ``fact`` is equal for
    deliveries that tell one and the same fact of one (source, subject, type).
    """

    source: str
    id: str
    occurred_at: datetime
    subject: str
    data: Data
    fact: str | None = None

    @property
    def type(self) -> str:
        """The canonical name of what happened."""
        return self.data.type

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        """Where the event stands in time; ties are broken by kind, then source and id."""
        return (self.occurred_at, _RANK[self.data.type], self.source, self.id)


class SubjectOf(StrEnum):
    """What an event's subject names."""

    CONTACT = "contact"
    AGENT = "agent"
    CUSTOMER = "customer"


def subject_of(event: Event) -> SubjectOf:
    """Say what the event's subject names.

    A wrap-up bears the agent's own id where the tool cannot say which contact it belongs to.
    """
    if event.type in REGISTRY_TYPES:
        return SubjectOf.CUSTOMER
    if event.type in STAFF_TYPES:
        return SubjectOf.AGENT
    match event.data:
        case WorkStarted(agent=agent) | WorkEnded(agent=agent) if event.subject == agent:
            return SubjectOf.AGENT
        case _:
            return SubjectOf.CONTACT


def in_canonical_order(events: Iterable[Event]) -> list[Event]:
    """Sort events, keep one per (source, id) and one per fact.

    Of several tellings of one fact the earliest (time, id) stands, and what it cannot tell is taken
    from the others in that order.
    """
    once = once_each(events)
    if all(event.fact is None for event in once):
        return sorted(once, key=_order)
    told: dict[tuple[str, str, str, str], Event] = {}
    for event in sorted(once, key=_telling):
        key = (event.source, event.subject, event.type, event.fact or f"\0{event.id}")
        first = told.get(key)
        told[key] = event if first is None else _filled(first, event)
    return sorted(told.values(), key=_order)


def once_each(events: Iterable[Event]) -> Collection[Event]:
    """Leave out repeated deliveries: of one (source, id) the first that came is kept."""
    by_id: dict[tuple[str, str], Event] = {}
    for event in events:
        by_id.setdefault((event.source, event.id), event)
    return by_id.values()


def _order(event: Event) -> tuple[datetime, int, str, str]:
    return event.order


def _telling(event: Event) -> tuple[datetime, str]:
    return (event.occurred_at, event.id)


def _filled(first: Event, other: Event) -> Event:
    missing = {
        field: value
        for field in first.data.__struct_fields__
        if getattr(first.data, field) in (None, ()) and (value := getattr(other.data, field))
    }
    if not missing:
        return first
    return msgspec.structs.replace(first, data=msgspec.structs.replace(first.data, **missing))


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it goes into the store: ``body`` is its ``data`` as JSON, unknown keys and all.

    ``type`` may be one that Evenhand does not know; such an event is kept and never replayed.
    ``received_at`` is our instant of arrival. ``hidden`` is a number that stands inside the subject,
    and must not be stored there.
    """

    source: str
    id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    subject: str
    body: bytes
    fact: str | None = None
    hidden: str | None = None

    @property
    def is_canonical(self) -> bool:
        """Whether replay understands the type."""
        return self.type in TYPES


_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(data) for name, data in TYPES.items()
}


def decode_data(event_type: str, raw: bytes | str) -> Data:
    """Read the ``data`` of a canonical type.

    Raises ``msgspec.ValidationError`` naming the field, what was expected and what came.
    """
    data: Data = _DECODERS[event_type].decode(raw)
    return data


def to_event(incoming: Incoming) -> Event:
    """Read an incoming event of a canonical type. Raises as ``decode_data`` does."""
    return Event(
        source=incoming.source,
        id=incoming.id,
        occurred_at=incoming.occurred_at,
        subject=incoming.subject,
        data=decode_data(incoming.type, incoming.body),
        fact=incoming.fact,
    )


def schema_of(event_type: str) -> dict[str, Any]:
    """The published JSON Schema of a canonical type's ``data``."""
    return msgspec.json.schema(TYPES[event_type])
