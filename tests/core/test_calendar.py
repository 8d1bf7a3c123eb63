"""Business time: open spans, daylight saving, and the instants at which a target is used up."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.calendar import Calendar, NeverOpen, Span, always_open
from app.core.policy_file import read_policy
from tests.core.calendars import MINUTE, NO_SPAN, calendars, instants, targets
from tests.core.story import at

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
OFFICE_HOURS = (Span(9 * 60, 17 * 60),)
OFFICE = Calendar("office", ZoneInfo("UTC"), (*(OFFICE_HOURS,) * 5, NO_SPAN, NO_SPAN))


def all_day(zone: str) -> Calendar:
    return Calendar("all day", ZoneInfo(zone))


# Laws.


@settings(max_examples=40)
@given(st.data())
def test_open_time_is_what_a_walk_through_the_minutes_counts(data: st.DataObject):
    """Would have caught: hours in a DST gap opened twice, a skipped day's hours on the next one."""
    calendar, around = data.draw(calendars())
    start = around + data.draw(st.integers(-72, 60)) * HOUR
    length = data.draw(st.integers(0, 20 * 60))

    walked = sum(is_open_by_the_wall(calendar, start + n * MINUTE) for n in range(length))

    assert calendar.elapsed(start, start + length * MINUTE) == walked * MINUTE


def is_open_by_the_wall(calendar: Calendar, instant: datetime) -> bool:
    """What the policy says of a minute, found without the calendar's arithmetic."""
    day = instant.astimezone(calendar.zone).date()
    return any(
        moved(each, span.start, calendar.zone) <= instant < moved(each, span.end, calendar.zone)
        for each in (day - timedelta(days=1), day)
        if exists(each, calendar.zone)
        for span in calendar.spans_on(each)
    )


def moved(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant of a wall time; one in a gap bears the offset from before it (RFC 5545)."""
    wall = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    offset = wall.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return wall - offset


def exists(day: date, zone: ZoneInfo) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


@given(st.data())
def test_open_time_adds_up(data: st.DataObject):
    """Would have caught: a span cut at the turn of the year, a year counted twice."""
    calendar, around = data.draw(calendars())
    a, b, c = sorted(data.draw(st.tuples(*[instants(around)] * 3)))

    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == calendar.elapsed(a, c)


@given(st.data())
def test_the_due_instant_is_the_earliest_at_which_the_target_is_used_up(data: st.DataObject):
    """Would have caught: a deadline exactly at closing that was put at the next opening."""
    calendar, around = data.draw(calendars())
    start, target = data.draw(instants(around)), data.draw(targets())

    due = calendar.due(start, target)

    assert calendar.elapsed(start, due) == target
    assert calendar.elapsed(start, due - TICK) < target


@given(st.data())
def test_the_breach_is_the_first_instant_after_which_the_target_is_exceeded(data: st.DataObject):
    """Would have caught: people paged at 17:00:01 for what is met at the next opening."""
    calendar, around = data.draw(calendars())
    start, target = data.draw(instants(around)), data.draw(targets())

    breach = calendar.breaches_at(calendar.due(start, target))

    assert calendar.elapsed(start, breach) == target
    assert calendar.elapsed(start, breach + TICK) > target


@given(st.data())
def test_looking_back_finds_the_latest_start(data: st.DataObject):
    """Would have caught: a backward search that lost the rest of the year before."""
    calendar, around = data.draw(calendars())
    end, target = data.draw(instants(around)), data.draw(targets())

    start = calendar.due_backward(end, target)

    assert calendar.elapsed(start, end) == target
    assert calendar.elapsed(start + TICK, end) < target


@given(st.data())
def test_the_open_spans_of_a_stretch_are_its_open_time(data: st.DataObject):
    """Would have caught: a deadline's working that does not sum to the deadline."""
    calendar, around = data.draw(calendars())
    start, end = sorted(data.draw(st.tuples(instants(around), instants(around))))

    shown = list(calendar.open_spans(start, end))

    assert sum((b - a for a, b in shown), timedelta(0)) == calendar.elapsed(start, end)
    assert all(calendar.is_open(a) and calendar.is_open(b - TICK) for a, b in shown)


@given(st.data())
def test_the_next_opening_is_open_and_nothing_before_it_is(data: st.DataObject):
    """Would have caught: an opening found in the wrong local year."""
    calendar, around = data.draw(calendars())
    instant = data.draw(instants(around))

    opening = calendar.next_opening(instant)

    assert calendar.is_open(opening)
    assert calendar.elapsed(instant, opening) == timedelta(0)


# Cases.


def test_closing_is_closed_and_opening_is_open():
    assert OFFICE.is_open(at("mon 09:00"))
    assert not OFFICE.is_open(at("mon 17:00"))


def test_an_autumn_sunday_round_the_clock_has_25_hours():
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)

    assert all_day("Europe/Copenhagen").elapsed(start, start + 25 * HOUR) == 25 * HOUR
    assert len(list(all_day("Europe/Copenhagen").open_spans(start, start + 25 * HOUR))) == 1


def test_hours_within_a_gap_move_forward_by_the_gap():
    night = (Span(2 * 60, 2 * 60 + 30), Span(3 * 60 + 45, 4 * 60))
    calendar = Calendar("night", ZoneInfo("Europe/Copenhagen"), (night,) * 7)
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)

    spans = list(calendar.open_spans(midnight, midnight + 12 * HOUR))

    assert [(a.hour, a.minute) for a, _ in spans] == [(1, 0), (1, 45)]


def test_hours_that_a_gap_turns_round_are_closed():
    turned = (Span(2 * 60 + 30, 3 * 60 + 15),)
    calendar = Calendar("night", ZoneInfo("Europe/Copenhagen"), (turned,) * 7)
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)

    assert calendar.elapsed(midnight, midnight + 12 * HOUR) == timedelta(0)


