"""Two hours of a contact centre with two replicas, up to NOON, as OpenMetrics text.

For the first hour and a half nobody is late. Then in `support` the standard tier gets later and
later, because Acme is served first there.
"""

from collections.abc import Iterator

NOON = 1_795_176_000
MINUTE = 60
HOUR = 60 * MINUTE
STEP = 30
START = NOON - 2 * HOUR
NOTHING_DUE = NOON - 58 * MINUTE
"""Nobody has come yet: no promise runs."""
CALM = NOON - 40 * MINUTE
"""People wait and nobody is late."""
SILENCE = NOON - 25 * MINUTE
"""For five minutes the phone tool is silent."""
LATE = NOON - 30 * MINUTE
ANY_SILENT = NOON - 70 * MINUTE
"""The tool of all channels is silent, for two minutes around this."""
Sample = tuple[str, str, float]


def labels(**values: str) -> str:
    shown = {"job": "evenhand", **values}
    return "{" + ",".join(f'{name}="{value}"' for name, value in shown.items()) + "}"


def group_samples(t: int, group: dict[str, str]) -> Iterator[Sample]:
    """One team's tier on one channel."""
    clock = {**group, "clock": "first_response"}
    grown = (t - START) // STEP
    late = group["team"] == "support" and group["tier"] == "standard"
    is_late = late and t > LATE
    yield "contacts_waiting", labels(**group), 12 if is_late else 2
    yield "clocks_overdue", labels(**clock), 9 if is_late else 0
    yield "clocks_overdue", labels(**group, clock="follow_up"), int(group["tier"] == "standard")
    yield "clocks_late_soon", labels(**clock), 2 if late else 0
    yield "clocks_due_before_closing", labels(**clock), 1
    if t > NOTHING_DUE:
        yield (
            "oldest_waiting_timestamp_seconds",
            labels(**group),
            min(t - 5, LATE) if late else t - 5,
        )
        yield "next_breach_timestamp_seconds", labels(**clock), LATE if is_late else t + 15
    yield "next_breach_timestamp_seconds", labels(**group, clock="resolution"), START
    yield "clocks_settled_total", labels(**clock), grown // 4
    yield "clocks_unsettled_total", labels(**clock), grown // 200
    yield "clocks_breached_total", labels(**clock), grown // 8 if late else 0
    yield "breaches_withdrawn_total", labels(**clock), grown // 80 if late else 0


def place_samples(t: int, place: dict[str, str]) -> Iterator[Sample]:
    """One team on one channel."""
    support = place["team"] == "support"
    left = -3 if support and t > LATE else 6
    yield "today_late_left", labels(**place, clock="first_response"), left
    yield "today_settled", labels(**place, clock="first_response"), 40
    yield "today_late_left", labels(**place, clock="callback"), 0
    yield "today_settled", labels(**place, clock="callback"), 2
    yield "contacts_received_recent", labels(**place), 30 if t > NOON - 15 * MINUTE else 8
    counted = {"promises_due_today": 3, "promises_overdue": 1, "callbacks_open": 4}
    counted |= {"contacts_not_measurable": 1, "contacts_lost_track": 2}
    counted |= {"contacts_inferred": 1, "contacts_untold": 5}
    for name, value in counted.items():
        yield name, labels(**place), value
    yield "contacts_turned_away_total", labels(**place), (t - START) // 600


def turn_samples(t: int, place: dict[str, str]) -> Iterator[Sample]:
    """In `support` Acme is served first while it is late there, and three wait for it."""
    grown = (t - START) // STEP
    first = place["team"] == "support" and t > LATE
    yield "starvation_episodes_open", labels(**place), int(first)
    yield "starvation_customers_waiting", labels(**place), 3 * first
    yield "starvation_extra_wait_seconds", labels(**place), 90.0 * first
    yield "agents_free_while_waiting", labels(**place), int(first)
    at_work = 3 if t > NOON - 20 * MINUTE else 5
    people = {"on_contact": at_work, "ringing": 1, "wrap_up": 1, "free": 1, "away": 2, "unknown": 0}
    for state, count in people.items():
        yield "agents", labels(**place, state=state), count
    for tier in ("important", "standard"):
        started = {**place, "tier": tier, "channel": "phone"}
        yield "out_of_turn_starts_total", labels(**started), 5
        yield "out_of_turn_starts_recent", labels(**started), grown // 24 * (tier == "important")
        for cause, waiting in (("favoured", 2), ("overload", 1)):
            waited = labels(**place, tier=tier, cause=cause)
            # What is a day old moves from one into the other.
            moved = 500 if t > NOON - 600 else 0
            yield "wait_seconds_total", waited, moved
            yield "wait_seconds_recent", waited, waiting * (t - START) + 1000 - moved


def channel_samples(t: int, place: dict[str, str]) -> Iterator[Sample]:
    source = labels(**place, source=f"{place['channel']}-tool")
    silent = place["channel"] == "phone" and SILENCE < t < SILENCE + 5 * MINUTE
    yield "source_last_event_timestamp_seconds", source, t - 3
    yield "source_silent_after_timestamp_seconds", source, t - 1 if silent else t + 1800
    for tier in ("important", "standard"):
        for team in ("support", "sales"):
            target = labels(**place, team=team, tier=tier, clock="first_response")
            yield "target_ratio", target, 0.8
            yield "target_seconds", target, 20 if place["channel"] == "phone" else 60
            yield from group_samples(t, {**place, "team": team, "tier": tier})
    for team in ("support", "sales"):
        yield from place_samples(t, {**place, "team": team})


