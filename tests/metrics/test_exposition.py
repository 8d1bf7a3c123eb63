import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.snapshot import (
    ClockGroup,
    Group,
    Responses,
    Running,
    Tally,
    Today,
    Waiting,
)
from app.metrics import families
from app.metrics.exposition import MAX_SERIES, render, write
from app.metrics.families import RESPONSE_GRID, edge_of, response_edges
from app.metrics.labels import MAX_LABEL_CHARACTERS
from app.metrics.negotiation import Format
from tests.metrics.desk import (
    BUSY,
    NOON,
    PHONE,
    QUIET,
    SALES,
    SUPPORT,
    SUPPORT_CLOCK,
    labels,
    read,
    values,
)

SUPPORT_LABELS = labels(channel="phone", team="support", tier="important")
CLOCK_LABELS = SUPPORT_LABELS | labels(clock="first_response")
INSTANT_NAMES = {
    "evenhand_oldest_waiting_timestamp_seconds",
    "evenhand_next_breach_timestamp_seconds",
    "evenhand_source_last_event_timestamp_seconds",
    "evenhand_source_silent_after_timestamp_seconds",
}


@pytest.mark.requirement(6)
@pytest.mark.parametrize("snapshot", [QUIET, BUSY])
def test_both_formats_parse_and_carry_the_same_samples(snapshot):
    text, openmetrics = (render(snapshot, fmt) for fmt in Format)

    assert sorted(read(text), key=str) == sorted(read(openmetrics, Format.OPENMETRICS), key=str)
    assert openmetrics.endswith(b"# EOF\n")
    assert b"# EOF" not in text


@pytest.mark.requirement(6)
def test_openmetrics_names_a_counter_without_its_ending_on_the_type_line():
    text, openmetrics = (render(QUIET, fmt).decode() for fmt in Format)

    assert "# TYPE evenhand_clocks_breached_total counter\n" in text
    assert "# TYPE evenhand_clocks_breached counter\n" in openmetrics


@pytest.mark.requirement(14)
def test_every_family_is_described_once_in_the_order_of_the_list():
    lines = render(BUSY, Format.TEXT).decode().splitlines()

    described = [line.split(" ")[2] for line in lines if line.startswith("# HELP")]

    assert described == [family.name for family in families.BUSINESS]


@pytest.mark.requirement(17)
def test_what_the_policy_promises_stands_at_zero_before_anything_happens():
    text = render(QUIET, Format.TEXT)

    for name in ("clocks_overdue", "clocks_settled_total", "clocks_breached_total"):
        assert values(text, f"evenhand_{name}")[CLOCK_LABELS] == 0
    assert values(text, "evenhand_breaches_withdrawn_total")[CLOCK_LABELS] == 0
    assert values(text, "evenhand_contacts_waiting")[SUPPORT_LABELS] == 0
    assert values(text, "evenhand_promises_open")[labels(team="sales", channel="chat")] == 0
    assert len(values(text, "evenhand_response_seconds_count")) == 2


@pytest.mark.requirement(17)
def test_a_group_known_to_only_one_side_has_zeros_on_the_other():
    only_judged = replace(QUIET, running={})
    only_running = replace(QUIET, tallies={})

    assert len(values(render(only_judged, Format.TEXT), "evenhand_clocks_overdue")) == 2
    assert len(values(render(only_running, Format.TEXT), "evenhand_clocks_settled_total")) == 2


@pytest.mark.requirement(21)
def test_when_nothing_waits_the_instants_are_absent_and_never_zero():
    names = {name for name, _, _ in read(render(QUIET, Format.TEXT))}

    assert not names & INSTANT_NAMES


@pytest.mark.requirement(20, 21)
def test_when_something_waits_the_instants_are_there():
    names = {name for name, _, _ in read(render(BUSY, Format.TEXT))}

    assert names >= INSTANT_NAMES
    assert values(render(BUSY, Format.TEXT), "evenhand_next_breach_timestamp_seconds") == {
        CLOCK_LABELS: (NOON + timedelta(seconds=8)).timestamp()
    }


@pytest.mark.requirement(21)
def test_a_group_in_which_the_last_contact_was_answered_has_no_oldest_instant():
    answered = replace(BUSY, waiting={SUPPORT: Waiting(0, NOON)})

    text = render(answered, Format.TEXT)

    assert values(text, "evenhand_oldest_waiting_timestamp_seconds") == {}
    assert values(text, "evenhand_contacts_waiting")[SUPPORT_LABELS] == 0


