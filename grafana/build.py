"""Builds the dashboard "Evenhand - now": `python -m grafana.build` writes it, `--check` compares."""

import json
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from grafana.panels import CHANNEL, SOURCE, panels

TARGET = Path(__file__).parent / "dashboards" / "evenhand-now.json"
WALLBOARD_URL = "http://127.0.0.1:8000"
DOCS_URL = "https://evenhand.invalid/docs"
"""The two addresses that differ from site to site: constants of the dashboard, used by its links."""
# The empty alternative keeps alerts that name no channel, such as EvenhandAbsent.
PAGES = 'ALERTS{alertname=~"Evenhand.+",alertstate="firing",severity="page",channel=~"$channel|"}'


def choice(name: str, label: str, asked: str) -> board.QueryVariable:
    """A drop-down filled from the metrics, with All as its first choice."""
    shown = board.QueryVariable(name).label(label).datasource(SOURCE).definition(asked)
    shown = shown.query({"query": asked, "refId": name}).multi(True).include_all(True)
    shown = shown.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).all_value(".+")
    everything = dashboard.VariableOption(selected=True, text=["All"], value=["$__all"])
    return shown.sort(dashboard.VariableSort.ALPHABETICAL_ASC).current(everything)


def head() -> board.Dashboard:
    """Title, variables, links and the marks of alerts: all but the panels."""
    shown = board.Dashboard("Evenhand - now").uid("evenhand-now").tags(["evenhand"]).readonly()
    shown = shown.description("Who waits, who is late next, and what was promised: right now.")
    shown = shown.refresh("30s").time("now-3h", "now").timezone("browser")
    shown = shown.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    source = board.DatasourceVariable("datasource").label("Data source").type("prometheus")
    waiting = "evenhand_contacts_waiting"
    choices = (
        source.current(dashboard.VariableOption(text="Prometheus", value="evenhand-prometheus")),
        choice("job", "Job", "label_values(evenhand_build_info, job)"),
        choice("channel", "Channel", f'label_values({waiting}{{job=~"$job"}}, channel)'),
        choice("team", "Team", f"label_values({waiting}{{{CHANNEL}}}, team)"),
        board.ConstantVariable("wallboard_url").label("Wallboard").value(WALLBOARD_URL),
        board.ConstantVariable("docs_url").label("Documentation").value(DOCS_URL),
    )
    for variable in choices:
        shown = shown.with_variable(variable)
    marks = board.AnnotationQuery().name("Pages").datasource(SOURCE).enable(True).icon_color("red")
    marks = marks.expr(PAGES).step("60s").title_format("{{alertname}}")
    shown = shown.annotation(marks.text_format("{{team}} {{channel}} {{tier}}"))
    for title, url in (("Wallboard", "${wallboard_url}"), ("Runbook", "${docs_url}/runbook.md")):
        link = board.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(url)
        shown = shown.link(link.icon("external link").target_blank(True))
    return shown


def cleaned(value: Any) -> Any:
    """Without what SDK 0.0.21 adds by mistake: a placement that hides every link and mark."""
    if isinstance(value, dict):
        items = {key: cleaned(item) for key, item in value.items()}
        return {k: v for k, v in items.items() if (k, v) != ("placement", "inControlsMenu")}
    return [cleaned(item) for item in value] if isinstance(value, list) else value


def build() -> str:
    """The dashboard's JSON, as it is committed."""
    shown = head()
    for panel in panels():
        shown = shown.with_panel(panel)
    encoded = json.loads(JSONEncoder().encode(shown.build()))
    return json.dumps(cleaned(encoded), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with --check say whether it is fresh: 0 yes, 1 no."""
    fresh = build()
    if "--check" in arguments:
        if TARGET.exists() and TARGET.read_text() == fresh:
            return 0
        print(f"{TARGET.name} differs from a fresh build: run `python -m grafana.build`")
        return 1
    TARGET.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