def test_hours_that_a_gap_swaps_stay_in_order():
    swapped = (Span(2 * 60 + 30, 2 * 60 + 45), Span(3 * 60, 3 * 60 + 15))
    calendar = Calendar("night", ZoneInfo("Europe/Copenhagen"), (swapped,) * 7)
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)

    assert calendar.elapsed(midnight, midnight + 12 * HOUR) == timedelta(minutes=30)


def test_a_date_that_its_zone_skips_has_no_hours():
    calendar = Calendar("office", ZoneInfo("Pacific/Apia"), (OFFICE_HOURS,) * 5 + (NO_SPAN,) * 2)
    thursday_noon = datetime(2011, 12, 29, 22, tzinfo=UTC)

    assert calendar.due(thursday_noon, 6 * HOUR) == datetime(2012, 1, 1, 20, tzinfo=UTC)
    assert not list(calendar.open_spans(thursday_noon + 6 * HOUR, thursday_noon + 24 * HOUR))


def test_a_holiday_wins_over_special_hours_which_win_over_the_weekday():
    days = {date(2026, 3, 2): (Span(0, 60),), date(2026, 3, 3): (Span(0, 60),)}
    calendar = Calendar(
        "c", ZoneInfo("UTC"), (OFFICE_HOURS,) * 7, days, frozenset({date(2026, 3, 3)})
    )

    assert calendar.spans_on(date(2026, 3, 2)) == (Span(0, 60),)
    assert calendar.spans_on(date(2026, 3, 3)) == ()
    assert calendar.spans_on(date(2026, 3, 4)) == OFFICE_HOURS


def test_a_reversed_stretch_has_no_open_time():
    assert OFFICE.elapsed(at("mon 12:00"), at("mon 10:00")) == timedelta(0)


def test_the_nth_business_day_keeps_the_wall_time_across_a_change():
    calendar = Calendar("office", ZoneInfo("Europe/Copenhagen"), (OFFICE_HOURS,) * 7)
    friday = datetime(2026, 3, 27, 10, 15, 30, tzinfo=UTC)

    due = calendar.business_days_after(friday, 2, end_of_day=False)

    assert due == datetime(2026, 3, 29, 9, 15, 30, tzinfo=UTC)


def test_a_business_day_may_last_until_closing():
    assert OFFICE.business_days_after(at("fri 10:00"), 1, end_of_day=True) == at("mon+1 17:00")


def test_a_wall_time_outside_the_hours_moves_to_the_next_opening():
    assert OFFICE.business_days_after(at("fri 20:00"), 1, end_of_day=False) == at("tue+1 09:00")


def test_no_target_is_due_at_once_either_way():
    assert OFFICE.due(at("sat 12:00"), timedelta(0)) == at("sat 12:00")
    assert OFFICE.due_backward(at("sat 12:00"), timedelta(0)) == at("sat 12:00")


def test_a_span_says_when_it_closes():
    assert OFFICE.closes_after(at("mon 12:00")) == at("mon 17:00")
    assert OFFICE.closes_after(at("mon 17:00")) is None
    assert always_open().closes_after(at("mon 12:00")) is None


def test_what_never_closes_counts_every_second():
    calendar = always_open()
    start = at("sat 12:00")

    assert calendar.is_open(start)
    assert calendar.spans_on(start.date()) == (Span(0, 24 * 60),)
    assert calendar.elapsed(start, start + HOUR) == HOUR
    assert calendar.breaches_at(calendar.due(start, HOUR)) == start + HOUR
    assert calendar.due_backward(start, HOUR) == start - HOUR


SHUT = Calendar("shut", ZoneInfo("UTC"), (NO_SPAN,) * 7)


@pytest.mark.parametrize(
    "attempt",
    [
        partial(SHUT.due, at("mon 09:00"), HOUR),
        partial(SHUT.due_backward, at("mon 09:00"), HOUR),
        partial(SHUT.next_opening, at("mon 09:00")),
        partial(SHUT.business_days_after, at("mon 09:00"), 1, end_of_day=False),
    ],
)
def test_a_calendar_that_does_not_open_says_so(attempt):
    with pytest.raises(NeverOpen, match="shut"):
        attempt()


def test_the_year_is_the_local_one_on_both_sides_of_the_date_line():
    new_years_day = {date(2026, 1, 1): NO_SPAN}
    west = Calendar("west", ZoneInfo("America/New_York"), days=new_years_day)
    east = Calendar("east", ZoneInfo("Pacific/Kiritimati"), days=new_years_day)

    assert west.is_open(datetime(2026, 1, 1, 4, 59, tzinfo=UTC))
    assert not west.is_open(datetime(2026, 1, 1, 5, tzinfo=UTC))
    assert not east.is_open(datetime(2025, 12, 31, 10, tzinfo=UTC))
    assert east.is_open(datetime(2026, 1, 1, 10, tzinfo=UTC))


def test_national_holidays_are_local_dates_of_the_calendar():
    policy = read_policy("""
calendars:
  dk:
    zone: Europe/Copenhagen
    hours: {mon-sun: "00:00-24:00"}
    holidays: {country: DK, also: [2026-03-03], but_not: [2026-12-25]}
teams: {help: {calendar: dk}}
""")
    calendar = policy.calendar_of("help")

    closed = [day for day in DAYS if not calendar.spans_on(day)]

    assert closed == [date(2026, 3, 3), date(2026, 12, 26)]


DAYS = (date(2026, 3, 2), date(2026, 3, 3), date(2026, 12, 25), date(2026, 12, 26))
