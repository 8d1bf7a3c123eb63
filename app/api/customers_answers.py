"""The shapes of what is asked and answered about customers. Aliases are masked: nobody can dial them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.operations.customers import Imported
from app.operations.customers_known import KnownCustomer, Unknown
from app.store.customers import OpenOf

MAX_NAME = 256
NO_NULL = r"^[^\x00]*$"
_Text = Field(None, max_length=MAX_NAME, pattern=NO_NULL)


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CustomerAsked(_Asked):
    """What is told of a customer; what is left out stays as it is.

    ``aliases``: addresses, numbers with their country, ``domain:acme.test``, ``id:SOURCE:ID``. They
    become hers, whosever they were. An empty name takes the name back.
    """

    name: str | None = _Text
    tier: str | None = Field(None, min_length=1, max_length=MAX_NAME, pattern=NO_NULL)
    since: AwareDatetime | None = None
    public_name: bool | None = None
    aliases: list[str] = Field(default_factory=list, max_length=60)


class MergeAsked(_Asked):
    """Into whom; into herself takes an earlier merge back."""

    into: str = Field(min_length=1, max_length=MAX_NAME, pattern=NO_NULL)


class AliasesAsked(_Asked):
    """Aliases that are hers, or a contact that is: by its id, and its source where several have it."""

    aliases: list[str] = Field(default_factory=list, max_length=60)
    contact: str | None = _Text
    source: str | None = _Text


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """The customer's id, and whether what was told was new."""

    customer: str
    changed: bool


@dataclass(frozen=True, slots=True)
class RefusedCustomer:
    """A line that was not stored, and what was expected there."""

    line: int
    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class CustomersImported:
    """What became of a table; ``changed`` would be, with ``dry_run``. At most 1,000 lines are listed."""

    lines: int
    changed: int
    unchanged: int
    refused_lines: int
    refused: list[RefusedCustomer]
    columns_ignored: list[str]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class AliasShown:
    """An alias of a customer, since when; ``source``: of whose ids it is one."""

    kind: str
    masked: str
    since: datetime
    source: str | None


@dataclass(frozen=True, slots=True)
class CustomersContact:
    """An open contact. ``contacts``: how many there were by its alias, where that is asked."""

    contact: str
    source: str
    href: str
    link: str | None
    team: str
    channel: str
    since: datetime
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerAccount:
    """What is known of one customer. ``contacts`` counts to 1,000 and no further."""

    customer: str
    name: str | None
    public_name: bool
    is_registered: bool
    tier: str
    since: datetime | None
    also: list[str]
    aliases: list[AliasShown]
    contacts: int
    open_contacts: int
    open: list[CustomersContact]


@dataclass(frozen=True, slots=True)
class UnknownContact(CustomersContact):
    """An open contact of which nobody knows whose it is; ``known_as`` is all that is seen of her."""

    customer: str
    known_as: str | None
    contacts: int


@dataclass(frozen=True, slots=True)
class UnknownCustomers:
    """Whose are these? ``nameless`` contacts tell nobody; ``unregistered`` ones an alias of nobody."""

    as_of: datetime
    nameless: int
    unregistered: int
    contacts: list[UnknownContact]


def account_of(known: KnownCustomer) -> CustomerAccount:
    """Say everything about one customer."""
    entry = known.entry
    return CustomerAccount(
        customer=entry.customer,
        name=entry.name,
        public_name=entry.public_name,
        is_registered=known.is_registered,
        tier=known.tier,
        since=entry.since,
        also=list(known.also),
        aliases=[
            AliasShown(str(each.kind), each.masked, each.since, each.source)
            for each in known.aliases
        ],
        contacts=known.contacts,
        open_contacts=known.open.of,
        open=[CustomersContact(**_shown(each)) for each in known.open.shown],
    )


def unknown_of(found: Unknown, limit: int, now: datetime) -> UnknownCustomers:
    """The list of those whom nobody knows, those without any name first."""
    shown = [*found.nobodys.shown, *found.unregistered.shown][:limit]
    return UnknownCustomers(
        as_of=now,
        nameless=found.nobodys.of,
        unregistered=found.unregistered.of,
        contacts=[
            UnknownContact(
                **_shown(each),
                customer=each.customer,
                known_as=each.masked,
                contacts=each.contacts,
            )
            for each in shown
        ],
    )


def _shown(each: OpenOf) -> dict[str, Any]:
    return {
        "contact": each.subject,
        "source": each.source,
        "href": contact_address(each.subject, each.source),
        "link": each.link,
        "team": each.team,
        "channel": each.channel,
        "since": each.since,
        "waiting_since": each.waiting_since,
    }


def contact_address(contact: str, source: str) -> str:
    """Where a contact is told about."""
    return f"/v1/contacts/{quote(contact)}?{urlencode({'source': source}, safe='/')}"


def imported_of(done: Imported, ignored: tuple[str, ...], *, dry_run: bool) -> CustomersImported:
    """What became of a table."""
    return CustomersImported(
        lines=done.lines,
        changed=done.told,
        unchanged=done.known,
        refused_lines=done.refused_lines,
        refused=[
            RefusedCustomer(each.line, each.field, each.expected, each.got) for each in done.refused
        ],
        columns_ignored=list(ignored),
        dry_run=dry_run,
    )
