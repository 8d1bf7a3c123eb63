"""The dashboards answer their questions from metrics that exist, and says so where there are none."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.core.fairness.words import CAUSES_IN_WORDS
from app.metrics.families import BUSINESS, CUSTOMERS, PROCESS, Kind
from tests.debian_tools import ROOT
from tests.prometheus import (
    annotation_queries,
    backfill,
    dashboard_queries,
    panel_queries,
    query_at,
    query_range,
    running_prometheus,
    substituted,
    values_of,
)

FOLDER = ROOT / "grafana" / "dashboards"
NOW = json.loads((FOLDER / "evenhand-now.json").read_text())
SERVED_FIRST = json.loads((FOLDER / "evenhand-served-first.json").read_text())
DASHBOARDS: list[dict[str, Any]] = [NOW, SERVED_FIRST]
PANELS: list[dict[str, Any]] = [panel for shown in DASHBOARDS for panel in shown["panels"]]
EACH = pytest.mark.parametrize("shown", DASHBOARDS, ids=[shown["uid"] for shown in DASHBOARDS])
BY_TITLE = pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
EXPRESSIONS = dict.fromkeys(target["expr"] for panel in PANELS for target in panel["targets"])
VARIABLES = [variable for shown in DASHBOARDS for variable in shown["templating"]["list"]]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"short", "dthms", "percentunit", "none"}
BUILT_IN = {"__rate_interval", "__range"}
FAMILY = re.compile(r"(?<![\w:])evenhand_\w+")
FOLDED = ("max without (instance) (", "max without (instance) (increase(")
WITH_RECENT = {"evenhand_wait_seconds_total", "evenhand_out_of_turn_starts_total"}
"""Totals that are read together with their gauge of the last day, by the slope of the sum."""
CONFIG = "global: {scrape_interval: 15s}\n"
NOON = 1_795_176_000
HOUR = 3600
STEP = 15


def families() -> set[str]:
    """Every sample name that the service may export."""
    parts = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}
    every = (*BUSINESS, *CUSTOMERS, *PROCESS)
    return {family.name + part for family in every for part in parts.get(family.kind, ("",))}


def labels(**values: str) -> str:
    shown = {"job": "evenhand", **values}
    return "{" + ",".join(f'{name}="{value}"' for name, value in shown.items()) + "}"


def group_samples(t: int, group: dict[str, str]) -> Iterator[tuple[str, str, float]]:
    """One team's tier: in `support` the standard tier gets later and later."""
    clock = {**group, "clock": "first_response"}
    grown = (t - NOON + HOUR) / STEP
    late = group["team"] == "support" and group["tier"] == "standard"
    yield "contacts_waiting", labels(**group), 12 if late else 2
    yield "oldest_waiting_timestamp_seconds", labels(**group), t - (grown if late else 5)
    yield "clocks_overdue", labels(**clock), 9 if late else 0
    yield "next_breach_timestamp_seconds", labels(**clock), t - grown if late else t + 15
    yield "clocks_settled_total", labels(**clock), grown // 4
    yield "clocks_unsettled_total", labels(**clock), grown // 400
    yield "clocks_breached_total", labels(**clock), grown // 8 if late else 0
    yield "breaches_withdrawn_total", labels(**clock), grown // 80 if late else 0


def turn_samples(t: int, place: dict[str, str]) -> Iterator[tuple[str, str, float]]:
    """In `support` Acme is served first for the second half of the hour, and three wait for it."""
    grown = t - NOON + HOUR
    first = place["team"] == "support" and t > NOON - HOUR // 2
    yield "starvation_episodes_open", labels(**place), int(first)
    yield "starvation_customers_waiting", labels(**place), 3 * first
    yield "starvation_extra_wait_seconds", labels(**place), 90.0 * first
    yield "agents_free_while_waiting", labels(**place), int(first)
    for tier in ("important", "standard"):
        started = {**place, "tier": tier, "channel": "phone"}
        yield "out_of_turn_starts_total", labels(**started), 5
        yield "out_of_turn_starts_recent", labels(**started), grown // 360 * (tier == "important")
        for cause, waiting in (("favoured", 2), ("overload", 1)):
            waited = labels(**place, tier=tier, cause=cause)
            # What is a day old moves from one into the other.
            moved = 500 if t > NOON - 600 else 0
            yield "wait_seconds_total", waited, moved
            yield "wait_seconds_recent", waited, waiting * grown + 1000 - moved
    phone = labels(**place, channel="phone")
    yield "callbacks_open", phone, 4
    yield "contacts_turned_away_total", phone, grown // 600


