"""Who is told in time: levels before the due instant, after it, and before closing."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from app.core.clocks.clock import Clock, counted, judged
from app.core.clocks.timeline import Cycle, Ending, Stretch
from app.core.clocks.warnings import (
    BEFORE_CLOSING,
    fallen_due,
    levels_of,
    next_warning_at,
    warnings_of,
)
from app.core.hours.calendar import Calendar, Span
from app.core.policy import ClockKind, Policy
from tests.core.calendars import NO_SPAN, calendars, instants, targets
from tests.core.story import at

HOUR = timedelta(hours=1)
HOURS = (Span(9 * 60, 17 * 60),)
OFFICE = Calendar("office", ZoneInfo("UTC"), (*(HOURS,) * 5, NO_SPAN, NO_SPAN))
POLICY = Policy(version=1, warn_at=(0.8, 0.5), warn_after=(HOUR,))


def told(
    start: str, *pauses: tuple[str, str | None], stop: str | None = None, target: timedelta = HOUR
) -> list[tuple[str, str]]:
    """The levels of a clock, each with its weekday and time."""
    clock = clock_of(start, *pauses, stop=stop, target=target)
    return [(w.level, f"{w.at:%a %H:%M}".lower()) for w in warnings_of(clock, OFFICE, POLICY)]


def clock_of(
    start: str, *pauses: tuple[str, str | None], stop: str | None = None, target: timedelta = HOUR
) -> Clock:
    stretches = tuple(Stretch(at(a), None if b is None else at(b)) for a, b in pauses)
    stopped_at = None if stop is None else at(stop)
    ending = None if stop is None else Ending.ANSWERED
    cycle = Cycle(ClockKind.RESOLUTION, 1, at(start), stopped_at, ending, stretches)
    return judged(cycle, target, OFFICE)


def test_levels_come_at_their_share_of_the_target_and_so_long_after_it():
    assert told("mon 10:00") == [
        ("50 %", "mon 10:30"),
        ("80 %", "mon 10:48"),
        ("1h after", "mon 12:00"),
    ]


def test_shares_and_spans_are_counted_in_open_time():
    assert told("mon 16:45") == [
        ("50 %", "tue 09:15"),
        ("80 %", "tue 09:33"),
        ("1h after", "tue 10:45"),
    ]


def test_what_is_due_at_closing_is_warned_of_before_closing():
    assert told("mon 16:00") == [
        ("50 %", "mon 16:30"),
        (BEFORE_CLOSING, "mon 16:30"),
        ("80 %", "mon 16:48"),
        ("1h after", "tue 10:00"),
    ]


def test_a_contact_that_came_later_than_that_is_warned_of_at_once():
    late = told("mon 16:50", target=timedelta(minutes=10))

    assert (BEFORE_CLOSING, "mon 16:50") in late


def test_what_comes_in_when_closed_and_is_due_at_closing_is_warned_of_before_closing():
    assert (BEFORE_CLOSING, "mon 16:30") in told("sun 12:00", target=8 * HOUR)


def test_before_closing_waits_for_the_end_of_a_pause():
    told_late = told("mon 15:00", ("mon 15:45", "mon 16:45"), target=HOUR)

    assert (BEFORE_CLOSING, "mon 16:45") in told_late


def test_who_closes_never_or_wants_no_word_before_closing_gets_none():
    silent = replace(POLICY, warn_before_closing=timedelta(0))

    assert BEFORE_CLOSING not in levels_of(silent)
    assert warnings_of(clock_of("mon 16:00"), OFFICE, silent) == tuple(
        warning
        for warning in warnings_of(clock_of("mon 16:00"), OFFICE, POLICY)
        if warning.level != BEFORE_CLOSING
    )
    assert [level for level, _ in told("mon 10:00")] == ["50 %", "80 %", "1h after"]


def test_an_answer_leaves_the_levels_that_came_before_it():
    assert told("mon 10:00", stop="mon 10:40") == [("50 %", "mon 10:30")]
    assert told("mon 10:00", stop="mon 10:30") == [], "at the very level it is in time"
    assert told("mon 10:00", stop="tue 10:00")[-1] == ("1h after", "mon 12:00")


def test_a_pause_moves_the_levels_behind_it():
    assert told("mon 10:00", ("mon 10:10", "mon 12:10"))[:2] == [
        ("50 %", "mon 12:30"),
        ("80 %", "mon 12:48"),
    ]


def test_a_level_reached_at_the_very_beginning_of_a_pause_is_told_then():
    clock = clock_of("mon 09:00", ("mon 09:30", "mon 12:00"))

    assert warnings_of(clock, OFFICE, POLICY)[0].at == at("mon 09:30")


def test_a_level_reached_at_closing_was_reached_before_an_answer_at_night():
    assert told("mon 09:00", stop="mon 18:00", target=16 * HOUR) == [("50 %", "mon 17:00")]


def test_a_lasting_pause_holds_back_what_lies_behind_it():
    assert told("mon 10:00", ("mon 10:40", None)) == [("50 %", "mon 10:30")]


def test_a_pause_that_only_hides_holds_the_level_back_until_it_ends():
    hidden = Stretch(at("mon 10:20"), at("mon 11:00"), is_hidden=True)
    lasting = Stretch(at("mon 10:20"), is_hidden=True)
    clock = clock_of("mon 10:00")

    levels = warnings_of(changed(clock, pauses=(hidden,)), OFFICE, POLICY)
    assert [f"{w.at:%H:%M} {w.level}" for w in levels] == [
        "11:00 50 %",
        "11:00 80 %",
        "12:00 1h after",
    ]
    assert warnings_of(changed(clock, pauses=(lasting,)), OFFICE, POLICY) == ()


@pytest.mark.parametrize("change", [{"ending": Ending.CANCELLED}, {"is_measurable": False}])
def test_what_does_not_count_warns_of_nothing(change):
    clock = changed(clock_of("mon 10:00", stop="mon 15:00"), **change)

    assert warnings_of(clock, OFFICE, POLICY) == ()


def test_the_levels_of_a_policy_are_in_its_own_words():
    assert levels_of(POLICY) == ("50 %", "80 %", BEFORE_CLOSING, "1h after")
    spans = replace(POLICY, warn_at=(0.07,), warn_after=(timedelta(minutes=90),))
    assert levels_of(spans) == ("7 %", BEFORE_CLOSING, "1h 30m after")


def test_each_level_falls_due_once():
    clock = clock_of("mon 10:00")
    clock = changed(clock, warnings=warnings_of(clock, OFFICE, POLICY))

    assert [w.level for w in fallen_due(clock, (), at("mon 10:48"))] == ["50 %", "80 %"]
    assert [w.level for w in fallen_due(clock, ("50 %",), at("mon 10:48"))] == ["80 %"]
    assert next_warning_at(clock, ()) == at("mon 10:30")
    assert next_warning_at(clock, ("50 %", "80 %")) == at("mon 12:00")
    assert next_warning_at(clock, ("50 %", "80 %", "1h after")) is None


@given(calendars(), st.data())
def test_half_of_the_target_has_counted_at_half_and_not_before(found, data):
    """Would have caught: a share of wall time, or one that forgot the pauses."""
    calendar, around = found
    start, *edges = sorted(data.draw(st.lists(instants(around), min_size=1, max_size=4)))
    pauses = tuple(Stretch(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))
    cycle = Cycle(ClockKind.RESOLUTION, 1, start, pauses=pauses)
    target = data.draw(targets().filter(lambda span: span > timedelta(microseconds=2)))
    half = Policy(version=1, warn_at=(0.5,), warn_before_closing=timedelta(0))

    (warning,) = warnings_of(judged(cycle, target, calendar), calendar, half)

    assert counted(cycle, calendar, warning.at) == target * 0.5
    assert counted(cycle, calendar, warning.at - timedelta(microseconds=1)) < target * 0.5


def test_a_pause_that_begins_at_the_very_due_instant_is_no_closing():
    """Would have caught: taking every deadline that breaks later than it is due for one at closing."""
    levels = [level for level, _ in told("mon 10:00", ("mon 11:00", "mon 12:00"))]

    assert BEFORE_CLOSING not in levels
    assert BEFORE_CLOSING in [level for level, _ in told("mon 16:00")]
