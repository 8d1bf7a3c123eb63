"""What the words of a source mean to us: its ids of teams and queues, and who in it is a machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from app.core.aliases import FREE_MAIL, HIDDEN, classified
from app.core.deliveries import Arrival, shown
from app.core.policy import UNMAPPED, Policy
from app.core.source import Source
from app.operations.source_report import NamedAgent, NamedTeam
from app.sources.adapter import SourceConfig
from app.store.deliveries import Word
from app.store.source_words import MACHINE, TEAM, Said


def named_by_us(config: SourceConfig) -> frozenset[str]:
    """The words that our own configuration has for teams, mailboxes and numbers of ours."""
    return config.addresses.union(config.source.teams)


def is_ours(config: SourceConfig, place: str) -> bool:
    """Whether an address or number is one of ours, or may be: a mailbox of a domain of ours."""
    named = named_by_us(config)
    domains = config.staff_domains.union(name.rpartition("@")[2].lower() for name in named)
    is_known = "@" in place and place.rpartition("@")[2].lower() in domains - FREE_MAIL
    return place in named or (is_known and place.lower() not in config.staff)


def teams_of(
    source: Source, words: Iterable[Word], said: Iterable[Said], policy: Policy
) -> Iterable[NamedTeam]:
    """The tool's ids, those that mean nothing first; what file and clicks say of others too.

    Of the file that is our mailboxes and numbers: the others may be of long ago.
    """
    clicked = {s.name: s.means for s in said if (s.source, s.what) == (source.id, TEAM)}
    told = {word.name: word for word in words if word.what == "team"}
    named = {}
    for name in {*told, *clicked, *filter(classified, source.teams)}:
        team, said_by = _meaning(source, name, clicked, policy)
        word = told.get(name)
        named[name] = NamedTeam(
            name, shown(name), word.n if word else 0, word.last_at if word else None, team, said_by
        )
    return sorted(named.values(), key=lambda each: (each.team is not None, -each.n, each.name))


def _meaning(
    source: Source, name: str, clicked: Mapping[str, str], policy: Policy
) -> tuple[str | None, str | None]:
    if name in source.teams:
        return source.teams[name], "file"
    if name in clicked:
        return clicked[name], "click"
    team = policy.team_of(replace(source, default_team=None), name, None)
    return (None, None) if team == UNMAPPED else (team, "policy")


def strangers_of(
    source: Source, arrivals: Iterable[Arrival], teams: Iterable[NamedTeam]
) -> tuple[str, ...]:
    """The masked mailboxes and numbers that contacts came to and that are none of ours.

    Where the source names no team but its default one, all of them count for that one.
    """
    if source.default_team and not source.teams:
        return ()
    known = {each.shown for each in teams}
    found: Iterator[str] = (told.team for each in arrivals for told in each.told if told.team)
    return tuple(dict.fromkeys(name for name in found if HIDDEN in name and name not in known))


def agents_of(
    config: SourceConfig, words: Iterable[Word], said: Iterable[Said]
) -> Iterable[NamedAgent]:
    """Who answers, as the tool calls them, and which of them are machines."""
    clicked = {s.name for s in said if (s.source, s.what) == (config.source.id, MACHINE)}
    names = {word.name for word in words if word.what == "agent"} | clicked
    for name in sorted(names):
        by = "file" if name.lower() in config.bots else "click" if name in clicked else None
        yield NamedAgent(name, by is not None, by)
