"""What is true of one contact now, replayed from its events; and lists of contacts by how they stand."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.callbacks import Callback
from app.core.clocks.clock import Clock
from app.core.events import TYPES, FollowupPromised
from app.core.registry import Registry
from app.core.replay import (
    KEY_SEPARATOR,
    Between,
    Contact,
    Judging,
    Terms,
    between_contacts,
    callback_clocks,
    promises_of,
    replay_group,
)
from app.core.working.account import Account, Owing, account_of
from app.core.working.wanted import Wanted
from app.operations.intake import CONTACT_MARK, CUSTOMER_MARK
from app.operations.present import lost_before
from app.operations.rounds import names_of
from app.store import callbacks, contact_lists, lookup, registry
from app.store import contacts as contact_store
from app.store import events as event_store
from app.store.contact_lists import Cursor, Listed, OpenContact
from app.store.engine import Database, Transaction
from app.store.lookup import Happened, Noted

MAX_EVENTS = 1_000
"""Events of one contact that are listed, the newest."""

MAX_OTHERS = 1_000
"""Contacts of a customer that are looked at to see whether a promise was kept, the newest."""

RANK: Mapping[str, int] = {name: rank for rank, name in enumerate(TYPES)}


class UnreadableContact(RuntimeError):  # noqa: N818 - named for the fact
    """An event of the contact cannot be read by this version."""


@dataclass(frozen=True, slots=True)
class Known:
    """A contact's account, the newest events in order, and what was said of its clocks.

    ``is_being_worked_out``: what screens show is not up to these events yet.
    """

    account: Account
    happened: tuple[Happened, ...]
    left_out: int
    noted: tuple[Noted, ...]
    is_being_worked_out: bool


async def load_known(db: Database, terms: Terms, wanted: Wanted, now: datetime) -> Known:
    """Replay a contact from its stored events.

    Raises ``UnknownContact``, ``SeveralContacts`` or ``UnreadableContact``.
    """
    async with db.reading() as tx:
        contact, judging = await _replayed(tx, wanted, terms, now)
        owing = await _owing(tx, contact, await _between(tx, contact), judging)
        account = await asyncio.to_thread(account_of, contact, owing, judging)
        happened = await lookup.load_happened(tx, contact.members)
        marks = {CONTACT_MARK + key for key in contact.members} | {CUSTOMER_MARK + contact.customer}
        stored = await contact_store.load_clocks(tx, [contact.key])
        ours = set(map(_facts, account.clocks))
        shown = {_facts(known.clock) for known in stored.values()}
        return Known(
            account=account,
            happened=tuple(sorted(happened, key=_order)[-MAX_EVENTS:]),
            left_out=max(0, len(happened) - MAX_EVENTS),
            noted=tuple(await lookup.load_noted(tx, contact.key)),
            is_being_worked_out=ours != shown or await lookup.has_news(tx, marks),
        )


def _facts(clock: Clock) -> tuple[object, ...]:
    """What is true of a clock whatever was decided since: not its labels, nor who judged it."""
    told = (clock.started_at, clock.target, clock.due_at, clock.breaches_at, clock.pauses)
    return (clock.kind, clock.number, *told, clock.stopped_at, clock.ending, clock.is_measurable)


def _order(event: Happened) -> tuple[datetime, int, str, str]:
    return (event.occurred_at, RANK.get(event.type, len(RANK)), event.source, event.id)


async def _replayed(
    tx: Transaction, wanted: Wanted, terms: Terms, now: datetime
) -> tuple[Contact, Judging]:
    key = wanted.key()
    keys = [key] if key else await lookup.load_keys(tx, wanted.subject, KEY_SEPARATOR)
    contacts, judging = await _replay(tx, keys, terms, now)
    contact = wanted.choose(contacts)
    return await _came_back_again(tx, contact, judging), judging


async def _replay(
    tx: Transaction, keys: Collection[str], terms: Terms, now: datetime
) -> tuple[list[Contact], Judging]:
    """Replay contacts, each with those that it is joined to."""
    others = await contact_store.load_components(tx, keys)
    groups = {frozenset({key, *others.get(key, ())}) for key in keys}
    members = {member for group in groups for member in group}
    told = await event_store.load_of_contacts(tx, members)
    known: Registry = await registry.load_registry(tx, names_of(told.told.values()))
    back = await callbacks.load_came_back(tx, members)
    found = []
    for group in groups:
        _check_readable(told, group)
        events = [event for member in group for event in told.of(member)]
        found += await asyncio.to_thread(replay_group, events, terms, known, now, back)
    return found, Judging(terms, known, now)


def _check_readable(told: event_store.Told, members: Collection[str]) -> None:
    faults = [told.unreadable[member] for member in members if member in told.unreadable]
    if faults:
        raise UnreadableContact(f"an event of this contact cannot be read: {faults[0]}")


async def _came_back_again(tx: Transaction, contact: Contact, judging: Judging) -> Contact:
    """The contact anew, where her other contacts tell now that she came back, or that she did not."""
    came_back = (await _between(tx, contact)).came_back
    if (contact.key in came_back) is contact.turned_away_inferred:
        return contact
    told = await event_store.load_of_contacts(tx, contact.members)
    events = [event for member in contact.members for event in told.of(member)]
    anew = replay_group(events, judging.terms, judging.registry, judging.now, came_back)
    return next((each for each in anew if each.key == contact.key), contact)


async def _between(tx: Transaction, contact: Contact) -> Between:
    """What her other contacts, as stored, and this one, as replayed, tell together."""
    dealings = (await contact_store.load_dealings(tx, [contact.customer])).get(contact.customer, {})
    dealings[contact.key] = (contact.team, contact.dealing)
    return between_contacts(dealings)


async def _owing(tx: Transaction, contact: Contact, between: Between, judging: Judging) -> Owing:
    owed = [each for each in between.callbacks if each.contact == contact.key]
    called = [pair for callback in owed for pair in _with_clocks(callback, contact, judging)]
    promised_at = [
        event.occurred_at
        for event in contact.line.events
        if isinstance(event.data, FollowupPromised)
    ]
    if not promised_at:
        return Owing(callbacks=tuple(called))
    hers = await _her_contacts(tx, contact, min(promised_at), judging)
    promised = promises_of(contact.customer, hers, judging.terms, judging.now)
    return Owing(
        promises=tuple((made, clock) for made, clock in promised if made.contact == contact.key),
        callbacks=tuple(called),
    )


def _with_clocks(
    callback: Callback, contact: Contact, judging: Judging
) -> Iterator[tuple[Callback, Clock | None]]:
    clocks = callback_clocks(callback, contact, judging)
    yield from ((callback, clock) for clock in clocks)
    if not clocks:
        yield callback, None


async def _her_contacts(
    tx: Transaction, contact: Contact, since: datetime, judging: Judging
) -> Sequence[Contact]:
    """The customer's contacts on which a promise may have been kept, this one as replayed."""
    keys = await lookup.load_her_contacts(tx, contact.customer, since, MAX_OTHERS)
    others = [key for key in keys if key not in contact.members]
    contacts, _ = await _replay(tx, others, judging.terms, judging.now)
    hers = [
        each for each in contacts if each.customer == contact.customer and each.key != contact.key
    ]
    return [contact, *hers]


async def explain(db: Database, terms: Terms, wanted: Wanted, now: datetime) -> Account:
    """The account alone, for people. Raises as ``load_known`` does."""
    return (await load_known(db, terms, wanted, now)).account


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; ``following`` is the key after which the next part begins."""

    contacts: tuple[OpenContact, ...]
    following: str | None


async def load_page(
    db: Database, terms: Terms, listed: Listed, cursor: Cursor, now: datetime
) -> Page:
    """The contacts that stand so at ``now``, from ``cursor`` on."""
    policy = terms.policies.in_force(now)
    further = Cursor(cursor.after, cursor.limit + 1, cursor.team)
    async with db.reading() as tx:
        found = await contact_lists.load_list(tx, listed, further, lost_before(policy, now), now)
    shown = tuple(found[: cursor.limit])
    return Page(shown, shown[-1].key if len(found) > cursor.limit else None)
