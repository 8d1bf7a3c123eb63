"""Looking back around pauses: the latest start from which an amount of counted time passes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clocks.clock import counted
from app.core.clocks.timeline import Cycle, Stretch
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.hours.pauses import latest_start
from app.core.policy import ClockKind
from tests.core.calendars import NO_SPAN, calendars, instants, targets
from tests.core.hours.test_business_days import OFFICE
from tests.core.story import at

TICK = timedelta(microseconds=1)
NOTHING = timedelta(0)
HOUR = timedelta(hours=1)


@st.composite
def pauses(draw: st.DrawFn, around: datetime) -> tuple[Stretch, ...]:
    """Up to four pauses in order; they may overlap."""
    drawn = draw(st.lists(st.tuples(instants(around), instants(around)), max_size=4))
    found = sorted((min(pair), max(pair)) for pair in drawn)
    return tuple(Stretch(start, end) for start, end in found)


def counted_time(calendar: Calendar, start: datetime, end: datetime, told) -> timedelta:
    return counted(Cycle(ClockKind.RESOLUTION, 1, start, pauses=told), calendar, end)


@given(st.data())
def test_looking_back_around_pauses_finds_the_latest_start(data: st.DataObject):
    """Would have caught: an overlap of two pauses left out twice."""
    calendar, around = data.draw(calendars())
    end, target = data.draw(instants(around)), data.draw(targets())
    told = data.draw(pauses(around))

    start = latest_start(calendar, end, target, told)

    assert counted_time(calendar, start, end, told) == target
    assert counted_time(calendar, start + TICK, end, told) < target


@given(st.data())
def test_no_amount_leads_to_where_counted_time_ended(data: st.DataObject):
    """Would have caught: a closing within a pause."""
    calendar, around = data.draw(calendars())
    end, told = data.draw(instants(around)), data.draw(pauses(around))

    found = latest_start(calendar, end, NOTHING, told)

    assert counted_time(calendar, found, end, told) == NOTHING
    assert counted_time(calendar, found - TICK, end, told) == TICK


@given(st.data())
def test_the_order_of_pauses_does_not_matter(data: st.DataObject):
    """Would have caught: a pause skipped because a longer one began before it."""
    calendar, around = data.draw(calendars())
    end, target = data.draw(instants(around)), data.draw(targets())
    told = data.draw(pauses(around))

    shuffled = data.draw(st.permutations(told))

    assert latest_start(calendar, end, target, shuffled) == (
        latest_start(calendar, end, target, told)
    )


@given(st.data())
def test_without_pauses_it_is_the_calendar_looking_back(data: st.DataObject):
    """Would have caught: an end that was cut off."""
    calendar, around = data.draw(calendars())
    end, target = data.draw(instants(around)), data.draw(targets() | st.just(NOTHING))

    assert latest_start(calendar, end, target, ()) == calendar.due_backward(end, target)


def test_a_pause_moves_the_latest_start_back():
    lunch = Stretch(at("mon 11:00"), at("mon 12:00"))

    assert latest_start(OFFICE, at("mon 12:30"), HOUR, (lunch,)) == at("mon 10:30")


def test_a_pause_that_goes_on_ends_the_time_that_counts():
    lasting = Stretch(at("mon 11:00"))

    assert latest_start(OFFICE, at("mon 16:00"), HOUR, (lasting,)) == at("mon 10:00")


def test_what_never_opened_has_no_latest_start():
    shut = Calendar("shut", OFFICE.zone, (NO_SPAN,) * 7)

    with pytest.raises(NeverOpen, match="shut"):
        latest_start(shut, datetime(2026, 1, 1, tzinfo=UTC), HOUR, ())
