"""Intercom: what its webhooks about conversations, tickets, calls and people mean.

Conversations come in two shapes: as of 2019, and as of now. A delivery holds the part it is about,
and one part may come under several topics: a reply that also assigns is told as both. Times are
those of the parts. A signature covers the body and no time.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    Actor,
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Channel,
    ContactAnswered,
    ContactDiscarded,
    ContactHeld,
    ContactMissed,
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
    FollowupPromised,
    Incoming,
    Outcome,
    WaitingFor,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable
from app.sources.intercom.payload import Item, Part, Parts, Tag, TicketState, names_of
from app.sources.intercom.people import PEOPLE, About
from app.sources.intercom.thread import Thread
from app.sources.reading import Id, Moment, identity, instant, later, read_json, unlike
from app.sources.signatures import hmac_sha1_hex, is_one_of
from app.sources.telling import Telling, stable_id, tell

SIGNATURE = "x-hub-signature"
_SCHEME = "sha1="


class _Named(msgspec.Struct, frozen=True):
    topic: str | None = None


class _Holder(msgspec.Struct, frozen=True):
    item: msgspec.Raw = msgspec.Raw(b"{}")


class _Envelope(msgspec.Struct, frozen=True):
    id: Id = None
    topic: str | None = None
    created_at: Moment = None
    data: _Holder | None = None


class _Wrapped(msgspec.Struct, frozen=True):
    """A ticket inside another thing, perhaps beside the part that is new."""

    ticket: Item | None = None
    ticket_part: Part | None = None


class _Tagged(msgspec.Struct, frozen=True):
    """A conversation beside the tag that is new."""

    conversation: Item | None = None
    tag: Tag | None = None


_NAMED = msgspec.json.Decoder(_Named)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ITEM = msgspec.json.Decoder(Item)
_WRAPPED = msgspec.json.Decoder(_Wrapped)
_TAGGED = msgspec.json.Decoder(_Tagged)


def _created(thread: Thread) -> Iterator[Telling]:
    yield from thread.opened()


def _created_by_us(thread: Thread) -> Iterator[Telling]:
    yield from thread.opened_by_us()


def _customer_replied(thread: Thread) -> Iterator[Telling]:
    yield from thread.customer_replied()


def _replied(thread: Thread) -> Iterator[Telling]:
    yield from thread.replied(thread.newest_words(by_customer=False))


def _machine_replied(thread: Thread) -> Iterator[Telling]:
    part = thread.newest_words(by_customer=False)
    actor = thread.actor(part)
    machine = Actor.BOT if actor is Actor.HUMAN else actor
    yield thread.of_part(AgentReplied(actor=machine), part)


def _assigned(thread: Thread) -> Iterator[Telling]:
    part = thread.newest()
    yield from thread.given_to(part)
    if part.part_type == "assign_and_reopen":
        yield thread.of_part(ContactReopened(agent=thread.by(part)), part)
    elif part.part_type == "assign_and_unsnooze":
        yield thread.of_part(ContactResumed(agent=thread.by(part)), part)


def _assigned_open(thread: Thread) -> Iterator[Telling]:
    """A reply that assigns an open conversation comes under no other topic."""
    yield from thread.said_with(thread.newest())
    yield from _assigned(thread)


def _snoozed(thread: Thread) -> Iterator[Telling]:
    part = thread.newest("snoozed")
    agent = thread.by(part)
    due = instant(thread.item.snoozed_until, "$.data.item.snoozed_until")
    # Without a date it sleeps until the customer writes again.
    waiting_for = WaitingFor.US if due else WaitingFor.CUSTOMER
    yield from thread.said_with(part)
    yield thread.of_part(ContactHeld(agent=agent, waiting_for=waiting_for), part)
    if due:
        yield thread.of_part(FollowupPromised(due=due, agent=agent), part)


def _unsnoozed(thread: Thread) -> Iterator[Telling]:
    part = thread.newest("unsnoozed", "timer_unsnoozed")
    yield thread.of_part(ContactResumed(agent=thread.by(part)), part)


def _closed(thread: Thread) -> Iterator[Telling]:
    part = thread.newest("close")
    yield from thread.said_with(part)
    yield from thread.resolved(part)


def _opened(thread: Thread) -> Iterator[Telling]:
    part = thread.newest("open")
    yield from thread.said_with(part)
    yield thread.of_part(ContactReopened(agent=thread.by(part)), part)


def _rated(thread: Thread) -> Iterator[Telling]:
    yield from thread.rated()


def _deleted(thread: Thread) -> Iterator[Telling]:
    yield thread.tell(ContactDiscarded(reason="deleted"), thread.sent_at, "deleted")


def _tagged(thread: Thread, tags: tuple[str, ...]) -> Iterator[Telling]:
    """Tags may say that she was turned away, that it never counts, or when she hears from us."""
    yield from thread.discarded(tags)
    at = thread.sent_at
    if thread.config.turns_away(tags) and thread.is_over:
        away = ContactResolved(agent=thread.agent, outcome=Outcome.TURNED_AWAY)
        yield thread.tell(away, at, Outcome.TURNED_AWAY)
    for tag in tags:
        span = thread.config.follow_up_tags.get(tag)
        if span and at:
            due = later(at, span, "$.data.item.tags")
            promised = FollowupPromised(due=due, agent=thread.agent, inferred=True)
            yield thread.tell(promised, at, f"{at.isoformat()} {tag}")


_CATEGORIES: Final = frozenset({"submitted", "in_progress", "waiting_on_customer", "resolved"})
_STATE_PARTS: Final = (
    "ticket_state_updated_by_admin",
    "ticket_state_updated",
    "ticket_state_updated_by_user",
    "ticket_state_updated_by_workflow",
)


def _state_changed(thread: Thread) -> Iterator[Telling]:
    """A ticket's state, if it really changed: the part says from which one."""
    part = _state_part(thread)
    if part is None:
        return
    before = _category(part.previous_ticket_state)
    after = _category(part.ticket_state) or _category(thread.item.ticket_state)
    if after == before:
        return
    match after:
        case "resolved":
            yield from thread.resolved(part)
        case "waiting_on_customer":
            held = ContactHeld(agent=thread.by(part), waiting_for=WaitingFor.CUSTOMER)
            yield thread.of_part(held, part)
        case "submitted" | "in_progress" if before == "waiting_on_customer":
            yield thread.of_part(ContactResumed(agent=thread.by(part)), part)
        case "submitted" | "in_progress" if before == "resolved":
            yield thread.of_part(ContactReopened(agent=thread.by(part)), part)
        case _:
            return


