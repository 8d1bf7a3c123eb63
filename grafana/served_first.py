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
from grafana_foundation_sdk.models import common, dashboard

from app.core.fairness.causes import CAUSES, Cause
from app.core.fairness.words import CAUSES_IN_WORDS
from grafana.panels import (
    NEUTRAL,
    SOURCE,
    Steps,
    lines,
    once,
    query,
    query_now,
    setting,
    steps,
    tile,
)

TEAM = 'job=~"$job",team=~"$team"'
ANCHOR = "how-to-read-served-first"
COLOURS = {
    Cause.FAVOURED: "red",
    Cause.ENTITLED: "blue",
    Cause.TURNED_AWAY: "purple",
    Cause.CROWDING: "orange",
    Cause.NEGLECT: "yellow",
    Cause.UNDERSTAFFED: "super-light-blue",
    Cause.SLOW_CONTACT: "light-purple",
    Cause.OTHER_CHANNEL: "green",
    Cause.OWN_BACKLOG: "light-green",
    Cause.OVERLOAD: "semi-dark-blue",
    Cause.UNKNOWN: "text",
}
"""What was agreed has the colour of the important tier, what was not the colour of alarm."""

EPISODES = once(f"evenhand_starvation_episodes_open{{{TEAM}}}")
WAIT_FOR_IT = once(f"evenhand_starvation_customers_waiting{{{TEAM}}}")
EXTRA = once(f"evenhand_starvation_extra_wait_seconds{{{TEAM}}}")
FREE = once(f"evenhand_agents_free_while_waiting{{{TEAM}}}")
CALLBACKS = once(f"evenhand_callbacks_open{{{TEAM}}}")
OUT_OF_TURN = once(f"evenhand_out_of_turn_starts_recent{{{TEAM}}}")
TURNED_AWAY = once(f"increase(evenhand_contacts_turned_away_total{{{TEAM}}}[$__range])")


def slope(total: str, recent: str) -> str:
    """Growth a second of what a total and a gauge of the last day add up to."""
    sums = once(f"evenhand_{total}{{{TEAM}}}") + " + " + once(f"evenhand_{recent}{{{TEAM}}}")
    return f"clamp_min(deriv(({sums})[$__rate_interval:15s]), 0)"


def first_tile() -> stat.Panel:
    panel = tile(1, "Served first now", "short", [(None, "green"), (1, "red")], ANCHOR)
    panel = panel.description(
        "Customers or tiers that are taken before their turn right now, beyond what was agreed. The "
        "wallboard says who, since when, and whom to take next."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({EPISODES})"))


def waiting_tile() -> stat.Panel:
    panel = tile(2, "Wait for it", "short", [(None, "green"), (1, "red")], "evenhandservedfirst")
    panel = panel.description("Customers who wait right now because somebody else is taken first.")
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({WAIT_FOR_IT})"))


def extra_tile() -> stat.Panel:
    panel = tile(3, "Waited longer so far", "dthms", NEUTRAL, "evenhandservedfirst")
    panel = panel.description(
        "How much longer than in turn others have waited, all together, since somebody is taken "
        "first. It ends with the last one served first."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({EXTRA})"))


def free_tile() -> stat.Panel:
    colours: Steps = [(None, "green"), (1, "orange")]
    panel = tile(4, "Free while others wait", "short", colours, "evenhandfreewhileotherswait")
    panel = panel.description(
        "People who are free while a customer whom they could serve waits. Nothing is shown where no "
        "tool tells who is there."
    )
    return panel.no_value("nobody tells who is there").with_target(query_now(f"sum({FREE})"))


def out_of_turn_tile() -> stat.Panel:
    panel = tile(5, "Taken out of turn, last 24 hours", "short", NEUTRAL, ANCHOR)
    panel = panel.description(
        "Contacts that were started before their turn during the last 24 hours. A few are normal; it "
        "is no alarm by itself."
    )
    return panel.no_value("no turns known yet").with_target(query_now(f"sum({OUT_OF_TURN})"))


def told_no_tile() -> stat.Panel:
    panel = tile(6, "Told no", "short", NEUTRAL, ANCHOR)
    panel = panel.description(
        "Contacts told no, or answered and not helped, in the time range above; and customers who "
        "wait to be called back now."
    )
    panel = panel.with_target(query_now(f"sum({TURNED_AWAY})", "told no"))
    panel = panel.with_target(query_now(f"sum({CALLBACKS})", "to call back", "B"))
    panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME).no_value("nobody was told no")
    alarm = {"mode": "absolute", "steps": [{"color": "green"}, {"color": "orange", "value": 1}]}
    return panel.override_by_name("to call back", [setting("thresholds", alarm)])


def causes_bars() -> timeseries.Panel:
    """Stacked, because the causes add up to all waiting: the height is how many wait."""
    waiting = slope("wait_seconds_total", "wait_seconds_recent")
    panel = timeseries.Panel().id(7).title("Why they wait").unit("short").datasource(SOURCE)
    panel = panel.description(
        "How many wait, on average at each point, divided over what they wait for. The parts add up "
        "to all waiting. Red: others are taken first and nobody agreed to it. Blue: as agreed."
    )
    panel = panel.span(24).height(10).min(0).decimals(1).no_value("Nobody has waited yet")
    panel = panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    panel = panel.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL))
    legend = parts.VizLegendOptions().display_mode(common.LegendDisplayMode.TABLE)
    legend = legend.placement(common.LegendPlacement.RIGHT).show_legend(True)
    panel = panel.legend(legend.calcs(["mean"]))
    tooltip = parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    for cause in CAUSES:
        colour = setting("color", {"mode": "fixed", "fixedColor": COLOURS[cause]})
        words = setting("displayName", CAUSES_IN_WORDS[cause])
        panel = panel.override_by_name(cause.value, [colour, words])
    return panel.with_target(query(f"sum by (cause) ({waiting})", "{{cause}}"))


