"""Customers told of by the table, as a CRM exports it."""

import argparse
import asyncio
import re
import sys
from pathlib import Path

from app.commands.bar import Bar
from app.commands.counted import counted
from app.commands.parsers import Commands, add_command, add_group
from app.commands.refusal import Refusal, settings_or_refusal
from app.errands import import_customers
from app.operations.customers import Imported
from app.sources.tables.customers import COLUMNS, MAX_BYTES


def add_commands(commands: Commands) -> None:
    """Add ``customers import``."""
    customers = add_group(commands, "customers", "who the customers are")
    what = "tell of customers, one a line; importing a table twice changes nothing"
    importing = add_command(customers, "import", what, _import)
    importing.add_argument("file", type=Path, help=f"CSV with any of {', '.join(COLUMNS)}")
    importing.add_argument("--dry-run", action="store_true", help="say what would change")
    importing.add_argument(
        "--region", type=_region, help="where numbers without a country belong: DK"
    )


def _region(told: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", told):
        raise argparse.ArgumentTypeError("expected two capital letters, such as DK")
    return told


def _import(told: argparse.Namespace) -> None:
    if told.file.stat().st_size > MAX_BYTES:
        raise Refusal(f"{told.file}: expected at most {MAX_BYTES} bytes; split the file")
    raw = told.file.read_bytes()
    bar, of = Bar("lines read"), raw.count(b"\n")
    ignored, done = asyncio.run(
        import_customers(
            settings_or_refusal(),
            raw,
            told.region or "",
            dry_run=told.dry_run,
            on_progress=lambda done: bar(min(done.lines, of), of),
        )
    )
    bar(of, of)
    for line in done.refused:
        print(f"{told.file}, {line}", file=sys.stderr)
    print(_summary(done, dry_run=told.dry_run))
    if ignored:
        print(f"columns that mean nothing here: {', '.join(ignored)}.")
    if done.refused_lines:
        raise Refusal("mend those lines and import the file again: what is known already stays")


def _summary(done: Imported, *, dry_run: bool) -> str:
    told = f"{counted(done.told, 'customer')} {'would be ' if dry_run else ''}told of"
    were = "was" if done.known == 1 else "were"
    refused = f"{counted(done.refused_lines, 'line')} refused"
    return f"{told}, {done.known} {were} known so already, {refused}."
