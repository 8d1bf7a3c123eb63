"""The canonical event types: what each one carries, and the order that breaks ties in time.

Every struct names the event type whose ``data`` it is; unknown keys are ignored here and kept in the
store.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Url = Annotated[str, msgspec.Meta(max_length=2048)]
Several = msgspec.Meta(max_length=64)
DueIn = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([1-9]\d{0,3} ?[smh]|[1-9]\d{0,3} ?h calendar|[1-9]\d? business days?)$"
    ),
]
"""How soon something is due, as a policy file writes a target: ``4h``, ``2 business days``."""


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
    """The customer reached out. ``state``: the tool's own name for the state it is in now.

    ``via`` is the tool's own name of the way she came, where our three channels say less;
    ``organization`` is the tool's id of the company she belongs to.
    """

    type: ClassVar[str] = "contact.received"
    direction: Direction = Direction.INBOUND
    state: Name | None = None
    via: Name | None = None
    organization: Name | None = None


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
    state: Name | None = None


class ContactResumed(Data, frozen=True, kw_only=True):
    """Back with us."""

    type: ClassVar[str] = "contact.resumed"
    agent: Name | None = None
    state: Name | None = None


class ContactTransferred(Data, frozen=True, kw_only=True):
    """Owner or team changed; no ``from_agent`` means the first assignment. ``by``: who did it."""

    type: ClassVar[str] = "contact.transferred"
    agent: Name | None = None
    from_agent: Name | None = None
    from_team: Name | None = None
    by: Name | None = None
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
    state: Name | None = None


class ContactReopened(Data, frozen=True, kw_only=True):
    """It is not over after all."""

    type: ClassVar[str] = "contact.reopened"
    agent: Name | None = None
    state: Name | None = None


class ContactMerged(Data, frozen=True, kw_only=True):
    """The contact goes on as another one of the same source."""

    type: ClassVar[str] = "contact.merged"
    into: Name


class ContactDiscarded(Data, frozen=True, kw_only=True):
    """Spam, test, duplicate, wrong number or internal: never counted."""

    type: ClassVar[str] = "contact.discarded"
    reason: Name | None = None


class WorkStarted(Data, frozen=True, kw_only=True):
    """An agent spends time on the contact from now on; without a name it is nobody's time."""

    type: ClassVar[str] = "work.started"
    agent: Name | None = None
    kind: Name | None = None
    direction: Direction | None = None


class WorkEnded(Data, frozen=True, kw_only=True):
    """An agent stops spending time on the contact."""

    type: ClassVar[str] = "work.ended"
    agent: Name | None = None
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


def _check_due(due: datetime | None, due_in: str | None) -> None:
    if due is None and due_in is None:
        raise ValueError("Object missing required field `due`")  # or due_in; msgspec says it so


class FollowupPromised(Data, frozen=True, kw_only=True):
    """We told the customer when she hears from us: an instant, or how soon in open hours."""

    type: ClassVar[str] = "followup.promised"
    due: Instant | None = None
    due_in: DueIn | None = None
    promise: Name | None = None
    agent: Name | None = None
    due_team: Name | None = None

    def __post_init__(self) -> None:
        """Refuse a promise that says nothing of when."""
        _check_due(self.due, self.due_in)


class FollowupMoved(Data, frozen=True, kw_only=True):
    """The customer agreed to another instant, or to how soon from now in open hours."""

    type: ClassVar[str] = "followup.moved"
    due: Instant | None = None
    due_in: DueIn | None = None
    promise: Name | None = None
    agent: Name | None = None

    def __post_init__(self) -> None:
        """Refuse a promise that says nothing of when."""
        _check_due(self.due, self.due_in)


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
    public_name: bool | None = None


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

REGISTRY_TYPES = frozenset({CustomerUpdated.type, CustomerMerged.type})
STAFF_TYPES = frozenset({AgentAvailable.type, AgentUnavailable.type})
PROMISE_TYPES = frozenset(
    {FollowupPromised.type, FollowupMoved.type, FollowupDone.type, FollowupCancelled.type}
)
