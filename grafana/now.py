"""The dashboard "Now": who waits longest against the promise, who is late next, and what to do."""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.models import common

from grafana.board import (
    ADDRESSES,
    CUSTOMER,
    ITSELF,
    METRICS,
    RUNBOOK,
    SERVED_FIRST,
    SOURCE,
    WALLBOARD,
    Shown,
    choice,
)
from grafana.now_tiles import tiles
from grafana.panels import (
    WARNING,
    coloured,
    fixed,
    named,
    narrow,
    query,
    query_now,
    query_rows,
    rows,
    setting,
    sizes,
    strip,
    tier_lines,
    tile,
)
from grafana.queries import (
    ANSWER_DUE,
    CHANNEL,
    GROUP,
    JOB,
    LAST_NEWS,
    OLDEST,
    OVER_PROMISE,
    SILENT_AFTER,
    TEAM,
    WAITING,
    gauge,
    gauge_before,
    once,
    share_kept,
    share_promised,
)

ALERTS = (
    'ALERTS{alertname=~"Evenhand.+",alertstate="firing",channel=~"$channel|any|",team=~"$team|"'
)
"""The other alternatives keep alerts of all channels, or of no team, such as EvenhandAbsent."""
STATES = (
    ("on_contact", "serving", "semi-dark-green"),
    ("ringing", "ringing", "yellow"),
    ("wrap_up", "wrap-up", "super-light-green"),
    ("free", "free", "green"),
    ("away", "away", "text"),
    ("unknown", "not known", "light-purple"),
)
AT_WORK = f'{TEAM},state=~"on_contact|ringing|wrap_up|free"'
CHANGES = (
    ("nothing new", "green"),
    ("new policy", "blue"),
    ("fewer people", "orange"),
    ("a source is silent", "red"),
    ("more comes in", "yellow"),
    ("look today", "orange"),
    ("act now", "red"),
)
"""What a bar of the strip can say, by its number."""
POLICY, FEWER, SILENT, MORE, LOOK, ACT = range(1, 7)
NO_CELL = setting("noValue", "-")
"""Or an empty cell would say what the whole table says when it is empty."""
WIDTHS = {"Channel": 75, "Tier": 90, "Of the promise": 130, "Late by": 90, "Time left": 105}
WIDTHS |= {"Has waited": 95, "Waiting": 75}
FEW_CONTACTS = 10
"""Fewer in a quarter of an hour say nothing about whether more than usual comes in."""


def longest_table() -> table.Panel:
    groups = "by (team, channel, tier)"
    waits = f"min {groups} ({OLDEST})"
    due = f"min {groups} ({ANSWER_DUE})"
    panel = table.Panel().id(7).title("Who waits longest").unit("dthms").datasource(SOURCE)
    panel = panel.description(
        "Teams, channels and tiers in which somebody waits for an answer. First those that are "
        "latest for what was promised (how late, as a share of the promise), then those that are "
        "due next. A team's name leads to its page on the wallboard, which names the contacts."
    )
    panel = panel.no_value("Nobody waits, or nothing is measured yet").span(16).height(8)
    latest = f"topk {groups} (1, {OVER_PROMISE})"
    late_by = f"max {groups} (time() - {ANSWER_DUE} and {latest})"
    left = f"{due} - time() >= 0 unless {late_by}"
    panel = panel.with_target(query_rows(f"max {groups} ({OVER_PROMISE})", "E"))
    panel = panel.with_target(query_rows(late_by, "A"))
    panel = panel.with_target(query_rows(left, "B"))
    panel = panel.with_target(query_rows(f"time() - {waits}", "C"))
    panel = panel.with_target(query_rows(f"sum {groups} ({WAITING}) and {waits}", "D"))
    columns = {"team": "Team", "channel": "Channel", "tier": "Tier"}
    columns |= {"Value #E": "Of the promise", "Value #A": "Late by"}
    columns |= {"Value #B": "Time left", "Value #C": "Has waited", "Value #D": "Waiting"}
    furthest = parts.TableSortByFieldState().display_name("Of the promise").desc(True)
    soonest = parts.TableSortByFieldState().display_name("Time left").desc(False)
    panel = rows(panel, columns).sort_by([furthest, soonest]).decimals(0)
    red = [coloured([(None, "red")]), setting("custom.cellOptions", {"type": "color-text"})]
    share = [setting("unit", "percentunit"), *red, NO_CELL]
    panel = panel.override_by_name("Of the promise", share)
    panel = panel.override_by_name("Late by", [*red, NO_CELL])
    for column in ("Time left", "Has waited"):
        panel = panel.override_by_name(column, [NO_CELL])
    team = "${__value.raw:percentencode}"
    ways = [
        {"title": "Show on the wallboard", "url": f"${{wallboard_url}}/?team={team}"},
        {"title": "Who is served first", "url": f"/d/evenhand-served-first?var-team={team}"},
    ]
    panel = panel.override_by_name("Team", [setting("links", ways)])
    panel = panel.override_by_name("Waiting", [setting("unit", "short"), NO_CELL])
    return narrow(panel, WIDTHS)


def people_bars() -> bargauge.Panel:
    panel = bargauge.Panel().id(11).title("What people do now").unit("short").datasource(SOURCE)
    panel = panel.description(
        "People of the teams chosen above by what they do right now. Whether those who are free "
        "could help a customer who waits is on Served first. Not known are those of whom no tool "
        "says whether they are there."
    )
    panel = panel.span(8).height(8).min(0).decimals(0).no_value("Nobody tells who is there")
    panel = panel.orientation(common.VizOrientation.HORIZONTAL).show_unfilled(True)
    panel = panel.display_mode(common.BarGaugeDisplayMode.BASIC).text(sizes(13, 20))
    panel = panel.name_placement(common.BarGaugeNamePlacement.LEFT)
    panel = panel.reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
    for place, (state, words, colour) in enumerate(STATES):
        ref = "ABCDEF"[place]
        counted = gauge("agents", f'{TEAM},state="{state}"')
        panel = panel.with_target(query_now(f"sum({counted})", words, ref))
        panel = panel.override_by_query(ref, [fixed(colour)])
    return panel


