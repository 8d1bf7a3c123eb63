"""What was promised and was it kept: events in, contacts with their clocks and promises out.

The same functions serve the command line (a whole file), the fold (what an arrival touched) and the
rebuild. Nothing here depends on the order or the number of deliveries.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from app.core.callbacks import Callback, Party, replay_callbacks
from app.core.clocks.clock import Clock, counted
from app.core.clocks.following import begin, follow
from app.core.clocks.standing import Place
from app.core.clocks.timeline import Timeline, turn_away
from app.core.dealing import Brief, Dealing, dealing_of
from app.core.events import (
    AgentReplied,
    ContactAnswered,
    ContactMerged,
    ContactQueued,
    ContactReceived,
    CustomerReplied,
    Event,
    SubjectOf,
    in_canonical_order,
    once_each,
    subject_of,
)
from app.core.fairness.moves import Move
from app.core.fairness.pool import Pool
from app.core.fairness.pools import gathered, play
from app.core.fairness.reading import Moves, is_of_agent, moves_of, moves_of_agent
from app.core.hours.calendar import NeverOpen
from app.core.policy import ClockKind, Policies
from app.core.policy_file.words import target as read_target
from app.core.promises import Promise, replay_promises
from app.core.registering import replay_registry
from app.core.registry import NOBODY, Registry, ends_of, names_in
from app.core.source import CANONICAL_KIND, Source, together
from app.core.turned_away import COMES_BACK_WITHIN_DAYS, brief_end, came_back, helped_since

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
    """What replay judges by: the policy's versions and what each source is.

    ``revision``: how often an admin had said what a source's words mean when these were read.
    """

    policies: Policies
    sources: Mapping[str, Source] = field(default_factory=dict)
    revision: int = 0

    def source(self, event_source: str) -> Source:
        """The source that sent an event."""
        return self.sources.get(event_source, ANYWHERE)

    def sources_of(self, events: Iterable[Event]) -> Source:
        """What all sources that tell of one contact are to it, given its events in their order."""
        told_by = dict.fromkeys(event.source for event in events)
        return together([self.source(name) for name in told_by])


@dataclass(frozen=True, slots=True)
class Judging:
    """By what and as of when a contact is judged."""

    terms: Terms
    registry: Registry
    now: datetime


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
    turned_away_inferred: bool
    turned_away_at: datetime | None
    history_missing: bool
    names: tuple[str, ...]
    masked: str | None
    dealing: Dealing
    clocks: tuple[Clock, ...] = ()
    line: Timeline = field(compare=False, repr=False, kw_only=True)

    @property
    def members(self) -> frozenset[str]:
        """The keys under which its events came: several where contacts are one."""
        return frozenset({self.key, *map(key_of, self.line.events)})


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
    events: Iterable[Event],
    terms: Terms,
    registry: Registry,
    now: datetime,
    came_back: Container[str] = frozenset(),
) -> list[Contact]:
    """Replay contacts that are joined by ``same_as`` or merges, given all events of all of them.

    ``came_back``: the keys after whose brief exchange the customer came back: her other contacts
    tell.
    """
    told = [event for event in events if subject_of(event) is SubjectOf.CONTACT]
    groups = _with_merges(joined(told)) if any(map(_joins, told)) else _by_key(told)
    judging = Judging(terms, registry, now)
    return [contact_of(begin(key, own), judging, came_back=key in came_back) for key, own in groups]


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
    ends = ends_of(into)
    for key, events in groups:
        end = ends.get(key, key)
        gathered[key].extend(
            event for event in events if end != key or not isinstance(event.data, ContactMerged)
        )
        if end != key:
            gathered[end].extend(event for event in events if isinstance(event.data, MESSAGES))
    return sorted((key, events) for key, events in gathered.items() if events)


def contact_of(line: Timeline, judging: Judging, *, came_back: bool) -> Contact:
    """Resolve who and where a contact is, follow it, and judge its cycles."""
    assert line.last_event_at is not None
    now, registry = judging.now, judging.registry
    source, _, subject = line.key.partition(KEY_SEPARATOR)
    named = next((event for event in reversed(line.events) if names_in(event)), None)
    names = names_in(named) if named else ()
    customer = registry.resolve(names, named.occurred_at) if named else None
    customer = customer or _nobodys(line, registry)
    place = _place(line, customer, judging.terms, registry)
    follow(line, place.rules(now))
    brief = _brief(line, place)
    if brief is not None and came_back:
        turn_away(line, brief.ended_at, inferred=True)
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
        is_turned_away=line.turned_away and not line.discarded,
        turned_away_inferred=line.turned_away_inferred,
        turned_away_at=line.turned_away_at,
        history_missing=line.history_missing,
        names=names,
        masked=_masked(line),
        dealing=dealing_of(line, brief, place.teams(), is_nameless=customer.startswith(NOBODY)),
        clocks=clocks,
        line=line,
    )


def _nobodys(line: Timeline, registry: Registry) -> str:
    """Whose a contact is that names nobody: somebody may have told of any of its keys."""
    keys = [line.key, *sorted({key_of(event) for event in line.events} - {line.key})]
    customers = [registry.nobodys(*_source_and_subject(key)) for key in keys]
    return next((each for each in customers if not each.startswith(NOBODY)), customers[0])


def _source_and_subject(key: str) -> tuple[str, str]:
    source, _, subject = key.partition(KEY_SEPARATOR)
    return source, subject


def _brief(line: Timeline, place: Place) -> Brief | None:
    ended_at = brief_end(line, place.switches_at)
    if ended_at is None:
        return None
    until = place.business_days_after(ended_at, COMES_BACK_WITHIN_DAYS)
    return Brief(ended_at, until, helped_since(line, ended_at)) if until else None


def _place(line: Timeline, customer: str, terms: Terms, registry: Registry) -> Place:
    return Place(line, terms.sources_of(line.events), terms.policies, registry.entry(customer))


def _masked(line: Timeline) -> str | None:
    masks = (alias.masked for event in line.events for alias in event.data.aliases)
    return next((mask for mask in masks if mask), None)


@dataclass(frozen=True, slots=True)
class Replayed:
    """All contacts and promises of a set of events, as of one instant."""

    now: datetime
    contacts: tuple[Contact, ...]
    promises: tuple[tuple[Promise, Clock], ...]
    pools: Mapping[str, Pool] = field(default_factory=dict, compare=False)


def replay(events: Iterable[Event], terms: Terms, now: datetime) -> Replayed:
    """Replay a whole set of events as of ``now``; later ones are not seen."""
    told = [event for event in once_each(events) if event.occurred_at <= now]
    found, registry = replay_clocks(told, terms, now)
    pools = _pools(told, found.contacts, Judging(terms, registry, now))
    return replace(found, pools=pools)


def replay_clocks(told: Sequence[Event], terms: Terms, now: datetime) -> tuple[Replayed, Registry]:
    """Replay contacts, promises and callbacks, and who is who; nobody's turns."""
    registry = replay_registry(event for event in told if subject_of(event) is SubjectOf.CUSTOMER)
    judging = Judging(terms, registry, now)
    contacts = {c.key: c for c in replay_group(told, terms, registry, now)}
    promises: list[tuple[Promise, Clock]] = []
    for customer, own in sorted(_by_customer(contacts.values()).items()):
        if any(contact.dealing.has_promises for contact in own):
            promises += promises_of(customer, own, terms, now)
        between = between_contacts({c.key: (c.team, c.dealing) for c in own})
        for key in between.came_back:
            line = begin(key, contacts[key].line.events)
            contacts[key] = contact_of(line, judging, came_back=True)
        for callback in between.callbacks:
            contact = contacts[callback.contact]
            clocks = callback_clocks(callback, contact, judging)
            contacts[contact.key] = replace(contact, clocks=(*contact.clocks, *clocks))
    return Replayed(now, tuple(contacts.values()), tuple(promises)), registry


