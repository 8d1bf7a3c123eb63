"""What an operator does to a deployment: bring it up to date, rebuild, read kept deliveries anew."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.commands.bar import Bar
from app.commands.parsers import Commands, add_command, add_group
from app.commands.refusal import Refusal, settings_or_refusal
from app.core.replay import KEY_SEPARATOR
from app.errands import rebuild_all, try_kept_again
from app.operations.quarantine import drop_kept, list_kept
from app.store.engine import Database, open_database
from app.store.migration import NoSuchMigration, migrate, migrate_back

Done = TypeVar("Done")


def add_commands(commands: Commands) -> None:
    """Add ``migrate``, ``kept`` and ``rebuild``."""
    migrating = add_command(commands, "migrate", "bring the database up to date", _migrate)
    migrating.add_argument(
        "--back-to", metavar="NUMBER", help="take later migrations back, for an older service"
    )
    kept = add_group(commands, "kept", "deliveries that were not understood")
    for name, what, run in (
        ("list", "which, and why", _list_kept),
        ("retry", "read them anew", _retry_kept),
    ):
        command = add_command(kept, name, what, run)
        command.add_argument("source", nargs="?", default="", help="of this source alone")
    dropping = add_command(kept, "drop", "delete them for good", _drop_kept)
    dropping.add_argument("source", help="of this source")
    dropping.add_argument("number", nargs="?", type=int, help="one of them; else all of them")
    add_command(commands, "rebuild", "make what follows from the events anew", _rebuild)


def _migrate(told: argparse.Namespace) -> None:
    url = settings_or_refusal().database_url.get_secret_value()
    if told.back_to is None:
        migrate(url)
        print("the database is up to date")
        return
    try:
        migrate_back(url, told.back_to)
    except NoSuchMigration as error:
        raise Refusal(str(error)) from None
    print(f"the database stands at {told.back_to}")


async def _with_database(job: Callable[[Database], Awaitable[Done]]) -> Done:
    db = open_database(settings_or_refusal().database_url.get_secret_value())
    try:
        return await job(db)
    finally:
        await db.close()


def _list_kept(told: argparse.Namespace) -> None:
    lines, reasons = asyncio.run(_with_database(lambda db: list_kept(db, told.source)))
    for line in reversed(lines):
        print(f"{line.received_at:%Y-%m-%d %H:%M:%S} UTC  {line.source}  {line.id}  {line.reason}")
    if len({reason.source for reason in reasons}) > 1 or len(reasons) > 1:
        for each in reasons:
            print(f"{each.deliveries} of {each.source}: {each.reason}")
    waiting = sum(each.deliveries for each in reasons)
    print(f"{waiting} {'delivery waits' if waiting == 1 else 'deliveries wait'} to be understood")
    if lines:
        kept = "python -m app kept"
        last = f"{lines[0].source} {lines[0].id}"
        print(f"mend it, then `{kept} retry {lines[0].source}`, or `{kept} drop {last}`")


def _retry_kept(told: argparse.Namespace) -> None:
    done = asyncio.run(try_kept_again(settings_or_refusal(), told.source))
    print(f"{done.understood} are understood now, {done.still_not} still are not")


def _drop_kept(told: argparse.Namespace) -> None:
    dropped = asyncio.run(_with_database(lambda db: drop_kept(db, told.source, told.number)))
    if not dropped:
        raise Refusal(f"nothing of that is kept of {told.source}")
    print(f"{dropped} {'is' if dropped == 1 else 'are'} deleted")


def _rebuild(_told: argparse.Namespace) -> None:
    done = asyncio.run(rebuild_all(settings_or_refusal(), Bar("worked out")))
    print(f"{done.keys} contacts, customers and promises replayed")
    print(f"{done.differences or 'no'} differences from what was stored")
    for found in done.named:
        contact = found.contact.replace(KEY_SEPARATOR, " ")
        print(f"  {contact}: {found.kind}: {found.field}")
    if done.differences > len(done.named):
        print(f"  and {done.differences - len(done.named)} more")
    for key, error in sorted(done.failed.items()):
        print(f"  set aside: {key}: {error}", file=sys.stderr)
