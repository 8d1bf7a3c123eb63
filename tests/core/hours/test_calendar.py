"""Business time: open spans, daylight saving, and the instants at which a target is used up."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.core.hours.calendar import Calendar, NegativeSpan, NeverOpen, Span, always_open, without
from app.core.policy_file.reading import read_policy
from tests.core.calendars import MINUTE, NO_SPAN, calendars, exists, instants, moved, targets
from tests.core.story import at

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
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
def test_a_second_question_of_a_day_is_answered_like_a_first_one(data: st.DataObject):
    """Would have caught: spans remembered for a day that do not reach to its end."""
    calendar, around = data.draw(calendars())
    before, start = data.draw(instants(around)), data.draw(instants(around))
    target = data.draw(targets() | st.just(NOTHING))
    for n in range(3):
        calendar.due(before + n * HOUR, HOUR)
        calendar.due(start + n * HOUR, HOUR)

    assert calendar.due(start, target) == replace(calendar).due(start, target)


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
def test_the_due_instant_inverts_the_elapsed_time_both_ways(data: st.DataObject):
    """Would have caught: a deadline on the wrong side of a night."""
    calendar, around = data.draw(calendars())
    start, end = sorted(data.draw(st.tuples(instants(around), instants(around))))
    elapsed = calendar.elapsed(start, end)
    assume(elapsed)

    assert calendar.due(start, elapsed) == calendar.previous_closing(end)
    assert calendar.due_backward(end, elapsed) == calendar.next_opening(start)


@given(st.data())
def test_looking_back_inverts_looking_forward(data: st.DataObject):
    """Would have caught: an opening that was open on the way back, too."""
    calendar, around = data.draw(calendars())
    instant, target = data.draw(instants(around)), data.draw(targets() | st.just(NOTHING))

    forward, backward = calendar.due(instant, target), calendar.due_backward(instant, target)

    assert calendar.next_opening(calendar.due_backward(forward, target)) == (
        calendar.next_opening(instant)
    )
    assert calendar.previous_closing(calendar.due(backward, target)) == (
        calendar.previous_closing(instant)
    )


@given(st.data())
def test_the_previous_closing_ends_open_time_and_nothing_is_open_after_it(data: st.DataObject):
    """Would have caught: a closing found in the wrong local year."""
    calendar, around = data.draw(calendars())
    instant = data.draw(instants(around))

    closing = calendar.previous_closing(instant)

    assert calendar.is_open(closing - TICK)
    assert calendar.elapsed(closing, instant) == NOTHING


@given(st.data())
def test_the_breach_is_the_due_instant_inside_hours_else_the_next_opening(data: st.DataObject):
    """Would have caught: a breach dated at closing."""
    calendar, around = data.draw(calendars())
    due_at = data.draw(instants(around))

    breach = calendar.breaches_at(due_at)

    assert breach == (due_at if calendar.is_open(due_at) else calendar.next_opening(due_at))


@given(st.data())
def test_a_span_closes_where_the_open_time_stops(data: st.DataObject):
    """Would have caught: a night over New Year that closed at midnight."""
    calendar, around = data.draw(calendars())
    instant = data.draw(instants(around))

    closes = calendar.closes_after(instant)

    assert (closes is None) == (not calendar.is_open(instant))
    if closes is not None:
        assert calendar.elapsed(instant, closes) == closes - instant
        assert not calendar.is_open(closes)


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


def test_no_target_is_due_at_the_next_opening_or_the_previous_closing():
    noon, saturday = at("mon 12:00"), at("sat 12:00")

    assert OFFICE.due(noon, NOTHING) == OFFICE.due_backward(noon, NOTHING) == noon
    assert OFFICE.due(saturday, NOTHING) == at("mon+1 09:00")
    assert OFFICE.due_backward(saturday, NOTHING) == at("fri 17:00")


def test_looking_back_an_opening_is_closed_and_a_closing_is_open():
    assert OFFICE.previous_closing(at("tue 09:00")) == at("mon 17:00")
    assert OFFICE.previous_closing(at("mon 17:00")) == at("mon 17:00")


def test_looking_back_finds_the_closing_of_the_year_before():
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    shut = {date(2026, 1, 1) - timedelta(days=n): NO_SPAN for n in range(3)}
    calendar = Calendar("office", ZoneInfo("UTC"), (OFFICE_HOURS,) * 7, shut)

    assert calendar.previous_closing(new_year + 12 * HOUR) == datetime(2025, 12, 29, 17, tzinfo=UTC)


def test_a_span_says_when_it_closes():
    assert OFFICE.closes_after(at("mon 12:00")) == at("mon 17:00")
    assert OFFICE.closes_after(at("mon 17:00")) is None
    assert always_open().closes_after(at("mon 12:00")) is None
    assert all_day("Europe/Copenhagen").closes_after(at("mon 12:00")) is None


def test_hours_over_new_year_close_when_they_end():
    open_from = date(2026, 12, 31)
    calendar = Calendar(
        "new year",
        ZoneInfo("UTC"),
        (OFFICE_HOURS,) * 7,
        {open_from: (Span(720, 1440),), open_from + timedelta(days=1): (Span(0, 120),)},
    )
    eve = datetime(2026, 12, 31, 23, tzinfo=UTC)

    assert calendar.closes_after(eve) == eve + 3 * HOUR
    assert calendar.closes_after(eve - 24 * HOUR) is None


def test_what_never_closes_counts_every_second():
    calendar = always_open()
    start = at("sat 12:00")

    assert calendar.is_open(start)
    assert calendar.spans_on(start.date()) == (Span(0, 24 * 60),)
    assert calendar.elapsed(start, start + HOUR) == HOUR
    assert calendar.breaches_at(calendar.due(start, HOUR)) == start + HOUR
    assert calendar.due_backward(start, HOUR) == start - HOUR
    assert calendar.previous_closing(start) == start


def test_instants_of_a_zone_are_as_good_as_those_of_utc():
    """Subtracting two instants of one zone forgets its changes of the clock."""
    zone = ZoneInfo("Europe/Copenhagen")
    start = datetime(2025, 10, 26, 0, tzinfo=zone)
    end = datetime(2025, 10, 27, 0, tzinfo=zone)

    for calendar in (always_open(), all_day("Europe/Copenhagen")):
        assert calendar.elapsed(start, end) == 25 * HOUR
        assert calendar.due(start, 25 * HOUR) == end
        assert calendar.due_backward(end, 25 * HOUR) == start


def test_breaks_are_taken_out_of_the_hours():
    hours = (Span(540, 720), Span(780, 1020))
    breaks = (Span(900, 960), Span(480, 600), Span(590, 610), Span(700, 800))

    assert tuple(without(hours, breaks)) == (Span(610, 700), Span(800, 900), Span(960, 1020))
    assert tuple(without(hours, (Span(0, 1440),))) == ()
    assert tuple(without(hours, (Span(720, 780),))) == hours


SHUT = Calendar("shut", ZoneInfo("UTC"), (NO_SPAN,) * 7)


@pytest.mark.parametrize(
    "attempt",
    [
        partial(SHUT.due, at("mon 09:00"), HOUR),
        partial(SHUT.due_backward, at("mon 09:00"), HOUR),
        partial(SHUT.next_opening, at("mon 09:00")),
        partial(SHUT.previous_closing, at("mon 09:00")),
        partial(SHUT.business_days_after, at("mon 09:00"), 1, end_of_day=False),
        partial(SHUT.business_days_before, at("mon 09:00"), 1, end_of_day=False),
        partial(SHUT.business_days_after, at("mon 09:00"), 0, end_of_day=True),
        partial(SHUT.business_days_before, at("mon 09:00"), 0, end_of_day=True),
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


@pytest.mark.parametrize("year", [1, 1800, 2400, 9998, 9999])
def test_a_date_that_means_no_date_is_outside_all_hours(year):
    strange = datetime(year, 6, 1, 12, tzinfo=UTC)

    assert not OFFICE.is_open(strange)
    with pytest.raises(NeverOpen):
        OFFICE.due(strange, timedelta(hours=1))
    with pytest.raises(NeverOpen):
        OFFICE.due_backward(strange, timedelta(hours=1))
    with pytest.raises(NeverOpen):
        OFFICE.business_days_after(strange, 1, end_of_day=False)
    assert list(OFFICE.open_spans(strange, strange)) == []


@pytest.mark.parametrize("step", [OFFICE.due, OFFICE.due_backward])
def test_no_time_before_nothing_can_be_counted(step):
    with pytest.raises(NegativeSpan, match="must not be negative"):
        step(at("mon 12:00"), timedelta(seconds=-1))
