"""The panels of the dashboard and the queries behind them.

Replicas show the same business values, so every query folds them with `max without (instance)`
before it does anything else.
"""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GROUP = 'job=~"$job",channel=~"$channel",team=~"$team"'
CHANNEL = 'job=~"$job",channel=~"$channel"'
ALERTS = 'ALERTS{alertname=~"Evenhand.+",alertstate="firing",channel=~"$channel"'
TIER_COLOURS = {"important": "blue", "standard": "orange", "new": "purple"}
Steps = list[tuple[float | None, str]]
NEUTRAL: Steps = [(None, "blue")]


def once(expr: str) -> str:
    return f"max without (instance) ({expr})"


WAITING = once(f"evenhand_contacts_waiting{{{GROUP}}}")
OVERDUE = once(f"evenhand_clocks_overdue{{{GROUP}}}")
OLDEST = once(f"evenhand_oldest_waiting_timestamp_seconds{{{GROUP}}}")
NEXT_BREACH = once(f"evenhand_next_breach_timestamp_seconds{{{GROUP}}}")
TARGET_RATIO = f"max by (channel, tier, clock) ({once(f'evenhand_target_ratio{{{CHANNEL}}}')})"


def grown(counter: str, window: str) -> str:
    return once(f"increase(evenhand_{counter}_total{{{GROUP}}}[{window}])")


def settled(window: str) -> str:
    """The promises decided in a window, without those that count no more."""
    return f"({grown('clocks_settled', window)} - {grown('clocks_unsettled', window)})"


def share_kept(window: str, by: str = "") -> str:
    """The share of settled clocks that were kept; absent, not NaN, while nothing was settled."""
    broken = f"sum{by} ({grown('clocks_breached', window)})"
    withdrawn = f"sum{by} ({grown('breaches_withdrawn', window)})"
    decided = f"sum{by} ({settled(window)})"
    return f"clamp(1 - ({broken} - {withdrawn}) / ({decided} > 0), 0, 1)"


def share_promised(window: str) -> str:
    """The target of each tier, weighted by the same clocks that its share is made of."""
    match = "on (channel, tier, clock) group_left ()"
    promised = f"sum by (tier) ({settled(window)} * {match} {TARGET_RATIO})"
    counted = f"sum by (tier) ({settled(window)} * {match} ({TARGET_RATIO} >= bool 0))"
    return f"{promised} / ({counted} > 0)"


def query(expr: str, legend: str = "__auto", ref: str = "A") -> prometheus.Dataquery:
    asked = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref).datasource(SOURCE)
    return asked.editor_mode(QueryEditorMode.CODE).range()


def query_now(expr: str, legend: str = "__auto", ref: str = "A") -> prometheus.Dataquery:
    return query(expr, legend, ref).instant()


def steps(colours: Steps) -> board.ThresholdsConfig:
    thresholds = [dashboard.Threshold(value=value, color=colour) for value, colour in colours]
    return board.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(thresholds)


def setting(name: str, value: object) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def runbook(anchor: str) -> str:
    return f"${{docs_url}}/runbook.md#{anchor}"


def tile(number: int, title: str, unit: str, colours: Steps, anchor: str) -> stat.Panel:
    """One of the six answers of the first row."""
    panel = stat.Panel().id(number).title(title).unit(unit).datasource(SOURCE).span(4).height(5)
    panel = panel.thresholds(steps(colours)).decimals(0)
    panel = panel.color_scheme(board.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    panel = panel.color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
    panel = panel.graph_mode(common.BigValueGraphMode.NONE)
    panel = panel.reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
    link = board.DashboardLink("What to do").url(runbook(anchor)).target_blank(True)
    return panel.data_links([link])


def waiting_tile() -> stat.Panel:
    panel = tile(1, "Waiting", "short", NEUTRAL, "how-to-read-the-dashboard")
    panel = panel.description("Contacts that are owed an answer by a person, in open teams.")
    return panel.no_value("nothing measured yet").with_target(query_now(f"sum({WAITING})"))


def late_tile() -> stat.Panel:
    panel = tile(2, "Late now", "short", [(None, "green"), (1, "red")], "evenhandoverdue")
    panel = panel.description("Promises already broken and still open. Act on these first.")
    return panel.no_value("nothing measured yet").with_target(query_now(f"sum({OVERDUE})"))


def next_breach_tile() -> stat.Panel:
    colours: Steps = [(None, "red"), (0, "orange"), (60, "green")]
    panel = tile(3, "Next promise breaks", "dthms", colours, "evenhandoverdue")
    panel = panel.description(
        'How long until the next promise breaks, in hours, minutes and seconds. With "ago": the '
        "oldest broken promise broke that long ago."
    )
    return panel.no_value("no promise runs").with_target(query_now(f"min({NEXT_BREACH}) - time()"))


def kept_tile() -> stat.Panel:
    panel = tile(4, "Kept in time", "percentunit", NEUTRAL, "how-to-read-the-dashboard")
    panel = panel.description(
        "Share of promises kept, and of how many that were decided in the time range above. One "
        "that is still open counts as broken from the moment it breaks. Few say little."
    )
    panel = panel.with_target(query_now(share_kept("$__range"), "kept"))
    panel = panel.with_target(query_now(f"sum({settled('$__range')})", "of", "B"))
    panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME).no_value("none decided yet")
    return panel.override_by_name("of", [setting("unit", "short")])


def longest_wait_tile() -> stat.Panel:
    panel = tile(5, "Longest wait", "dthms", NEUTRAL, "how-to-read-the-dashboard")
    panel = panel.description("How long the one has waited who has waited longest.")
    return panel.no_value("nobody waits").with_target(query_now(f"time() - min({OLDEST})"))


