"""What an operator does to a deployment: bring it up to date, rebuild, read kept deliveries anew."""

import argparse
import asyncio
import sys

from app.commands.bar import Bar
from app.commands.parsers import Commands, add_command, add_group
from app.commands.refusal import Refusal, settings_or_refusal
from app.core.replay import KEY_SEPARATOR
from app.errands import rebuild_all, try_kept_again
from app.operations.quarantine import load_kept
from app.store.engine import open_database
from app.store.migration import NoSuchMigration, migrate, migrate_back
from app.store.quarantine import Kept


def add_commands(commands: Commands) -> None:
    """Add ``migrate``, ``kept`` and ``rebuild``."""
    migrating = add_command(commands, "migrate", "bring the database up to date", _migrate)
    migrating.add_argument(
        "--back-to", metavar="NUMBER", help="take later migrations back, for an older service"
    )
    kept = add_group(commands, "kept", "deliveries that were not understood")
    add_command(kept, "list", "which, and why", _list_kept)
    add_command(kept, "retry", "read them anew", _retry_kept)
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


def _list_kept(_told: argparse.Namespace) -> None:
    async def load() -> list[Kept]:
        db = open_database(settings_or_refusal().database_url.get_secret_value())
        try:
            return await load_kept(db)
        finally:
            await db.close()

    kept = asyncio.run(load())
    for one in kept:
        print(f"{one.received_at:%Y-%m-%d %H:%M:%S} UTC  {one.source}  {one.reason}")
    print(f"{len(kept)} deliveries wait to be understood")


def _retry_kept(_told: argparse.Namespace) -> None:
    understood, still_not = asyncio.run(try_kept_again(settings_or_refusal()))
    print(f"{understood} are understood now, {still_not} still are not")


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
