"""Where a contact stands at an instant: its policy, team, tier and rule, and the clocks that follow."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.core.clocks.clock import Clock, judged
from app.core.clocks.cycles import Rules
from app.core.clocks.timeline import UNKNOWN_CHANNEL, Cycle, Timeline
from app.core.clocks.warnings import warnings_of
from app.core.events import (
    AgentReplied,
    ContactAbandoned,
    ContactAnswered,
    ContactMissed,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    CustomerReplied,
)
from app.core.hours.calendar import NeverOpen
from app.core.policy import (
    ClockKind,
    Conditions,
    Happening,
    Policies,
    Policy,
    Rule,
    StartOn,
    Switches,
)
from app.core.registry import Entry
from app.core.source import Source

START_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactReceived.type, CustomerReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset(
        {CustomerReplied.type, ContactQueued.type, ContactReceived.type}
    ),
    ClockKind.RESOLUTION: frozenset({ContactReceived.type}),
    ClockKind.UPDATE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.OWNERSHIP: frozenset({ContactReceived.type}),
    ClockKind.CALLBACK: frozenset(
        {ContactMissed.type, ContactAbandoned.type, ContactResolved.type, CustomerReplied.type}
    ),
}
STOP_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.RESOLUTION: frozenset({ContactResolved.type}),
    ClockKind.UPDATE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.OWNERSHIP: frozenset({ContactTransferred.type, ContactAnswered.type}),
    ClockKind.CALLBACK: frozenset({ContactAnswered.type, AgentReplied.type}),
}


STOPS_TOLD_BY: Mapping[Happening, frozenset[str]] = {
    Happening.AGENT_MESSAGE: frozenset({ContactAnswered.type, AgentReplied.type}),
    Happening.BOT_MESSAGE: frozenset({AgentReplied.type}),
    Happening.AUTO_REPLY: frozenset({AgentReplied.type}),
    Happening.INTERNAL_NOTE: frozenset({AgentReplied.type}),
    Happening.CUSTOMER_MESSAGE: frozenset({CustomerReplied.type}),
    Happening.ASSIGNED: frozenset({ContactTransferred.type, ContactAnswered.type}),
}


def can_be_told(kind: ClockKind, source: Source, conditions: Conditions | None = None) -> bool:
    """Whether the source can tell both the start and the stop of a kind of clock.

    ``conditions`` may let other things stop it than do by themselves.
    """
    tells = source.tells
    stops = STOP_TOLD_BY[kind]
    if conditions is not None and conditions.stops_on:
        others = STOP_TOLD_BY[kind] if kind is ClockKind.RESOLUTION else frozenset()
        stops = others.union(*(STOPS_TOLD_BY[what] for what in conditions.stops_on))
    return bool(tells & START_TOLD_BY[kind]) and bool(tells & stops)


ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Any instant, where one is as good as another."""


class Standing(NamedTuple):
    """What decides which promise a contact has at an instant, and the rule that does."""

    policy: Policy
    team: str
    tier: str
    rule: Rule | None


