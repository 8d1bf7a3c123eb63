"""When the first response runs: the rules of clocks, told as stories at a desk."""

import pytest

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.replay import Terms
from app.core.source import Source
from tests.core.story import (
    ANSWERED,
    DESK,
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
    terms,
    told,
)

# First response.


def test_the_first_human_answer_meets_the_first_response():
    clock = clock_in([mail("mon 09:00"), told("mon 09:40", REPLY)], "mon 10:00", FIRST)

    assert clock.status(at("mon 10:00")) is Status.MET
    assert minutes(clock) == 40


def test_an_answer_at_the_very_due_instant_still_meets_the_promise():
    clock = clock_in([mail("mon 09:00"), told("mon 10:00", REPLY)], "mon 11:00", FIRST)

    assert clock.status(at("mon 11:00")) is Status.MET


def test_an_answer_a_microsecond_after_the_due_instant_breaks_it():
    late = told("mon 10:00:00.000001", REPLY)

    clock = clock_in([mail("mon 09:00"), late], "mon 11:00", FIRST)

    assert clock.status(at("mon 11:00")) is Status.BREACHED


@pytest.mark.parametrize("actor", [e.Actor.BOT, e.Actor.SYSTEM])
def test_a_bot_or_an_automatic_reply_is_no_first_response(actor):
    events = [mail("mon 09:00"), told("mon 09:01", e.AgentReplied(actor=actor))]

    assert clock_in(events, "mon 09:30", FIRST).ending is None


def test_ringing_at_the_customer_without_reaching_her_is_no_first_response():
    attempt = e.AgentReplied(reason="outbound_call_attempt")

    assert clock_in([call(), told("mon 09:05", attempt)], "mon 09:30", FIRST).ending is None


def test_an_outbound_call_that_connects_is_a_first_response():
    back = e.ContactAnswered(direction=e.Direction.OUTBOUND)

    assert minutes(clock_in([mail(), told("mon 09:05", back)], "mon 09:30", FIRST)) == 5


def test_the_time_in_the_menu_does_not_count():
    events = [
        call("mon 09:00"),
        told("mon 09:03", e.ContactQueued(via=e.QueuedVia.MENU)),
        told("mon 09:04", ANSWERED),
    ]

    assert minutes(clock_in(events, "mon 10:00", FIRST)) == 1


def test_a_second_queue_does_not_restart_the_first_response():
    events = [
        call("mon 09:00"),
        told("mon 09:01", e.ContactQueued()),
        told("mon 09:05", e.ContactQueued(via=e.QueuedVia.OVERFLOW)),
        told("mon 09:06", ANSWERED),
    ]

    assert minutes(clock_in(events, "mon 10:00", FIRST)) == 5


def test_a_first_queue_by_transfer_leaves_the_start_where_it_was():
    events = [call("mon 09:00"), told("mon 09:05", e.ContactQueued(via=e.QueuedVia.TRANSFER))]

    assert clock_in(events, "mon 10:00", FIRST).started_at == at("mon 09:00")


def test_a_scheduled_callback_is_owed_from_the_agreed_instant():
    queued = e.ContactQueued(via=e.QueuedVia.CALLBACK, not_before=at("mon 11:00"))
    events = [call("mon 09:00"), told("mon 09:01", queued)]

    assert clock_in(events, "mon 12:00", FIRST).started_at == at("mon 11:00")


def test_an_answer_before_the_agreed_instant_took_no_time():
    queued = e.ContactQueued(via=e.QueuedVia.CALLBACK, not_before=at("mon 11:00"))
    events = [call("mon 09:00"), told("mon 09:01", queued), told("mon 10:00", ANSWERED)]

    assert minutes(clock_in(events, "mon 12:00", FIRST)) == 0


def test_a_contact_first_heard_of_in_the_queue_is_owed_an_answer_from_there():
    queued = e.ContactQueued(channel=e.Channel.PHONE, team="help")

    clock = clock_in([told("mon 09:00", queued)], "mon 09:30", FIRST)

    assert clock.started_at == at("mon 09:00")


def test_a_contact_first_heard_of_in_a_transfer_has_no_first_response():
    queued = e.ContactQueued(channel=e.Channel.PHONE, via=e.QueuedVia.TRANSFER)

    contact = contact_in([told("mon 09:00", queued)], "mon 09:30")

    assert contact.history_missing
    assert [clock.kind for clock in contact.clocks] == [NEXT, RESOLUTION]


def tool_that_queues(events_told: frozenset[str]) -> Terms:
    source = Source(id="phone", kind="telephone", tells=events_told)
    return Terms(terms().policies, {DESK: source})


def test_where_the_tool_tells_the_queue_nothing_is_owed_to_a_call_that_never_reached_it():
    by = tool_that_queues(frozenset(e.TYPES))
    events = [call("mon 09:00"), told("mon 10:30", e.ContactAbandoned())]

    assert kinds_in(events, "mon 11:00", by) == [RESOLUTION]


