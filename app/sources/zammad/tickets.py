"""Zammad's tickets as they come: their fields, who is meant, and how to say what happened."""

import re
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import Alias, Channel, Data
from app.sources.adapter import SourceConfig, Unreadable
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
    vendor_id,
)
from app.sources.telling import Telling

MAX_MENDED = 65_536
"""Bytes of a body that is read once more without the commas that end nothing."""

NOBODY = "1"
"""The user that owns what nobody has, and writes what Zammad itself writes."""

SAID_BY_CHANNEL: Final = frozenset({"chat", "email", "note", "phone"})
"""Types of articles of which our channel says as much."""
_VIP = "vip"
_COMMAS = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|,(?=\s*+[}\]])', re.DOTALL)
_CHANNELS: Final = MappingProxyType(
    {
        "chat": Channel.CHAT,
        "email": Channel.EMAIL,
        "fax": Channel.EMAIL,
        "note": Channel.EMAIL,
        "phone": Channel.PHONE,
        "web": Channel.EMAIL,
    }
)
"""Types of articles; any other is a message of some service."""


class User(msgspec.Struct, frozen=True):
    """An agent or a customer."""

    id: Id = None
    login: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    vip: Any = None
    organization: Any = None
    roles: Any = None


class Organization(msgspec.Struct, frozen=True, gc=False):
    """The customer's company."""

    id: Id = None
    name: str | None = None
    vip: Any = None


class Ticket(msgspec.Struct, frozen=True):
    """A ticket as it is when it is sent."""

    id: Id = None
    article_count: Any = None
    article_ids: tuple[Id, ...] | None = None
    create_article_type: str | None = None
    customer: User | None = None
    customer_id: Id = None
    group_id: Id = None
    organization: Organization | None = None
    organization_id: Id = None
    owner_id: Id = None
    pending_time: Moment = None
    state: Any = None
    tags: Any = None
    updated_at: Moment = None
    updated_by_id: Id = None
    close_at: Moment = None
    last_close_at: Moment = None


class Article(msgspec.Struct, frozen=True):
    """What somebody wrote."""

    id: Id = None
    created_at: Moment = None
    created_by: User | None = None
    created_by_id: Id = None
    internal: Any = None
    sender: str | None = None
    type: str | None = None


class Body(msgspec.Struct, frozen=True):
    """A delivery: without an article where none was written."""

    ticket: Ticket | None = None
    article: Article | None = None


BODY = msgspec.json.Decoder(Body)


def state_of(ticket: Ticket) -> str:
    """The name of its state, in small letters."""
    state = ticket.state
    name = state.get("name") if isinstance(state, dict) else state
    return name.strip().lower() if isinstance(name, str) else ""


class Told:
    """A ticket, and the article that was written, as one delivery tells them."""

    def __init__(self, body: Body, config: SourceConfig) -> None:
        self.ticket = body.ticket or Ticket()
        self.article = body.article if body.article and body.article.id is not None else None
        self.config = config
        self.contact = needed(identity(self.ticket.id, "$.ticket.id"), "$.ticket.id")
        self.updated_at = instant(self.ticket.updated_at, "$.ticket.updated_at")
        owner = identity(self.ticket.owner_id, "$.ticket.owner_id")
        self.owner = None if owner == NOBODY else owner

    @property
    def state(self) -> str:
        """The state's name, in small letters."""
        return state_of(self.ticket)

    @property
    def by(self) -> str | None:
        """Who changed the ticket last, unless that is the customer or Zammad itself."""
        changed_by = identity(self.ticket.updated_by_id, "$.ticket.updated_by_id")
        return None if changed_by in (NOBODY, self.customer) else changed_by

    @property
    def customer(self) -> str | None:
        """The customer, by Zammad's own id."""
        customer = self.ticket.customer or User()
        told = self.ticket.customer_id
        return identity(customer.id if told is None else told, "$.ticket.customer_id")

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the customer is known by."""
        customer = self.ticket.customer or User()
        return known_as(
            vendor_id(self.customer, "$.ticket.customer_id"),
            email(customer.email),
            phone(customer.phone),
            phone(customer.mobile),
        )

    @property
    def sort(self) -> str:
        """The type of the article that the ticket began with."""
        article = self.article or Article()
        return (self.ticket.create_article_type or article.type or "email").strip().lower()

    @property
    def tags(self) -> list[str]:
        """Tags, where the payload was made to have them: Zammad's own has none."""
        tags = self.ticket.tags
        listed = tags.split(",") if isinstance(tags, str) else tags
        named = listed[:MAX_LISTED] if isinstance(listed, list) else []
        return [tag for tag in named if isinstance(tag, str)]

    @property
    def marks(self) -> list[str | None]:
        """All that may stand for a tier: tags, organisation by name and id, the mark of a VIP."""
        customer = self.ticket.customer or User()
        organization = self.ticket.organization or Organization()
        is_vip = customer.vip is True or organization.vip is True
        marks = [*self.tags, organization.name, self.organization, _VIP if is_vip else None]
        return [*marks, customer.organization if isinstance(customer.organization, str) else None]

    @property
    def organization(self) -> str | None:
        """The customer's organisation, by Zammad's own id."""
        return identity(self.ticket.organization_id, "$.ticket.organization_id")

    def tell(
        self, data: Data, at: datetime | None, fact: str | None, owner: str | None = None
    ) -> Telling:
        """Say that ``data`` happened to this ticket."""
        full = msgspec.structs.replace(
            data,
            channel=_CHANNELS.get(self.sort, Channel.CHAT),
            team=identity(self.ticket.group_id, "$.ticket.group_id"),
            aliases=self.aliases,
        )
        return Telling(subject=self.contact, data=full, at=at, fact=fact, owner=owner)


def read_body(body: bytes) -> Body:
    """Read a body; one that is no JSON but for commas that end nothing is read without them."""
    try:
        return read_json(BODY, body)
    except Unreadable:
        mended = _COMMAS.sub(rb"\1", body) if len(body) <= MAX_MENDED else body
        if mended == body:
            raise
        return read_json(BODY, mended)
