"""Which promise runs when: the numbered rules of clocks, told as stories at a desk."""

from datetime import timedelta

import pytest

from app.core import events as e
from app.core.clocks import Status
from app.core.policy import Policies
from app.core.replay import Terms
from app.core.source import Source
from app.core.timeline import Ending
from tests.core.story import (
    DESK,
    OFFICE,
    at,
    call,
    clock_in,
    contact_in,
    kinds_in,
    mail,
    minutes,
    policy,
    replayed,
    terms,
    told,
)

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
REPLY = e.AgentReplied()
WROTE = e.CustomerReplied()
ANSWERED = e.ContactAnswered()
RESOLVED = e.ContactResolved()
HELD = e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER)


def with_clocks(extra: str) -> Terms:
    return Terms(Policies((policy(f"clocks: {{{extra}}}"),)))


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


def test_waiting_for_the_customer_does_not_count_on_the_resolution():
    events = [mail(), told("mon 10:00", HELD), told("mon 15:00", e.ContactResumed())]
    events.append(told("mon 16:00", RESOLVED))

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 120


def test_going_straight_from_held_to_resolved_leaves_the_hold_out():
    events = [mail(), told("mon 10:00", HELD), told("mon 15:00", RESOLVED)]

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 60


def test_the_customer_writing_ends_the_waiting_for_her():
    events = [
        mail(),
        told("mon 10:00", HELD),
        told("mon 15:00", WROTE),
        told("mon 16:00", RESOLVED),
    ]

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 120


def test_waiting_for_us_pauses_nothing_and_ends_the_waiting_for_the_customer():
    events = [mail(), told("mon 10:00", HELD), told("mon 11:00", e.ContactHeld())]

    assert not clock_in(events, "mon 12:00", RESOLUTION).is_paused


def test_waiting_for_a_third_party_pauses_only_where_the_policy_says_so():
    held = told("mon 10:00", e.ContactHeld(waiting_for=e.WaitingFor.THIRD_PARTY))
    by = with_clocks("resolution_pauses_for: [customer, third_party]")

    assert not clock_in([mail(), held], "mon 12:00", RESOLUTION).is_paused
    assert clock_in([mail(), held], "mon 12:00", RESOLUTION, by).is_paused


@pytest.mark.parametrize("channel", [e.Channel.PHONE, e.Channel.CHAT])
def test_a_hold_on_a_live_channel_pauses_nothing(channel):
    events = [told("mon 09:00", e.ContactReceived(channel=channel)), told("mon 09:05", HELD)]

    assert not clock_in(events, "mon 12:00", RESOLUTION).is_paused


def test_an_agent_cannot_park_an_unanswered_customer():
    events = [mail("mon 09:00"), told("mon 09:05", HELD)]

    assert clock_in(events, "mon 12:00", FIRST).is_overdue(at("mon 12:00"))


def test_a_paused_clock_has_no_due_instant():
    clock = clock_in([mail(), told("mon 10:00", HELD)], "mon 12:00", RESOLUTION)

    assert clock.status(at("mon 12:00")) is Status.PAUSED
    assert clock.due_at is None


def test_holding_twice_and_resuming_without_a_hold_change_nothing():
    events = [mail(), told("mon 09:30", e.ContactResumed()), told("mon 10:00", HELD)]
    events += [told("mon 11:00", HELD), told("mon 12:00", e.ContactResumed())]
    events.append(told("mon 13:00", RESOLVED))

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 120


def test_a_hold_of_a_closed_contact_changes_nothing():
    events = [mail(), told("mon 10:00", RESOLVED), told("mon 11:00", HELD)]

    assert clock_in(events, "tue 10:00", RESOLUTION).stopped_at == at("mon 10:00")


def test_reopening_goes_on_without_the_closed_stretch():
    events = [
        mail(),
        told("mon 10:00", RESOLVED),
        told("mon 15:00", WROTE),
        told("mon 16:00", RESOLVED),
    ]

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 120


def test_a_policy_may_start_a_new_resolution_at_reopening():
    by = with_clocks("reopening_starts_anew: true")
    events = [mail(), told("mon 10:00", RESOLVED), told("mon 15:00", e.ContactReopened())]

    clocks = [
        clock for clock in contact_in(events, "mon 16:00", by).clocks if clock.kind == RESOLUTION
    ]

    assert [clock.started_at for clock in clocks] == [at("mon 09:00"), at("mon 15:00")]


