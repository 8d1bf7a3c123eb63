"""The dashboard "Customer": how do we treat this one customer."""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator, Mapping
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common

from grafana import customer_queries as asks
from grafana.board import ADDRESSES, NOW, RUNBOOK, SERVED_FIRST, WALLBOARD, Shown
from grafana.customer_columns import CHANNELS, shown_as
from grafana.panels import (
    ALARM,
    NEUTRAL,
    WARNING,
    Steps,
    coloured,
    fixed,
    lines,
    named,
    setting,
    steps,
    tile,
)
from grafana.sql import DATABASE, DATABASES, Query, drop_down

ANCHOR = "how-to-read-customer"
UNKNOWN = "nothing is known yet"
CHANNEL_COLOURS = {"phone": "blue", "chat": "purple", "email": "orange"}


def asked(panel: stat.Panel, sql: str, words: Mapping[str, str]) -> stat.Panel:
    """The values of one row, each named."""
    panel = panel.datasource(DATABASE).with_target(Query(sql))
    for column, text in words.items():
        panel = panel.override_by_name(column, [setting("displayName", text)])
    return panel


def waiting_tile() -> stat.Panel:
    panel = named(tile(1, "Waits for us now", "dthms", NEUTRAL, ANCHOR)).no_value(UNKNOWN)
    panel = panel.description(
        "How many contacts of the customer are owed an answer by a person, for how long the first of "
        "them has been (around the clock), and within which time it was promised (in open hours)."
    )
    words = {"waiting": "waiting", "longest": "longest", "promised": "promised"}
    panel = panel.override_by_name("waiting", [setting("unit", "short")])
    for column in ("longest", "promised"):
        panel = panel.override_by_name(column, [setting("noValue", "-")])
    return asked(panel, asks.WAITING, words)


def late_tile() -> stat.Panel:
    panel = tile(2, "Late now", "short", ALARM, "evenhandoverdue").no_value(UNKNOWN)
    panel = panel.description(
        "Promises to the customer that are broken and still open, of all kinds."
    )
    return asked(panel, asks.LATE, {})


def kept_tile() -> stat.Panel:
    panel = named(tile(3, "Kept in time", "short", NEUTRAL, ANCHOR))
    panel = panel.description(
        "Promises to the customer that were kept, and of how many that were decided in the time range above. "
        "One that is still open is decided when it becomes late. Counts, because a share of few says "
        "little."
    )
    panel = panel.no_value("nothing decided in this time")
    return asked(panel, asks.KEPT, {"kept": "kept", "decided": "of"})


def longest_tile() -> stat.Panel:
    panel = named(tile(4, "Longest wait", "dthms", NEUTRAL, ANCHOR))
    panel = panel.description(
        "Of the waits for an answer that ended in the time range above the longest, in open hours, "
        "and what was promised for it. It may have ended because the customer gave up."
    )
    panel = panel.no_value("no answer in this time")
    return asked(panel, asks.LONGEST, {"waited": "waited", "promised": "promised"})


def promised_tile() -> stat.Panel:
    panel = named(tile(5, "Follow-ups", "short", NEUTRAL, ANCHOR))
    panel = panel.description(
        "What we told the customer we would do by a certain time, and have not done."
    )
    panel = panel.override_by_name("overdue", [coloured(ALARM)]).no_value("nothing was promised")
    return asked(panel, asks.PROMISED, {"open": "not done yet", "overdue": "of them overdue"})


def others_tile() -> stat.Panel:
    panel = named(tile(6, "Others first", "short", WARNING, "evenhandservedfirst"))
    panel = panel.description(
        "In the time range above: how often the customer waited because somebody else was taken first beyond "
        "what was agreed, how much longer than in turn that took, and how often they were turned away, or "
        "answered and not helped."
    )
    panel = panel.override_by_name("seconds", [setting("unit", "dthms"), coloured(WARNING)])
    words = {"times": "others first", "seconds": "extra", "told_no": "turned away"}
    return asked(panel, asks.OTHERS_FIRST, words).no_value(UNKNOWN)


