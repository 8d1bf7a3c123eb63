"""The file of sources: read and described before it is used."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from app.commands.counted import counted
from app.commands.parsers import Commands, add_command, add_group
from app.commands.policy import NO_SECRET
from app.commands.refusal import Refusal
from app.commands.source_doubts import doubts, unknown_names
from app.core.marked_yaml import FaultyFile
from app.errands import read_policy_file
from app.settings import named_policy_file, read_secret
from app.sources.adapter import SignedBy, SourceConfig
from app.sources.configuration import LACKING, ReadSecret, read_sources
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
    checking.add_argument(
        "--policy",
        type=Path,
        help="say too which teams and tiers it does not have; default: EVENHAND_POLICY_FILE",
    )


def _check(told: argparse.Namespace) -> None:
    look_up = (lambda *_: NO_SECRET) if told.without_secrets else read_secret
    text = told.file.read_text()
    configs = _read(text, look_up)
    policy = told.policy or named_policy_file()
    if policy is not None and (
        faults := unknown_names(text, read_policy_file(policy), policy.name)
    ):
        raise FaultyFile(faults, str(told.file))
    print(f"{counted(len(configs), 'source')}; the file can be used")
    for config in configs:
        print("\n".join(_lines(config)))


def _read(text: str, look_up: ReadSecret) -> tuple[SourceConfig, ...]:
    """Read the file; one that only lacks secrets here may be looked at without them."""
    try:
        return read_sources(text, look_up)
    except FaultyFile as faulty:
        lacking = any(LACKING in fault.message for fault in faulty.faults)
        hint = "\nto check the rest alone: --without-secrets" if lacking else ""
        raise Refusal(f"{faulty}{hint}") from None


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
    for doubt in doubts(config):
        yield f"  ! {doubt}"
    missing = [what for what, types in TOLD_BY.items() if not types & config.source.tells]
    if missing:
        yield f"  cannot tell: {'; '.join(missing)}"
