"""Chatwoot: what its account webhooks about conversations and messages mean.

Since 4.11.2 a delivery is signed over its time and body; older versions sign nothing. Message text
is never read. Ids of conversations are those people see in Chatwoot.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
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
    ContactResumed,
    ContactTransferred,
    CustomerRated,
    CustomerReplied,
    CustomerUpdated,
    Data,
    FollowupPromised,
    Incoming,
    Outcome,
    WaitingFor,
)
from app.sources.adapter import (
    Adapter,
    BadSignature,
    Delivery,
    SourceConfig,
    TeamFrom,
    Unreadable,
    gives,
)
from app.sources.chatwoot.payloads import (
    CONVERSATION,
    EVENT,
    MESSAGE,
    Attributes,
    Conversation,
    Message,
    Meta,
    Person,
)
from app.sources.reading import (
    MAX_LISTED,
    Id,
    email,
    identity,
    instant,
    known_as,
    loose_identity,
    needed,
    phone,
    read_json,
    unlike,
    vendor_id,
    words,
)
from app.sources.signatures import check_signed_at, hmac_sha256_hex, is_one_of
from app.sources.telling import Telling, stable_id, tell, tier_told

TOLERANCE = timedelta(seconds=300)
"""How far the time of signing may lie from ours."""

RATING_SCALE = 5.0
_MAX_DELIVERY_ID = 128
_DISCARDED = "discarded"
_INCOMING: Final = frozenset({"incoming", 0})
_OUTGOING: Final = frozenset({"outgoing", 1})


class _Thread:
    """A conversation as one delivery tells it."""

    def __init__(self, conversation: Conversation, inbox: Id, config: SourceConfig) -> None:
        self.conversation = conversation
        self.meta = conversation.meta or Meta()
        shown_id = conversation.id if conversation.id is not None else conversation.display_id
        self.contact = needed(identity(shown_id, "$.id"), "$.id")
        self.at = instant(conversation.updated_at, "$.updated_at") or instant(
            conversation.timestamp, "$.timestamp"
        )
        self._inbox = identity(
            conversation.inbox_id if conversation.inbox_id is not None else inbox, "$.inbox_id"
        )
        self._by_team = config.team_from is TeamFrom.TEAM
        self._config = config

    def is_bot(self, person: Person) -> bool:
        """Whether a machine wrote, by Chatwoot's word or by ours."""
        known_as = (identity(person.id, "$.sender.id"), person.email, _text(person.name))
        return person.is_bot or self._config.is_bot(*known_as)

    def is_staff(self, person: Person | None) -> bool:
        """Whether a customer of Chatwoot's is one of us."""
        if person is None:
            return False
        number = phone(person.phone_number)
        return self._config.is_staff(person.email, number.value if number else None)

    @property
    def agent(self) -> str | None:
        """Who has the conversation; a bot is nobody."""
        assignee = self.meta.assignee
        if assignee is None or self.is_bot(assignee):
            return None
        return identity(assignee.id, "$.meta.assignee.id")

    @property
    def team(self) -> str | None:
        """The inbox, or where so configured the team it was given to."""
        given_to = self.meta.team if self._by_team else None
        return (identity(given_to.id, "$.meta.team.id") if given_to else None) or self._inbox

    @property
    def is_turned_away(self) -> bool:
        """Whether a label says that the customer was turned away."""
        return self._config.turns_away(words(self.conversation.labels))

    def of_labels(self) -> Iterator[Telling]:
        """What labels and fields say beside what happened: that it never counts, and who she is."""
        labels, person = words(self.conversation.labels), self.meta.sender or Person()
        if self._config.discards(labels):
            yield self.tell(ContactDiscarded(reason="label"), self.at, _DISCARDED)
        fields = words(self.conversation.custom_attributes, person.custom_attributes)
        yield from tier_told(self._config, (*labels, *fields), self.aliases(), self.at)

    def aliases(self, writer: Person | None = None) -> tuple[Alias, ...]:
        """Who she is. One of us is no customer: then nobody knows whose it is."""
        people = (each for each in (writer, self.meta.sender) if not self.is_staff(each))
        return _aliases(*people)

    @property
    def now(self) -> str | None:
        """Tell apart what may happen several times in one conversation."""
        return self.at.isoformat() if self.at else None

    def tell(
        self,
        data: Data,
        at: datetime | None,
        fact: str | None,
        *,
        writer: Person | None = None,
        owner: str | None = None,
    ) -> Telling:
        """Say that ``data`` happened to this conversation."""
        is_mail = (self.conversation.channel or "").endswith("::Email")
        full = msgspec.structs.replace(
            data,
            channel=Channel.EMAIL if is_mail else Channel.CHAT,
            team=data.team or self.team,
            aliases=self.aliases(writer),
        )
        return Telling(subject=self.contact, data=full, at=at, fact=fact, owner=owner)


