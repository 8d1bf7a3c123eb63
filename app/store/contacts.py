"""Contacts and their clocks: the projections that replay makes, and what the ledgers said of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, text

from app.core.clocks.clock import Clock, DueWarning
from app.core.clocks.timeline import Ending, Stretch
from app.core.clocks.warnings import next_warning_at
from app.core.dealing import Dealing
from app.core.policy import ClockKind
from app.core.replay import Contact
from app.core.working.account import awaits_our_news
from app.store.bulk import inserting, upserting, write
from app.store.engine import Transaction
from app.store.tables import clocks, contact_names, contacts

MICROSECOND = timedelta(microseconds=1)
_DEALING = msgspec.json.Decoder(Dealing)

SAVE_CONTACTS = upserting(contacts)
SAVE_CLOCKS = upserting(clocks)
SAVE_NAMES = inserting(contact_names)

COMPONENTS = text("""
WITH RECURSIVE reached AS (
  SELECT key AS root, key FROM unnest(CAST(:keys AS text[])) AS key
  UNION
  SELECT reached.root, CASE WHEN links.key = reached.key THEN links.other ELSE links.key END
  FROM reached JOIN links ON links.key = reached.key OR links.other = reached.key
)
SELECT root, key FROM reached WHERE key <> root
""")

REMOVE_CLOCKS = text("""
DELETE FROM clocks USING unnest(
  CAST(:contact_key AS text[]), CAST(:kind AS text[]), CAST(:number AS integer[])
) AS gone(contact_key, kind, number)
WHERE clocks.contact_key = gone.contact_key
  AND clocks.kind = gone.kind AND clocks.number = gone.number
""")
REMOVE_CONTACTS = text("DELETE FROM contacts WHERE key = ANY(CAST(:keys AS text[]))")

CLOCKS_OF = text("SELECT * FROM clocks WHERE contact_key = ANY(CAST(:keys AS text[]))")
BEFORE = text("SELECT key, customer, dealing FROM contacts WHERE key = ANY(CAST(:keys AS text[]))")
DEALINGS = text("""
SELECT key, customer, team, dealing FROM contacts
WHERE customer = ANY(CAST(:customers AS text[])) ORDER BY key
""")
CONTACTS_NAMED = text("""
SELECT contact_key FROM contact_names WHERE name = ANY(CAST(:names AS text[]))
UNION
SELECT key FROM contacts WHERE customer = ANY(CAST(:names AS text[]))
""")
OPEN_CONTACTS = text("""
SELECT key FROM contacts WHERE NOT is_over
UNION
SELECT contact_key FROM callbacks WHERE stopped_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Before:
    """Of a stored contact: whose it is, and what of it matters to her other contacts."""

    customer: str
    dealing: Dealing


@dataclass(frozen=True, slots=True)
class Stored:
    """A clock as stored, and what the ledgers already say of it."""

    contact_key: str
    clock: Clock
    settled: bool = False
    noted: bool = False
    observed: bool = False
    warned: tuple[str, ...] = ()

    @property
    def id(self) -> tuple[str, ClockKind, int]:
        """Which clock it is."""
        return (self.contact_key, self.clock.kind, self.clock.number)


async def load_components(tx: Transaction, keys: Iterable[str]) -> Mapping[str, set[str]]:
    """The other contacts that each contact is joined to by ``same_as`` or merges."""
    others: dict[str, set[str]] = defaultdict(set)
    for root, key in await tx.execute(COMPONENTS, {"keys": list(keys)}):
        others[root].add(key)
    return others


async def load_before(tx: Transaction, keys: Iterable[str]) -> dict[str, Before]:
    """What is stored of these contacts, before it is replaced."""
    found = await tx.execute(BEFORE, {"keys": list(keys)})
    return {key: Before(customer, _DEALING.decode(told)) for key, customer, told in found}


async def load_dealings(
    tx: Transaction, customers: Iterable[str]
) -> dict[str, dict[str, tuple[str, Dealing]]]:
    """Per customer: each of her contacts with its team and what of it matters to the others."""
    found: dict[str, dict[str, tuple[str, Dealing]]] = defaultdict(dict)
    for key, customer, team, told in await tx.execute(DEALINGS, {"customers": list(customers)}):
        found[customer][key] = (team, _DEALING.decode(told))
    return found


async def load_keys_named(tx: Transaction, names: Iterable[str]) -> list[str]:
    """The contacts that any of these names call by, or that belong to such a customer."""
    return list((await tx.execute(CONTACTS_NAMED, {"names": sorted(names)})).scalars())


async def load_open_keys(tx: Transaction) -> list[str]:
    """All contacts on which something is still owed, a call back included."""
    return list((await tx.execute(OPEN_CONTACTS)).scalars())