def test_a_team_that_the_policy_does_not_know_is_counted_all_the_same():
    stray = Group("email", "unmapped", "standard")

    text = render(replace(QUIET, waiting={stray: Waiting(3, NOON)}), Format.TEXT)

    found = values(text, "evenhand_contacts_waiting")
    assert found[labels(channel="email", team="unmapped", tier="standard")] == 3
    assert len(found) == 3


@pytest.mark.requirement(18)
def test_counters_are_the_tallies_whatever_runs_or_waits_now():
    calm = replace(BUSY, waiting={}, running={}, customers=(), responses={})

    for name in ("clocks_settled_total", "clocks_breached_total", "breaches_withdrawn_total"):
        busy, quiet = (values(render(s, Format.TEXT), f"evenhand_{name}") for s in (BUSY, calm))
        assert busy == quiet
        assert busy[CLOCK_LABELS] > 0


def test_the_page_says_what_the_snapshot_says():
    text = render(BUSY, Format.TEXT)
    team = labels(team="support", channel="phone")

    assert values(text, "evenhand_clocks_overdue")[CLOCK_LABELS] == 1
    assert values(text, "evenhand_promises_overdue")[team] == 1
    assert values(text, "evenhand_promises_due_today")[team] == 2
    assert values(text, "evenhand_contacts_not_measurable")[team] == 3
    assert values(text, "evenhand_contacts_lost_track")[labels(team="sales", channel="chat")] == 1
    assert values(text, "evenhand_events_quarantined") == {frozenset(): 2}
    assert values(text, "evenhand_keys_set_aside") == {frozenset(): 1}
    assert values(text, "evenhand_invariants_broken") == {frozenset(): 0}
    assert values(text, "evenhand_snapshot_timestamp_seconds") == {frozenset(): NOON.timestamp()}


def test_the_page_says_what_is_late_soon_and_what_somebody_should_be_told_of():
    running = {
        SUPPORT_CLOCK: Running(9, None, pageable=4, late_soon=3, due_before_closing=2, at_opening=1)
    }

    text = render(replace(BUSY, running=running), Format.TEXT)

    for name, count in (
        ("clocks_overdue", 9),
        ("clocks_overdue_pageable", 4),
        ("clocks_late_soon", 3),
        ("clocks_due_before_closing", 2),
        ("clocks_overdue_at_opening", 1),
    ):
        assert values(text, f"evenhand_{name}")[CLOCK_LABELS] == count


def test_the_page_says_what_the_day_allows_and_what_it_has_brought():
    today = {("support", "phone", "first_response"): Today(40, 5, -2)}
    told = replace(
        BUSY, today=today, received={("support", "phone"): 6}, inferred={}, policy_version=3
    )

    text = render(told, Format.TEXT)

    of_clock = labels(team="support", channel="phone", clock="first_response")
    for name, count in (("settled", 40), ("late", 5), ("late_left", -2)):
        assert values(text, f"evenhand_today_{name}") == {of_clock: count}
    team = labels(team="support", channel="phone")
    assert values(text, "evenhand_contacts_received_recent")[team] == 6
    assert values(text, "evenhand_contacts_inferred")[team] == 0
    assert values(text, "evenhand_policy_version") == {frozenset(): 3}


def test_since_when_news_wait_is_absent_when_all_is_worked_out():
    name = "evenhand_oldest_touched_timestamp_seconds"

    waiting = render(replace(BUSY, oldest_touched_at=NOON), Format.TEXT)

    assert values(waiting, name) == {frozenset(): NOON.timestamp()}
    assert values(render(BUSY, Format.TEXT), name) == {}


def _buckets(text: bytes, channel: str) -> list[tuple[float, float]]:
    found = values(text, "evenhand_response_seconds_bucket")
    rows = [(dict(key), value) for key, value in found.items()]
    return sorted((float(key["le"]), value) for key, value in rows if key["channel"] == channel)


