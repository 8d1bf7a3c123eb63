"""What was promised and was it kept: events in, contacts with their clocks and promises out.

The same functions serve the command line (a whole file), the fold (what an arrival touched) and the
rebuild. Nothing here depends on the order or the number of deliveries.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.core.clocks import Clock, counted, judged
from app.core.events import (
    AgentReplied,
    ContactAnswered,
    ContactMerged,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
    Event,
    SubjectOf,
    once_each,
    subject_of,
)
from app.core.following import follow
from app.core.policy import ClockKind, Policies, Policy, Rule
from app.core.promises import Promise, replay_promises
from app.core.registry import Entry, Registry, names_in, replay_registry
from app.core.source import CANONICAL_KIND, Source
from app.core.timeline import UNKNOWN_CHANNEL, Cycle, Timeline

START_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactReceived.type, CustomerReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset(
        {CustomerReplied.type, ContactQueued.type, ContactReceived.type}
    ),
    ClockKind.RESOLUTION: frozenset({ContactReceived.type}),
}
STOP_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.RESOLUTION: frozenset({ContactResolved.type}),
}

ANYWHERE = Source(id="", kind=CANONICAL_KIND)
"""What is assumed of a source that nobody configured: it tells everything."""

MESSAGES = (ContactReceived, ContactQueued, CustomerReplied, ContactAnswered, AgentReplied)
"""What moves along when a contact is merged into another one."""

KEY_SEPARATOR = "\x1f"


def contact_key(source: str, subject: str) -> str:
    """The contact key: source and subject in one text."""
    return f"{source}{KEY_SEPARATOR}{subject}"


def key_of(event: Event) -> str:
    """The key of the contact that an event is about."""
    return contact_key(event.source, event.subject)


@dataclass(frozen=True, slots=True)
class Terms:
    """What replay judges by: the policy's versions and what each source is."""

    policies: Policies
    sources: Mapping[str, Source] = field(default_factory=dict)

    def source(self, event_source: str) -> Source:
        """The source that sent an event."""
        return self.sources.get(event_source, ANYWHERE)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact as its events tell it, and its clocks."""

    key: str
    source: str
    subject: str
    customer: str
    tier: str
    team: str
    channel: str
    queue: str | None
    link: str | None
    opened_at: datetime | None
    waiting_since: datetime | None
    resolved_at: datetime | None
    last_event_at: datetime
    is_over: bool
    is_worked_on: bool
    is_discarded: bool
    is_turned_away: bool
    history_missing: bool
    names: tuple[str, ...]
    masked: str | None
    clocks: tuple[Clock, ...] = ()


def links_of(event: Event) -> Iterator[str]:
    """The keys of other contacts that an event joins to its own."""
    if isinstance(event.data, ContactMerged):
        yield contact_key(event.source, event.data.into)
    if event.data.same_as:
        yield _same_as_key(event)


def _same_as_key(event: Event) -> str:
    """``same_as`` names a contact of the same source, or ``source subject`` of another one."""
    assert event.data.same_as is not None
    source, _, subject = event.data.same_as.rpartition(" ")
    return contact_key(source or event.source, subject)


class _Joined:
    """Which contacts are one, by ``same_as``: each is known by the smallest key of its like."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._above: dict[str, str] = {}
        for event in events:
            if event.data.same_as:
                pair = sorted((self.root(key_of(event)), self.root(_same_as_key(event))))
                self._above[pair[1]] = pair[0]

    def root(self, key: str) -> str:
        while (above := self._above.get(key, key)) != key:
            key = above
        return key


def joined(events: Iterable[Event]) -> list[tuple[str, list[Event]]]:
    """Gather events by contact; contacts that are the same (``same_as``) are one, by smallest key."""
    told = [event for event in events if subject_of(event) is SubjectOf.CONTACT]
    same = _Joined(told)
    by_key: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        by_key[same.root(key_of(event))].append(event)
    return sorted(by_key.items())


