"""What can happen: the canonical events, their fields, their fixed order in time.

An event is a CloudEvent 1.0 whose ``data`` is one of the structs below. Every struct names the
event type it carries; unknown keys are ignored here and kept in the store.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import msgspec

HOOK_SOURCE_PREFIX = "/hooks/"
"""``source`` of events that an adapter made; only the webhook door may use it."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Url = Annotated[str, msgspec.Meta(max_length=2048)]
Several = msgspec.Meta(max_length=64)


class Channel(StrEnum):
    """How the customer reached us."""

    PHONE = "phone"
    CHAT = "chat"
    EMAIL = "email"


class Actor(StrEnum):
    """Who wrote: only a human answers a customer."""

    HUMAN = "human"
    BOT = "bot"
    SYSTEM = "system"


class Direction(StrEnum):
    """Who reached out."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class QueuedVia(StrEnum):
    """What put the contact before a human."""

    MENU = "menu"
    BOT = "bot"
    TRANSFER = "transfer"
    OVERFLOW = "overflow"
    CALLBACK = "callback"


class DeclineReason(StrEnum):
    """Why an offer was not taken. Only *refused* is a claim."""

    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    TIMEOUT = "timeout"
    BUSY = "busy"


class WaitingFor(StrEnum):
    """Whom a held contact waits for. Absent means us, which pauses nothing."""

    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"
    US = "us"


class Outcome(StrEnum):
    """How the tool says it ended; a hang-up alone is unknown."""

    DONE = "done"
    TURNED_AWAY = "turned_away"
    NO_ANSWER_NEEDED = "no_answer_needed"
    UNKNOWN = "unknown"


class AliasKind(StrEnum):
    """E-mail, phone and domain are known everywhere; an id belongs to the source that gave it."""

    EMAIL = "email"
    PHONE = "phone"
    DOMAIN = "domain"
    ID = "id"


class Alias(msgspec.Struct, frozen=True):
    """What a tool knows a customer by. ``masked`` is what people may read of it."""

    kind: AliasKind
    value: Name
    masked: str | None = None


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields that every event may carry."""

    type: ClassVar[str]

    channel: Channel | None = None
    customer: Name | None = None
    team: Name | None = None
    queue: Name | None = None
    skill: Name | None = None
    aliases: Annotated[tuple[Alias, ...], Several] = ()
    same_as: Name | None = None
    link: Url | None = None
    inferred: bool = False


class ContactReceived(Data, frozen=True, kw_only=True):
    """The customer reached out."""

    type: ClassVar[str] = "contact.received"
    direction: Direction = Direction.INBOUND


class ContactQueued(Data, frozen=True, kw_only=True):
    """A human is owed from now on."""

    type: ClassVar[str] = "contact.queued"
    via: QueuedVia | None = None
    priority: int | None = None
    not_before: Instant | None = None


class CustomerReplied(Data, frozen=True, kw_only=True):
    """The customer wrote or spoke again on a known contact."""

    type: ClassVar[str] = "customer.replied"
    reason: Name | None = None


class ContactOffered(Data, frozen=True, kw_only=True):
    """It rang at an agent, or at several at once."""

    type: ClassVar[str] = "contact.offered"
    agent: Name | None = None
    agents: Annotated[tuple[Name, ...], Several] = ()


class ContactDeclined(Data, frozen=True, kw_only=True):
    """An offer was not taken."""

    type: ClassVar[str] = "contact.declined"
    agent: Name | None = None
    reason: DeclineReason | None = None
    because_of: Annotated[str, msgspec.Meta(max_length=256)] | None = None


class ContactAnswered(Data, frozen=True, kw_only=True):
    """A human took the call or chat."""

    type: ClassVar[str] = "contact.answered"
    agent: Name | None = None
    direction: Direction | None = None


class AgentReplied(Data, frozen=True, kw_only=True):
    """An answer reached the customer. An outbound call attempt is one that has not connected yet."""

    type: ClassVar[str] = "agent.replied"
    agent: Name | None = None
    actor: Actor = Actor.HUMAN
    direction: Direction | None = None
    reason: Name | None = None


class ContactHeld(Data, frozen=True, kw_only=True):
    """Waiting for somebody; for us where it does not say."""

    type: ClassVar[str] = "contact.held"
    agent: Name | None = None
    waiting_for: WaitingFor = WaitingFor.US


class ContactResumed(Data, frozen=True, kw_only=True):
    """Back with us."""

    type: ClassVar[str] = "contact.resumed"
    agent: Name | None = None


class ContactTransferred(Data, frozen=True, kw_only=True):
    """Owner or team changed; no ``from_agent`` means the first assignment."""

    type: ClassVar[str] = "contact.transferred"
    agent: Name | None = None
    from_agent: Name | None = None
    from_team: Name | None = None
    warm: bool = False


class ContactAbandoned(Data, frozen=True, kw_only=True):
    """The customer gave up waiting."""

    type: ClassVar[str] = "contact.abandoned"
    reason: Name | None = None
    wait_seconds: float | None = None


class ContactMissed(Data, frozen=True, kw_only=True):
    """The system gave up: nobody answered, closed, timed out."""

    type: ClassVar[str] = "contact.missed"
    reason: Name | None = None