def test_a_second_resolved_is_ignored():
    events = [mail(), told("mon 10:00", RESOLVED), told("mon 15:00", RESOLVED)]

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 60


def test_reopening_what_is_open_changes_nothing():
    events = [mail(), told("mon 10:00", e.ContactReopened()), told("mon 11:00", RESOLVED)]

    assert minutes(clock_in(events, "tue 10:00", RESOLUTION)) == 120


def test_resolving_without_a_reply_suspends_the_first_response():
    clock = clock_in([mail(), told("mon 09:30", RESOLVED)], "tue 16:00", FIRST)

    assert clock.status(at("tue 16:00")) is Status.PAUSED
    assert not clock.is_breached(at("tue 16:00"))


def test_reopening_resumes_a_suspended_first_response():
    events = [mail(), told("mon 09:30", RESOLVED), told("tue 09:00", WROTE)]

    assert clock_in(events, "tue 09:10", FIRST).due_at == at("tue 09:30")


def test_a_suspended_first_response_is_not_waiting():
    assert contact_in([mail(), told("mon 09:30", RESOLVED)], "tue 16:00").waiting_since is None


def test_a_policy_may_count_resolving_as_a_reply():
    by = with_clocks("resolved_counts_as_reply: true")
    events = [mail(), told("mon 09:30", RESOLVED), told("mon 09:40", WROTE)]

    assert clock_in(events, "mon 09:50", FIRST, by).status(at("mon 09:50")) is Status.MET
    assert clock_in(events, "mon 09:50", NEXT, by).started_at == at("mon 09:40")


def test_an_answer_after_resolution_does_not_reopen():
    events = [
        mail(),
        told("mon 09:20", REPLY),
        told("mon 09:30", RESOLVED),
        told("mon 09:40", REPLY),
    ]

    contact = contact_in(events, "mon 10:00")

    assert contact.is_over
    assert minutes(contact.clocks[0]) == 20


# Gone, missed, turned away.


@pytest.mark.parametrize("gone", [e.ContactAbandoned(), e.ContactMissed()])
def test_giving_up_in_time_is_neither_kept_nor_broken(gone):
    clock = clock_in([call(), told("mon 09:05", gone)], "tue 10:00", FIRST)

    assert clock.status(at("tue 10:00")) is Status.CANCELLED


@pytest.mark.parametrize("gone", [e.ContactAbandoned(), e.ContactMissed()])
def test_giving_up_after_the_target_is_a_breach(gone):
    clock = clock_in([call(), told("mon 10:05", gone)], "tue 10:00", FIRST)

    assert clock.status(at("tue 10:00")) is Status.BREACHED


def test_a_voicemail_on_a_missed_call_does_not_make_it_wait_again():
    voicemail = e.CustomerReplied(reason="voicemail")
    events = [call(), told("mon 09:05", e.ContactMissed()), told("mon 09:06", voicemail)]

    contact = contact_in(events, "mon 10:00")

    assert contact.is_over
    assert contact.waiting_since is None


def test_writing_again_in_an_abandoned_chat_starts_a_new_waiting():
    chat = told("mon 09:00", e.ContactReceived(channel=e.Channel.CHAT))
    events = [chat, told("mon 09:05", e.ContactAbandoned()), told("mon 09:30", WROTE)]

    assert contact_in(events, "mon 09:40").waiting_since == at("mon 09:30")


@pytest.mark.parametrize(
    "late", [e.ContactMissed(), e.ContactResolved(), e.ContactQueued(), e.ContactAnswered()]
)
def test_what_follows_an_abandoned_call_changes_nothing(late):
    gone = [call(), told("mon 09:05", e.ContactAbandoned())]

    before = contact_in(gone, "mon 10:00").clocks

    assert contact_in([*gone, told("mon 09:06", late)], "mon 10:00").clocks == before


def test_reopening_an_abandoned_contact_runs_its_resolution_again():
    events = [
        mail(),
        told("mon 09:05", e.ContactAbandoned()),
        told("mon 10:00", e.ContactReopened()),
    ]

    contact = contact_in(events, "mon 11:00")

    assert not contact.is_over
    assert contact.clocks[-1].started_at == at("mon 10:00")


