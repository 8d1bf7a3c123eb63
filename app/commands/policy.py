"""The policy file: checked before it goes live, and described for editors."""

import argparse
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from app.commands.alerting import add_alerting
from app.commands.explain import add_explain
from app.commands.parsers import Commands, add_command, add_group
from app.core.alerting.told import doubts, who_is_told
from app.core.hours.calendar import Calendar
from app.core.hours.closures import CLOSURES_DAYS, closures, doubtful_days
from app.core.marked_yaml import FaultyFile
from app.core.policy import Policy
from app.core.policy_file.reading import policy_model
from app.core.policy_file.schema import policy_schema
from app.core.policy_file.states import strange_states
from app.core.source import Source
from app.core.unmeasurable import strange_teams, unmeasurable
from app.errands import read_policy_file
from app.service import read_clock
from app.sources.configuration import NOT_LOOKED_UP, read_sources

NO_SECRET = NOT_LOOKED_UP
"""What stands for every secret while a file of sources is only looked at."""


def add_commands(commands: Commands) -> None:
    """Add ``policy`` and what can be asked of it."""
    policy = add_group(commands, "policy", "the policy file")
    checking = add_command(
        policy, "check", "read a policy file and say what is wrong with it", _check
    )
    checking.add_argument("file", type=Path)
    checking.add_argument(
        "--sources", type=Path, help="say too which promises these sources cannot tell about"
    )
    add_explain(policy)
    add_alerting(policy)
    add_command(policy, "schema", "the JSON Schema of the policy file, for editors", _schema)


def _schema(_told: argparse.Namespace) -> None:
    print(json.dumps(policy_schema(policy_model()), indent=2, ensure_ascii=False))


def _check(told: argparse.Namespace) -> None:
    policy = read_policy_file(told.file)
    sources = None if told.sources is None else _sources_in(told.sources)
    print(
        f"version {policy.version}: {len(policy.teams)} teams, {len(policy.tiers)} tiers, "
        f"{len(policy.rules)} rules; it can be used"
    )
    for rule in policy.rules:
        promised = ", ".join(f"{kind} {target}" for kind, target in rule.targets.items())
        print(f"  {rule.name}: {promised or 'nothing is promised'}")
    if strange := strange_states(policy):
        print(f"states taken as your tool's names: {', '.join(strange)}")
    _say_who_is_told(policy)
    for calendar in _calendars(policy):
        _say_closures(calendar, read_clock())
    if sources is not None:
        _say_unmeasurable(policy, sources)


def _sources_in(file: Path) -> list[Source]:
    try:
        configs = read_sources(file.read_text(), lambda _kind, _name: NO_SECRET)
    except FaultyFile as faulty:
        raise faulty.in_file(str(file)) from None
    return [config.source for config in configs]


def _calendars(policy: Policy) -> Iterable[Calendar]:
    """Every calendar that a team keeps, by name; always open ones have nothing to say."""
    kept = {team.calendar.name: team.calendar for team in policy.teams.values()}
    return [calendar for calendar in kept.values() if not calendar.is_always_open]


def _say_who_is_told(policy: Policy) -> None:
    print("who is told:")
    for line in who_is_told(policy):
        print(f"  {line}")
    for doubt in doubts(policy):
        print(f"  ? {doubt}")


def _say_closures(calendar: Calendar, now: datetime) -> None:
    today = now.astimezone(calendar.zone).date()
    found = closures(calendar, today)
    print(f"calendar {calendar.name}, the next {CLOSURES_DAYS} days:")
    for closure in found:
        print(f"  {closure}")
    if not found:
        print("  no closures: every day is like its weekday")
    for doubt in doubtful_days(calendar, today):
        print(f"  ? {doubt.question}")


def _say_unmeasurable(policy: Policy, sources: list[Source]) -> None:
    print("what cannot be measured:")
    told = [*unmeasurable(policy, sources), *strange_teams(policy, sources)]
    for line in told:
        print(f"  {line}")
    if not told:
        print("  nothing: the sources tell the start and the stop of every promise")
