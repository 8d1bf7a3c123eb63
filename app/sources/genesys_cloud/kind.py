"""Genesys Cloud: what its topics mean, by EventBridge or sent on from a notification channel.

``user.start`` is an agent whose desk rings, so that nobody has answered yet: the end of waiting in
the queue (``acd.end``) says who did, and the end of the agent's part (``user.end``) whether nobody
was there. A topic that holds a whole conversation tells all of it again each time. Every instant is
the topic's own; that of the envelope is when it was sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import (
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactDiscarded,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    CustomerReplied,
    Data,
    Direction,
    FollowupPromised,
    Incoming,
    QueuedVia,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Adapter, Delivery, SourceConfig, Unreadable
from app.sources.eventbridge import (
    Envelope,
    envelopes,
    first_name,
    joined,
    set_at,
    shaped,
    subscription,
)
from app.sources.genesys_cloud.conversation import (
    CHANNELS,
    CONVERSATION_TELLS,
    DECLINES,
    SPAM,
    TRANSFERS,
    WARM,
    conversation_told,
)
from app.sources.genesys_cloud.staffing import staffing
from app.sources.reading import (
    Id,
    Moment,
    email,
    identity,
    known_as,
    needed,
    phone,
    vendor_id,
)
from app.sources.signatures import check_token
from app.sources.telling import Telling, tell

_DETAIL: Final = re.compile(r"v2\.detail\.events\.conversation\.[^.]{1,256}\.([a-z.]{1,64})")
_USER: Final = re.compile(r"v2\.users\.([^.]{1,256})\.(routingstatus|presence|activity)")
_ATTEMPT = "outbound_call_attempt"
_VOICEMAIL = "voicemail"
_WRAP_UP = "wrap_up"
_CALLBACK = "CALLBACK"
_LEFT: Final = frozenset({"CLIENT", "ENDPOINT", "PEER"})
WHOLE: Final = "v2.users.{id}.conversations"
"""What a conversation as a whole is known by, of whatever topic it came."""
_TEMPLATE: Final = "v2.detail.events.conversation.{id}."


class _Struct(msgspec.Struct, frozen=True, rename=joined):
    """Keys in small letters, as ``eventbridge`` gives them."""


class _Body(_Struct, frozen=True):
    event_time: Moment = None
    conversation_id: Id = None
    participant_id: Id = None
    session_id: Id = None
    media_type: str | None = None
    message_type: str | None = None
    direction: str | None = None
    ani: str | None = None
    dnis: str | None = None
    address_from: str | None = None
    address_to: str | None = None
    queue_id: Id = None
    user_id: Id = None
    answered_user_id: Id = None
    destination_user_id: Id = None
    acd_outcome: str | None = None
    disconnect_type: str | None = None
    interacting_duration_ms: float | None = None
    held_duration_ms: float | None = None
    connected_duration_ms: float | None = None
    wrapup_duration_ms: float | None = None
    callback_numbers: tuple[str, ...] | None = None
    callback_scheduled_time: Moment = None
    external_contact_id: Id = None
    conversation_external_contact_ids: tuple[Id, ...] | None = None
    external_organization_id: Id = None


@dataclass(frozen=True, slots=True)
class _Told:
    """A conversation as one topic tells it, its values read."""

    body: _Body
    contact: str
    at: datetime | None

    @property
    def agent(self) -> str | None:
        return identity(self.body.user_id, "$.eventBody.userId")

    @property
    def team(self) -> str | None:
        return identity(self.body.queue_id, "$.eventBody.queueId")

    @property
    def part(self) -> str:
        """Whose part of the conversation it is, and by what session."""
        told = (self.body.participant_id, self.body.session_id)
        return " ".join(str(each) for each in told if each)

    @property
    def media(self) -> str:
        return (self.body.media_type or "").upper()

    @property
    def way(self) -> Direction | None:
        outbound = (self.body.direction or "").upper() == "OUTBOUND"
        return Direction.OUTBOUND if outbound else None

    @property
    def ended_by(self) -> str:
        return (self.body.disconnect_type or "").upper()

    @property
    def via(self) -> str | None:
        """Genesys' own word for what is neither a call nor a chat nor a mail."""
        if self.media == "MESSAGE":
            return (self.body.message_type or "").lower() or None
        return None if self.media in ("VOICE", "CHAT", "EMAIL") else self.media.lower() or None

    @property
    def due(self) -> datetime | None:
        return set_at(self.body.callback_scheduled_time, "$.eventBody.callbackScheduledTime")

    @property
    def aliases(self) -> tuple[Alias, ...]:
        body, by_us = self.body, self.way is Direction.OUTBOUND
        address = (body.address_to if by_us else body.address_from) or ""
        known = [body.external_contact_id, *(body.conversation_external_contact_ids or ())[:2]]
        return known_as(
            *(phone(each) for each in (body.callback_numbers or ())[:2]),
            phone(body.dnis if by_us else body.ani),
            email(address) or phone(address),
            *(vendor_id(each, "$.eventBody.externalContactId") for each in known),
        )

    def before(self, milliseconds: float | None) -> datetime | None:
        """The instant so long before this one."""
        if self.at is None or milliseconds is None:
            return None
        try:
            return self.at - timedelta(milliseconds=milliseconds)
        except (OverflowError, ValueError):
            raise Unreadable("expected a span of milliseconds - at `$.eventBody`") from None

    def tell(self, data: Data, at: datetime | None = None, fact: str = "") -> Telling:
        """Say that ``data`` happened to this conversation, when the topic says."""
        full = msgspec.structs.replace(
            data,
            channel=CHANNELS.get(self.media),
            team=data.team or self.team,
            aliases=self.aliases,
        )
        fact = fact or self.part or (self.at.isoformat() if self.at else "once")
        return Telling(subject=self.contact, data=full, at=at or self.at, fact=fact)


