"""Twilio Voice and Conversations: what the status of a call and a message mean, however they come.

A call has legs. The leg that a caller or we began is the contact; a leg with a parent rings at one
of us, and its answer is the answer. That the first leg is answered means only that Twilio picked up:
a menu, or a queue. Who answered is not told, so no agent is named. Times are whole seconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    Actor,
    AgentReplied,
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactMissed,
    ContactOffered,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
    Data,
    DeclineReason,
    Direction,
    WorkEnded,
)
from app.sources.adapter import SourceConfig
from app.sources.reading import MAX_NAME, email, known_as
from app.sources.telling import Telling
from app.sources.twilio.deliveries import CALLS, Notice, address

KIND = "twilio-voice"
"""The kind whose sources tell of nothing but calls."""

_ATTEMPT = "outbound_call_attempt"
_CALL = "call"
_OURS = ("client:", "sip:", "sips:")
"""What our own people are called by: a browser or a telephone of ours."""
_BEGUN = ("queued", "initiated", "ringing")
_IN_VAIN = ("busy", "no-answer", "failed", "canceled")
_TAKEN = ("in-progress", "answered", "completed")
"""What became of a leg that the call dialled, where one of us took it."""
_IN_STREAM: Final = MappingProxyType({"answered": "in-progress"})
_REASONS: Final[Mapping[str, DeclineReason]] = MappingProxyType(
    {
        "busy": DeclineReason.BUSY,
        "no-answer": DeclineReason.NO_ANSWER,
        "failed": DeclineReason.NO_ANSWER,
    }
)
_MACHINE = ("machine", "fax")
_MESSAGES = ("com.twilio.conversations.message.added", "onMessageAdded")
_ESCAPED = re.compile(r"_([0-9A-F]{2})")
_SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class _Leg:
    """One leg of a call as one status tells it. ``contact`` is the call it belongs to."""

    notice: Notice
    contact: str
    own: str
    status: str
    direction: Direction | None
    team: str | None
    aliases: tuple[Alias, ...]
    by_browser: bool

    @property
    def is_child(self) -> bool:
        return self.contact != self.own

    def tell(self, data: Data, fact: str = _CALL, at: datetime | None = None) -> Telling:
        full = msgspec.structs.replace(
            data, channel=Channel.PHONE, team=self.team, aliases=self.aliases
        )
        at = at or self.notice.at
        return Telling(subject=self.contact, data=full, at=at, fact=fact[:MAX_NAME])


def _read(notice: Notice, config: SourceConfig) -> _Leg | None:
    """The leg; none for the leg to one of us that no call of a customer is known to."""
    fields = notice.fields
    own = fields.text("CallSid") or fields.text("Sid")
    if own is None:
        return None
    parent = fields.text("ParentCallSid") or own
    caller = fields.word("From") or fields.word("Caller")
    called = fields.text("To") or fields.text("Called") or ""
    by_us = caller.startswith(_OURS[0])
    outbound = by_us or fields.word("Direction").startswith("outbound")
    if parent == own and outbound and not by_us and called.lower().startswith(_OURS):
        return None
    status = fields.word("CallStatus") or notice.tool_name.rpartition(".")[2]
    whole = parent == own
    # Where the source tells of tasks too, a call is in their queue when it is over.
    is_news = status != "completed" or config.source.kind == KIND
    number = address(called) if whole and not outbound and is_news else None
    return _Leg(
        notice=notice,
        contact=parent,
        own=own,
        status=_IN_STREAM.get(status, status),
        direction=Direction.OUTBOUND if outbound and whole else None,
        team=number.value if number else None,
        aliases=known_as(address(called if outbound else caller)) if whole else (),
        by_browser=by_us,
    )


def told_of_call(notice: Notice, config: SourceConfig) -> Iterator[Telling]:
    """What the status of a call means."""
    leg = _read(notice, config)
    if leg is None:
        return
    if leg.is_child:
        yield from _at_one_of_us(leg)
    elif leg.direction is Direction.OUTBOUND:
        yield from _by_us(leg)
    else:
        yield from _to_us(leg)


def _at_one_of_us(leg: _Leg) -> Iterator[Telling]:
    match leg.status:
        case "ringing":
            yield leg.tell(ContactOffered(), leg.own)
        case "in-progress":
            yield leg.tell(ContactAnswered(), leg.own)
        case "completed":
            yield leg.tell(WorkEnded(), leg.own)
        case status if status in _REASONS:
            yield leg.tell(ContactDeclined(reason=_REASONS[status]), leg.own)
        case _:
            pass  # Cancelled: a colleague was faster, or the caller hung up.


def _to_us(leg: _Leg) -> Iterator[Telling]:
    dialled = leg.notice.fields.word("DialCallStatus")
    if dialled in _TAKEN and leg.status in ("in-progress", "completed"):
        own = leg.notice.fields.text("DialCallSid")
        yield leg.tell(ContactAnswered(), own or _CALL, _taken_at(leg))
    match leg.status:
        case "queued" | "initiated" | "ringing":
            yield leg.tell(ContactReceived())
        case "completed" if dialled in _IN_VAIN:
            yield leg.tell(ContactMissed(reason=dialled))
        case "completed":
            yield leg.tell(WorkEnded())
            yield leg.tell(ContactResolved())
        case "busy" | "no-answer" | "failed":
            yield leg.tell(ContactMissed(reason=leg.status))
        case "canceled":
            yield leg.tell(ContactAbandoned())
        case _:
            pass


def _taken_at(leg: _Leg) -> datetime | None:
    """When one of us took it: so many whole seconds ago as the talk had lasted by then."""
    lasted = leg.notice.fields.number("DialCallDuration")
    at = leg.notice.at
    return at - timedelta(seconds=lasted) if at and lasted else None


def _by_us(leg: _Leg) -> Iterator[Telling]:
    """We rang: until she picks up it is an attempt, and her machine is not she.

    Of a call that a browser of ours began, the leg that rings at her tells the rest.
    """
    way = leg.direction
    machine = leg.notice.fields.word("AnsweredBy").startswith(_MACHINE)
    attempt = AgentReplied(direction=way, reason=_ATTEMPT)
    if leg.status in _BEGUN and leg.by_browser:
        yield leg.tell(ContactReceived(direction=Direction.OUTBOUND))
    if leg.status in (*_BEGUN, *_IN_VAIN):
        yield leg.tell(attempt)
    if leg.status == "in-progress" and not machine and not leg.by_browser:
        yield leg.tell(ContactAnswered(direction=way))
    if leg.status == "completed":
        yield leg.tell(WorkEnded(direction=way))
    if leg.status in ("completed", *_IN_VAIN):
        yield leg.tell(ContactResolved(direction=way))


def told_of_message(notice: Notice, config: SourceConfig) -> Iterator[Telling]:
    """Who wrote in a conversation: a customer by her address, one of us or a machine as listed.

    Whoever else wrote under a name of the application's own is nobody whom we can tell.
    """
    fields = notice.fields
    contact, author = fields.text("ConversationSid"), fields.text("Author") or ""
    data = _written(author, config)
    if notice.name not in _MESSAGES or contact is None or data is None:
        return
    sent = fields.text("MessageSid") or (notice.at.isoformat() if notice.at else "message")
    full = msgspec.structs.replace(data, channel=Channel.CHAT)
    yield Telling(subject=contact, data=full, at=notice.at, fact=sent)


def _written(author: str, config: SourceConfig) -> AgentReplied | CustomerReplied | None:
    name = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), author)
    if config.is_bot(author, name):
        return AgentReplied(actor=Actor.BOT)
    if config.is_staff(author, name):
        return AgentReplied(agent=name)
    if author.lower() == _SYSTEM:
        return AgentReplied(actor=Actor.SYSTEM)
    customer = address(author) if not email(name) or email(author) else None
    return CustomerReplied(aliases=(customer,)) if customer else None


_ENDS = (WorkEnded, ContactResolved)
_STATUSES: Final[Mapping[str, tuple[type[Data], ...]]] = MappingProxyType(
    {
        "queued": (ContactReceived, AgentReplied),
        "initiated": (ContactReceived, AgentReplied),
        "ringing": (ContactReceived, AgentReplied, ContactOffered),
        "in-progress": (ContactAnswered,),
        "completed": (*_ENDS, ContactMissed, ContactAnswered),
        "busy": (ContactMissed, ContactDeclined, ContactResolved, AgentReplied),
        "no-answer": (ContactMissed, ContactDeclined, ContactResolved, AgentReplied),
        "failed": (ContactMissed, ContactDeclined, ContactResolved, AgentReplied),
        "canceled": (ContactAbandoned, ContactResolved, AgentReplied),
    }
)
STATUSES = _STATUSES
"""The statuses of a call as Voice names them, and what each can give."""

STREAMED: Final[Mapping[str, tuple[type[Data], ...]]] = MappingProxyType(
    {
        f"{prefix}{status}": types
        for prefix in CALLS
        for status, types in {
            "initiated": _STATUSES["initiated"],
            "ringing": _STATUSES["ringing"],
            "answered": _STATUSES["in-progress"],
            "completed": tuple(
                dict.fromkeys(_STATUSES["completed"] + _STATUSES["busy"] + _STATUSES["canceled"])
            ),
        }.items()
    }
    | dict.fromkeys(_MESSAGES[:1], (CustomerReplied, AgentReplied))
)
"""The same, and messages, as Event Streams names them."""
