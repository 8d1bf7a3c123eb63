"""The command line: ``python -m app COMMAND``. Each command is one function."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from app.commands import backlog, customers, offline, policy, sources, tokens, upkeep, verify
from app.commands.parsers import add_command
from app.commands.refusal import Refusal, settings_or_refusal
from app.core.marked_yaml import FaultyFile
from app.errands import check_start
from app.operations.access import UnknownScope
from app.operations.instance import WrongSchema
from app.operations.rebuild import MissingSources
from app.serving import serve
from app.sources.adapter import Unreadable
from app.sources.refusal import CannotRead
from app.store.engine import AWAY

SAID_PLAINLY = (
    Refusal,
    FaultyFile,
    Unreadable,
    CannotRead,
    UnknownScope,
    WrongSchema,
    MissingSources,
)
"""What a command may fail with: the message alone says all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the status is 0 when it was done, 1 with the reason when not."""
    told = _parser().parse_args(arguments)
    try:
        told.command(told)
    except SAID_PLAINLY as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0  # whoever read our output has read enough
    except UnicodeDecodeError:
        print("expected a file of UTF-8 text", file=sys.stderr)
        return 1
    except AWAY as error:
        print(_absent(error), file=sys.stderr)
        return 1
    return 0


def _absent(error: BaseException) -> str:
    """Say what cannot be reached: a file, else the database."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"the file {error.filename} cannot be used: {error.strerror}"
    return f"the database cannot be reached: {type(error).__name__}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_command(commands, "serve", "serve until told to stop", _serve)
    upkeep.add_commands(commands)
    policy.add_commands(commands)
    tokens.add_commands(commands)
    backlog.add_commands(commands)
    customers.add_commands(commands)
    offline.add_commands(commands)
    sources.add_commands(commands)
    verify.add_commands(commands)
    return parser


def _serve(_told: argparse.Namespace) -> None:
    settings = settings_or_refusal()
    asyncio.run(check_start(settings))  # what is wrong is said plainly before anything listens
    serve(settings)


if __name__ == "__main__":
    sys.exit(main())