def _aliases(*people: Person | None) -> tuple[Alias, ...]:
    known: list[Alias | None] = []
    for person in people:
        if person is not None and person.id is not None:
            known += [
                vendor_id(person.id, "$.sender.id"),
                email(person.email),
                phone(person.phone_number),
            ]
    return known_as(*known)


def _message_created(thread: _Thread, message: Message) -> Iterator[Telling]:
    message_id = needed(identity(message.id, "$.id"), "$.id")
    at = instant(message.created_at, "$.created_at")
    if message.private:
        return
    if message.message_type in _INCOMING:
        began = not instant(
            thread.conversation.first_reply_created_at, "$.conversation.first_reply_created_at"
        )
        data = ContactReceived() if began else CustomerReplied()
        yield thread.tell(data, at, message_id, writer=message.sender, owner=thread.agent)
    elif message.message_type in _OUTGOING:
        yield thread.tell(_reply(thread, message), at, message_id)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _reply(thread: _Thread, message: Message) -> AgentReplied:
    sender, attributes = message.sender, message.content_attributes or Attributes()
    if sender is None:
        # Sent by a rule or a campaign, unless it is the echo of what somebody wrote in another app.
        return AgentReplied(actor=Actor.HUMAN if attributes.external_echo else Actor.SYSTEM)
    if thread.is_bot(sender):
        return AgentReplied(actor=Actor.BOT)
    return AgentReplied(agent=identity(sender.id, "$.sender.id"))


def _message_updated(thread: _Thread, message: Message) -> Iterator[Telling]:
    rating = _rating((message.content_attributes or Attributes()).submitted_values)
    if rating is None:
        return
    message_id = needed(identity(message.id, "$.id"), "$.id")
    updated_at = message.updated_at
    for inner in (thread.conversation.messages or ())[:MAX_LISTED]:
        if updated_at is None and inner.id == message.id:
            updated_at = inner.updated_at
    yield thread.tell(
        CustomerRated(score=rating, scale=RATING_SCALE, agent=thread.agent),
        instant(updated_at, "$.updated_at"),
        f"{message_id} {rating:g}",
    )


def _rating(submitted: Any) -> float | None:
    for values in submitted if isinstance(submitted, list) else [submitted]:
        survey = values.get("csat_survey_response") if isinstance(values, dict) else None
        rating = survey.get("rating") if isinstance(survey, dict) else None
        if isinstance(rating, int | float) and not isinstance(rating, bool):
            return _score(rating)
    return None


def _score(rating: float) -> float:
    if not 0 <= rating <= RATING_SCALE:
        raise Unreadable(f"expected a rating from 0 to {RATING_SCALE:g} - at csat_survey_response")
    return float(rating)


def _created(thread: _Thread) -> Iterator[Telling]:
    messages = (thread.conversation.messages or ())[:MAX_LISTED]
    first = next((one for one in messages if one.message_type in _INCOMING), None)
    if first is None and any(one.message_type in _OUTGOING for one in messages):
        return  # We wrote first: nobody waits yet.
    at = instant(first.created_at, "$.messages[...].created_at") if first else None
    at = at or instant(thread.conversation.created_at, "$.created_at") or thread.at
    fact = identity(first.id, "$.messages[...].id") if first else None
    yield thread.tell(ContactReceived(), at, fact or "created", owner=thread.agent)


