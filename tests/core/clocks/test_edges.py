"""What comes twice, late or on the very instant: the clocks where a story is not told in order."""

import pytest

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.clocks.timeline import Ending
from tests.core.story import (
    ANSWERED,
    FIRST,
    HELD,
    NEXT,
    OFFICE,
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
    replayed,
    terms,
    told,
)

TURNED_AWAY = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
REVIEWED = terms(OFFICE.replace("resolution: 8h", "resolution: {target: 8h, pauses_in: [review]}"))


def test_what_was_discarded_before_it_came_in_runs_no_clock():
    assert kinds_in([told("mon 09:00", e.ContactDiscarded()), mail("mon 09:10")], "mon 10:00") == []


def test_nothing_opens_a_discarded_contact_again():
    events = [mail(), told("mon 10:00", RESOLVED), told("mon 11:00", e.ContactDiscarded())]
    late = [told("mon 12:00", e.ContactReopened()), told("mon 12:01", WROTE)]

    line = contact_in([*events, *late], "mon 13:00").line

    assert (line.resolved_at, line.asked_at) == (at("mon 10:00"), at("mon 09:00"))


def test_turning_her_away_spoils_no_exchange_before_it():
    events = [mail("mon 09:00"), told("mon 09:10", REPLY), told("mon 09:20", WROTE)]
    events += [told("mon 09:30", REPLY), told("mon 09:40", WROTE), told("mon 09:50", TURNED_AWAY)]

    responses = [
        clock.ending for clock in contact_in(events, "mon 10:00").clocks if clock.kind == NEXT
    ]

    assert responses == [Ending.ANSWERED, Ending.GONE]


@pytest.mark.parametrize("back", [e.ContactHeld(waiting_for=e.WaitingFor.US, state="review"),
                                  e.ContactResumed(state="review")])  # fmt: skip
def test_coming_back_to_us_in_a_pausing_state_is_still_a_pause(back):
    events = [mail("mon 09:00"), told("mon 10:00", HELD), told("mon 11:00", back)]

    assert clock_in(events, "mon 12:00", RESOLUTION, REVIEWED).is_paused


def test_what_was_open_and_is_reopened_into_a_pausing_state_is_paused():
    events = [mail("mon 09:00"), told("mon 10:00", e.ContactReopened(state="review"))]

    assert clock_in(events, "mon 12:00", RESOLUTION, REVIEWED).is_paused


def test_reopening_into_a_pausing_state_leaves_out_all_since_it_was_resolved():
    events = [mail("mon 09:00"), told("mon 10:00", RESOLVED)]
    events.append(told("mon 11:00", e.ContactReopened(state="review")))
    events += [told("mon 12:00", e.ContactResumed()), told("mon 13:00", RESOLVED)]

    assert minutes(clock_in(events, "mon 14:00", RESOLUTION, REVIEWED)) == 120


def test_an_agreed_instant_that_has_passed_moves_no_start_back():
    agreed = e.ContactQueued(via=e.QueuedVia.CALLBACK, not_before=at("mon 08:00"))

    assert clock_in([call("mon 09:00"), told("mon 09:05", agreed)], "mon 10:00", FIRST) == (
        clock_in([call("mon 09:00"), told("mon 09:05", e.ContactQueued())], "mon 10:00", FIRST)
    )


def test_an_answered_mail_that_is_queued_again_waits_for_nobody():
    events = [mail(), told("mon 09:01", REPLY), told("mon 09:05", e.ContactQueued())]

    assert NEXT not in kinds_in(events, "mon 10:00")


@pytest.mark.parametrize(
    "left", [e.ContactTransferred(team="sales"), e.ContactAbandoned(), RESOLVED]
)
def test_who_was_put_through_or_is_gone_is_connected_to_nobody(left):
    events = [call(), told("mon 09:01", ANSWERED), told("mon 09:05", left)]

    assert contact_in(events, "mon 10:00").line.connected is False


