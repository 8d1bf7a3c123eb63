"""Whose turn it is: the key of a contact under each order, fixed while it waits (design 3.1).

Live contacts come before mail, which can be put aside. Within them ``arrival`` serves in order of
readiness, less a head start of ``head_start * (1 - 1 / weight)`` for tiers of larger weight; ``due``
serves in order of the due instant of the promise, so that whoever works by deadline is in turn.
"""

from datetime import UTC, datetime, timedelta

from app.core.fairness.moves import LIVE
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.policy import RESPONSES, ClockKind, Order, Policy, Target

MAIL = 1e10
"""Seconds that put any mail behind any live contact."""
LAST = datetime.max.replace(tzinfo=UTC)
NO_PROMISE = timedelta(days=1)
"""Where nothing is promised to a contact, its turn comes as if it were this."""


def order_of(policy: Policy, team: str) -> Order:
    """The order that a team works in: by deadline where deadlines differ, unless the policy says."""
    if policy.fairness.order is not None:
        return policy.fairness.order
    targets = {
        (kind, str(target))
        for rule in policy.rules
        if not rule.teams or team in rule.teams
        for kind, target in rule.targets.items()
        if kind in RESPONSES
    }
    kinds = {kind for kind, _ in targets}
    return Order.DUE if len(targets) > len(kinds) else Order.ARRIVAL


def is_even(policy: Policy) -> bool:
    """Whether nobody is entitled to more than others, by weight or by shorter promises."""
    weights = {policy.fairness.weights.get(tier, 1.0) for tier in policy.tiers}
    return len(weights) <= 1 and not any(rule.tiers for rule in policy.rules)


def overlays_of(policy: Policy) -> frozenset[str]:
    """Tiers that can be served first as a whole: all but the one that customers have by default."""
    return frozenset(policy.tiers) - {policy.default_tier}


class Asking:
    """What decides a contact's turn: where it is, of which tier, and what it waits for."""

    def __init__(self, policy: Policy, team: str, channel: str, queue: str | None) -> None:
        """The order is the team's."""
        self.policy, self.team, self.channel, self.queue = policy, team, channel, queue
        self.order = order_of(policy, team)

    def turn(self, tier: str, ready: datetime, kind: ClockKind) -> float:
        """The key of a contact of a tier, ready at an instant, waiting for a kind of answer."""
        behind = 0.0 if self.channel in LIVE else MAIL
        if self.order is Order.DUE:
            return behind + self._due(tier, ready, kind).timestamp()
        fairness = self.policy.fairness
        weight = fairness.weights.get(tier, 1.0)
        ahead = fairness.head_start.total_seconds() * (1 - 1 / weight)
        return behind + ready.timestamp() - ahead

    def even_turn(self, ready: datetime, kind: ClockKind) -> float:
        """The key if every customer were of the default tier, and no tier had a head start."""
        behind = 0.0 if self.channel in LIVE else MAIL
        if self.order is Order.DUE:
            return behind + self._due(self.policy.default_tier, ready, kind).timestamp()
        return behind + ready.timestamp()

    def other_turn(self, tier: str, ready: datetime, kind: ClockKind) -> float | None:
        """The key in the order that the policy does not say; none where nothing is promised."""
        behind = 0.0 if self.channel in LIVE else MAIL
        if self.order is Order.DUE:
            return behind + ready.timestamp()
        if not self.policy.rules:
            return None
        return behind + self._due(tier, ready, kind).timestamp()

    def _due(self, tier: str, ready: datetime, kind: ClockKind) -> datetime:
        rule = self.policy.rule_for(self.channel, self.team, tier, self.queue)
        targets = rule.targets if rule else {}
        target = targets.get(kind) or targets.get(ClockKind.FIRST_RESPONSE)
        if target is None:
            return _later(ready)
        return _due(target, self.policy.calendar_of(self.team), ready)


def _due(target: Target, calendar: Calendar, ready: datetime) -> datetime:
    on = target.on(calendar)
    try:
        return on.due(ready, target.from_start(calendar, ready)).astimezone(UTC)
    except NeverOpen:
        return _later(ready)


def _later(ready: datetime) -> datetime:
    """Due after everything else; the calendar has an end."""
    return min(ready, LAST - NO_PROMISE) + NO_PROMISE
