"""The alert rules as the tests read them."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.debian_tools import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "evenhand.rules.yml"
STEP_SECONDS = 15
"""The evaluation interval: no difference in `for` below it can be seen."""
UNITS = {"s": 1, "m": 60, "h": 3600}

Rule = dict[str, Any]


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


def all_rules() -> list[Rule]:
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    return {rule["alert"]: rule for rule in all_rules() if "alert" in rule}


def seconds(duration: str) -> int:
    parts = re.findall(r"(\d+)([smh])", duration)
    return sum(int(number) * UNITS[unit] for number, unit in parts)