class Place:
    """Where a contact stands: worked out once for each instant that is asked about."""

    def __init__(self, line: Timeline, source: Source, policies: Policies, entry: Entry) -> None:
        self.line = line
        self.channel = line.channel or source.channel or UNKNOWN_CHANNEL
        self.source = source.on(self.channel)
        self._policies = policies
        self._entry = entry
        self._known: dict[datetime, Standing] = {}
        several = (policies.versions[1:], line.teams[1:], line.queues[1:], entry.tiers)
        self._always = None if any(several) else self._worked_out(ALWAYS)

    def standing(self, at: datetime) -> Standing:
        """Team, tier and rule in force at ``at``."""
        if self._always is not None:
            return self._always
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = self._worked_out(at)
        return known

    def _worked_out(self, at: datetime) -> Standing:
        policy = self._policies.in_force(at)
        queue = self.line.queue_at(at)
        team = policy.team_of(self.source, self.line.team_at(at), queue)
        tier = policy.tier_of(self._entry.tier_at(at))
        rule = policy.rule_for(self.channel, team, tier, queue)
        return Standing(policy, team, tier, rule)

    def switches_at(self, at: datetime) -> Switches:
        """How the policy in force at ``at`` decides where good organisations differ."""
        return self._policies.switches_at(at)

    def teams(self) -> tuple[tuple[datetime, str], ...]:
        """Since when which team had the contact, where several did."""
        if self._always is not None:
            return ()
        moments = sorted({at for at, _ in (*self.line.teams, *self.line.queues)})
        had = [(at, self.standing(at).team) for at in moments]
        return tuple(had) if len({team for _, team in had}) > 1 else ()

    def rules(self, now: datetime) -> Rules:
        """What the contact is followed by, up to ``now``."""
        policies = self._policies
        only = policies.only_conditions
        return Rules(
            switches=policies.switches_at,
            conditions=self._conditions if only is None else lambda _at: only,
            kinds=policies.kinds,
            changes=policies.changes_until(now),
        )

    def _conditions(self, at: datetime) -> Mapping[ClockKind, Conditions]:
        standing = self.standing(at)
        return (standing.rule or standing.policy).conditions

    def clocks(self, now: datetime) -> Iterator[Clock]:
        """The contact's own cycles as clocks.

        Where the tool tells what is put before a human, nobody owed an answer to what never was.
        """
        never_queued = self.source.tells_queued and self.line.queued_at is None
        for cycle in self.line.cycles:
            if cycle.kind is not ClockKind.FIRST_RESPONSE or not never_queued:
                yield from self.clocks_of(cycle, now)

    def clocks_of(self, cycle: Cycle, now: datetime) -> Iterator[Clock]:
        """The cycle as a clock, if the policy in force at its stop, else now, gives it a target."""
        as_of = cycle.stopped_at or now
        rule = self.standing(as_of).rule
        if rule is not None and cycle.kind in rule.targets:
            yield self._clock(cycle, rule, as_of)

    def business_days_after(self, at: datetime, days: int) -> datetime | None:
        """The same time of day so many of the team's open days later; none if it opens no more."""
        standing = self.standing(at)
        calendar = standing.policy.calendar_of(standing.team)
        try:
            return calendar.business_days_after(at, days, end_of_day=False)
        except NeverOpen:
            return None

    def _clock(self, cycle: Cycle, rule: Rule, as_of: datetime) -> Clock:
        standing = self.standing(as_of)
        target = rule.targets[cycle.kind]
        calendar = target.on(standing.policy.calendar_of(standing.team))
        conditions = rule.conditions.get(cycle.kind)
        if conditions is not None and conditions.start_on is StartOn.APPLIED:
            applied_at = self._applied_at(cycle, rule, as_of)
            cycle = msgspec.structs.replace(cycle, started_at=max(cycle.started_at, applied_at))
        clock = judged(cycle, target.from_start(calendar, cycle.started_at), calendar)
        placed = msgspec.structs.replace(
            clock,
            team=standing.team,
            tier=standing.tier,
            channel=self.channel,
            rule=rule.name,
            policy_version=standing.policy.version,
            is_measurable=can_be_told(cycle.kind, self.source, conditions),
        )
        due = warnings_of(placed, calendar, standing.policy)
        return msgspec.structs.replace(placed, warnings=due) if due else placed

    def _applied_at(self, cycle: Cycle, rule: Rule, as_of: datetime) -> datetime:
        """Since when the contact has been promised what the rule says, without a break."""
        since = as_of
        for at in reversed([cycle.started_at, *self._changes(cycle.started_at, as_of)]):
            if not _promise_alike(cycle.kind, self.standing(at).rule, rule):
                break
            since = at
        return since

    def _changes(self, after: datetime, until: datetime) -> list[datetime]:
        """When the contact's rule may have become another one, in order."""
        line, told = self.line, set(self._policies.changes_until(until))
        told |= {at for at, _ in (*line.teams, *line.queues, *self._entry.tiers)}
        return sorted(at for at in told if after < at <= until)


def _promise_alike(kind: ClockKind, rule: Rule | None, other: Rule) -> bool:
    """Whether two rules promise the same of a kind of clock."""
    if rule is None or kind not in rule.targets:
        return False
    same_target = rule.targets[kind] == other.targets[kind]
    return same_target and rule.conditions.get(kind) == other.conditions.get(kind)