def whole_samples(t: int, replica: dict[str, str]) -> Iterator[Sample]:
    """What is said of the whole, the same by every replica."""
    yield "snapshot_timestamp_seconds", labels(**replica), t - 1
    if t > NOON - 10 * MINUTE:
        yield "oldest_touched_timestamp_seconds", labels(**replica), t - 4
    any_silent = abs(t - ANY_SILENT) <= MINUTE
    source = labels(**replica, channel="any", source="crm")
    yield "source_last_event_timestamp_seconds", source, t - 3
    yield "source_silent_after_timestamp_seconds", source, t - 1 if any_silent else t + 1800
    yield "policy_version", labels(**replica), 2 if t > NOON - 20 * MINUTE else 1
    yield "events_quarantined", labels(**replica), 3
    yield "keys_set_aside", labels(**replica), 1
    yield "invariants_broken", labels(**replica), 0
    yield "series_dropped_total", labels(**replica), 0


def process_samples(t: int, replica: dict[str, str]) -> Iterator[Sample]:
    """What one process did."""
    grown = t - START
    yield "build_info", labels(**replica, version="0.1.0"), 1
    counted = {"duplicate": grown // 60, "rejected": grown // 90}
    yield "process_events_duplicate_total", labels(**replica), counted["duplicate"]
    yield "process_events_total", labels(**replica, source="phone-tool"), 2 * grown
    for reason in ("malformed", "future"):
        rejected = labels(**replica, reason=reason)
        yield "process_events_rejected_total", rejected, counted["rejected"]
    yield "process_limits_hit_total", labels(**replica, limit="body_bytes"), grown // 600
    for door, code, pace in (("events", "200", 2), ("api", "403", 1), ("hooks", "503", 0)):
        yield "process_http_requests_total", labels(**replica, door=door, code=code), pace * grown
    for name in ("fold_failures", "fairness_failures", "snapshot_failures", "policy_refused"):
        yield f"process_{name}_total", labels(**replica), 0
    yield "process_events_unknown_type_total", labels(**replica), grown // 300
    for name in ("signature_failures", "events_conflicting"):
        yield f"process_{name}_total", labels(**replica, source="phone-tool"), grown // 300
    yield "process_events_rejected_total", labels(**replica, reason="too_large"), 0
    yield "process_fairness_lag_seconds", labels(**replica), 2
    yield "process_pools_owned", labels(**replica), 1
    yield "process_live_subscribers", labels(**replica), 4
    yield from histogram("event_lag_seconds", replica, {"1.0": grown, "5.0": 2 * grown})
    yield from histogram("fold_seconds", replica, {"0.01": grown, "0.05": 2 * grown})
    yield from histogram("judge_lateness_seconds", replica, {"0.25": grown, "1.0": 2 * grown})


def histogram(name: str, replica: dict[str, str], edges: dict[str, int]) -> Iterator[Sample]:
    for edge, count in (edges | {"+Inf": max(edges.values())}).items():
        yield f"process_{name}_bucket", labels(**replica, le=edge), count


def samples_at(t: int) -> Iterator[Sample]:
    for address in ("a:1", "b:1"):
        replica = {"instance": address}
        yield from process_samples(t, replica)
        yield from whole_samples(t, replica)
        for team in ("support", "sales"):
            yield from turn_samples(t, {**replica, "team": team})
        for channel in ("phone", "chat"):
            yield from channel_samples(t, {**replica, "channel": channel})


def alerts_at(t: int) -> Iterator[str]:
    """Somebody is called five minutes after the first was late, and sent a ticket before."""
    named = 'alertstate="firing",channel="phone",team="support"'
    if LATE < t <= LATE + 10 * MINUTE:
        yield f'{{alertname="EvenhandOverdue",severity="ticket",{named}}}'
    if t > LATE + 5 * MINUTE:
        yield f'{{alertname="EvenhandImportantOverdue",severity="page",{named}}}'
    if abs(t - ANY_SILENT) <= MINUTE:
        yield (
            '{alertname="EvenhandSourceSilent",channel="any",severity="page",alertstate="firing"}'
        )
    if LATE + 6 * MINUTE < t <= LATE + 8 * MINUTE:
        yield '{alertname="EvenhandPictureOld",severity="page",alertstate="firing"}'


def told() -> str:
    """The story as Prometheus takes it in."""
    lines: dict[str, list[str]] = {}
    for t in range(START, NOON + 1, STEP):
        for name, label_text, value in samples_at(t):
            lines.setdefault(f"evenhand_{name}", []).append(f"{label_text} {value!r} {t}\n")
        for alert in alerts_at(t):
            lines.setdefault("ALERTS", []).append(f"{alert} 1 {t}\n")
        for job in ("evenhand", "evenhand-customers"):
            scraped = f'{{job="{job}",instance="a:1"}} 1200 {t}\n'
            lines.setdefault("scrape_samples_scraped", []).append(scraped)
    return "".join(_family(name, samples) for name, samples in sorted(lines.items())) + "# EOF\n"


def _family(name: str, samples: list[str]) -> str:
    """A bucket goes in by itself: promtool asks for no histogram around it."""
    kind = "counter" if name.endswith("_total") else "unknown" if "_bucket" in name else "gauge"
    base = name.removesuffix("_total")
    return f"# TYPE {base} {kind}\n" + "".join(name + sample for sample in samples)
