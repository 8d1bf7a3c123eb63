"""The laws of the working: what is counted and what is left out is all there is, and adds up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clocks.clock import Clock, judged
from app.core.clocks.timeline import Cycle, Ending, Stretch
from app.core.hours.calendar import Calendar
from app.core.policy import ClockKind
from app.core.replay import replay
from app.core.working.account import account_in, lines_of
from app.core.working.counted import counted_spans, left_out
from app.core.working.wanted import Wanted
from tests.core.calendars import calendars, instants, targets
from tests.core.histories import histories
from tests.core.story import (
    at,
)
from tests.core.working.desk import (
    ALL_KINDS,
    HOUR,
    TERMS,
)


@st.composite
def clocks(draw: st.DrawFn) -> tuple[Calendar, Clock, datetime]:
    """A clock on a random calendar, with pauses that exclude or only hide, and a later instant."""
    calendar, around = draw(calendars())
    moments = sorted(draw(st.lists(instants(around), min_size=2, max_size=8, unique=True)))
    started_at, *rest, now = moments
    hides = draw(st.lists(st.booleans(), min_size=len(rest), max_size=len(rest)))
    pauses = [
        Stretch(begin, end, is_hidden)
        for (begin, end), is_hidden in zip(list(pairwise(rest))[::2], hides, strict=False)
    ]
    cycle = Cycle(ClockKind.RESOLUTION, 1, started_at, pauses=tuple(pauses))
    if draw(st.booleans()):
        cycle = cycle.ended(now, Ending.RESOLVED)
    elif draw(st.booleans()) and rest:
        cycle = cycle.paused(max(rest[-1], started_at), is_hidden=draw(st.booleans()))
    return calendar, judged(cycle, draw(targets()), calendar), now


@given(clocks())
def test_what_is_counted_adds_up_to_what_elapsed(drawn):
    calendar, clock, now = drawn

    total = sum((each.span for each in counted_spans(clock, calendar, now)), timedelta(0))

    if clock.elapsed is not None:
        assert total == clock.elapsed


@given(clocks())
def test_what_is_counted_up_to_the_due_instant_adds_up_to_the_target(drawn):
    calendar, clock, now = drawn
    if clock.due_at is None:
        return

    so_far = [*counted_spans(clock, calendar, min(now, clock.due_at))]
    ahead = [*counted_spans(clock, calendar, clock.due_at, since=max(now, clock.started_at))]

    assert sum((each.span for each in [*so_far, *ahead]), timedelta(0)) == clock.target


@given(clocks())
def test_every_moment_is_either_counted_or_left_out(drawn):
    calendar, clock, now = drawn
    until = clock.stopped_at or now

    counted = [(each.start, each.end) for each in counted_spans(clock, calendar, until)]
    out = [(each.start, min(each.end or until, until)) for each in left_out(clock, calendar, until)]

    pieces = sorted([*counted, *out])
    assert all(earlier[1] == later[0] for earlier, later in pairwise(pieces))
    if clock.started_at < until:
        assert (pieces[0][0], pieces[-1][1]) == (clock.started_at, until)


@st.composite
def long_clocks(draw: st.DrawFn) -> tuple[Calendar, Clock, datetime]:
    """A clock that runs for months or for centuries."""
    calendar, around = draw(calendars())
    started_at = draw(instants(around))
    now = started_at + timedelta(days=draw(st.integers(90, 400) | st.integers(400, 40_000)))
    return calendar, judged(Cycle(ClockKind.RESOLUTION, 1, started_at), HOUR, calendar), now


@given(long_clocks())
def test_of_a_long_stretch_both_ends_are_told_and_all_of_it_adds_up(drawn):
    calendar, clock, now = drawn

    counted = [*counted_spans(clock, calendar, now)]

    assert sum((each.span for each in counted), timedelta(0)) == calendar.elapsed(
        clock.started_at, now
    )
    pieces = [(each.start, each.end) for each in counted if not each.is_many]
    gaps = [*left_out(clock, calendar, now)]
    covered = sorted([*pieces, *((gap.start, gap.end) for gap in gaps)])
    assert all(earlier[1] == later[0] for earlier, later in pairwise(covered))
    assert (covered[0][0], covered[-1][1]) == (clock.started_at, now)
    assert [(e.start, e.end) for e in counted if e.is_many] == [
        (gap.start, gap.end) for gap in gaps if gap.is_many
    ]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
        (datetime(2026, 3, 2, tzinfo=UTC), datetime(2290, 1, 1, tzinfo=UTC)),
        (datetime(2026, 3, 2, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
        (datetime(9999, 12, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_what_is_shown_does_not_grow_with_the_length_of_the_stretch(start: datetime, end: datetime):
    calendar = TERMS.policies.newest.calendar_of("help")
    clock = judged(Cycle(ClockKind.RESOLUTION, 1, start), timedelta(hours=4), calendar)

    assert len([*counted_spans(clock, calendar, end)]) < 200
    assert len([*left_out(clock, calendar, end)]) < 200


@given(histories())
def test_whatever_happens_is_told_and_adds_up(events):
    now = at("sun 12:00")
    keys = {
        (contact.source, contact.subject) for contact in replay(events, ALL_KINDS, now).contacts
    }

    for source, subject in keys:
        account = account_in(events, ALL_KINDS, Wanted(subject, source), now)
        lines = list(lines_of(account))
        assert lines[0].startswith(f"Contact {subject} of ")
        for working in account.workings:
            total = sum((each.span for each in working.counted), timedelta(0))
            assert working.elapsed == total, account.sentences_of(working)
            assert all(account.sentences_of(working))