def test_what_came_in_a_minute_after_its_answer_only_bears_another_time():
    events = [told("mon 09:00", ANSWERED), call("mon 09:01")]

    first = clock_in(events, "mon 10:00", FIRST)

    assert (first.status(at("mon 10:00")), minutes(first)) == (Status.MET, 0)
    assert not contact_in(events, "mon 10:00").history_missing


def test_what_came_in_a_minute_after_it_was_given_up_waits_for_nobody():
    events = [told("mon 09:00", e.ContactAbandoned()), call("mon 09:01")]

    assert contact_in(events, "mon 10:00").waiting_since is None


def test_who_had_written_before_it_came_in_has_a_history_that_nobody_told():
    chat = e.ContactReceived(channel=e.Channel.CHAT)
    events = [told("mon 09:00:00", ANSWERED), told("mon 09:00:10", WROTE)]
    events.append(told("mon 09:00:20", chat))

    assert FIRST not in kinds_in(events, "mon 10:00")


def test_a_customer_whom_we_had_called_waits_for_a_first_response_once_she_writes():
    outbound = e.ContactAnswered(direction=e.Direction.OUTBOUND)
    events = [told("mon 09:00", outbound), told("mon 10:00", WROTE)]

    assert clock_in(events, "mon 10:30", FIRST).started_at == at("mon 10:00")


@pytest.mark.parametrize(
    ("before", "owner"), [((), ""), ((e.ContactAnswered(agent="kim"),), "kim")]
)
def test_an_answer_that_names_nobody_has_an_owner_all_the_same(before, owner):
    events = [call(), *(told("mon 09:01", data) for data in before), told("mon 09:02", ANSWERED)]

    assert contact_in(events, "mon 10:00").line.owner == owner


def test_later_messages_await_a_next_response_where_no_first_one_is_promised():
    by = terms(OFFICE.replace("    first_response: 1h\n", ""))
    events = [mail(), told("mon 09:05", WROTE), told("mon 09:10", REPLY), told("mon 09:20", WROTE)]

    assert clock_in(events, "mon 09:30", NEXT, by).started_at == at("mon 09:20")


def test_what_begins_in_a_state_that_ends_it_waits_until_that_state_is_left():
    by = terms(OFFICE.replace("response: 30m", "response: {target: 30m, ends_in: [parked]}"))
    parked = e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER, state="parked")
    events = [mail(), told("mon 09:10", REPLY), told("mon 09:20", parked), told("mon 10:00", WROTE)]
    events += [told("mon 11:00", e.ContactResumed()), told("mon 11:20", REPLY)]

    assert minutes(clock_in(events, "mon 12:00", NEXT, by)) == 20


def test_whom_we_lost_and_found_again_is_owed_an_update():
    by = terms(f"{OFFICE}    update: 2h\n")
    chat = e.ContactReceived(channel=e.Channel.CHAT, team="help")
    events = [told("mon 09:00", chat), told("mon 09:10", e.ContactAbandoned())]
    events += [told("mon 10:00", WROTE), told("mon 10:10", REPLY)]

    assert clock_in(events, "mon 11:00", "update", by).started_at == at("mon 10:10")


def test_within_which_time_she_asks_again_is_said_by_the_policy_of_that_instant():
    later = f'version: 2\neffective_from: "{at("mon 12:00").isoformat()}"\n{OFFICE}'
    by = terms(OFFICE, f"{later}clocks: {{asks_again_within: 1h}}\n")
    events = [mail(), told("mon 09:10", REPLY), told("mon 10:00", WROTE)]
    events += [told("mon 10:20", RESOLVED), told("mon 14:00", WROTE)]

    started = [each.started_at for each in contact_in(events, "mon 15:00", by).clocks]

    assert at("mon 14:00") in started


@pytest.mark.parametrize("begun", [(mail(),), ()])
def test_reopening_what_she_had_asked_last_makes_no_update_due(begun):
    events = [*begun, told("mon 09:10", REPLY), told("mon 09:20", WROTE)]
    events += [told("mon 09:30", RESOLVED), told("mon 10:00", e.ContactReopened())]

    contact = contact_in(events, "mon 11:00", terms(f"{OFFICE}    update: 2h\n"))

    assert not [clock for clock in contact.clocks if clock.kind == "update" and not clock.ending]


