"""The alert rules as the tests read them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.debian_tools import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "evenhand.rules.yml"
POLICY_RULES = PROMETHEUS / "evenhand.policy.rules.yml"
CASES = sorted((PROMETHEUS / "tests").glob("*.test.yml"))
STEP_SECONDS = 15
"""How often rules are evaluated that say nothing else: no smaller difference can be seen."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Rule = dict[str, Any]


@cache
def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


@cache
def groups() -> list[Any]:
    return [group for path in (RULES, POLICY_RULES) for group in load(path)["groups"]]


def all_rules() -> list[Rule]:
    return [rule for group in groups() for rule in group["rules"]]


def name_of(rule: Rule) -> str:
    name: str = rule.get("alert") or rule["record"]
    return name


def alerts() -> dict[str, Rule]:
    return {rule["alert"]: rule for rule in all_rules() if "alert" in rule}


@cache
def steps() -> dict[str, int]:
    """How often each rule is evaluated, in seconds, by its name."""
    return {
        name_of(rule): seconds(group["interval"]) if "interval" in group else STEP_SECONDS
        for group in groups()
        for rule in group["rules"]
    }


def seconds(duration: str) -> int:
    parts = re.findall(r"(\d+)([smhd])", duration)
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def cases() -> Iterator[tuple[Any, Any]]:
    """Every case of every file of cases, with the file it stands in."""
    for path in CASES:
        document = load(path)
        yield from ((document, case) for case in document["tests"])


def earliest(rule: Rule) -> int:
    """How long after its beginning an alert is told at the soonest, in seconds.

    ``time() - x > N`` is true only when it has lasted for so long already.
    """
    lasted = re.search(r"^time\(\) - .* > (\d+)$", rule["expr"])
    return seconds(rule["for"]) + (int(lasted[1]) if lasted else 0)
