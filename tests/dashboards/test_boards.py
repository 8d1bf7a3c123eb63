"""The dashboards are built by code, lead on, and keep their colours; Grafana is set up for them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from math import cbrt, dist
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.core.fairness.words import CAUSES_IN_WORDS
from app.metrics.exposition import MAX_SERIES
from app.metrics.process_families import Door, Limit, Rejection
from tests.dashboards.files import BOARDS, EACH, EACH_PANEL, Panel, panel
from tests.dashboards.lint import spoken
from tests.debian_tools import ROOT
from tests.prometheus import substituted

TIERS = {"important": "blue", "standard": "orange", "new": "purple"}
WELL_APART = 30
"""Side by side in a bar; a difference of 2 can just be seen."""
OUTSIDE = ("${wallboard_url}", "${docs_url}")


@pytest.mark.requirement(45)
def test_the_committed_dashboards_are_what_the_code_builds():
    command = [sys.executable, "-m", "grafana.build", "--check"]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.requirement(45)
@pytest.mark.parametrize("name", ["now", "served-first", "itself"])
def test_a_dashboard_keeps_its_address_and_the_numbers_of_its_panels(name):
    board = BOARDS[name]

    assert board["uid"] == f"evenhand-{name}"
    assert sorted(each["id"] for each in board["panels"]) == list(range(1, 13))


@pytest.mark.requirement(46)
@EACH
def test_nothing_that_the_builder_adds_by_mistake_is_left(board):
    assert board["schemaVersion"] == 42
    assert "inControlsMenu" not in dict(spoken(board)).values()
    assert all(each["type"] != "row" for each in board["panels"])


@pytest.mark.requirement(51)
@EACH
def test_a_dashboard_leads_to_the_others_and_out(board):
    addresses = [link["url"] for link in board["links"]]
    known = {f"/d/{each['uid']}" for each in BOARDS.values()} | {"/d/evenhand-customer"}

    inside = {address for address in addresses if address.startswith("/d/")}
    assert inside <= known - {f"/d/{board['uid']}"}
    assert board["uid"] == "evenhand-now" or "/d/evenhand-now" in inside
    assert all(each.startswith(OUTSIDE) for each in addresses if each not in inside)
    assert "${docs_url}/runbook.md" in addresses


@pytest.mark.requirement(51)
def test_the_way_goes_from_the_whole_to_the_customer_and_to_the_wallboard():
    titles = {name: [link["title"] for link in board["links"]] for name, board in BOARDS.items()}

    assert titles["now"] == ["Wallboard", "Served first", "Customer", "Evenhand itself", "Runbook"]
    assert titles["served-first"] == ["Who, and who waited for it", "Now", "Customer", "Runbook"]


@pytest.mark.requirement(53)
def test_a_team_of_the_table_leads_to_its_page():
    [links] = [value for key, value in settings(panel("now", 7)) if key == "links"]

    assert [link["url"] for link in links] == [
        "${wallboard_url}/?team=${__value.raw:percentencode}",
        "/d/evenhand-served-first?var-team=${__value.raw:percentencode}",
    ]


@EACH
def test_the_links_to_the_runbook_lead_to_a_heading(board):
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    anchors = {heading.lower().replace('"', "").replace(" ", "-") for heading in headings}

    linked = {
        anchor
        for key, text in spoken(board)
        for anchor in re.findall(r"runbook\.md#([\w-]+)", text)
    }

    assert linked <= anchors
    assert linked or board["uid"] == "evenhand-customer"


def settings(shown: Panel) -> Iterator[tuple[str, Any]]:
    for override in shown["fieldConfig"].get("overrides", ()):
        for each in override["properties"]:
            yield each["id"], each["value"]


@pytest.mark.requirement(52)
@EACH_PANEL
def test_lines_of_tiers_keep_their_colour_and_can_be_told_apart_without_it(panel):
    legends = [target.get("legendFormat", "") for target in panel["targets"]]
    if panel["type"] != "timeseries" or not any("{{tier}}" in each for each in legends):
        return

    overrides = {each["matcher"]["options"]: dict_of(each) for each in tier_overrides(panel)}

    assert all(legend.endswith("{{tier}}") for legend in legends)
    assert {name: each["color"]["fixedColor"] for name, each in overrides.items()} == {
        f"/(^| ){tier}$/": colour for tier, colour in TIERS.items()
    }
    assert len({each["custom.lineWidth"] for each in overrides.values()}) == len(TIERS)


def tier_overrides(shown: Panel) -> list[Panel]:
    return [o for o in shown["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byRegexp"]


def dict_of(override: Panel) -> Panel:
    return {each["id"]: each["value"] for each in override["properties"]}


@pytest.mark.requirement(52)
@EACH_PANEL
def test_colour_is_never_all_that_tells(panel):
    options = panel["options"]
    if panel["type"] == "timeseries":
        assert options["legend"]["showLegend"]
        assert options["legend"]["calcs"] == [] or options["legend"]["displayMode"] == "table"
    if panel["type"] == "state-timeline":
        [mapping] = panel["fieldConfig"]["defaults"]["mappings"]
        words = [each["text"] for each in mapping["options"].values()]
        assert len(set(words)) == len(words)
        assert options["showValue"] != "never"
    if panel["type"] == "stat":
        assert options["textMode"] != "none"


@pytest.mark.requirement(52)
def test_every_cause_has_a_colour_of_its_own_and_is_said_in_plain_words():
    overrides = panel("served-first", 7)["fieldConfig"]["overrides"]
    said = {each["matcher"]["options"]: dict_of(each) for each in overrides}

    assert {cause: each["displayName"] for cause, each in said.items()} == {
        str(cause): text for cause, text in CAUSES_IN_WORDS.items()
    }
    colours = [each["color"]["fixedColor"] for each in said.values()]
    assert min(apart(one, other) for one, other in combinations(colours, 2)) > WELL_APART


def apart(one: str, other: str) -> float:
    """How different two colours look: their distance in CIE 1976 L*a*b*."""
    return dist(seen(one), seen(other))


def seen(colour: str) -> tuple[float, float, float]:
    """Lightness, and how red rather than green and how yellow rather than blue it looks."""
    light = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in light]
    x = cbrt((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505)
    y = cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b)
    z = cbrt((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_reasons_limits_and_doors_are_all_said_in_plain_words():
    refused = panel("itself", 8)["fieldConfig"]["overrides"]
    asked = panel("itself", 11)["fieldConfig"]["overrides"]

    words = {each["matcher"]["options"]: dict_of(each)["displayName"] for each in refused + asked}
    assert words.keys() == {str(value) for value in (*Rejection, *Limit, *Door)}
    assert len(set(words.values())) == len(words)


@pytest.mark.requirement(51)
@pytest.mark.parametrize("name", ["now", "served-first", "itself"])
def test_no_tile_asks_what_another_one_asks(name):
    asked = [
        target["expr"]
        for shown in BOARDS[name]["panels"]
        if shown["gridPos"]["y"] == 0
        for target in shown["targets"]
    ]

    assert len(set(asked)) == len(asked)


@pytest.mark.requirement(54)
@EACH
def test_pages_are_marked_on_what_comes_from_metrics(board):
    marks = [each["name"] for each in board["annotations"].get("list", ())]
    metrics = any(each["name"] == "datasource" for each in board["templating"]["list"])

    assert marks == (["Pages"] if metrics else [])


@pytest.mark.requirement(54)
def test_every_alert_leads_to_a_panel_that_is_there():
    files = [*(ROOT / "deploy" / "prometheus").glob("*.rules.yml")]
    rules = "".join(file.read_text(encoding="utf-8") for file in files)
    panels = {
        (board["uid"], str(each["id"])) for board in BOARDS.values() for each in board["panels"]
    }

    linked = set(re.findall(r"/d/([\w-]+)\?viewPanel=(\d+)", rules))

    assert linked
    assert linked <= panels
    assert rules.count("dashboard_url:") == len(re.findall(r"/d/[\w-]+\?viewPanel=\d+", rules))


def test_an_unknown_variable_in_a_query_is_refused():
    with pytest.raises(KeyError):
        substituted("sum($nonsense)")


@pytest.mark.requirement(55)
def test_grafana_is_given_fixed_ids_and_the_scrape_interval():
    folder = ROOT / "grafana" / "provisioning"
    files = [*(folder / "datasources").glob("*.yml")]
    sources = [each for file in files for each in YAML(typ="safe").load(file)["datasources"]]
    scraping = YAML(typ="safe").load(ROOT / "deploy" / "prometheus" / "prometheus.yml")

    [metrics] = [source for source in sources if source["type"] == "prometheus"]
    interval = metrics["jsonData"]["timeInterval"]
    assert interval == scraping["global"]["scrape_interval"]
    assert all(source["editable"] is False and source["uid"] for source in sources)
    assert chosen_sources() <= {source["uid"] for source in sources}


def chosen_sources() -> set[str]:
    """The data sources that the dashboards choose by themselves."""
    return {
        variable["current"]["value"]
        for board in BOARDS.values()
        for variable in board["templating"]["list"]
        if variable["type"] == "datasource"
    }


@pytest.mark.requirement(55)
def test_grafana_keeps_the_dashboards_as_they_are_committed():
    folder = ROOT / "grafana" / "provisioning" / "dashboards"
    providers = [
        each for file in folder.glob("*.yml") for each in YAML(typ="safe").load(file)["providers"]
    ]

    assert providers
    assert all(each["folderUid"] for each in providers)
    assert all(each["allowUiUpdates"] is False for each in providers)


def test_the_limit_of_series_is_the_service_s_own():
    *used, _ = panel("itself", 6)["targets"]

    assert all(each["expr"].endswith(f" / {MAX_SERIES}") for each in used)
    assert f"{MAX_SERIES:,}" in panel("itself", 6)["description"]
