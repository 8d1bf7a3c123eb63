"""The committed dashboards, and the metrics that the service may export."""

import json
from typing import Any

import pytest

from app.metrics.families import BUSINESS, CUSTOMERS
from app.metrics.family import Kind
from app.metrics.process_families import PROCESS
from tests.debian_tools import ROOT

Board = dict[str, Any]
Panel = dict[str, Any]

FOLDER = ROOT / "grafana" / "dashboards"
BOARDS: dict[str, Board] = {
    path.stem.removeprefix("evenhand-"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
}
EACH = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
PANELS: dict[str, Panel] = {
    f"{name} {panel['id']} {panel['title']}": panel
    for name, board in BOARDS.items()
    for panel in board["panels"]
}
EACH_PANEL = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


def panel(name: str, number: int) -> Panel:
    """A panel by its dashboard and its id."""
    [found] = [each for each in BOARDS[name]["panels"] if each["id"] == number]
    return dict(found)


def samples_of(families: tuple[Any, ...]) -> set[str]:
    """Every sample name of these families."""
    parts = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}
    return {family.name + part for family in families for part in parts.get(family.kind, ("",))}


OF_PROCESSES = samples_of(PROCESS)
OF_THE_WORK = samples_of((*BUSINESS, *CUSTOMERS))
OF_PROMETHEUS = {"ALERTS", "scrape_samples_scraped"}
"""What Prometheus itself says: the state of alerts, and how much a scrape brought."""
