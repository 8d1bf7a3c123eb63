"""When the next response runs: the rules of clocks, told as stories at a desk."""

import pytest

from app.core import events as e
from app.core.clocks.clock import Status
from tests.core.story import (
    ANSWERED,
    FIRST,
    NEXT,
    REPLY,
    RESOLUTION,
    RESOLVED,
    WROTE,
    at,
    call,
    clock_in,
    contact_in,
    kinds_in,
    mail,
    minutes,
    told,
    with_clocks,
)


def test_the_next_response_runs_from_the_oldest_unanswered_message():
    events = [mail(), told("mon 09:10", REPLY), told("mon 10:00", WROTE), told("mon 10:20", WROTE)]

    assert clock_in(events, "mon 10:25", NEXT).started_at == at("mon 10:00")


def test_one_unanswered_stretch_is_one_breach_at_most():
    events = [
        mail(),
        told("mon 09:10", REPLY),
        told("mon 10:00", WROTE),
        told("mon 11:00", WROTE),
        told("mon 12:00", REPLY),
    ]

    assert minutes(clock_in(events, "mon 13:00", NEXT)) == 120


def test_every_unanswered_stretch_is_a_cycle_of_its_own():
    events = [mail(), told("mon 09:10", REPLY)]
    events += [told("mon 10:00", WROTE), told("mon 12:00", REPLY)]
    events += [told("mon 13:00", WROTE), told("mon 13:01", REPLY)]

    clocks = [clock for clock in contact_in(events, "mon 14:00").clocks if clock.kind == NEXT]

    assert [(clock.number, minutes(clock)) for clock in clocks] == [(1, 120), (2, 1)]


def test_no_next_response_runs_before_the_first_response():
    events = [mail("mon 09:00"), told("mon 09:30", WROTE)]

    assert kinds_in(events, "mon 09:40") == [FIRST, RESOLUTION]


def test_a_bots_answer_ends_the_waiting_after_a_first_response():
    bot = e.AgentReplied(actor=e.Actor.BOT)
    events = [mail(), told("mon 09:10", REPLY), told("mon 10:00", WROTE), told("mon 10:01", bot)]

    assert minutes(clock_in(events, "mon 11:00", NEXT)) == 1


def test_thanks_on_a_closed_question_does_not_breach():
    events = [
        mail(),
        told("mon 09:10", REPLY),
        told("mon 10:00", WROTE),
        told("mon 10:20", RESOLVED),
    ]

    clock = clock_in(events, "tue 10:00", NEXT)

    assert clock.status(at("tue 10:00")) is Status.WAIVED


def test_closing_a_question_that_was_late_already_does_not_hide_it():
    events = [
        mail(),
        told("mon 09:10", REPLY),
        told("mon 10:00", WROTE),
        told("mon 11:00", RESOLVED),
    ]

    assert clock_in(events, "tue 10:00", NEXT).status(at("tue 10:00")) is Status.BREACHED


def test_a_policy_may_judge_a_question_at_its_closing():
    by = with_clocks("resolving_waives_unanswered: false")
    events = [
        mail(),
        told("mon 09:10", REPLY),
        told("mon 10:00", WROTE),
        told("mon 10:20", RESOLVED),
    ]

    assert clock_in(events, "tue 10:00", NEXT, by).status(at("tue 10:00")) is Status.MET


CLOSED_UNANSWERED = (
    mail(),
    told("mon 09:10", REPLY),
    told("mon 10:00", WROTE),
    told("mon 10:20", RESOLVED),
)


@pytest.mark.parametrize("reopened", [(), (told("wed 10:19", e.ContactReopened()),)])
def test_who_asks_again_within_two_days_is_judged_from_the_older_message(reopened):
    events = [*CLOSED_UNANSWERED, *reopened, told("wed 10:20", WROTE)]

    clock = clock_in(events, "wed 10:30", NEXT)

    assert clock.started_at == at("mon 10:00")
    assert clock.is_overdue(at("wed 10:30"))


def test_who_asks_again_after_two_days_asks_anew():
    events = [*CLOSED_UNANSWERED, told("wed 10:20:01", WROTE)]

    last = contact_in(events, "wed 10:30").clocks[-1]

    assert (last.number, last.started_at) == (2, at("wed 10:20:01"))


def test_an_answer_after_closing_makes_a_later_message_a_new_question():
    events = [*CLOSED_UNANSWERED, told("mon 10:25", REPLY), told("tue 10:00", WROTE)]

    last = contact_in(events, "tue 10:10").clocks[-1]

    assert (last.number, last.started_at) == (2, at("tue 10:00"))


def test_no_answer_needed_waives_the_first_response():
    needless = e.ContactResolved(outcome=e.Outcome.NO_ANSWER_NEEDED)
    events = [mail(), told("mon 09:10", needless)]

    assert clock_in(events, "tue 10:00", FIRST).status(at("tue 10:00")) is Status.WAIVED


def test_asking_again_after_no_answer_needed_is_judged_from_the_first_message():
    needless = e.ContactResolved(outcome=e.Outcome.NO_ANSWER_NEEDED)
    events = [mail("mon 09:00"), told("mon 09:10", needless), told("tue 09:10", WROTE)]

    assert clock_in(events, "tue 10:00", FIRST).started_at == at("mon 09:00")


# Live channels.


def test_a_cold_transfer_to_another_team_leaves_a_caller_waiting_again():
    moved = e.ContactTransferred(team="sales")
    events = [
        call(),
        told("mon 09:01", ANSWERED),
        told("mon 09:05", moved),
        told("mon 09:12", ANSWERED),
    ]

    assert minutes(clock_in(events, "mon 10:00", NEXT)) == 7


@pytest.mark.parametrize(
    "moved",
    [
        e.ContactTransferred(team="sales", warm=True),
        e.ContactTransferred(team="help", agent="kim"),
        e.ContactTransferred(agent="kim", from_agent="jo"),
    ],
)
def test_a_warm_transfer_or_one_within_the_team_opens_no_cycle(moved):
    events = [call(), told("mon 09:01", ANSWERED), told("mon 09:05", moved)]

    assert NEXT not in kinds_in(events, "mon 10:00")


def test_a_mail_moved_to_another_team_waits_no_more_than_before():
    events = [
        mail(),
        told("mon 09:01", REPLY),
        told("mon 09:05", e.ContactTransferred(team="sales")),
    ]

    assert NEXT not in kinds_in(events, "mon 10:00")


def test_queueing_an_answered_caller_again_opens_a_cycle():
    events = [call(), told("mon 09:01", ANSWERED), told("mon 09:05", e.ContactQueued())]

    assert clock_in(events, "mon 10:00", NEXT).started_at == at("mon 09:05")


def test_what_a_connected_caller_says_starts_no_clock():
    events = [call(), told("mon 09:01", ANSWERED), told("mon 09:05", WROTE)]

    assert NEXT not in kinds_in(events, "mon 10:00")


# Resolution, holds and reopening.
