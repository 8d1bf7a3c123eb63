"""Alerts fire when they should, stay silent when they should, and say what to do."""

import json
import re
from pathlib import Path

import pytest

from tests.alert_rules import (
    CASES,
    POLICY_RULES,
    PROMETHEUS,
    RULES,
    alerts,
    all_rules,
    cases,
    load,
    name_of,
    seconds,
    steps,
)
from tests.debian_tools import ROOT, run
from tests.rule_mutants import Verdict, judge, mutated_expressions

DASHBOARDS = ROOT / "grafana" / "dashboards"
RUNBOOK = ROOT / "docs" / "runbook.md"
BUSINESS_FAMILY = re.compile(r"(?<![\w:])evenhand_(?!process_|build_)\w+")
NEVER_READ = re.compile(
    r"\b(burn|fold\w*|replay\w*|snapshot|projection|settled|pool|shard|evidence|quarantine\w*|"
    r"culprit|victim|starvation)\b",
    re.IGNORECASE,
)
ALWAYS = "EvenhandWatchdog"


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Every case, asked of the rules as they are and of all their mutants, in one run."""
    return judge(tmp_path_factory.mktemp("rules"))


def anchors(markdown: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.requirement(32)
def test_promtool_accepts_the_configuration_and_the_rules():
    config = run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    rules = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES, POLICY_RULES)

    assert config.returncode == 0, config.stdout + config.stderr
    assert rules.returncode == 0, rules.stdout + rules.stderr
    assert load(PROMETHEUS / "prometheus.yml")["rule_files"] == [RULES.name, POLICY_RULES.name]


@pytest.mark.requirement(33)
def test_every_case_of_every_alert_holds(verdict):
    assert verdict.failed == [], verdict.output[:5000]


@pytest.mark.requirement(32, 33)
def test_the_files_of_cases_run_as_they_stand():
    result = run("promtool", "test", "rules", *(path for path in CASES if "turns" in path.name))

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.requirement(33, 36, 37, 42)
def test_every_changed_threshold_delay_window_or_guard_is_noticed_by_a_case(verdict):
    assert verdict.mutants > 500
    assert verdict.survivors == []


@pytest.mark.requirement(33)
def test_every_alert_has_cases_in_which_it_fires_and_in_which_it_is_silent():
    fires: dict[str, set[bool]] = {}
    for _, case in cases():
        for test in case.get("alert_rule_test", ()):
            fires.setdefault(test["alertname"], set()).add(bool(test["exp_alerts"]))

    assert fires == {name: {True, False} for name in alerts()} | {ALWAYS: {True}}


def test_every_recording_rule_has_a_case_of_its_own():
    asked = " ".join(
        test["expr"] for _, case in cases() for test in case.get("promql_expr_test", ())
    )

    records = {rule["record"] for rule in all_rules() if "record" in rule}

    assert {name for name in records if re.search(rf"{name}\b", asked)} == records


def test_cases_of_an_alert_are_evaluated_as_often_as_the_alert_is():
    for document, case in cases():
        for test in case.get("alert_rule_test", ()):
            assert seconds(document["evaluation_interval"]) == steps()[test["alertname"]], test


@pytest.mark.requirement(34, 35)
@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_urgent_it_is_what_happened_and_what_to_do(name):
    alert = alerts()[name]
    notes = alert["annotations"]
    said = notes["summary"] + notes.get("description", "")

    assert re.fullmatch(r"Evenhand([A-Z][a-z]+)+", name)
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"page", "ticket", "none"}
    wanted = {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes.keys() == wanted - ({"description"} if name == ALWAYS else set())
    written = re.sub(r"\{\{.*?\}\}", "", notes.get("description", ""))
    assert re.search(r"Next step: [^.]+\.|^$", written)
    assert not NEVER_READ.search(re.sub(r"\{\{.*?\}\}", "", said))
    assert not re.search(r"topk|\$value", alert["expr"] + str(alert["labels"]))
    assert not re.search(r"absent\(", alert["expr"]) or "for" in alert
    assert name == ALWAYS or re.search(r" (>|>=|==) ", alert["expr"])


@pytest.mark.requirement(44)
def test_no_alert_flaps_and_none_but_the_watchdog_is_told_at_once():
    for name, alert in alerts().items():
        assert name == ALWAYS or {"for", "keep_firing_for"} <= alert.keys(), name


@pytest.mark.requirement(34)
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
    assert anchor in anchors(RUNBOOK.read_text())
    assert panel is not None
    dashboard = json.loads((DASHBOARDS / f"{panel[1]}.json").read_text())
    assert int(panel[2]) in {shown["id"] for shown in dashboard["panels"]}
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert set(re.findall(r"&var-(\w+)=", notes["dashboard_url"])) <= known


@pytest.mark.parametrize("name", alerts())
def test_the_runbook_says_of_an_alert_what_it_means_what_to_do_and_when_it_is_over(name):
    page = re.search(
        rf"^## {name}\n(.*?)(?=^## |\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL
    )

    assert page is not None
    severity = alerts()[name]["labels"]["severity"]
    assert (
        page[1]
        .strip()
        .startswith(
            {"page": "**Page.**", "ticket": "**Ticket.**", "none": "**Always firing"}[severity]
        )
    )
    for part in ("- *Look at|- *If the switch", "*Do:*|*do*", "gnore it", "*Over when*"):
        assert any(word in page[1] for word in part.split("|")), part
    assert not NEVER_READ.search(re.sub(r"`[^`]*`", "", page[1]))


def test_the_labels_that_carry_addresses_are_set_once_and_dropped_before_alerts_leave():
    config = load(PROMETHEUS / "prometheus.yml")
    text = RULES.read_text() + POLICY_RULES.read_text()

    [drop] = config["alerting"]["alert_relabel_configs"]

    used = set(re.findall(r"\$externalLabels\.(\w+)", text))
    assert used == set(config["global"]["external_labels"])
    assert drop == {"action": "labeldrop", "regex": "|".join(sorted(used))}


@pytest.mark.requirement(19)
def test_replicas_are_folded_into_one_before_anything_else_is_computed():
    for rule in all_rules():
        for family in BUSINESS_FAMILY.finditer(rule["expr"]):
            before = rule["expr"][: family.start()]
            # One replica that stands still is enough to doubt; anything else is asked of the newest.
            first = "min" if family[0] == "evenhand_snapshot_timestamp_seconds" else "max"
            over = f"{first} without (instance) ("
            asked = (over, f"{over}increase(", f"{over}last_over_time(")
            assert before.endswith(asked), rule


@pytest.mark.requirement(43)
def test_recording_rules_are_named_level_metric_operations_and_shares_are_sums_by_sums():
    records = {rule["record"]: rule["expr"] for rule in all_rules() if "record" in rule}

    assert all(re.fullmatch(r"[a-z_]+:evenhand_[a-z_]+:[a-z0-9_]+", name) for name in records)
    assert not any("avg" in expr for expr in records.values())
    for name, expr in records.items():
        if window := re.search(r":ratio_increase(\w+)", name):
            assert expr.startswith("round(")
            late, decided = re.findall(r"evenhand_clocks_(late|decided):increase(\w+)", expr)
            assert (late, decided) == (("late", window[1]), ("decided", window[1]))


def test_a_rule_is_changed_in_every_place_that_decides():
    changed = set(
        mutated_expressions("clamp_max(6 * (1 - max by (a) (b)), 0.9) > 0\nand c[6h] >= 10")
    )

    assert "clamp_min(6 * (1 - max by (a) (b)), 0.9) > 0\nand c[6h] >= 10" in changed
    assert "clamp_max(6 * 1.1 * (1 - max by (a) (b)), 0.9) > 0\nand c[6h] >= 10" in changed
    assert "clamp_max(6 * (1 - max by (a) (b)), 0.95) > 0\nand c[6h] >= 10" in changed
    assert "clamp_max(6 * (1 - max by (a) (b)), 0.9) > 0\nand c[21660s] >= 10" in changed
    assert "clamp_max(6 * (1 - max by (a) (b)), 0.9) > 0" in changed


def test_every_rule_has_a_name_of_its_own():
    names = [name_of(rule) for rule in all_rules()]

    assert len(set(names)) == len(names)


def test_no_case_is_left_out():
    assert sorted(Path(PROMETHEUS / "tests").iterdir()) == CASES
