"""Replay what was touched, save what changed: contacts, customers' promises, the registry.

Every key is replayed under its own lock, from its marks first and its events after; exactly those
marks are deleted. A key that cannot be replayed is set aside with its error and blocks no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.core.clocks import Clock
from app.core.events import PROMISE_TYPES, AgentReplied, ContactAnswered, Event
from app.core.noting import NOTHING_SAID, Said, said_of
from app.core.policy import ClockKind
from app.core.promises import Promise
from app.core.registry import Registry, names_in, replay_registry
from app.core.replay import Contact, Terms, joined, promises_of, replay_group
from app.metrics.families import edge_of, response_edges
from app.operations.intake import CONTACT_MARK, CUSTOMER_MARK, REGISTRY_MARK
from app.store import contacts as contact_store
from app.store import events as event_store
from app.store import ledgers, policies, promises, registry, touched
from app.store.contacts import Stored
from app.store.engine import Database, Transaction, is_fault
from app.store.events import Told
from app.store.ledgers import BREACHED, RESPONSE, SETTLED, WITHDRAWN, Noted, Tally

MARKS_A_ROUND = 1_000
"""Marks that one round takes; a key may have several."""
CUSTOMERS_A_ROUND = 200
GROUPS_AT_ONCE = 25
"""Contacts that are replayed before requests get their turn."""
ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Earlier than any promise."""

ClockId = tuple[str, ClockKind, int]


@dataclass(slots=True)
class Folded:
    """What one round did."""

    keys: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    breaches_noted: int = 0
    breaches_withdrawn: int = 0

    def add(self, other: "Folded") -> None:
        """Count what another part of the round did."""
        self.keys += other.keys
        self.failed.update(other.failed)
        self.breaches_noted += other.breaches_noted
        self.breaches_withdrawn += other.breaches_withdrawn


class PolicyChanged(RuntimeError):  # noqa: N818 - named for the fact
    """Another replica imported a policy: read it, then replay."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What every step of one round is given."""

    terms: Terms
    now: datetime
    done: Folded = field(default_factory=Folded)


@dataclass(frozen=True, slots=True)
class _Step:
    """One kind of key: its prefix, how many marks a round takes, how claimed keys are replayed."""

    prefix: str
    marks: int
    replay: Callable[[Transaction, Sequence[str], _Round], Awaitable[None]]


async def fold(db: Database, terms: Terms, now: datetime) -> Folded:
    """Replay what is touched, one round: registry first, then contacts, then promises.

    Raises ``PolicyChanged`` where ``terms`` are not those that the marks were made under.
    """
    done = Folded()
    for step in (
        _Step(REGISTRY_MARK, CUSTOMERS_A_ROUND, _fold_registry),
        _Step(CONTACT_MARK, MARKS_A_ROUND, _fold_contacts),
        _Step(CUSTOMER_MARK, CUSTOMERS_A_ROUND, _fold_promises),
    ):
        if step.prefix == CONTACT_MARK or await _are_others_left(db):
            await _fold_claimed(db, step, _Round(terms, now), done)
    return done


async def _are_others_left(db: Database) -> bool:
    """One look saves the rounds of the kinds that seldom have news."""
    async with db.single() as tx:
        return await touched.are_others_left(tx)


async def _fold_claimed(db: Database, step: _Step, round_: _Round, done: Folded) -> None:
    """Replay the oldest keys together; where that fails, each by itself to find the one at fault."""
    keys: list[str] = []
    try:
        async with db.begin() as tx:
            keys += await touched.claim(tx, step.prefix, step.marks)
            if keys:
                await _check_terms(tx, round_.terms)
                await step.replay(tx, keys, round_)
    except Exception as error:
        if isinstance(error, PolicyChanged) or not keys or not is_fault(error):
            raise
    else:
        done.add(round_.done)
        return
    for key in keys:
        await _fold_alone(db, step, key, _Round(round_.terms, round_.now, done))