def _customer_came(told: _Told) -> Iterator[Telling]:
    organization = identity(told.body.external_organization_id, "$.eventBody")
    received = ContactReceived(
        direction=told.way or Direction.INBOUND, via=told.via, organization=organization
    )
    yield told.tell(received, fact="customer")
    yield from _promised(told)


def _promised(told: _Told) -> Iterator[Telling]:
    """A callback that is to run later is a promise."""
    if told.due is not None:
        promised = FollowupPromised(due=told.due, promise=told.contact, inferred=True)
        yield told.tell(promised, fact=told.due.isoformat())


def _customer_left(told: _Told) -> Iterator[Telling]:
    if told.ended_by == SPAM:
        yield told.tell(ContactDiscarded(reason="spam"), fact="spam")
    else:
        yield told.tell(ContactResolved(direction=told.way))


def _queued(told: _Told) -> Iterator[Telling]:
    is_callback = told.media == _CALLBACK
    queued = ContactQueued(via=QueuedVia.CALLBACK if is_callback else None, not_before=told.due)
    yield told.tell(queued)
    yield from _promised(told)


def _dequeued(told: _Told) -> Iterator[Telling]:
    outcome = (told.body.acd_outcome or "").upper()
    is_taken = outcome == "ANSWERED" or (not outcome and told.ended_by in TRANSFERS)
    is_given_up = outcome == "ABANDON" or (not outcome and told.ended_by in _LEFT)
    if told.ended_by == SPAM:
        yield told.tell(ContactDiscarded(reason="spam"), fact="spam")
    elif is_taken:
        agent = identity(told.body.answered_user_id, "$.eventBody.answeredUserId")
        if told.media != _CALLBACK:
            yield told.tell(ContactAnswered(agent=agent, direction=told.way))
        if agent:
            yield told.tell(WorkStarted(agent=agent, direction=told.way))
    elif is_given_up:
        waited = told.body.connected_duration_ms
        seconds = max(0.0, waited / 1000) if waited is not None else None
        yield told.tell(ContactAbandoned(wait_seconds=seconds))
    elif told.ended_by in ("SYSTEM", "TIMEOUT", "ERROR", "TRANSPORT_FAILURE") and not outcome:
        yield told.tell(ContactMissed(reason=told.ended_by.lower()))


def _agent_rings(told: _Told) -> Iterator[Telling]:
    if told.way is None:
        yield told.tell(ContactOffered(agent=told.agent))
    elif told.media == "VOICE":
        attempt = AgentReplied(agent=told.agent, direction=told.way, reason=_ATTEMPT)
        yield told.tell(attempt)


def _agent_left(told: _Told) -> Iterator[Telling]:
    talked = told.body.interacting_duration_ms or 0
    if talked <= 0:
        yield from _not_taken(told)
        return
    if told.team is None and told.media != _CALLBACK:
        # No queue gave it to her, so that no acd.end tells when she answered.
        since = told.before(talked + (told.body.held_duration_ms or 0))
        answered = ContactAnswered(agent=told.agent, direction=told.way, inferred=True)
        yield told.tell(answered, since)
        if told.agent:
            yield told.tell(WorkStarted(agent=told.agent, inferred=True), since)
    if told.agent:
        yield told.tell(WorkEnded(agent=told.agent, direction=told.way))
    if told.ended_by in TRANSFERS:
        warm = told.ended_by in WARM
        yield told.tell(ContactTransferred(from_agent=told.agent, warm=warm))


def _not_taken(told: _Told) -> Iterator[Telling]:
    """It rang, and was not taken; where she hung up meanwhile, nobody declined it."""
    if told.way is None and told.ended_by in DECLINES:
        yield told.tell(ContactDeclined(agent=told.agent, reason=DECLINES[told.ended_by]))


def _wrapped_up(told: _Told) -> Iterator[Telling]:
    """What the agent did afterwards, with the span that Genesys tells."""
    if told.agent:
        fact, since = f"{told.part} {_WRAP_UP}".strip(), told.before(told.body.wrapup_duration_ms)
        if since is not None:
            yield told.tell(WorkStarted(agent=told.agent, kind=_WRAP_UP), since, fact)
        yield told.tell(WorkEnded(agent=told.agent, kind=_WRAP_UP), fact=fact)


