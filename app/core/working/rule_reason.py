"""Why a rule of the policy decides: what of it fits the contact, and why the rules above it do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.clocks.clock import Clock
from app.core.policy import Policy, Rule


class Attribute(StrEnum):
    """What rules look at."""

    CHANNEL = "channel"
    TEAM = "team"
    TIER = "tier"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule above the one that fits, and the first of its conditions that does not."""

    rule: str
    line: int
    attribute: Attribute
    has: str | None
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this rule: what it asks for and the contact has, and the rules above that did not fit."""

    rule: str
    line: int
    version: int
    fits: tuple[tuple[Attribute, str], ...]
    above: tuple[Passed, ...]


def reason_of(clock: Clock, rule: Rule, policy: Policy, queue: str | None) -> Reason:
    """Why ``rule`` decides: what of it fits, and why the rules above it do not."""
    has: dict[Attribute, str | None] = {
        Attribute.CHANNEL: clock.channel,
        Attribute.TEAM: clock.team,
        Attribute.TIER: clock.tier,
        Attribute.QUEUE: queue,
    }
    above = policy.rules[: policy.rules.index(rule)]
    fits = ((attribute, has[attribute]) for attribute, _ in _conditions(rule))
    return Reason(
        rule=rule.name,
        line=rule.line,
        version=policy.version,
        fits=tuple((attribute, value) for attribute, value in fits if value is not None),
        above=tuple(filter(None, (_passed(other, has) for other in above))),
    )


def _conditions(rule: Rule) -> Iterator[tuple[Attribute, frozenset[str]]]:
    conditions = {
        Attribute.CHANNEL: rule.channels,
        Attribute.TEAM: rule.teams,
        Attribute.TIER: rule.tiers,
        Attribute.QUEUE: rule.queues,
    }
    return ((attribute, wanted) for attribute, wanted in conditions.items() if wanted)


def _passed(rule: Rule, has: Mapping[Attribute, str | None]) -> Passed | None:
    for attribute, wanted in _conditions(rule):
        if has[attribute] not in wanted:
            return Passed(rule.name, rule.line, attribute, has[attribute], tuple(sorted(wanted)))
    return None
