"""Zendesk: what its event subscriptions, and triggers with our own body, mean.

An event holds the ticket as it was just then. The same comment opens a new ticket and is told as a
comment too; one action of somebody may change the group and the agent, told apart but in one
sequence: either is one fact. Nothing promises an order, and what is sent again keeps its id.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
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
    ContactDeclined,
    ContactDiscarded,
    ContactHeld,
    ContactMerged,
    ContactOffered,
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
    FollowupCancelled,
    FollowupDone,
    FollowupMoved,
    FollowupPromised,
    Incoming,
    WaitingFor,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable
from app.sources.reading import identity, instant, later, needed, read_json, unlike, vendor_id
from app.sources.signatures import hmac_base64, is_one_of
from app.sources.telling import Telling, stable_id, tell
from app.sources.zendesk import people as zendesk_people
from app.sources.zendesk import trigger as zendesk_trigger
from app.sources.zendesk.payload import (
    Comment,
    Event,
    Named,
    Notice,
    Person,
    loose,
    moment,
    somebody,
    words,
)
from app.sources.zendesk.ticket import Ticket
from app.sources.zendesk.trigger import score_of

SIGNATURE = "x-zendesk-webhook-signature"
SIGNED_AT = "x-zendesk-webhook-signature-timestamp"
INVOCATION = "x-zendesk-webhook-invocation-id"
_MAX_SIGNED_AT = 64
_DELETED = "deleted"
_BOT = "answerbot"
_NAMED = msgspec.json.Decoder(Named)
_NOTICE = msgspec.json.Decoder(Notice)


def _created(ticket: Ticket, _: Event) -> Iterator[Telling]:
    yield ticket.opening()
    yield from ticket.spoken()
    yield from ticket.discarded(ticket.tags)
    yield from ticket.tiers()


def _commented(ticket: Ticket, event: Event) -> Iterator[Telling]:
    comment = event.comment
    if comment is None:
        raise Unreadable("expected a comment - at `$.event.comment`")
    if comment.is_public is False:
        return
    author = comment.author or Person()
    written_by = author.id if author.id is not None else comment.author_id
    author_id = somebody(written_by, "$.event.comment.author.id")
    fact = identity(comment.id, "$.event.comment.id") or ticket.now
    if written_by is not None and author_id is None:
        yield ticket.tell(AgentReplied(actor=Actor.SYSTEM), fact)
    elif ticket.is_ours(author, author_id):
        actor = ticket.actor(author, author_id)
        agent = author_id if actor is Actor.HUMAN else None
        yield ticket.tell(AgentReplied(agent=agent, actor=actor), fact)
    else:
        writer = vendor_id(author_id, "$.event.comment.author.id")
        if ticket.is_new:
            yield ticket.opening(writer)
        else:
            yield ticket.tell(CustomerReplied(), fact, owner=ticket.agent, writer=writer)


def _message_added(ticket: Ticket, event: Event) -> Iterator[Telling]:
    actor, message = event.actor or Person(), event.message or Comment()
    by = somebody(actor.id, "$.event.actor.id")
    fact = identity(message.id, "$.event.message.id") or ticket.now
    if actor.type == "end_user":
        said = CustomerReplied(channel=Channel.CHAT)
        yield ticket.tell(said, fact, owner=ticket.agent, writer=vendor_id(by, "$.event.actor.id"))
        return
    replied = AgentReplied(channel=Channel.CHAT, actor=Actor.SYSTEM)
    if _BOT in (by or "").lower() or ticket.config.is_bot(by, actor.name):
        replied = AgentReplied(channel=Channel.CHAT, actor=Actor.BOT)
    elif actor.type == "agent":
        replied = AgentReplied(channel=Channel.CHAT, agent=by)
    yield ticket.tell(replied, fact)


def _given_to(ticket: Ticket, event: Event) -> Iterator[Telling]:
    before, after = _change(event)
    if before != after:
        transferred = ContactTransferred(agent=after, from_agent=before)
        yield ticket.tell(transferred, _action(ticket, event))


def _moved_to(ticket: Ticket, event: Event) -> Iterator[Telling]:
    before, after = _change(event)
    if before != after:
        transferred = ContactTransferred(agent=ticket.agent, team=after, from_team=before)
        yield ticket.tell(transferred, _action(ticket, event))


def _change(event: Event) -> tuple[str | None, str | None]:
    return loose(event.previous, "$.event.previous"), loose(event.current, "$.event.current")


def _action(ticket: Ticket, event: Event) -> str | None:
    """What somebody did at once: several events may come of it."""
    sequence = event.meta.sequence if event.meta else None
    told = identity(sequence.id, "$.event.meta.sequence.id") if sequence else None
    return told or ticket.now


_OVER: Final = frozenset({"SOLVED", "CLOSED"})
_HELD: Final = MappingProxyType(
    {
        "PENDING": WaitingFor.CUSTOMER,
        "HOLD": WaitingFor.THIRD_PARTY,
        "ON-HOLD": WaitingFor.THIRD_PARTY,
        "ON_HOLD": WaitingFor.THIRD_PARTY,
    }
)


def _status_changed(ticket: Ticket, event: Event) -> Iterator[Telling]:
    before, after = ((told or "").upper() for told in _change(event))
    if before == after:
        return
    match after:
        case "NEW" | "OPEN":
            yield from _open_again(ticket, before)
        case "PENDING" | "HOLD" | "ON-HOLD" | "ON_HOLD":
            held = ContactHeld(agent=ticket.agent, waiting_for=_HELD[after])
            yield ticket.tell(held, ticket.now)
            if before in _OVER and held.waiting_for is not WaitingFor.CUSTOMER:
                yield ticket.tell(ContactReopened(agent=ticket.agent), ticket.now)
        case "SOLVED":
            yield from ticket.resolved()
        case "CLOSED" if before not in ("", "SOLVED"):
            yield from ticket.resolved()  # Closed at once, by a rule; else it was over already.
        case "DELETED":
            yield ticket.tell(ContactDiscarded(reason=_DELETED), _DELETED)
        case _:
            return


def _open_again(ticket: Ticket, before: str) -> Iterator[Telling]:
    if before in _HELD:
        yield ticket.tell(ContactResumed(agent=ticket.agent), ticket.now)
    elif before in _OVER:
        yield ticket.tell(ContactReopened(agent=ticket.agent), ticket.now)


def _merged(ticket: Ticket, event: Event) -> Iterator[Telling]:
    target = event.target_ticket_id
    into = somebody(target, "$.event.target_ticket_id") or loose(event.current, "$.event.current")
    into = needed(into, "$.event.target_ticket_id")
    yield ticket.tell(ContactMerged(into=into), into)


def _spam(ticket: Ticket, _: Event) -> Iterator[Telling]:
    yield ticket.tell(ContactDiscarded(reason="spam"), "spam")


def _deleted(ticket: Ticket, _: Event) -> Iterator[Telling]:
    yield ticket.tell(ContactDiscarded(reason=_DELETED), _DELETED)


def _undeleted(ticket: Ticket, _: Event) -> Iterator[Telling]:
    yield ticket.tell(ContactReopened(agent=ticket.agent), ticket.now)


def _tagged(ticket: Ticket, event: Event) -> Iterator[Telling]:
    """Tags may say that she was turned away, that it never counts, or when she hears from us."""
    added = words(event.tags_added) or words(event.added.tags if event.added else None)
    yield from ticket.discarded(added)
    if ticket.config.turns_away(added):
        yield from ticket.resolved(by_tag=True)
    for tag in added:
        if span := _promised_by(ticket, tag):
            due = later(ticket.at or ticket.received_at, span, "$.event.tags_added")
            promised = FollowupPromised(due=due, agent=ticket.agent, inferred=True)
            yield ticket.tell(promised, f"{ticket.now or ''} {tag}")
    for tag in words(event.tags_removed):
        if _promised_by(ticket, tag):
            done = FollowupDone(agent=ticket.agent, inferred=True)
            yield ticket.tell(done, f"{ticket.now or ''} {tag}")
    yield from ticket.tiers()


def _promised_by(ticket: Ticket, tag: str) -> timedelta | None:
    return ticket.config.follow_up_tags.get(tag)


def _due_changed(ticket: Ticket, event: Event) -> Iterator[Telling]:
    """The due date of a task is when it was promised; without one it no longer is."""
    before = instant(moment(event.previous, "$.event.previous"), "$.event.previous")
    due = instant(moment(event.current, "$.event.current"), "$.event.current")
    if due is None:
        if before is not None:
            yield ticket.tell(FollowupCancelled(), ticket.now)
    elif before is None:
        yield ticket.tell(FollowupPromised(due=due, agent=ticket.agent), ticket.now)
    elif before != due:
        yield ticket.tell(FollowupMoved(due=due, agent=ticket.agent), ticket.now)


def _rated(ticket: Ticket, event: Event) -> Iterator[Telling]:
    told = (event.score, event.rating, event.current)
    found = next(filter(None, map(score_of, told)), None)
    if found:
        score, scale = found
        rated = CustomerRated(score=score, scale=scale, agent=ticket.agent)
        yield ticket.tell(rated, f"{score:g} of {scale:g}")


def _who(ticket: Ticket, _: Event) -> Iterator[Telling]:
    yield from ticket.tiers()


_TICKETS: Final[Mapping[str, Callable[[Ticket, Event], Iterator[Telling]]]] = MappingProxyType(
    {
        "ticket.created": _created,
        "ticket.comment_added": _commented,
        "messaging_ticket.message_added": _message_added,
        "ticket.agent_assignment_changed": _given_to,
        "ticket.group_assignment_changed": _moved_to,
        "ticket.status_changed": _status_changed,
        "ticket.merged": _merged,
        "ticket.marked_as_spam": _spam,
        "ticket.soft_deleted": _deleted,
        "ticket.permanently_deleted": _deleted,
        "ticket.undeleted": _undeleted,
        "ticket.tags_changed": _tagged,
        "ticket.task_due_at_changed": _due_changed,
        "ticket.csat_received": _rated,
        "ticket.requester_changed": _who,
        "ticket.organization_changed": _who,
    }
)
_TOLD: Final[Mapping[str, tuple[type[Data], ...]]] = {
    "ticket.created": (
        ContactReceived, ContactAnswered, CustomerReplied, ContactDiscarded, CustomerUpdated,
    ),
    "ticket.comment_added": (ContactReceived, CustomerReplied, AgentReplied),
    "messaging_ticket.message_added": (CustomerReplied, AgentReplied),
    "ticket.agent_assignment_changed": (ContactTransferred,),
    "ticket.group_assignment_changed": (ContactTransferred,),
    "ticket.status_changed": (
        ContactResolved, ContactReopened, ContactHeld, ContactResumed, ContactDiscarded,
    ),
    "ticket.merged": (ContactMerged,),
    "ticket.marked_as_spam": (ContactDiscarded,),
    "ticket.soft_deleted": (ContactDiscarded,),
    "ticket.permanently_deleted": (ContactDiscarded,),
    "ticket.undeleted": (ContactReopened,),
    "ticket.tags_changed": (
        ContactDiscarded, ContactResolved, CustomerUpdated, FollowupDone, FollowupPromised,
    ),
    "ticket.task_due_at_changed": (FollowupCancelled, FollowupMoved, FollowupPromised),
    "ticket.csat_received": (CustomerRated,),
    "ticket.requester_changed": (CustomerUpdated,),
    "ticket.organization_changed": (CustomerUpdated,),
    "user.created": (CustomerUpdated,),
    "user.identity_created": (CustomerUpdated,),
    "user.identity_changed": (CustomerUpdated,),
    "user.tags_changed": (CustomerUpdated,),
    "user.organization_membership_created": (CustomerUpdated,),
    "user.merged": (CustomerMerged,),
    "agent.unified_state_changed": (AgentAvailable, AgentUnavailable),
    "agent.work_item_added": (ContactOffered, ContactDeclined),
    "agent.work_item_updated": (ContactOffered, ContactDeclined),
    "trigger customer.rated": (CustomerRated,),
    "trigger contact.discarded": (ContactDiscarded,),
    "trigger contact.resolved": (ContactResolved,),
    "trigger followup.promised": (FollowupPromised,),
    "trigger followup.moved": (FollowupMoved,),
    "trigger followup.done": (FollowupDone,),
    "trigger followup.cancelled": (FollowupCancelled,),
}  # fmt: skip


class Zendesk(Adapter):
    """Tickets of all ways in through Zendesk."""

    kind: Final = "zendesk"
    channel: Final = Channel.EMAIL
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {name: frozenset(data.type for data in told) for name, told in _TOLD.items()}
    )
    tells: Final = frozenset().union(*events.values()) - {CustomerMerged.type}
    options: Final = frozenset(
        {
            *("bots", "discard_tags", "events", "follow_up_tags"),
            *("region", "staff", "tier_tags", "turned_away"),
        }
    )

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """Which users are one customer is said only where it is believed."""
        return self.tells | (frozenset(config.events.values()) & {CustomerMerged.type})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - no window is documented, and what failed is sent again
        """Check the signature over the time of signing and the body."""
        signature = delivery.headers.get(SIGNATURE, "").strip()
        signed_at = delivery.headers.get(SIGNED_AT, "").strip()
        if not signature:
            raise BadSignature("X-Zendesk-Webhook-Signature is missing")
        if not 0 < len(signed_at) <= _MAX_SIGNED_AT:
            raise BadSignature("X-Zendesk-Webhook-Signature-Timestamp is missing or too long")
        message = signed_at.encode() + delivery.body
        expected = [hmac_base64(secret, message, "sha256") for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Zendesk-Webhook-Signature does not match the time and the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate tickets, users, agents and our own body; other events mean nothing."""
        if not delivery.body.strip():
            return ()  # Triggers may call without a body.
        named = read_json(_NAMED, delivery.body)
        if named.evenhand is not None:
            return _from_trigger(delivery, config)
        if not named.name:
            raise unlike("Zendesk", "there is no $.type, and no $.evenhand of a trigger")
        if named.name not in self.events:
            return ()
        notice = read_json(_NOTICE, delivery.body)
        event = notice.event or Event()
        if named.name in _TICKETS:
            tellings = _TICKETS[named.name](Ticket(notice, config, delivery.received_at), event)
        else:
            tellings = zendesk_people.told(notice, event, config)
        delivery_id = identity(notice.id, "$.id") or stable_id(delivery.body)
        return tell(delivery, config, delivery_id, tellings)

    def event_of(self, delivery: Delivery) -> str | None:
        """The type without its prefix; of a trigger, what its body says."""
        try:
            named = read_json(_NAMED, delivery.body)
        except Unreadable:
            return None
        return f"trigger {named.evenhand}" if named.evenhand else named.name or None


def _from_trigger(delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
    told = zendesk_trigger.told(delivery, config)
    known = [] if told.has_time else [delivery.headers.get(INVOCATION, "")]
    delivery_id = stable_id("trigger", *known, delivery.body)
    return tell(delivery, config, delivery_id, told.tellings)


ADAPTER: Final = Zendesk()
