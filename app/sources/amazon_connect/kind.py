"""Amazon Connect: what its contact events mean, and its agent events where they are sent on.

A contact that is transferred goes on under a new id and names the first one, which is what we call
it all along. An event names the queue and the agent by their ARNs, and never the customer: her id,
number or address can stand in a tag. ``1970-01-01T00:00:00.001Z`` is an instant that is not set.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core.events import (
    Actor,
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDiscarded,
    ContactHeld,
    ContactMissed,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    CustomerUpdated,
    Data,
    Direction,
    FollowupMoved,
    FollowupPromised,
    Incoming,
    Outcome,
    QueuedVia,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Adapter, Delivery, SourceConfig, Unreadable
from app.sources.amazon_connect.told import (
    CHANNELS,
    Agent,
    AgentEvent,
    Detail,
    Snapshot,
    Status,
    Told,
)
from app.sources.eventbridge import (
    Envelope,
    envelopes,
    first_name,
    set_at,
    shaped,
    subscription,
)
from app.sources.reading import (
    identity,
    needed,
)
from app.sources.signatures import check_token
from app.sources.telling import Telling, tell, tier_told

_ATTEMPT = "outbound_call_attempt"
_TRANSFERS: Final = frozenset({"TRANSFER", "QUEUE_TRANSFER"})
_REPLIES: Final = MappingProxyType({"AGENT_REPLY": Actor.HUMAN, "FLOW": Actor.SYSTEM})
"""A mail that answers another one is a contact of its own, related to the first."""
_BESIDE: Final = frozenset({"MONITOR", "EXTERNAL_OUTBOUND", "DISCONNECT"})
"""Who listens in, who is consulted, and what runs afterwards: nothing of it is the customer's."""
_SHE_LEFT: Final = frozenset({"", "CUSTOMER_DISCONNECT", "THIRD_PARTY_DISCONNECT"})
_ORIGINATOR = "TELECOM_ORIGINATOR_CANCEL"
_DISCARDED: Final = frozenset({"DISCARDED", "OUTBUND_PREVIEW_DISCARDED"})


def _initiated(told: Told) -> Iterator[Telling]:
    if told.method in _TRANSFERS:
        yield from _transferred(told)
    elif told.way and told.is_voice and told.method != "CALLBACK":
        attempt = AgentReplied(agent=told.agent, direction=Direction.OUTBOUND, reason=_ATTEMPT)
        yield told.tell(attempt, told.started_at)
    elif told.method == "CALLBACK" or told.method in _REPLIES:
        return
    elif told.way:
        yield told.tell(ContactReceived(direction=told.way), told.started_at)
    elif told.detail.scheduled_timestamp is not None:
        yield from _scheduled(told)
    else:
        yield told.tell(ContactReceived(via=_other_channel(told)), told.started_at)


def _other_channel(told: Told) -> str | None:
    """Amazon's own word for what is neither a call nor a chat nor a mail."""
    channel = (told.detail.channel or "").upper()
    return None if channel in CHANNELS else channel.lower() or None


def _transferred(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactTransferred(agent=told.agent), told.started_at)


def _scheduled(told: Told) -> Iterator[Telling]:
    """A task that is to run later is a promise to come back."""
    due = set_at(told.detail.scheduled_timestamp, "$.detail.scheduledTimestamp")
    if due is not None:
        promised = FollowupPromised(due=due, promise=told.leg, agent=told.agent, inferred=True)
        yield told.tell(promised, told.started_at)


def _queued(told: Told) -> Iterator[Telling]:
    at = told.queued_at
    if told.method in _TRANSFERS:
        yield from _transferred(told)
    elif not told.way:
        yield told.tell(ContactReceived(via=_other_channel(told)), told.started_at)
    via = QueuedVia.TRANSFER if told.method in _TRANSFERS else None
    via = QueuedVia.CALLBACK if told.method == "CALLBACK" else via
    yield told.tell(ContactQueued(via=via), at)


def _answered(told: Told) -> Iterator[Telling]:
    if told.method in _TRANSFERS:
        yield from _transferred(told)
    at, way = told.connected_at, told.way
    fact = told.agent or ""
    yield told.tell(ContactAnswered(agent=told.agent, direction=way), at, fact)
    yield told.tell(WorkStarted(agent=told.agent, direction=way), at, fact)