class ContactResolved(Data, frozen=True, kw_only=True):
    """The tool says it is over."""

    type: ClassVar[str] = "contact.resolved"
    agent: Name | None = None
    outcome: Outcome = Outcome.UNKNOWN
    direction: Direction | None = None


class ContactReopened(Data, frozen=True, kw_only=True):
    """It is not over after all."""

    type: ClassVar[str] = "contact.reopened"
    agent: Name | None = None


class ContactMerged(Data, frozen=True, kw_only=True):
    """The contact goes on as another one of the same source."""

    type: ClassVar[str] = "contact.merged"
    into: Name


class ContactDiscarded(Data, frozen=True, kw_only=True):
    """Spam, test, duplicate, wrong number or internal: never counted."""

    type: ClassVar[str] = "contact.discarded"
    reason: Name | None = None


class WorkStarted(Data, frozen=True, kw_only=True):
    """An agent spends time on the contact from now on."""

    type: ClassVar[str] = "work.started"
    agent: Name
    kind: Name | None = None
    direction: Direction | None = None


class WorkEnded(Data, frozen=True, kw_only=True):
    """An agent stops spending time on the contact."""

    type: ClassVar[str] = "work.ended"
    agent: Name
    kind: Name | None = None
    reason: Name | None = None
    direction: Direction | None = None


class AgentAvailable(Data, frozen=True, kw_only=True):
    """An agent can take contacts; no ``skills`` means all of them."""

    type: ClassVar[str] = "agent.available"
    agent: Name | None = None
    skills: Annotated[tuple[str, ...], Several] | None = None
    reason: Name | None = None


class AgentUnavailable(Data, frozen=True, kw_only=True):
    """An agent cannot take contacts."""

    type: ClassVar[str] = "agent.unavailable"
    agent: Name | None = None
    reason: Name | None = None


class FollowupPromised(Data, frozen=True, kw_only=True):
    """We told the customer when she hears from us."""

    type: ClassVar[str] = "followup.promised"
    due: Instant
    promise: Name | None = None
    agent: Name | None = None
    due_team: Name | None = None


class FollowupMoved(Data, frozen=True, kw_only=True):
    """The customer agreed to another instant."""

    type: ClassVar[str] = "followup.moved"
    due: Instant
    promise: Name | None = None
    agent: Name | None = None


class FollowupDone(Data, frozen=True, kw_only=True):
    """The promise was kept."""

    type: ClassVar[str] = "followup.done"
    promise: Name | None = None
    agent: Name | None = None


class FollowupCancelled(Data, frozen=True, kw_only=True):
    """The promise no longer holds, with the customer's consent."""

    type: ClassVar[str] = "followup.cancelled"
    promise: Name | None = None


class CustomerRated(Data, frozen=True, kw_only=True):
    """What the customer thought of it."""

    type: ClassVar[str] = "customer.rated"
    agent: Name | None = None
    score: float
    scale: float | None = None


class CustomerUpdated(Data, frozen=True, kw_only=True):
    """What the registry knows of a customer from now on."""

    type: ClassVar[str] = "customer.updated"
    name: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    tier: Name | None = None
    since: Instant | None = None
    public_name: bool = False


class CustomerMerged(Data, frozen=True, kw_only=True):
    """Two entries of the registry are one customer."""

    type: ClassVar[str] = "customer.merged"
    into: Name


IN_ORDER: tuple[type[Data], ...] = (
    CustomerUpdated,
    CustomerMerged,
    AgentAvailable,
    WorkEnded,
    ContactMerged,
    ContactReceived,
    ContactQueued,
    CustomerReplied,
    ContactOffered,
    ContactAnswered,
    WorkStarted,
    AgentReplied,
    FollowupPromised,
    FollowupMoved,
    FollowupDone,
    FollowupCancelled,
    ContactTransferred,
    ContactHeld,
    ContactResumed,
    ContactDeclined,
    ContactAbandoned,
    ContactMissed,
    ContactResolved,
    ContactDiscarded,
    ContactReopened,
    CustomerRated,
    AgentUnavailable,
)
"""All event types, in the order that breaks ties in time."""

TYPES: Mapping[str, type[Data]] = {data.type: data for data in IN_ORDER}
_RANK: Mapping[str, int] = {data.type: rank for rank, data in enumerate(IN_ORDER)}

REGISTRY_TYPES = frozenset({CustomerUpdated.type, CustomerMerged.type})
STAFF_TYPES = frozenset({AgentAvailable.type, AgentUnavailable.type})
PROMISE_TYPES = frozenset(
    {FollowupPromised.type, FollowupMoved.type, FollowupDone.type, FollowupCancelled.type}
)


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
    told: dict[tuple[str, str, str, str], Event] = {}
    for event in sorted(once_each(events), key=_telling):
        key = (event.source, event.subject, event.type, event.fact or f"\0{event.id}")
        first = told.get(key)
        told[key] = event if first is None else _filled(first, event)
    return sorted(told.values(), key=lambda event: event.order)


def once_each(events: Iterable[Event]) -> Iterable[Event]:
    """Leave out repeated deliveries: of one (source, id) the first that came is kept."""
    by_id: dict[tuple[str, str], Event] = {}
    for event in events:
        by_id.setdefault((event.source, event.id), event)
    return by_id.values()


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
    ``received_at`` is our instant of arrival.
    """

    source: str
    id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    subject: str
    body: bytes
    fact: str | None = None

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