def samples_at(t: int) -> Iterator[tuple[str, str, float]]:
    for replica in ("a:1", "b:1"):
        yield "build_info", labels(instance=replica, version="0.1.0"), 1
        for team in ("support", "sales"):
            yield from turn_samples(t, {"instance": replica, "team": team})
        for channel in ("phone", "chat"):
            place = {"instance": replica, "channel": channel}
            source = labels(**place, source=f"{channel}-tool")
            yield "source_last_event_timestamp_seconds", source, t - 3
            yield "source_silent_after_timestamp_seconds", source, t + 1800
            for tier in ("important", "standard"):
                target = labels(**place, tier=tier, clock="first_response")
                yield "target_ratio", target, 0.8
                for team in ("support", "sales"):
                    yield from group_samples(t, {**place, "team": team, "tier": tier})


def an_hour() -> str:
    """An hour of a contact centre with two replicas, up to NOON, as OpenMetrics text."""
    lines: dict[str, list[str]] = {}
    for t in range(NOON - HOUR, NOON + 1, STEP):
        for name, label_text, value in samples_at(t):
            lines.setdefault(name, []).append(f"evenhand_{name}{label_text} {value!r} {t}\n")
        alert = labels(alertname="EvenhandImportantOverdue", alertstate="firing", severity="page")
        named = alert.replace("}", ',channel="phone",team="support"}')
        lines.setdefault("ALERTS", []).append(f"ALERTS{named} 1 {t}\n")
    text = ""
    for name, samples in sorted(lines.items()):
        kind = "counter" if name.endswith("_total") else "gauge"
        prefix = "" if name == "ALERTS" else "evenhand_"
        text += f"# TYPE {prefix}{name.removesuffix('_total')} {kind}\n" + "".join(samples)
    return text + "# EOF\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("filled")
    backfill(an_hour(), folder)
    with running_prometheus(CONFIG, folder) as url:
        yield url


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Iterator[str]:
    with running_prometheus(CONFIG, tmp_path_factory.mktemp("empty")) as url:
        yield url


def test_the_committed_dashboard_is_what_the_code_builds():
    command = [sys.executable, "-m", "grafana.build", "--check"]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "query",
    dict.fromkeys(
        query
        for shown in DASHBOARDS
        for query in (*dashboard_queries(shown), *annotation_queries(shown))
    ),
)
def test_every_query_has_an_answer_and_it_is_a_number(filled, query):
    now = query_at(filled, query, NOON)
    before = query_range(filled, query, NOON - HOUR, NOON)

    assert now
    assert all(isfinite(value) for series in now + before for value in values_of(series))


def test_the_first_row_tells_how_bad_it_is_whatever_the_number_of_replicas(filled):
    answers = [
        round(values_of(query_at(filled, query, NOON)[0])[0], 2)
        for panel in NOW["panels"][:6]
        for query in panel_queries(panel)
    ]

    waiting, late, next_breach, kept, of, longest, age, silent = answers
    assert (waiting, late) == (2 * 12 + 6 * 2, 2 * 9)
    assert (next_breach, longest) == (-240, 240)
    assert (kept, of) == (round(1 - (2 * 30 - 2 * 3) / (8 * 60), 2), 8 * 60)
    assert (age, silent) == (3, 0)


def test_the_share_that_was_promised_is_the_target_of_the_same_work(filled):
    promised = panel_queries(next(panel for panel in NOW["panels"] if panel["id"] == 9))[1]

    series = query_at(filled, promised, NOON)

    assert {s["metric"]["tier"]: values_of(s) for s in series} == {
        "important": [0.8],
        "standard": [0.8],
    }


