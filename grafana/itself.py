"""The dashboard "Evenhand itself": is it well, for whoever runs it."""

# ruff: noqa: D103 - a panel's description, for its readers, is its documentation

from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import dashboard

from grafana.board import DOCS_ADDRESS, METRICS, NOW, RUNBOOK, SERVED_FIRST, SOURCE, Shown, choice
from grafana.panels import (
    ALARM,
    UNKNOWN_IS_GREY,
    WARNING,
    Steps,
    coloured,
    lines,
    named,
    narrow,
    query,
    query_now,
    query_rows,
    rows,
    setting,
    tile,
)
from grafana.queries import (
    JOB,
    PROCESS,
    gauge,
    grown_here,
    once,
    pace,
    pace_of_all,
    quantile,
    quantile_of_all,
    where_any,
)

MOST_SOURCES = 15
MOST_LIMITS = 6
MOST_EXPORTED = 5000
"""The service's own limit of series a page."""
ANCHOR = "how-to-read-evenhand-itself"
REASONS = {
    "malformed": "not readable",
    "invalid": "field missing or wrong",
    "future": "dated in the future",
    "too_large": "too large",
    "too_many": "too many at once",
    "unreadable": "delivery not understood",
    "forbidden": "not allowed",
}
LIMITS = {
    "body_bytes": "limit: size of a delivery",
    "batch_events": "limit: events at once",
    "intake_queue": "limit: events waiting to be stored",
    "live_subscribers": "limit: wallboards",
    "contact_events": "limit: events of one contact",
    "series": "limit: series",
    "body_seconds": "limit: time that a delivery takes to come in",
    "large_bodies": "limit: large deliveries at once",
    "source_words": "limit: words that sources use",
    "kept_deliveries": "limit: deliveries kept unread",
}
DOORS = {
    "events": "events",
    "hooks": "webhooks",
    "api": "questions",
    "metrics": "metrics",
    "wallboard": "wallboards",
    "ops": "health",
}
"""The closed sets of labels, as one would say them."""


def worded(panel: timeseries.Panel, words: dict[str, str]) -> timeseries.Panel:
    for value, text in words.items():
        panel = panel.override_by_name(value, [setting("displayName", text)])
    return panel


def age_tile() -> stat.Panel:
    colours: Steps = [(None, "green"), (10, "orange"), (60, "red")]
    panel = tile(1, "Age of numbers", "dthms", colours, "evenhandpictureold")
    panel = panel.description(
        "How long ago the slowest replica read the numbers that it shows. A second or two is normal; "
        "at five minutes it shows none any more."
    )
    taken = f"evenhand_snapshot_timestamp_seconds{{{PROCESS}}}"
    return panel.no_value("not running").with_target(query_now(f"time() - min({taken})"))


def behind_tile() -> stat.Panel:
    colours: Steps = [(None, "green"), (10, "orange"), (60, "red")]
    panel = tile(2, "Not worked out yet", "dthms", colours, ANCHOR)
    panel = panel.description(
        "For how long the oldest event has waited to be worked out. While it waits, the numbers of "
        "its contact are those of before."
    )
    behind = f"time() - min({gauge('oldest_touched_timestamp_seconds', JOB)})"
    all_done = f"0 * max({gauge('snapshot_timestamp_seconds', JOB)})"
    return panel.no_value("not running").with_target(query_now(f"{behind} or {all_done}"))


def noted_tile() -> stat.Panel:
    colours: Steps = [(None, "green"), (5, "orange"), (60, "red")]
    panel = tile(3, "Late ones noted", "s", colours, ANCHOR)
    panel = panel.description(
        "Of a hundred promises that broke in the time range above, 99 were noted within so long "
        "after they broke."
    )
    late = f"ceil({quantile_of_all(0.99, 'judge_lateness_seconds')})"
    at_once = dashboard.ValueMappingResult(text="within 1 s", index=1)
    second = dashboard.DashboardRangeMapOptions(from_val=0, to=1, result=at_once)
    panel = panel.mappings([UNKNOWN_IS_GREY, dashboard.RangeMap(options=second)])
    return panel.no_value("no promise broke yet").with_target(query_now(late))