def _given_on(told: _Told) -> Iterator[Telling]:
    to = identity(told.body.destination_user_id, "$.eventBody.destinationUserId")
    yield told.tell(ContactTransferred(agent=to, from_agent=told.agent))


def _voicemail(told: _Told) -> Iterator[Telling]:
    yield told.tell(CustomerReplied(reason=_VOICEMAIL))


def _types(*data: type[Data]) -> frozenset[str]:
    return frozenset(each.type for each in data)


_Meaning = tuple[Callable[[_Told], Iterator[Telling]], frozenset[str]]
_TOPICS: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "customer.start": (_customer_came, _types(ContactReceived, FollowupPromised)),
        "customer.end": (_customer_left, _types(ContactResolved, ContactDiscarded)),
        "acd.start": (_queued, _types(ContactQueued, FollowupPromised)),
        "acd.end": (
            _dequeued,
            _types(ContactAnswered, WorkStarted, ContactAbandoned, ContactMissed, ContactDiscarded),
        ),
        "user.start": (_agent_rings, _types(ContactOffered, AgentReplied)),
        "user.end": (
            _agent_left,
            _types(ContactAnswered, WorkStarted, WorkEnded, ContactDeclined, ContactTransferred),
        ),
        "acw": (_wrapped_up, _types(WorkStarted, WorkEnded)),
        "wrapup": (_wrapped_up, _types(WorkStarted, WorkEnded)),
        "transfer": (_given_on, _types(ContactTransferred)),
        "voicemail.end": (_voicemail, _types(CustomerReplied)),
    }
)
_STAFFING: Final = _types(AgentAvailable, AgentUnavailable)


def _topic(envelope: Envelope) -> str:
    told = envelope.detail.get("topicname")
    return told if isinstance(told, str) and told else envelope.name


def _is_whole(body: Any) -> bool:
    """Whether all of a conversation is told."""
    return isinstance(body, dict) and isinstance(body.get("participants"), list)


def _name(envelope: Envelope) -> str:
    """The topic as it is subscribed to, without anybody's id in it."""
    topic = _topic(envelope)
    detail = _DETAIL.fullmatch(topic)
    if detail:
        return f"{_TEMPLATE}{detail[1]}"
    if _is_whole(envelope.detail.get("eventbody", envelope.detail)):
        return WHOLE
    return re.sub(r"(?<=\.)[0-9a-fA-F-]{36}(?=\.)", "{id}", topic[:500])


def _tellings(envelope: Envelope) -> list[Telling]:
    topic = _topic(envelope)
    body = envelope.detail.get("eventbody", envelope.detail)
    if not isinstance(body, dict):
        raise Unreadable("expected an object - at `$.eventBody`")
    sent_at = _sent_at(envelope)
    if _is_whole(body):
        return conversation_told(body, topic, sent_at)
    detail, user = _DETAIL.fullmatch(topic), _USER.fullmatch(topic.lower())
    if detail and detail[1] in _TOPICS:
        told = shaped(body, _Body)
        contact = needed(identity(told.conversation_id, "$.conversationId"), "$.conversationId")
        at = set_at(told.event_time, "$.eventBody.eventTime") or sent_at
        return list(_TOPICS[detail[1]][0](_Told(told, contact, at)))
    if user:
        return list(staffing(topic.split(".")[2], body, sent_at))
    if not topic:
        raise Unreadable("expected the name of a topic - at `$.topicName`")
    return []


def _sent_at(envelope: Envelope) -> datetime | None:
    told = envelope.detail.get("timestamp")
    return set_at(told, "$.timestamp") if isinstance(told, str) else envelope.sent_at


class GenesysCloud(Adapter):
    """Calls, chats, messages, mails and callbacks through Genesys Cloud."""

    kind: Final = "genesys-cloud"
    channel: Final[Channel | None] = None
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {_TEMPLATE + name: told for name, (_, told) in _TOPICS.items()}
        | {
            f"v2.users.{{id}}.{name}": _STAFFING
            for name in ("routingStatus", "presence", "activity")
        }
        | {WHOLE: CONVERSATION_TELLS}
    )
    tells: Final = frozenset[str]().union(*events.values())
    options: Final[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing signs a time
        """Check the token that the API destination, or the address given to SNS, bears."""
        check_token(delivery, secrets)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate topics of conversations and users; all others are understood and mean nothing."""
        return tuple(
            event
            for envelope in envelopes(delivery)
            for event in tell(delivery, config, envelope.id, _tellings(envelope))
        )

    def event_of(self, delivery: Delivery) -> str | None:
        """The topic, as it is subscribed to."""
        return first_name(delivery, _name) or None

    def visit(self, delivery: Delivery, config: SourceConfig) -> str | None:  # noqa: ARG002
        """The address that confirms a subscription of SNS."""
        return subscription(delivery)


ADAPTER: Final = GenesysCloud()