async def load_clocks(
    tx: Transaction, keys: Iterable[str]
) -> dict[tuple[str, ClockKind, int], Stored]:
    """The stored clocks of these contacts."""
    found = await tx.execute(CLOCKS_OF, {"keys": list(keys)})
    stored = map(_stored, found)
    return {clock.id: clock for clock in stored}


async def save_contacts(tx: Transaction, told: Sequence[Contact]) -> None:
    """Write contacts as replay made them."""
    rows = sorted((_contact_row(contact) for contact in told), key=lambda row: row[0])
    await write(tx, SAVE_CONTACTS, contacts, rows)
    # A name that is the customer needs no way back: most contacts write nothing here.
    names = sorted(
        {
            (name, contact.key)
            for contact in told
            for name in contact.names
            if name != contact.customer
        }
    )
    await write(tx, SAVE_NAMES, contact_names, names)


async def save_clocks(tx: Transaction, told: Sequence[Stored]) -> None:
    """Write clocks as replay made them, with what the ledgers now say of them."""
    await write(tx, SAVE_CLOCKS, clocks, [_clock_row(stored) for stored in told])


async def remove_clocks(tx: Transaction, ids: Sequence[tuple[str, ClockKind, int]]) -> None:
    """Delete clocks that replay no longer makes."""
    if ids:
        keys, kinds, numbers = zip(*ids, strict=True)
        told = {"contact_key": list(keys), "kind": list(kinds), "number": list(numbers)}
        await tx.execute(REMOVE_CLOCKS, told)


async def remove_contacts(tx: Transaction, keys: Iterable[str]) -> None:
    """Delete contacts that replay no longer makes: they became part of another one."""
    await tx.execute(REMOVE_CONTACTS, {"keys": sorted(keys)})


def _contact_row(contact: Contact) -> tuple[Any, ...]:
    return (
        contact.key,
        contact.source,
        contact.subject,
        contact.customer,
        contact.tier,
        contact.team,
        contact.channel,
        contact.queue,
        contact.link,
        contact.opened_at,
        contact.waiting_since,
        contact.resolved_at,
        contact.last_event_at,
        contact.is_over,
        contact.is_worked_on,
        contact.is_discarded,
        contact.is_turned_away,
        contact.history_missing,
        msgspec.json.encode(contact.names).decode(),
        contact.masked,
        contact.turned_away_inferred,
        contact.turned_away_at,
        contact.dealing.brief.until if contact.dealing.brief else None,
        msgspec.json.encode(contact.dealing).decode(),
        awaits_our_news(contact),
    )


def _clock_row(stored: Stored) -> tuple[Any, ...]:
    clock = stored.clock
    return (
        stored.contact_key,
        clock.kind,
        clock.number,
        clock.channel,
        clock.team,
        clock.tier,
        clock.started_at,
        clock.target // MICROSECOND,
        clock.due_at,
        clock.breaches_at,
        clock.stopped_at,
        clock.ending,
        None if clock.elapsed is None else clock.elapsed // MICROSECOND,
        _pauses_text(clock.pauses),
        clock.is_paused,
        clock.is_measurable,
        clock.rule,
        clock.policy_version,
        stored.settled,
        stored.noted,
        stored.observed,
        _warnings_text(clock.warnings),
        stored.warned,
        next_warning_at(clock, stored.warned),
    )


def _pauses_text(pauses: tuple[Stretch, ...]) -> str:
    return msgspec.json.encode(pauses).decode() if pauses else "[]"


def _pauses(text_: str) -> tuple[Stretch, ...]:
    return () if text_ == "[]" else msgspec.json.decode(text_, type=tuple[Stretch, ...])


def _warnings_text(warnings: tuple[DueWarning, ...]) -> str:
    return msgspec.json.encode(warnings).decode() if warnings else "[]"


def _warnings(text_: str) -> tuple[DueWarning, ...]:
    return () if text_ == "[]" else msgspec.json.decode(text_, type=tuple[DueWarning, ...])


def _stored(row: Row[Any]) -> Stored:
    clock = Clock(
        kind=ClockKind(row.kind),
        number=row.number,
        started_at=row.started_at,
        target=timedelta(microseconds=row.target_us),
        due_at=row.due_at,
        breaches_at=row.breaches_at,
        stopped_at=row.stopped_at,
        ending=None if row.ending is None else Ending(row.ending),
        elapsed=None if row.elapsed_us is None else timedelta(microseconds=row.elapsed_us),
        pauses=_pauses(row.pauses),
        is_paused=row.is_paused,
        is_measurable=row.is_measurable,
        team=row.team,
        tier=row.tier,
        channel=row.channel,
        rule=row.rule,
        policy_version=row.policy_version,
        warnings=_warnings(row.warnings),
    )
    told = (row.settled, row.noted, row.observed, tuple(row.warned))
    return Stored(row.contact_key, clock, *told)
