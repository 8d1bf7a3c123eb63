"""The panels of "Evenhand - served first": who waits because others are taken first, and why else.

All waiting, and all starts out of turn, are two series: a total of what is older than a day, which
nothing changes any more, and a gauge of the last day, which late news may correct. Their sum is all
up to now, so its slope is what happens now; `rate` would take a correction for a restart.
"""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common

from app.core.fairness.causes import CAUSES, Cause
from app.core.fairness.words import CAUSES_IN_WORDS
from grafana.board import (
    ADDRESSES,
    CUSTOMER,
    METRICS,
    NOW,
    RUNBOOK,
    SOURCE,
    WALLBOARD_TURNS,
    Shown,
    choice,
)
from grafana.panels import (
    ALARM,
    NEUTRAL,
    WARNING,
    coloured,
    fixed,
    lines,
    named,
    query,
    query_now,
    setting,
    strip,
    tier_lines,
    tile,
)
from grafana.queries import TEAM, foremost, gauge, once, slope, where_grown

ANCHOR = "how-to-read-served-first"
COLOURS = {
    Cause.FAVOURED: "#E02F44",
    Cause.ENTITLED: "#1F60C4",
    Cause.TURNED_AWAY: "#7B2CA3",
    Cause.CROWDING: "#FF780A",
    Cause.NEGLECT: "#8A5A2B",
    Cause.UNDERSTAFFED: "#0B7F78",
    Cause.SLOW_CONTACT: "#DDB3F2",
    Cause.OTHER_CHANNEL: "#62CFE8",
    Cause.OWN_BACKLOG: "#56A64B",
    Cause.OVERLOAD: "#F2CC0C",
    Cause.UNKNOWN: "#8E8E8E",
}
"""What was not agreed has the colour of alarm; neighbours differ in hue and in lightness."""

EPISODES = gauge("starvation_episodes_open", TEAM)
WAIT_FOR_IT = gauge("starvation_customers_waiting", TEAM)
EXTRA = gauge("starvation_extra_wait_seconds", TEAM)
FREE = gauge("agents_free_while_waiting", TEAM)
CALLBACKS = gauge("callbacks_open", TEAM)
OUT_OF_TURN = gauge("out_of_turn_starts_recent", TEAM)
TURNED_AWAY = once(f"increase(evenhand_contacts_turned_away_total{{{TEAM}}}[$__range])")