TURNED_AWAY = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)


@pytest.mark.parametrize("answer", [(), (told("mon 09:00:05", ANSWERED),)])
def test_turned_away_is_never_a_success(answer):
    contact = contact_in([call(), *answer, told("mon 09:01", TURNED_AWAY)], "mon 10:00")

    assert contact.is_turned_away
    assert contact.clocks[0].status(at("mon 10:00")) is Status.CANCELLED


def test_turned_away_late_is_a_breach():
    events = [call("mon 09:00"), told("mon 11:00", ANSWERED), told("mon 11:01", TURNED_AWAY)]

    assert clock_in(events, "mon 12:00", FIRST).status(at("mon 12:00")) is Status.BREACHED


def test_a_discarded_contact_leaves_all_counts_even_what_was_judged_already():
    events = [mail("mon 09:00"), told("mon 12:00", REPLY), told("mon 13:00", e.ContactDiscarded())]

    contact = contact_in(events, "tue 10:00")

    assert contact.is_discarded
    assert {clock.status(at("tue 10:00")) for clock in contact.clocks} == {Status.CANCELLED}
    assert not any(clock.is_breached(at("tue 10:00")) for clock in contact.clocks)


def test_nothing_runs_again_on_a_discarded_contact():
    events = [mail(), told("mon 10:00", e.ContactDiscarded())]
    events += [told("mon 11:00", WROTE), told("mon 11:01", e.ContactReopened())]

    assert all(clock.ending is Ending.CANCELLED for clock in contact_in(events, "mon 12:00").clocks)


# Work and links.


def test_a_contact_is_worked_on_while_an_agent_spends_time_on_it():
    started = told("mon 09:10", e.WorkStarted(agent="kim"))
    ended = told("mon 09:40", e.WorkEnded(agent="kim"))

    assert contact_in([mail(), started], "mon 09:30").is_worked_on
    assert not contact_in([mail(), started, ended], "mon 10:00").is_worked_on


def test_the_last_link_leads_back_to_the_tool():
    linked = told("mon 09:10", e.AgentReplied(link="https://desk.test/1"))

    assert contact_in([mail(), linked], "mon 10:00").link == "https://desk.test/1"


def test_events_after_the_asked_instant_are_not_seen():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY)]

    assert clock_in(events, "mon 09:10", FIRST).ending is None


def test_one_fact_told_twice_counts_once_and_its_gaps_are_filled():
    first, second = (
        e.Event(source=DESK, id=id_, occurred_at=at(when), subject="c1", data=data, fact="m1")
        for id_, when, data in [
            ("1", "mon 09:00", e.ContactReceived(channel=e.Channel.EMAIL)),
            ("2", "mon 09:05", e.ContactReceived(team="help", customer="acme")),
        ]
    )

    contact = contact_in([second, first], "mon 09:30")

    assert (contact.opened_at, contact.team, contact.customer) == (at("mon 09:00"), "help", "acme")


def test_of_one_id_told_with_two_bodies_the_first_that_came_is_kept():
    first, other = mail("mon 09:00"), mail("mon 08:00", customer="jensen")
    other = e.Event(
        source=DESK, id=first.id, occurred_at=at("mon 08:00"), subject="c2", data=other.data
    )

    assert [each.subject for each in replayed([first, other], "mon 10:00").contacts] == ["c1"]


def test_no_target_means_no_clock():
    by = terms("version: 1")

    assert kinds_in([mail()], "mon 10:00", by) == []


def test_business_days_end_at_the_same_wall_time():
    by = terms(OFFICE.replace("resolution: 8h", "resolution: 2 business days"))

    assert clock_in([mail("fri 11:00")], "fri 12:00", RESOLUTION, by).due_at == at("tue+1 11:00")


def test_a_calendar_target_counts_nights_too():
    by = terms(OFFICE.replace("resolution: 8h", "resolution: 24h calendar"))

    clock = clock_in([mail("fri 11:00")], "fri 12:00", RESOLUTION, by)

    assert clock.due_at == clock.breaches_at == at("fri 11:00") + timedelta(days=1)
