"""Replay what was touched, save what changed: contacts, customers, the registry.

Every key is replayed under its own lock, from its marks first and its events after; exactly those
marks are deleted. A key that cannot be replayed is set aside with its error and blocks no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from app.core.calls import call_of
from app.core.policy import ClockKind
from app.core.registering import replay_registry
from app.core.registry import Registry
from app.core.replay import Contact, Terms, replay_group
from app.operations.clock_books import save_clocks
from app.operations.fold_customers import CUSTOMERS_CLOCKS, fold_customers, touch_customers
from app.operations.fold_pools import Doings, doings_of, fold_agents, tell_pools
from app.operations.intake import AGENT_MARK, CONTACT_MARK, CUSTOMER_MARK, REGISTRY_MARK
from app.operations.rounds import (
    GROUPS_AT_ONCE,
    Folded,
    Round,
    names_of,
    settle_marks,
)
from app.store import callbacks, ledgers, policies, pool_news, registry, source_words, touched
from app.store import contacts as contact_store
from app.store import events as event_store
from app.store.engine import Database, Transaction, is_fault
from app.store.events import Told

__all__ = ["Folded", "PolicyChanged", "fold"]

LARGE_GROUP = 500
"""Events of contacts that belong together from which on the loop does not wait for their replay."""
MARKS_A_ROUND = 1_000
"""Marks that one round takes; a key may have several."""
CUSTOMERS_A_ROUND = 200
CONTACTS_CLOCKS = frozenset(ClockKind) - CUSTOMERS_CLOCKS


class PolicyChanged(RuntimeError):  # noqa: N818 - named for the fact
    """Another replica imported a policy: read it, then replay."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One kind of key: its prefix, how many marks a round takes, how claimed keys are replayed."""

    prefix: str
    marks: int
    at_once: int
    replay: Callable[[Transaction, Sequence[str], Round], Awaitable[None]]


async def fold(db: Database, terms: Terms, now: datetime, *, at_once: int = 1) -> Folded:
    """Replay what is touched, one round: registry first, then contacts, customers and agents.

    ``at_once``: how many such rounds the caller has going on at the same time.
    Raises ``PolicyChanged`` where ``terms`` are not those that the marks were made under.
    """
    done = Folded()
    for step in (
        _Step(REGISTRY_MARK, CUSTOMERS_A_ROUND, at_once, _fold_registry),
        _Step(CONTACT_MARK, MARKS_A_ROUND, at_once, _fold_contacts),
        _Step(CUSTOMER_MARK, CUSTOMERS_A_ROUND, at_once, fold_customers),
        _Step(AGENT_MARK, CUSTOMERS_A_ROUND, at_once, fold_agents),
    ):
        if step.prefix == CONTACT_MARK or await _are_others_left(db):
            await _fold_claimed(db, step, Round(terms, now), done)
    return done


async def _are_others_left(db: Database) -> bool:
    """One look saves the rounds of the kinds that seldom have news."""
    async with db.single() as tx:
        return await touched.are_others_left(tx)


async def _fold_claimed(db: Database, step: _Step, round_: Round, done: Folded) -> None:
    """Replay the oldest keys together; where that fails, each by itself to find the one at fault."""
    keys: list[str] = []
    try:
        async with db.begin() as tx:
            keys += await touched.claim(tx, step.prefix, step.marks, step.at_once)
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
        await _fold_alone(db, step, key, Round(round_.terms, round_.now, done))


async def _fold_alone(db: Database, step: _Step, key: str, round_: Round) -> None:
    """Replay one key, or set it aside with its error."""
    attempt = Round(round_.terms, round_.now)
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
            await settle_marks(tx, [key], marks, failed, round_.now)
        round_.done.add(Folded(keys=1, failed=failed))
    else:
        round_.done.add(attempt.done)


async def _check_terms(tx: Transaction, terms: Terms) -> None:
    """A replica that has not read a new policy yet must not use up the marks that were made for it.

    The same holds for what an admin said of a source's words.
    """
    known = [policy.version for policy in terms.policies.versions]
    stored = await policies.load_versions(tx)
    if stored and stored != known:
        raise PolicyChanged(f"expected the versions {known}, the database has {stored}")
    revision = await source_words.load_revision(tx)
    if revision != terms.revision:
        raise PolicyChanged(f"expected the revision {terms.revision}, the database has {revision}")


