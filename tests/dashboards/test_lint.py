"""The dashboards keep every rule of dashboard-linter and ours; each rule is seen to catch its fault."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.dashboards.files import BOARDS, EACH, Board
from tests.dashboards.lint import RULES, Fault, faults


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rule that does not hold somewhere, and why: ``board`` and ``what`` are patterns."""

    rule: str
    board: str
    what: str
    reason: str

    def covers(self, fault: Fault) -> bool:
        parts = ((self.board, fault.board), (self.what, f"{fault.where}: {fault.what}"))
        return self.rule == fault.rule and all(re.search(*part) for part in parts)


TEAM_BOARDS = "evenhand-(now|served-first)$"
EXCLUSIONS = (
    Exclusion(
        "template-instance-rule",
        TEAM_BOARDS,
        "no variable instance",
        "Replicas show the same numbers: to choose one changes nothing, and asks a team lead what "
        "a replica is.",
    ),
    Exclusion(
        "target-instance-rule",
        TEAM_BOARDS,
        ": (evenhand_|ALERTS)",
        "Same numbers on every replica, folded with max without (instance) before anything else.",
    ),
    Exclusion(
        "target-instance-rule",
        "evenhand-itself",
        "evenhand_(oldest|snapshot|events_quarantined|keys|invariants|series)",
        "These describe the database, not a process, also on the dashboard of the processes.",
    ),
    Exclusion(
        "target-instance-rule",
        "evenhand-itself",
        "(scrape_samples_scraped|ALERTS)$",
        "A page that is full is full for every replica; an alert has no instance.",
    ),
    Exclusion(
        "target-job-rule",
        "evenhand-",
        "ALERTS$",
        "Alerts are sums over replicas and carry no job; they go by their own names.",
    ),
    Exclusion(
        "target-counter-agg-rule",
        "evenhand-served-first",
        "evenhand_(wait_seconds|out_of_turn_starts)_total$",
        "Read as the slope of a sum with the gauge of the last day: rate would take a correction "
        "by late news for a restart.",
    ),
    Exclusion(
        "our-one-copy",
        "evenhand-itself",
        "evenhand_(snapshot_timestamp_seconds|policy_version)$",
        "Here the question is which replica is behind the others.",
    ),
    Exclusion(
        "our-honest-lines",
        "evenhand-served-first",
        "Why they wait: is stacked",
        "Bars, not lines, and parts of one whole: their height together is how many wait.",
    ),
    Exclusion(
        "our-honest-lines",
        "evenhand-customer",
        "day by day: is stacked",
        "Bars, not lines, and parts of one whole: a day's promises, of which some were kept.",
    ),
    Exclusion(
        "template-on-time-change-reload-rule",
        "evenhand-customer",
        "customer: ",
        "Who is a customer has nothing to do with the time range; she is searched for as one types.",
    ),
)


@pytest.mark.requirement(47, 51, 52, 53)
@EACH
def test_a_dashboard_keeps_every_rule(board):
    wrong = [fault for fault in faults(board) if not any(each.covers(fault) for each in EXCLUSIONS)]

    assert wrong == []


@pytest.mark.requirement(47)
@pytest.mark.parametrize("exclusion", EXCLUSIONS, ids=lambda each: f"{each.rule} {each.what}")
def test_an_exclusion_is_needed_and_says_why(exclusion):
    found = [fault for board in BOARDS.values() for fault in faults(board, only=[exclusion.rule])]

    assert any(exclusion.covers(fault) for fault in found)
    assert len(exclusion.reason.split()) > 8


def dict_in(whole: Any, key: int | str) -> Board:
    found: Board = whole[key]
    return found


def target(board: Board, number: int = 1) -> Board:
    """The first query of the panel with this id."""
    [shown] = [each for each in board["panels"] if each["id"] == number]
    return dict_in(shown["targets"], 0)


def variable(board: Board, name: str) -> Board:
    return next(each for each in board["templating"]["list"] if each["name"] == name)


def first(board: Board) -> Board:
    return dict_in(board["panels"], 0)


def asks(expr: str) -> Callable[[Board], object]:
    return lambda board: target(board, 8).update(expr=expr)


def loses(name: str) -> Callable[[Board], object]:
    return lambda board: board["templating"]["list"].remove(variable(board, name))


def defaults(board: Board, number: int) -> Board:
    [shown] = [each for each in board["panels"] if each["id"] == number]
    return dict_in(shown["fieldConfig"], "defaults")


