"""What the registry holds: replayed from customer events, whatever order they came in.

Three rules decide what is told of aliases. Who is registered under an id of our own has an alias
before anybody who is known by an alias alone. What is inferred, a tier from a tag, describes whoever
the names with it mean, as they would for a contact, and takes no alias from anybody. It holds until
somebody tells a tier of that customer: what people say is not undone by the next delivery.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from app.core.events import CustomerMerged, CustomerUpdated, Event, in_canonical_order
from app.core.registry import (
    NOBODY,
    Entry,
    Owners,
    Registry,
    alias_name,
    ends_of,
    name_of,
    names_in,
)

_Since = Iterable[tuple[datetime, str]]


def replay_registry(events: Iterable[Event]) -> Registry:
    """Build the registry from customer events."""
    told = list(_news(in_canonical_order(events)))
    owners = _owners(told)
    links = dict(_merges(told, Registry(owners=owners)))
    merged = ends_of({one: into for one, into in links.items() if one != into})
    known = Registry(owners=owners, merged=merged)
    described: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        if isinstance(event.data, CustomerUpdated):
            described[_described(event, known)].append(event)
    entries = {customer: _entry(customer, own) for customer, own in described.items()}
    for end in merged.values():
        entries.setdefault(end, Entry(end))
    return Registry(entries, owners, merged)


def names_told(event: Event) -> tuple[str, ...]:
    """All names that an event about a customer joins to her own."""
    match event.data:
        case CustomerMerged(into=into):
            return (into, *_own_name(into))
        case CustomerUpdated(inferred=True):
            return (*_own_name(event.subject), *names_in(event))
        case CustomerUpdated(aliases=aliases):
            claimed = (name_of(alias, event.source) for alias in aliases)
            return (*_own_name(event.subject), *claimed)
        case _:
            return ()


def _own_name(customer: str) -> tuple[str, ...]:
    name = alias_name(customer)
    return () if name is None else (name,)


def _news(events: Iterable[Event]) -> Iterator[Event]:
    """Leave out what is inferred again just as before: a tool's tags come with every delivery."""
    last: dict[tuple[str, str], CustomerUpdated] = {}
    for event in events:
        if isinstance(event.data, CustomerUpdated) and event.data.inferred:
            key = (event.source, event.subject)
            if last.get(key) == event.data:
                continue
            last[key] = event.data
        yield event


def _owners(events: Iterable[Event]) -> Owners:
    """Who was told to have which name; an id of our own comes before an alias of an alias.

    Aliases told together are one person's: where one of them is registered, all are that customer's.
    """
    claims = [event for event in events if _claims(event)]
    ours: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for event in claims:
        if alias_name(event.subject) is None:
            for name in names_told(event):
                ours[name].append((event.occurred_at, event.subject))
    registered = Registry(owners=_sorted(ours))
    others: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for event in claims:
        if alias_name(event.subject) is not None:
            names, at = names_told(event), event.occurred_at
            customer = _first_owner(names, at, registered) or event.subject
            for name in names:
                others[name].append((at, customer))
    return _sorted(others | ours)


def _claims(event: Event) -> bool:
    return isinstance(event.data, CustomerUpdated) and not event.data.inferred


def _sorted(owners: Mapping[str, _Since]) -> Owners:
    return {name: tuple(_changes(sorted(told))) for name, told in owners.items()}


def _first_owner(names: Iterable[str], at: datetime, known: Registry) -> str | None:
    return next(filter(None, (known.claimed_by(name, at) for name in names)), None)


def _merges(events: Iterable[Event], known: Registry) -> Iterator[tuple[str, str]]:
    """Who became whom; who is known by an alias alone never takes in a customer of our own id.

    Who becomes herself is taken back from whom she had become.
    """
    for event in events:
        if isinstance(event.data, CustomerMerged):
            one = _owner(event.subject, event.occurred_at, known)
            into = _owner(event.data.into, event.occurred_at, known)
            if _is_somebody(one) and not _is_somebody(into):
                one, into = into, one
            if one != into or event.subject == event.data.into:
                yield one, into


def _is_somebody(customer: str) -> bool:
    """Whether a customer has an id of our own."""
    return not customer.startswith(NOBODY) and alias_name(customer) is None


def _owner(customer: str, at: datetime, known: Registry) -> str:
    name = alias_name(customer)
    return customer if name is None else known.claimed_by(name, at) or customer


def _described(event: Event, known: Registry) -> str:
    """Whom an event is about: of aliases told together the first that somebody owns decides."""
    customer = event.subject
    if alias_name(customer) is not None:
        customer = _first_owner(names_told(event), event.occurred_at, known) or customer
    return known.merged.get(customer, customer)


def _entry(customer: str, events: Sequence[Event]) -> Entry:
    """What is known of a customer; what was told last stands, what was not told stays."""
    entry = Entry(customer, tiers=_tiers(events))
    for event in events:
        data = event.data
        if isinstance(data, CustomerUpdated) and not data.inferred:
            entry = Entry(
                customer=customer,
                name=entry.name if data.name is None else data.name or None,
                public_name=entry.public_name if data.public_name is None else data.public_name,
                since=data.since or entry.since,
                tiers=entry.tiers,
            )
    return entry


def _tiers(events: Sequence[Event]) -> tuple[tuple[datetime, str], ...]:
    told = list(_tiers_in(event for event in events if not event.data.inferred))
    inferred = _tiers_in(event for event in events if event.data.inferred)
    until = told[0][0] if told else None
    first = [(at, tier) for at, tier in inferred if until is None or at < until]
    return tuple(_changes([*first, *told]))


def _tiers_in(events: Iterable[Event]) -> _Since:
    for event in events:
        if isinstance(event.data, CustomerUpdated) and event.data.tier is not None:
            yield event.occurred_at, event.data.tier


def _changes(told: _Since) -> _Since:
    """Leave out what only says again what held already."""
    had = None
    for at, what in told:
        if what != had:
            yield at, what
        had = what