async def _fold_contacts(tx: Transaction, claimed: Sequence[str], round_: Round) -> None:
    groups = await _lock_joined(tx, [key.removeprefix(CONTACT_MARK) for key in claimed])
    locked = sorted({key for group in groups for key in group})
    keys = [CONTACT_MARK + key for key in locked]
    marks = await touched.load_marks(tx, sorted(set(keys) & set(claimed)))
    events = await event_store.load_of_contacts(tx, locked)
    await touched.lock_registry_shared(tx)
    known = await registry.load_registry(tx, names_of(events.told.values()))
    back = await callbacks.load_came_back(tx, locked)
    contacts, failed = await _replayed(groups, events, _By(round_, known, back))
    readable = [key for key in locked if CONTACT_MARK + key not in failed]
    in_pools = await pool_news.load_pools_of(tx, readable)
    await _save_contacts(tx, readable, contacts, round_)
    told, untold = in_pools_or_not(contacts, in_pools, known, round_)
    replayed = {contact.key for contact in contacts}
    gone = {key: teams for key, teams in in_pools.items() if key not in replayed}
    await tell_pools(tx, told, gone, round_)
    await settle_marks(tx, keys, marks, failed, round_.now)
    round_.done.add(Folded(keys=len(locked), failed=failed, untold=untold))


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


@dataclass(frozen=True, slots=True)
class _By:
    """What contacts are replayed by beside their events."""

    round_: Round
    known: Registry
    came_back: set[str]


async def _replayed(
    groups: Iterable[frozenset[str]], events: Told, by: _By
) -> tuple[list[Contact], dict[str, str]]:
    terms, now = by.round_.terms, by.round_.now
    contacts: list[Contact] = []
    failed: dict[str, str] = {}
    for number, group in enumerate(groups):
        if number % GROUPS_AT_ONCE == GROUPS_AT_ONCE - 1:
            await asyncio.sleep(0)
        try:
            own = [event for key in group for event in events.of(key)]
            asked = (own, terms, by.known, now, by.came_back)
            if len(own) < LARGE_GROUP:
                contacts.extend(replay_group(*asked))
            else:
                contacts.extend(await asyncio.to_thread(replay_group, *asked))
        except Exception as error:
            failed.update({CONTACT_MARK + key: _described(error) for key in group})
    return contacts, failed


def in_pools_or_not(
    contacts: Iterable[Contact], had: Mapping[str, set[str]], known: Registry, round_: Round
) -> tuple[list[Doings], dict[str, str]]:
    """What contacts do in pools; where that cannot be told, the pools keep what they know."""
    told: list[Doings] = []
    untold: dict[str, str] = {}
    for contact in contacts:
        try:
            told.append(doings_of(contact, had.get(contact.key, ()), known, round_))
        except Exception as error:
            untold[CONTACT_MARK + contact.key] = _described(error)
    return told, untold


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


async def _save_contacts(
    tx: Transaction,
    locked: Sequence[str],
    contacts: Sequence[Contact],
    round_: Round,
) -> None:
    replayed = {contact.key for contact in contacts}
    before = await contact_store.load_before(tx, locked)
    await contact_store.save_contacts(tx, contacts)
    gone = [key for key in before if key not in replayed]
    if gone:
        await contact_store.remove_contacts(tx, gone)
    await touch_customers(tx, contacts, before)
    turned_away = [contact for contact in contacts if contact.is_turned_away]
    if turned_away:
        await ledgers.count_turned_away(tx, turned_away, round_.now)
    called = list(_called(contacts, round_.terms))
    if called:
        await ledgers.count_calls(tx, called, round_.now)
    clocks = {
        (contact.key, clock.kind, clock.number): clock
        for contact in contacts
        for clock in contact.clocks
    }
    await save_clocks(tx, [*replayed, *gone], clocks, CONTACTS_CLOCKS, round_)


def _called(contacts: Iterable[Contact], terms: Terms) -> Iterator[ledgers.Called]:
    """The calls whose wait has ended, with the counters that they move."""
    for contact in contacts:
        call = call_of(contact, terms.policies)
        if call is not None:
            yield ledgers.Called(contact, tuple(name for name, n in asdict(call).items() if n))


async def _fold_registry(tx: Transaction, claimed: Sequence[str], round_: Round) -> None:
    await touched.lock_registry_alone(tx)
    marks = await touched.load_marks(tx, claimed)
    ids = await registry.load_related(tx, [key.removeprefix(REGISTRY_MARK) for key in claimed])
    before = await registry.load_known_of(tx, ids)
    replayed = replay_registry(await event_store.load_of_registry(tx, ids))
    ids |= set(replayed.merged.values())
    if replayed != before:
        await registry.save_registry(tx, ids, replayed)
        names = {*ids, *before.owners, *replayed.owners}
        contacts = await contact_store.load_keys_named(tx, names)
        await touched.touch(tx, [CONTACT_MARK + key for key in contacts])
    await settle_marks(tx, claimed, marks, {}, round_.now)
    round_.done.add(Folded(keys=len(claimed)))