def _state_part(thread: Thread) -> Part | None:
    told = (part for part in reversed(thread.item.parts) if part.ticket_state is not None)
    return next(told, None)


def _category(state: TicketState | str | None) -> str | None:
    told = state.category if isinstance(state, TicketState) else state
    return told if told in _CATEGORIES else None


def _ticket_over(thread: Thread) -> Iterator[Telling]:
    part = thread.newest("close", *_STATE_PARTS)
    yield from thread.resolved(part)


_CONVERSATIONS: Final[Mapping[str, Callable[[Thread], Iterator[Telling]]]] = MappingProxyType(
    {
        "conversation.user.created": _created,
        "conversation.user.replied": _customer_replied,
        "conversation.admin.replied": _replied,
        "conversation.admin.replied.translated": _replied,
        "conversation.operator.replied": _machine_replied,
        "conversation.admin.single.created": _created_by_us,
        "conversation.admin.assigned": _assigned,
        "conversation.admin.open.assigned": _assigned_open,
        "conversation.admin.snoozed": _snoozed,
        "conversation.admin.unsnoozed": _unsnoozed,
        "conversation.admin.closed": _closed,
        "conversation.admin.opened": _opened,
        "conversation.rating.added": _rated,
        "conversation.deleted": _deleted,
    }
)
_TICKETS: Final[Mapping[str, Callable[[Thread], Iterator[Telling]]]] = MappingProxyType(
    {
        "ticket.created": _created,
        "ticket.contact.replied": _customer_replied,
        "ticket.admin.replied": _replied,
        "ticket.admin.replied.translated": _replied,
        "ticket.admin.assigned": _assigned,
        "ticket.team.assigned": _assigned,
        "ticket.state.updated": _state_changed,
        "ticket.resolved": _ticket_over,
        "ticket.closed": _ticket_over,
        "ticket.rating.provided": _rated,
    }
)
_TAG: Final = "conversation_part.tag.created"
_OF_OLD: Final = frozenset({"contact.added_email", "contact.tag.created", "user.tag.created"})
"""Topics that nobody can choose any more, but old apps still send."""
_BELIEVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contact.email.updated": CustomerUpdated.type,
        "contact.lead.added_email": CustomerUpdated.type,
        "contact.added_email": CustomerUpdated.type,
        "contact.merged": CustomerMerged.type,
    }
)
"""Who is who is taken from a topic only where the source's ``events`` give it this meaning."""
_ENDINGS: Final = (ContactResolved, ContactDiscarded)
_STAFF: Final = (AgentAvailable, AgentUnavailable)
_TOLD: Final[Mapping[str, tuple[type[Data], ...]]] = MappingProxyType(
    {
        "conversation.user.created": (ContactReceived,),
        "conversation.user.replied": (CustomerReplied,),
        "conversation.admin.replied": (AgentReplied,),
        "conversation.admin.replied.translated": (AgentReplied,),
        "conversation.operator.replied": (AgentReplied,),
        "conversation.admin.single.created": (AgentReplied,),
        "conversation.admin.assigned": (ContactTransferred, ContactReopened, ContactResumed),
        "conversation.admin.open.assigned": (AgentReplied, ContactTransferred),
        "conversation.admin.snoozed": (ContactHeld, FollowupPromised, AgentReplied),
        "conversation.admin.unsnoozed": (ContactResumed,),
        "conversation.admin.closed": (*_ENDINGS, AgentReplied),
        "conversation.admin.opened": (ContactReopened, AgentReplied),
        "conversation.rating.added": (CustomerRated,),
        "conversation.deleted": (ContactDiscarded,),
        _TAG: (*_ENDINGS, FollowupPromised),
        "ticket.created": (ContactReceived,),
        "ticket.contact.replied": (CustomerReplied,),
        "ticket.admin.replied": (AgentReplied,),
        "ticket.admin.replied.translated": (AgentReplied,),
        "ticket.admin.assigned": (ContactTransferred,),
        "ticket.team.assigned": (ContactTransferred,),
        "ticket.state.updated": (*_ENDINGS, ContactHeld, ContactResumed, ContactReopened),
        "ticket.resolved": _ENDINGS,
        "ticket.closed": _ENDINGS,
        "ticket.rating.provided": (CustomerRated,),
        "call.started": (ContactReceived, AgentReplied, ContactAnswered, WorkStarted),
        "call.ended": (
            *(ContactResolved, WorkEnded, ContactAnswered, WorkStarted),
            *(ContactMissed, CustomerReplied),
        ),
        "admin.away_mode_updated": _STAFF,
        "admin.logged_in": _STAFF,
        "admin.logged_out": (AgentUnavailable,),
        "admin.removed_from_workspace": (AgentUnavailable,),
        "admin.activity_log_event.created": _STAFF,
        "contact.merged": (CustomerMerged,),
        **{
            topic: (CustomerUpdated,)
            for topic in PEOPLE
            if topic.startswith(("contact.", "company.")) and topic != "contact.merged"
            if topic not in _OF_OLD
        },
    }
)


