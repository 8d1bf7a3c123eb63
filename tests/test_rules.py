"""Alerts fire when they should, stay silent when they should, and say what to do."""

import copy
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alert_rules import (
    PROMETHEUS,
    RULES,
    STEP_SECONDS,
    Rule,
    alerts,
    all_rules,
    load,
    seconds,
)
from tests.debian_tools import ROOT, run

CASES = sorted((PROMETHEUS / "tests").glob("*.test.yml"))
DASHBOARDS = ROOT / "grafana" / "dashboards"
BUSINESS_FAMILY = re.compile(r"(?<![\w:])evenhand_(?!process_|build_)\w+")


def anchors(markdown: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_promtool_accepts_the_configuration_and_the_rules():
    config = run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    rules = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)

    assert config.returncode == 0, config.stdout + config.stderr
    assert rules.returncode == 0, rules.stdout + rules.stderr


def test_every_case_of_every_alert_holds():
    result = run("promtool", "test", "rules", *CASES)

    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_cases_in_which_it_fires_and_in_which_it_is_silent():
    fires: dict[str, set[bool]] = {}
    for case in (
        case for path in CASES for group in load(path)["tests"] for case in group["alert_rule_test"]
    ):
        fires.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))

    always = {"EvenhandWatchdog": {True}}
    assert fires == {name: {True, False} for name in alerts()} | always


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_urgent_it_is_what_happened_and_where_to_look(name):
    alert = alerts()[name]
    notes = alert["annotations"]

    assert re.fullmatch(r"Evenhand([A-Z][a-z]+)+", name)
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"page", "ticket", "none"}
    wanted = {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes.keys() == wanted - ({"description"} if name == "EvenhandWatchdog" else set())
    assert "Next step: " in notes.get("description", "Next step: ")
    assert not re.search(r"topk|\$value", alert["expr"] + str(alert["labels"]))
    assert not re.search(r"absent\(", alert["expr"]) or "for" in alert


@pytest.mark.parametrize("name", alerts())
def test_the_addresses_of_an_alert_lead_to_its_runbook_page_and_to_a_panel(name):
    notes = alerts()[name]["annotations"]
    docs, _, anchor = notes["runbook_url"].partition("/runbook.md#")
    panel = re.match(
        r"\{\{ \$externalLabels\.grafana_url \}\}/d/(evenhand-[a-z-]+)\?viewPanel=(\d+)",
        notes["dashboard_url"],
    )

    assert docs == "{{ $externalLabels.docs_url }}"
    assert anchor == name.lower()
    assert anchor in anchors((ROOT / "docs" / "runbook.md").read_text())
    assert panel is not None
    dashboard = json.loads((DASHBOARDS / f"{panel[1]}.json").read_text())
    assert int(panel[2]) in {shown["id"] for shown in dashboard["panels"]}


def test_the_labels_that_carry_addresses_are_set_once_and_dropped_before_alerts_leave():
    config = load(PROMETHEUS / "prometheus.yml")
    used = set(re.findall(r"\$externalLabels\.(\w+)", RULES.read_text()))

    [drop] = config["alerting"]["alert_relabel_configs"]

    assert used == set(config["global"]["external_labels"])
    assert drop == {"action": "labeldrop", "regex": "|".join(sorted(used))}


def test_replicas_are_folded_into_one_before_anything_else_is_computed():
    for rule in all_rules():
        for family in BUSINESS_FAMILY.finditer(rule["expr"]):
            before = rule["expr"][: family.start()]
            assert before.endswith(
                ("max without (instance) (", "max without (instance) (increase(")
            ), rule


def test_recording_rules_are_named_level_metric_operations():
    records = [rule["record"] for rule in all_rules() if "record" in rule]

    assert all(re.fullmatch(r"[a-z_]+:evenhand_[a-z_]+:[a-z0-9_]+", name) for name in records)


def shifted(duration: str, by: int) -> str:
    return f"{seconds(duration) + by}s"


def mutated_expressions(expr: str) -> Iterator[str]:
    """One change at a time: comparisons, thresholds, windows, matchers and folding."""
    swaps = (
        (r" > ", [" >= ", " < "]),
        (r" == 1", [" == 2", " != 1", ""]),
        (r"(?<= > )0$", ["1", "-1"]),
        (r"(?<= > )(60|4000)$", [r"\1 * 1.25", r"\1 * 0.75"]),
        (r"\[(\d+)m\]", ["[{more}m]", "[{less}m]"]),
        (r"\{[^}]*\}", [""]),
        (r"max without \(instance\)", ["sum without (instance)"]),
        (r"max by", ["sum by"]),
        (r" and ", [" or ", " unless "]),
        (r" and .*$", [""]),
    )
    for pattern, replacements in swaps:
        for found in re.finditer(pattern, expr):
            for replacement in replacements:
                minutes = int(found[1]) if pattern.startswith(r"\[") else 0
                text = found.expand(replacement).format(more=minutes + 1, less=minutes - 1)
                yield expr[: found.start()] + text + expr[found.end() :]


def mutants(rule: Rule) -> Iterator[Rule]:
    # Whether replicas are added up cannot be seen where only "more than none" counts, as in a guard.
    told = "record" in rule or "$value" in rule["annotations"].get("description", "")
    for expr in mutated_expressions(rule["expr"]):
        is_seen = told and "sum" not in expr.partition(" and ")[2]
        if is_seen or "sum" not in expr:
            yield {**rule, "expr": expr}
    for delay in {"for", "keep_firing_for"} & rule.keys():
        for by in (-STEP_SECONDS, STEP_SECONDS):
            yield {**rule, delay: shifted(rule[delay], by)}
    if "alert" in rule:
        yield {**rule, "labels": {"severity": "other"}}


def rounds() -> Iterator[dict[str, Rule]]:
    """Mutants in groups of one per rule: alerts do not depend on each other, so one run judges many."""
    waiting = {rule.get("alert") or rule["record"]: mutants(rule) for rule in all_rules()}
    records = {name: waiting.pop(name) for name in list(waiting) if ":" in name}
    for name, changed in records.items():
        yield from ({name: mutant} for mutant in changed)
    while True:
        changed_rules = {
            name: mutant for name, left in waiting.items() if (mutant := next(left, None))
        }
        if not changed_rules:
            return
        yield changed_rules


def survivors(changed: dict[str, Rule], folder: Path) -> list[Rule]:
    """The mutants that no case notices."""
    document = copy.deepcopy(load(RULES))
    for group in document["groups"]:
        group["rules"] = [
            changed.get(rule.get("alert") or rule["record"], rule) for rule in group["rules"]
        ]
    (folder / RULES.name).write_text(json.dumps(document))
    output = run("promtool", "test", "rules", *sorted((folder / "tests").iterdir()))
    noticed = set(re.findall(r"alertname: (\w+)", output.stdout + output.stderr))
    if output.returncode != 0:
        noticed |= {name for name in changed if ":" in name}
    return [rule for name, rule in changed.items() if name not in noticed]


def test_every_changed_threshold_delay_or_guard_is_noticed_by_a_case(tmp_path):
    shutil.copytree(PROMETHEUS / "tests", tmp_path / "tests")

    judged = [(changed, survivors(changed, tmp_path)) for changed in rounds()]

    assert sum(len(changed) for changed, _ in judged) > 60
    assert [rule for _, left in judged for rule in left] == []