def apart_tile() -> stat.Panel:
    panel = named(tile(4, "Needs a look", "short", WARNING, ANCHOR))
    panel = panel.description(
        "Deliveries that could not be read and are kept for a second try; contacts and customers "
        "that could not be worked out; rules about the stored data that do not hold."
    )
    kept = (
        ("events_quarantined", "deliveries held back"),
        ("keys_set_aside", "contacts set aside"),
        ("invariants_broken", "data rules broken"),
    )
    for ref, (name, words) in zip("ABC", kept, strict=True):
        panel = panel.with_target(query_now(f"sum({gauge(name, JOB)})", words, ref))
    panel = panel.override_by_query("C", [coloured(ALARM)])
    return panel.no_value("not running")


def failed_tile() -> stat.Panel:
    panel = named(tile(5, "Failed", "short", WARNING, ANCHOR))
    panel = panel.description(
        "In the time range above: requests answered with an error of ours, rounds of work that "
        "failed, and policies that could not be used, so that the one in force stayed."
    )
    rounds = " + ".join(
        grown_here(name) for name in ("fold_failures", "fairness_failures", "snapshot_failures")
    )
    failed = (
        (grown_here("http_requests", ',code=~"5.."'), "answers"),
        (rounds, "rounds of work"),
        (grown_here("policy_refused"), "policies refused"),
    )
    for ref, (expr, words) in zip("ABC", failed, strict=True):
        panel = panel.with_target(query_now(expr, words, ref))
    return panel.no_value("not running")


def series_tile() -> stat.Panel:
    colours: Steps = [(None, "green"), (0.8, "orange"), (1, "red")]
    panel = named(tile(6, "Series used", "percentunit", colours, "evenhandseriesnearlimit"))
    panel = panel.description(
        "How full the pages of metrics are, of the 5,000 series that each may have; and how often a "
        "series was left out for want of room in the time range above."
    )
    customers = 'max(scrape_samples_scraped{job=~"($job)-customers"})'
    work = 'max(scrape_samples_scraped{job=~"$job",job!~".+-customers"})'
    left_out = f"sum({once(f'increase(evenhand_series_dropped_total{{{JOB}}}[$__range])')})"
    panel = panel.with_target(query_now(f"{work} / {MOST_EXPORTED}", "main page"))
    panel = panel.with_target(query_now(f"{customers} / {MOST_EXPORTED}", "customers page", "B"))
    panel = panel.with_target(query_now(left_out, "left out", "C"))
    panel = panel.override_by_query("C", [setting("unit", "short"), coloured(ALARM)])
    return panel.no_value("not running")


def source_lines() -> timeseries.Panel:
    stored = pace("events", "source")
    most = f"topk({MOST_SOURCES}, sum by (source) (increase(evenhand_process_events_total{{{PROCESS}}}[$__range] @ end())))"
    panel = lines(7, "Events stored a second", "short").decimals(1).span(8).height(8)
    panel = panel.description(
        "Events that were stored, by source, for the fifteen sources that sent most, and deliveries that told "
        "again what was known. Repeats are harmless."
    )
    panel = panel.with_target(query(f"{stored} and on (source) {most}", "{{source}}"))
    panel = panel.with_target(query(pace_of_all("events_duplicate"), "told before", "B"))
    return panel.no_value("Nothing stored yet")


def refused_lines() -> timeseries.Panel:
    panel = lines(8, "Not taken an hour, by reason", "short").decimals(0).span(8).height(8)
    panel = panel.interval("5m")
    panel = panel.description(
        "Events refused, kept apart or not understood, and how often a limit of our own was "
        "reached. A reason that grows with one tool's traffic is a setting of that tool."
    )
    asked = (
        ("events_rejected", "reason", "{{reason}}"),
        ("limits_hit", "limit", "{{limit}}"),
        ("signature_failures", "", "wrong signature"),
        ("events_conflicting", "", "told otherwise before"),
        ("events_unknown_type", "", "unknown kind, kept"),
    )
    for ref, (name, by, words) in zip("ABCDE", asked, strict=True):
        counted = pace(name, by) if by else pace_of_all(name)
        asked_for = where_any(f"3600 * {counted}", name, by)
        most = f"topk({MOST_LIMITS}, {asked_for})" if by == "limit" else asked_for
        panel = panel.with_target(query(most, words, ref))
    return worded(panel, REASONS | LIMITS).no_value("Nothing was refused, or nothing came yet")


