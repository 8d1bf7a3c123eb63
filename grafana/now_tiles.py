"""The first row of "Now": six tiles, six questions."""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import dashboard

from grafana.panels import (
    ALARM,
    NEUTRAL,
    WARNING,
    coloured,
    named,
    query_now,
    setting,
    tile,
)
from grafana.queries import (
    ANSWER_DUE,
    JUDGED_TODAY,
    LAST_NEWS,
    LATE_LEFT,
    LATE_SOON,
    OVER_PROMISE,
    OVERDUE,
    OVERDUE_WORD,
    SILENT_AFTER,
    gauge,
    with_kind,
)

BIG = 36
"""Pixels of a value that has its tile for itself."""
FEW_PROMISES = 10
NOTHING_YET = "nothing yet"


def urgent_tile() -> stat.Panel:
    """Late and left are two queries, of which one answers: no sign of a number has to be read."""
    soon = [(None, "orange"), (60, "green")]
    panel = named(tile(1, "Most urgent", "dthms", soon, "evenhandoverdue"), BIG).span(5)
    panel = panel.description(
        "The team whose answer is latest for what was promised, and by how much: five minutes are "
        "more on the phone than in the mail. When none is late, the team whose next answer is due "
        "first, and the time left, in hours, minutes and seconds."
    )
    late = f"time() - {ANSWER_DUE} and topk(1, {OVER_PROMISE})"
    left = f"bottomk(1, {ANSWER_DUE} - time() >= 0) unless on () (time() - min({ANSWER_DUE}) > 0)"
    nothing = f"0 * sum({OVERDUE}) unless on () min({ANSWER_DUE})"
    panel = panel.with_target(query_now(late, "{{team}}, {{channel}}: late by"))
    panel = panel.with_target(query_now(left, "{{team}}, {{channel}}: time left", "B"))
    panel = panel.with_target(query_now(nothing, "in these teams", "C"))
    panel = panel.override_by_query("A", [coloured([(None, "red")])])
    words = dashboard.ValueMappingResult(text="all clear", color="green", index=0)
    calm = [dashboard.ValueMap(options={"0": words})]
    panel = panel.override_by_query("C", [setting("mappings", calm)])
    return panel.no_value(NOTHING_YET)


def late_tile() -> stat.Panel:
    panel = tile(2, "Late now", "short", ALARM, "evenhandoverdue").span(3)
    panel = panel.description(
        "Promises already broken and still open, without follow-ups and callbacks, which have a "
        "tile of their own. Act on these first."
    )
    return panel.no_value(NOTHING_YET).with_target(query_now(f"sum({OVERDUE})"))


def soon_tile() -> stat.Panel:
    panel = named(tile(3, "Late soon", "short", WARNING, "how-to-read-the-dashboard"), 28)
    panel = panel.description(
        "Promises of every kind that are not broken yet: that will be within a quarter of an hour "
        "if nobody takes them, and, in the last open minutes, that are late the moment the team "
        "opens again. Open hours and pauses are counted in."
    )
    panel = panel.with_target(query_now(f"sum({LATE_SOON})", "within 15 min"))
    closing = f"sum({gauge('clocks_due_before_closing')})"
    panel = panel.with_target(query_now(closing, "due by closing", "B"))
    return panel.no_value(NOTHING_YET)


def today_tile() -> stat.Panel:
    tight = [(None, "orange"), (1, "green")]
    panel = tile(4, "Today's target", "short", tight, "how-to-read-the-dashboard")
    panel = named(panel, BIG).description(
        "The team that is worst off: how many more of its promises of one kind can be late today "
        "while it still keeps as many as the policy wants, or by how many it has missed that. Kinds "
        "of which fewer than ten were judged today are left out until one is missed."
    )
    missed = f"-1 * bottomk(1, {LATE_LEFT} < 0)"
    counts = f"{LATE_LEFT} >= 0 and {JUDGED_TODAY} >= {FEW_PROMISES}"
    makes = f"bottomk(1, {counts}) unless on () (min({LATE_LEFT}) < 0)"
    about = "{{team}}, {{channel}}, {{kind}}"
    panel = panel.with_target(query_now(with_kind(missed), f"{about}: too many late"))
    panel = panel.with_target(query_now(with_kind(makes), f"{about}: may still be late", "B"))
    panel = panel.override_by_query("A", [coloured([(None, "red")])])
    return panel.no_value(NOTHING_YET)


def promises_tile() -> stat.Panel:
    panel = named(tile(5, "Follow-ups, calls", "short", NEUTRAL, "how-to-read-the-dashboard"))
    panel = panel.description(
        "Follow-ups due before the day is over; follow-ups and callbacks that are overdue; and "
        "customers who did not get through, or were turned away, and have not been called back."
    )
    due = f"sum({gauge('promises_due_today')})"
    overdue = f"sum({OVERDUE_WORD})"
    callbacks = f"sum({gauge('callbacks_open')})"
    panel = panel.with_target(query_now(due, "follow-ups today"))
    panel = panel.with_target(query_now(overdue, "overdue", "B"))
    panel = panel.with_target(query_now(callbacks, "to call back", "C"))
    panel = panel.override_by_query("B", [coloured(ALARM)])
    panel = panel.override_by_query("C", [coloured(WARNING)])
    return panel.no_value("no promises yet")


def trust_tile() -> stat.Panel:
    panel = named(tile(6, "Up to date?", "dthms", NEUTRAL, "evenhandsourcesilent"))
    panel = panel.description(
        "How many sources are silent for longer than they may be in open hours, and how long "
        "ago anything was received. With a silent source, distrust the other numbers."
    )
    silent = f"sum({SILENT_AFTER} < bool time())"
    panel = panel.with_target(query_now(silent, "silent sources"))
    panel = panel.with_target(query_now(f"time() - max({LAST_NEWS})", "last received", "B"))
    panel = panel.override_by_query("A", [setting("unit", "short"), coloured(ALARM)])
    return panel.no_value("nothing received yet")


def tiles() -> Iterator[stat.Panel]:
    yield from (urgent_tile(), late_tile(), soon_tile())
    yield from (today_tile(), promises_tile(), trust_tile())
