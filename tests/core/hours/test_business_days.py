"""Business days: the same wall time on another day with hours, or its closing, in both directions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.hours.calendar import Calendar, Span, always_open
from tests.core.calendars import NO_SPAN, calendars, has_hours, instants, moved
from tests.core.story import at

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
OFFICE_HOURS = (Span(9 * 60, 17 * 60),)
OFFICE = Calendar("office", ZoneInfo("UTC"), (*(OFFICE_HOURS,) * 5, NO_SPAN, NO_SPAN))
COPENHAGEN = Calendar("office", ZoneInfo("Europe/Copenhagen"), (OFFICE_HOURS,) * 7)
numbers = st.integers(0, 9)


def nth_day_with_hours(calendar: Calendar, instant: datetime, days: int, step: int) -> date:
    """Walk from day to day; the day itself never counts."""
    day = instant.astimezone(calendar.zone).date()
    while days:
        day += step * DAY
        days -= has_hours(calendar, day)
    return day


def last_closing(calendar: Calendar, day: date) -> datetime:
    spans = [
        (moved(day, span.start, calendar.zone), moved(day, span.end, calendar.zone))
        for span in calendar.spans_on(day)
    ]
    return max(end for start, end in spans if start < end)


# Laws.


@given(st.data())
def test_the_days_with_hours_are_counted_one_by_one(data: st.DataObject):
    """Would have caught: a day that its zone skips, or whose hours a gap swallows, counted."""
    calendar, around = data.draw(calendars())
    start, days = data.draw(instants(around)), data.draw(st.integers(1, 9))

    later = nth_day_with_hours(calendar, start, days, 1)
    earlier = nth_day_with_hours(calendar, start, days, -1)

    assert calendar.business_days_after(start, days, end_of_day=True) == (
        last_closing(calendar, later)
    )
    assert calendar.business_days_before(start, days, end_of_day=True) == (
        last_closing(calendar, earlier)
    )


@given(st.data())
def test_the_wall_time_is_kept_or_the_nearest_open_time_taken(data: st.DataObject):
    """Would have caught: the wrong hour after a change of the clock."""
    calendar, around = data.draw(calendars())
    start, days = data.draw(instants(around)), data.draw(st.integers(1, 9))
    step = data.draw(st.sampled_from([1, -1]))
    local = start.astimezone(calendar.zone)
    day = nth_day_with_hours(calendar, start, days, step)
    rest = timedelta(seconds=local.second, microseconds=local.microsecond)
    wall = moved(day, local.hour * 60 + local.minute, calendar.zone) + rest

    if step > 0:
        found = calendar.business_days_after(start, days, end_of_day=False)
        assert found == calendar.next_opening(wall)
    else:
        found = calendar.business_days_before(start, days, end_of_day=False)
        assert found == calendar.previous_closing(wall)


@given(st.data(), numbers, st.booleans())
def test_a_deadline_never_lies_on_the_other_side_of_its_start(data, days, end_of_day):
    """Would have caught: no days at all in the hour that comes twice, an hour too early."""
    calendar, around = data.draw(calendars())
    instant = data.draw(instants(around))

    assert calendar.business_days_after(instant, days, end_of_day=end_of_day) >= instant
    assert calendar.business_days_before(instant, days, end_of_day=end_of_day) <= instant


@given(st.data(), numbers, numbers)
def test_more_days_never_lead_to_an_earlier_deadline(data, fewer, more):
    """Would have caught: a closing of today after one of tomorrow."""
    calendar, around = data.draw(calendars())
    instant = data.draw(instants(around))
    assume(fewer < more)

    assert calendar.business_days_after(instant, fewer, end_of_day=True) <= (
        calendar.business_days_after(instant, more, end_of_day=True)
    )


# Cases.


def test_the_nth_business_day_keeps_the_wall_time_across_a_change():
    calendar = Calendar("office", ZoneInfo("Europe/Copenhagen"), (OFFICE_HOURS,) * 7)
    friday = datetime(2026, 3, 27, 10, 15, 30, tzinfo=UTC)

    due = calendar.business_days_after(friday, 2, end_of_day=False)

    assert due == datetime(2026, 3, 29, 9, 15, 30, tzinfo=UTC)


def test_a_business_day_may_last_until_closing():
    assert OFFICE.business_days_after(at("fri 10:00"), 1, end_of_day=True) == at("mon+1 17:00")


def test_a_wall_time_outside_the_hours_moves_to_the_next_opening():
    assert OFFICE.business_days_after(at("fri 20:00"), 1, end_of_day=False) == at("tue+1 09:00")


def test_the_nth_earlier_day_keeps_the_wall_time_across_a_change():
    monday = datetime(2026, 3, 30, 9, 15, 30, tzinfo=UTC)

    due = COPENHAGEN.business_days_before(monday, 2, end_of_day=False)

    assert due == datetime(2026, 3, 28, 10, 15, 30, tzinfo=UTC)


def test_a_wall_time_that_a_gap_skips_moves_forward_by_the_gap():
    nights = Calendar("nights", ZoneInfo("Europe/Copenhagen"))
    saturday = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)

    due = nights.business_days_after(saturday, 1, end_of_day=False)

    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_looking_back_a_wall_time_outside_the_hours_moves_to_the_previous_closing():
    assert OFFICE.business_days_before(at("fri 20:00"), 1, end_of_day=False) == at("thu 17:00")
    assert OFFICE.business_days_before(at("fri 08:00"), 1, end_of_day=False) == at("wed 17:00")


def test_looking_back_a_business_day_may_last_until_closing():
    assert OFFICE.business_days_before(at("mon+1 10:00"), 1, end_of_day=True) == at("fri 17:00")


def test_no_business_days_mean_now_or_the_nearest_open_time():
    assert OFFICE.business_days_after(at("sat 12:00"), 0, end_of_day=False) == at("mon+1 09:00")
    assert OFFICE.business_days_before(at("sat 12:00"), 0, end_of_day=False) == at("fri 17:00")
    assert OFFICE.business_days_after(at("mon 12:00"), 0, end_of_day=False) == at("mon 12:00")


def test_the_end_of_today_is_the_next_one_that_comes_or_the_last_one_that_was():
    noon, evening = at("tue 12:00"), at("tue 17:00") + TICK

    assert OFFICE.business_days_after(noon, 0, end_of_day=True) == at("tue 17:00")
    assert OFFICE.business_days_after(at("tue 17:00"), 0, end_of_day=True) == at("tue 17:00")
    assert OFFICE.business_days_after(evening, 0, end_of_day=True) == at("wed 17:00")
    assert OFFICE.business_days_before(noon, 0, end_of_day=True) == at("mon 17:00")
    assert OFFICE.business_days_before(evening, 0, end_of_day=True) == at("tue 17:00")


def test_a_date_that_its_zone_skips_is_no_business_day():
    calendar = Calendar("office", ZoneInfo("Pacific/Apia"), (OFFICE_HOURS,) * 7)
    thursday = datetime(2011, 12, 29, 22, tzinfo=UTC)

    saturday = calendar.business_days_after(thursday, 1, end_of_day=False)

    assert saturday == datetime(2011, 12, 30, 22, tzinfo=UTC)
    assert calendar.business_days_before(saturday, 1, end_of_day=False) == thursday


def test_every_day_is_a_business_day_of_what_never_closes():
    calendar, noon = always_open(), at("sat 12:00")

    assert calendar.business_days_after(noon, 2, end_of_day=False) == noon + 2 * DAY
    assert calendar.business_days_before(noon, 2, end_of_day=False) == noon - 2 * DAY
    assert calendar.business_days_after(noon, 1, end_of_day=True) == at("mon+1 00:00")