def test_the_first_row_tells_who_waits_for_somebody_served_first(filled):
    answers = [
        values_of(query_at(filled, query, NOON)[0])[0]
        for panel in SERVED_FIRST["panels"][:6]
        for query in panel_queries(panel)
    ]

    assert [round(answer) for answer in answers] == [1, 3, 90, 1, 2 * 10, 2 * 6, 2 * 4]


def test_the_causes_add_up_to_all_who_wait_also_when_a_day_has_passed(filled):
    [query] = panel_queries(next(p for p in SERVED_FIRST["panels"] if p["id"] == 7))

    series = query_range(filled, query, NOON - HOUR // 2, NOON)

    waiting = {s["metric"]["cause"]: {round(value, 6) for value in values_of(s)} for s in series}
    assert waiting == {"favoured": {2 * 2 * 2}, "overload": {2 * 2 * 1}}


def test_the_timeline_tells_in_which_team_and_when_somebody_was_served_first(filled):
    [query] = panel_queries(next(p for p in SERVED_FIRST["panels"] if p["id"] == 8))

    series = query_range(filled, query, NOON - HOUR, NOON)

    states = {s["metric"]["team"]: values_of(s) for s in series}
    assert states["sales"] == [0] * 61
    assert states["support"] == [0] * 31 + [1] * 30


@BY_TITLE
def test_without_any_metric_a_panel_says_so_in_its_own_words(empty, panel):
    answers = [query_at(empty, query) for query in panel_queries(panel)]
    words = [other["fieldConfig"]["defaults"]["noValue"] for other in PANELS]

    assert answers == [[] for _ in answers]
    assert panel["fieldConfig"]["defaults"]["noValue"] not in {"", "No data", "0"}
    assert len(set(words)) > 5


def test_every_metric_of_the_dashboard_and_of_the_rules_is_exported():
    rules = (ROOT / "deploy" / "prometheus" / "evenhand.rules.yml").read_text()
    expressions = re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE)
    asked = [*EXPRESSIONS, *(json.dumps(variable) for variable in VARIABLES), *expressions]

    used = {name for text in asked for name in FAMILY.findall(text)}

    assert len(used) > 10
    assert used <= families()


def test_the_dashboards_lead_to_the_wallboard_to_each_other_and_to_the_runbook():
    links = {shown["uid"]: [link["title"] for link in shown["links"]] for shown in DASHBOARDS}
    addresses = [link["url"] for link in SERVED_FIRST["links"]]

    assert links == {
        "evenhand-now": ["Wallboard", "Served first", "Runbook"],
        "evenhand-served-first": ["Who, and who waited for it", "Now", "Runbook"],
    }
    assert addresses[0] == "${wallboard_url}/served-first"


@EACH
def test_a_dashboard_is_fixed_and_can_be_found(shown):
    assert shown["title"] == shown["uid"].replace("-", " - ", 1).replace("-f", " f").capitalize()
    assert shown["schemaVersion"] == 42
    assert shown["editable"] is False
    assert shown["refresh"] == "30s"
    assert "inControlsMenu" not in json.dumps(shown)


