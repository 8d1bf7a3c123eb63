"""Was it kept: cycles judged on a calendar, with pauses around the awkward instants."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clocks.clock import Clock, Status, counted, judged
from app.core.clocks.timeline import Cycle, Ending, Stretch
from app.core.hours.calendar import Calendar, Span
from app.core.policy import ClockKind
from tests.core.calendars import NO_SPAN, calendars, instants, targets
from tests.core.story import at

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
HOURS = (Span(9 * 60, 17 * 60),)
OFFICE = Calendar("office", ZoneInfo("UTC"), (*(HOURS,) * 5, NO_SPAN, NO_SPAN))


def cycle(start: str, *pauses: tuple[str, str | None], stop: str | None = None) -> Cycle:
    stretches = tuple(Stretch(at(a), None if b is None else at(b)) for a, b in pauses)
    ending = None if stop is None else Ending.ANSWERED
    stopped_at = None if stop is None else at(stop)
    return Cycle(ClockKind.RESOLUTION, 1, at(start), stopped_at, ending, stretches)


def clock(start: str, *pauses: tuple[str, str | None], stop: str | None = None) -> Clock:
    return judged(cycle(start, *pauses, stop=stop), HOUR, OFFICE)


# Laws.


@st.composite
def paused_cycles(draw: st.DrawFn) -> tuple[Cycle, timedelta, Calendar]:
    calendar, around = draw(calendars())
    start, *edges = sorted(draw(st.lists(instants(around), min_size=1, max_size=6)))
    is_over: bool = draw(st.booleans())
    stopped_at = edges.pop() if edges and is_over else None
    ending = None if stopped_at is None else Ending.ANSWERED
    pauses = [Stretch(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2 and stopped_at is None:
        pauses.append(Stretch(edges[-1]))
    found = Cycle(ClockKind.RESOLUTION, 1, start, stopped_at, ending, tuple(pauses))
    return found, draw(targets()), calendar


@given(paused_cycles(), st.data())
def test_breached_is_when_more_than_the_target_counted(paused, data):
    """Would have caught: a pause that begins at the due instant, a stop at the next opening."""
    told, target, calendar = paused
    found = judged(told, target, calendar)
    now = told.stopped_at or data.draw(instants(told.started_at))

    assert found.is_breached(now) == (counted(told, calendar, now) > target)


@given(paused_cycles())
def test_the_due_instant_uses_the_target_up_and_the_breach_exceeds_it(paused):
    """Would have caught: a deadline that forgot the second of two pauses."""
    told, target, calendar = paused
    told = told if told.ending is None else told.running_again()
    found = judged(told, target, calendar)

    if found.due_at is not None:
        assert counted(told, calendar, found.due_at) == target
        assert counted(told, calendar, found.due_at - TICK) < target
    if found.breaches_at is not None:
        assert counted(told, calendar, found.breaches_at) == target
        assert counted(told, calendar, found.breaches_at + TICK) > target


@given(paused_cycles(), st.data())
def test_a_breach_is_sticky(paused, data):
    """Would have caught: overdue work that looked fine once it was put on hold."""
    told, target, calendar = paused
    told = told if told.ending is None else told.running_again()
    first, later = sorted(data.draw(st.tuples(*[instants(told.started_at)] * 2)))
    found = judged(told, target, calendar)

    assert found.is_breached(later) or not found.is_breached(first)
    assert judged(told.paused(later), target, calendar).is_breached(later) == found.is_breached(
        later
    )


# Cases.


def test_a_deadline_exactly_at_closing_is_met_by_an_answer_at_the_next_opening():
    found = clock("fri 16:00", stop="mon+1 09:00")

    assert found.due_at == at("fri 17:00")
    assert found.breaches_at == at("mon+1 09:00")
    assert found.status(at("mon+1 09:00")) is Status.MET


def test_nobody_is_late_over_the_weekend():
    found = clock("fri 16:00")

    assert not found.is_overdue(at("sun 12:00"))
    assert not found.is_overdue(at("mon+1 09:00"))
    assert found.is_overdue(at("mon+1 09:00") + TICK)


def test_a_pause_moves_the_deadline_by_its_open_time():
    assert clock("mon 16:30", ("mon 16:45", "tue 09:15")).due_at == at("tue 10:00")


def test_a_pause_that_begins_at_the_due_instant_leaves_the_promise_unbroken_until_it_ends():
    lasting = clock("mon 10:00", ("mon 11:00", None))
    over = clock("mon 10:00", ("mon 11:00", "mon 12:00"))

    assert not lasting.is_breached(at("tue 10:00"))
    assert (over.due_at, over.breaches_at) == (at("mon 11:00"), at("mon 12:00"))


def test_a_pause_before_the_next_opening_leaves_a_deadline_at_closing_unbroken():
    found = clock("fri 16:00", ("fri 18:00", "mon+1 10:00"))

    assert found.breaches_at == at("mon+1 10:00")


def test_pausing_freezes_overdue_time_and_does_not_undo_it():
    found = clock("mon 10:00", ("mon 12:00", None))

    assert found.status(at("tue 10:00")) is Status.PAUSED
    assert found.is_overdue(at("tue 10:00"))
    assert found.due_at is None


def test_a_pause_from_the_very_start_counts_nothing():
    assert counted(cycle("mon 10:00", ("mon 10:00", "mon 11:00")), OFFICE, at("mon 12:00")) == HOUR
    assert counted(cycle("mon 10:00", ("mon 10:00", None)), OFFICE, at("mon 12:00")) == 0 * HOUR


def test_pauses_before_the_start_count_nothing_twice():
    assert counted(cycle("mon 10:00", ("mon 09:00", "mon 09:30")), OFFICE, at("mon 11:00")) == HOUR


def test_a_calendar_that_opens_no_more_breaks_no_promise():
    only = Calendar("trade fair", ZoneInfo("UTC"), (NO_SPAN,) * 7, {at("mon 00:00").date(): HOURS})
    never = judged(cycle("tue 10:00"), HOUR, only)
    to_the_end = judged(cycle("mon 16:00"), HOUR, only)

    assert (never.due_at, never.breaches_at) == (None, None)
    assert (to_the_end.due_at, to_the_end.breaches_at) == (at("mon 17:00"), None)


@pytest.mark.parametrize(
    ("ending", "in_time", "late"),
    [
        (Ending.ANSWERED, Status.MET, Status.BREACHED),
        (Ending.RESOLVED, Status.MET, Status.BREACHED),
        (Ending.GONE, Status.CANCELLED, Status.BREACHED),
        (Ending.WAIVED, Status.WAIVED, Status.BREACHED),
        (Ending.CANCELLED, Status.CANCELLED, Status.CANCELLED),
    ],
)
def test_what_ended_a_clock_and_when_decides_its_verdict(ending, in_time, late):
    told = cycle("mon 10:00")

    verdicts = [
        judged(told.ended(at(stop), ending), HOUR, OFFICE).status(at("tue 10:00"))
        for stop in ("mon 11:00", "mon 11:01")
    ]

    assert verdicts == [in_time, late]


def test_an_ended_cycle_cannot_be_paused_and_pausing_twice_is_pausing_once():
    ended = cycle("mon 10:00", stop="mon 11:00")
    paused = cycle("mon 10:00").paused(at("mon 10:30"))

    assert ended.paused(at("mon 12:00")) == ended
    assert paused.paused(at("mon 10:45")) == paused
