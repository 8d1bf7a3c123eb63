"""Help Scout: what its webhooks about conversations mean.

A delivery names its event in a header alone, and holds the conversation as it is when it is sent, so
that the event, not the status in the body, says what happened. There is no id of a delivery, and some
words in the body are those of the moment: what the event is about makes the id. Text is never read.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import (
    Actor,
    AgentReplied,
    Alias,
    Channel,
    ContactDiscarded,
    ContactHeld,
    ContactReceived,
    ContactReopened,
    ContactResolved,
    ContactTransferred,
    CustomerRated,
    CustomerReplied,
    CustomerUpdated,
    Data,
    Direction,
    Incoming,
    Outcome,
    WaitingFor,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, SourceConfig, Unreadable, gives
from app.sources.reading import (
    MAX_LISTED,
    Id,
    Moment,
    email,
    identity,
    instant,
    known_as,
    needed,
    phone,
    read_json,
    unlike,
    vendor_id,
    words,
)
from app.sources.signatures import hmac_base64, is_one_of
from app.sources.telling import Telling, stable_id, tell, tier_told

EVENT = "x-helpscout-event"
SIGNATURE = "x-helpscout-signature"
_CHANNELS: Final = MappingProxyType({"chat": Channel.CHAT, "phone": Channel.PHONE})
_RATINGS: Final = MappingProxyType(
    {"great": 3.0, "okay": 2.0, "ok": 2.0, "not_good": 1.0, "not good": 1.0, "bad": 1.0}
)
_RATING_SCALE = 3.0
_WITHOUT_AGENT = (ContactReceived, CustomerReplied)
"""What a customer does has no agent of its own: told with it is who has the conversation."""
_MACHINE = "system_user"
_OURS = frozenset({"user", _MACHINE})
"""How Help Scout calls one of us, and a machine of its own."""
_AMONG_US = frozenset({"note", "lineitem", "forwardparent", "forwardchild"})
"""Types of threads that no customer sees."""


class _Address(msgspec.Struct, frozen=True, gc=False):
    value: str | None = None


class _Person(msgspec.Struct, frozen=True):
    id: Id = None
    type: str | None = None
    email: str | None = None
    emails: tuple[_Address, ...] | None = None
    phone: str | None = None

    @property
    def address(self) -> str | None:
        """The address, or the first of several."""
        return self.email or next((each.value for each in self.emails or ()), None)


class _Mailbox(msgspec.Struct, frozen=True, gc=False):
    id: Id = None


class _Thread(msgspec.Struct, frozen=True):
    id: Id = None
    type: str | None = None
    state: str | None = None
    created_by: _Person | None = msgspec.field(name="createdBy", default=None)
    created_at: Moment = msgspec.field(name="createdAt", default=None)


class _Embedded(msgspec.Struct, frozen=True):
    threads: tuple[_Thread, ...] | None = None


class _Conversation(msgspec.Struct, frozen=True):
    """A conversation; ``owner``, ``mailbox``, ``customer`` and ``threads`` are of version 1."""

    id: Id = None
    type: str | None = None
    status: str | None = None
    mailbox_id: Id = msgspec.field(name="mailboxId", default=None)
    mailbox: _Mailbox | None = None
    assignee: _Person | None = None
    owner: _Person | None = None
    created_by: _Person | None = msgspec.field(name="createdBy", default=None)
    created_at: Moment = msgspec.field(name="createdAt", default=None)
    closed_by: _Person | Id = msgspec.field(name="closedBy", default=None)
    closed_at: Moment = msgspec.field(name="closedAt", default=None)
    user_updated_at: Moment = msgspec.field(name="userUpdatedAt", default=None)
    modified_at: Moment = msgspec.field(name="modifiedAt", default=None)
    primary_customer: _Person | None = msgspec.field(name="primaryCustomer", default=None)
    customer: _Person | None = None
    tags: Any = None
    threads: tuple[_Thread, ...] | int | None = None
    embedded: _Embedded | None = msgspec.field(name="_embedded", default=None)

    @property
    def told_threads(self) -> tuple[_Thread, ...]:
        """Its threads; where they stand elsewhere, or nowhere, only their number is here."""
        listed = self.embedded.threads if self.embedded else None
        told = self.threads if isinstance(self.threads, tuple) else ()
        return (listed or told)[:MAX_LISTED]


class _Rating(msgspec.Struct, frozen=True):
    id: Id = None
    conversation: Id = msgspec.field(name="conversationId", default=None)
    ticket: Id = msgspec.field(name="ticketId", default=None)
    mailbox_id: Id = msgspec.field(name="mailboxId", default=None)
    mailbox: _Mailbox | None = None
    rating: str | None = None
    user: _Person | None = None
    customer: _Person | None = None
    created_at: Moment = msgspec.field(name="createdAt", default=None)


_CONVERSATION = msgspec.json.Decoder(_Conversation)
_RATING = msgspec.json.Decoder(_Rating)


def _id_of(told: _Person | _Mailbox | None, path: str) -> str | None:
    return identity(told.id, path) if told else None


class _Told:
    """A conversation as one delivery tells it."""

    def __init__(self, conversation: _Conversation, config: SourceConfig) -> None:
        self.conversation = conversation
        self.contact = needed(identity(conversation.id, "$.id"), "$.id")
        self.owner = _id_of(conversation.assignee or conversation.owner, "$.assignee.id")
        self.at = instant(conversation.user_updated_at, "$.userUpdatedAt") or instant(
            conversation.modified_at, "$.modifiedAt"
        )
        self._config = config

    @property
    def is_turned_away(self) -> bool:
        """Whether a tag says that the customer was turned away."""
        return self._config.turns_away(words(self.conversation.tags))

    def of_tags(self) -> Iterator[Telling]:
        """What the tags say beside what happened: that it never counts, and who she is."""
        tags = words(self.conversation.tags)
        if self._config.discards(tags):
            yield self.tell(ContactDiscarded(reason="tag"), self.at, "discarded")
        yield from tier_told(self._config, tags, self.aliases, self.at)

    def is_bot(self, person: _Person | None) -> bool:
        """Whether a machine wrote that we know of."""
        told = person or _Person()
        known_as = (identity(told.id, "$.createdBy.id"), told.email)
        return told.type == _MACHINE or self._config.is_bot(*known_as)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Who she is. One of us is no customer: then nobody knows whose it is."""
        told = self.conversation
        customer = told.primary_customer or told.customer or _Person()
        number = phone(customer.phone)
        if self._config.is_staff(customer.address, number.value if number else None):
            return ()
        customer_id = vendor_id(customer.id, "$.primaryCustomer.id")
        return known_as(customer_id, email(customer.address), number)

    @property
    def moment(self) -> str | None:
        """Tell apart what may happen several times in one conversation."""
        return self.at.isoformat() if self.at else None

    def newest(self, *, by_us: bool) -> _Thread | None:
        """The newest thread that was sent, by one of us or by anybody else."""
        sent = [
            thread
            for thread in self.conversation.told_threads
            if thread.state in (None, "published") and thread.type not in _AMONG_US
            if (thread.created_by is not None and thread.created_by.type in _OURS) is by_us
        ]
        return max(sent, key=_written_at, default=None)

    def tell(self, data: Data, at: datetime | None, fact: str | None) -> Telling:
        """Say that ``data`` happened to this conversation."""
        full = msgspec.structs.replace(
            data,
            channel=_CHANNELS.get(self.conversation.type or "", Channel.EMAIL),
            team=identity(self.conversation.mailbox_id, "$.mailboxId")
            or _id_of(self.conversation.mailbox, "$.mailbox.id"),
            aliases=self.aliases,
        )
        owner = self.owner if isinstance(data, _WITHOUT_AGENT) else None
        return Telling(subject=self.contact, data=full, at=at, fact=fact, owner=owner)


