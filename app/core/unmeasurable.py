"""Which promises nobody could ever say were kept: no source of that team tells their start or stop."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.core.clocks.standing import START_TOLD_BY, STOP_TOLD_BY, can_be_told
from app.core.events import Channel
from app.core.policy import ClockKind, Conditions, Policy, Team
from app.core.source import Source

STARTS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "that somebody reached out",
    ClockKind.NEXT_RESPONSE: "what customers write later",
    ClockKind.RESOLUTION: "that somebody reached out",
    ClockKind.UPDATE: "answers",
    ClockKind.OWNERSHIP: "that somebody reached out",
    ClockKind.CALLBACK: "who did not get through",
}
STOPS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "answers",
    ClockKind.NEXT_RESPONSE: "answers",
    ClockKind.RESOLUTION: "that something is done",
    ClockKind.UPDATE: "answers",
    ClockKind.OWNERSHIP: "who takes a contact",
    ClockKind.CALLBACK: "that we called back",
}
CHANNELS: Mapping[str, str] = {"phone": "Phone", "chat": "Chat", "email": "E-mail"}


def unmeasurable(policy: Policy, sources: Iterable[Source]) -> list[str]:
    """Say, one sentence each, which promises cannot be measured and what is missing for them.

    Sources that name no team of the policy are taken to serve all of its teams.
    """
    return list(dict.fromkeys(line for source in sources for line in _of_source(policy, source)))


def strange_teams(policy: Policy, sources: Iterable[Source]) -> list[str]:
    """Say which teams the sources name that the policy does not have: they have no promises."""
    return [
        f"{source.id} names the team {name}, which the policy does not have: its contacts have no "
        "promises"
        for source in sources
        for name in sorted({*source.teams.values(), source.default_team or ""} - {""})
        if policy.teams and name not in policy.teams
    ]


def _of_source(policy: Policy, source: Source) -> Iterator[str]:
    for team in _teams(policy, source):
        for channel in _channels(source, team):
            place = f"{CHANNELS.get(channel, channel)} for {team.name}"
            there = source.on(channel)
            for kind, conditions in _promised(policy, channel, team):
                if not can_be_told(kind, there, conditions):
                    yield f"{place}: {_name(kind)} cannot be measured, because {_missing(kind, there)}"


def _teams(policy: Policy, source: Source) -> Sequence[Team]:
    named = {*source.teams.values(), source.default_team}
    known = [team for id_, team in policy.teams.items() if id_ in named]
    return known or list(policy.teams.values())


def _channels(source: Source, team: Team) -> Sequence[str]:
    if source.channel is not None:
        return [source.channel.value]
    return [channel.value for channel in Channel if not team.channels or channel in team.channels]


def _promised(
    policy: Policy, channel: str, team: Team
) -> list[tuple[ClockKind, Conditions | None]]:
    """The clocks that any customer of the team is promised there, in their usual order, and how."""
    rules = [
        policy.rule_for(channel, team.id, tier, queue)
        for tier in policy.tiers or (policy.default_tier,)
        for queue in (None, *sorted(team.queues))
    ]
    promised: dict[ClockKind, Conditions | None] = {}
    for rule in rules:
        for kind in rule.targets if rule else ():
            promised.setdefault(kind, rule.conditions.get(kind) if rule else None)
    return [(kind, promised[kind]) for kind in STOP_TOLD_BY if kind in promised]


def _missing(kind: ClockKind, source: Source) -> str:
    side = STARTS if source.tells.isdisjoint(START_TOLD_BY[kind]) else STOPS
    return f"{source.id} ({source.kind}) cannot tell {side[kind]}"


def _name(kind: ClockKind) -> str:
    return kind.value.replace("_", " ")
