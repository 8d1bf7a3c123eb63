"""Front: what its rule webhooks and application webhooks about conversations mean.

A rule webhook holds an event as Front's API gives it, an application webhook the same in an envelope
that has longer names; either may be a preview that says little of the conversation. Message text is
never read.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    Actor,
    AgentReplied,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDiscarded,
    ContactHeld,
    ContactMerged,
    ContactMissed,
    ContactReceived,
    ContactReopened,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    CustomerReplied,
    CustomerUpdated,
    Data,
    Direction,
    FollowupPromised,
    Incoming,
    Outcome,
    WaitingFor,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, Reply, SourceConfig, Unreadable
from app.sources.front.events import (
    CALL,
    EVENT,
    MAIL,
    Event,
    Message,
    Party,
    Reminder,
    Tag,
    Teammate,
    Told,
    first_id,
    read_as,
    sort_of,
)
from app.sources.reading import (
    MAX_LISTED,
    MAX_NAME,
    identity,
    instant,
    loose_identity,
    needed,
    read_json,
)
from app.sources.signatures import check_fresh, hmac_base64, is_one_of
from app.sources.telling import Telling, tell, tier_told

TOLERANCE = timedelta(minutes=5)
"""How far the time of an application webhook may lie from ours."""

MAX_CHALLENGE = 1024
_SIGNATURE = "x-front-signature"
_SIGNED_AT = "x-front-request-timestamp"
_CHALLENGE = "x-front-challenge"
_MAX_MILLISECONDS_DIGITS = 15
_ATTEMPT = "outbound_call_attempt"
_INTERNAL: Final = frozenset({"discussion", "task"})
"""Conversations that no customer takes part in."""
_MACHINES: Final = frozenset({"api", "application", "csat", "integration", "rule", "smart_csat"})
"""Authors who are no teammates: what acts on a program's behalf."""


def _inbound(told: Told) -> Iterator[Telling]:
    """What she writes in answer to a message that Front knows is no first one."""
    message = told.message or Message()
    related = message.links.related if message.links else None
    is_answer = bool(related and related.message_replied_to)
    via = None if told.sort in MAIL or told.sort in CALL else told.sort
    received = CustomerReplied() if is_answer else ContactReceived(via=via)
    fact = identity(message.id, "$.target.data.id")
    yield told.tell(received, fact, owner=told.owner)
    yield from tier_told(told.config, told.tags, told.aliases, told.at)


def _outbound(told: Told) -> Iterator[Telling]:
    yield from _sent(told, Direction.OUTBOUND)


def _reply(told: Told) -> Iterator[Telling]:
    yield from _sent(told, None)


def _sent(told: Told, direction: Direction | None) -> Iterator[Telling]:
    message = told.message or Message()
    author = message.author
    replied = AgentReplied(direction=direction)
    if author is None:
        replied = AgentReplied(actor=Actor.SYSTEM, direction=direction, inferred=True)
    elif author is not msgspec.UNSET:
        agent, actor = identity(author.id, "$.target.data.author.id"), _actor(author, told.config)
        named = agent if actor is Actor.HUMAN else None
        replied = AgentReplied(agent=named, actor=actor, direction=direction)
    yield told.tell(replied, identity(message.id, "$.target.data.id"))


def _actor(author: Teammate, config: SourceConfig) -> Actor:
    kind = (author.type or "").lower()
    listed = config.is_bot(loose_identity(author.id, "$.author.id"), author.email, author.username)
    if listed or kind == "ai":
        return Actor.BOT
    return Actor.SYSTEM if kind in _MACHINES else Actor.HUMAN


def _assigned(told: Told) -> Iterator[Telling]:
    is_teammate = sort_of(told.target) == "teammate"
    target = loose_identity(told.target.data, "$.target.data.id") if is_teammate else None
    yield told.tell(ContactTransferred(agent=target or told.owner, by=told.by))


def _unassigned(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactTransferred(by=told.by))


def _moved(told: Told) -> Iterator[Telling]:
    inbox = told.target.data if sort_of(told.target) == "inboxes" else None
    team = first_id(inbox, "$.target.data")
    yield told.tell(ContactTransferred(agent=told.owner, team=team, by=told.by))


def _archived(told: Told) -> Iterator[Telling]:
    outcome = Outcome.TURNED_AWAY if told.config.turns_away(told.tags) else Outcome.UNKNOWN
    yield told.tell(ContactResolved(agent=told.agent, outcome=outcome))


def _reopened(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactReopened(agent=told.agent))


def _snoozed(told: Told) -> Iterator[Telling]:
    """Put aside until it is due: the reminder that did it says so, or the conversation."""
    reminders = list((told.conversation.scheduled_reminders or ())[:MAX_LISTED])
    if sort_of(told.source) == "reminder" and isinstance(told.source.data, dict):
        reminders.insert(0, read_as(Reminder, told.source.data))
    dues = (instant(each.scheduled_at, "$.scheduled_reminders") for each in reminders)
    due = next((due for due in dues if due), None)
    agent = told.agent or told.owner
    yield told.tell(ContactHeld(agent=agent, waiting_for=WaitingFor.US))
    if due:
        yield told.tell(FollowupPromised(due=due, agent=agent), due.isoformat())