def waiting_lines() -> timeseries.Panel:
    panel = tier_lines(8, "Waiting, by tier", "short").decimals(0).span(8).height(7)
    panel = panel.description(
        "Contacts that are owed an answer by a person, in open teams. If one tier's line climbs "
        "while another's stays flat, ask who is served first."
    )
    panel = panel.no_value("Nothing measured yet")
    return panel.with_target(query(f"sum by (tier) ({WAITING})", "{{tier}}"))


def share_lines() -> timeseries.Panel:
    panel = tier_lines(9, "Kept in time against the target", "percentunit").span(8).height(7)
    panel = panel.description(
        "The last hour at each point. Solid: share of promises kept. Dashed: the share that the "
        "policy aims at for the same work. A gap means that nothing was decided in that hour."
    )
    panel = panel.no_value("No promise decided yet").max(1).decimals(0)
    panel = panel.with_target(query(share_kept("1h", " by (tier)"), "{{tier}}"))
    panel = panel.with_target(query(share_promised("1h"), "promised to {{tier}}", "B"))
    dashed = setting("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})
    return panel.override_by_query("B", [dashed])


def trust_list() -> stat.Panel:
    panel = named(tile(12, "What cannot be trusted", "short", WARNING, "evenhandsourcesilent"), 16)
    panel = panel.span(8).height(7).color_mode(common.BigValueColorMode.VALUE)
    panel = panel.description(
        "Contacts that are missing from the other numbers or partly guessed: no tool can tell when "
        "they were answered, they fell silent, or something was concluded that nobody told. Then "
        "deliveries that could not be read, and the sources whose last news is oldest."
    )
    doubts = (
        ("contacts_not_measurable", "answers cannot be seen"),
        ("contacts_lost_track", "lost track of"),
        ("contacts_inferred", "concluded, not told"),
        ("contacts_untold", "not told when we get back"),
    )
    for ref, (name, words) in zip("ABCD", doubts, strict=True):
        panel = panel.with_target(query_now(f"sum({gauge(name)})", words, ref))
    held = f"sum({gauge('events_quarantined', JOB)})"
    panel = panel.with_target(query_now(held, "deliveries we could not read", "E"))
    news = f"topk(5, time() - max by (source) ({LAST_NEWS}))"
    panel = panel.with_target(query_now(news, "last news from {{source}}", "F"))
    panel = panel.override_by_query("F", [setting("unit", "dthms"), coloured([(None, "text")])])
    return panel.no_value("Nothing measured yet")


def changes_strip() -> statetimeline.Panel:
    panel = strip(10, "What changed", CHANGES).span(24).height(7)
    panel = panel.description(
        "When the policy changed, when at least a tenth fewer people were at work than an hour "
        "before, when a source was silent longer than it may be, when half as many contacts again "
        "came in as an hour before, and when somebody was called (act now) or sent a ticket (look "
        "today)."
    )
    policy = once(f"changes(evenhand_policy_version{{{JOB}}}[10m])")
    people = once(f"avg_over_time(evenhand_agents{{{AT_WORK}}}[5m])")
    before = once(f"avg_over_time(evenhand_agents{{{AT_WORK}}}[5m] offset 1h)")
    came = f"sum({gauge('contacts_received_recent')})"
    came_before = f"sum({gauge_before('contacts_received_recent', GROUP, '1h')})"
    calls = f'{ACT} * max({ALERTS},severity="page"}})'
    tickets = f'{LOOK} * max({ALERTS},severity="ticket"}})'
    asked = (
        (f"{calls} or {tickets} or 0 * sum({WAITING})", "alerts"),
        (f"{SILENT} * max({SILENT_AFTER} < bool time())", "sources"),
        (
            f"{FEWER} * (sum({people}) < bool 0.9 * sum({before})) and sum({before}) > 0",
            "people at work",
        ),
        (
            f"{MORE} * ({came} > bool 1.5 * {came_before}) * ({came} >= bool {FEW_CONTACTS})",
            "new contacts",
        ),
        (f"{POLICY} * (max({policy}) > bool 0)", "policy"),
    )
    for ref, (expr, words) in zip("ABCDE", asked, strict=True):
        panel = panel.with_target(query(expr, words, ref))
    return panel.no_value("Nothing measured yet")


def panels() -> Iterator[Any]:
    yield from tiles()
    yield from (longest_table(), people_bars())
    yield from (waiting_lines(), share_lines(), trust_list(), changes_strip())


def shown() -> Shown:
    waiting = "evenhand_contacts_waiting"
    return Shown(
        uid="evenhand-now",
        title="Evenhand - now",
        description="Who waits, who is late next, and what was promised: right now.",
        choices=(
            METRICS,
            choice("job", "Job", "label_values(evenhand_build_info, job)"),
            choice("channel", "Channel", f'label_values({waiting}{{job=~"$job"}}, channel)'),
            choice("team", "Team", f"label_values({waiting}{{{CHANNEL}}}, team)"),
            *ADDRESSES,
        ),
        marked='channel=~"$channel|any|",team=~"$team|"',
        links=(WALLBOARD, SERVED_FIRST, CUSTOMER, ITSELF, RUNBOOK),
        panels=panels(),
    )
