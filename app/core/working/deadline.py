"""How a deadline came about: the rule, the open time that was counted, and what was left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.core.clocks.clock import Clock, Status
from app.core.clocks.standing import START_TOLD_BY, STOP_TOLD_BY
from app.core.hours.calendar import Calendar, always_open
from app.core.policy import ClockKind, Policy, Rule, StartOn, Target
from app.core.promises import Promise
from app.core.replay import Contact, Terms
from app.core.working.counted import Counted, LeftOut, counted_spans, left_out, silent
from app.core.working.rule_reason import Reason, reason_of

NOTHING = timedelta(0)


class Untold(StrEnum):
    """What a source cannot tell of a clock."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Working:
    """One clock and how it came about, as of an instant.

    ``counted`` reaches up to the stop, else the present, and adds up to ``elapsed``; ``ahead`` is
    what still has to pass until it is due. ``left_out`` covers both. In ``silent`` stretches time
    counts on, but nobody is called. ``target`` is none for what was agreed with the customer herself:
    then there is the ``promise``. ``is_of_rule``: it began when its rule began to apply.
    """

    clock: Clock
    status: Status
    is_overdue: bool
    zone: ZoneInfo
    calendar: Calendar
    target: Target | None
    reason: Reason | None
    counted: tuple[Counted, ...]
    ahead: tuple[Counted, ...]
    left_out: tuple[LeftOut, ...]
    elapsed: timedelta
    silent: tuple[LeftOut, ...] = ()
    is_of_rule: bool = False
    promise: Promise | None = None
    untold: tuple[Untold, ...] = ()

    @property
    def left(self) -> timedelta:
        """What is left of the target; negative where it was exceeded."""
        return self.clock.target - self.elapsed


def working_of(clock: Clock, contact: Contact, terms: Terms, now: datetime) -> Working:
    """Show how a clock of ``contact`` came about, as of ``now``."""
    policy = policy_of(clock, terms)
    rule = next((rule for rule in policy.rules if rule.name == clock.rule), None)
    target = rule.targets.get(clock.kind) if rule else None
    calendar = _counts_on(clock, policy, target)
    until = clock.stopped_at or now
    so_far = tuple(counted_spans(clock, calendar, until))
    is_ahead = clock.ending is None and clock.due_at is not None and clock.due_at > now
    due_at = clock.due_at if is_ahead and clock.due_at else until
    ahead = counted_spans(clock, calendar, due_at, since=max(now, clock.started_at))
    elapsed = clock.elapsed
    if elapsed is None:
        elapsed = sum((counted.span for counted in so_far), NOTHING)
    return Working(
        clock=clock,
        status=clock.status(now),
        is_overdue=clock.is_overdue(now),
        zone=policy.calendar_of(clock.team).zone,
        calendar=calendar,
        target=target,
        reason=reason_of(clock, rule, policy, contact.line.queue_at(until)) if rule else None,
        counted=so_far,
        ahead=tuple(ahead) if is_ahead else (),
        left_out=tuple(left_out(clock, calendar, due_at, contact.line.events)),
        elapsed=elapsed,
        is_of_rule=_starts_with_rule(clock.kind, rule),
        silent=tuple(silent(clock, contact.line.events)),
        untold=() if clock.is_measurable else tuple(_untold(clock.kind, terms, contact)),
    )


def _starts_with_rule(kind: ClockKind, rule: Rule | None) -> bool:
    conditions = rule.conditions.get(kind) if rule else None
    return conditions is not None and conditions.start_on is StartOn.APPLIED


def policy_of(clock: Clock, terms: Terms) -> Policy:
    """The version of the policy that a clock is judged by."""
    for policy in terms.policies.versions:
        if policy.version == clock.policy_version:
            return policy
    return terms.policies.newest


def _counts_on(clock: Clock, policy: Policy, target: Target | None) -> Calendar:
    """What was agreed with the customer herself counts by the clock on the wall."""
    calendar = policy.calendar_of(clock.team)
    if target is not None:
        return target.on(calendar)
    return always_open() if clock.kind is ClockKind.FOLLOW_UP else calendar


def _untold(kind: ClockKind, terms: Terms, contact: Contact) -> Iterator[Untold]:
    tells = terms.sources_of(contact.line.events).on(contact.channel).tells
    for end, told_by in ((Untold.START, START_TOLD_BY), (Untold.STOP, STOP_TOLD_BY)):
        if not tells & told_by.get(kind, tells):
            yield end