_LONG_AGO = datetime.fromisoformat("1971-01-01T00:00:00+00:00")


def _written_at(thread: _Thread) -> datetime:
    return instant(thread.created_at, "$._embedded.threads[...].createdAt") or _LONG_AGO


def _created(told: _Told) -> Iterator[Telling]:
    by = told.conversation.created_by
    direction = Direction.OUTBOUND if by and by.type in _OURS else Direction.INBOUND
    at = instant(told.conversation.created_at, "$.createdAt")
    yield told.tell(ContactReceived(direction=direction), at, "created")


def _customer_replied(told: _Told) -> Iterator[Telling]:
    thread = told.newest(by_us=False) or _Thread()
    at = instant(thread.created_at, "$._embedded.threads[...].createdAt") or told.at
    yield told.tell(CustomerReplied(), at, identity(thread.id, "$._embedded.threads[...].id"))


def _agent_replied(told: _Told) -> Iterator[Telling]:
    """An answer of one of us; where no thread is told, of who has the conversation."""
    thread = told.newest(by_us=True)
    if thread is None:
        automatic = told.newest(by_us=False)
        actor = Actor.HUMAN if automatic is None else Actor.SYSTEM
        replied = AgentReplied(agent=told.owner if automatic is None else None, actor=actor)
        yield told.tell(replied, told.at, told.moment)
        return
    at = instant(thread.created_at, "$._embedded.threads[...].createdAt") or told.at
    agent = _id_of(thread.created_by, "$._embedded.threads[...].createdBy.id")
    replied = AgentReplied(agent=agent)
    if told.is_bot(thread.created_by):
        replied = AgentReplied(actor=Actor.BOT)
    yield told.tell(replied, at, identity(thread.id, "$._embedded.threads[...].id"))


def _given_to(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactTransferred(agent=told.owner), told.at, told.moment)


def _status(told: _Told) -> Iterator[Telling]:
    match told.conversation.status:
        case "closed":
            yield _resolved(told, Outcome.UNKNOWN)
        case "pending":
            held = ContactHeld(agent=told.owner, waiting_for=WaitingFor.CUSTOMER)
            yield told.tell(held, told.at, told.moment)
        case "active" | "open":
            yield told.tell(ContactReopened(agent=told.owner), told.at, told.moment)
        case "spam":
            yield told.tell(ContactDiscarded(reason="spam"), told.at, "spam")
        case _:
            return  # A status of a later version: it means nothing to us yet.


