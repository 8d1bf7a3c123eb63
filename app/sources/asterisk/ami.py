"""Asterisk's manager interface (AMI): what its events about queues and their members mean.

An event is a block of ``Key: value`` lines, ended by an empty one. It bears a time only with
``timestampevents``; whoever receives it without one writes the arrival in. Of two generations
of names both are read: that of Asterisk 12 and later, and the one before. A source that follows the
queue_log of the same Asterisk too is given its lines as well.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core.events import (
    AgentAvailable,
    AgentUnavailable,
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactHeld,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    Data,
    DeclineReason,
    Incoming,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import (
    Adapter,
    BadSignature,
    Delivery,
    SignedBy,
    SourceConfig,
    Unreadable,
    gives,
)
from app.sources.asterisk import queue_log as asterisk_queue_log
from app.sources.asterisk.calls import Happening, whole
from app.sources.reading import MAX_NAME, identity, instant, known_as, phone
from app.sources.telling import Telling, stable_id, tell

MAX_EVENTS = 500
"""Events that are read of one delivery; whoever follows a server hands over fewer."""
MAX_FIELDS = 300
"""Lines of one event."""

_UNKNOWN = frozenset({"", "<unknown>", "unknown", "<none>"})
_LOG_LINE = re.compile(rb"\s*\d{1,15}\|")
_IDLE = "1"
_NOT_REACHABLE = frozenset({"4", "5"})
"""A member's status: 1 not in use, 4 invalid, 5 unavailable."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One block, its keys in small letters."""

    fields: Mapping[str, str]
    block: str

    def text(self, *keys: str) -> str | None:
        """The first of several keys that says something."""
        for key in keys:
            value = self.fields.get(key, "")
            if value.lower() not in _UNKNOWN:
                return identity(value, key)
        return None

    def number(self, *keys: str) -> int | None:
        """The first of several keys that is a number."""
        return whole(self.text(*keys))

    @property
    def name(self) -> str:
        """What happened, in small letters."""
        return self.fields.get("event", "").lower()

    @property
    def is_paused(self) -> bool:
        """Whether the member takes no calls for a while."""
        return self.text("paused") == "1"

    @property
    def told(self) -> Happening:
        """Who, where and when."""
        at = instant(self.text("timestamp"), "Timestamp")
        number: Alias | None = phone(self.text("calleridnum", "callerid"))
        return Happening(
            moment=str(int(at.timestamp())) if at else stable_id(self.block),
            at=at,
            call=self.text("uniqueid"),
            linked=self.text("linkedid"),
            queue=self.text("queue"),
            agent=self.text("membername", "agentname", "name", "interface", "member", "location"),
            aliases=known_as(number),
        )


def _joined(event: _Event) -> Iterator[Telling]:
    yield from event.told.entered()


def _waits(event: _Event) -> Iterator[Telling]:
    """Who waits in a queue already when we ask."""
    yield from event.told.entered(event.number("wait"))


def _called(event: _Event) -> Iterator[Telling]:
    yield from event.told.offered()


def _not_answered(event: _Event) -> Iterator[Telling]:
    yield from event.told.declined(DeclineReason.NO_ANSWER)


def _dumped(event: _Event) -> Iterator[Telling]:
    yield from event.told.declined(DeclineReason.REFUSED)


def _connected(event: _Event) -> Iterator[Telling]:
    yield from event.told.answered(event.text("destuniqueid", "bridgedchannel"))


def _completed(event: _Event) -> Iterator[Telling]:
    held, talked = event.number("holdtime"), event.number("talktime")
    if (event.text("reason") or "").lower() == "transfer":
        yield from event.told.passed_on(held, talked)
    else:
        yield from event.told.completed(held, talked)


def _abandoned(event: _Event) -> Iterator[Telling]:
    yield from event.told.abandoned(event.number("holdtime"))


def _on_hold(data: type[ContactHeld | ContactResumed], event: _Event) -> Iterator[Telling]:
    """An agent's phone holds the call that its channel is a part of.

    A caller's own phone can hold as well, on the channel that the call began with: she waits for
    nobody then, and her number is no agent's name.
    """
    told = event.told
    if told.linked is None or told.linked == told.call:
        return
    yield Telling(
        subject=told.linked,
        data=data(
            agent=event.text("calleridnum"),
            channel=Channel.PHONE,
            aliases=known_as(phone(event.text("connectedlinenum"))),
        ),
        at=told.at,
        fact=f"{told.call or ''} {told.at.isoformat() if told.at else told.moment}"[:MAX_NAME],
    )


def _held(event: _Event) -> Iterator[Telling]:
    if (event.text("status") or "").lower() == "off":
        yield from _resumed(event)
    else:
        yield from _on_hold(ContactHeld, event)


def _resumed(event: _Event) -> Iterator[Telling]:
    yield from _on_hold(ContactResumed, event)


def _member(event: _Event) -> Iterator[Telling]:
    """How a member stands, by what is known of it: paused, not to be reached, or there."""
    if event.is_paused:
        reason = event.text("pausedreason", "reason") or "paused"
        yield from event.told.staffing(is_there=False, reason=reason)
    elif event.text("status") in _NOT_REACHABLE:
        yield from event.told.staffing(is_there=False, reason="not_reachable")
    else:
        yield from event.told.staffing(is_there=True)