def _disconnected(told: Told) -> Iterator[Telling]:
    if told.reason.upper() in _DISCARDED:
        yield told.tell(ContactDiscarded(reason=told.reason), told.over_at)
    elif told.method in _REPLIES:
        actor = _REPLIES[told.method]
        yield told.tell(AgentReplied(agent=told.agent, actor=actor), told.over_at)
    elif told.agent or told.connected_at or told.way:
        outcome = Outcome.TURNED_AWAY if _is_turned_away(told) else Outcome.UNKNOWN
        over = ContactResolved(agent=told.agent, direction=told.way, outcome=outcome)
        yield told.tell(over, told.over_at)
    else:
        yield told.tell(_unanswered(told), told.over_at)


def _is_turned_away(told: Told) -> bool:
    return told.config.turns_away(told.tags)


def _unanswered(told: Told) -> ContactAbandoned | ContactMissed:
    reason = told.reason.upper()
    if reason not in _SHE_LEFT and reason != _ORIGINATOR:
        return ContactMissed(reason=told.reason)
    wait = None
    if told.queued_at and told.over_at:
        wait = max(0.0, (told.over_at - told.queued_at).total_seconds())
    return ContactAbandoned(reason=told.reason or None, wait_seconds=wait)


def _completed(told: Told) -> Iterator[Telling]:
    """All is over, what the agent did afterwards as well."""
    if told.agent and told.method not in _REPLIES:
        info = told.detail.agent_info or Agent()
        wrapped_at = set_at(info.after_contact_work_end_timestamp, "$.detail.agentInfo")
        ended = WorkEnded(agent=told.agent, direction=told.way)
        yield told.tell(ended, wrapped_at or told.over_at, told.agent)
    if told.agent and _is_turned_away(told):
        away = ContactResolved(agent=told.agent, direction=told.way, outcome=Outcome.TURNED_AWAY)
        yield told.tell(away, told.over_at, "turned away")


def _paused(told: Told) -> Iterator[Telling]:
    at = set_at(told.detail.last_paused_timestamp, "$.detail.lastPausedTimestamp") or told.sent_at
    yield told.tell(ContactHeld(agent=told.agent), at, at.isoformat() if at else "")


def _resumed(told: Told) -> Iterator[Telling]:
    resumed = told.detail.last_resumed_timestamp
    at = set_at(resumed, "$.detail.lastResumedTimestamp") or told.sent_at
    yield told.tell(ContactResumed(agent=told.agent), at, at.isoformat() if at else "")


def _updated(told: Told) -> Iterator[Telling]:
    """Another instant of a scheduled task, or a tag that says what became of a contact."""
    changed = told.detail.updated_properties
    due = set_at(told.detail.scheduled_timestamp, "$.detail.scheduledTimestamp")
    if isinstance(changed, list) and "ScheduledTimestamp" in changed and due is not None:
        moved = FollowupMoved(due=due, promise=told.leg, agent=told.agent, inferred=True)
        yield told.tell(moved, told.sent_at, due.isoformat())
    if told.over_at and told.agent and _is_turned_away(told):
        away = ContactResolved(agent=told.agent, direction=told.way, outcome=Outcome.TURNED_AWAY)
        yield told.tell(away, told.over_at, "turned away")


_EVENTS: Final[Mapping[str, Callable[[Told], Iterator[Telling]]]] = MappingProxyType(
    {
        "INITIATED": _initiated,
        "QUEUED": _queued,
        "CONNECTED_TO_AGENT": _answered,
        "DISCONNECTED": _disconnected,
        "COMPLETED": _completed,
        "PAUSED": _paused,
        "RESUMED": _resumed,
        "CONTACT_DATA_UPDATED": _updated,
    }
)


def _contact(told: Told) -> Iterator[Telling]:
    """What an event says of a contact: its own meaning, and what the tags say at any time."""
    if told.method in _BESIDE:
        return
    yield from _EVENTS[(told.detail.event_type or "").upper()](told)
    if told.config.discards(told.tags):
        yield told.tell(ContactDiscarded(reason="tag"), None, "discarded")
    yield from tier_told(told.config, told.tags, told.aliases, told.sent_at)