@pytest.mark.requirement(22)
def test_buckets_are_cumulative_and_have_every_threshold_of_the_policy():
    text = render(BUSY, Format.TEXT)

    phone = _buckets(text, "phone")
    assert [edge for edge, _ in phone] == sorted({*RESPONSE_GRID, 25.0, 90.0, inf})
    assert [edge for edge, _ in _buckets(text, "chat")] == [edge for edge, _ in phone]
    counted = dict(phone)
    assert (counted[10.0], counted[20.0], counted[25.0], counted[60.0]) == (0, 4, 6, 9)
    assert counted[inf] == 9
    key = labels(channel="phone", tier="important", clock="first_response")
    assert values(text, "evenhand_response_seconds_count")[key] == 9
    assert values(text, "evenhand_response_seconds_sum")[key] == 181.25


@pytest.mark.requirement(22)
def test_an_edge_of_an_older_policy_stays_while_answers_are_counted_under_it():
    older = replace(BUSY, responses={PHONE: Responses({45.0: 1}, 40.0)})

    assert dict(_buckets(render(older, Format.TEXT), "phone"))[45.0] == 1


@pytest.mark.requirement(22)
def test_a_label_set_has_about_sixteen_series():
    assert len(RESPONSE_GRID) + len(("+Inf", "count", "sum")) == 16


@pytest.mark.requirement(22)
@given(st.floats(min_value=0, max_value=1e9), st.sets(st.floats(min_value=1, max_value=1e7)))
def test_an_answer_exactly_on_the_edge_is_within_it(seconds, thresholds):
    edges = response_edges(thresholds)

    edge = edge_of(seconds, edges)

    assert seconds <= edge
    assert all(lower < seconds for lower in edges if lower < edge)
    assert edge_of(edge, edges) == edge


@pytest.mark.requirement(12)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=128))
def test_a_label_value_reads_back_as_it_was(value):
    snapshot = replace(QUIET, waiting={Group("phone", value, "important"): Waiting(1, NOON)})

    for fmt in Format:
        found = [dict(key) for _, key, _ in read(render(snapshot, fmt), fmt)]
        assert any(key.get("team") == value for key in found)


@pytest.mark.requirement(12)
@given(st.text(st.characters(), min_size=100, max_size=200))
def test_whatever_a_label_value_holds_the_page_stays_readable(value):
    snapshot = replace(QUIET, waiting={Group("phone", value, "x"): Waiting(1, NOON)})

    text, openmetrics = (render(snapshot, fmt) for fmt in Format)

    assert sorted(read(text), key=str) == sorted(read(openmetrics, Format.OPENMETRICS), key=str)
    assert all(len(part) <= MAX_LABEL_CHARACTERS for _, key, _ in read(text) for _, part in key)


@pytest.mark.requirement(12)
def test_two_long_values_that_differ_at_their_end_stay_two_series():
    long = [Group("phone", "t" * 300 + end, "x") for end in "ab"]
    snapshot = replace(QUIET, groups=(), waiting={group: Waiting(1, NOON) for group in long})

    assert len(values(render(snapshot, Format.TEXT), "evenhand_contacts_waiting")) == 2


@pytest.mark.requirement(11)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001
def test_an_instant_reads_back_to_the_microsecond(naive):
    at = naive.replace(tzinfo=UTC)

    found = values(
        render(replace(QUIET, taken_at=at), Format.TEXT), "evenhand_snapshot_timestamp_seconds"
    )

    assert datetime.fromtimestamp(found[frozenset()], UTC) == datetime.fromtimestamp(
        at.timestamp(), UTC
    )


@pytest.mark.requirement(11)
@given(st.floats(min_value=0, allow_nan=False))
def test_a_number_reads_back_as_the_same_number(seconds):
    snapshot = replace(QUIET, targets={SUPPORT_CLOCK: seconds})

    for fmt in Format:
        found = [value for name, _, value in read(render(snapshot, fmt), fmt) if "target_s" in name]
        assert found == [seconds]


def _large(teams: int):
    groups = [Group("phone", f"team {number}", "important") for number in range(teams)]
    clocks = [ClockGroup("phone", f"team {n}", "important", "resolution") for n in range(teams)]
    return replace(
        QUIET,
        groups=tuple(groups),
        tallies=dict.fromkeys(clocks, Tally(1, 1, 0)),
        running={},
        targets={ClockGroup("phone", "a", f"tier {n}", "resolution"): 60.0 for n in range(20)},
    )


