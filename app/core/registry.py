"""Whose contact is it: names and aliases resolved to customers, replayed from customer events.

A *name* is what an event calls a customer by, written so that no two kinds can be confused:
``acme`` (our own id, verbatim), ``phone:+4511223344``, ``email:jo@acme.test``,
``domain:acme.test``, ``id:/hooks/chat:12`` (a tool's id, which belongs to its source).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from app.core.aliases import classified, domain_alias, normalised
from app.core.events import (
    Alias,
    AliasKind,
    CustomerMerged,
    CustomerUpdated,
    Event,
    in_canonical_order,
)

NAMES_REMEMBERED = 20_000
"""Customers whose names are not worked out again for each of their events."""


def name_of(alias: Alias, source: str) -> str:
    """Write an alias as a name, in its normal spelling; ids are told apart by their source."""
    spelled = normalised(alias)
    if spelled.kind is AliasKind.ID:
        return f"id:{source}:{spelled.value}"
    return f"{spelled.kind}:{spelled.value}"


def names_in(event: Event) -> tuple[str, ...]:
    """The names by which an event calls its customer, the most telling first.

    An address also tells its domain, which is the last to decide.
    """
    data = event.data
    return (
        _names(event.source, data.customer, data.aliases) if data.customer or data.aliases else ()
    )


@lru_cache(maxsize=NAMES_REMEMBERED)
def _names(source: str, customer: str | None, told: tuple[Alias, ...]) -> tuple[str, ...]:
    aliases = (*(_alias_in(customer) if customer else ()), *told)
    domains = filter(None, map(domain_alias, aliases))
    names = [name_of(alias, source) for alias in (*aliases, *domains)]
    return tuple(dict.fromkeys([customer, *names] if customer else names))


def _alias_in(customer: str) -> tuple[Alias, ...]:
    """The alias that a customer's id is, where a file names customers by address or number."""
    kind = classified(customer)
    return () if kind is None else (Alias(kind, customer),)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one customer: since when which tier, and a name people may read."""

    customer: str
    name: str | None = None
    public_name: bool = False
    since: datetime | None = None
    tiers: tuple[tuple[datetime, str], ...] = ()

    def tier_at(self, at: datetime) -> str | None:
        """The tier told last before or at ``at``."""
        i = bisect_right(self.tiers, at, key=lambda told: told[0])
        return self.tiers[i - 1][1] if i else None


@dataclass(frozen=True, slots=True)
class Registry:
    """Customers, who owned which name since when, and which entries became one.

    Of two who got a name at the same instant the one with the larger id has it.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    owners: Mapping[str, tuple[tuple[datetime, str], ...]] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)

    def owner_of(self, name: str, at: datetime) -> str | None:
        """The customer who had the name at ``at``, else the first who ever got it."""
        owners = self.owners.get(name)
        if not owners:
            known = name in self.entries or name in self.merged
            return self.merged.get(name, name) if known else None
        i = bisect_right(owners, at, key=lambda told: told[0])
        customer = owners[max(i - 1, 0)][1]
        return self.merged.get(customer, customer)

    def resolve(self, names: Iterable[str], at: datetime) -> str | None:
        """The customer that the names mean at ``at``.

        The first name the registry knows decides; unknown ones become a customer of their own
        under their first name. ``None`` where there is no name at all.
        """
        first = None
        for name in names:
            owner = self.owner_of(name, at)
            if owner is not None:
                return owner
            first = first or name
        return None if first is None else self.merged.get(first, first)

    def entry(self, customer: str) -> Entry:
        """What is known of a customer; nothing but its id where nobody told us more."""
        return self.entries.get(customer) or Entry(customer)


EMPTY = Registry()


def replay_registry(events: Iterable[Event]) -> Registry:
    """Build the registry from customer events, whatever order they came in."""
    told = in_canonical_order(events)
    merged = _merges(told)
    entries: dict[str, Entry] = {}
    owners: dict[str, list[tuple[datetime, str]]] = {}
    for event in told:
        if not isinstance(event.data, CustomerUpdated):
            continue
        customer = merged.get(event.subject, event.subject)
        entries[customer] = _updated(entries.get(customer) or Entry(customer), event, event.data)
        for alias in (*_alias_in(event.subject), *event.data.aliases):
            name = name_of(alias, event.source)
            owners.setdefault(name, []).append((event.occurred_at, event.subject))
    return Registry(entries, {name: tuple(sorted(told)) for name, told in owners.items()}, merged)


def _updated(entry: Entry, event: Event, data: CustomerUpdated) -> Entry:
    tiers = entry.tiers
    if data.tier is not None:
        tiers = (*tiers, (event.occurred_at, data.tier))
    return Entry(
        customer=entry.customer,
        name=data.name or entry.name,
        public_name=data.public_name or entry.public_name,
        since=data.since or entry.since,
        tiers=tiers,
    )


def _merges(events: Iterable[Event]) -> dict[str, str]:
    """Follow merges to the customer each entry became; a cycle ends at its smallest id."""
    return ends_of(dict(_merge_links(events)))


def _merge_links(events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    for event in events:
        if isinstance(event.data, CustomerMerged) and event.data.into != event.subject:
            yield event.subject, event.data.into


def ends_of(into: Mapping[str, str]) -> dict[str, str]:
    """Where each of what became another ends; a circle ends at its smallest."""
    ends: dict[str, str] = {}
    for start in into:
        path: dict[str, None] = {}
        here = start
        while here in into and here not in ends and here not in path:
            path[here] = None
            here = into[here]
        told = list(path)
        end = min(told[told.index(here) :]) if here in path else ends.get(here, here)
        ends.update(dict.fromkeys(told, end))
    return ends