@EACH
def test_the_panels_have_ids_of_their_own_and_do_not_overlap(shown):
    panels = shown["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
    assert len(panels) <= 12
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert [panel["type"] for panel in panels if panel["gridPos"]["y"] == 0] == ["stat"] * 6


@BY_TITLE
def test_a_panel_explains_itself(panel):
    defaults = panel["fieldConfig"]["defaults"]
    targets = panel["targets"]

    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == DATASOURCE
    assert defaults["unit"] in UNITS
    assert defaults["noValue"]
    assert [target["datasource"] for target in targets] == [DATASOURCE] * len(targets)
    assert len({target["refId"] for target in targets}) == len(targets) > 0
    assert panel["type"] != "stat" or defaults["links"][0]["title"] == "What to do"


@BY_TITLE
def test_lines_start_at_zero_are_not_stacked_and_keep_the_colour_of_their_tier(panel):
    if panel["type"] != "timeseries":
        return
    field = panel["fieldConfig"]

    colours = dict(override_colours(panel))
    stacking = field["defaults"]["custom"].get("stacking", {}).get("mode", "none")
    legends = {target["legendFormat"].split()[-1] for target in panel["targets"]}

    assert field["defaults"]["min"] == 0
    if legends == {"{{cause}}"}:
        assert (stacking, field["defaults"]["custom"]["drawStyle"]) == ("normal", "bars")
        return
    assert stacking == "none"
    assert colours["/^(standard|promised to standard)$/"] == "orange"
    assert all(legend == "{{tier}}" or "{{" not in legend for legend in legends)


def override_colours(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for override in panel["fieldConfig"]["overrides"]:
        for prop in override["properties"]:
            if prop["id"] == "color":
                yield override["matcher"]["options"], prop["value"]["fixedColor"]


def test_every_cause_has_a_colour_of_its_own_and_is_said_in_plain_words():
    panel = next(p for p in SERVED_FIRST["panels"] if p["id"] == 7)
    words = {
        override["matcher"]["options"]: prop["value"]
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if prop["id"] == "displayName"
    }

    assert words == {str(cause): text for cause, text in CAUSES_IN_WORDS.items()}
    assert len({colour for _, colour in override_colours(panel)}) == len(words)


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_a_query_folds_replicas_first_and_reads_counters_by_their_growth(expr):
    for found in FAMILY.finditer(expr):
        before, after = expr[: found.start()], expr[found.end() :]
        is_counter = found[0].endswith("_total") and found[0] not in WITH_RECENT
        assert before.endswith(FOLDED[is_counter])
        assert after.startswith(('{job=~"$job",channel=~"$channel"', '{job=~"$job",team=~"$team"}'))
        assert found[0] not in WITH_RECENT or "clamp_min(deriv((" in before
    windows = re.findall(r"(?:rate|deriv)\(.*?\[(.+?)\]", expr)
    assert all(window.startswith("$__rate_interval") for window in windows)
    assert "customer=" not in expr
    assert "(customer" not in expr


@EACH
def test_every_variable_is_declared_used_and_offers_all(shown):
    variables = {variable["name"]: variable for variable in shown["templating"]["list"]}
    shows = [shown["panels"], shown["links"], shown["annotations"], *variables.values()]
    text = json.dumps(shows)
    used = {name or bare for name, bare in re.findall(r"\$(?:\{(\w+)\}|(\w+))", text)} - {"__all"}

    assert used - BUILT_IN == variables.keys()
    assert variables["datasource"]["label"] == "Data source"
    # No variable `instance`, which dashboard-linter asks for: replicas show the same numbers.
    for name in {"job", "channel", "team"} & variables.keys():
        variable = variables[name]
        assert variable["label"] == name.title()
        assert variable["datasource"] == DATASOURCE
        assert (variable["multi"], variable["includeAll"]) == (True, True)
        assert (variable["allValue"], variable["refresh"]) == (".+", 2)


def test_an_unknown_variable_in_a_query_is_refused():
    with pytest.raises(KeyError):
        substituted("sum($nonsense)")


def test_the_links_to_the_runbook_lead_to_a_heading():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    anchors = {heading.lower().replace('"', "").replace(" ", "-") for heading in headings}

    linked = set(re.findall(r"runbook\.md#([\w-]+)", json.dumps(DASHBOARDS)))

    assert linked
    assert linked <= anchors


def test_grafana_is_given_fixed_ids_and_the_scrape_interval():
    folder = ROOT / "grafana" / "provisioning"
    [source] = YAML(typ="safe").load(folder / "datasources" / "evenhand.yml")["datasources"]
    [provider] = YAML(typ="safe").load(folder / "dashboards" / "evenhand.yml")["providers"]
    prometheus = YAML(typ="safe").load(Path(ROOT / "deploy" / "prometheus" / "prometheus.yml"))

    sources = [each["current"]["value"] for each in VARIABLES if each["name"] == "datasource"]
    assert sources == [source["uid"]] * len(DASHBOARDS)
    assert source["editable"] is False
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    assert provider["folderUid"]
    assert provider["allowUiUpdates"] is False
