"""What is wrong with a dashboard: the 17 rules of grafana/dashboard-linter, on every type of panel.

The names are those of the linter (commit 4d0844b); rules that begin with `our` are ours. Rules about
queries of metrics are in ``lint_queries``.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.dashboards.files import Board, Panel
from tests.dashboards.lint_queries import QUERY_RULES, asks_metrics

SOURCES = {
    "prometheus": ("datasource", "Data source"),
    "grafana-postgresql-datasource": ("database", "Database"),
}
"""How the variable of a data source is called and labelled, by its type."""
UNITS = {
    *("none", "string", "short", "percent", "percentunit", "bool", "ops", "reqps", "cpm", "opm"),
    *("ms", "s", "m", "h", "d", "dthms", "dtdhms", "dtdurations", "bytes", "decbytes"),
    *("dateTimeAsIso", "dateTimeAsLocal", "dateTimeAsSystem", "dateTimeFromNow"),
}
BUILT_IN = {"__rate_interval", "__range", "__interval", "__all", "__from", "__to"}
BUILT_IN |= {"__timeFilter", "__timeFrom", "__timeTo", "__timeGroupAlias", "__searchFilter"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|([a-z_]\w*))")
FORBIDDEN = re.compile(
    r"\b(fold|replay|snapshot|projection|settled|pool|shard|evidence|quarantine|culprit|victim|"
    r"starvation|burn rate|entitlement|ghost|slot|contested)\w*\b",
    re.IGNORECASE,
)
"""Words that a team lead has no use for."""
MOST_PANELS, FIRST_TILES, LEAST_REFRESH, WIDTH = 12, 6, 30, 24

Rule = Callable[[Board], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a dashboard does not keep: where on it, and what is wrong there."""

    rule: str
    board: str
    where: str
    what: str


def faults(board: Board, only: Iterable[str] | None = None) -> list[Fault]:
    """Everything that is wrong with a dashboard, by all rules or by those named."""
    return [
        Fault(rule, board["uid"], where, what)
        for rule in (RULES if only is None else only)
        for where, what in RULES[rule](board)
    ]


def variables(board: Board, kind: str) -> dict[str, Board]:
    return {v["name"]: v for v in board["templating"]["list"] if v["type"] == kind}


def sources(board: Board) -> list[dict[str, str]]:
    """What panels may name as their data source."""
    declared = variables(board, "datasource")
    return [{"type": v["query"], "uid": f"${{{name}}}"} for name, v in declared.items()]


def data_source_variable(board: Board) -> Iterator[tuple[str, str]]:
    declared = variables(board, "datasource")
    if not declared:
        yield "variables", "no data source to choose"
    for name, variable in declared.items():
        if (name, variable.get("label")) != SOURCES.get(variable["query"]):
            yield name, f"a {variable['query']} is called otherwise"


def chosen(name: str) -> Rule:
    """The rule that a dashboard of metrics lets its reader choose this label."""

    def rule(board: Board) -> Iterator[tuple[str, str]]:
        variable = variables(board, "query").get(name)
        if not asks_metrics(board):
            return
        if variable is None:
            yield "variables", f"no variable {name}"
            return
        wanted = {"label": name.title(), "multi": True, "includeAll": True, "allValue": ".+"}
        wanted |= {"datasource": {"type": "prometheus", "uid": "${datasource}"}}
        for key, value in wanted.items():
            if variable.get(key) != value:
                yield name, f"{key} is {variable.get(key)!r}"

    return rule


def reload_variables(board: Board) -> Iterator[tuple[str, str]]:
    for name, variable in variables(board, "query").items():
        if variable.get("refresh") != 2:
            yield name, "is not asked again when the time range changes"


def panel_source(board: Board) -> Iterator[tuple[str, str]]:
    known = sources(board)
    for panel in board["panels"]:
        for asked in (panel, *panel.get("targets", ())):
            if asked.get("datasource") not in known:
                yield panel["title"], f"data source {asked.get('datasource')}"


