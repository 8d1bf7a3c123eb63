"""A Zendesk ticket as one delivery tells it: whose it is, who has it, how it came in."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from app.core.events import (
    Actor,
    Alias,
    Channel,
    ContactAnswered,
    ContactDiscarded,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
    Data,
    Direction,
    Outcome,
)
from app.sources.adapter import SourceConfig
from app.sources.reading import MAX_NAME, email, instant, known_as, needed, phone, vendor_id
from app.sources.telling import Telling, tier_told
from app.sources.zendesk.payload import (
    Detail,
    Notice,
    Person,
    Via,
    channel_of,
    somebody,
    way_of,
    words,
)

OPENING = timedelta(seconds=2)
"""How soon after the ticket its first comment is written: both are told, and are one fact."""

VOICEMAIL = "voicemail"
_SUBJECT = "zen:ticket:"
_OVER = frozenset({"SOLVED", "CLOSED"})
_RECEIVED = "created"
_WRITTEN_BY_HER = frozenset({"mail", "email"})
"""Ways in where a submitter who is not the requester only passed on what she wrote."""


class Ticket:
    """A ticket, and who and what a delivery says of it."""

    def __init__(self, notice: Notice, config: SourceConfig, received_at: datetime) -> None:
        detail = notice.detail or Detail()
        named = (notice.subject or "").removeprefix(_SUBJECT)
        self.contact = needed(somebody(detail.id or named, "$.detail.id"), "$.detail.id")
        self.at = instant(notice.time, "$.time")
        self.received_at = received_at
        self.config = config
        self.agent = somebody(detail.assignee_id, "$.detail.assignee_id")
        self.team = somebody(detail.group_id, "$.detail.group_id")
        self.requester = somebody(detail.requester_id, "$.detail.requester_id")
        self.organization = somebody(detail.organization_id, "$.detail.organization_id")
        self.tags = words(detail.tags)
        self.status = (detail.status or "").upper()
        self.addresses: tuple[str | None, str | None] = (None, None)
        self._via = (detail.via or Via()).word
        self._submitter = somebody(detail.submitter_id, "$.detail.submitter_id")
        self._created_at = instant(detail.created_at, "$.detail.created_at")

    @property
    def now(self) -> str | None:
        """Tell apart what may happen several times to one ticket."""
        return self.at.isoformat() if self.at else None

    @property
    def channel(self) -> Channel | None:
        """How it came in, where the delivery says so."""
        return channel_of(self._via)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the requester is known by."""
        address, number = self.addresses
        requester = vendor_id(self.requester, "$.detail.requester_id")
        return known_as(requester, email(address), phone(number))

    @property
    def is_new(self) -> bool:
        """Whether what happens belongs to the ticket's beginning."""
        if self.at is None or self._created_at is None:
            return False
        return self.at - self._created_at <= OPENING

    @property
    def direction(self) -> Direction:
        """Who began: one of us, where the submitter is not the requester and no way in tells more."""
        if "outbound" in self._via:
            return Direction.OUTBOUND
        live = self.channel in (Channel.PHONE, Channel.CHAT)
        if live or self._via in _WRITTEN_BY_HER or self.config.is_bot(self._submitter):
            return Direction.INBOUND
        by_another = self._submitter and self.requester and self._submitter != self.requester
        return Direction.OUTBOUND if by_another else Direction.INBOUND

    def tell(
        self,
        data: Data,
        fact: str | None,
        *,
        owner: str | None = None,
        writer: Alias | None = None,
    ) -> Telling:
        """Say that ``data`` happened to this ticket."""
        full = msgspec.structs.replace(
            data,
            channel=data.channel or self.channel,
            team=data.team or self.team,
            aliases=self.aliases or known_as(writer),
        )
        short = fact[:MAX_NAME] if fact else None
        return Telling(subject=self.contact, data=full, at=self.at, fact=short, owner=owner)

    def opening(self, writer: Alias | None = None, direction: Direction | None = None) -> Telling:
        """Say that it came in; its first comment tells the same."""
        received = ContactReceived(
            direction=direction or self.direction,
            channel=self.channel or Channel.EMAIL,
            via=way_of(self._via),
            organization=self.organization,
        )
        return self.tell(received, _RECEIVED, owner=self.agent, writer=writer)

    def spoken(self) -> Iterator[Telling]:
        """Say what became of the call that it is about: it is written down when the call is over."""
        if self.channel is not Channel.PHONE or self.direction is Direction.OUTBOUND:
            return
        if VOICEMAIL in self._via:
            yield self.tell(CustomerReplied(reason=VOICEMAIL), _RECEIVED, owner=self.agent)
        elif self._submitter and self._submitter != self.requester:
            yield self.tell(ContactAnswered(agent=self._submitter, inferred=True), _RECEIVED)

    def tiers(self) -> Iterator[Telling]:
        """Say what tier the requester has, where a tag or her organisation stands for one."""
        return tier_told(
            self.config, (*self.tags, self.organization), self.aliases, self.at or self.received_at
        )

    def discarded(self, tags: tuple[str, ...]) -> Iterator[Telling]:
        """Say that it never counts, where one of ``tags`` means that."""
        if self.config.discards(tags):
            yield self.tell(ContactDiscarded(reason="tag"), "tag")

    def resolved(self, *, by_tag: bool = False) -> Iterator[Telling]:
        """Say that it is over; a tag may say, also afterwards, that she was turned away."""
        away = self.config.turns_away(self.tags)
        outcome = Outcome.TURNED_AWAY if away else Outcome.UNKNOWN
        if not by_tag:
            yield self.tell(ContactResolved(agent=self.agent, outcome=outcome), self.now)
        elif away and self.status in _OVER:
            yield self.tell(ContactResolved(agent=self.agent, outcome=outcome), outcome)

    def is_ours(self, author: Person, author_id: str | None) -> bool:
        """Whether a comment is by one of us; a colleague who asked is not, unless it is her own."""
        has_asked = author_id is not None and author_id == self.requester
        if has_asked and not (author.is_staff and author_id == self.agent):
            return self.config.is_staff(author_id)
        if self.config.is_staff(author_id) or self.config.is_bot(author_id, author.name):
            return True
        if author.is_staff is not None:
            return author.is_staff
        return author_id is not None and author_id == self.agent

    def actor(self, author: Person, author_id: str | None) -> Actor:
        """What kind of author one of us is."""
        if self.config.is_bot(author_id, author.name):
            return Actor.BOT
        return Actor.SYSTEM if author_id is None else Actor.HUMAN
