"""The command line: ``python -m app COMMAND``. Each command is one function."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from pydantic import ValidationError

from app.core.document import document, table
from app.core.events import Event, to_event
from app.core.marked_yaml import FaultyFile
from app.core.policy import Policies
from app.core.policy_file import read_policy
from app.core.replay import Terms, replay
from app.errands import check_start, rebuild_all, try_kept_again
from app.main import read_clock, serve
from app.operations.access import SCOPES, UnknownScope, make_token, revoke_token
from app.operations.instance import WrongSchema, check_schema
from app.operations.quarantine import load_kept
from app.operations.rebuild import MissingSources
from app.settings import Settings, read_settings
from app.sources import cloudevents
from app.sources.adapter import Unreadable
from app.sources.refusal import CannotRead
from app.sources.translation import translate, translate_request
from app.store.engine import AWAY, open_database
from app.store.migration import migrate
from app.store.quarantine import Kept

BATCH_LINES = 2_000
"""Lines of an events file that are read at a time."""


class Refusal(Exception):  # noqa: N818 - named for the fact
    """The command cannot be done; the message says why. The status is 1."""


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

    serving = commands.add_parser("serve", help="serve until told to stop")
    serving.set_defaults(command=_serve)

    migrating = commands.add_parser("migrate", help="bring the database up to date")
    migrating.set_defaults(command=_migrate)

    kept = commands.add_parser("kept", help="deliveries that were not understood")
    asked = kept.add_subparsers(required=True)
    asked.add_parser("list", help="which, and why").set_defaults(command=_list_kept)
    asked.add_parser("retry", help="read them anew").set_defaults(command=_retry_kept)

    rebuilding = commands.add_parser("rebuild", help="make what follows from the events anew")
    rebuilding.set_defaults(command=_rebuild)

    policy = commands.add_parser("policy", help="the policy file").add_subparsers(required=True)
    checking = policy.add_parser("check", help="read a policy file and say what is wrong with it")
    checking.add_argument("file", type=Path)
    checking.set_defaults(command=_check_policy)

    _add_tokens(commands.add_parser("token", help="tokens of senders and readers"))
    _add_offline(commands)
    return parser


def _add_tokens(parser: argparse.ArgumentParser) -> None:
    token = parser.add_subparsers(required=True)
    making = token.add_parser("create", help="make a token; it is shown once")
    making.add_argument("--scope", action="append", required=True, choices=sorted(SCOPES))
    making.add_argument("--name", default="", help="what it is for")
    making.set_defaults(command=_create_token)
    revoking = token.add_parser("revoke", help="make a token worthless")
    revoking.add_argument("number", type=int)
    revoking.set_defaults(command=_revoke_token)


def _add_offline(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    translating = commands.add_parser("translate", help="what a tool's payload means")
    translating.add_argument("kind")
    translating.add_argument("file", type=Path)
    translating.add_argument("--content-type", default="application/json")
    translating.add_argument("--header", action="append", default=[], metavar="'K: V'")
    translating.set_defaults(command=_translate)

    replaying = commands.add_parser("replay", help="replay a file of events, without a database")
    replaying.add_argument("--policy", type=Path, required=True)
    replaying.add_argument("--events", type=Path, required=True)
    replaying.add_argument("--until", type=_instant, help="default: the last event")
    replaying.add_argument("--format", choices=("json", "table"), default="json")
    replaying.set_defaults(command=_replay)


def _instant(text: str) -> datetime:
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at
    wanted = "an instant with an offset such as 2026-12-01T09:00:00+01:00"
    raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")


def _settings() -> Settings:
    try:
        return read_settings()
    except ValidationError as error:
        faults = [
            f"EVENHAND_{'.'.join(map(str, found['loc'])).upper()}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise Refusal("\n".join(faults)) from None


def _serve(_told: argparse.Namespace) -> None:
    settings = _settings()
    asyncio.run(check_start(settings))  # what is wrong is said plainly before anything listens
    serve(settings)


def _migrate(_told: argparse.Namespace) -> None:
    migrate(_settings().database_url.get_secret_value())
    print("the database is up to date")


def _list_kept(_told: argparse.Namespace) -> None:
    async def load() -> list[Kept]:
        db = open_database(_settings().database_url.get_secret_value())
        try:
            return await load_kept(db)
        finally:
            await db.close()

    kept = asyncio.run(load())
    for one in kept:
        print(f"{one.received_at:%Y-%m-%d %H:%M:%S} UTC  {one.source}  {one.reason}")
    print(f"{len(kept)} deliveries wait to be understood")


def _retry_kept(_told: argparse.Namespace) -> None:
    understood, still_not = asyncio.run(try_kept_again(_settings()))
    print(f"{understood} are understood now, {still_not} still are not")


def _rebuild(_told: argparse.Namespace) -> None:
    done = asyncio.run(rebuild_all(_settings()))
    print(f"{done.keys} contacts, customers and promises replayed")
    for key, error in sorted(done.failed.items()):
        print(f"  set aside: {key}: {error}", file=sys.stderr)


def _check_policy(told: argparse.Namespace) -> None:
    policy = read_policy(told.file.read_text())
    print(
        f"version {policy.version}: {len(policy.teams)} teams, {len(policy.tiers)} tiers, "
        f"{len(policy.rules)} rules; it can be used"
    )
    for rule in policy.rules:
        promised = ", ".join(f"{kind} {target}" for kind, target in rule.targets.items())
        print(f"  {rule.name}: {promised or 'nothing is promised'}")


def _create_token(told: argparse.Namespace) -> None:
    async def make() -> tuple[int, str]:
        db = open_database(_settings().database_url.get_secret_value())
        try:
            await check_schema(db)
            return await make_token(db, set(told.scope), told.name, read_clock())
        finally:
            await db.close()

    number, token = asyncio.run(make())
    print(f"token {number}; keep it, it is not shown again:", file=sys.stderr)
    print(token)


def _revoke_token(told: argparse.Namespace) -> None:
    async def revoke() -> bool:
        db = open_database(_settings().database_url.get_secret_value())
        try:
            return await revoke_token(db, told.number, read_clock())
        finally:
            await db.close()

    if not asyncio.run(revoke()):
        raise Refusal(f"there is no token {told.number} that still works")
    print(f"token {told.number} no longer works")


def _translate(told: argparse.Namespace) -> None:
    body = told.file.read_bytes()
    headers = {"content-type": told.content_type}
    for header in told.header:
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    if told.file.name.endswith(".http.txt"):
        found = translate_request(told.kind, body, read_clock())
    else:
        found = translate(told.kind, body, headers, read_clock())
    for event in found:
        print(json.dumps(event, ensure_ascii=False))


def _replay(told: argparse.Namespace) -> None:
    policy = read_policy(told.policy.read_text())
    events = list(_events_in(told.events))
    until = told.until or max((event.occurred_at for event in events), default=read_clock())
    terms = Terms(Policies((policy,)))
    found = document(replay(events, terms, until), terms)
    if told.format == "table":
        print(table(found))
    else:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")


def _events_in(file: Path) -> Iterator[Event]:
    """The canonical events of an NDJSON file; others are passed over, a bad line is refused."""
    headers = {"content-type": "application/x-ndjson"}
    with file.open("rb") as lines:
        first = 1
        while batch := [line for _, line in zip(range(BATCH_LINES), lines, strict=False)]:
            told = cloudevents.read(headers, b"".join(batch), read_clock())
            for refused in told.refused:
                raise Refusal(
                    f"{file}: event {first + refused.index}: {refused.field}: "
                    f"expected {refused.expected}, got {refused.got}"
                )
            yield from (to_event(event) for event in told.events if event.is_canonical)
            first += len(batch)


if __name__ == "__main__":
    sys.exit(main())