def replay_group(
    events: Iterable[Event], terms: Terms, registry: Registry, now: datetime
) -> list[Contact]:
    """Replay contacts that are joined by ``same_as`` or merges, given all events of all of them."""
    switches = terms.policies.newest.switches
    told = [event for event in events if subject_of(event) is SubjectOf.CONTACT]
    groups = _with_merges(joined(told)) if any(map(_joins, told)) else _by_key(told)
    followed = (follow(key, own, switches) for key, own in groups)
    return [contact_of(line, terms, registry, now) for line in followed]


def _joins(event: Event) -> bool:
    return event.data.same_as is not None or isinstance(event.data, ContactMerged)


def _by_key(events: Iterable[Event]) -> list[tuple[str, list[Event]]]:
    by_key: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_key[key_of(event)].append(event)
    return sorted(by_key.items())


def _with_merges(groups: Sequence[tuple[str, list[Event]]]) -> list[tuple[str, list[Event]]]:
    """Messages of a merged contact count on the contact it went into, as if it were one all along.

    So the older waiting start wins. A circle of merges ends at its smallest key, which goes on.
    """
    same = _Joined(event for _, events in groups for event in events)
    merges = (
        (key, same.root(contact_key(event.source, event.data.into)))
        for key, events in groups
        for event in events
        if isinstance(event.data, ContactMerged)
    )
    into: dict[str, str] = {}
    for key, target in merges:
        if target != key:
            into[key] = min(target, into.get(key, target))
    gathered: dict[str, list[Event]] = defaultdict(list)
    for key, events in groups:
        end = _end_of(key, into)
        gathered[key].extend(
            event for event in events if end != key or not isinstance(event.data, ContactMerged)
        )
        if end != key:
            gathered[end].extend(event for event in events if isinstance(event.data, MESSAGES))
    return sorted((key, events) for key, events in gathered.items() if events)


def _end_of(key: str, into: Mapping[str, str]) -> str:
    path = [key]
    while (following := into.get(path[-1])) is not None:
        if following in path:
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]


def contact_of(line: Timeline, terms: Terms, registry: Registry, now: datetime) -> Contact:
    """Resolve who and where a contact is, and judge its cycles."""
    assert line.last_event_at is not None
    first = line.events[0]
    source, _, subject = line.key.partition(KEY_SEPARATOR)
    named = next((event for event in reversed(line.events) if names_in(event)), None)
    names = names_in(named) if named else ()
    customer = registry.resolve(names, named.occurred_at) if named else None
    customer = customer or f"unknown:{source}:{subject}"
    place = _Place(line, terms, registry.entry(customer), first.source)
    clocks = tuple(place.clocks(now))
    standing = place.standing(now)
    return Contact(
        key=line.key,
        source=source,
        subject=subject,
        customer=customer,
        tier=standing.tier,
        team=standing.team,
        channel=place.channel,
        queue=line.queue,
        link=line.link,
        opened_at=line.opened_at,
        waiting_since=None if line.is_over else line.waiting_since,
        resolved_at=line.resolved_at,
        last_event_at=line.last_event_at,
        is_over=line.is_over,
        is_worked_on=bool(line.working),
        is_discarded=line.discarded,
        is_turned_away=line.turned_away,
        history_missing=line.history_missing,
        names=names,
        masked=_masked(line),
        clocks=clocks,
    )


def _masked(line: Timeline) -> str | None:
    masks = (alias.masked for event in line.events for alias in event.data.aliases)
    return next((mask for mask in masks if mask), None)


class _Standing(NamedTuple):
    """What decides which promise a contact has at an instant, and the rule that does."""

    policy: Policy
    team: str
    tier: str
    rule: Rule | None