def _resolved(told: _Told, outcome: Outcome) -> Telling:
    conversation = told.conversation
    at = instant(conversation.closed_at, "$.closedAt") or told.at
    by = conversation.closed_by
    closed_by = by.id if isinstance(by, _Person) else by
    agent = identity(closed_by or None, "$.closedBy") or told.owner
    away = Outcome.TURNED_AWAY if told.is_turned_away else outcome
    return told.tell(ContactResolved(agent=agent, outcome=away), at, at.isoformat() if at else None)


def _tagged(told: _Told) -> Iterator[Telling]:
    """A tag that is set when all is over may say that the customer was turned away."""
    if told.is_turned_away and told.conversation.status == "closed":
        yield _resolved(told, Outcome.TURNED_AWAY)


def _deleted(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactDiscarded(reason="deleted"), told.at, "deleted")


def _rated(rating: _Rating, config: SourceConfig) -> Iterator[Telling]:
    score = _RATINGS.get((rating.rating or "").strip().lower())
    if score is None:
        raise Unreadable("expected great, okay or not_good - at `$.rating`")
    conversation = _Conversation(
        id=rating.conversation if rating.conversation is not None else rating.ticket,
        mailbox_id=rating.mailbox_id,
        mailbox=rating.mailbox,
        assignee=rating.user,
        customer=rating.customer,
    )
    told = _Told(conversation, config)
    rated = CustomerRated(score=score, scale=_RATING_SCALE, agent=told.owner)
    yield told.tell(rated, instant(rating.created_at, "$.createdAt"), identity(rating.id, "$.id"))


_EVENTS: Final[Mapping[str, Callable[[_Told], Iterator[Telling]]]] = MappingProxyType(
    {
        "convo.created": _created,
        "convo.customer.reply.created": _customer_replied,
        "convo.agent.reply.created": _agent_replied,
        "convo.assigned": _given_to,
        "convo.moved": _given_to,
        "convo.status": _status,
        "convo.tags": _tagged,
        "convo.deleted": _deleted,
    }
)


class HelpScout(Adapter):
    """Mails and chats through Help Scout."""

    kind: Final = "helpscout"
    channel: Final = Channel.EMAIL
    tells: Final = frozenset(
        data.type
        for data in (
            AgentReplied, ContactDiscarded, ContactHeld, ContactReceived, ContactReopened,
            ContactResolved, ContactTransferred, CustomerRated, CustomerReplied, CustomerUpdated,
        )
    )  # fmt: skip
    events: Final = gives(
        {
            "convo.created": (ContactReceived,),
            "convo.customer.reply.created": (CustomerReplied,),
            "convo.agent.reply.created": (AgentReplied,),
            "convo.assigned": (ContactTransferred,),
            "convo.moved": (ContactTransferred,),
            "convo.status": (ContactResolved, ContactHeld, ContactReopened, ContactDiscarded),
            "convo.tags": (ContactResolved, ContactDiscarded, CustomerUpdated),
            "convo.deleted": (ContactDiscarded,),
            "satisfaction.ratings": (CustomerRated,),
        }
    )
    options: Final = frozenset(
        {
            *("turned_away", "discard_tags", "tier_tags"),
            *("staff", "staff_domains", "bots", "region"),
        }
    )

    def event_of(self, delivery: Delivery) -> str | None:
        """The name in the header."""
        return delivery.headers.get(EVENT, "").strip().lower() or None

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - Help Scout signs no time
        """Check the signature over the body."""
        signature = delivery.headers.get(SIGNATURE, "").strip()
        if not signature:
            raise BadSignature("X-HelpScout-Signature is missing")
        if not is_one_of(
            signature, [hmac_base64(secret, delivery.body, "sha1") for secret in secrets]
        ):
            raise BadSignature("X-HelpScout-Signature does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate conversations and ratings; other events are understood and mean nothing."""
        event = delivery.headers.get(EVENT, "").strip().lower()
        if not event:
            raise unlike("Help Scout", "there is no X-HelpScout-Event")
        if event == "satisfaction.ratings":
            tellings = list(_rated(read_json(_RATING, delivery.body), config))
        elif event in _EVENTS:
            told = _Told(read_json(_CONVERSATION, delivery.body), config)
            tellings = [*_EVENTS[event](told), *told.of_tags()]
        else:
            return ()
        return tell(delivery, config, _delivery_id(event, delivery.body, tellings), tellings)


def _delivery_id(event: str, body: bytes, tellings: list[Telling]) -> str:
    """The same when the same is sent again, though the body says by then how long ago it was.

    What has neither a time nor an id is known by its body alone.
    """
    if any(each.at is None and each.fact is None for each in tellings):
        return stable_id(event, body)
    return stable_id(event, *(f"{each.subject} {each.fact} {each.at}" for each in tellings))


ADAPTER: Final = HelpScout()
