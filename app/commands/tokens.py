"""Tokens of senders and readers: made and made worthless."""

import argparse
import asyncio
import sys

from app.commands.parsers import Commands, add_command, add_group
from app.commands.refusal import Refusal, settings_or_refusal
from app.operations.access import SCOPES, make_token, revoke_token
from app.operations.instance import check_schema
from app.service import read_clock
from app.store.engine import open_database


def add_commands(commands: Commands) -> None:
    """Add ``token create`` and ``token revoke``."""
    tokens = add_group(commands, "token", "tokens of senders and readers")
    making = add_command(tokens, "create", "make a token; it is shown once", _create)
    making.add_argument("--scope", action="append", required=True, choices=sorted(SCOPES))
    making.add_argument("--name", default="", help="what it is for")
    revoking = add_command(tokens, "revoke", "make a token worthless", _revoke)
    revoking.add_argument("number", type=int)


def _create(told: argparse.Namespace) -> None:
    async def make() -> tuple[int, str]:
        db = open_database(settings_or_refusal().database_url.get_secret_value())
        try:
            await check_schema(db)
            return await make_token(db, set(told.scope), told.name, read_clock())
        finally:
            await db.close()

    number, token = asyncio.run(make())
    print(f"token {number}; keep it, it is not shown again:", file=sys.stderr)
    print(token)


def _revoke(told: argparse.Namespace) -> None:
    async def revoke() -> bool:
        db = open_database(settings_or_refusal().database_url.get_secret_value())
        try:
            return await revoke_token(db, told.number, read_clock())
        finally:
            await db.close()

    if not asyncio.run(revoke()):
        raise Refusal(f"there is no token {told.number} that still works")
    print(f"token {told.number} no longer works")