def _updated(thread: _Thread) -> Iterator[Telling]:
    """Tell a new owner or team, and a label that is set on what was resolved already."""
    yield from _given_to(thread)
    status = loose_identity(thread.conversation.status, "$.status")
    if thread.is_turned_away and _STATUS.get(status or "", status) == _RESOLVED:
        resolved = ContactResolved(agent=thread.agent, outcome=Outcome.TURNED_AWAY)
        yield thread.tell(resolved, thread.at, Outcome.TURNED_AWAY)


def _given_to(thread: _Thread) -> Iterator[Telling]:
    changes = _changes(thread.conversation)
    agent, team = changes.get("assignee_id"), changes.get("team_id")
    if agent is None and team is None:
        return
    transferred = ContactTransferred(
        agent=agent[1] if agent else thread.agent,
        from_agent=agent[0] if agent else None,
        team=team[1] if team else None,
        from_team=team[0] if team else None,
    )
    yield thread.tell(transferred, thread.at, thread.now)


def _changes(conversation: Conversation) -> dict[str, tuple[str | None, str | None]]:
    """Give what changed as (before, after); what only looks changed is left out."""
    found = {}
    for entry in _listed_changes(conversation):
        for name, change in entry.items():
            plain = {"assignee": "assignee_id", "team": "team_id"}.get(name, name)
            if plain in ("assignee_id", "team_id", "status"):
                before, after = _before_and_after(change, f"$.changed_attributes.{plain}")
                if before != after:
                    found[plain] = (before, after)
    return found


def _before_and_after(change: Any, path: str) -> tuple[str | None, str | None]:
    match change:
        case {"current_value": after, **rest}:
            return loose_identity(rest.get("previous_value"), path), loose_identity(after, path)
        case [before, after]:
            return loose_identity(before, path), loose_identity(after, path)
        case _:
            raise Unreadable(f"expected previous_value and current_value - at `{path}`")


_RESOLVED: Final = "resolved"
_STATUS: Final = MappingProxyType({"0": "open", "1": _RESOLVED, "2": "pending", "3": "snoozed"})


def _status_changed(thread: _Thread) -> Iterator[Telling]:
    conversation = thread.conversation
    before, after = _changes(conversation).get("status", (None, None))
    if after is None:
        if any("status" in entry for entry in _listed_changes(conversation)):
            return  # From a status to the same one.
        after = loose_identity(conversation.status, "$.status")
    match _STATUS.get(after or "", after):
        case "resolved":
            yield from _resolved(thread)
        case "open" if _STATUS.get(before or "", before) in ("pending", "snoozed"):
            yield thread.tell(ContactResumed(agent=thread.agent), thread.at, thread.now)
        case "open":
            yield from _reopened(thread)
        case "pending":
            yield thread.tell(ContactHeld(agent=thread.agent), thread.at, thread.now)
        case "snoozed":
            yield from _snoozed(thread)
        case _:
            return  # A status of a later version: it means nothing to us yet.


def _listed_changes(conversation: Conversation) -> list[dict[str, Any]]:
    listed = conversation.changed_attributes or []
    return listed[:MAX_LISTED] if isinstance(listed, list) else [listed]


def _snoozed(thread: _Thread) -> Iterator[Telling]:
    due = instant(thread.conversation.snoozed_until, "$.snoozed_until")
    # Without a date Chatwoot snoozes until the customer writes again.
    waiting_for = WaitingFor.US if due else WaitingFor.CUSTOMER
    held = ContactHeld(agent=thread.agent, waiting_for=waiting_for)
    yield thread.tell(held, thread.at, thread.now)
    if due:
        yield thread.tell(FollowupPromised(due=due, agent=thread.agent), thread.at, due.isoformat())