def panel_words(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        if not panel.get("title"):
            yield str(panel["id"]), "has no title"
        if not panel.get("description", "").endswith("."):
            yield panel["title"], "is not described in a sentence"


def panel_units(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        overridden = [value for name, value in properties(panel) if name == "unit"]
        for unit in [defaults.get("unit"), *overridden]:
            if unit not in UNITS and not defaults.get("mappings"):
                yield panel["title"], f"unit {unit!r}"


def panel_targets(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        refs = [target["refId"] for target in panel.get("targets", ())]
        if not refs:
            yield panel["title"], "asks nothing"
        if len(set(refs)) != len(refs):
            yield panel["title"], "two queries of one name"


def no_logs(board: Board) -> Iterator[tuple[str, str]]:
    """Both LogQL rules: nothing here may ask Loki, so no query can break them."""
    for panel in board["panels"]:
        if "loki" in json.dumps([panel.get("datasource"), panel.get("targets")]):
            yield panel["title"], "asks Loki"


def uneditable(board: Board) -> Iterator[tuple[str, str]]:
    if board.get("editable") is not False:
        yield "dashboard", "can be edited"
    if board.get("schemaVersion") != 42:
        yield "dashboard", "is not of the classic schema"


def own_ids(board: Board) -> Iterator[tuple[str, str]]:
    numbers = [panel["id"] for panel in board["panels"]]
    for number in numbers:
        if number < 1 or numbers.count(number) > 1:
            yield str(number), "is no id, or of two panels"
    titles = [panel["title"] for panel in board["panels"]]
    for title in titles:
        if titles.count(title) > 1:
            yield title, "is the title of two panels"


def cells(panel: Panel) -> set[tuple[int, int]]:
    place = panel["gridPos"]
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


def grid(board: Board) -> Iterator[tuple[str, str]]:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        own = cells(panel)
        if own & taken:
            yield panel["title"], "lies on another panel"
        if max(x for x, _ in own) >= WIDTH:
            yield panel["title"], "reaches past the right edge"
        taken |= own
    if len(board["panels"]) > MOST_PANELS:
        yield "dashboard", "has more panels than anybody reads"


def used_variables(board: Board) -> Iterator[tuple[str, str]]:
    shown = [board["panels"], board["links"], board["annotations"], board["templating"]["list"]]
    used = {braced or bare for braced, bare in VARIABLE.findall(json.dumps(shown))}
    declared = {each["name"] for each in board["templating"]["list"]}
    for name in sorted(used - declared - BUILT_IN):
        yield name, "is used and not declared"
    for name in sorted(declared - used):
        yield name, "is declared and not used"


def first_row(board: Board) -> Iterator[tuple[str, str]]:
    tiles = [panel for panel in board["panels"] if panel["gridPos"]["y"] == 0]
    if len(tiles) > FIRST_TILES:
        yield "first row", "has more tiles than anybody takes in"
    for tile in tiles:
        defaults = tile["fieldConfig"]["defaults"]
        if tile["type"] != "stat" or defaults["color"]["mode"] != "thresholds":
            yield tile["title"], "is no coloured tile"
        if not any(each["options"].get("match") == "null+nan" for each in defaults["mappings"]):
            yield tile["title"], "is coloured as if all were well when nothing is known"
        if [link["title"] for link in defaults.get("links", ())] != ["What to do"]:
            yield tile["title"], "does not say what to do"


def says_when_empty(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        if panel["fieldConfig"]["defaults"].get("noValue") in {None, "", "No data", "0", "-"}:
            yield panel["title"], "says nothing when it has nothing"


def honest_lines(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        stacking = defaults.get("custom", {}).get("stacking", {}).get("mode", "none")
        if stacking != "none":
            yield panel["title"], "is stacked"
        if panel["type"] in {"timeseries", "bargauge", "barchart"} and defaults.get("min") != 0:
            yield panel["title"], "does not begin at zero"


def refresh(board: Board) -> Iterator[tuple[str, str]]:
    seconds = re.fullmatch(r"(\d+)(s|m)", board.get("refresh", ""))
    if not seconds or int(seconds[1]) * (60 if seconds[2] == "m" else 1) < LEAST_REFRESH:
        yield "dashboard", "is asked anew more often than there is news"


def plain_words(board: Board) -> Iterator[tuple[str, str]]:
    said = ("title", "description", "noValue", "legendFormat", "text")
    for key, text in spoken(board):
        if key in said and (word := FORBIDDEN.search(text)):
            yield text[:30], f"says {word[0]!r}"


def spoken(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                yield key, item
            yield from spoken(item)
    elif isinstance(value, list):
        for item in value:
            yield from spoken(item)


def properties(panel: Panel) -> list[tuple[str, object]]:
    """What the overrides of a panel set."""
    return [
        (each["id"], each["value"])
        for override in panel["fieldConfig"].get("overrides", ())
        for each in override["properties"]
    ]


RULES: Mapping[str, Rule] = {
    "template-datasource-rule": data_source_variable,
    "template-job-rule": chosen("job"),
    "template-instance-rule": chosen("instance"),
    "template-on-time-change-reload-rule": reload_variables,
    "panel-datasource-rule": panel_source,
    "panel-title-description-rule": panel_words,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_targets,
    "target-logql-rule": no_logs,
    "target-logql-auto-rule": no_logs,
    "uneditable-dashboard": uneditable,
    **QUERY_RULES,
    "our-ids": own_ids,
    "our-grid": grid,
    "our-variables": used_variables,
    "our-first-row": first_row,
    "our-empty-words": says_when_empty,
    "our-honest-lines": honest_lines,
    "our-refresh": refresh,
    "our-plain-words": plain_words,
}
