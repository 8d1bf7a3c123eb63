"""Where a contact stands at an instant: its policy, team, tier and rule, and the clocks that follow."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.core.calendar import NeverOpen
from app.core.clocks import Clock, judged
from app.core.events import (
    AgentReplied,
    ContactAbandoned,
    ContactAnswered,
    ContactMissed,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
)
from app.core.policy import ClockKind, Policies, Policy, Rule
from app.core.registry import Entry
from app.core.source import Source
from app.core.timeline import UNKNOWN_CHANNEL, Cycle, Timeline

START_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactReceived.type, CustomerReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset(
        {CustomerReplied.type, ContactQueued.type, ContactReceived.type}
    ),
    ClockKind.RESOLUTION: frozenset({ContactReceived.type}),
    ClockKind.CALLBACK: frozenset(
        {ContactMissed.type, ContactAbandoned.type, ContactResolved.type, CustomerReplied.type}
    ),
}
STOP_TOLD_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.FIRST_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.NEXT_RESPONSE: frozenset({ContactAnswered.type, AgentReplied.type}),
    ClockKind.RESOLUTION: frozenset({ContactResolved.type}),
    ClockKind.CALLBACK: frozenset({ContactAnswered.type, AgentReplied.type}),
}


def can_be_told(kind: ClockKind, source: Source) -> bool:
    """Whether the source can tell both the start and the stop of a kind of clock."""
    tells = source.tells
    return bool(tells & START_TOLD_BY[kind]) and bool(tells & STOP_TOLD_BY[kind])


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
        self.source = source
        self.channel = line.channel or source.channel or UNKNOWN_CHANNEL
        self._policies = policies
        self._entry = entry
        self._known: dict[datetime, Standing] = {}

    def standing(self, at: datetime) -> Standing:
        """Team, tier and rule in force at ``at``."""
        known = self._known.get(at)
        if known is None:
            policy = self._policies.in_force(at)
            queue = self.line.queue_at(at)
            team = policy.team_of(self.source, self.line.team_at(at), queue)
            tier = policy.tier_of(self._entry.tier_at(at))
            rule = policy.rule_for(self.channel, team, tier, queue)
            known = self._known[at] = Standing(policy, team, tier, rule)
        return known

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
        standing = self.standing(cycle.stopped_at or now)
        if standing.rule is not None and cycle.kind in standing.rule.targets:
            yield self._clock(cycle, standing, standing.rule)

    def business_days_after(self, at: datetime, days: int) -> datetime | None:
        """The same time of day so many of the team's open days later; none if it opens no more."""
        standing = self.standing(at)
        calendar = standing.policy.calendar_of(standing.team)
        try:
            return calendar.business_days_after(at, days, end_of_day=False)
        except NeverOpen:
            return None

    def _clock(self, cycle: Cycle, standing: Standing, rule: Rule) -> Clock:
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
