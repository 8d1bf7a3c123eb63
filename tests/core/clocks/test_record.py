"""What a contact's clocks of one kind come to, where several run beside one another."""

from datetime import timedelta

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.clocks.record import record_of
from app.core.clocks.timeline import Ending
from app.core.policy import ClockKind
from tests.core.story import NEXT, REPLY, WROTE, at, contact_in, mail, told


def test_a_promise_that_is_still_open_stands_before_a_later_one_that_was_kept():
    hour = timedelta(hours=1)
    open_one = Clock(ClockKind.FOLLOW_UP, 1, at("mon 09:00"), 8 * hour, at("mon 17:00"), None)
    kept = Clock(
        ClockKind.FOLLOW_UP, 2, at("mon 10:00"), hour, at("mon 11:00"), None, at("mon 10:30"),
        Ending.ANSWERED, hour / 2,
    )  # fmt: skip

    found = record_of(ClockKind.FOLLOW_UP, [kept, open_one], at("mon 12:00"))

    assert (found.clock, found.status, found.cycles) == (open_one, Status.RUNNING, 1)


def test_a_question_on_a_discarded_contact_waits_for_nothing_more():
    events = [mail("mon 09:00"), told("mon 09:10", REPLY), told("mon 09:20", WROTE)]
    events.append(told("mon 09:30", e.ContactDiscarded()))

    found = record_of(ClockKind(NEXT), contact_in(events, "mon 10:00").clocks, at("mon 10:00"))

    assert found.status is Status.CANCELLED