async def _fold_alone(db: Database, step: _Step, key: str, round_: _Round) -> None:
    """Replay one key, or set it aside with its error."""
    attempt = _Round(round_.terms, round_.now)
    marks: list[int] = []
    try:
        async with db.begin() as tx:
            if await touched.lock_also(tx, [key]):
                marks = await touched.load_marks(tx, [key])
                await step.replay(tx, [key], attempt)
    except Exception as error:
        if not is_fault(error):
            raise
        failed = {key: _described(error)}
        async with db.begin() as tx:
            await _settle_marks(tx, [key], marks, failed, round_.now)
        round_.done.add(Folded(keys=1, failed=failed))
    else:
        round_.done.add(attempt.done)


async def _check_terms(tx: Transaction, terms: Terms) -> None:
    """A replica that has not read a new policy yet must not use up the marks that were made for it."""
    known = [policy.version for policy in terms.policies.versions]
    stored = await policies.load_versions(tx)
    if stored and stored != known:
        raise PolicyChanged(f"expected the versions {known}, the database has {stored}")


async def _fold_contacts(tx: Transaction, claimed: Sequence[str], round_: _Round) -> None:
    groups = await _lock_joined(tx, [key.removeprefix(CONTACT_MARK) for key in claimed])
    locked = sorted({key for group in groups for key in group})
    keys = [CONTACT_MARK + key for key in locked]
    marks = await touched.load_marks(tx, sorted(set(keys) & set(claimed)))
    events = await event_store.load_of_contacts(tx, locked)
    await touched.lock_registry_shared(tx)
    known = await registry.load_registry(tx, _names(events.told.values()))
    contacts, failed = await _replayed(groups, events, round_, known)
    readable = [key for key in locked if CONTACT_MARK + key not in failed]
    await _save_contacts(tx, readable, contacts, _told(groups, events.told), round_)
    await _settle_marks(tx, keys, marks, failed, round_.now)
    round_.done.add(Folded(keys=len(locked), failed=failed))


async def _lock_joined(tx: Transaction, keys: Sequence[str]) -> list[frozenset[str]]:
    """Gather claimed contacts with those they are joined to; leave groups that somebody else holds."""
    others = await contact_store.load_components(tx, keys)
    if not others:
        return [frozenset({key}) for key in keys]
    further = {other for told in others.values() for other in told} - set(keys)
    locked = await touched.lock_also(tx, [CONTACT_MARK + key for key in further])
    held = {key.removeprefix(CONTACT_MARK) for key in locked} | set(keys)
    groups = {frozenset({key, *others.get(key, ())}) for key in keys}
    return [group for group in groups if group <= held]


def _names(told: Iterable[Sequence[Event]]) -> set[str]:
    return {name for events in told for event in events for name in names_in(event)}


def _told(
    groups: Iterable[frozenset[str]], events: Mapping[str, Sequence[Event]]
) -> dict[str, Sequence[Event]]:
    """The events of each contact; those of contacts that are one (``same_as``) are together."""
    told: dict[str, Sequence[Event]] = {}
    for group in groups:
        if len(group) == 1:
            told.update({key: events.get(key, ()) for key in group})
        else:
            told.update(joined(event for key in sorted(group) for event in events.get(key, ())))
    return told


async def _replayed(
    groups: Iterable[frozenset[str]], events: Told, round_: _Round, known: Registry
) -> tuple[list[Contact], dict[str, str]]:
    contacts: list[Contact] = []
    failed: dict[str, str] = {}
    for number, group in enumerate(groups):
        if number % GROUPS_AT_ONCE == GROUPS_AT_ONCE - 1:
            await asyncio.sleep(0)
        try:
            own = [event for key in group for event in events.of(key)]
            contacts.extend(replay_group(own, round_.terms, known, round_.now))
        except Exception as error:
            failed.update({CONTACT_MARK + key: _described(error) for key in group})
    return contacts, failed


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


async def _save_contacts(
    tx: Transaction,
    locked: Sequence[str],
    contacts: Sequence[Contact],
    told: Mapping[str, Sequence[Event]],
    round_: _Round,
) -> None:
    replayed = {contact.key for contact in contacts}
    before = await contact_store.load_customers(tx, locked)
    await _touch_promises(tx, contacts, before, told)
    await contact_store.save_contacts(tx, contacts)
    gone = [key for key in before if key not in replayed]
    if gone:
        await contact_store.remove_contacts(tx, gone)
    clocks = {
        (contact.key, clock.kind, clock.number): clock
        for contact in contacts
        for clock in contact.clocks
    }
    kinds = frozenset(ClockKind) - {ClockKind.FOLLOW_UP}
    await _save_clocks(tx, [*replayed, *gone], clocks, kinds, round_)


