"""Business time at its limits: the ends of the years that have hours, of a day, of a break."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.hours.calendar import Calendar, Span, without
from tests.core.calendars import NO_SPAN
from tests.core.story import at

HOURS = (Span(9 * 60, 17 * 60),)
WEEK = (*(HOURS,) * 5, NO_SPAN, NO_SPAN)


@pytest.mark.parametrize(
    ("gap", "left"),
    [
        (Span(540, 600), [Span(600, 1020)]),
        (Span(960, 1020), [Span(540, 960)]),
        (Span(480, 540), [*HOURS]),
        (Span(1020, 1080), [*HOURS]),
    ],
)
def test_a_break_at_the_end_of_the_hours_leaves_one_span(gap, left):
    assert list(without(HOURS, [gap])) == left


def test_the_closing_itself_is_the_last_closing_before_it():
    office = Calendar("office", ZoneInfo("UTC"), WEEK)

    assert office.business_days_before(at("mon 17:00"), 0, end_of_day=True) == at("mon 17:00")


def test_where_it_is_tomorrow_already_we_are_open():
    office = Calendar("far", ZoneInfo("Pacific/Auckland"), WEEK)
    morning = (at("mon 20:00"), at("mon 23:00"))

    assert list(office.open_spans(*morning)) == [morning]


def test_open_spans_are_shown_for_the_years_that_have_hours():
    always = Calendar("always", ZoneInfo("UTC"))
    first, last = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 1, 1, tzinfo=UTC)

    early = list(always.open_spans(datetime(1899, 1, 1, tzinfo=UTC), first.replace(hour=5)))
    late = list(always.open_spans(last.replace(year=2298, month=12, day=31), last.replace(month=6)))

    assert (early[0][0], late[-1][1]) == (first, last)