def _resolved(thread: _Thread) -> Iterator[Telling]:
    outcome = Outcome.TURNED_AWAY if thread.is_turned_away else Outcome.UNKNOWN
    yield thread.tell(ContactResolved(agent=thread.agent, outcome=outcome), thread.at, thread.now)


def _reopened(thread: _Thread) -> Iterator[Telling]:
    yield thread.tell(ContactReopened(agent=thread.agent), thread.at, thread.now)


_MESSAGES: Final[Mapping[str, Callable[[_Thread, Message], Iterator[Telling]]]] = MappingProxyType(
    {"message_created": _message_created, "message_updated": _message_updated}
)
_CONVERSATIONS: Final[Mapping[str, Callable[[_Thread], Iterator[Telling]]]] = MappingProxyType(
    {
        "conversation_created": _created,
        "conversation_updated": _updated,
        "conversation_status_changed": _status_changed,
        "conversation_resolved": _resolved,
        "conversation_opened": _reopened,
    }
)


class Chatwoot(Adapter):
    """Chats and mails through Chatwoot."""

    kind: Final = "chatwoot"
    channel: Final = Channel.CHAT
    tells: Final = frozenset(
        data.type
        for data in (
            AgentReplied, ContactDiscarded, ContactHeld, ContactReceived, ContactReopened,
            ContactResolved, ContactResumed, ContactTransferred, CustomerRated, CustomerReplied,
            CustomerUpdated, FollowupPromised,
        )
    )  # fmt: skip
    events: Final = gives(
        {
            "message_created": (ContactReceived, CustomerReplied, AgentReplied),
            "message_updated": (CustomerRated,),
            "conversation_created": (ContactReceived,),
            "conversation_updated": (
                *(ContactTransferred, ContactResolved, ContactDiscarded, CustomerUpdated),
            ),
            "conversation_status_changed": (
                *(ContactResolved, ContactReopened, ContactHeld, ContactResumed),
                FollowupPromised,
            ),
            "conversation_resolved": (ContactResolved,),
            "conversation_opened": (ContactReopened,),
        }
    )
    options: Final = frozenset(
        {
            *("turned_away", "team_from", "discard_tags", "tier_tags"),
            *("staff", "staff_domains", "bots", "region"),
        }
    )

    def event_of(self, delivery: Delivery) -> str | None:
        """The name in the body."""
        try:
            return read_json(EVENT, delivery.body).event
        except Unreadable:
            return None

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Check the signature over time and body, and that it is fresh."""
        signature = delivery.headers.get("x-chatwoot-signature", "").strip()
        signed_at = delivery.headers.get("x-chatwoot-timestamp", "").strip()
        if not signature.startswith("sha256="):
            raise BadSignature("X-Chatwoot-Signature is missing or does not begin with sha256=")
        check_signed_at(signed_at, now, TOLERANCE)
        message = signed_at.encode() + b"." + delivery.body
        expected = [f"sha256={hmac_sha256_hex(secret, message)}" for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Chatwoot-Signature does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate messages and conversations; other events are understood and mean nothing."""
        event = read_json(EVENT, delivery.body).event
        if not event:
            raise unlike("Chatwoot", "there is no $.event")
        if event in _MESSAGES:
            message = read_json(MESSAGE, delivery.body)
            inbox = message.inbox.id if message.inbox else None
            thread = _Thread(message.conversation or Conversation(), inbox, config)
            tellings = [*_MESSAGES[event](thread, message)]
        elif event in _CONVERSATIONS:
            thread = _Thread(read_json(CONVERSATION, delivery.body), None, config)
            tellings = [*_CONVERSATIONS[event](thread)]
        else:
            return ()
        return tell(delivery, config, _delivery_id(delivery), [*tellings, *thread.of_labels()])


def _delivery_id(delivery: Delivery) -> str:
    given = delivery.headers.get("x-chatwoot-delivery", "").strip()
    usable = 1 <= len(given) <= _MAX_DELIVERY_ID and given.isascii() and given.isprintable()
    return given if usable else stable_id(delivery.body)


ADAPTER: Final = Chatwoot()