def test_a_queued_call_is_owed_an_answer_where_the_tool_tells_the_queue():
    by = tool_that_queues(frozenset(e.TYPES))
    events = [call("mon 09:00"), told("mon 09:01", e.ContactQueued())]

    assert clock_in(events, "mon 09:30", FIRST, by).started_at == at("mon 09:01")


def test_where_the_answer_cannot_be_told_the_clock_is_not_measurable():
    by = tool_that_queues(frozenset({e.ContactReceived.type}))

    clock = clock_in([mail("mon 09:00")], "tue 16:00", FIRST, by)

    assert clock.status(at("tue 16:00")) is Status.NOT_MEASURABLE
    assert not clock.is_breached(at("tue 16:00"))


def test_a_holiday_contact_starts_in_effect_at_the_next_opening():
    clock = clock_in([mail("sat 12:00")], "sun 12:00", FIRST)

    assert clock.due_at == at("mon+1 10:00")


def test_an_answer_at_night_stops_the_clock_with_the_open_time_only():
    events = [mail("mon 16:30"), told("mon 22:00", REPLY)]

    assert minutes(clock_in(events, "tue 10:00", FIRST)) == 30


# The start of a contact.


def test_a_later_received_is_another_message_of_the_same_contact():
    events = [mail("mon 09:00"), mail("mon 09:30")]

    assert clock_in(events, "mon 09:45", FIRST).started_at == at("mon 09:00")


def test_a_message_on_an_unknown_contact_has_no_first_response():
    contact = contact_in([told("mon 09:00", WROTE)], "mon 09:10")

    assert contact.history_missing
    assert [clock.kind for clock in contact.clocks] == [RESOLUTION, NEXT]


def test_an_answer_on_an_unknown_contact_has_no_first_response():
    contact = contact_in([told("mon 09:00", ANSWERED)], "mon 09:10")

    assert contact.history_missing
    assert [clock.kind for clock in contact.clocks] == [RESOLUTION]


def test_a_message_after_an_answer_of_unknown_history_awaits_a_next_response():
    events = [told("mon 09:00", ANSWERED), told("mon 09:30", WROTE)]

    assert clock_in(events, "mon 09:40", NEXT).started_at == at("mon 09:30")


def test_a_call_whose_answer_seems_seconds_older_was_answered_at_once():
    events = [told("mon 09:00:00", ANSWERED), call("mon 09:00:02")]

    assert minutes(clock_in(events, "mon 10:00", FIRST)) == 0


@pytest.mark.parametrize("ending", [e.ContactAbandoned(), e.ContactResolved()])
def test_a_call_whose_end_seems_seconds_older_does_not_wait(ending):
    events = [told("mon 09:00:00", ending), call("mon 09:00:02")]

    assert contact_in(events, "mon 10:00").waiting_since is None


@pytest.mark.parametrize("ending", [e.ContactAbandoned(), e.ContactResolved()])
def test_an_end_told_long_before_the_beginning_means_nothing(ending):
    events = [told("mon 09:00", ending), call("mon 09:30")]

    assert contact_in(events, "mon 10:00").waiting_since == at("mon 09:30")


def test_a_received_long_after_an_unknown_answer_is_another_message():
    chat = e.ContactReceived(channel=e.Channel.CHAT)
    events = [told("mon 09:00", ANSWERED), told("mon 09:02", chat)]

    assert kinds_in(events, "mon 10:00") == [RESOLUTION, NEXT]


@pytest.mark.parametrize(
    "first",
    [
        e.ContactReceived(direction=e.Direction.OUTBOUND),
        e.ContactAnswered(direction=e.Direction.OUTBOUND),
        e.AgentReplied(),
    ],
)
def test_a_contact_that_we_began_runs_no_clock_until_the_customer_writes(first):
    assert kinds_in([told("mon 09:00", first)], "mon 12:00") == []


def test_the_customers_first_message_starts_the_clocks_of_a_contact_that_we_began():
    events = [told("mon 09:00", REPLY), told("mon 11:00", WROTE), told("mon 11:20", REPLY)]

    assert minutes(clock_in(events, "mon 12:00", FIRST)) == 20


def test_a_customer_who_answers_our_closed_contact_waits_again():
    events = [told("mon 09:00", REPLY), told("mon 09:01", RESOLVED), told("mon 11:00", WROTE)]

    contact = contact_in(events, "mon 11:10")

    assert contact.waiting_since == at("mon 11:00")
    assert not contact.is_over


def test_what_neither_customer_nor_human_did_opens_nothing():
    events = [
        told("mon 09:00", e.AgentReplied(actor=e.Actor.BOT)),
        told("mon 09:01", e.ContactOffered(agent="kim")),
        told("mon 09:02", RESOLVED),
        told("mon 09:03", e.ContactReopened()),
    ]

    assert contact_in(events, "mon 09:04").opened_at is None


# Next response.
