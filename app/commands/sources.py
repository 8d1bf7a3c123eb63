"""The file of sources: read and described before it is used."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from app.commands.parsers import Commands, add_command, add_group
from app.commands.policy import NO_SECRET
from app.settings import read_secret
from app.sources.adapter import SignedBy, SourceConfig
from app.sources.configuration import read_sources
from app.sources.kinds import adapter_of

TOLD_BY: dict[str, frozenset[str]] = {
    "that somebody reached out": frozenset({"contact.received", "contact.queued"}),
    "answers": frozenset({"contact.answered", "agent.replied"}),
    "what customers write later": frozenset({"customer.replied"}),
    "that something is done": frozenset({"contact.resolved"}),
    "who gave up waiting": frozenset({"contact.abandoned", "contact.missed"}),
    "when somebody works on a contact": frozenset({"work.started"}),
    "who is there": frozenset({"agent.available"}),
}
"""What people want to know, and the types of which one at least must be told."""


def add_commands(commands: Commands) -> None:
    """Add ``sources check``."""
    sources = add_group(commands, "sources", "the file of sources")
    checking = add_command(
        sources, "check", "read a file of sources and say what each is and cannot tell", _check
    )
    checking.add_argument("file", type=Path)
    checking.add_argument(
        "--without-secrets", action="store_true", help="look no secret up, as in a build"
    )


def _check(told: argparse.Namespace) -> None:
    look_up = (lambda *_: NO_SECRET) if told.without_secrets else read_secret
    configs = read_sources(told.file.read_text(), look_up)
    print(f"{len(configs)} sources; the file can be used")
    for config in configs:
        print("\n".join(_lines(config)))


def _lines(config: SourceConfig) -> Iterator[str]:
    adapter = adapter_of(config)
    fetched = adapter.signed_by is SignedBy.CONNECTION and not config.unsigned
    where = "fetched by the service" if fetched else f"/hooks/{config.source.id}"
    teams = ", ".join(
        sorted({*config.source.teams.values(), config.source.default_team or ""} - {""})
    )
    yield f"{config.source.id}: {config.source.kind}, {where}, for {teams or 'no team of ours yet'}"
    if adapter.events and not fetched:
        yield f"  switch on in the tool: {', '.join(adapter.events)}"
    if adapter.signed_by is SignedBy.NOBODY and not config.unsigned:
        yield "  NOT PROTECTED: anybody who reaches its address can send contacts"
    missing = [what for what, types in TOLD_BY.items() if not types & config.source.tells]
    if missing:
        yield f"  cannot tell: {'; '.join(missing)}"
