"""What commands are added to: the parser of the command line, or of a group of commands."""

import argparse
from collections.abc import Callable
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse names it so


def add_command(
    commands: Commands, name: str, what: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    """Add a command that ``run`` carries out; its arguments are the caller's to add."""
    parser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=run)
    return parser


def add_group(commands: Commands, name: str, what: str) -> Commands:
    """Add a word that further commands follow, such as ``policy check``."""
    group = commands.add_parser(name, help=what, description=what)
    return group.add_subparsers(required=True, metavar="COMMAND")
