"""What Intercom tells of people and calls: who is there, whose address is whose, who rang."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Alias,
    AliasKind,
    Channel,
    ContactAnswered,
    ContactMissed,
    ContactReceived,
    ContactResolved,
    CustomerMerged,
    CustomerReplied,
    CustomerUpdated,
    Data,
    Direction,
    WorkEnded,
    WorkStarted,
)
from app.core.registry import name_of
from app.sources.adapter import SourceConfig
from app.sources.intercom.payload import Person, Tag, Tags, names_of, person_id, somebody
from app.sources.intercom.thread import RECEIVED
from app.sources.reading import (
    MAX_LISTED,
    MAX_NAME,
    Id,
    Moment,
    email,
    instant,
    known_as,
    needed,
    phone,
    read_json,
    vendor_id,
)
from app.sources.telling import Telling, tier_told

_ATTEMPT = "outbound_call_attempt"
_VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class About:
    """A delivery that is about no conversation: its thing, and when it was sent."""

    item: msgspec.Raw
    config: SourceConfig
    sent_at: datetime | None


class _Admin(msgspec.Struct, frozen=True):
    id: Id = None
    away_mode_enabled: bool | None = None
    away_status_reason: str | None = None


class _Metadata(msgspec.Struct, frozen=True):
    away_mode: bool | None = None


class _Activity(msgspec.Struct, frozen=True):
    performed_by: Person | None = None
    metadata: _Metadata | None = None
    created_at: Moment = None
    activity_type: str | None = None


class _Company(msgspec.Struct, frozen=True, gc=False):
    id: str | None = None
    company_id: str | None = None
    name: str | None = None
    tags: Tags | None = None


class _Companies(msgspec.Struct, frozen=True):
    data: tuple[_Company, ...] | None = None


class _Customer(msgspec.Struct, frozen=True):
    id: Id = None
    email: str | None = None
    phone: str | None = None
    companies: _Companies | None = None
    merged_from: Person | None = None


class _Pair(msgspec.Struct, frozen=True):
    """A customer with a tag that was put on her, or with a company she belongs to."""

    tag: Tag | None = None
    company: _Company | None = None
    contact: _Customer | None = None
    user: _Customer | None = None


class _Call(msgspec.Struct, frozen=True):
    id: Id = None
    conversation_id: Id = None
    admin_id: Id = None
    contact_id: Id = None
    state: str | None = None
    direction: str | None = None
    phone: str | None = None
    initiated_at: Moment = None
    answered_at: Moment = None
    ended_at: Moment = None
    created_at: Moment = None


_ADMIN = msgspec.json.Decoder(_Admin)
_ACTIVITY = msgspec.json.Decoder(_Activity)
_CUSTOMER = msgspec.json.Decoder(_Customer)
_PAIR = msgspec.json.Decoder(_Pair)
_CALL = msgspec.json.Decoder(_Call)


def _there(agent: str, at: datetime | None, *, away: str | None = None) -> Telling:
    """Say that an agent can take contacts, or why he cannot."""
    data: Data = AgentAvailable(agent=agent)
    if away is not None:
        data = AgentUnavailable(agent=agent, reason=away.strip()[:MAX_NAME] or None)
    fact = f"{at.isoformat()} {data.type}" if at else None
    return Telling(subject=agent, data=data, at=at, fact=fact)


def _admin(about: About) -> tuple[str, _Admin]:
    admin = read_json(_ADMIN, about.item)
    return needed(somebody(admin.id, "$.data.item.id"), "$.data.item.id"), admin


def _away_mode(about: About) -> Iterator[Telling]:
    agent, admin = _admin(about)
    if admin.away_mode_enabled is not None:
        away = (admin.away_status_reason or "away") if admin.away_mode_enabled else None
        yield _there(agent, about.sent_at, away=away)


def _came(about: About) -> Iterator[Telling]:
    agent, admin = _admin(about)
    away = (admin.away_status_reason or "away") if admin.away_mode_enabled else None
    yield _there(agent, about.sent_at, away=away)


def _left(about: About) -> Iterator[Telling]:
    agent, _ = _admin(about)
    yield _there(agent, about.sent_at, away="logged_out")


def _activity(about: About) -> Iterator[Telling]:
    told = read_json(_ACTIVITY, about.item)
    agent = person_id(told.performed_by, "$.data.item.performed_by.id")
    at = instant(told.created_at, "$.data.item.created_at") or about.sent_at
    away_mode = told.metadata.away_mode if told.metadata else None
    if agent is None:
        return
    match told.activity_type:
        case "admin_away_mode_change" if away_mode is not None:
            yield _there(agent, at, away="away" if away_mode else None)
        case "admin_login_success":
            yield _there(agent, at)
        case "admin_logout":
            yield _there(agent, at, away="logged_out")
        case _:
            return


def _aliases(customer: _Customer) -> tuple[Alias, ...]:
    known = vendor_id(customer.id, "$.data.item.contact.id")
    return known_as(known, email(customer.email), phone(customer.phone))


def _key(customer: str, config: SourceConfig) -> str:
    return name_of(Alias(AliasKind.ID, customer), config.source.event_source)


def _addressed(about: About) -> Iterator[Telling]:
    """She is known by an address from now on."""
    customer = read_json(_CUSTOMER, about.item)
    who = needed(somebody(customer.id, "$.data.item.id"), "$.data.item.id")
    aliases = _aliases(customer)
    if len(aliases) > 1:
        fact = " ".join(alias.value for alias in aliases[1:])[:MAX_NAME]
        data = CustomerUpdated(aliases=aliases)
        yield Telling(subject=_key(who, about.config), data=data, at=about.sent_at, fact=fact)


def _became_one(about: About) -> Iterator[Telling]:
    """Two contacts are one from now on; older versions do not tell which was the other."""
    customer = read_json(_CUSTOMER, about.item)
    into = needed(somebody(customer.id, "$.data.item.id"), "$.data.item.id")
    gone = person_id(customer.merged_from, "$.data.item.merged_from.id")
    if gone is not None and gone != into:
        data = CustomerMerged(into=_key(into, about.config))
        yield Telling(subject=_key(gone, about.config), data=data, at=about.sent_at, fact=into)


def _ranked(about: About) -> Iterator[Telling]:
    """A tag or a company may stand for a tier."""
    pair = read_json(_PAIR, about.item)
    customer = pair.contact or pair.user or _Customer()
    words = (*names_of(pair.tag), *_words(pair.company))
    yield from tier_told(about.config, words, _aliases(customer), about.sent_at)


def _words(company: _Company | None) -> tuple[str | None, ...]:
    """The ids, the name and the tags of a company."""
    if company is None:
        return ()
    return (company.id, company.company_id, company.name, *names_of(company.tags))


def _belongs(about: About) -> Iterator[Telling]:
    """A contact lists the companies she belongs to."""
    customer = read_json(_CUSTOMER, about.item)
    listed = (customer.companies.data or ()) if customer.companies else ()
    words = [word for company in listed[:MAX_LISTED] for word in _words(company)]
    yield from tier_told(about.config, words, _aliases(customer), about.sent_at)


class _Ringing:
    """A call as a delivery tells it; it belongs to a conversation where Intercom says so."""

    def __init__(self, about: About) -> None:
        self.call = call = read_json(_CALL, about.item)
        told = somebody(call.conversation_id, "$.data.item.conversation_id")
        call_id = somebody(call.id, "$.data.item.id")
        self.contact = needed(told or call_id, "$.data.item.id")
        self.fact = f"call {call_id or ''}"
        self.agent = somebody(call.admin_id, "$.data.item.admin_id")
        self.is_ours = call.direction == "outbound"
        self.way = Direction.OUTBOUND if self.is_ours else None
        self.began_at = instant(call.initiated_at, "$.data.item.initiated_at") or instant(
            call.created_at, "$.data.item.created_at"
        )
        self.answered_at = instant(call.answered_at, "$.data.item.answered_at")
        self.ended_at = instant(call.ended_at, "$.data.item.ended_at") or about.sent_at

    def tell(self, data: Data, at: datetime | None, fact: str, owner: str | None = None) -> Telling:
        """Say that ``data`` happened to this call."""
        customer = vendor_id(self.call.contact_id, "$.data.item.contact_id")
        full = msgspec.structs.replace(
            data, channel=Channel.PHONE, aliases=known_as(customer, phone(self.call.phone))
        )
        return Telling(subject=self.contact, data=full, at=at, fact=fact[:MAX_NAME], owner=owner)


def _rang(about: About) -> Iterator[Telling]:
    told = _Ringing(about)
    at = told.began_at or about.sent_at
    if told.is_ours:
        attempt = AgentReplied(agent=told.agent, direction=told.way, reason=_ATTEMPT)
        yield told.tell(attempt, at, told.fact)
    else:
        yield told.tell(ContactReceived(), at, RECEIVED, told.agent)
    yield from _answered(told)


def _answered(told: _Ringing) -> Iterator[Telling]:
    if told.answered_at is None:
        return
    answered = ContactAnswered(agent=told.agent, direction=told.way)
    yield told.tell(answered, told.answered_at, told.fact)
    if told.agent:
        started = WorkStarted(agent=told.agent, direction=told.way)
        yield told.tell(started, told.answered_at, told.fact)


def _hung_up(about: About) -> Iterator[Telling]:
    """The whole call once more: its beginning may have been missed."""
    told = _Ringing(about)
    if told.answered_at is None and not told.is_ours:
        if _VOICEMAIL in (told.call.state or ""):
            yield told.tell(CustomerReplied(reason=_VOICEMAIL), told.ended_at, told.fact)
        else:
            missed = ContactMissed(reason=told.call.state or None)
            yield told.tell(missed, told.ended_at, told.fact)
        return
    yield from _answered(told)
    if told.answered_at and told.agent:
        ended = WorkEnded(agent=told.agent, direction=told.way)
        yield told.tell(ended, told.ended_at, told.fact)
    resolved = ContactResolved(agent=told.agent, direction=told.way)
    yield told.tell(resolved, told.ended_at, told.fact)


PEOPLE: Final[Mapping[str, Callable[[About], Iterator[Telling]]]] = MappingProxyType(
    {
        "admin.away_mode_updated": _away_mode,
        "admin.logged_in": _came,
        "admin.logged_out": _left,
        "admin.removed_from_workspace": _left,
        "admin.activity_log_event.created": _activity,
        "contact.email.updated": _addressed,
        "contact.lead.added_email": _addressed,
        "contact.added_email": _addressed,
        "contact.merged": _became_one,
        "contact.user.tag.created": _ranked,
        "contact.lead.tag.created": _ranked,
        "contact.tag.created": _ranked,
        "user.tag.created": _ranked,
        "company.contact.attached": _ranked,
        "contact.user.created": _belongs,
        "contact.user.updated": _belongs,
        "call.started": _rang,
        "call.ended": _hung_up,
    }
)
"""Topics that are about no conversation."""
