"""The first day: what is open already is loaded from a file."""

import argparse
import asyncio
import sys
from pathlib import Path

from app.commands.bar import Bar
from app.commands.parsers import Commands, add_command
from app.commands.refusal import Refusal, settings_or_refusal
from app.errands import import_open
from app.operations.backlog import Loaded
from app.sources.tables.backlog_rows import FIELDS, MAX_BYTES


def add_commands(commands: Commands) -> None:
    """Add ``import-open``."""
    importing = add_command(
        commands, "import-open", "load contacts that are open already, one a line", _import
    )
    importing.add_argument("file", type=Path, help=f"NDJSON or CSV with {', '.join(FIELDS)}")


def _import(told: argparse.Namespace) -> None:
    if told.file.stat().st_size > MAX_BYTES:
        raise Refusal(f"{told.file}: expected at most {MAX_BYTES} bytes; split the file")
    text = told.file.read_text(encoding="utf-8")
    bar, of = Bar("lines read"), len(text.splitlines())
    progress = import_open(settings_or_refusal(), text, lambda done: bar(done.lines, of))
    done = asyncio.run(progress)
    bar(of, of)
    for line in done.refused:
        print(f"{told.file}, {line}", file=sys.stderr)
    for sentence in _summary(done):
        print(sentence)
    if done.refused_lines:
        raise Refusal("mend those lines and import the file again: what is known already stays")


def _summary(done: Loaded) -> list[str]:
    read = f"{done.contacts} contacts imported with {done.events} events"
    told = [f"{read}, {done.known} were known already, {done.refused_lines} lines refused."]
    if done.told_otherwise:
        told.append(
            f"{done.told_otherwise} events had been imported with another content; that one stays."
        )
    if done.nobodys:
        told.append(
            f"{done.nobodys} contacts have a team or queue that the policy does not name: "
            "the rules that name no team hold for them, on the first calendar of the policy."
        )
    if done.contacts:
        told.append("A running service shows them within seconds, else the next one that starts.")
    return told
