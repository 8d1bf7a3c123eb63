"""What concerns a customer across her contacts: promises, callbacks, and who was turned away.

Promises are replayed from events; the rest from what each contact keeps for the others. A contact's
own clocks are its own replay's: whether she came back after a brief exchange is told to it by a row,
and it is replayed again.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.core.callbacks import Callback
from app.core.clocks.clock import Clock
from app.core.policy import ClockKind
from app.core.promises import Promise
from app.core.replay import (
    Between,
    Contact,
    Judging,
    between_contacts,
    callback_clocks,
    promises_of,
    replay_group,
)
from app.operations.clock_books import ClockId, save_clocks
from app.operations.intake import CONTACT_MARK, CUSTOMER_MARK
from app.operations.rounds import GROUPS_AT_ONCE, Folded, Round, names_of, settle_marks
from app.store import callbacks, promises, registry, touched
from app.store import contacts as contact_store
from app.store import events as event_store
from app.store.callbacks import Owed
from app.store.contacts import Before
from app.store.engine import Transaction

CUSTOMERS_CLOCKS = frozenset({ClockKind.FOLLOW_UP, ClockKind.CALLBACK})
"""Kinds that a customer's replay makes; all others are the contact's own."""
ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Earlier than any promise."""


@dataclass(slots=True)
class _Concerned:
    """Whose replay a contact's news may change: surely, or where something of hers is stored."""

    surely: set[str] = field(default_factory=set)
    maybe: dict[str, datetime] = field(default_factory=dict)
    arrived: list[tuple[str, str, datetime]] = field(default_factory=list)
    brief: list[tuple[str, str, datetime]] = field(default_factory=list)

    def note(self, contact: Contact, before: Before | None) -> None:
        """Look at one contact's news."""
        dealing = contact.dealing
        customers = {contact.customer, before.customer if before else contact.customer}
        if dealing.has_promises or dealing.sent_away or dealing.turned_away_at:
            self.surely |= customers
        elif len(customers) > 1 or contact.line.discarded or contact.line.merged:
            self.maybe.update(dict.fromkeys(customers, ALWAYS))
        elif dealing.reached:
            since = min(reached.at for reached in dealing.reached)
            self.maybe[contact.customer] = min(since, self.maybe.get(contact.customer, since))
        if before != Before(contact.customer, dealing):
            self._note_return(contact, before)

    def _note_return(self, contact: Contact, before: Before | None) -> None:
        """Look whether this contact is a return, or one after which a return counts."""
        dealing, had_brief = contact.dealing, before is not None and before.dealing.brief
        if dealing.arrivals:
            self.arrived.append((contact.customer, contact.key, min(dealing.arrivals)))
        if dealing.brief is not None:
            self.brief.append((contact.customer, contact.key, dealing.brief.ended_at))
            if max(dealing.arrivals, default=ALWAYS) > dealing.brief.ended_at:
                self.surely.add(contact.customer)
        elif had_brief:
            self.surely.add(contact.customer)


async def touch_customers(
    tx: Transaction, contacts: Sequence[Contact], before: Mapping[str, Before]
) -> None:
    """Have customers replayed whose promises, callbacks or returns this news can change.

    To be called when the contacts are saved: of two contacts that concern each other and are saved
    at once, the later one has to see the earlier one.
    """
    of = _Concerned()
    for contact in contacts:
        of.note(contact, before.get(contact.key))
    now_of = {contact.key for contact in contacts}
    of.maybe.update({had.customer: ALWAYS for key, had in before.items() if key not in now_of})
    brief = {customer for customer, _, _ in of.brief}
    others = {*of.surely, *of.maybe, *(customer for customer, _, _ in of.arrived)} - brief
    if not others and not brief:
        return
    await touched.hold_customers(tx, _marks(CUSTOMER_MARK, others), _marks(CUSTOMER_MARK, brief))
    of.surely |= await promises.load_promised(tx, of.maybe)
    of.surely |= await callbacks.load_concerned(tx, of.maybe, [*now_of, *before])
    of.surely |= await callbacks.load_returned(tx, of.arrived)
    of.surely |= await callbacks.load_seen_later(tx, of.brief)
    if of.surely:
        await touched.touch(tx, _marks(CUSTOMER_MARK, of.surely))


def _marks(prefix: str, names: Iterable[str]) -> set[str]:
    return {prefix + name for name in names}


@dataclass(frozen=True, slots=True)
class _Found:
    """What was worked out for one customer, and the contacts whose clocks it is about.

    ``had_promises``: some are stored.
    """

    promises: list[tuple[Promise, Clock]]
    had_promises: bool
    between: Between
    contacts: set[str]