def listed(
    number: int, title: str, sql: str, columns: str, stretched: str = "contact"
) -> table.Panel:
    """A table, a row a case, with a way into the tool and to how it was worked out."""
    panel = table.Panel().id(number).title(title).unit("none").datasource(DATABASE).span(24)
    panel = panel.with_target(Query(sql)).height(8)
    for column in columns.split():
        panel = panel.override_by_name(column, shown_as(column, stretched))
    return panel


def open_table() -> table.Panel:
    columns = "contact channel team waiting_since clock target_seconds late_at verdict source link"
    panel = listed(7, "Open contacts", asks.OPEN, columns)
    panel = panel.description(
        "Each open contact with the promise that is next to be late, or is late for longest. The "
        "contact's id leads to how the deadline was worked out."
    )
    return panel.no_value("Nothing is open")


def follow_ups_table() -> table.Panel:
    columns = "due_at verdict promised_at moves team contact source link"
    panel = listed(8, "Follow-ups promised", asks.FOLLOW_UPS, columns)
    panel = panel.description(
        "Those not done yet, the most urgent first; then those of the time range above. Moving one "
        "that is late does not make it kept."
    )
    return panel.height(6).no_value("Nothing was promised in this time")


def besides_table() -> table.Panel:
    columns = "since happened until seconds team contact source link"
    panel = listed(9, "Turned away, called back, others first", asks.BESIDES, columns, "happened")
    panel = panel.description(
        "What no answering time shows, newest first. Who was taken before the customer stands on the page "
        "Served first."
    )
    return panel.height(6).no_value("Nothing of the kind in this time")


def answers_dots() -> timeseries.Panel:
    panel = lines(10, "Answers against the promise", "percentunit").datasource(DATABASE)
    panel = panel.description(
        "The slowest answer at each point, as the share of the promised time that it took. The red "
        "line is the promise: above it the answer was late."
    )
    panel = panel.draw_style(common.GraphDrawStyle.POINTS).point_size(8).interval("1m")
    line = parts.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
    promise: Steps = [(None, "transparent"), (1, "red")]
    panel = panel.thresholds(steps(promise)).thresholds_style(line)
    for channel, colour in CHANNEL_COLOURS.items():
        word = setting("displayName", CHANNELS[channel])
        panel = panel.override_by_name(channel, [fixed(colour), word])
    panel = panel.with_target(Query(asks.ANSWERED, "time_series"))
    return panel.no_value("No answer in this time")


def days_bars() -> timeseries.Panel:
    """Stacked, because the parts add up to all that was decided."""
    panel = lines(11, "Kept and late, day by day", "short").datasource(DATABASE)
    panel = panel.description(
        "Promises to the customer that were decided on each day, of all kinds. What is open counts as late on "
        "the day on which it became late."
    )
    panel = panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    panel = panel.bar_alignment(common.BarAlignment.AFTER)
    panel = panel.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL)).decimals(0)
    for column, colour in (("kept", "green"), ("late", "red")):
        panel = panel.override_by_name(column, [fixed(colour), setting("displayName", column)])
    panel = panel.with_target(Query(asks.DAYS, "time_series")).interval("1d")
    return panel.no_value("Nothing decided in this time")


def late_table() -> table.Panel:
    columns = (
        "late_at clock target_seconds elapsed_seconds verdict rule channel team contact source"
    )
    panel = listed(12, "Late, and why", asks.WERE_LATE, f"{columns} link", "rule")
    panel = panel.description(
        "Every promise that became late in the time range above, newest first: what was promised, by "
        "which rule of the policy, and what it took in open hours."
    )
    return panel.no_value("Nothing was late in this time")


def panels() -> Iterator[Any]:
    yield from (waiting_tile(), late_tile(), kept_tile())
    yield from (longest_tile(), promised_tile(), others_tile())
    yield from (open_table(), follow_ups_table(), besides_table())
    yield from (answers_dots(), days_bars(), late_table())


def shown() -> Shown:
    return Shown(
        uid="evenhand-customer",
        title="Evenhand - customer",
        description="How do we treat this customer: what they wait for, and what we kept.",
        choices=(
            DATABASES,
            drop_down("customer", "Customer", asks.CUSTOMERS),
            *ADDRESSES,
        ),
        marked="",
        links=(NOW, SERVED_FIRST, WALLBOARD, RUNBOOK),
        panels=panels(),
        since="now-7d",
    )
