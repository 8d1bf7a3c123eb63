"""What of a file of sources can be used, and is a mistake all the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from app.core.marked_yaml import Fault, read_marked
from app.core.policy import Policy
from app.sources.adapter import SignedBy, SourceConfig
from app.sources.kinds import adapter_of

_HOOKS = "/hooks/"


def unknown_names(text: str, policy: Policy, called: str) -> list[Fault]:
    """The teams and tiers of a readable file of sources that the policy ``called`` so has not."""
    marked = read_marked(text)
    found = [
        marked.fault(
            ("sources", index, *path), f"{called} has no {what} {name!r}; it has {', '.join(known)}"
        )
        for index, entry in enumerate(marked.value["sources"])
        for path, what, name, known in _named(entry, policy)
        if known and name not in known
    ]
    return sorted(found, key=lambda fault: fault.line)


def _named(
    entry: Mapping[str, Any], policy: Policy
) -> Iterator[tuple[tuple[str | int, ...], str, str, Sequence[str]]]:
    """Every team and tier that an entry names: where, which it is, and which there are."""
    teams = sorted(policy.teams)
    if entry.get("default_team"):
        yield ("default_team",), "team", str(entry["default_team"]), teams
    for key, name in (entry.get("teams") or {}).items():
        yield ("teams", key), "team", str(name), teams
    for key, name in (entry.get("tier_tags") or {}).items():
        yield ("tier_tags", key), "tier", str(name), policy.tiers


def doubts(config: SourceConfig) -> Iterator[str]:
    """What of one source will not do what it seems to."""
    adapter = adapter_of(config)
    if adapter.signed_by is SignedBy.NOBODY and not config.unsigned:
        yield "NOT PROTECTED: anybody who reaches its address can send contacts"
    posted = urlsplit(config.public_url).path.rstrip("/")
    if config.public_url and not posted.endswith(f"{_HOOKS}{config.source.id}"):
        last = posted.rpartition("/")[2] or "no name"
        yield f"public_url ends in {last}, the source is {config.source.id}: is that so in the tool?"
    if config.source.kind == "whatsapp" and not config.verify_token:
        yield "without verify_token Meta cannot save the address: it asks for that word first"