def data_age_tile() -> stat.Panel:
    news = once(f"evenhand_source_last_event_timestamp_seconds{{{CHANNEL}}}")
    limit = once(f"evenhand_source_silent_after_timestamp_seconds{{{CHANNEL}}}")
    panel = tile(6, "Data age", "dthms", NEUTRAL, "evenhandsourcesilent")
    panel = panel.description(
        "How old the newest news is, and how many sources are silent for longer than they may be "
        "in open hours. With a silent source, distrust the other numbers."
    )
    panel = panel.with_target(query_now(f"time() - max({news})", "newest news"))
    panel = panel.with_target(query_now(f"sum({limit} < bool time())", "silent sources", "B"))
    panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME).no_value("no news yet")
    alarm = {"mode": "absolute", "steps": [{"color": "green"}, {"color": "red", "value": 1}]}
    silent = [setting("unit", "short"), setting("thresholds", alarm)]
    return panel.override_by_name("silent sources", silent)


def longest_table() -> table.Panel:
    groups = "by (team, channel, tier)"
    waits = f"min {groups} ({OLDEST})"
    columns = {
        "team": "Team",
        "channel": "Channel",
        "tier": "Tier",
        "Value #A": "Longest wait",
        "Value #B": "Time left to promise",
        "Value #C": "Waiting",
    }
    panel = table.Panel().id(7).title("Who waits longest").unit("dthms").datasource(SOURCE)
    panel = panel.description(
        'Teams, channels and tiers in which somebody waits, longest first. Time left with "ago": '
        "late by that much. The wallboard names the contacts."
    )
    panel = panel.no_value("Nobody is waiting").span(12).height(9)
    asked = (
        query_now(f"sort_desc(time() - {waits})", ref="A"),
        query_now(f"min {groups} ({NEXT_BREACH}) - time() and {waits}", ref="B"),
        query_now(f"sum {groups} ({WAITING}) and {waits}", ref="C"),
    )
    for one in asked:
        panel = panel.with_target(one.format(PromQueryFormat.TABLE))
    shape = {
        "excludeByName": {"Time": True},
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": columns,
    }
    panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(
        dashboard.DataTransformerConfig(id_val="organize", options=shape)
    )
    panel = panel.sort_by([parts.TableSortByFieldState().display_name("Longest wait").desc(True)])
    alarm = {"mode": "absolute", "steps": [{"color": "red"}, {"color": "text", "value": 0}]}
    cell = setting("custom.cellOptions", {"type": "color-text"})
    panel = panel.override_by_name(
        "Time left to promise", [setting("thresholds", alarm), cell, setting("decimals", 0)]
    )
    panel = panel.override_by_name("Longest wait", [setting("decimals", 0)])
    return panel.override_by_name("Waiting", [setting("unit", "short"), setting("decimals", 0)])


def lines(number: int, title: str, unit: str) -> timeseries.Panel:
    """A line a tier, in the same colour everywhere, named in the legend."""
    panel = timeseries.Panel().id(number).title(title).unit(unit).datasource(SOURCE)
    panel = panel.span(12).height(9).min(0).line_width(2).fill_opacity(0)
    panel = panel.show_points(common.VisibilityMode.AUTO)
    legend = parts.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    panel = panel.legend(legend.placement(common.LegendPlacement.BOTTOM).show_legend(True))
    tooltip = parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    for tier, colour in TIER_COLOURS.items():
        fixed = setting("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_regexp(f"/^({tier}|promised to {tier})$/", [fixed])
    return panel


def waiting_lines() -> timeseries.Panel:
    panel = lines(8, "Waiting, by tier", "short").decimals(0)
    panel = panel.description(
        "If one tier's line climbs while another's stays flat, ask who is served first."
    )
    panel = panel.no_value("Nothing measured yet")
    return panel.with_target(query(f"sum by (tier) ({WAITING})", "{{tier}}"))


def share_lines() -> timeseries.Panel:
    panel = lines(9, "Kept in time against the target, last hour at each point", "percentunit")
    panel = panel.description(
        "Solid: share of promises kept. Dashed: the share the policy aims at for the same work. "
        "A gap means that nothing was decided in that hour."
    )
    panel = panel.no_value("No promise decided yet").max(1)
    panel = panel.with_target(query(share_kept("1h", " by (tier)"), "{{tier}}"))
    panel = panel.with_target(query(share_promised("1h"), "promised to {{tier}}", "B"))
    dashed = setting("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})
    return panel.override_by_regexp("/^promised/", [dashed])


def alert_states() -> statetimeline.Panel:
    page = f'2 * max by (channel) ({ALERTS},severity="page"}})'
    ticket = f'max by (channel) ({ALERTS},severity="ticket"}})'
    quiet = f"0 * max by (channel) ({WAITING})"
    words = {"0": ("quiet", "green"), "1": ("look today", "orange"), "2": ("act now", "red")}
    values = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=int(value))
        for value, (text, colour) in words.items()
    }
    panel = statetimeline.Panel().id(10).title("Alerts, by channel").unit("none").datasource(SOURCE)
    panel = panel.description("When somebody was called (act now) or sent a ticket (look today).")
    panel = panel.no_value("Nothing measured yet").span(12).height(9)
    panel = panel.mappings([dashboard.ValueMap(options=values)])
    panel = panel.thresholds(steps([(None, "green"), (1, "orange"), (2, "red")]))
    panel = panel.show_value(common.VisibilityMode.AUTO).row_height(0.8)
    return panel.with_target(query(f"{page} or {ticket} or {quiet}", "{{channel}}"))


def panels() -> Iterator[Any]:
    yield from (waiting_tile(), late_tile(), next_breach_tile())
    yield from (kept_tile(), longest_wait_tile(), data_age_tile())
    yield from (longest_table(), waiting_lines(), share_lines(), alert_states())
