"""What the alerts about the share late mean for one policy, in plain numbers."""

from collections.abc import Iterator
from itertools import product

from app.core.alerting.quoting import in_a_line
from app.core.alerting.share import MOST, PACES, PROMISED, SPOKEN, Pace, in_numbers
from app.core.event_types import Channel
from app.core.policy import ClockKind, Policy


def tiers_of(policy: Policy) -> tuple[str, ...]:
    """The tiers in the policy's order; the first ranks highest."""
    return policy.tiers or (policy.default_tier,)


def has_promise(policy: Policy, tier: str) -> bool:
    """Whether anything at all is promised to customers of the tier."""
    return any(promised_to == tier for _, promised_to, _ in promised_shares(policy))


def meaning(policy: Policy) -> list[str]:
    """Lines for the head of a file: what is told at which promise, and where a limit was set lower."""
    told: dict[tuple[float, bool], dict[tuple[str, str], list[str]]] = {}
    for (channel, tier, kind), ratio in promised_shares(policy).items():
        is_first = tier == tiers_of(policy)[0]
        groups = told.setdefault((ratio, is_first), {})
        groups.setdefault((channel, tier), []).append(_spoken(kind))
    lines = []
    for (ratio, is_first), groups in sorted(
        told.items(), key=lambda item: (-item[0][1], -item[0][0])
    ):
        for (channel, tier), kinds in groups.items():
            lines.append(
                f"{channel}, {in_a_line(tier)}, {listed(kinds)}: {ratio * 100:g} % promised"
            )
        lines += [f"  {line}" for pace in PACES for line in _sentences(pace, ratio, is_first)]
    return lines


def promised_shares(policy: Policy) -> dict[tuple[str, str, ClockKind], float]:
    """The share promised by channel, tier and kind of clock.

    Where teams are promised different shares each team stands for itself: ``chat (sales)``.
    """
    by_team: dict[tuple[str, str, ClockKind], dict[str, float]] = {}
    for team, tier in product(policy.teams.values(), tiers_of(policy)):
        for channel in sorted(team.channels or map(str, Channel)):
            rule = policy.rule_for(channel, team.id, tier, None)
            for kind in rule.targets if rule else ():
                assert rule, "no target without a rule"
                by_team.setdefault((channel, tier, kind), {})[team.id] = rule.target_ratio
    shares: dict[tuple[str, str, ClockKind], float] = {}
    for (channel, tier, kind), told in by_team.items():
        differ = len(set(told.values())) > 1
        for team_id, ratio in told.items():
            place = f"{channel} ({in_a_line(team_id)})" if differ else channel
            shares[place, tier, kind] = ratio
    return shares


def _sentences(pace: Pace, ratio: float, is_first: bool) -> Iterator[str]:  # noqa: FBT001 - of a loop
    pages = is_first and pace is not PROMISED
    yield (
        f"{'Pages' if pages else 'Ticket'} when more than {in_numbers(pace.limit(ratio))} answered or "
        f"overdue in the last {SPOKEN[pace.long]} were late, and of those in the last "
        f"{SPOKEN[pace.short]}; there must be at least {pace.at_least} of them."
    )
    if pace.is_capped(ratio):
        yield (
            f"  (Capped: {pace.factor:g} times the {in_numbers(1 - ratio)} that may be late is more "
            f"than {in_numbers(MOST)}.)"
        )


def _spoken(kind: ClockKind) -> str:
    return "follow-up" if kind is ClockKind.FOLLOW_UP else kind.replace("_", " ")


def listed(words: list[str]) -> str:
    """Words as a sentence says them: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
