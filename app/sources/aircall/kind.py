"""Aircall: what its webhooks about calls and users mean.

A delivery bears no signature: the webhook's own token stands in the body. Nothing signs its time,
and a failed delivery is repeated for hours, so no window of time applies. The same facts come with
``call.hungup`` and again, half a minute later, with ``call.ended``. Every delivery about a call
lists its tags, so one that is set while people talk is told once the call is over.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
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
    ContactMissed,
    ContactOffered,
    ContactReceived,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    CustomerReplied,
    CustomerUpdated,
    Data,
    DeclineReason,
    Direction,
    FollowupDone,
    FollowupPromised,
    Incoming,
    Outcome,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable, gives
from app.sources.aircall.payloads import (
    CALL,
    ENVELOPE,
    TOKEN,
    USER,
    Call,
    Contact,
    Envelope,
    Person,
)
from app.sources.reading import (
    MAX_LISTED,
    MAX_NAME,
    email,
    identity,
    instant,
    known_as,
    later,
    needed,
    phone,
    read_json,
    unlike,
    vendor_id,
)
from app.sources.signatures import is_one_of
from app.sources.telling import Telling, stable_id, tell, tier_told

_ATTEMPT = "outbound_call_attempt"
_VOICEMAIL = "voicemail"
_TURNED_AWAY = "turned_away"
_INTERNAL = "internal"
_DISCARDED = "discarded"
_WRAP_UP = "wrap_up"
_ABANDONED = "abandon"
"""What every reason says that means the caller gave up, however it is spelled."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A call as one delivery tells it, its values read."""

    call: Call
    contact: str
    at: datetime | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    agent: str | None
    config: SourceConfig

    @property
    def direction(self) -> Direction | None:
        return Direction.OUTBOUND if self.call.direction == "outbound" else None

    @property
    def team(self) -> str | None:
        return _id(self.call.number, "number")

    @property
    def aliases(self) -> tuple[Alias, ...]:
        person = self.call.contact or Contact()
        address = email(person.emails[0].value) if person.emails else None
        return known_as(
            phone(self.call.raw_digits), vendor_id(person.id, "$.data.contact.id"), address
        )

    def tell(self, data: Data, at: datetime | None, fact: str, owner: str | None = None) -> Telling:
        """Say that ``data`` happened to this call; without a time of its own, when it was sent."""
        full = msgspec.structs.replace(
            data, channel=Channel.PHONE, team=data.team or self.team, aliases=self.aliases
        )
        return Telling(
            subject=self.contact, data=full, at=at or self.at, fact=fact[:MAX_NAME], owner=owner
        )

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(tag.name for tag in (self.call.tags or ())[:MAX_LISTED] if tag.name)

    def of_tags(self) -> Iterator[Telling]:
        """What the call's tags say beside what happened: that it never counts, and who she is."""
        if self.config.discards(self.tags):
            yield self.tell(ContactDiscarded(reason="tag"), self.at, _DISCARDED)
        yield from tier_told(self.config, self.tags, self.aliases, self.at)

    @property
    def passed_on_by(self) -> str | None:
        """Who had the call before; an attempt in vain to pass it on leaves it with the same one."""
        by = _id(self.call.transferred_by, "transferred_by")
        return by if self.agent and by != self.agent else None

    @property
    def now(self) -> str:
        """Tell apart what may happen several times in one call."""
        return f"{self.at.isoformat() if self.at else 'unknown'} {self.agent or ''}"


def _id(person: Person | None, name: str) -> str | None:
    return identity(person.id, f"$.data.{name}.id") if person else None


