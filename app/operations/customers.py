"""What people tell of customers: made into events by the one way in, and read back from them.

Only what is new becomes an event. Its id counts what was told of the customer before, so that the
same told twice at once is one event, and a tier that comes back after another one is a new one.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from app.core.aliases import pseudonymised
from app.core.events import CustomerMerged, CustomerUpdated, Event, Incoming, to_event
from app.core.registering import names_told, replay_registry
from app.core.registry import REGISTRY_SOURCE, Registry, name_of
from app.operations.intake import Appended, record_events
from app.sources.tables.backlog import RefusedLine
from app.sources.tables.customers import Customer
from app.sources.telling import stable_id
from app.store import events as event_store
from app.store import registry
from app.store.engine import Database, Transaction

CUSTOMERS_A_BATCH = 500
"""Customers that go into one transaction."""
MAX_REFUSED = 1_000
"""Bad lines that are listed; beyond that they are only counted."""

Told = tuple[str, CustomerUpdated | CustomerMerged]
"""A customer's id, and what is told of her."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Where customers are told of: the store, the key that hides addresses, and the way in."""

    db: Database
    alias_key: bytes
    append: Callable[[Sequence[Incoming]], Awaitable[Appended]]


def make_registrar(db: Database, alias_key: bytes) -> Registrar:
    """Where customers are told of while no service runs: straight into the store."""

    async def append(events: Sequence[Incoming]) -> Appended:
        (stored,) = await record_events(db, [events])
        return stored

    return Registrar(db, alias_key, append)


async def tell_customers(
    registrar: Registrar, told: Sequence[Told], now: datetime, *, dry_run: bool = False
) -> list[bool]:
    """Store what is new of each customer, who must stand here once; whether there was anything.

    Raises as ``Intake.append`` does.
    """
    made = [_event(*one, registrar.alias_key, now) for one in told]
    async with registrar.db.reading() as tx:
        known = await _load_told(tx, map(to_event, made))
    is_news = [_is_news(to_event(event), known.registry, now) for event in made]
    if not dry_run:
        news = [known.numbered(event) for event, new in zip(made, is_news, strict=True) if new]
        await registrar.append(news)
    return is_news


def _event(
    customer: str, data: CustomerUpdated | CustomerMerged, key: bytes, now: datetime
) -> Incoming:
    incoming = Incoming(
        source=REGISTRY_SOURCE,
        id="-",
        type=data.type,
        occurred_at=now,
        received_at=now,
        subject=customer,
        body=msgspec.json.encode(data),
    )
    return pseudonymised(incoming, key)


@dataclass(frozen=True, slots=True)
class _Told:
    """What people told so far of some customers and whoever they are joined to."""

    registry: Registry
    counts: Mapping[str, int]

    def numbered(self, event: Incoming) -> Incoming:
        """The event with the id that belongs to it."""
        digest = stable_id(event.subject, event.type, event.body)
        return msgspec.structs.replace(event, id=f"{self.counts.get(event.subject, 0):06}:{digest}")


async def _load_told(tx: Transaction, about: Iterable[Event]) -> _Told:
    names = {name for event in about for name in (event.subject, *names_told(event))}
    stored = await event_store.load_of_registry(tx, await registry.load_related(tx, names))
    people = [event for event in stored if not event.data.inferred]
    counts: dict[str, int] = {}
    for event in people:
        if event.source == REGISTRY_SOURCE:
            counts[event.subject] = counts.get(event.subject, 0) + 1
    return _Told(replay_registry(people), counts)


def _is_news(event: Event, known: Registry, now: datetime) -> bool:
    customer = known.meant_by(event.subject, now)
    match event.data:
        case CustomerMerged(into=into):
            if into == event.subject:
                return event.subject in known.merged
            return known.meant_by(into, now) != customer
        case CustomerUpdated() as data:
            if customer not in known.entries:
                return True
            names = [name_of(alias, event.source) for alias in data.aliases]
            if any(known.owner_of(name, now) != customer for name in names):
                return True
            return any(_differences(data, known, customer, now))
        case _:  # pragma: no cover - nothing else is told here
            return True


def _differences(
    data: CustomerUpdated, known: Registry, customer: str, now: datetime
) -> Iterator[bool]:
    entry = known.entry(customer)
    yield data.name is not None and (data.name or None) != entry.name
    yield data.tier is not None and data.tier != entry.tier_at(now)
    yield data.since is not None and data.since != entry.since
    yield data.public_name is not None and data.public_name != entry.public_name


@dataclass(slots=True)
class Imported:
    """What became of a table: customers told of, those that were known so already, bad lines."""

    told: int = 0
    known: int = 0
    refused_lines: int = 0
    refused: list[RefusedLine] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines have been read."""
        return self.told + self.known + self.refused_lines


async def import_customers(
    registrar: Registrar,
    lines: Iterable[Customer | RefusedLine],
    now: datetime,
    *,
    dry_run: bool = False,
    on_progress: Callable[[Imported], None] = lambda _done: None,
) -> Imported:
    """Store what every good line tells, batch by batch; bad lines are gathered."""
    done = Imported()
    for batch in _batches(_good(lines, done)):
        told = [(line.id, line.told) for line in batch]
        news = await tell_customers(registrar, told, now, dry_run=dry_run)
        done.told += sum(news)
        done.known += len(news) - sum(news)
        on_progress(done)
    return done


def _good(lines: Iterable[Customer | RefusedLine], done: Imported) -> Iterator[Customer]:
    for line in lines:
        if isinstance(line, Customer):
            yield line
            continue
        done.refused_lines += 1
        if len(done.refused) < MAX_REFUSED:
            done.refused.append(line)


def _batches(lines: Iterable[Customer]) -> Iterator[list[Customer]]:
    """Lines to be stored together, no customer twice: what is told second may be no news by then."""
    batch: dict[str, Customer] = {}
    for line in lines:
        if len(batch) == CUSTOMERS_A_BATCH or line.id in batch:
            yield list(batch.values())
            batch = {}
        batch[line.id] = line
    if batch:
        yield list(batch.values())