async def fold_customers(tx: Transaction, claimed: Sequence[str], round_: Round) -> None:
    """Replay claimed customers; one with a contact that is busy waits for the next round."""
    marks = await touched.load_marks_by_key(tx, claimed)
    customers = [key.removeprefix(CUSTOMER_MARK) for key in claimed]
    found = await _worked_out(tx, customers, round_)
    wanted = {key for one in found.values() for key in one.contacts}
    locked = await touched.lock_also(tx, _marks(CONTACT_MARK, wanted))
    free = {
        customer: one
        for customer, one in found.items()
        if _marks(CONTACT_MARK, one.contacts) <= locked
    }
    await _save(tx, free, round_)
    keys = sorted(_marks(CUSTOMER_MARK, free))
    await settle_marks(tx, keys, [mark for key in keys for mark in marks[key]], {}, round_.now)
    round_.done.add(Folded(keys=len(keys)))


async def _worked_out(
    tx: Transaction, customers: Collection[str], round_: Round
) -> dict[str, _Found]:
    dealings = await contact_store.load_dealings(tx, customers)
    called = await callbacks.load_contacts(tx, customers)
    promised = await promises.load_promised_contacts(tx, customers)
    found = {}
    for customer in customers:
        own = dealings.get(customer, {})
        between = between_contacts(own)
        told: list[tuple[Promise, Clock]] = []
        if any(dealing.has_promises for _, dealing in own.values()):
            told = await _promises(tx, customer, list(own), round_)
        found[customer] = _Found(
            promises=told,
            had_promises=customer in promised,
            between=between,
            contacts={callback.contact for callback in between.callbacks}
            | {promise.contact for promise, _ in told}
            | called.get(customer, set())
            | promised.get(customer, set()),
        )
    return found


async def _replayed(
    tx: Transaction, keys: Iterable[str], round_: Round
) -> tuple[dict[str, Contact], Judging]:
    """Replay contacts, with those that they are joined to."""
    wanted = sorted(keys)
    others = await contact_store.load_components(tx, wanted)
    groups = {frozenset({contact, *others.get(contact, ())}) for contact in wanted}
    events = await event_store.load_of_contacts(
        tx, {member for group in groups for member in group}
    )
    known = await registry.load_registry(tx, names_of(events.told.values()))
    contacts = {}
    for number, group in enumerate(groups):
        if number % GROUPS_AT_ONCE == GROUPS_AT_ONCE - 1:
            await asyncio.sleep(0)
        own = [event for key in group for event in events.of(key)]
        for contact in replay_group(own, round_.terms, known, round_.now):
            contacts[contact.key] = contact
    return contacts, Judging(round_.terms, known, round_.now)


async def _promises(
    tx: Transaction, customer: str, keys: Collection[str], round_: Round
) -> list[tuple[Promise, Clock]]:
    contacts, _ = await _replayed(tx, keys, round_)
    hers = [contact for contact in contacts.values() if contact.customer == customer]
    return list(promises_of(customer, hers, round_.terms, round_.now))


async def _save(tx: Transaction, found: Mapping[str, _Found], round_: Round) -> None:
    clocks: dict[ClockId, Clock] = {}
    promised = {name: one for name, one in found.items() if one.promises or one.had_promises}
    told = [pair for one in promised.values() for pair in one.promises]
    if promised:
        numbered = [(clock.number, promise) for promise, clock in told]
        await promises.replace_promises(tx, promised, numbered)
    for promise, clock in told:
        clocks[promise.contact, clock.kind, clock.number] = clock
    owed = [Owed(name, made) for name, one in found.items() for made in one.between.callbacks]
    clocks.update(await _callback_clocks(tx, [each.callback for each in owed], round_))
    concerned = {key for one in found.values() for key in one.contacts}
    if concerned:
        await callbacks.replace_callbacks(tx, found, owed, concerned)
        await save_clocks(tx, sorted(concerned), clocks, CUSTOMERS_CLOCKS, round_)
    back = {customer: one.between.came_back for customer, one in found.items()}
    changed = await callbacks.replace_came_back(tx, back)
    if changed:
        await touched.touch(tx, _marks(CONTACT_MARK, changed))


async def _callback_clocks(
    tx: Transaction, owed: Sequence[Callback], round_: Round
) -> dict[ClockId, Clock]:
    policies = round_.terms.policies.versions
    if not owed or not any(policy.promises(ClockKind.CALLBACK) for policy in policies):
        return {}
    contacts, judging = await _replayed(tx, {callback.contact for callback in owed}, round_)
    return {
        (callback.contact, clock.kind, clock.number): clock
        for callback in owed
        if callback.contact in contacts
        for clock in callback_clocks(callback, contacts[callback.contact], judging)
    }