def _created(told: _Told) -> Iterator[Telling]:
    """A call to or from one of us is nobody's but ours: it never counts."""
    known_as = (alias.value for alias in told.aliases if alias.kind is not AliasKind.ID)
    if told.config.is_staff(*known_as):
        yield told.tell(ContactDiscarded(reason=_INTERNAL), told.started_at, _INTERNAL)
    match told.call.direction:
        case "inbound":
            yield told.tell(ContactReceived(), told.started_at, "call", told.agent)
        case "outbound":
            attempt = AgentReplied(agent=told.agent, direction=Direction.OUTBOUND, reason=_ATTEMPT)
            yield told.tell(attempt, told.started_at, "call")
        case _:
            raise Unreadable("expected inbound or outbound - at `$.data.direction`")


def _ringing(told: _Told) -> Iterator[Telling]:
    if told.agent:
        yield told.tell(ContactOffered(agent=told.agent), told.at, told.now)


def _declined(told: _Told) -> Iterator[Telling]:
    declined = ContactDeclined(agent=told.agent, reason=DeclineReason.REFUSED)
    yield told.tell(declined, told.at, told.now)


def _answered(told: _Told) -> Iterator[Telling]:
    """Somebody took it. Of a call that was passed on, ``answered_at`` is still the first one's."""
    at, way = (told.at if told.passed_on_by else None) or told.answered_at, told.direction
    fact = f"{at.isoformat() if at else 'call'} {told.agent or ''}"
    if told.config.is_bot(told.agent):
        yield told.tell(AgentReplied(agent=told.agent, actor=Actor.BOT, direction=way), at, fact)
        return
    yield from _let_go(told, at)
    yield told.tell(ContactAnswered(agent=told.agent, direction=way), at, fact)
    yield told.tell(WorkStarted(agent=told.agent, direction=way), at, fact)


def _let_go(told: _Told, at: datetime | None) -> Iterator[Telling]:
    """Who passed it on is free once a colleague has it, or it is over: nothing tells so sooner."""
    if told.passed_on_by:
        ended = WorkEnded(agent=told.passed_on_by, direction=told.direction, inferred=True)
        yield told.tell(ended, at, f"passed on {told.passed_on_by}")


def _held(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactHeld(agent=told.agent), told.at, told.now)


def _resumed(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactResumed(agent=told.agent), told.at, told.now)


def _transferred(told: _Told) -> Iterator[Telling]:
    to = told.call.transferred_to
    if isinstance(to, str):  # A number outside.
        to = None
    target = _id(to, "transferred_to")
    to_team = to is not None and to.is_team
    transferred = ContactTransferred(
        agent=None if to_team else target,
        from_agent=_id(told.call.transferred_by, "transferred_by") or told.agent,
        team=target if to_team else None,
        from_team=told.team if to_team else None,
    )
    yield told.tell(transferred, told.at, f"{told.now} {target or 'outside'}")


def _assigned(told: _Told) -> Iterator[Telling]:
    agent = _id(told.call.assigned_to, "assigned_to") or told.agent
    yield told.tell(ContactTransferred(agent=agent), told.at, f"{told.now} {agent or ''}")


def _hung_up(told: _Told) -> Iterator[Telling]:
    if told.answered_at or told.direction or told.call.missed_call_reason:
        yield from _ended(told)
    # Else the reason is not known yet: call.ended tells it.


def _ended(told: _Told) -> Iterator[Telling]:
    at, way = told.ended_at, told.direction
    if told.answered_at is None and way is None:
        yield told.tell(_unanswered(told), at, "call")
    else:
        if told.answered_at:
            yield from _let_go(told, at)
            yield told.tell(WorkEnded(agent=told.agent, direction=way), at, "call")
        yield told.tell(ContactResolved(agent=told.agent, direction=way), at, "call")
    yield from _turned_away(told)


def _turned_away(told: _Told) -> Iterator[Telling]:
    """Say that the caller was turned away, as one more end: the tag may come after the first one."""
    is_over = told.ended_at is not None and told.direction is None
    if is_over and told.config.turns_away(told.tags):
        resolved = ContactResolved(agent=told.agent, outcome=Outcome.TURNED_AWAY)
        yield told.tell(resolved, told.ended_at, _TURNED_AWAY)


