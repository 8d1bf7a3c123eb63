"""Alerts and who is told of them, made from the policy: print the files, or say whether they are fresh."""

import argparse
import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from app.commands.parsers import Commands, add_command
from app.commands.refusal import Refusal
from app.core.alerting.meaning import meaning
from app.core.alerting.routes import NoReceivers, UnknownReceiver, routes
from app.core.alerting.rules import rules
from app.core.marked_yaml import FaultyFile, read_marked
from app.errands import read_policy_file

POLICY = Path("deploy/policy.yaml")
WIDTH = 100
_RULES_HEAD = """\
Alerts of Evenhand that depend on the policy: what is late, by tier. Made of {policy} by
  python -m app policy rules POLICY --out FILE
Change the policy, not this file. Every alert has its page in docs/runbook.md.

No promise stands here as a number: the service compares with the policy and exports the
result, and the share to be kept is asked of evenhand_target_ratio. The tier that the policy
names first pages, the others are tickets. `for` grows from cause to consequence, because
alertmanager.yml silences the consequence.

What the alerts about the share that was late mean, with this policy:
"""
_ROUTES_HEAD = """\
Who is told what. Made by
  python -m app policy routes POLICY --receivers RECEIVERS --out FILE
from `teams.<team>.notify` in {policy} and from {receivers}: change those, not this file.

A team's page goes to the receivers it names, in its quiet hours to on-call, who has the pages
of all other teams and those that name no team. Its tickets wait for the end of its quiet hours,
and come then if they still hold; those of a team that names nobody go to teams. What names no
team is for operators. A message tells all alerts of one kind, channel and team at once.

An alert that explains others silences them: no service > an old picture > work not done yet >
a silent source > somebody served first > late now > late in the last hour, 6 hours, 3 days.
"""


def add_alerting(policy: Commands) -> None:
    """Add ``policy rules`` and ``policy routes``."""
    rules_made = add_command(
        policy, "rules", "print the alert rules that depend on a policy", _rules
    )
    routes_made = add_command(
        policy, "routes", "print who is told of alerts, for Alertmanager", _routes
    )
    routes_made.add_argument(
        "--receivers", type=Path, required=True, help="the receivers, as Alertmanager writes them"
    )
    for making in (rules_made, routes_made):
        making.add_argument("policy", type=Path, nargs="?", default=POLICY)
        into = making.add_mutually_exclusive_group()
        into.add_argument(
            "--out", type=Path, metavar="FILE", help="write FILE; after a fault it stays as it was"
        )
        into.add_argument(
            "--check", type=Path, metavar="FILE", help="say whether FILE is what would be printed"
        )


def _rules(told: argparse.Namespace) -> None:
    policy = read_policy_file(told.policy)
    head = _RULES_HEAD.format(policy=told.policy.name).splitlines()
    _hand_over(told, written([*head, *meaning(policy)], rules(policy)))


def _routes(told: argparse.Namespace) -> None:
    policy = read_policy_file(told.policy)
    try:
        made = routes(policy, read_marked(told.receivers.read_text()).value)
    except FaultyFile as faulty:
        raise faulty.in_file(str(told.receivers)) from None
    except NoReceivers as error:
        raise Refusal(f"{told.receivers}: {error}") from None
    except UnknownReceiver as error:
        lines = (f"{told.policy}: {line} in {told.receivers}" for line in str(error).splitlines())
        raise Refusal("\n".join(lines)) from None
    head = _ROUTES_HEAD.format(policy=told.policy.name, receivers=told.receivers.name)
    _hand_over(told, written(head.splitlines(), made))


def _hand_over(told: argparse.Namespace, text: str) -> None:
    if told.out is not None:
        _replace(told.out, text)
    elif told.check is None:
        print(text, end="")
    elif told.check.read_text() != text:
        raise Refusal(
            f"{told.check} is not what {told.policy} gives now: `make rules` writes it anew"
        )
    else:
        print(f"{told.check} is fresh")


def _replace(file: Path, text: str) -> None:
    """Write beside, then rename: no program ever reads half a file, or an empty one."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(text)
    beside.replace(file)


def written(comments: Sequence[str], value: dict[str, Any]) -> str:
    """YAML that people read: long texts in blocks, the comment at the head in lines not too long."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Readable
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # typed by its default
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(value, out)
    head = (part for line in comments for part in _wrapped(line))
    return "\n".join([*head, out.getvalue()])


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    after = indent + "  " if indent else ""
    return textwrap.wrap(line, WIDTH - 2, initial_indent="# ", subsequent_indent=f"# {after}") or [
        "#"
    ]


class _Readable(SafeRepresenter):
    """Writes long texts as blocks, folded where a line end means nothing."""

    def represent_str(self, data: str) -> ScalarNode:
        if data[:1].isdigit() and ":" in data:
            style: str | None = '"'  # 07:00 is no number to the base of 60
        else:
            style = "|" if "\n" in data else ">" if len(data) > WIDTH - 20 else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def ignore_aliases(self, _data: Any) -> bool:
        return True


_Readable.add_representer(str, _Readable.represent_str)
