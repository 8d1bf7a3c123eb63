"""Builds the dashboards: `python -m grafana.build` writes them, `--check` compares."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from grafana import panels, served_first
from grafana.panels import CHANNEL, SOURCE

FOLDER = Path(__file__).parent / "dashboards"
WALLBOARD_URL = "http://127.0.0.1:8000"
DOCS_URL = "https://evenhand.invalid/docs"
"""The two addresses that differ from site to site: constants of the dashboard, used by its links."""
PAGES = 'ALERTS{{alertname=~"Evenhand.+",alertstate="firing",severity="page",{matcher}}}'


def choice(name: str, label: str, asked: str) -> board.QueryVariable:
    """A drop-down filled from the metrics, with All as its first choice."""
    shown = board.QueryVariable(name).label(label).datasource(SOURCE).definition(asked)
    shown = shown.query({"query": asked, "refId": name}).multi(True).include_all(True)
    shown = shown.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).all_value(".+")
    everything = dashboard.VariableOption(selected=True, text=["All"], value=["$__all"])
    return shown.sort(dashboard.VariableSort.ALPHABETICAL_ASC).current(everything)


@dataclass(frozen=True, slots=True)
class Shown:
    """One dashboard: its id and texts, its drop-downs, whose pages are marked, where it leads."""

    uid: str
    title: str
    description: str
    choices: tuple[board.QueryVariable, ...]
    marked: str
    links: tuple[tuple[str, str], ...]
    panels: Iterator[Any]


def shown() -> tuple[Shown, ...]:
    """All dashboards."""
    waiting = "evenhand_contacts_waiting"
    jobs = choice("job", "Job", "label_values(evenhand_build_info, job)")
    runbook = ("Runbook", "${docs_url}/runbook.md")
    return (
        Shown(
            uid="evenhand-now",
            title="Evenhand - now",
            description="Who waits, who is late next, and what was promised: right now.",
            choices=(
                jobs,
                choice("channel", "Channel", f'label_values({waiting}{{job=~"$job"}}, channel)'),
                choice("team", "Team", f"label_values({waiting}{{{CHANNEL}}}, team)"),
            ),
            # The empty alternative keeps alerts that name no channel, such as EvenhandAbsent.
            marked='channel=~"$channel|"',
            links=(
                ("Wallboard", "${wallboard_url}"),
                ("Served first", "/d/evenhand-served-first"),
                runbook,
            ),
            panels=panels.panels(),
        ),
        Shown(
            uid="evenhand-served-first",
            title="Evenhand - served first",
            description="Does anybody wait because others are taken first, and was that agreed?",
            choices=(
                jobs,
                choice("team", "Team", f'label_values({waiting}{{job=~"$job"}}, team)'),
            ),
            marked='team=~"$team|"',
            links=(
                ("Who, and who waited for it", "${wallboard_url}/served-first"),
                ("Now", "/d/evenhand-now"),
                runbook,
            ),
            panels=served_first.panels(),
        ),
    )


def head(one: Shown) -> board.Dashboard:
    """Title, variables, links and the marks of alerts: all but the panels."""
    made = board.Dashboard(one.title).uid(one.uid).tags(["evenhand"]).readonly()
    made = made.description(one.description)
    made = made.refresh("30s").time("now-3h", "now").timezone("browser")
    made = made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    source = board.DatasourceVariable("datasource").label("Data source").type("prometheus")
    choices = (
        source.current(dashboard.VariableOption(text="Prometheus", value="evenhand-prometheus")),
        *one.choices,
        board.ConstantVariable("wallboard_url").label("Wallboard").value(WALLBOARD_URL),
        board.ConstantVariable("docs_url").label("Documentation").value(DOCS_URL),
    )
    for variable in choices:
        made = made.with_variable(variable)
    marks = board.AnnotationQuery().name("Pages").datasource(SOURCE).enable(True).icon_color("red")
    marks = marks.expr(PAGES.format(matcher=one.marked)).step("60s").title_format("{{alertname}}")
    made = made.annotation(marks.text_format("{{team}} {{channel}} {{tier}}"))
    for title, url in one.links:
        link = board.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(url)
        made = made.link(link.icon("external link").target_blank(True))
    return made


def cleaned(value: Any) -> Any:
    """Without what SDK 0.0.21 adds by mistake: a placement that hides every link and mark."""
    if isinstance(value, dict):
        items = {key: cleaned(item) for key, item in value.items()}
        return {k: v for k, v in items.items() if (k, v) != ("placement", "inControlsMenu")}
    return [cleaned(item) for item in value] if isinstance(value, list) else value


def build() -> dict[str, str]:
    """The dashboards' JSON by file name, as they are committed."""
    return {f"{one.uid}.json": built(one) for one in shown()}


def built(one: Shown) -> str:
    """One dashboard's JSON."""
    made = head(one)
    for panel in one.panels:
        made = made.with_panel(panel)
    encoded = json.loads(JSONEncoder().encode(made.build()))
    return json.dumps(cleaned(encoded), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say whether they are fresh: 0 yes, 1 no."""
    fresh = build()
    if "--check" not in arguments:
        for name, text in fresh.items():
            (FOLDER / name).write_text(text)
        return 0
    kept = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    stale = sorted(name for name in fresh.keys() | kept if fresh.get(name) != kept.get(name))
    for name in stale:
        print(f"{name} differs from a fresh build: run `python -m grafana.build`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
