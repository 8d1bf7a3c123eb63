"""Zammad: what the webhooks of its triggers mean.

A delivery holds a ticket and, where one was written, an article; it does not say what happened. An
article says so itself, a state of the ticket nearly: what follows from it is marked inferred. What a
trigger's name means, by configuration or because it is one of our own words, is told. Text is never
read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    Actor,
    AgentReplied,
    Channel,
    ContactAnswered,
    ContactDiscarded,
    ContactHeld,
    ContactReceived,
    ContactReopened,
    ContactResolved,
    ContactResumed,
    ContactTransferred,
    CustomerReplied,
    CustomerUpdated,
    Data,
    Direction,
    FollowupDone,
    FollowupPromised,
    Incoming,
    Outcome,
    WaitingFor,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable
from app.sources.reading import MAX_LISTED, MAX_NAME, identity, instant, unlike
from app.sources.signatures import hmac_sha1_hex, is_one_of
from app.sources.telling import Telling, stable_id, tell, tier_told
from app.sources.zammad.tickets import (
    NOBODY,
    SAID_BY_CHANNEL,
    Article,
    Told,
    User,
    read_body,
    state_of,
)

_SIGNATURE = "x-hub-signature"
_DELIVERY = "x-zammad-delivery"
_TRIGGER = "x-zammad-trigger"
_MAX_DELIVERY_ID = 128


def _is_first(told: Told, article: str | None) -> bool:
    """Whether it began the ticket: when it is sent again, more may have been written since."""
    listed = [each for each in (told.ticket.article_ids or ())[:MAX_LISTED] if each is not None]
    if listed:
        return identity(listed[0], "$.ticket.article_ids") == article
    return told.ticket.article_count in (1, "1")


def _by_customer(told: Told, article: Article) -> Data | None:
    if not _is_first(told, identity(article.id, "$.article.id")):
        return CustomerReplied()
    via = None if told.sort in SAID_BY_CHANNEL else told.sort[:MAX_NAME]
    return ContactReceived(via=via, organization=told.organization)


def _by_agent(told: Told, article: Article) -> Data | None:
    """What is written to the customer: a note reaches nobody, though she may find it."""
    if _sort_of(article) == "note":
        return None
    agent = identity(article.created_by_id, "$.article.created_by_id")
    author = article.created_by or User()
    is_first = _is_first(told, identity(article.id, "$.article.id"))
    direction = Direction.OUTBOUND if is_first else None
    if told.config.is_bot(agent, author.login, author.email):
        return AgentReplied(actor=Actor.BOT, direction=direction)
    return AgentReplied(agent=None if agent == NOBODY else agent, direction=direction)


def _by_system(told: Told, article: Article) -> Data | None:  # noqa: ARG001
    return None if _sort_of(article) == "note" else AgentReplied(actor=Actor.SYSTEM)


def _sort_of(article: Article) -> str:
    return (article.type or "").strip().lower()


_WRITERS: Final[Mapping[str, Callable[[Told, Article], Data | None]]] = MappingProxyType(
    {"customer": _by_customer, "agent": _by_agent, "system": _by_system}
)


def _written(told: Told) -> Iterator[Telling]:
    """What an article says that the customer can see."""
    article = told.article
    writer = (article.sender or "").strip().lower() if article else ""
    if article is None or article.internal in (True, "true") or writer not in _WRITERS:
        return
    data = _WRITERS[writer](told, article)
    if data is not None:
        at = instant(article.created_at, "$.article.created_at")
        owner = None if isinstance(data, AgentReplied) else told.owner
        yield told.tell(data, at, identity(article.id, "$.article.id"), owner)


def _answered(told: Told) -> Iterator[Telling]:
    """A call that was taken and then written down: who wrote it down had her on the phone."""
    article = told.article or Article()
    agent = identity(article.created_by_id, "$.article.created_by_id") or told.owner
    at = instant(article.created_at, "$.article.created_at") or told.updated_at
    yield told.tell(ContactAnswered(agent=agent), at, identity(article.id, "$.article.id"))


def _resolved(told: Told) -> Iterator[Telling]:
    """Closed: whatever is sent of one close has the same time, though the ticket changes later."""
    at = instant(told.ticket.last_close_at, "$.ticket.last_close_at") or told.updated_at
    outcome = Outcome.TURNED_AWAY if told.config.turns_away(told.tags) else Outcome.UNKNOWN
    resolved = ContactResolved(agent=told.by or told.owner, outcome=outcome)
    yield told.tell(resolved, at, at.isoformat() if at else None)


def _reopened(told: Told) -> Iterator[Telling]:
    """Open again, whether it was closed or pending before."""
    yield from _resumed(told)
    yield told.tell(ContactReopened(agent=told.by), told.updated_at, _moment(told))


def _resumed(told: Told) -> Iterator[Telling]:
    yield told.tell(ContactResumed(agent=told.by), told.updated_at, _moment(told))


def _moment(told: Told) -> str | None:
    return told.updated_at.isoformat() if told.updated_at else None


def _held(told: Told) -> Iterator[Telling]:
    """Pending: a reminder is ours, what is to be closed by itself waits for the customer."""
    due = instant(told.ticket.pending_time, "$.ticket.pending_time")
    is_ours = due is not None and told.state != _PENDING_CLOSE
    waiting_for = WaitingFor.US if is_ours else WaitingFor.CUSTOMER
    held = ContactHeld(agent=told.owner, waiting_for=waiting_for)
    yield told.tell(held, told.updated_at, _moment(told))
    if is_ours:
        yield from _promised(told)


def _promised(told: Told) -> Iterator[Telling]:
    due = instant(told.ticket.pending_time, "$.ticket.pending_time")
    if due is not None:
        promised = FollowupPromised(due=due, agent=told.owner)
        yield told.tell(promised, told.updated_at, due.isoformat())


def _kept(told: Told) -> Iterator[Telling]:
    yield told.tell(FollowupDone(agent=told.by or told.owner), told.updated_at, _moment(told))


def _given_to(told: Told) -> Iterator[Telling]:
    given = ContactTransferred(agent=told.owner, by=told.by)
    yield told.tell(given, told.updated_at, f"{_moment(told)} {told.owner}")


def _discarded(told: Told) -> Iterator[Telling]:
    reason = told.state if told.state in (_MERGED, _REMOVED) else "trigger"
    yield told.tell(ContactDiscarded(reason=reason), told.updated_at, reason)


_CLOSED, _PENDING_CLOSE, _MERGED, _REMOVED = "closed", "pending close", "merged", "removed"
_PENDING = "pending reminder"
_ARTICLES: Final = frozenset({ContactReceived.type, CustomerReplied.type, AgentReplied.type})
_MEANINGS: Final[Mapping[str, Callable[[Told], Iterator[Telling]]]] = MappingProxyType(
    {
        **dict.fromkeys(_ARTICLES, lambda _: iter(())),
        ContactAnswered.type: _answered,
        ContactResolved.type: _resolved,
        ContactReopened.type: _reopened,
        ContactResumed.type: _resumed,
        ContactHeld.type: _held,
        ContactTransferred.type: _given_to,
        ContactDiscarded.type: _discarded,
        FollowupPromised.type: _promised,
        FollowupDone.type: _kept,
    }
)
"""What a trigger may be said to mean; articles speak for themselves."""
_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        _CLOSED: ContactResolved.type,
        _PENDING: ContactHeld.type,
        _PENDING_CLOSE: ContactHeld.type,
        _MERGED: ContactDiscarded.type,
        _REMOVED: ContactDiscarded.type,
    }
)
"""What follows from a state that comes with Zammad; open and new follow from anything."""


def _meanings(told: Told, trigger: str) -> Iterator[tuple[str, bool]]:
    """What the trigger means, and what only follows from the state that the ticket is in."""
    names = told.config.events
    meaning = names.get(trigger) or (trigger if trigger in _MEANINGS else None)
    if meaning is not None:
        if meaning not in _MEANINGS:
            raise Unreadable(f"a ticket cannot tell {meaning}, which its trigger is said to mean")
        if meaning in _ARTICLES and told.article is None:
            raise Unreadable(f"expected an article because of {meaning} - at `$.article`")
        yield meaning, False
    follows = names.get(told.state) or _STATES.get(told.state) or ""
    if follows in _MEANINGS and follows != meaning:
        yield follows, True


def _tellings(told: Told, trigger: str) -> Iterator[Telling]:
    yield from _written(told)
    for meaning, inferred in _meanings(told, trigger):
        for each in _MEANINGS[meaning](told):
            data = msgspec.structs.replace(each.data, inferred=inferred)
            yield replace(each, data=data)
    if told.config.discards(told.tags):
        yield told.tell(ContactDiscarded(reason="tag"), told.updated_at, "tag")
    yield from tier_told(told.config, told.marks, told.aliases, told.updated_at)


def _trigger(delivery: Delivery) -> str:
    return delivery.headers.get(_TRIGGER, "").strip()


_BY_CUSTOMER, _BY_AGENT = "article by customer", "article by agent"
_IS_CLOSED, _IS_PENDING = f"state {_CLOSED}", f"state {_PENDING}"
_NAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        ContactResolved.type: _IS_CLOSED,
        ContactHeld.type: _IS_PENDING,
        _CLOSED: _IS_CLOSED,
        _MERGED: _IS_CLOSED,
        _REMOVED: _IS_CLOSED,
        _PENDING: _IS_PENDING,
        _PENDING_CLOSE: _IS_PENDING,
    }
)
"""What a delivery of such a meaning, or in such a state, is called."""
_BESIDE: Final = frozenset({*_ARTICLES, CustomerUpdated.type})
"""What any delivery may tell beside its event."""
_EVENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {name: _BESIDE | {name} for name in sorted(_MEANINGS.keys() - _ARTICLES - _NAMED.keys())}
    | {
        _BY_CUSTOMER: _BESIDE,
        _BY_AGENT: _BESIDE,
        _IS_CLOSED: _BESIDE | {ContactResolved.type, ContactDiscarded.type},
        _IS_PENDING: _BESIDE | {ContactHeld.type, FollowupPromised.type},
        ContactReopened.type: _BESIDE | {ContactReopened.type, ContactResumed.type},
    }
)


class Zammad(Adapter):
    """Tickets in Zammad."""

    kind: Final = "zammad"
    channel: Final = Channel.EMAIL
    tells: Final = frozenset({*_MEANINGS, CustomerUpdated.type})
    options: Final = frozenset(
        {"events", "bots", "turned_away", "discard_tags", "tier_tags", "unsigned", "token"}
    )
    events: Mapping[str, frozenset[str]] = _EVENTS

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - Zammad signs no time
        """Check the signature over the body."""
        signature = delivery.headers.get(_SIGNATURE, "").strip()
        if not signature.startswith("sha1="):
            raise BadSignature("X-Hub-Signature is missing or does not begin with sha1=")
        expected = [f"sha1={hmac_sha1_hex(secret, delivery.body)}" for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Hub-Signature does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate what an article, the trigger and the state tell."""
        body = read_body(delivery.body)
        if body.ticket is None:
            raise unlike("Zammad", "there is no $.ticket")
        told = Told(body, config)
        return tell(delivery, config, _delivery_id(delivery), _tellings(told, _trigger(delivery)))

    def event_of(self, delivery: Delivery) -> str | None:
        """What the delivery tells most: the trigger's meaning, the state, or who wrote."""
        try:
            body = read_body(delivery.body)
        except Unreadable:
            return None
        trigger = _trigger(delivery)
        if trigger in _MEANINGS and trigger not in _ARTICLES:
            return _NAMED.get(trigger, trigger)
        state = state_of(body.ticket) if body.ticket else ""
        writer = (body.article.sender or "").strip().lower() if body.article else ""
        written = {"customer": _BY_CUSTOMER, "agent": _BY_AGENT, "system": _BY_AGENT}
        return _NAMED.get(state) or written.get(writer)


def _delivery_id(delivery: Delivery) -> str:
    given = delivery.headers.get(_DELIVERY, "").strip()
    usable = 1 <= len(given) <= _MAX_DELIVERY_ID and given.isascii() and given.isprintable()
    return given if usable else stable_id(delivery.body)


ADAPTER: Final = Zammad()