def first_tile() -> stat.Panel:
    panel = tile(1, "Served first now", "short", ALARM, ANCHOR)
    panel = panel.description(
        "Customers or tiers that are taken before their turn right now, beyond what was agreed. The "
        "wallboard says who, since when, and whom to take next."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({EPISODES})"))


def waiting_tile() -> stat.Panel:
    panel = tile(2, "Wait because of it", "short", ALARM, "evenhandservedfirst")
    panel = panel.description("Customers who wait right now because somebody else is taken first.")
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({WAIT_FOR_IT})"))


def extra_tile() -> stat.Panel:
    panel = tile(3, "Extra waiting", "s", NEUTRAL, "evenhandservedfirst").decimals(1)
    panel = panel.description(
        "How much longer than in turn others have waited, all together, since somebody is taken "
        "first. It ends with the last one served first."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({EXTRA})"))


def free_tile() -> stat.Panel:
    panel = tile(4, "Free, others wait", "short", WARNING, "evenhandfreewhileotherswait")
    panel = panel.description(
        "People who are free while a customer whom they could serve waits. Nothing is shown where no "
        "tool tells who is there."
    )
    return panel.no_value("nobody tells who is there").with_target(query_now(f"sum({FREE})"))


def out_of_turn_tile() -> stat.Panel:
    panel = tile(5, "Out of turn, 24 h", "short", NEUTRAL, ANCHOR)
    panel = panel.description(
        "Contacts that were started before their turn during the last 24 hours. A few are normal; it "
        "is no alarm by itself."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({OUT_OF_TURN})"))


def told_no_tile() -> stat.Panel:
    panel = named(tile(6, "Turned away", "short", NEUTRAL, ANCHOR))
    panel = panel.description(
        "Contacts turned away, or answered and not helped, in the time range above; and customers who "
        "wait to be called back now."
    )
    panel = panel.with_target(query_now(f"sum({TURNED_AWAY})", "turned away"))
    panel = panel.with_target(query_now(f"sum({CALLBACKS})", "to call back", "B"))
    panel = panel.override_by_query("B", [coloured(WARNING)])
    return panel.no_value("nothing measured yet")


def causes_bars() -> timeseries.Panel:
    """Stacked, because the causes add up to all waiting: the height is how many wait."""
    waiting = slope("wait_seconds_total", "wait_seconds_recent")
    panel = timeseries.Panel().id(7).title("Why they wait").unit("short").datasource(SOURCE)
    panel = panel.description(
        "How many wait, on average at each point, divided over what they wait for. The parts add up "
        "to all waiting. Red: others are taken first and nobody agreed to it. Dark blue: as agreed."
    )
    panel = panel.span(24).height(8).interval("5m").min(0).no_value("Nobody has waited yet")
    panel = panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    panel = panel.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL))
    legend = parts.VizLegendOptions().display_mode(common.LegendDisplayMode.TABLE)
    legend = legend.placement(common.LegendPlacement.RIGHT).show_legend(True)
    panel = panel.legend(legend.calcs(["mean"]).sort_by("Mean").sort_desc(True))
    tooltip = parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    for cause in CAUSES:
        words = setting("displayName", CAUSES_IN_WORDS[cause])
        panel = panel.override_by_name(cause.value, [fixed(COLOURS[cause]), words])
    causes = f"sum by (cause) ({waiting})"
    causes = where_grown(causes, "cause", "wait_seconds_total", "wait_seconds_recent")
    return panel.with_target(query(causes, "{{cause}}"))


def episode_states() -> statetimeline.Panel:
    states = (("in turn", "green"), ("served first", "red"))
    panel = strip(8, "When somebody was served first, by team", states).span(12).height(6)
    panel = panel.description(
        "Red: somebody was taken before their turn in that team, beyond what was agreed. The twenty "
        "teams in which it happened most."
    )
    first = f"max by (team) ({EPISODES} > bool 0)"
    expr = foremost(first, "team", "starvation_episodes_open", TEAM)
    return panel.no_value("No team has turns yet").with_target(query(expr, "{{team}}"))


def free_states() -> statetimeline.Panel:
    states = (("in order", "green"), ("free while others waited", "orange"))
    panel = strip(12, "When somebody was free while others waited, by team", states)
    panel = (
        panel.span(12)
        .height(6)
        .description(
            "Orange: somebody was free in that team while a customer whom they could serve waited. "
            "Nothing is shown where no tool tells who is there."
        )
    )
    free = f"max by (team) ({FREE} > bool 0)"
    expr = foremost(free, "team", "agents_free_while_waiting", TEAM)
    return panel.no_value("Nobody tells who is there").with_target(query(expr, "{{team}}"))


def waiting_lines() -> timeseries.Panel:
    panel = lines(9, "Wait for somebody served first", "short").decimals(0)
    panel = (
        panel.span(8)
        .height(7)
        .description(
            "Customers who wait because somebody else is taken first, in the teams chosen above."
        )
    )
    panel = panel.no_value("No turns known yet")
    return panel.with_target(query(f"sum({WAIT_FOR_IT})", "because of it"))


def start_lines() -> timeseries.Panel:
    starts = slope("out_of_turn_starts_total", "out_of_turn_starts_recent")
    panel = tier_lines(10, "Taken out of turn per hour, by tier", "short").interval("15m")
    panel = panel.span(8).height(7)
    panel = panel.description(
        "Contacts started before their turn. If it is nearly always the same tier, ask whether that "
        "was agreed."
    )
    panel = panel.no_value("Nothing has been started yet")
    return panel.with_target(query(f"3600 * sum by (tier) ({starts})", "{{tier}}"))


def told_no_lines() -> timeseries.Panel:
    panel = lines(11, "Wait to be called back", "short").decimals(0).span(8).height(7)
    panel = panel.description(
        "Customers who did not get through, or were turned away, and have not been called back."
    )
    panel = panel.no_value("Nothing measured yet")
    return panel.with_target(query(f"sum({CALLBACKS})", "to call back"))


def panels() -> Iterator[Any]:
    yield from (first_tile(), waiting_tile(), extra_tile())
    yield from (free_tile(), out_of_turn_tile(), told_no_tile())
    yield from (causes_bars(), episode_states(), free_states())
    yield from (waiting_lines(), start_lines(), told_no_lines())


def shown() -> Shown:
    teams = 'label_values(evenhand_contacts_waiting{job=~"$job"}, team)'
    return Shown(
        uid="evenhand-served-first",
        title="Evenhand - served first",
        description="Does anybody wait because others are taken first, and was that agreed?",
        choices=(
            METRICS,
            choice("job", "Job", "label_values(evenhand_build_info, job)"),
            choice("team", "Team", teams),
            *ADDRESSES,
        ),
        marked='team=~"$team|"',
        links=(WALLBOARD_TURNS, NOW, CUSTOMER, RUNBOOK),
        panels=panels(),
    )