async def _touch_promises(
    tx: Transaction,
    contacts: Sequence[Contact],
    before: Mapping[str, str],
    told: Mapping[str, Sequence[Event]],
) -> None:
    """Have promises replayed where this contact's news can make, keep or move one."""
    own: set[str] = set()
    maybe: dict[str, datetime] = {}
    for contact in contacts:
        customers = {contact.customer, before.get(contact.key, contact.customer)}
        events = told.get(contact.key, ())
        outbound = [event.occurred_at for event in events if _is_outbound(event)]
        if any(event.type in PROMISE_TYPES for event in events):
            own |= customers
        elif len(customers) > 1:
            maybe.update(dict.fromkeys(customers, ALWAYS))
        elif outbound:
            since = min(outbound)
            maybe[contact.customer] = min(since, maybe.get(contact.customer, since))
    now_of = {contact.key for contact in contacts}
    maybe.update({customer: ALWAYS for key, customer in before.items() if key not in now_of})
    if own or maybe:
        await touched.lock_customers_shared(tx, [CUSTOMER_MARK + name for name in own | {*maybe}])
        own |= await promises.load_promised(tx, maybe)
    if own:
        await touched.touch(tx, [CUSTOMER_MARK + customer for customer in own])


def _is_outbound(event: Event) -> bool:
    return isinstance(event.data, AgentReplied | ContactAnswered)


async def _save_clocks(
    tx: Transaction,
    keys: Sequence[str],
    clocks: Mapping[ClockId, Clock],
    kinds: frozenset[ClockKind],
    round_: _Round,
) -> None:
    """Save clocks that differ, remove those that are gone, and say what there is to say of them."""
    loaded = await contact_store.load_clocks(tx, keys)
    before = {id_: stored for id_, stored in loaded.items() if stored.clock.kind in kinds}
    ledger = _Ledger(round_.now, response_edges(_thresholds(round_.terms)))
    changed: list[Stored] = []
    for id_, clock in clocks.items():
        old = before.get(id_)
        said = said_of(clock, _said(old), round_.now)
        ledger.note(id_[0], clock, _said(old), said)
        new = Stored(id_[0], clock, said.settled, said.noted, said.observed)
        if new != old:
            changed.append(new)
    gone = [id_ for id_ in before if id_ not in clocks]
    for id_ in gone:
        ledger.note(
            id_[0],
            before[id_].clock,
            _said(before[id_]),
            said_of(None, _said(before[id_]), round_.now),
        )
    await contact_store.save_clocks(tx, sorted(changed, key=lambda stored: stored.id))
    await contact_store.remove_clocks(tx, gone)
    await ledgers.append_breaches(tx, ledger.breaches)
    await ledgers.append_tallies(tx, ledger.tallies)
    round_.done.breaches_noted += sum(noted.what == "noted" for noted in ledger.breaches)
    round_.done.breaches_withdrawn += sum(noted.what == "withdrawn" for noted in ledger.breaches)


def _said(stored: Stored | None) -> Said:
    if stored is None:
        return NOTHING_SAID
    return Said(stored.settled, stored.noted, stored.observed)


def _thresholds(terms: Terms) -> set[float]:
    return {
        target.amount.total_seconds()
        for rule in terms.policies.newest.rules
        for target in rule.targets.values()
        if target.amount
    }