class _Place:
    """Where a contact stands: worked out once for each instant that is asked about."""

    def __init__(self, line: Timeline, terms: Terms, entry: Entry, event_source: str) -> None:
        self.line = line
        self.source = terms.source(event_source)
        self.channel = line.channel or self.source.channel or UNKNOWN_CHANNEL
        self._policies = terms.policies
        self._entry = entry
        self._known: dict[datetime, _Standing] = {}

    def standing(self, at: datetime) -> _Standing:
        """Team, tier and rule in force at ``at``."""
        known = self._known.get(at)
        if known is None:
            policy = self._policies.in_force(at)
            queue = self.line.queue_at(at)
            team = policy.team_of(self.source, self.line.team_at(at), queue)
            tier = policy.tier_of(self._entry.tier_at(at))
            rule = policy.rule_for(self.channel, team, tier, queue)
            known = self._known[at] = _Standing(policy, team, tier, rule)
        return known

    def clocks(self, now: datetime) -> Iterator[Clock]:
        """The cycles to which the policy in force at their stop, else now, gives a target.

        Where the tool tells what is put before a human, nobody owed an answer to what never was.
        """
        never_queued = self.source.tells_queued and self.line.queued_at is None
        for cycle in self.line.cycles:
            standing = self.standing(cycle.stopped_at or now)
            if cycle.kind is ClockKind.FIRST_RESPONSE and never_queued:
                continue
            if standing.rule is not None and cycle.kind in standing.rule.targets:
                yield self._clock(cycle, standing, standing.rule)

    def _clock(self, cycle: Cycle, standing: _Standing, rule: Rule) -> Clock:
        target = rule.targets[cycle.kind]
        calendar = target.on(standing.policy.calendar_of(standing.team))
        clock = judged(cycle, target.from_start(calendar, cycle.started_at), calendar)
        return msgspec.structs.replace(
            clock,
            team=standing.team,
            tier=standing.tier,
            channel=self.channel,
            rule=rule.name,
            policy_version=standing.policy.version,
            is_measurable=can_be_told(cycle.kind, self.source),
        )


def can_be_told(kind: ClockKind, source: Source) -> bool:
    """Whether the source can tell both the start and the stop of a kind of clock."""
    tells = source.tells
    return bool(tells & START_TOLD_BY[kind]) and bool(tells & STOP_TOLD_BY[kind])


@dataclass(frozen=True, slots=True)
class Replayed:
    """All contacts and promises of a set of events, as of one instant."""

    now: datetime
    contacts: tuple[Contact, ...]
    promises: tuple[tuple[Promise, Clock], ...]


def replay(events: Iterable[Event], terms: Terms, now: datetime) -> Replayed:
    """Replay a whole set of events as of ``now``; later ones are not seen."""
    told = [event for event in once_each(events) if event.occurred_at <= now]
    registry = replay_registry(event for event in told if subject_of(event) is SubjectOf.CUSTOMER)
    contacts = replay_group(told, terms, registry, now)
    return Replayed(now, tuple(contacts), tuple(_all_promises(told, contacts, terms)))


def _all_promises(
    events: Sequence[Event], contacts: Sequence[Contact], terms: Terms
) -> Iterator[tuple[Promise, Clock]]:
    by_key = dict(joined(events))
    by_customer: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        by_customer[contact.customer].append(contact)
    for customer, own in sorted(by_customer.items()):
        yield from promises_of(
            customer, [(contact, by_key.get(contact.key, [])) for contact in own], terms
        )


def promises_of(
    customer: str, contacts: Sequence[tuple[Contact, Sequence[Event]]], terms: Terms
) -> Iterator[tuple[Promise, Clock]]:
    """Replay one customer's promises, given her contacts and their events."""
    policy = terms.policies.newest
    lines = [
        (follow(contact.key, events, policy.switches), contact.team) for contact, events in contacts
    ]
    of = {contact.key: contact for contact, _ in contacts}
    numbers: dict[str, int] = defaultdict(int)
    for promise in replay_promises(customer, lines, policy.switches):
        contact = of[promise.contact]
        numbers[contact.key] += 1
        clock = promise.as_clock(
            numbers[contact.key],
            team=promise.due_team or contact.team,
            tier=contact.tier,
            channel=contact.channel,
            version=policy.version,
        )
        yield promise, clock


def elapsed_at(clock: Clock, terms: Terms, now: datetime) -> float:
    """Seconds that count on a clock, up to its stop or ``now``."""
    if clock.elapsed is not None:
        return clock.elapsed.total_seconds()
    if clock.kind is ClockKind.FOLLOW_UP:
        return (now - clock.started_at).total_seconds()
    policy = terms.policies.in_force(now)
    rule = next((rule for rule in policy.rules if rule.name == clock.rule), None)
    calendar = policy.calendar_of(clock.team)
    if rule is not None:
        calendar = rule.targets[clock.kind].on(calendar)
    return counted(clock, calendar, now).total_seconds()
