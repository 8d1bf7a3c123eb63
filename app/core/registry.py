"""Whose contact is it: names and aliases resolved to customers.

A *name* is what an event calls a customer by, written so that no two kinds can be confused:
``acme`` (our own id, verbatim), ``phone:+4511223344``, ``email:jo@acme.test``,
``domain:acme.test``, ``id:/hooks/chat:12`` (a tool's id, which belongs to its source). A customer
whom nobody registered has her first name for an id, and ``unknown:SOURCE:CONTACT`` who has none.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from app.core.aliases import classified, domain_alias, normalised
from app.core.events import Alias, AliasKind, Event

NAMES_REMEMBERED = 20_000
"""Customers whose names are not worked out again for each of their events."""


REGISTRY_SOURCE = "/v1/customers"
"""``source`` of what people tell of customers; an id in it bears the source that gave it."""

NOBODY = "unknown:"
"""Begins the id of whoever has no name at all: one for each contact."""

_ALIAS_NAMES = tuple(f"{kind}:" for kind in AliasKind)


def name_of(alias: Alias, source: str) -> str:
    """Write an alias as a name, in its normal spelling; ids are told apart by their source."""
    spelled = normalised(alias)
    if spelled.kind is AliasKind.ID and source != REGISTRY_SOURCE:
        return f"id:{source}:{spelled.value}"
    return f"{spelled.kind}:{spelled.value}"


def nobodys_name(source: str, subject: str) -> str:
    """The name of whoever a contact is of, where nothing tells who she is."""
    return f"{NOBODY}{source}:{subject}"


@lru_cache(maxsize=NAMES_REMEMBERED)
def alias_name(customer: str) -> str | None:
    """The alias by which alone a customer is known; none where the id is one of our own."""
    if customer.startswith(_ALIAS_NAMES):
        return customer
    told = _alias_in(customer)
    return name_of(told[0], "") if told else None


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


Owners = Mapping[str, tuple[tuple[datetime, str], ...]]


@dataclass(frozen=True, slots=True)
class Registry:
    """Customers, who owned which name since when, and which entries became one.

    Of two who got a name at the same instant the one with the larger id has it.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    owners: Owners = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)

    def owner_of(self, name: str, at: datetime) -> str | None:
        """The customer who had the name at ``at``, else the first who ever got it.

        That a tag told something of an alias makes nobody its owner.
        """
        owner = self.claimed_by(name, at)
        if owner is None and (name in self.merged or self._is_registered(name)):
            owner = name
        return None if owner is None else self.merged.get(owner, owner)

    def claimed_by(self, name: str, at: datetime) -> str | None:
        """Who had the name at ``at``, before any merge; an alias of an alias is followed."""
        passed: dict[str, None] = {}
        while owners := self.owners.get(name):
            i = bisect_right(owners, at, key=lambda told: told[0])
            customer = owners[max(i - 1, 0)][1]
            if customer in passed:
                return min(list(passed)[list(passed).index(customer) :])
            passed[customer] = None
            following = alias_name(customer)
            if following is None or following == name:
                return customer
            name = following
        return next(reversed(passed), None)

    def _is_registered(self, name: str) -> bool:
        return name in self.entries and alias_name(name) is None

    def resolve(self, names: Iterable[str], at: datetime) -> str | None:
        """The customer that the names mean at ``at``.

        The first name that somebody owns decides; unknown ones become a customer of their own
        under their first name. ``None`` where there is no name at all.
        """
        told = tuple(names)
        for name in told:
            owner = self.owner_of(name, at)
            if owner is not None:
                return owner
        first = next((name for name in told if name in self.entries), next(iter(told), None))
        return None if first is None else self.merged.get(first, first)

    def meant_by(self, customer: str, at: datetime) -> str:
        """Whom an id means at ``at``: who has the alias that it may be, and whom she became."""
        name = alias_name(customer)
        owner = None if name is None else self.owner_of(name, at)
        return owner or self.merged.get(customer, customer)

    def nobodys(self, source: str, subject: str) -> str:
        """Whose a contact is that names nobody: of whom we were told, else of nobody known."""
        name = nobodys_name(source, subject)
        return self.merged.get(name, name)

    def entry(self, customer: str) -> Entry:
        """What is known of a customer; nothing but its id where nobody told us more."""
        return self.entries.get(customer) or Entry(customer)


EMPTY = Registry()


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