def _pools(
    told: Iterable[Event], contacts: Iterable[Contact], judging: Judging
) -> Mapping[str, Pool]:
    """Every team's pool, played from its first move."""
    moves = [move for contact in contacts for move in moves_in_pools(contact, judging)]
    everywhere: list[Move] = []
    for event in in_canonical_order(event for event in told if is_of_agent(event)):
        team = agents_team(event, judging.terms)
        for move in moves_of_agent(event):
            if team is None:
                everywhere.append(move)
            else:
                moves.append((team, move))
    policy = judging.terms.policies.in_force(judging.now)
    return play(gathered(moves), everywhere, policy, judging.now.timestamp())


def moves_in_pools(contact: Contact, judging: Judging) -> Moves:
    """What a contact does in the pools it passes through."""
    place = _place(contact.line, contact.customer, judging.terms, judging.registry)
    return moves_of(contact.line, place, contact.customer)


def agents_team(event: Event, terms: Terms) -> str | None:
    """The team in whose pool an agent's own event counts; none where nobody says."""
    source, data = terms.source(event.source), event.data
    if data.team is None and data.queue is None and source.default_team is None:
        return None
    policy = terms.policies.in_force(event.occurred_at)
    return policy.team_of(source, data.team, data.queue)


def _by_customer(contacts: Iterable[Contact]) -> dict[str, list[Contact]]:
    by_customer: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        by_customer[contact.customer].append(contact)
    return by_customer