FAULTY: dict[str, tuple[tuple[str, Callable[[Board], object]], ...]] = {
    "template-datasource-rule": (
        ("another name", lambda b: variable(b, "datasource").update(name="ds")),
        ("another label", lambda b: variable(b, "datasource").update(label="Source")),
    ),
    "template-job-rule": (
        ("none", loses("job")),
        ("one job only", lambda b: variable(b, "job").update(multi=False)),
        ("All is not all", lambda b: variable(b, "job").update(allValue=".*")),
    ),
    "template-instance-rule": (
        ("named otherwise", lambda b: variable(b, "instance").update(label="Replica")),
    ),
    "template-label-promql-rule": (
        ("no PromQL", lambda b: variable(b, "job")["query"].update(query="label_values({, job)")),
        ("no values", lambda b: variable(b, "job")["query"].update(query="metrics(evenhand)")),
    ),
    "template-on-time-change-reload-rule": (
        ("asked once", lambda b: variable(b, "job").update(refresh=1)),
    ),
    "panel-datasource-rule": (
        ("a fixed one", lambda b: first(b)["datasource"].update(uid="evenhand-prometheus")),
        ("in a query", lambda b: target(b, 7)["datasource"].update(uid="evenhand-prometheus")),
    ),
    "panel-title-description-rule": (
        ("no title", lambda b: first(b).update(title="")),
        ("no description", lambda b: first(b).pop("description")),
    ),
    "panel-units-rule": (("an unknown unit", lambda b: defaults(b, 7).update(unit="parsecs")),),
    "panel-no-targets-rule": (
        ("no query", lambda b: first(b).update(targets=[])),
        ("two of one name", lambda b: first(b)["targets"].extend(first(b)["targets"])),
    ),
    "target-logql-rule": (("logs", lambda b: first(b)["datasource"].update(type="loki")),),
    "target-logql-auto-rule": (("logs", lambda b: target(b).update(datasource="loki")),),
    "target-promql-rule": (
        ("half a query", asks("sum(")),
        ("a mark", lambda b: b["annotations"]["list"][0].update(expr="ALERTS{")),
    ),
    "target-rate-interval-rule": (
        ("a fixed window", asks("sum(rate(evenhand_process_events_total[5m]))")),
        ("the whole range", asks("sum(irate(evenhand_process_events_total[$__range]))")),
    ),
    "target-job-rule": (
        ("no job", asks("max without (instance) (evenhand_policy_version)")),
        ("a fixed job", asks('max without (instance) (evenhand_policy_version{job="evenhand"})')),
    ),
    "target-instance-rule": (
        ("no instance", asks('max(evenhand_process_pools_owned{job=~"$job"})')),
    ),
    "target-counter-agg-rule": (
        ("a bare counter", asks("sum(evenhand_process_events_total)")),
        ("its changes", asks('sum(changes(evenhand_process_events_total{job=~"$job"}[5m]))')),
    ),
    "uneditable-dashboard": (
        ("editable", lambda b: b.update(editable=True)),
        ("another schema", lambda b: b.update(schemaVersion=36)),
    ),
    "our-one-copy": (
        ("every replica counts", asks('sum(evenhand_contacts_waiting{job=~"$job"})')),
        ("too late", asks('max without (instance) (sum(evenhand_contacts_waiting{job=~"$job"}))')),
    ),
    "our-known-metrics": (
        ("a dead metric", asks('max(evenhand_oldest_wait{job=~"$job"})')),
        (
            "in a drop-down",
            lambda b: variable(b, "job").update(query="label_values(evenhand_x, y)"),
        ),
    ),
    "our-few-series": (
        ("a line a team", lambda b: target(b, 8).update(expr="up", legendFormat="{{team}}")),
        ("too many", lambda b: target(b, 8).update(expr="topk(21, up)", legendFormat="{{team}}")),
    ),
    "our-no-customers": (("a line a customer", asks("sum by (customer) (up)")),),
    "our-ids": (
        ("zero", lambda b: first(b).update(id=0)),
        ("twice", lambda b: first(b).update(id=2)),
        ("titles", lambda b: first(b).update(title=b["panels"][1]["title"])),
    ),
    "our-grid": (
        ("one on another", lambda b: first(b)["gridPos"].update(w=5)),
        ("over the edge", lambda b: b["panels"][5]["gridPos"].update(w=5)),
        ("too many", lambda b: b["panels"].append(first(b) | {"gridPos": place(99)})),
    ),
    "our-variables": (
        ("unknown", asks('sum(up{job=~"$nonsense"})')),
        ("unused", lambda b: b["templating"]["list"].append(variable(b, "job") | {"name": "zone"})),
    ),
    "our-first-row": (
        ("seven", lambda b: b["panels"].append(first(b))),
        ("grey", lambda b: defaults(b, 1)["color"].update(mode="fixed")),
        ("green and blind", lambda b: defaults(b, 1)["mappings"].clear()),
        ("no way on", lambda b: defaults(b, 1).pop("links")),
    ),
    "our-empty-words": (
        ("Grafana's own", lambda b: defaults(b, 7).update(noValue="No data")),
        ("nothing", lambda b: defaults(b, 7).pop("noValue")),
    ),
    "our-honest-lines": (
        ("from anywhere", lambda b: defaults(b, 8).pop("min")),
        ("stacked", lambda b: defaults(b, 8)["custom"].update(stacking={"mode": "normal"})),
    ),
    "our-refresh": (("every second", lambda b: b.update(refresh="1s")),),
    "our-plain-words": (("jargon", lambda b: first(b).update(title="Snapshots in quarantine")),),
}


def place(row: int) -> dict[str, int]:
    return {"x": 0, "y": row, "w": 4, "h": 4}


@pytest.mark.requirement(47)
@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        pytest.param(rule, spoil, id=f"{rule}: {name}")
        for rule, cases in FAULTY.items()
        for name, spoil in cases
    ],
)
def test_a_rule_catches_its_fault(rule, spoil):
    board = copy.deepcopy(BOARDS["itself"])
    before = faults(board, only=[rule])

    spoil(board)

    assert set(faults(board, only=[rule])) - set(before)


def test_every_rule_has_a_fault_that_it_catches():
    assert FAULTY.keys() == RULES.keys()
    assert len([rule for rule in RULES if not rule.startswith("our-")]) == 17
