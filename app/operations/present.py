"""Take a snapshot: what is true now, as one value for screens and scrapes."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache, partial
from hashlib import blake2b
from itertools import product

from app.core.clocks.warnings import levels_of
from app.core.events import Channel
from app.core.hours.day_edges import day_edges
from app.core.policy import ClockKind, Measure, Policy
from app.core.replay import Terms
from app.core.snapshot import (
    ClockGroup,
    CustomerWaiting,
    Exemplar,
    Group,
    PromiseDue,
    ResponseGroup,
    Responses,
    Running,
    Snapshot,
    SourceNews,
    Tally,
    TurnedAway,
    WaitingContact,
)
from app.core.source import Source
from app.metrics.families import response_edges
from app.operations.examples import Examples
from app.operations.present_day import PresentDay
from app.operations.present_pools import Pools, load_pools
from app.store import instance, ledgers, quarantine
from app.store import now as store_now
from app.store.customers_now import load_customers
from app.store.engine import Database
from app.store.ledgers import (
    BREACHED,
    CALL,
    RESPONSE,
    SETTLED,
    TURNED_AWAY,
    UNSETTLED,
    WARNED,
    WITHDRAWN,
)
from app.store.now import Instants, LostBefore, Present, PromiseRow, TurnedAwayRow, WaitingRow, Who

SHOWN_CONTACTS = 200
"""Waiting contacts that a snapshot names, the soonest to break first."""
CUSTOMERS_REMEMBERED = 20_000
REASONS_TO_KEEP = ("future", "invalid", "unreadable")


@dataclass(frozen=True, slots=True)
class _Read:
    """What one transaction read, before it is put together."""

    policy: Policy
    now: datetime
    last_heard: Mapping[str, datetime]
    present: Present
    customers: Sequence[CustomerWaiting]
    exemplars: Mapping[ResponseGroup, tuple[Exemplar, ...]]
    counts: Sequence[ledgers.Tally]
    pools: Pools
    kept: Mapping[tuple[str, str], int]


@dataclass(slots=True)
class Presenter:
    """Takes snapshots; remembers the slow parts of the last one."""

    db: Database
    sources: Sequence[Source]
    invariants_broken: int = 0
    key: bytes = b""
    day: PresentDay = field(default_factory=PresentDay)
    examples: Examples = field(default_factory=Examples)

    async def take(self, terms: Terms, heard: Mapping[str, datetime], now: datetime) -> Snapshot:
        """Read what is true at ``now``. ``heard``: news of sources that is not written down yet."""
        policy = terms.policies.in_force(now)
        async with self.db.begin() as tx:
            await instance.save_heard(tx, heard)
            last_heard = await instance.load_heard(tx)
            edges = tuple(day_edges(policy, now))
            instants = Instants(now, lost_before(policy, now), edges)
            present = await store_now.load_present(tx, instants, SHOWN_CONTACTS)
            first_tier = next(iter(policy.tiers), "")
            read = _Read(
                policy=policy,
                now=now,
                last_heard=last_heard,
                present=present,
                customers=await load_customers(tx, instants.lost, present.waiting, first_tier),
                exemplars=await self.examples.look(tx, response_edges(_thresholds(policy)), now),
                counts=await ledgers.load_counts(tx),
                pools=await load_pools(tx, policy.teams, shown, now),
                kept=await quarantine.count_by_source(tx),
            )
            await self.day.count(tx, edges, now)
        # With thousands of customers this takes longer than the event loop may stand still.
        return await asyncio.to_thread(self._told, read)

    def _told(self, read: _Read) -> Snapshot:
        """Make the snapshot of what was read; runs in a thread."""
        policy, now, present, pools = read.policy, read.now, read.present, read.pools
        is_open = cache(partial(_is_open, policy, now))
        snapshot = Snapshot(
            taken_at=now,
            waiting={
                group: waiting for group, waiting in present.waiting.items() if is_open(group.team)
            },
            running=present.running,
            not_measurable=present.not_measurable,
            lost_track=present.lost_track,
            untold=present.untold,
            inferred=present.inferred,
            received=self.day.received,
            customers=tuple(
                c._replace(customer=opaque(c.customer, self.key))
                for c in read.customers
                if is_open(c.team)
            ),
            first_tier=next(iter(policy.tiers), ""),
            exemplars=read.exemplars,
            promises=present.promised,
            promises_due=tuple(_due(row, now) for row in present.promises),
            callbacks=present.callbacks,
            not_called_back=tuple(map(_turned_away, present.turned_away)),
            teams=tuple(self.day.of_teams(policy, now)),
            pools=pools.standings,
            episodes=pools.episodes,
            pool_names=pools.names,
            pool_links=pools.links,
            quarantined=present.quarantined,
            kept=_kept(self.sources, read.kept),
            set_aside=present.set_aside,
            invariants_broken=self.invariants_broken,
            policy_version=policy.version,
            oldest_touched_at=present.oldest_touched_at,
            last_event_at=max(read.last_heard.values(), default=None),
        )
        snapshot = _with_counts(snapshot, read.counts, policy)
        snapshot = _with_targets(snapshot, policy, now)
        return replace(
            _with_contacts(snapshot, present, policy, now),
            today=self.day.by_clock(snapshot),
            sources=dict(news_of(self.sources, read.last_heard, policy)),
        )


@lru_cache(maxsize=CUSTOMERS_REMEMBERED)
def opaque(customer: str, key: bytes) -> str:
    """What metrics call a customer: the same for as long as the key is, and no name."""
    return f"c-{blake2b(customer.encode(), key=key[:64], digest_size=6).hexdigest()}"


def _kept(
    sources: Iterable[Source], kept: Mapping[tuple[str, str], int]
) -> Mapping[tuple[str, str], int]:
    """Every configured source stands at zero; one that is gone stands there while anything is."""
    none = {(source.id, reason): 0 for source in sources for reason in REASONS_TO_KEEP}
    return {**none, **kept}


def _is_open(policy: Policy, now: datetime, team: str) -> bool:
    return policy.calendar_of(team).is_open(now)


def lost_before(policy: Policy, now: datetime) -> LostBefore:
    """Since when a contact must have been silent to be lost track of."""
    limits = policy.switches.lost_track
    return LostBefore(now - limits["phone"], now - limits["chat"], now - limits["email"])


def shown(who: Who) -> str:
    """What a screen calls a customer: her name, else a masked alias, else an opaque id."""
    if who.name:
        return who.name
    if who.masked:
        return who.masked
    return "customer not named" if who.customer.startswith("unknown:") else who.customer


def _due(row: PromiseRow, now: datetime) -> PromiseDue:
    return PromiseDue(shown(row.who), row.team, row.channel, row.due_at, row.due_at < now, row.link)


def _turned_away(row: TurnedAwayRow) -> TurnedAway:
    return TurnedAway(
        contact=row.contact,
        customer=shown(row.who),
        team=row.team,
        channel=row.channel,
        since=row.since,
        inferred=row.inferred,
        due_at=row.due_at,
        link=row.link,
    )


def _with_counts(snapshot: Snapshot, counts: Iterable[ledgers.Tally], policy: Policy) -> Snapshot:
    told = list(counts)
    turned_away: dict[tuple[str, str], int] = defaultdict(int)
    for count in told:
        if count.what == TURNED_AWAY:
            turned_away[count.team, count.channel] += count.n
    return replace(
        snapshot,
        tallies=_tallies(told),
        responses=_responses(told, policy),
        turned_away=dict(turned_away),
        warnings={
            (_group_of(count), count.what.removeprefix(WARNED)): count.n
            for count in told
            if count.what.startswith(WARNED)
        },
        calls={
            (count.team, count.tier, count.what.removeprefix(CALL)): count.n
            for count in told
            if count.what.startswith(CALL)
        },
    )


def _group_of(count: ledgers.Tally) -> ClockGroup:
    return ClockGroup(count.channel, count.team, count.tier, count.clock)


def _tallies(counts: Iterable[ledgers.Tally]) -> dict[ClockGroup, Tally]:
    found: dict[ClockGroup, dict[str, int]] = defaultdict(dict)
    for count in counts:
        if count.what in (SETTLED, BREACHED, WITHDRAWN, UNSETTLED):
            found[_group_of(count)][count.what] = count.n
    return {
        group: Tally(
            settled=n.get(SETTLED, 0),
            breached=n.get(BREACHED, 0),
            withdrawn=n.get(WITHDRAWN, 0),
            unsettled=n.get(UNSETTLED, 0),
        )
        for group, n in found.items()
    }


def _responses(counts: Iterable[ledgers.Tally], policy: Policy) -> dict[ResponseGroup, Responses]:
    empty = dict.fromkeys((*response_edges(_thresholds(policy)), float("inf")), 0)
    buckets: dict[ResponseGroup, dict[float, int]] = {}
    sums: dict[ResponseGroup, float] = defaultdict(float)
    for count in counts:
        if count.what == RESPONSE:
            group = ResponseGroup(count.channel, count.tier, count.clock)
            found = buckets.setdefault(group, dict(empty))
            found[count.le] = found.get(count.le, 0) + count.n
            sums[group] += count.seconds
    return {group: Responses(found, sums[group]) for group, found in buckets.items()}


def _thresholds(policy: Policy) -> set[float]:
    targets = (target for rule in policy.rules for target in rule.targets.values())
    return {target.amount.total_seconds() for target in targets if target.amount}


def _with_targets(snapshot: Snapshot, policy: Policy, now: datetime) -> Snapshot:
    """Every combination that the policy gives a target stands at zero from the start."""
    groups: set[Group] = set()
    running, tallies = dict(snapshot.running), dict(snapshot.tallies)
    warnings, levels = dict(snapshot.warnings), levels_of(policy)
    responses = dict(snapshot.responses)
    targets: dict[ClockGroup, float] = {}
    ratios: dict[ClockGroup, float] = {}
    empty = dict.fromkeys((*response_edges(_thresholds(policy)), float("inf")), 0)
    for group, kind, seconds, ratio in _promised(policy, now):
        clock = ClockGroup(group.channel, group.team, group.tier, kind)
        response = ResponseGroup(group.channel, group.tier, kind)
        groups.add(group)
        running.setdefault(clock, Running(0, None))
        tallies.setdefault(clock, Tally())
        for level in levels:
            warnings.setdefault((clock, level), 0)
        responses.setdefault(response, Responses(empty, 0.0))
        targets[clock], ratios[clock] = seconds, ratio
    for clock in (*running, *tallies):
        if clock not in targets and (found := _asked_of(policy, clock, now)):
            targets[clock], ratios[clock] = found
    return replace(
        snapshot,
        groups=tuple(sorted(groups)),
        running=running,
        tallies=tallies,
        warnings=warnings,
        responses=responses,
        targets=targets,
        target_ratios=ratios,
    )


def _asked_of(policy: Policy, clock: ClockGroup, now: datetime) -> tuple[float, float] | None:
    """The target of a group that the policy does not name, such as contacts of no team."""
    rule = policy.rule_for(clock.channel, clock.team, clock.tier, None)
    target = rule.targets.get(ClockKind(clock.clock)) if rule else None
    if rule is None or target is None:
        return None
    calendar = policy.calendar_of(clock.team)
    return target.from_start(calendar, now).total_seconds(), rule.target_ratio


def _promised(policy: Policy, now: datetime) -> Iterator[tuple[Group, ClockKind, float, float]]:
    for team, tier in product(policy.teams.values(), policy.tiers or (policy.default_tier,)):
        for channel in sorted(team.channels or set(Channel)):
            rule = policy.rule_for(channel, team.id, tier, None)
            for kind, target in (rule.targets if rule else {}).items():
                seconds = target.from_start(team.calendar, now).total_seconds()
                ratio = rule.target_ratio if rule else 0.0
                yield Group(str(channel), team.id, tier), kind, seconds, ratio


def _with_contacts(snapshot: Snapshot, present: Present, policy: Policy, now: datetime) -> Snapshot:
    told = [_waiting_contact(row, policy, now) for row in present.contacts]
    return replace(
        snapshot,
        late=tuple(contact for contact in told if contact.breaches_at < now),
        next_late=tuple(contact for contact in told if contact.breaches_at >= now),
    )


def _waiting_contact(row: WaitingRow, policy: Policy, now: datetime) -> WaitingContact:
    group = row.group
    calendar = policy.calendar_of(group.team)
    rule = next((rule for rule in policy.rules if rule.name == row.rule), None)
    target = rule.targets.get(ClockKind(group.clock)) if rule else None
    counting = target.on(calendar) if target and target.measure is Measure.CALENDAR else calendar
    left = counting.elapsed(now, row.due_at) - counting.elapsed(row.due_at, now)
    return WaitingContact(
        contact=row.contact,
        customer=shown(row.who),
        channel=group.channel,
        team=group.team,
        tier=group.tier,
        clock=group.clock,
        waiting_since=row.started_at,
        due_at=row.due_at,
        breaches_at=row.breaches_at,
        target_seconds=row.target.total_seconds(),
        open_seconds_left=left.total_seconds(),
        is_open=counting.is_open(now),
        link=row.link,
    )


def news_of(
    sources: Iterable[Source], heard: Mapping[str, datetime], policy: Policy
) -> Iterator[tuple[str, SourceNews]]:
    """When each source was last heard, and from when its silence means something."""
    for source in sources:
        last = heard.get(source.event_source)
        calendar = policy.calendar_of(source.default_team or "")
        silent_after = None
        if last is not None:
            silent_after = calendar.breaches_at(calendar.due(last, source.silence_limit))
        yield source.id, SourceNews(source.channel or "any", last, silent_after)