@dataclass(frozen=True, slots=True)
class Between:
    """What a customer's contacts tell together: whom we owe a call, and which of them were no help."""

    callbacks: tuple[Callback, ...]
    came_back: frozenset[str]


def between_contacts(contacts: Mapping[str, tuple[str, Dealing]]) -> Between:
    """Look at one customer's contacts together: each by its key, with its team."""
    back = came_back({key: dealing for key, (_, dealing) in contacts.items()})
    parties = [Party(key, team, dealing, key in back) for key, (team, dealing) in contacts.items()]
    return Between(tuple(replay_callbacks(parties)), back)


def callback_clocks(callback: Callback, contact: Contact, judging: Judging) -> list[Clock]:
    """The callback as the clock of the contact that opened it; none where nothing is promised."""
    place = _place(contact.line, contact.customer, judging.terms, judging.registry)
    return list(place.clocks_of(callback.cycle, judging.now))


def promises_of(
    customer: str, contacts: Sequence[Contact], terms: Terms, now: datetime
) -> Iterator[tuple[Promise, Clock]]:
    """Replay one customer's promises, given her contacts."""
    policies = terms.policies
    lines = [(contact.line, contact.team) for contact in contacts]
    of = {contact.key: contact for contact in contacts}
    numbers: dict[str, int] = defaultdict(int)
    due_at = partial(_due_at, policies)
    for promise in replay_promises(customer, lines, policies.switches_at, due_at):
        contact = of[promise.contact]
        numbers[contact.key] += 1
        clock = promise.as_clock(
            numbers[contact.key],
            team=promise.due_team or contact.team,
            tier=contact.tier,
            channel=contact.channel,
            version=policies.in_force(promise.ended_at or now).version,
        )
        yield promise, clock


def _due_at(
    policies: Policies, due: datetime | None, due_in: str | None, at: datetime, team: str
) -> datetime:
    """When a promise is due: as told, or in the time of the team that is to keep it."""
    if due is not None or due_in is None:
        return due or at
    span = read_target(due_in)
    calendar = span.on(policies.in_force(at).calendar_of(team))
    try:
        return calendar.due(at, span.from_start(calendar, at))
    except NeverOpen:
        return at + span.amount


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