def _unanswered(told: _Told) -> ContactAbandoned | ContactMissed:
    reason = told.call.missed_call_reason or None
    if _ABANDONED not in (reason or ""):
        return ContactMissed(reason=reason)
    wait = None
    if told.started_at and told.ended_at:
        wait = max(0.0, (told.ended_at - told.started_at).total_seconds())
    return ContactAbandoned(reason=reason, wait_seconds=wait)


def _voicemail(told: _Told) -> Iterator[Telling]:
    yield told.tell(CustomerReplied(reason=_VOICEMAIL), told.ended_at, _VOICEMAIL, told.agent)


def _tagged(told: _Told) -> Iterator[Telling]:
    for tag in (told.call.tags or ())[:MAX_LISTED]:
        span = told.config.follow_up_tags.get(tag.name or "")
        tagged_at = instant(tag.tagged_at, "$.data.tags[...].tagged_at")
        at = tagged_at or told.at
        if span and at:
            # Every later delivery about tags lists this one again.
            fact = f"{tag.name} {tagged_at.isoformat() if tagged_at else ''}"
            due = later(at, span, "$.data.tags")
            promised = FollowupPromised(due=due, agent=told.agent, inferred=True)
            yield told.tell(promised, at, fact)
    yield from _turned_away(told)


def _archived(told: _Told) -> Iterator[Telling]:
    if told.config.archived_keeps_promise:
        yield told.tell(FollowupDone(agent=told.agent), told.at, told.now)


_CALLS: Final[Mapping[str, Callable[[_Told], Iterator[Telling]]]] = MappingProxyType(
    {
        "call.created": _created,
        "call.ringing_on_agent": _ringing,
        "call.agent_declined": _declined,
        "call.answered": _answered,
        "call.hold": _held,
        "call.unhold": _resumed,
        "call.transferred": _transferred,
        "call.external_transferred": _transferred,
        "call.assigned": _assigned,
        "call.hungup": _hung_up,
        "call.ended": _ended,
        "call.voicemail_left": _voicemail,
        "call.tagged": _tagged,
        "call.archived": _archived,
    }
)

_USERS: Final[Mapping[str, Callable[[str, Person], Data]]] = MappingProxyType(
    {
        "user.wut_start": lambda agent, _: WorkStarted(agent=agent, kind=_WRAP_UP),
        "user.wut_end": lambda agent, _: WorkEnded(agent=agent, kind=_WRAP_UP),
        "user.opened": lambda agent, _: AgentAvailable(agent=agent),
        "user.closed": lambda agent, user: AgentUnavailable(
            agent=agent, reason=user.substatus or user.availability_status or None
        ),
        "user.disconnected": lambda agent, _: AgentUnavailable(agent=agent, reason="disconnected"),
    }
)


_OF_TAGS: Final = (ContactDiscarded, CustomerUpdated)
_OVER: Final = (ContactAbandoned, ContactMissed, ContactResolved, WorkEnded, *_OF_TAGS)