def _reminded(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactResumed(agent=told.owner))


def _trashed(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactDiscarded(reason="trash"), "trash")


def _tagged(told: Told) -> Iterator[Telling]:
    tag = read_as(Tag, told.target.data) if isinstance(told.target.data, dict) else Tag()
    names = [tag.name, loose_identity(tag.id, "$.target.data.id")]
    if told.config.turns_away(names) and told.conversation.status == "archived":
        resolved = ContactResolved(agent=told.agent, outcome=Outcome.TURNED_AWAY)
        yield told.tell(resolved, "turned away")
    soon = (told.config.follow_up_tags.get(name) for name in names if name)
    span = next((each for each in soon if each), None)
    if span and told.at:
        yield told.tell(FollowupPromised(due=_due(told.at, span), agent=told.agent, inferred=True))
    if told.config.discards(names):
        yield told.tell(ContactDiscarded(reason=(tag.name or "")[:MAX_NAME] or None), "tag")
    yield from tier_told(told.config, names, told.aliases, told.at)


def _due(at: datetime, span: timedelta) -> datetime:
    try:
        return at + span
    except OverflowError:
        raise Unreadable("expected an instant before 9999 - at `$.emitted_at`") from None


def _merged(told: Told) -> Iterator[Telling]:
    """The conversations that are gone go on in this one."""
    gone = told.target.data if isinstance(told.target.data, list) else []
    for each in gone[:MAX_LISTED]:
        other = loose_identity(each, "$.target.data")
        if other and other != told.contact:
            merged = told.tell(ContactMerged(into=told.contact), f"merged {told.contact}")
            yield Telling(subject=other, data=merged.data, at=merged.at, fact=merged.fact)


def _ticket_status(told: Told) -> Iterator[Telling]:
    """With ticketing a status, not the archive, says what became of it."""
    match told.conversation.status_category:
        case "resolved":
            yield from _archived(told)
        case "waiting":
            held = ContactHeld(agent=told.agent, waiting_for=WaitingFor.CUSTOMER)
            yield told.tell(held)
        case "open":
            yield told.tell(ContactResumed(agent=told.agent))
            yield from _reopened(told)
        case _:
            return  # A category of a later version: it means nothing to us yet.


def _on_phone(data: Callable[[str | None], Data]) -> "_Reader":
    """Read an event of a call, which names who is at the phone as source or as target."""

    def read(told: Told) -> Iterator[Telling]:
        is_target = sort_of(told.target) == "teammate"
        target = loose_identity(told.target.data, "$.target.data.id") if is_target else None
        yield told.tell(data(target or told.agent or told.owner), channel=Channel.PHONE)

    return read


def _called(told: Told) -> Iterator[Telling]:
    """A call begins: ours where a teammate is told to have begun it."""
    if told.agent:
        data: Data = AgentReplied(agent=told.agent, direction=Direction.OUTBOUND, reason=_ATTEMPT)
    else:
        data = ContactReceived(inferred=True)
    yield told.tell(data, channel=Channel.PHONE, owner=None if told.agent else told.owner)


_Reader = Callable[[Told], Iterator[Telling]]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "inbound": _inbound,
        "outbound": _outbound,
        "out_reply": _reply,
        "assign": _assigned,
        "unassign": _unassigned,
        "move": _moved,
        "archive": _archived,
        "reopen": _reopened,
        "restore": _reopened,
        "snooze": _snoozed,
        "reminder": _reminded,
        "trash": _trashed,
        "tag": _tagged,
        "conversations_merged": _merged,
        "ticket_status_update": _ticket_status,
        "call_started": _called,
        "call_connected": _on_phone(lambda agent: ContactAnswered(agent=agent)),
        "call_on_hold": _on_phone(lambda agent: ContactHeld(agent=agent)),
        "call_resumed": _on_phone(lambda agent: ContactResumed(agent=agent)),
        "call_transferred": _on_phone(lambda agent: ContactTransferred(agent=agent)),
        "call_missed": _on_phone(lambda _: ContactMissed()),
        "call_abandoned": _on_phone(lambda _: ContactAbandoned()),
    }
)
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "inbound_received": "inbound",
        "outbound_sent": "outbound",
        "assignee_changed": "assign",
        "conversation_archived": "archive",
        "conversation_deleted": "trash",
        "conversation_merged": "conversations_merged",
        "conversation_moved": "move",
        "conversation_reopened": "reopen",
        "conversation_restored": "restore",
        "conversation_snoozed": "snooze",
        "conversation_snooze_expired": "reminder",
        "snooze_expired": "reminder",
        "message_bounce_error": "sending_error",
        "message_delivery_failed": "sending_error",
        "new_comment_added": "comment",
        "tag_added": "tag",
        "tag_removed": "untag",
    }
)
"""What application webhooks call what rule webhooks have a shorter name for."""
_NARROWER: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "outbound": frozenset({"out_reply"}),
        "assign": frozenset({"unassign"}),
    }
)
"""What an envelope's name leaves open, and the event inside tells."""


