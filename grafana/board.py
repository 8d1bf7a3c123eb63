"""What is a dashboard: its texts, drop-downs, marks, links and panels, and the JSON made of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

Variable = Builder[dashboard.VariableModel]
SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WALLBOARD_URL = "http://127.0.0.1:8000"
DOCS_URL = "https://evenhand.invalid/docs"
"""The two addresses that differ from site to site: constants of the dashboard, used by its links."""
PAGES = 'ALERTS{{alertname=~"Evenhand.+",alertstate="firing",severity="page",{matcher}}}'

METRICS: Variable = (
    board.DatasourceVariable("datasource")
    .label("Data source")
    .type("prometheus")
    .current(dashboard.VariableOption(text="Prometheus", value="evenhand-prometheus"))
)
"""Which Prometheus the panels of metrics ask."""
WALLBOARD_ADDRESS = board.ConstantVariable("wallboard_url").label("Wallboard").value(WALLBOARD_URL)
DOCS_ADDRESS = board.ConstantVariable("docs_url").label("Documentation").value(DOCS_URL)
ADDRESSES: tuple[Variable, ...] = (WALLBOARD_ADDRESS, DOCS_ADDRESS)

WALLBOARD = ("Wallboard", "${wallboard_url}")
WALLBOARD_TURNS = ("Who, and who waited for it", "${wallboard_url}/served-first")
NOW = ("Now", "/d/evenhand-now")
SERVED_FIRST = ("Served first", "/d/evenhand-served-first")
CUSTOMER = ("Customer", "/d/evenhand-customer")
ITSELF = ("Evenhand itself", "/d/evenhand-itself")
RUNBOOK = ("Runbook", "${docs_url}/runbook.md")
"""Where a dashboard may lead: the text of the link and its address."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One dashboard, read from top to bottom.

    ``choices`` are its variables in order, the data source first and addresses last; ``marked``
    selects the pages that are marked on its panels, and is empty where none are. It shows the time
    from ``since`` on.
    """

    uid: str
    title: str
    description: str
    choices: Sequence[Variable]
    marked: str
    links: Sequence[tuple[str, str]]
    panels: Iterable[Any]
    since: str = "now-3h"


def choice(
    name: str, label: str, asked: str, source: common.DataSourceRef = SOURCE
) -> board.QueryVariable:
    """A drop-down filled by a query, with All as its first choice."""
    shown = board.QueryVariable(name).label(label).datasource(source).definition(asked)
    shown = shown.query({"query": asked, "refId": name}).multi(True).include_all(True)
    shown = shown.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).all_value(".+")
    everything = dashboard.VariableOption(selected=True, text=["All"], value=["$__all"])
    return shown.sort(dashboard.VariableSort.ALPHABETICAL_ASC).current(everything)


def built(one: Shown) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    made = _head(one)
    for panel in one.panels:
        made = made.with_panel(panel)
    encoded: dict[str, Any] = _cleaned(json.loads(JSONEncoder().encode(made.build())))
    return encoded


def _head(one: Shown) -> board.Dashboard:
    """Title, variables, links and the marks of pages: all but the panels."""
    made = board.Dashboard(one.title).uid(one.uid).tags(["evenhand"]).readonly()
    made = made.description(one.description)
    made = made.refresh("30s").time(one.since, "now").timezone("browser")
    made = made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    for variable in one.choices:
        made = made.with_variable(variable)
    if one.marked:
        made = made.annotation(_marks(one.marked))
    for title, url in one.links:
        made = made.link(_link(title, url))
    return made


def _marks(matcher: str) -> board.AnnotationQuery:
    marks = board.AnnotationQuery().name("Pages").datasource(SOURCE).enable(True).icon_color("red")
    marks = marks.expr(PAGES.format(matcher=matcher)).step("60s").title_format("{{alertname}}")
    return marks.text_format("{{team}} {{channel}} {{tier}}")


def _link(title: str, url: str) -> board.DashboardLink:
    """Another dashboard opens in place, for the same teams and time; anything else beside it."""
    link = board.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(url)
    if url.startswith("/d/"):
        return link.icon("dashboard").keep_time(True).include_vars(True)
    return link.icon("external link").target_blank(True)


def _cleaned(value: Any) -> Any:
    """Without what SDK 0.0.21 adds by mistake: a placement that hides every link and mark."""
    if isinstance(value, dict):
        items = {key: _cleaned(item) for key, item in value.items()}
        return {k: v for k, v in items.items() if (k, v) != ("placement", "inControlsMenu")}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