def episode_states() -> statetimeline.Panel:
    panel = (
        statetimeline.Panel().id(8).title("When somebody was served first, by team").unit("none")
    )
    panel = panel.datasource(SOURCE).span(12).height(9).no_value("No team has turns yet")
    panel = panel.description(
        "Red: somebody was taken before their turn in that team, beyond what was agreed."
    )
    quiet = dashboard.ValueMappingResult(text="in turn", color="green", index=0)
    first = dashboard.ValueMappingResult(text="served first", color="red", index=1)
    panel = panel.mappings([dashboard.ValueMap(options={"0": quiet, "1": first})])
    panel = panel.thresholds(steps([(None, "green"), (1, "red")]))
    panel = panel.show_value(common.VisibilityMode.AUTO).row_height(0.8)
    return panel.with_target(query(f"max by (team) ({EPISODES} > bool 0)", "{{team}}"))


def waiting_lines() -> timeseries.Panel:
    panel = lines(9, "Customers who wait for somebody served first", "short").decimals(0)
    panel = panel.description("In the teams chosen above, at each moment.")
    panel = panel.no_value("Nobody has been served first yet")
    return panel.with_target(query(f"sum({WAIT_FOR_IT})", "wait for it"))


def start_lines() -> timeseries.Panel:
    starts = slope("out_of_turn_starts_total", "out_of_turn_starts_recent")
    panel = lines(10, "Taken out of turn per hour, by tier", "short").decimals(1)
    panel = panel.description(
        "Contacts started before their turn. If it is nearly always the same tier, ask whether that "
        "was agreed."
    )
    panel = panel.no_value("Nothing has been started yet")
    return panel.with_target(query(f"3600 * sum by (tier) ({starts})", "{{tier}}"))


def told_no_lines() -> timeseries.Panel:
    panel = lines(11, "Wait to be called back", "short").decimals(0)
    panel = panel.description(
        "Customers who did not get through, or were told no, and have not been called back."
    )
    panel = panel.no_value("Nobody waits to be called back")
    return panel.with_target(query(f"sum({CALLBACKS})", "to call back"))


def panels() -> Iterator[Any]:
    yield from (first_tile(), waiting_tile(), extra_tile())
    yield from (free_tile(), out_of_turn_tile(), told_no_tile())
    yield from (causes_bars(), episode_states(), waiting_lines(), start_lines(), told_no_lines())