def _member_status(event: _Event) -> Iterator[Telling]:
    """Every ring and every call changes a phone's status, which calls tell better."""
    if event.is_paused or event.text("status") in _NOT_REACHABLE | {_IDLE}:
        yield from _member(event)


def _removed(event: _Event) -> Iterator[Telling]:
    yield from event.told.staffing(is_there=False, reason="removed")


def _logged(event: _Event, *, is_in: bool) -> Iterator[Telling]:
    agent = event.text("agent")
    told = Happening(moment=event.told.moment, at=event.told.at, agent=agent)
    yield from told.staffing(is_there=is_in, reason="login" if is_in else "logoff")


_ENTERED = (ContactReceived, ContactQueued)
_STAFFED = (AgentAvailable, AgentUnavailable)
_COMPLETED = (WorkEnded, ContactResolved, ContactTransferred)
_ON_HOLD = (ContactHeld, ContactResumed)

_Means = tuple[Callable[[_Event], Iterator[Telling]], tuple[type[Data], ...]]
_EVENTS: Final[Mapping[str, _Means]] = MappingProxyType(
    {
        "QueueCallerJoin": (_joined, _ENTERED),
        "Join": (_joined, _ENTERED),
        "QueueEntry": (_waits, _ENTERED),
        "AgentCalled": (_called, (ContactOffered,)),
        "AgentRingNoAnswer": (_not_answered, (ContactDeclined,)),
        "AgentDump": (_dumped, (ContactDeclined,)),
        "AgentConnect": (_connected, (ContactAnswered, WorkStarted)),
        "AgentComplete": (_completed, _COMPLETED),
        "QueueCallerAbandon": (_abandoned, (ContactAbandoned,)),
        "Hold": (_held, _ON_HOLD),
        "Unhold": (_resumed, (ContactResumed,)),
        "QueueMember": (_member, _STAFFED),
        "QueueMemberAdded": (_member, _STAFFED),
        "QueueMemberPause": (_member, _STAFFED),
        "QueueMemberPaused": (_member, _STAFFED),
        "QueueMemberStatus": (_member_status, _STAFFED),
        "QueueMemberRemoved": (_removed, (AgentUnavailable,)),
        "AgentLogin": (lambda event: _logged(event, is_in=True), (AgentAvailable,)),
        "Agentcallbacklogin": (lambda event: _logged(event, is_in=True), (AgentAvailable,)),
        "AgentLogoff": (lambda event: _logged(event, is_in=False), (AgentUnavailable,)),
        "Agentcallbacklogoff": (
            lambda event: _logged(event, is_in=False),
            (AgentUnavailable,),
        ),
    }
)
_BY_NAME: Final = MappingProxyType({name.lower(): told for name, (told, _) in _EVENTS.items()})
_SPELLED: Final = MappingProxyType({name.lower(): name for name in _EVENTS})


class Ami(Adapter):
    """Calls in the queues of Asterisk, FreePBX or Issabel, as they happen."""

    kind: Final = "asterisk-ami"
    channel: Final = Channel.PHONE
    signed_by: Final = SignedBy.CONNECTION
    events: Final = gives({name: types for name, (_, types) in _EVENTS.items()})
    tells: Final = frozenset[str]().union(*events.values())
    options: Final = frozenset({"connection", "unsigned", "token", "region"})

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """The log tells more, where it is followed too."""
        log = config.connection.path if config.connection else ""
        return self.tells | asterisk_queue_log.ADAPTER.tells if log else self.tells

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing is posted
        """Refuse what is posted: we log in, unless ``unsigned`` lets events be sent."""
        raise BadSignature("events are fetched; set unsigned and a token to have them posted")

    def event_of(self, delivery: Delivery) -> str | None:
        """The name of the first event, as Asterisk spells it now."""
        if _LOG_LINE.match(delivery.body):
            return asterisk_queue_log.ADAPTER.event_of(delivery)
        try:
            first = next((each for each in _events(delivery.body) if each.name), None)
        except Unreadable:
            return None
        return _SPELLED.get(first.name, first.fields.get("event")) if first else None

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate events, each by itself; what is none means nothing."""
        if _LOG_LINE.match(delivery.body):
            return asterisk_queue_log.ADAPTER.translate(delivery, config)
        found: list[Incoming] = []
        for event in _events(delivery.body):
            if event.name in _BY_NAME:
                tellings = _BY_NAME[event.name](event)
                found += tell(delivery, config, stable_id(event.block), tellings)
        return tuple(found)


def _events(body: bytes) -> Iterator[_Event]:
    blocks = body.replace(b"\r\n", b"\n").split(b"\n\n", MAX_EVENTS + 1)
    if len(blocks) > MAX_EVENTS + 1:
        raise Unreadable(f"expected at most {MAX_EVENTS} events")
    for raw in blocks:
        if block := raw.strip():
            yield _read(block.decode(errors="replace"))


def _read(block: str) -> _Event:
    lines = block.split("\n", MAX_FIELDS + 1)
    if len(lines) > MAX_FIELDS:
        raise Unreadable(f"expected at most {MAX_FIELDS} lines in an event")
    fields: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    if not fields.keys() & {"event", "response"}:
        raise Unreadable("expected lines such as Event: QueueCallerJoin")
    return _Event(fields, block)


ADAPTER: Final = Ami()