class Intercom(Adapter):
    """Chats, mails, tickets and calls through Intercom."""

    kind: Final = "intercom"
    channel: Final = Channel.CHAT
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {name: frozenset(data.type for data in told) for name, told in _TOLD.items()}
    )
    tells: Final = frozenset().union(*events.values()) - {CustomerMerged.type}
    options: Final = frozenset(
        {"bots", "discard_tags", "events", "follow_up_tags", "region", "tier_tags", "turned_away"}
    )

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """Which contacts are one customer is said only where it is believed."""
        return self.tells | (frozenset(config.events.values()) & {CustomerMerged.type})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - Intercom signs no time
        """Check the signature over the body; the secret is the client secret of the app."""
        signature = delivery.headers.get(SIGNATURE, "").strip()
        if not signature.startswith(_SCHEME):
            raise BadSignature("X-Hub-Signature is missing or does not begin with sha1=")
        expected = [_SCHEME + hmac_sha1_hex(secret, delivery.body) for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Hub-Signature does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate what is about contacts and people; other topics, and a ping, mean nothing."""
        topic = read_json(_NAMED, delivery.body).topic
        if not topic:
            raise unlike("Intercom", "there is no $.topic")
        if topic not in self.events and topic not in _OF_OLD:
            return ()
        envelope = read_json(_ENVELOPE, delivery.body)
        about = About(
            item=(envelope.data or _Holder()).item,
            config=config,
            sent_at=instant(envelope.created_at, "$.created_at"),
        )
        delivery_id = identity(envelope.id, "$.id") or stable_id(delivery.body)
        return tell(delivery, config, delivery_id, _tellings(topic, about))

    def event_of(self, delivery: Delivery) -> str | None:
        """The topic."""
        try:
            return read_json(_NAMED, delivery.body).topic or None
        except Unreadable:
            return None


def _tellings(topic: str, about: About) -> Iterator[Telling]:
    if topic in _CONVERSATIONS:
        return _CONVERSATIONS[topic](_thread(read_json(_ITEM, about.item), about))
    if topic in _TICKETS:
        return _of_ticket(topic, about)
    if topic == _TAG:
        told = read_json(_TAGGED, about.item)
        item = told.conversation or read_json(_ITEM, about.item)
        return _tagged(_thread(item, about), names_of(told.tag) or names_of(item.tags_added))
    if topic in _BELIEVED and about.config.events.get(topic) != _BELIEVED[topic]:
        return iter(())
    return PEOPLE[topic](about)


def _of_ticket(topic: str, about: About) -> Iterator[Telling]:
    """A ticket may stand inside with the part that is new beside it; none of ours counts."""
    wrapped = read_json(_WRAPPED, about.item)
    ticket = wrapped.ticket or read_json(_ITEM, about.item)
    if ticket.is_internal:
        return iter(())
    if wrapped.ticket_part is not None:
        newest = Parts(ticket_parts=(wrapped.ticket_part,))
        ticket = msgspec.structs.replace(ticket, ticket_parts=newest)
    return _TICKETS[topic](_thread(ticket, about))


def _thread(item: Item, about: About) -> Thread:
    return Thread(item, about.config, about.sent_at)


ADAPTER: Final = Intercom()
