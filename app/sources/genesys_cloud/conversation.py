"""A whole conversation of Genesys Cloud: all that its participants did, told again with each change.

Each has a leg: since when it rang, when it was connected, when and by whom it was ended. Some
topics hold the legs themselves, others a list by medium inside each participant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import (
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactDiscarded,
    ContactHeld,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    Data,
    DeclineReason,
    Direction,
    FollowupPromised,
    QueuedVia,
    WorkEnded,
    WorkStarted,
)
from app.sources.eventbridge import joined, set_at, shaped
from app.sources.reading import (
    Id,
    Moment,
    email,
    identity,
    known_as,
    loose_identity,
    needed,
    phone,
    vendor_id,
)
from app.sources.telling import Telling

SPAM = "SPAM"
CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        "VOICE": Channel.PHONE,
        "CALLBACK": Channel.PHONE,
        "CHAT": Channel.CHAT,
        "MESSAGE": Channel.CHAT,
        "COBROWSE": Channel.CHAT,
        "SCREENSHARE": Channel.CHAT,
        "VIDEO": Channel.CHAT,
        "EMAIL": Channel.EMAIL,
    }
)
TRANSFERS: Final = frozenset(
    {"TRANSFER", "CONFERENCE_TRANSFER", "CONSULT_TRANSFER", "FORWARD_TRANSFER"}
)
WARM: Final = frozenset({"CONFERENCE_TRANSFER", "CONSULT_TRANSFER"})
DECLINES: Final[Mapping[str, DeclineReason | None]] = MappingProxyType(
    {
        "CLIENT": None,
        "TIMEOUT": DeclineReason.NO_ANSWER,
        "NO_ANSWER_TRANSFER": DeclineReason.NO_ANSWER,
        "NOT_AVAILABLE_TRANSFER": DeclineReason.NO_ANSWER,
        "DND_ENDPOINT": DeclineReason.BUSY,
        "DND_TRANSFER": DeclineReason.BUSY,
    }
)
"""How a leg ends that an agent did not take; a client that hangs up says not why."""
CONVERSATION_TELLS: Final = frozenset(
    data.type
    for data in (
        ContactAbandoned, ContactAnswered, ContactDeclined, ContactDiscarded, ContactHeld,
        ContactMissed, ContactOffered, ContactQueued, ContactReceived, ContactResolved,
        ContactResumed, ContactTransferred, FollowupPromised, WorkEnded, WorkStarted,
    )
)  # fmt: skip
_TURNED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TRANSFER_CONFERENCE": "CONFERENCE_TRANSFER",
        "TRANSFER_CONSULT": "CONSULT_TRANSFER",
        "TRANSFER_FORWARD": "FORWARD_TRANSFER",
        "TRANSFER_NOANSWER": "NO_ANSWER_TRANSFER",
        "TRANSFER_NOTAVAILABLE": "NOT_AVAILABLE_TRANSFER",
        "TRANSFER_DND": "DND_TRANSFER",
        "ENDPOINT_DND": "DND_ENDPOINT",
    }
)
"""Conversations write some words the other way round."""
_MEDIA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "calls": "VOICE",
        "callbacks": "CALLBACK",
        "chats": "CHAT",
        "messages": "MESSAGE",
        "emails": "EMAIL",
        "cobrowsesessions": "COBROWSE",
        "screenshares": "SCREENSHARE",
        "videos": "VIDEO",
    }
)
MAX_PARTICIPANTS = 60
"""Participants of a conversation that are read: real ones have a handful."""
_IN_PATH: Final = re.compile(r"conversations[./]([a-z]{4,16})(?:[./\s]|$)")
_AGENTS: Final = frozenset({"agent", "user"})
_CUSTOMERS: Final = ("customer", "external")
_SHE_LEFT: Final = frozenset({"", "CLIENT", "ENDPOINT", "PEER"})
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class _Struct(msgspec.Struct, frozen=True, rename=joined):
    """Keys in small letters, as ``eventbridge`` gives them."""


class _Wrapup(_Struct, frozen=True):
    end_time: Moment = None


class _Part(_Struct, frozen=True):
    id: Id = None
    purpose: str | None = None
    state: str | None = None
    direction: str | None = None
    start_time: Moment = None
    connected_time: Moment = None
    end_time: Moment = None
    disconnected_time: Moment = None
    start_hold_time: Moment = None
    held: bool | None = None
    disconnect_type: str | None = None
    user: Any = None
    user_id: Id = None
    queue: Any = None
    queue_id: Id = None
    ani: str | None = None
    dnis: str | None = None
    address: str | None = None
    external_contact: Any = None
    external_contact_id: Id = None
    callback_numbers: tuple[str, ...] | None = None
    callback_scheduled_time: Moment = None
    wrapup: _Wrapup | None = None
    wrapup_required: bool | None = None
    wrapup_skipped: bool | None = None
    start_acw_time: Moment = None
    end_acw_time: Moment = None


@dataclass(frozen=True, slots=True)
class _Leg:
    """One participant, its values read."""

    part: _Part
    media: str

    def at(self, value: Moment) -> datetime | None:
        return set_at(value, "$.participants[...]")

    @property
    def name(self) -> str:
        return identity(self.part.id, "$.participants[...].id") or "one"

    @property
    def agent(self) -> str | None:
        own = identity(self.part.user_id, "$.participants[...].userId")
        return own or loose_identity(self.part.user, "$.participants[...].user.id")

    @property
    def team(self) -> str | None:
        own = identity(self.part.queue_id, "$.participants[...].queueId")
        return own or loose_identity(self.part.queue, "$.participants[...].queue.id")

    @property
    def is_agent(self) -> bool:
        return (self.part.purpose or "").lower() in _AGENTS and self.agent is not None

    @property
    def way(self) -> Direction | None:
        by_us = (self.part.direction or "").lower() == "outbound"
        return Direction.OUTBOUND if by_us else None

    @property
    def started_at(self) -> datetime | None:
        return self.at(self.part.start_time) or self.connected_at

    @property
    def connected_at(self) -> datetime | None:
        return self.at(self.part.connected_time)

    @property
    def ended_at(self) -> datetime | None:
        return self.at(self.part.end_time) or self.at(self.part.disconnected_time)

    @property
    def ended_by(self) -> str:
        told = (self.part.disconnect_type or "").upper().replace(".", "_")
        return _TURNED.get(told, told)

    @property
    def free_at(self) -> datetime | None:
        """When the agent was done with it, what she wrote down afterwards as well."""
        part = self.part
        wrapped_at = self.at(part.end_acw_time)
        wrapped_at = wrapped_at or (self.at(part.wrapup.end_time) if part.wrapup else None)
        wraps_up = part.wrapup_required or self.at(part.start_acw_time) is not None
        if wrapped_at is None and wraps_up and not part.wrapup_skipped:
            return None
        return wrapped_at or self.ended_at

    @property
    def aliases(self) -> tuple[Alias, ...]:
        part, by_us = self.part, self.way is Direction.OUTBOUND
        number = part.dnis if by_us else part.ani
        path = "$.participants[...].externalContact.id"
        known = loose_identity(part.external_contact, path)
        return known_as(
            *(phone(each) for each in (part.callback_numbers or ())[:2]),
            phone(number),
            *((email(part.address), phone(part.address)) if not self.is_agent else ()),
            vendor_id(known or part.external_contact_id, path),
        )


@dataclass(frozen=True, slots=True)
class _Conversation:
    contact: str
    legs: tuple[_Leg, ...]
    channel: Channel | None
    sent_at: datetime | None
    aliases: tuple[Alias, ...] = ()

    def of(self, *purposes: str) -> list[_Leg]:
        return [leg for leg in self.legs if (leg.part.purpose or "").lower() in purposes]

    @property
    def customers(self) -> list[_Leg]:
        return self.of(_CUSTOMERS[0]) or self.of(_CUSTOMERS[1])

    @property
    def agents(self) -> list[_Leg]:
        return [leg for leg in self.legs if leg.is_agent]

    def tell(self, leg: _Leg, data: Data, at: datetime | None, fact: str = "") -> Telling:
        full = msgspec.structs.replace(
            data, channel=self.channel, team=leg.team, aliases=self.aliases
        )
        return Telling(
            subject=self.contact, data=full, at=at or self.sent_at, fact=fact or leg.name
        )


def conversation_told(
    body: Mapping[str, Any], topic: str, sent_at: datetime | None
) -> list[Telling]:
    """All that a conversation tells so far, in its order."""
    path = f"{topic.lower()} {str(body.get('selfuri') or '')[:500].lower()}"
    found = _IN_PATH.search(path)
    medium = _MEDIA.get(found[1], "") if found else ""
    parts = [part for part in body["participants"] if isinstance(part, dict)]
    legs = tuple(_leg(part, medium) for part in parts[:MAX_PARTICIPANTS])
    media = next((leg.media for leg in legs if leg.media), "")
    contact = needed(loose_identity(body.get("id"), "$.id"), "$.id")
    told = _Conversation(contact, legs, CHANNELS.get(media), sent_at)
    known = (alias for leg in told.customers or told.agents for alias in leg.aliases)
    return sorted(_tellings(replace(told, aliases=known_as(*known)[:8])), key=_when)


def _when(telling: Telling) -> datetime:
    return telling.at or _LAST


def _leg(part: Mapping[str, Any], medium: str) -> _Leg:
    """A participant, with what the last of its sessions says of it."""
    for name, media in _MEDIA.items():
        sessions = part.get(name)
        if isinstance(sessions, list) and sessions and isinstance(sessions[-1], dict):
            own = {key: value for key, value in part.items() if value is not None}
            return _Leg(shaped(sessions[-1] | own, _Part), media)
    return _Leg(shaped(part, _Part), medium)


def _tellings(told: _Conversation) -> Iterator[Telling]:
    for leg in told.customers[:1]:
        direction = leg.way or Direction.INBOUND
        via = "callback" if leg.media == "CALLBACK" else None
        yield told.tell(
            leg, ContactReceived(direction=direction, via=via), leg.started_at, "customer"
        )
    for leg in told.legs:
        yield from _promised(told, leg)
    for leg in told.of("acd"):
        via = QueuedVia.CALLBACK if leg.media == "CALLBACK" else None
        yield told.tell(leg, ContactQueued(via=via), leg.connected_at or leg.started_at)
    for leg in told.agents:
        yield from _worked(told, leg)
    yield from _over(told)


def _promised(told: _Conversation, leg: _Leg) -> Iterator[Telling]:
    due = leg.at(leg.part.callback_scheduled_time)
    if due is not None:
        promised = FollowupPromised(due=due, promise=told.contact, inferred=True)
        yield told.tell(leg, promised, leg.started_at, due.isoformat())


def _worked(told: _Conversation, leg: _Leg) -> Iterator[Telling]:
    """What one agent did with it."""
    agent, way = leg.agent, leg.way
    if way is None and leg.started_at:
        yield told.tell(leg, ContactOffered(agent=agent), leg.started_at)
    if leg.connected_at is None:
        if way is None and leg.ended_at and leg.ended_by in DECLINES:
            declined = ContactDeclined(agent=agent, reason=DECLINES[leg.ended_by])
            yield told.tell(leg, declined, leg.ended_at)
        return
    if leg.media != "CALLBACK":
        yield told.tell(leg, ContactAnswered(agent=agent, direction=way), leg.connected_at)
    yield told.tell(leg, WorkStarted(agent=agent, direction=way), leg.connected_at)
    yield from _held(told, leg)
    if leg.ended_at and leg.ended_by in TRANSFERS:
        warm = leg.ended_by in WARM
        yield told.tell(leg, ContactTransferred(from_agent=agent, warm=warm), leg.ended_at)
    if leg.ended_at and leg.free_at:
        yield told.tell(leg, WorkEnded(agent=agent, direction=way), leg.free_at)


def _held(told: _Conversation, leg: _Leg) -> Iterator[Telling]:
    """On hold since; the first time that it is told as over is when it was over, as far as known."""
    since, is_held = leg.at(leg.part.start_hold_time), leg.part.held and leg.ended_at is None
    if since is None and not is_held:
        return
    since = since or told.sent_at
    fact = f"{leg.name} {since.isoformat() if since else 'held'}"
    yield told.tell(leg, ContactHeld(agent=leg.agent), since, fact)
    if not leg.part.held and leg.ended_at is None:
        yield told.tell(leg, ContactResumed(agent=leg.agent, inferred=True), told.sent_at, fact)


def _over(told: _Conversation) -> Iterator[Telling]:
    """How it ended, once all of the customer's legs have, or the last agent's where she has none."""
    talked = [leg for leg in told.agents if leg.connected_at]
    watched = told.customers or talked
    if not watched or any(leg.ended_at is None for leg in [*watched, *told.agents]):
        return
    last = max(watched, key=lambda leg: leg.ended_at or _LAST)
    if any(leg.ended_by == SPAM for leg in watched):
        yield told.tell(last, ContactDiscarded(reason="spam"), last.ended_at, "spam")
    elif talked:
        by = max(talked, key=lambda leg: leg.ended_at or _LAST)
        if told.customers or by.ended_by not in TRANSFERS:
            resolved = ContactResolved(agent=by.agent, direction=last.way)
            yield told.tell(by, resolved, last.ended_at, "over")
    else:
        yield from _nobody_talked(told, last)


def _nobody_talked(told: _Conversation, last: _Leg) -> Iterator[Telling]:
    queues = told.of("acd")
    if last.way is not None or not queues:
        yield told.tell(last, ContactResolved(direction=last.way), last.ended_at, "over")
    elif last.ended_by in _SHE_LEFT:
        since = queues[-1].connected_at or queues[-1].started_at
        waited = (last.ended_at - since).total_seconds() if last.ended_at and since else None
        seconds = max(0.0, waited) if waited is not None else None
        yield told.tell(queues[-1], ContactAbandoned(wait_seconds=seconds), last.ended_at, "over")
    else:
        missed = ContactMissed(reason=last.ended_by.lower())
        yield told.tell(queues[-1], missed, last.ended_at, "over")
