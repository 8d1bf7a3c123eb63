"""What can be asked without a database: what a payload means, and how a file of events went."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from app.commands.parsers import Commands, add_command
from app.commands.refusal import Refusal
from app.core.document import document, table
from app.core.events import Event, to_event
from app.core.marked_yaml import FaultyFile
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.service import read_clock
from app.sources import cloudevents
from app.sources.mapping.file import read_mapping
from app.sources.mapping.rules import MappingRules
from app.sources.translation import translate, translate_request

MAPPING = "mapping"
"""The kind whose meaning stands in a file."""

BATCH_LINES = 2_000
"""Lines of an events file that are read at a time."""


def add_commands(commands: Commands) -> None:
    """Add ``translate`` and ``replay``."""
    translating = add_command(commands, "translate", "what a tool's payload means", _translate)
    translating.add_argument("kind")
    translating.add_argument("file", type=Path)
    translating.add_argument("--content-type", default="application/json")
    translating.add_argument("--header", action="append", default=[], metavar="'K: V'")
    translating.add_argument("--mapping", type=Path, metavar="FILE", help="of the kind mapping")

    replaying = add_command(
        commands, "replay", "replay a file of events, without a database", _replay
    )
    replaying.add_argument("--policy", type=Path, required=True)
    replaying.add_argument("--events", type=Path, required=True)
    replaying.add_argument("--until", type=instant, help="default: the last event")
    replaying.add_argument("--format", choices=("json", "table"), default="json")


def instant(text: str) -> datetime:
    """Read an instant of an argument; one without an offset is refused."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at
    wanted = "an instant with an offset such as 2026-12-01T09:00:00+01:00"
    raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")


def _translate(told: argparse.Namespace) -> None:
    body = told.file.read_bytes()
    headers = {"content-type": told.content_type}
    for header in told.header:
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    rules = _rules(told)
    if told.file.name.endswith(".http.txt"):
        found = translate_request(told.kind, body, read_clock(), rules)
    else:
        found = translate(told.kind, body, headers, read_clock(), rules)
    for event in found:
        print(json.dumps(event, ensure_ascii=False))
    if not found:
        print(_why_nothing(rules), file=sys.stderr)


def _why_nothing(rules: MappingRules | None) -> str:
    if rules is None:
        return "it can be read, and tells nothing that we measure"
    known = f" (they are for {', '.join(sorted(rules.events))})" if rules.events else ""
    return f"it can be read, and no rule holds for it{known}"


def _rules(told: argparse.Namespace) -> MappingRules | None:
    if (told.mapping is None) is (told.kind == MAPPING):
        wanted = "--mapping with its file" if told.mapping is None else "no --mapping"
        raise Refusal(f"expected {wanted} for the kind {told.kind}")
    if told.mapping is None:
        return None
    try:
        return read_mapping(told.mapping.read_text())
    except FaultyFile as faulty:
        raise faulty.in_file(str(told.mapping)) from None


def _replay(told: argparse.Namespace) -> None:
    policy = read_policy(told.policy.read_text())
    events = list(events_in(told.events))
    until = told.until or max((event.occurred_at for event in events), default=read_clock())
    terms = Terms(Policies((policy,)))
    found = document(replay(events, terms, until), terms)
    if told.format == "table":
        print(table(found))
    else:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")


def events_in(file: Path) -> Iterator[Event]:
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