@dataclass(slots=True)
class _Ledger:
    """The lines to append, gathered clock by clock."""

    now: datetime
    edges: tuple[float, ...]
    breaches: list[Noted] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)

    def note(self, key: str, clock: Clock, before: Said, after: Said) -> None:
        """Write down the difference between what was said and what is to be said."""
        if after.settled and not before.settled:
            self._count(SETTLED, clock)
        if after.noted and not before.noted:
            self._count(BREACHED, clock)
            self.breaches.append(
                Noted(key, clock, "noted", clock.breaches_at or self.now, self.now)
            )
        if before.noted and not after.noted:
            self._count(WITHDRAWN, clock)
            dated = clock.breaches_at or self.now
            self.breaches.append(Noted(key, clock, "withdrawn", dated, self.now))
        if after.observed and not before.observed and clock.elapsed is not None:
            seconds = clock.elapsed.total_seconds()
            edge = edge_of(seconds, self.edges)
            self._count(RESPONSE, clock, edge, seconds)

    def _count(self, what: str, clock: Clock, le: float = 0.0, seconds: float = 0.0) -> None:
        # Response times are told by channel and tier alone: a team's own would be too many series.
        team = "" if what == RESPONSE else clock.team
        tally = Tally(what, clock.channel, team, clock.tier, clock.kind, le, 1, seconds)
        self.tallies.append(tally)


async def _settle_marks(
    tx: Transaction,
    keys: Sequence[str],
    marks: Sequence[int],
    failed: Mapping[str, str],
    now: datetime,
) -> None:
    """Delete exactly the marks that were read; remember what failed, forget what no longer does."""
    await touched.forget(tx, marks)
    if failed:
        await touched.put_aside(tx, failed, now)
    await touched.bring_back(tx, [key for key in keys if key not in failed])


async def _fold_promises(tx: Transaction, claimed: Sequence[str], round_: _Round) -> None:
    marks = {key: await touched.load_marks(tx, [key]) for key in claimed}
    failed: dict[str, str] = {}
    busy = [key for key in claimed if not await _fold_customer(tx, key, round_, failed)]
    free = [key for key in claimed if key not in busy]
    read = [mark for key in free for mark in marks[key]]
    await _settle_marks(tx, free, read, failed, round_.now)
    round_.done.add(Folded(keys=len(free), failed=failed))


async def _fold_customer(tx: Transaction, key: str, round_: _Round, failed: dict[str, str]) -> bool:
    """Replay one customer's promises; false where one of her contacts is busy and it must wait."""
    customer = key.removeprefix(CUSTOMER_MARK)
    own = await contact_store.load_keys_of_customer(tx, customer)
    others = await contact_store.load_components(tx, own)
    groups = {frozenset({contact, *others.get(contact, ())}) for contact in own}
    events = await event_store.load_of_contacts(
        tx, {member for group in groups for member in group}
    )
    known = await registry.load_registry(tx, _names(events.told.values()))
    contacts, broken = await _replayed(groups, events, round_, known)
    if broken:
        failed[key] = next(iter(broken.values()))
        return True
    told = _told(groups, events.told)
    hers = [(c, told.get(c.key, ())) for c in contacts if c.customer == customer]
    found = list(promises_of(customer, hers, round_.terms))
    promised = {promise.contact for promise, _ in found}
    promised |= await promises.load_promised_contacts(tx, customer)
    marks = {CONTACT_MARK + contact for contact in promised}
    if await touched.lock_also(tx, marks) != marks:
        return False
    await promises.replace_promises(tx, customer, _numbered(found), promised)
    clocks = {(promise.contact, clock.kind, clock.number): clock for promise, clock in found}
    await _save_clocks(tx, sorted(promised), clocks, frozenset({ClockKind.FOLLOW_UP}), round_)
    return True


def _numbered(found: Iterable[tuple[Promise, Clock]]) -> list[tuple[int, Promise]]:
    return [(clock.number, promise) for promise, clock in found]


async def _fold_registry(tx: Transaction, claimed: Sequence[str], round_: _Round) -> None:
    await touched.lock_registry_alone(tx)
    marks = await touched.load_marks(tx, claimed)
    ids = await registry.load_related(tx, [key.removeprefix(REGISTRY_MARK) for key in claimed])
    names_before = await registry.load_names_of(tx, ids)
    replayed = replay_registry(await event_store.load_of_registry(tx, ids))
    ids |= set(replayed.merged.values())
    await registry.save_registry(tx, ids, replayed)
    names = {*ids, *names_before, *replayed.owners}
    contacts = await contact_store.load_keys_named(tx, names)
    await touched.touch(tx, [CONTACT_MARK + key for key in contacts])
    await _settle_marks(tx, claimed, marks, {}, round_.now)
    round_.done.add(Folded(keys=len(claimed)))
