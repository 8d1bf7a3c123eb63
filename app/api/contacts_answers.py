"""The shapes of the answers about contacts. Field names are for programs; people read the sentences."""

from dataclasses import dataclass
from datetime import datetime

from app.api.working_answers import ContactClock, clock_of
from app.core.callbacks import Callback
from app.core.clocks.clock import Clock
from app.core.promises import Promise
from app.core.registry import NOBODY
from app.core.replay import KEY_SEPARATOR
from app.core.working.account import Account, became_part_of, headline
from app.operations.contacts import Known
from app.store.contact_lists import OpenContact


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer by id; by name where anybody told us."""

    customer: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Name:
    """A contact as one source calls it."""

    source: str
    contact: str


@dataclass(frozen=True, slots=True)
class Unpromised:
    """A kind of clock that the contact does not have, and why."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class KindRecord:
    """All exchanges of a kind: how many, how many missed, and the longest of them."""

    kind: str
    status: str
    cycles: int
    missed: int
    worst_seconds: float | None


@dataclass(frozen=True, slots=True)
class PromiseMade:
    """A follow-up promised on this contact; ``moves`` counts how often it was re-dated.

    ``inferred``: no tool says that it was promised; ``kept_inferred``: or that it was kept.
    """

    promise: str
    promised_at: datetime
    due_at: datetime
    due_team: str | None
    moves: int
    status: str
    breached: bool
    ended_at: datetime | None
    inferred: bool
    kept_inferred: bool


@dataclass(frozen=True, slots=True)
class CallOwed:
    """A call back that is owed, or was made, for this contact."""

    team: str
    since: datetime
    called_at: datetime | None
    due_at: datetime | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, without its text and without anybody's name."""

    type: str
    time: datetime
    source: str
    id: str
    received_at: datetime
    inferred: bool


@dataclass(frozen=True, slots=True)
class ContactAccount:
    """One contact, replayed from its events, with every clock's working.

    ``became_part_of``: the contact of the same source as which it goes on, where it was merged.
    ``is_being_worked_out``: lists and screens are not up to these events yet.
    """

    contact: str
    source: str
    also: list[Name]
    became_part_of: str | None
    link: str | None
    customer: Customer | None
    tier: str
    team: str
    channel: str
    queue: str | None
    zone: str
    as_of: datetime
    state: str
    opened_at: datetime | None
    waiting_since: datetime | None
    resolved_at: datetime | None
    last_event_at: datetime
    self_service_seconds: float | None
    passed_on: int
    turned_away: bool
    turned_away_inferred: bool
    history_missing: bool
    is_being_worked_out: bool
    sentences: list[str]
    exchanges: list[KindRecord]
    clocks: list[ContactClock]
    clocks_left_out: int
    without: list[Unpromised]
    promises: list[PromiseMade]
    callbacks: list[CallOwed]
    events: list[Happening]
    events_left_out: int


@dataclass(frozen=True, slots=True)
class ListedContact:
    """One contact of a list. ``due_at`` is of the clock that is due first."""

    contact: str
    source: str
    link: str | None
    customer: Customer | None
    tier: str
    team: str
    channel: str
    waiting_since: datetime | None
    last_event_at: datetime
    due_at: datetime | None
    breaches_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactList:
    """Contacts as they stand at ``as_of``; ``next`` asks for those after them, if there are more."""

    as_of: datetime
    contacts: list[ListedContact]
    next: str | None


def account_told(known: Known) -> ContactAccount:
    """Say everything about one contact."""
    account = known.account
    contact, now = account.contact, account.now
    self_service = account.self_service
    return ContactAccount(
        contact=contact.subject,
        source=contact.source,
        also=[_name(key) for key in sorted(contact.members - {contact.key})],
        became_part_of=became_part_of(contact),
        link=contact.link,
        customer=_customer(contact.customer, account.name),
        tier=contact.tier,
        team=contact.team,
        channel=contact.channel,
        queue=contact.queue,
        zone=str(account.wording.time.zone),
        as_of=now,
        state=account.state,
        opened_at=contact.opened_at,
        waiting_since=contact.waiting_since,
        resolved_at=contact.resolved_at,
        last_event_at=contact.last_event_at,
        self_service_seconds=None if self_service is None else self_service.total_seconds(),
        passed_on=contact.line.passed_on,
        turned_away=contact.is_turned_away,
        turned_away_inferred=contact.turned_away_inferred,
        history_missing=contact.history_missing,
        is_being_worked_out=known.is_being_worked_out,
        sentences=list(headline(account)),
        exchanges=_exchanges(account),
        clocks=[clock_of(working, account, known.noted) for working in account.workings],
        clocks_left_out=len(account.clocks) - len(account.workings),
        without=[Unpromised(each.kind, each.sentence) for each in account.unpromised],
        promises=[_promise(made, clock, now) for made, clock in account.owing.promises],
        callbacks=[_call(owed, clock, now) for owed, clock in account.owing.callbacks],
        events=[
            Happening(e.type, e.occurred_at, e.source, e.id, e.received_at, e.inferred)
            for e in known.happened
        ],
        events_left_out=known.left_out,
    )


def _customer(customer: str, name: str | None) -> Customer | None:
    """Who she is; none where nobody knows."""
    return None if customer.startswith(NOBODY) else Customer(customer, name)


def _name(key: str) -> Name:
    source, _, subject = key.partition(KEY_SEPARATOR)
    return Name(source, subject)


def _exchanges(account: Account) -> list[KindRecord]:
    return [
        KindRecord(
            kind=kind,
            status=record.status,
            cycles=record.cycles,
            missed=record.misses,
            worst_seconds=None if record.worst is None else record.worst.total_seconds(),
        )
        for kind, record in account.records.items()
    ]


def _promise(made: Promise, clock: Clock, now: datetime) -> PromiseMade:
    return PromiseMade(
        promise=made.id,
        promised_at=made.promised_at,
        due_at=made.due_at,
        due_team=made.due_team,
        moves=made.moves,
        status=clock.status(now),
        breached=clock.is_breached(now),
        ended_at=made.ended_at,
        inferred=made.inferred,
        kept_inferred=made.kept_inferred,
    )


def _call(owed: Callback, clock: Clock | None, now: datetime) -> CallOwed:
    return CallOwed(
        team=owed.team,
        since=owed.cycle.started_at,
        called_at=owed.cycle.stopped_at,
        due_at=clock.due_at if clock else None,
        status=clock.status(now) if clock else None,
    )


def listed(contact: OpenContact) -> ListedContact:
    """One contact of a list."""
    return ListedContact(
        contact=contact.subject,
        source=contact.source,
        link=contact.link,
        customer=_customer(contact.customer, contact.name),
        tier=contact.tier,
        team=contact.team,
        channel=contact.channel,
        waiting_since=contact.waiting_since,
        last_event_at=contact.last_event_at,
        due_at=contact.due_at,
        breaches_at=contact.breaches_at,
    )