class Aircall(Adapter):
    """Telephone calls through Aircall."""

    kind: Final = "aircall"
    channel: Final = Channel.PHONE
    tells: Final = frozenset(
        data.type
        for data in (
            AgentAvailable, AgentReplied, AgentUnavailable, ContactAbandoned, ContactAnswered,
            ContactDeclined, ContactDiscarded, ContactHeld, ContactMissed, ContactOffered,
            ContactReceived, ContactResolved, ContactResumed, ContactTransferred, CustomerReplied,
            CustomerUpdated, FollowupDone, FollowupPromised, WorkEnded, WorkStarted,
        )
    )  # fmt: skip
    events: Final = gives(
        {
            "call.created": (ContactReceived, AgentReplied, ContactDiscarded),
            "call.ringing_on_agent": (ContactOffered,),
            "call.agent_declined": (ContactDeclined,),
            "call.answered": (ContactAnswered, WorkStarted, WorkEnded, AgentReplied),
            "call.hold": (ContactHeld,),
            "call.unhold": (ContactResumed,),
            "call.transferred": (ContactTransferred,),
            "call.external_transferred": (ContactTransferred,),
            "call.assigned": (ContactTransferred,),
            "call.hungup": _OVER,
            "call.ended": _OVER,
            "call.voicemail_left": (CustomerReplied,),
            "call.tagged": (FollowupPromised, ContactResolved, *_OF_TAGS),
            "call.archived": (FollowupDone,),
            "user.wut_start.v2": (WorkStarted,),
            "user.wut_end.v2": (WorkEnded,),
            "user.opened.v2": (AgentAvailable,),
            "user.closed.v2": (AgentUnavailable,),
            "user.disconnected.v2": (AgentUnavailable,),
        }
    )
    options: Final = frozenset(
        {
            *("follow_up_tags", "turned_away", "archived_keeps_promise", "discard_tags"),
            *("tier_tags", "staff", "bots", "region"),
        }
    )

    def event_of(self, delivery: Delivery) -> str | None:
        """The name in the envelope; people's events are called as they are today."""
        try:
            envelope = read_json(ENVELOPE, delivery.body)
        except Unreadable:
            return None
        name = envelope.event or envelope.event_name
        return f"{name}.v2" if name in _USERS else name

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing signs a time
        """Compare the token in the body; ``now`` does not matter."""
        try:
            token = read_json(TOKEN, delivery.body).token
        except Unreadable:
            raise BadSignature("the body bears no token") from None
        if not is_one_of(token, secrets):
            raise BadSignature("the token is not the one of this source")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate events of calls and users; all others are understood and mean nothing."""
        envelope = read_json(ENVELOPE, delivery.body)
        event = (envelope.event or envelope.event_name or "").removesuffix(".v2")
        if event in _CALLS:
            return _translate_call(delivery, config, envelope, event)
        if event in _USERS:
            return _translate_user(delivery, config, envelope, event)
        if not event:
            raise unlike("Aircall", "there is no $.event")
        return ()


def _translate_call(
    delivery: Delivery, config: SourceConfig, envelope: Envelope, event: str
) -> tuple[Incoming, ...]:
    call = read_json(CALL, envelope.data)
    told = _Told(
        call=call,
        contact=needed(identity(call.id, "$.data.id"), "$.data.id"),
        at=instant(envelope.timestamp, "$.timestamp"),
        started_at=instant(call.started_at, "$.data.started_at"),
        answered_at=instant(call.answered_at, "$.data.answered_at"),
        ended_at=instant(call.ended_at, "$.data.ended_at"),
        agent=_id(call.user, "user"),
        config=config,
    )
    delivery_id = stable_id(event, told.contact, str(envelope.timestamp))
    return tell(delivery, config, delivery_id, [*_CALLS[event](told), *told.of_tags()])


def _translate_user(
    delivery: Delivery, config: SourceConfig, envelope: Envelope, event: str
) -> tuple[Incoming, ...]:
    user = read_json(USER, envelope.data)
    agent = needed(identity(user.id, "$.data.id"), "$.data.id")
    at = instant(envelope.timestamp, "$.timestamp")
    data = msgspec.structs.replace(_USERS[event](agent, user), channel=Channel.PHONE)
    # user.closed comes twice, the second time with the agent's own reason: both are told.
    status = user.substatus or user.availability_status or ""
    delivery_id = stable_id(event, agent, str(envelope.timestamp), status)
    fact = f"{at.isoformat() if at else delivery_id} {status}"[:MAX_NAME]
    return tell(
        delivery, config, delivery_id, [Telling(subject=agent, data=data, at=at, fact=fact)]
    )


ADAPTER: Final = Aircall()