def _agent_event(envelope: Envelope) -> Iterator[Telling]:
    """Who can take contacts; it comes from the agent event stream, if that is sent on to us."""
    event = shaped(envelope.detail, AgentEvent)
    agent = needed(identity(event.agent_arn, "$.AgentARN"), "$.AgentARN")
    told = event.current_agent_snapshot or Snapshot()
    status = told.agent_status or Status()
    at = set_at(event.event_timestamp, "$.EventTimestamp") or envelope.sent_at
    since = set_at(status.start_timestamp, "$.CurrentAgentSnapshot.AgentStatus.StartTimestamp")
    is_there = (event.event_type or "").upper() != "LOGOUT"
    data: Data
    if is_there and (status.type or "").upper() == "ROUTABLE":
        data = AgentAvailable(agent=agent)
    else:
        data = AgentUnavailable(agent=agent, reason=(status.name or "logout") if is_there else None)
    # A status is told again with every heartbeat: since when it lasts tells it apart.
    at = (since if is_there else None) or at
    fact = f"{at.isoformat() if at else envelope.id} {status.type or ''}"
    yield Telling(subject=agent, data=data, at=at, fact=fact)


def _name(envelope: Envelope) -> str:
    told = envelope.detail.get("eventtype")
    return told.upper() if isinstance(told, str) else ""


class AmazonConnect(Adapter):
    """Calls, chats, mails and tasks through Amazon Connect."""

    kind: Final = "amazon-connect"
    channel: Final[Channel | None] = None
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {
            "INITIATED": frozenset(
                {
                    *(ContactReceived.type, ContactTransferred.type),
                    *(AgentReplied.type, FollowupPromised.type),
                }
            ),
            "QUEUED": frozenset({ContactReceived.type, ContactQueued.type}),
            "CONNECTED_TO_AGENT": frozenset(
                {ContactAnswered.type, WorkStarted.type, ContactTransferred.type}
            ),
            "DISCONNECTED": frozenset(
                {
                    *(ContactResolved.type, ContactAbandoned.type, ContactMissed.type),
                    *(AgentReplied.type, ContactDiscarded.type),
                }
            ),
            "COMPLETED": frozenset({WorkEnded.type, ContactResolved.type}),
            "PAUSED": frozenset({ContactHeld.type}),
            "RESUMED": frozenset({ContactResumed.type}),
            "CONTACT_DATA_UPDATED": frozenset(
                {FollowupMoved.type, ContactResolved.type, CustomerUpdated.type}
            ),
        }
        | {
            name: frozenset({AgentAvailable.type, AgentUnavailable.type})
            for name in ("LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT")
        }
    )
    tells: Final = frozenset[str]().union(*events.values())
    options: Final = frozenset({"turned_away", "discard_tags", "tier_tags"})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing signs a time
        """Check the token that the API destination, or the address given to SNS, bears."""
        check_token(delivery, secrets)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate contact and agent events; all others are understood and mean nothing."""
        return tuple(
            event
            for envelope in envelopes(delivery)
            for event in tell(delivery, config, envelope.id, _tellings(envelope, config))
        )

    def event_of(self, delivery: Delivery) -> str | None:
        """The event type of Amazon Connect."""
        return first_name(delivery, _name) or None

    def visit(self, delivery: Delivery, config: SourceConfig) -> str | None:  # noqa: ARG002
        """The address that confirms a subscription of SNS."""
        return subscription(delivery)


def _tellings(envelope: Envelope, config: SourceConfig) -> list[Telling]:
    if "agentarn" in envelope.detail:
        return list(_agent_event(envelope))
    name = _name(envelope)
    if not name:
        raise Unreadable("expected the type of an event - at `$.detail.eventType`")
    if name not in _EVENTS:
        return []
    detail = shaped(envelope.detail, Detail)
    leg = needed(identity(detail.contact_id, "$.detail.contactId"), "$.detail.contactId")
    first = identity(detail.initial_contact_id, "$.detail.initialContactId")
    related = identity(detail.related_contact_id, "$.detail.relatedContactId")
    is_reply = (detail.initiation_method or "").upper() in _REPLIES
    told = Told(
        detail, first or (related if is_reply else None) or leg, leg, envelope.sent_at, config
    )
    return list(_contact(told))


ADAPTER: Final = AmazonConnect()
