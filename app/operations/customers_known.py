"""What is known of one customer, read from what was told of her, and whose contacts nobody knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.core.aliases import hidden_name, masked, pseudonym
from app.core.events import Alias, AliasKind, ContactReceived, CustomerUpdated, Event
from app.core.registering import replay_registry
from app.core.registry import NOBODY, REGISTRY_SOURCE, Entry, Registry, name_of, names_in
from app.core.replay import Terms
from app.operations.present import lost_before
from app.store import customers, registry
from app.store import events as event_store
from app.store.customers import Some
from app.store.engine import Database, Transaction

MAX_OPEN = 200
"""Open contacts of a customer that are listed."""


class UnknownCustomer(LookupError):  # noqa: N818 - named for the fact
    """Nobody told of such a customer, and no contact is hers."""


@dataclass(frozen=True, slots=True)
class KnownAlias:
    """An alias as people may read it; ``source``: whose id it is, where it is an id."""

    kind: AliasKind
    masked: str
    since: datetime
    source: str | None


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """One customer as of an instant; ``also``: the ids that became her."""

    entry: Entry
    tier: str
    is_registered: bool
    also: tuple[str, ...]
    aliases: tuple[KnownAlias, ...]
    open: Some
    contacts: int


@dataclass(frozen=True, slots=True)
class Files:
    """Where customers are kept: the store, the key that hides addresses, and the terms now."""

    db: Database
    alias_key: bytes
    terms: Terms


async def load_customer(files: Files, customer: str, now: datetime) -> KnownCustomer:
    """What is known of a customer, by id. Raises ``UnknownCustomer``."""
    hidden = hidden_name(customer, files.alias_key)
    async with files.db.reading() as tx:
        found = await _load(tx, files, hidden, now)
    if found is None:
        raise UnknownCustomer("nobody was told of by that id, and no contact names it")
    return found


async def find_customer(files: Files, alias: Alias, now: datetime) -> KnownCustomer:
    """The customer whose alias it is. Nothing of what was asked is kept. Raises ``UnknownCustomer``."""
    hidden = pseudonym(alias, files.alias_key)
    asking = ContactReceived(aliases=(alias,))
    asked = Event(source=REGISTRY_SOURCE, id="-", occurred_at=now, subject="-", data=asking)
    exact = name_of(hidden, REGISTRY_SOURCE)
    domains = [name for name in names_in(asked) if name.startswith("domain:")]
    names = list(dict.fromkeys([exact, *domains]))
    async with files.db.reading() as tx:
        known = await registry.load_registry(tx, names)
        customer = known.resolve(names, now) or exact
        found = await _load(tx, files, customer, now)
    if found is None:
        raise UnknownCustomer("no customer has that alias, and no contact came from it")
    return found


async def _load(
    tx: Transaction, files: Files, customer: str, now: datetime
) -> KnownCustomer | None:
    ids = await registry.load_related(tx, [customer])
    told = await event_store.load_of_registry(tx, ids)
    known = replay_registry(told)
    meant = known.meant_by(customer, now)
    also = sorted(each for each, end in known.merged.items() if end == meant)
    contacts = await customers.count_contacts(tx, [meant])
    is_registered = meant in known.entries
    if not contacts and not is_registered:
        return None
    entry = known.entry(meant)
    return KnownCustomer(
        entry=entry,
        tier=files.terms.policies.in_force(now).tier_of(entry.tier_at(now)),
        is_registered=is_registered,
        also=tuple(each for each in also if not each.startswith(NOBODY)),
        aliases=tuple(_aliases(told, known, meant, now)),
        open=await customers.load_open_of(tx, [meant], MAX_OPEN),
        contacts=contacts,
    )


def _aliases(
    told: Iterable[Event], known: Registry, customer: str, now: datetime
) -> Iterable[KnownAlias]:
    """The aliases that are hers now, each once, in the order of their names."""
    found: dict[str, KnownAlias] = {}
    for event in sorted(told, key=lambda event: event.order):
        if isinstance(event.data, CustomerUpdated) and not event.data.inferred:
            for alias in event.data.aliases:
                name = name_of(alias, event.source)
                if name not in found and known.owner_of(name, now) == customer:
                    found[name] = _known(alias, event)
    return [found[name] for name in sorted(found)]


def _known(alias: Alias, event: Event) -> KnownAlias:
    source = event.source if alias.kind is AliasKind.ID else None
    value = alias.value
    if source == REGISTRY_SOURCE:
        source, _, value = value.partition(":")
    shown = alias.masked or masked(Alias(alias.kind, value))
    return KnownAlias(alias.kind, shown, event.occurred_at, source)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The open contacts that name nobody, and those whose aliases nobody registered."""

    nobodys: Some
    unregistered: Some


async def load_unknown(files: Files, limit: int, now: datetime) -> Unknown:
    """The open contacts of which nobody knows whose they are, the oldest first."""
    lost = lost_before(files.terms.policies.in_force(now), now)
    async with files.db.reading() as tx:
        nobodys = await customers.load_unknown(tx, lost, limit, is_nobodys=True)
        others = await customers.load_unknown(tx, lost, limit, is_nobodys=False)
    return Unknown(nobodys, others)