def _told(types: tuple[type[Data], ...]) -> frozenset[str]:
    return frozenset(data.type for data in types)


_MEANINGS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "inbound": _told((ContactReceived, CustomerReplied, CustomerUpdated)),
        "outbound": _told((AgentReplied,)),
        "out_reply": _told((AgentReplied,)),
        "assign": _told((ContactTransferred,)),
        "unassign": _told((ContactTransferred,)),
        "move": _told((ContactTransferred,)),
        "archive": _told((ContactResolved,)),
        "reopen": _told((ContactReopened,)),
        "restore": _told((ContactReopened,)),
        "snooze": _told((ContactHeld, FollowupPromised)),
        "reminder": _told((ContactResumed,)),
        "trash": _told((ContactDiscarded,)),
        "tag": _told((ContactResolved, FollowupPromised, ContactDiscarded, CustomerUpdated)),
        "conversations_merged": _told((ContactMerged,)),
        "ticket_status_update": _told(
            (ContactResolved, ContactHeld, ContactResumed, ContactReopened)
        ),
        "call_started": _told((ContactReceived, AgentReplied)),
        "call_connected": _told((ContactAnswered,)),
        "call_on_hold": _told((ContactHeld,)),
        "call_resumed": _told((ContactResumed,)),
        "call_transferred": _told((ContactTransferred,)),
        "call_missed": _told((ContactMissed,)),
        "call_abandoned": _told((ContactAbandoned,)),
    }
)


def _opened(body: bytes) -> tuple[str, Event, bool]:
    """The event's plain name, the event, and whether it came in an application's envelope."""
    outer = read_json(EVENT, body)
    name = _NAMES.get(outer.type or "", outer.type or "")
    if bytes(outer.payload) == b"null" or name not in _READERS:
        return _exact(name, outer), outer, False
    inner = read_json(EVENT, outer.payload)
    told = _NAMES.get(inner.type or "", inner.type or "")
    if told in _NARROWER.get(name, ()):
        name = told
    return _exact(name, inner), inner, True


def _exact(name: str, event: Event) -> str:
    """Snoozing archives what a reminder brings back; an assignee that is gone was unassigned."""
    if name == "archive" and sort_of(event.source or Party()) == "reminder":
        return "snooze"
    owner = event.conversation.assignee if event.conversation else None
    has_target = event.target is not None and event.target.data is not None
    return "unassign" if name == "assign" and owner is None and not has_target else name


class Front(Adapter):
    """Mails and chats through Front."""

    kind: Final = "front"
    channel: Final = Channel.EMAIL
    tells: Final = frozenset[str]().union(*_MEANINGS.values())
    options: Final = frozenset(
        {"follow_up_tags", "turned_away", "discard_tags", "tier_tags", "bots"}
    )
    events: Mapping[str, frozenset[str]] = _MEANINGS

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Check the signature: with a time it is an application's, without one a rule's."""
        signature = delivery.headers.get(_SIGNATURE, "").strip()
        if not signature:
            raise BadSignature("X-Front-Signature is missing")
        signed_at = delivery.headers.get(_SIGNED_AT, "").strip()
        if signed_at:
            _check_fresh(signed_at, now)
            message, algorithm = signed_at.encode() + b":" + delivery.body, "sha256"
        else:
            message, algorithm = delivery.body, "sha1"
        expected = [hmac_base64(secret, message, algorithm) for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Front-Signature does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate what happened to a conversation; other events mean nothing."""
        name, event, in_envelope = _opened(delivery.body)
        conversation = event.conversation
        if name not in _READERS or (conversation and conversation.type in _INTERNAL):
            return ()
        told = Told(event, config)
        tellings = list(_READERS[name](told))
        if name != "tag" and config.discards(told.tags):
            tellings.append(told.tell(ContactDiscarded(reason="tag"), "tag"))
        event_id = needed(told.fact, "$.id")
        # Where both ways are set up, one tells what the other leaves out.
        return tell(delivery, config, event_id + ":preview" * in_envelope, tellings)

    def event_of(self, delivery: Delivery) -> str | None:
        """The event's plain name, by whichever webhook it comes."""
        try:
            return _opened(delivery.body)[0] or None
        except Unreadable:
            return None

    def answer(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """Echo the challenge of an application's set-up."""
        challenge = delivery.headers.get(_CHALLENGE, "")[:MAX_CHALLENGE]
        if not (challenge and challenge.isascii()):
            return None
        body = msgspec.json.encode({"challenge": challenge})
        return Reply(body=body, content_type="application/json")


def _check_fresh(text: str, now: datetime) -> None:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_MILLISECONDS_DIGITS):
        raise BadSignature("X-Front-Request-Timestamp is not a number of milliseconds")
    check_fresh(now.timestamp() - int(text) / 1000, TOLERANCE)


ADAPTER: Final = Front()