@pytest.mark.requirement(4)
def test_the_cap_bites_and_what_was_left_out_is_counted():
    written = write(_large(1_000), MAX_SERIES, None)

    text = written.text(Format.TEXT)
    assert written.series == len(read(text)) <= MAX_SERIES
    assert written.dropped > 0
    assert values(text, "evenhand_series_dropped_total") == {frozenset(): written.dropped}


@pytest.mark.requirement(4)
def test_the_count_of_series_left_out_goes_on_from_page_to_page():
    first = write(_large(1_000), MAX_SERIES, None)

    second = write(_large(1_000), MAX_SERIES, first)
    third = write(QUIET, MAX_SERIES, second)

    assert (second.dropped, third.dropped) == (2 * first.dropped, 2 * first.dropped)


def test_below_the_cap_nothing_is_left_out():
    text = render(BUSY, Format.TEXT)

    assert values(text, "evenhand_series_dropped_total") == {frozenset(): 0}


@pytest.mark.requirement(4, 6)
@given(st.integers(1, 300))
def test_at_any_cap_both_formats_parse_and_no_histogram_is_cut_in_two(room):
    written = write(BUSY, room, None)

    text = written.text(Format.TEXT)
    assert len(read(text)) == written.series <= room
    read(written.text(Format.OPENMETRICS) + b"# EOF\n", Format.OPENMETRICS)
    rows = values(text, "evenhand_response_seconds_bucket")
    assert len(rows) % len(response_edges([25.0, 90.0])) == 0
    whole = write(BUSY, MAX_SERIES, None)
    assert written.dropped == whole.series - written.series


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 90)), max_size=6))
def test_a_page_written_after_another_equals_one_written_from_scratch(turns):
    previous = None
    for settled, is_busy, seconds in turns:
        base = BUSY if is_busy else QUIET
        at = NOON - timedelta(seconds=seconds)
        snapshot = replace(
            base,
            tallies={**base.tallies, SUPPORT_CLOCK: Tally(settled, 0, 0)},
            waiting={SALES: Waiting(settled, at)},
        )
        previous = write(snapshot, MAX_SERIES, previous)

        assert previous.text(Format.TEXT) == write(snapshot, MAX_SERIES, None).text(Format.TEXT)


@pytest.mark.requirement(23)
def test_what_is_promised_is_on_the_page_for_rules_to_compare_with():
    text = render(BUSY, Format.TEXT)
    assert values(text, "evenhand_target_seconds")[CLOCK_LABELS] == 25.0
    assert values(text, "evenhand_target_ratio")[CLOCK_LABELS] == 0.9


@pytest.mark.requirement(28)
def test_a_source_says_when_it_was_heard_and_when_its_silence_is_strange():
    text = render(BUSY, Format.TEXT)
    desk = labels(source="desk", channel="phone")

    for name, at in (("last_event", NOON), ("silent_after", NOON + timedelta(minutes=30))):
        told = values(text, f"evenhand_source_{name}_timestamp_seconds")
        assert told == {desk: at.timestamp()}


@pytest.mark.requirement(22)
def test_edges_are_written_with_a_point_as_prometheus_writes_them():
    page = render(BUSY, Format.TEXT).decode()

    edges = set(re.findall(r'le="([^"]+)"', page))
    assert {"20.0", "86400.0", "+Inf"} <= edges
    assert all("." in edge or edge == "+Inf" for edge in edges)


@pytest.mark.requirement(9)
def test_no_customer_is_named_on_the_page_of_the_teams():
    assert b"customer=" not in render(BUSY, Format.TEXT)


@pytest.mark.requirement(12)
def test_a_nul_which_would_end_the_page_for_prometheus_is_replaced():
    snapshot = replace(QUIET, waiting={Group("phone", "a\0b", "x"): Waiting(1, NOON)})

    assert b"\0" not in render(snapshot, Format.TEXT)


def test_customers_turned_away_and_calls_owed_are_told_by_team_and_channel():
    snapshot = replace(
        BUSY, turned_away={("support", "phone"): 24}, callbacks={("sales", "chat"): 2}
    )

    text = render(snapshot, Format.TEXT)

    phone = labels(team="support", channel="phone")
    chat = labels(team="sales", channel="chat")
    assert values(text, "evenhand_contacts_turned_away_total") == {phone: 24, chat: 0}
    assert values(text, "evenhand_callbacks_open") == {phone: 0, chat: 2}