def test_who_speaks_with_her_later_was_not_the_first():
    events = [call(), told("mon 09:01", ANSWERED), told("mon 09:10", ANSWERED)]

    assert contact_in(events, "mon 10:00").line.first_human_at == at("mon 09:01")


def test_whom_we_turned_away_after_she_was_gone_was_turned_away_when_she_went():
    events = [call(), told("mon 09:10", e.ContactAbandoned()), told("mon 09:30", TURNED_AWAY)]

    assert contact_in(events, "mon 10:00").line.turned_away_at == at("mon 09:10")


@pytest.mark.parametrize("taken", [(), (told("mon 09:10", e.ContactTransferred(agent="kim")),)])
def test_what_we_began_waits_for_an_owner_from_her_first_message_if_it_has_none(taken):
    by = terms(f"{OFFICE}    ownership: {{target: 1h, start_on: first_customer_message}}\n")
    begun = told("mon 09:00", e.ContactReceived(direction=e.Direction.OUTBOUND))

    kinds = kinds_in([begun, *taken, told("mon 10:00", WROTE)], "mon 11:00", by)

    assert ("ownership" in kinds) == (not taken)


def test_one_version_after_another_takes_hold_of_what_runs():
    pausing = OFFICE.replace("response: 1h", "response: {target: 1h, pauses_in: [customer]}")
    second = f'version: 2\neffective_from: "{at("mon 09:30").isoformat()}"\n{pausing}'
    third = f'version: 3\neffective_from: "{at("mon 10:30").isoformat()}"\n{OFFICE}'
    events = [mail("mon 09:00"), told("mon 09:10", HELD)]

    clock = clock_in(events, "mon 12:00", FIRST, terms(OFFICE, second, third))

    assert [(pause.start, pause.end) for pause in clock.pauses] == [
        (at("mon 09:30"), at("mon 10:30"))
    ]


def test_a_message_that_is_no_voicemail_is_no_call_that_we_owe():
    assert contact_in([mail(), told("mon 09:10", WROTE)], "mon 10:00").line.sent_away == []


def test_a_voicemail_after_our_own_call_was_given_up_is_no_call_that_we_owe():
    ours = e.ContactReceived(direction=e.Direction.OUTBOUND, channel=e.Channel.PHONE)
    events = [told("mon 09:00", ours), told("mon 09:01", e.ContactAbandoned())]
    events.append(told("mon 09:02", e.CustomerReplied(reason="voicemail")))

    assert contact_in(events, "mon 10:00").line.sent_away == []


def test_what_was_merged_is_known_to_be():
    events = [mail(), told("mon 09:10", e.ContactMerged(into="c2"))]

    assert replayed(events, "mon 10:00").contacts[0].line.merged


def test_a_state_that_ends_nothing_starts_no_second_resolution():
    told_so = "resolution: {target: 8h, stops_on: [agent_message], on_reopen: new_cycle}"
    by = terms(OFFICE.replace("resolution: 8h", told_so))
    events = [mail(), told("mon 09:10", REPLY), told("mon 09:20", HELD)]

    assert kinds_in(events, "mon 10:00", by) == [FIRST, RESOLUTION]


def test_a_pause_that_hides_from_the_very_due_instant_keeps_silent():
    hiding = "resolution: {target: 8h, pauses_in: [customer], pause_effect: hide}"
    by = terms(OFFICE.replace("resolution: 8h", hiding))
    clock = clock_in([mail(), told("mon 17:00", HELD)], "tue 10:00", RESOLUTION, by)

    assert not clock.is_breached(at("tue 10:00"))


def test_a_pause_that_hides_from_the_first_instant_too_late_keeps_silent():
    hiding = "resolution: {target: 2h, pauses_in: [customer], pause_effect: hide}"
    by = terms(OFFICE.replace("resolution: 8h", hiding))
    clock = clock_in([mail(), told("mon 11:00", HELD)], "mon 12:00", RESOLUTION, by)

    assert not clock.is_breached(at("mon 12:00"))