def lag_lines() -> timeseries.Panel:
    panel = lines(9, "How late events reach us", "dthms").span(8).height(8)
    panel = panel.description(
        "From when it happened, by the tool's own clock, until it was stored: for half of the "
        "events, and for 95 of 100. If it grows, the tool is late, not Evenhand."
    )
    panel = panel.with_target(query(quantile(0.5, "event_lag_seconds"), "half within"))
    panel = panel.with_target(query(quantile(0.95, "event_lag_seconds"), "95 of 100 within", "B"))
    return panel.no_value("Nothing received yet")


def work_lines() -> timeseries.Panel:
    panel = lines(10, "How far behind our own work is", "s").span(8).height(8)
    panel = panel.description(
        "How long a round of working out takes for 95 of 100, how long after they broke promises "
        "are noted, and how old the newest move was when it was taken into a team's turns."
    )
    lag = f"max(evenhand_process_fairness_lag_seconds{{{PROCESS}}})"
    panel = panel.with_target(query(quantile(0.95, "fold_seconds"), "a round of work"))
    noted = quantile(0.95, "judge_lateness_seconds")
    panel = panel.with_target(query(noted, "a broken promise noted", "B"))
    panel = panel.with_target(query(lag, "a move taken into turns", "C"))
    return panel.no_value("Nothing worked out yet")


def request_lines() -> timeseries.Panel:
    panel = lines(11, "Requests a second", "short").decimals(1).span(8).height(8)
    panel = panel.description(
        "By where they come in, and the refused or failed ones by their code: 401 and 403 a wrong "
        "token, 413 too large, 422 not understood, 429 too many, 503 the database is away."
    )
    panel = panel.with_target(query(pace("http_requests", "door"), "{{door}}"))
    codes = ',code=~"[45]..|other"'
    refused = where_any(pace("http_requests", "code", codes), "http_requests", "code", codes)
    panel = panel.with_target(query(refused, "answered {{code}}", "B"))
    return worded(panel, DOORS).no_value("Nobody asked yet")


def replica_table() -> table.Panel:
    panel = table.Panel().id(12).title("Replicas").unit("short").datasource(SOURCE)
    panel = panel.description(
        "What runs: address and version, the version of the policy it works by, the teams whose "
        "turns it works out, and the wallboards that follow it. The policy is the same everywhere "
        "after a moment."
    )
    panel = panel.span(8).height(8).decimals(0).no_value("Nothing runs")
    own = "max by (instance)"
    asked = (
        f"max by (instance, version) (evenhand_build_info{{{PROCESS}}})",
        f"{own} (evenhand_policy_version{{{PROCESS}}})",
        f"{own} (evenhand_process_pools_owned{{{PROCESS}}})",
        f"{own} (evenhand_process_live_subscribers{{{PROCESS}}})",
    )
    for ref, expr in zip("ABCD", asked, strict=True):
        panel = panel.with_target(query_rows(expr, ref))
    columns = {"instance": "Address", "version": "Version", "Value #A": ""}
    columns |= {"Value #B": "Policy", "Value #C": "Teams", "Value #D": "Screens"}
    panel = rows(panel, columns)
    panel = narrow(panel, {"Version": 65, "Policy": 60, "Teams": 60, "Screens": 70})
    return panel.sort_by([parts.TableSortByFieldState().display_name("Address").desc(False)])


def panels() -> Iterator[Any]:
    yield from (age_tile(), behind_tile(), noted_tile())
    yield from (apart_tile(), failed_tile(), series_tile())
    yield from (source_lines(), refused_lines(), lag_lines())
    yield from (work_lines(), request_lines(), replica_table())


def shown() -> Shown:
    jobs = "label_values(evenhand_build_info, job)"
    replicas = f"label_values(evenhand_build_info{{{JOB}}}, instance)"
    return Shown(
        uid="evenhand-itself",
        title="Evenhand - itself",
        description="Is Evenhand well: for whoever runs it.",
        choices=(
            METRICS,
            choice("job", "Job", jobs),
            choice("instance", "Instance", replicas),
            DOCS_ADDRESS,
        ),
        marked='team=""',
        links=(NOW, SERVED_FIRST, RUNBOOK),
        panels=panels(),
    )
