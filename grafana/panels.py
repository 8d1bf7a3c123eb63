"""The kinds of panel that the dashboards are made of, and what all of one kind have in common."""

# ruff: noqa: D103 - names of Grafana's own settings

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from grafana.board import SOURCE

TIER_COLOURS = {"important": "blue", "standard": "orange", "new": "purple"}
TIER_WIDTHS = {"important": 3, "standard": 2, "new": 1}
"""A tier has its colour everywhere, and a line of its own thickness for those who see no colours."""
Steps = Sequence[tuple[float | None, str]]
GREY = "#6f7680"
NAME_SIZE = 14
TIME_SIZE = 34
"""Pixels: hours, minutes and seconds fit in a tile on a screen of 1280."""
UNKNOWN_IS_GREY = dashboard.SpecialValueMap(
    dashboard.DashboardSpecialValueMapOptions(
        dashboard.SpecialValueMatch.NULL_AND_NAN, dashboard.ValueMappingResult(color=GREY)
    )
)
"""Without it a tile that knows nothing is as green as one that knows that all is well."""
NEUTRAL: Steps = [(None, "blue")]
ALARM: Steps = [(None, "green"), (1, "red")]
WARNING: Steps = [(None, "green"), (1, "orange")]


def query(expr: str, legend: str = "__auto", ref: str = "A") -> prometheus.Dataquery:
    asked = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref).datasource(SOURCE)
    return asked.editor_mode(QueryEditorMode.CODE).range()


def query_now(expr: str, legend: str = "__auto", ref: str = "A") -> prometheus.Dataquery:
    return query(expr, legend, ref).instant()


def query_rows(expr: str, ref: str) -> prometheus.Dataquery:
    return query_now(expr, ref=ref).format(PromQueryFormat.TABLE)


def steps(colours: Steps) -> board.ThresholdsConfig:
    thresholds = [dashboard.Threshold(value=value, color=colour) for value, colour in colours]
    return board.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(thresholds)


def setting(name: str, value: object) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def coloured(colours: Steps) -> dashboard.DynamicConfigValue:
    """The colours of one value among others."""
    worded = [{"color": colour, "value": value} for value, colour in colours]
    return setting("thresholds", {"mode": "absolute", "steps": worded})


def fixed(colour: str) -> dashboard.DynamicConfigValue:
    return setting("color", {"mode": "fixed", "fixedColor": colour})


def runbook(anchor: str) -> str:
    return f"${{docs_url}}/runbook.md#{anchor}"


def linked(title: str, url: str) -> board.DashboardLink:
    return board.DashboardLink(title).url(url).target_blank(not url.startswith("/d/"))


def tile(number: int, title: str, unit: str, colours: Steps, anchor: str) -> stat.Panel:
    """One of the six answers of the first row."""
    panel = stat.Panel().id(number).title(title).unit(unit).datasource(SOURCE).span(4).height(4)
    panel = panel.thresholds(steps(colours)).decimals(0).mappings([UNKNOWN_IS_GREY])
    panel = panel.color_scheme(board.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    panel = panel.color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
    panel = panel.graph_mode(common.BigValueGraphMode.NONE)
    panel = panel.reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
    if unit == "dthms":
        panel = panel.text(sizes(NAME_SIZE, TIME_SIZE))
    return panel.data_links([linked("What to do", runbook(anchor))])


def named(panel: stat.Panel, value_size: float = 20) -> stat.Panel:
    """Each value with its name: the names on the left, under one another."""
    panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME).wide_layout(True)
    panel = panel.text(sizes(NAME_SIZE, value_size))
    return panel.orientation(common.VizOrientation.HORIZONTAL)


def sizes(name: float, value: float) -> parts.VizTextDisplayOptions:
    """Sizes of text in pixels: left to itself, Grafana cuts long texts off or makes them tiny."""
    return parts.VizTextDisplayOptions().title_size(name).value_size(value)


def lines(number: int, title: str, unit: str) -> timeseries.Panel:
    """A line a tier, in the same colour everywhere, named in the legend."""
    panel = timeseries.Panel().id(number).title(title).unit(unit).datasource(SOURCE)
    panel = panel.span(12).height(9).min(0).line_width(2).fill_opacity(0)
    panel = panel.show_points(common.VisibilityMode.AUTO)
    legend = parts.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    legend = legend.placement(common.LegendPlacement.BOTTOM).show_legend(True)
    panel = panel.legend(legend)
    tooltip = parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    return panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))


def tier_lines(number: int, title: str, unit: str) -> timeseries.Panel:
    """Lines whose names end in their tier."""
    panel = lines(number, title, unit)
    for tier, colour in TIER_COLOURS.items():
        width = setting("custom.lineWidth", TIER_WIDTHS[tier])
        panel = panel.override_by_regexp(f"/(^| ){tier}$/", [fixed(colour), width])
    return panel


def strip(number: int, title: str, states: Sequence[tuple[str, str]]) -> statetimeline.Panel:
    """What was when: state 0, 1 ... with its word in the bar and its colour."""
    panel = statetimeline.Panel().id(number).title(title).unit("none").datasource(SOURCE)
    words = {
        str(state): dashboard.ValueMappingResult(text=text, color=colour, index=state)
        for state, (text, colour) in enumerate(states)
    }
    panel = panel.mappings([dashboard.ValueMap(options=words)])
    panel = panel.thresholds(steps([(state or None, c) for state, (_, c) in enumerate(states)]))
    return panel.show_value(common.VisibilityMode.AUTO).row_height(0.8).merge_values(True)


def narrow(panel: table.Panel, widths: dict[str, int]) -> table.Panel:
    """Columns as wide as what they hold, in pixels; the others share the rest."""
    for column, width in widths.items():
        panel = panel.override_by_name(column, [setting("custom.width", width)])
    return panel


def rows(panel: table.Panel, columns: dict[str, str]) -> table.Panel:
    """One row for what several queries have in common: these columns in this order.

    A column without a name is left out.
    """
    shape = {
        "excludeByName": {"Time": True}
        | {each: True for each, said in columns.items() if not said},
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": {each: said for each, said in columns.items() if said},
    }
    panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    return panel.with_transformation(
        dashboard.DataTransformerConfig(id_val="organize", options=shape)
    )
