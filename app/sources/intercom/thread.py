"""A conversation or a ticket of Intercom as one delivery tells it."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from app.core.events import (
    Actor,
    AgentReplied,
    Alias,
    ContactDiscarded,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    CustomerRated,
    CustomerReplied,
    Data,
    Direction,
    Outcome,
)
from app.sources.adapter import SourceConfig, Unreadable
from app.sources.intercom.payload import (
    Item,
    Part,
    Person,
    Source,
    channel_of,
    names_of,
    person_id,
    somebody,
    way_of,
)
from app.sources.reading import (
    MAX_NAME,
    email,
    identity,
    instant,
    known_as,
    needed,
    phone,
    vendor_id,
)
from app.sources.telling import Telling

RATING_SCALE = 5.0
RECEIVED = "created"
_EXPECTATION = "channel_and_reply_time_expectation"
"""A part that only says when somebody will answer: no answer of anybody."""
_OVER = frozenset({"closed", "resolved"})


class Thread:
    """A conversation or a ticket, and who and what a delivery says of it."""

    def __init__(self, item: Item, config: SourceConfig, sent_at: datetime | None) -> None:
        self.item = item
        told = item.id if item.id is not None else item.conversation_id
        self.contact = needed(identity(told, "$.data.item.id"), "$.data.item.id")
        self.config = config
        self.sent_at = sent_at
        self.created_at = instant(item.created_at, "$.data.item.created_at")
        assignee = item.assignee or Person()
        self.team = somebody(item.team_assignee_id, "$.data.item.team_assignee_id")
        if self.team is None and assignee.type == "team":
            self.team = somebody(assignee.id, "$.data.item.assignee.id")
        self.tags = names_of(item.tags)
        self.is_over = (item.state or "").lower() in _OVER or item.open is False

    @property
    def agent(self) -> str | None:
        """Who has it; a machine and a team are nobody."""
        found = somebody(self.item.admin_assignee_id, "$.data.item.admin_assignee_id")
        assignee = self.item.assignee or Person()
        if found is None and assignee.type == "admin":
            found = somebody(assignee.id, "$.data.item.assignee.id")
        return None if self.config.is_bot(found) else found

    @property
    def source(self) -> Source:
        """The message that began it."""
        return self.item.source or self.item.conversation_message or Source()

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the customer is known by; her address stands with what she wrote."""
        listed = self.item.contacts.contacts if self.item.contacts else None
        told = (self.source.author, *(part.author for part in self.item.parts))
        wrote = [person for person in told if person is not None]
        hers = (person for person in wrote if person.is_customer)
        customer = self.item.user or next(iter(listed or ()), None) or next(hers, Person())
        known: list[Alias | None] = []
        for person in (customer, *wrote):
            if person is customer or (person.id == customer.id and customer.id is not None):
                known += [
                    vendor_id(person.id, "$.data.item.contacts.contacts[0].id"),
                    email(person.email),
                    phone(person.phone),
                ]
        return known_as(*known)

    def newest(self, *kinds: str) -> Part:
        """The newest part, of one of ``kinds`` where there is one."""
        return self._newest(lambda part: part.part_type in kinds)

    def newest_words(self, *, by_customer: bool) -> Part:
        """The newest part that somebody wrote: the customer, or one of us."""
        return self._newest(
            lambda part: (
                bool(part.body)
                and part.author is not None
                and part.author.is_customer is by_customer
            )
        )

    def _newest(self, is_meant: Callable[[Part], bool]) -> Part:
        parts = self.item.parts
        meant = (part for part in reversed(parts) if is_meant(part))
        return next(meant, parts[-1] if parts else Part())

    def at(self, part: Part) -> datetime | None:
        """When a part was added, else when the delivery was made."""
        return instant(part.created_at, "$.data.item.parts[...].created_at") or self.sent_at

    def fact(self, part: Part) -> str | None:
        """What is the same wherever the part is told."""
        told = identity(part.id, "$.data.item.parts[...].id")
        at = self.at(part)
        return told or (at.isoformat() if at else None)

    def actor(self, part: Part) -> Actor:
        """What kind of author wrote a part."""
        author = part.author or Person()
        if part.part_type == _EXPECTATION:
            return Actor.SYSTEM
        known = (identity(author.id, "$.data.item.parts[...].author.id"), author.email)
        is_bot = author.is_machine or self.config.is_bot(*known)
        return Actor.BOT if is_bot else Actor.HUMAN

    def by(self, part: Part) -> str | None:
        """Who of us did it; a machine is nobody."""
        author = part.author or Person()
        if author.is_customer or self.actor(part) is not Actor.HUMAN:
            return None
        return person_id(author, "$.data.item.parts[...].author.id")

    def tell(
        self, data: Data, at: datetime | None, fact: str | None, owner: str | None = None
    ) -> Telling:
        """Say that ``data`` happened to it."""
        full = msgspec.structs.replace(
            data,
            channel=channel_of(self.item.way),
            team=data.team or self.team,
            aliases=self.aliases,
        )
        short = fact[:MAX_NAME] if fact else None
        return Telling(subject=self.contact, data=full, at=at, fact=short, owner=owner)

    def of_part(self, data: Data, part: Part, owner: str | None = None) -> Telling:
        """Say that ``data`` happened when a part was added."""
        return self.tell(data, self.at(part), self.fact(part), owner)

    def opened(self) -> Iterator[Telling]:
        """The customer reached out; where one of us began, when she first wrote."""
        at, wrote = self.created_at, self.source.author
        if wrote is not None and not wrote.is_customer and wrote.type is not None:
            hers = (part for part in self.item.parts if part.author and part.author.is_customer)
            first = next(hers, None)
            at = self.at(first) if first else at
        received = ContactReceived(via=(way_of(self.item.way) or "")[:MAX_NAME] or None)
        yield self.tell(received, at or self.sent_at, RECEIVED, owner=self.agent)

    def opened_by_us(self) -> Iterator[Telling]:
        """One of us wrote first."""
        wrote = Part(id=self.source.id, author=self.source.author, created_at=self.item.created_at)
        replied = AgentReplied(
            agent=self.by(wrote), actor=self.actor(wrote), direction=Direction.OUTBOUND
        )
        yield self.of_part(replied, wrote)

    def customer_replied(self) -> Iterator[Telling]:
        """She wrote again."""
        part = self.newest_words(by_customer=True)
        yield self.of_part(CustomerReplied(), part, owner=self.agent)

    def replied(self, part: Part) -> Iterator[Telling]:
        """An answer of one of us, or of a machine."""
        yield self.of_part(AgentReplied(agent=self.by(part), actor=self.actor(part)), part)

    def said_with(self, part: Part) -> Iterator[Telling]:
        """What is done with a few words is an answer too."""
        if part.body and part.author is not None and not part.author.is_customer:
            yield from self.replied(part)

    def given_to(self, part: Part) -> Iterator[Telling]:
        """Another owner or team; who had it before is not told."""
        to = part.assigned_to or Person()
        target = somebody(to.id, "$.data.item.parts[...].assigned_to.id")
        match to.type:
            case "team":
                transferred = ContactTransferred(agent=self.agent, team=target)
            case None:
                transferred = ContactTransferred(agent=self.agent)
            case "admin" if not self.config.is_bot(target):
                transferred = ContactTransferred(agent=target)
            case _:
                transferred = ContactTransferred()  # Nobody, or a machine.
        yield self.of_part(transferred, part)

    def resolved(self, part: Part) -> Iterator[Telling]:
        """It is over; parts of the same instant tell the same."""
        at = self.at(part)
        away = self.config.turns_away(self.tags)
        outcome = Outcome.TURNED_AWAY if away else Outcome.UNKNOWN
        data = ContactResolved(agent=self.by(part), outcome=outcome)
        yield self.tell(data, at, at.isoformat() if at else None)
        yield from self.discarded(self.tags)

    def discarded(self, tags: tuple[str, ...]) -> Iterator[Telling]:
        """It never counts, where one of ``tags`` means that."""
        if self.config.discards(tags):
            yield self.tell(ContactDiscarded(reason="tag"), self.sent_at, "tag")

    def rated(self) -> Iterator[Telling]:
        """What she thought of it."""
        told = self.item.conversation_rating or self.item.rating
        if told is None or told.rating is None:
            return
        if not 0 <= told.rating <= RATING_SCALE:
            raise Unreadable(f"expected a rating from 0 to {RATING_SCALE:g} - at `$.data.item`")
        at = instant(told.updated_at, "$.data.item.conversation_rating.updated_at") or instant(
            told.created_at, "$.data.item.conversation_rating.created_at"
        )
        agent = person_id(told.teammate, "$.data.item.conversation_rating.teammate.id")
        rated = CustomerRated(
            score=float(told.rating), scale=RATING_SCALE, agent=agent or self.agent
        )
        yield self.tell(rated, at or self.sent_at, f"{told.rating:g}")
