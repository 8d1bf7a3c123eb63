"""What starts, pauses, stops and ends a clock where the policy says otherwise than by itself."""

from datetime import timedelta

import pytest

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.clocks.record import Record, record_of
from app.core.marked_yaml import FaultyFile
from app.core.policy import ClockKind
from app.core.replay import Terms
from tests.core.story import (
    FIRST,
    HELD,
    NEXT,
    OFFICE,
    REPLY,
    RESOLUTION,
    RESOLVED,
    WROTE,
    at,
    clock_in,
    contact_in,
    kinds_in,
    mail,
    minutes,
    terms,
    told,
)

UPDATE, OWNERSHIP = "update", "ownership"
BOT = e.AgentReplied(actor=e.Actor.BOT)
NOTE = e.AgentReplied(reason="internal_note")
TAKEN = e.ContactTransferred(agent="kim")


def promising(promise: str) -> Terms:
    """The office, promising one thing alone."""
    return terms(OFFICE[: OFFICE.index("    first_response")] + f"    {promise}\n")


def held(state: str) -> e.Data:
    return e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER, state=state)


def record(events: list[e.Event], now: str, by: Terms) -> Record:
    (kind,) = by.policies.newest.rules[0].targets
    return record_of(kind, contact_in(events, now, by).clocks, at(now))


def clocks(events: list[e.Event], now: str, kind: str, by: Terms) -> list[Clock]:
    return [clock for clock in contact_in(events, now, by).clocks if clock.kind == kind]


# Pauses.


def test_a_response_may_pause_in_a_state_that_the_tool_names():
    by = promising("first_response: {target: 1h, pauses_in: [on_hold]}")
    events = [mail("mon 09:00"), told("mon 09:30", held("on_hold"))]
    back = told("mon 15:00", e.ContactResumed())

    assert clock_in(events, "mon 12:00", FIRST, by).status(at("mon 12:00")) is Status.PAUSED
    assert clock_in([*events, back], "mon 15:00", FIRST, by).due_at == at("mon 15:30")


def test_another_state_of_the_tool_pauses_nothing():
    by = promising("first_response: {target: 1h, pauses_in: [on_hold]}")
    events = [mail("mon 09:00"), told("mon 09:30", held("pending"))]

    assert clock_in(events, "mon 09:40", FIRST, by).due_at == at("mon 10:00")


def test_a_state_that_the_tool_names_ends_only_by_its_word():
    by = promising("resolution: {target: 8h, pauses_in: [pending]}")
    events = [mail("mon 09:00"), told("mon 10:00", held("pending")), told("mon 11:00", WROTE)]

    assert clock_in(events, "mon 12:00", RESOLUTION, by).is_paused


def test_what_begins_in_a_pausing_state_begins_paused():
    by = promising("resolution: {target: 8h, pauses_in: [pending]}")
    opened = e.ContactReceived(channel=e.Channel.EMAIL, state="pending", team="help")

    clock = clock_in([told("mon 09:00", opened)], "mon 09:00", RESOLUTION, by)

    assert (clock.is_paused, clock.due_at) == (True, None)


HIDING = "resolution: {target: 2h, pauses_in: [customer], pause_effect: hide}"


def test_a_pause_that_hides_keeps_silent_while_the_time_counts():
    events = [mail("mon 09:00"), told("mon 10:00", HELD)]

    clock = clock_in(events, "mon 15:00", RESOLUTION, promising(HIDING))

    assert (clock.due_at, clock.breaches_at, clock.is_breached(at("mon 15:00"))) == (
        None,
        None,
        False,
    )


def test_a_hidden_deadline_stands_again_where_it_was():
    events = [mail("mon 09:00"), told("mon 10:00", HELD), told("mon 10:30", WROTE)]

    assert clock_in(events, "mon 10:40", RESOLUTION, promising(HIDING)).due_at == at("mon 11:00")


def test_what_broke_while_it_was_hidden_is_broken_once_it_shows():
    events = [mail("mon 09:00"), told("mon 10:00", HELD), told("mon 15:00", WROTE)]

    assert clock_in(events, "mon 15:01", RESOLUTION, promising(HIDING)).breaches_at == at(
        "mon 11:00"
    )


def test_what_was_broken_before_it_was_hidden_stays_broken():
    events = [mail("mon 09:00"), told("mon 12:00", HELD)]

    assert clock_in(events, "mon 15:00", RESOLUTION, promising(HIDING)).is_breached(at("mon 15:00"))


def test_a_pause_that_excludes_after_one_that_hides_is_left_out():
    by = terms(
        OFFICE.replace(
            "resolution: 8h",
            "resolution: {target: 8h, pauses_in: [customer], pause_effect: hide, at_end: suspended}",
        )
    )
    events = [mail("mon 09:00"), told("mon 10:00", HELD), told("mon 11:00", RESOLVED)]
    events += [told("mon 15:00", e.ContactReopened()), told("mon 16:00", REPLY)]

    assert clock_in(events, "mon 16:00", RESOLUTION, by).due_at == at("tue 13:00")


# Ends.


def test_only_the_named_states_end_a_clock():
    by = promising("resolution: {target: 8h, ends_in: [closed]}")
    solved = [mail("mon 09:00"), told("mon 10:00", e.ContactResolved(state="solved"))]
    closed = told("mon 12:00", e.ContactResolved(state="closed"))

    assert clock_in(solved, "mon 11:00", RESOLUTION, by).ending is None
    assert minutes(clock_in([*solved, closed], "mon 13:00", RESOLUTION, by)) == 180


def test_one_state_may_end_one_clock_and_pause_another():
    by = terms(
        OFFICE.replace(
            "next_response: 30m",
            "next_response: {target: 30m, pauses_in: [closed], ends_in: []}",
        )
    )
    events = [mail("mon 09:00"), told("mon 09:10", REPLY), told("mon 10:00", WROTE)]
    events.append(told("mon 10:10", e.ContactResolved(state="closed")))

    contact = contact_in(events, "mon 12:00", by)

    assert [(clock.kind, clock.status(at("mon 12:00"))) for clock in contact.clocks] == [
        (FIRST, Status.MET),
        (RESOLUTION, Status.MET),
        (NEXT, Status.PAUSED),
    ]


@pytest.mark.parametrize(
    ("at_end", "status"),
    [
        ("judged", Status.MET),
        ("suspended", Status.PAUSED),
        ("waived", Status.WAIVED),
        ("cancelled", Status.CANCELLED),
    ],
)
def test_the_policy_says_what_becomes_of_a_clock_at_its_end(at_end, status):
    by = promising(f"first_response: {{target: 1h, at_end: {at_end}}}")
    events = [mail("mon 09:00"), told("mon 09:30", RESOLVED)]

    assert clock_in(events, "tue 12:00", FIRST, by).status(at("tue 12:00")) is status


def test_a_cancelled_resolution_stays_so_when_the_contact_is_reopened():
    by = promising("resolution: {target: 8h, at_end: cancelled}")
    events = [mail("mon 09:00"), told("mon 10:00", RESOLVED), told("mon 11:00", WROTE)]

    assert record(events, "mon 12:00", by).status is Status.CANCELLED


def test_a_cancelled_first_response_begins_anew_with_her_next_message():
    by = promising("first_response: {target: 1h, at_end: cancelled}")
    events = [mail("mon 09:00"), told("mon 10:00", RESOLVED), told("mon 11:00", WROTE)]

    assert [clock.started_at for clock in clocks(events, "mon 11:10", FIRST, by)] == [
        at("mon 09:00"),
        at("mon 11:00"),
    ]


# Starts and stops.


def test_a_next_response_may_count_before_the_first():
    by = promising("next_response: {target: 30m, counts_before_first_response: true}")
    events = [mail("mon 09:00"), told("mon 09:20", REPLY), told("mon 10:00", WROTE)]

    assert [clock.started_at for clock in clocks(events, "mon 10:10", NEXT, by)] == [
        at("mon 09:00"),
        at("mon 10:00"),
    ]


@pytest.mark.parametrize(
    ("stop", "data"),
    [("bot_message", BOT), ("internal_note", NOTE), ("assigned", TAKEN)],
)
def test_the_policy_says_what_stops_a_first_response(stop, data):
    by = promising(f"first_response: {{target: 1h, stops_on: [agent_message, {stop}]}}")
    events = [mail("mon 09:00"), told("mon 09:15", data)]

    assert minutes(clock_in(events, "mon 10:00", FIRST, by)) == 15
    assert clock_in(events, "mon 10:00", FIRST).ending is None


def test_a_resolution_may_run_from_the_beginning_of_what_we_began():
    by = promising("resolution: {target: 8h, start_on: created}")

    assert clock_in([told("mon 09:00", REPLY)], "mon 10:00", RESOLUTION, by).started_at == at(
        "mon 09:00"
    )


def test_a_resolution_runs_from_her_first_message_on_what_we_began():
    events = [told("mon 09:00", REPLY), told("mon 11:00", WROTE)]

    assert clock_in(events, "mon 12:00", RESOLUTION).started_at == at("mon 11:00")


IMPORTANT_ANEW = """
  - rule: deals
    when: {queue: deals}
    first_response: {target: 1h, start_on: applied}
"""


def test_a_clock_may_run_from_when_its_rule_began_to_fit():
    by = terms(OFFICE.replace("targets:", f"targets:{IMPORTANT_ANEW.rstrip()}"))
    events = [mail("mon 09:00", queue="front")]
    events.append(told("mon 11:00", e.ContactTransferred(queue="deals")))

    assert clock_in(events, "mon 11:30", FIRST, by).due_at == at("mon 12:00")


def test_a_rule_that_stays_the_same_in_the_next_version_goes_on():
    applied = OFFICE.replace(
        "first_response: 1h", "first_response: {target: 1h, start_on: applied}"
    )
    later = f'version: 2\neffective_from: "{at("mon 09:30").isoformat()}"\n{applied}'

    clock = clock_in([mail("mon 09:00")], "mon 09:40", FIRST, terms(applied, later))

    assert clock.started_at == at("mon 09:00")


# A new version while a clock runs.


def test_a_pause_that_a_new_version_does_not_know_ends_when_it_begins_and_is_kept():
    before = OFFICE.replace("resolution: 8h", "resolution: {target: 8h, pauses_in: [customer]}")
    without = OFFICE.replace("resolution: 8h", "resolution: {target: 8h, pauses_in: []}")
    later = f'version: 2\neffective_from: "{at("mon 12:00").isoformat()}"\n{without}'
    events = [mail("mon 09:00"), told("mon 10:00", HELD)]

    clock = clock_in(events, "mon 13:00", RESOLUTION, terms(before, later))

    assert (clock.is_paused, clock.due_at) == (False, at("tue 11:00"))


def test_a_pause_that_a_new_version_brings_begins_with_it():
    pausing = OFFICE.replace(
        "first_response: 1h", "first_response: {target: 1h, pauses_in: [customer]}"
    )
    later = f'version: 2\neffective_from: "{at("mon 09:30").isoformat()}"\n{pausing}'
    events = [mail("mon 09:00"), told("mon 09:10", HELD)]

    clock = clock_in(events, "mon 12:00", FIRST, terms(OFFICE, later))

    assert [pause.start for pause in clock.pauses] == [at("mon 09:30")]


# Updates.


HEARING = promising("update: 2h")


def test_no_update_is_due_before_anybody_has_answered():
    assert kinds_in([mail("mon 09:00")], "mon 16:00", HEARING) == []


def test_the_next_update_is_due_from_each_answer():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), told("mon 11:00", REPLY)]

    assert [clock.due_at for clock in clocks(events, "mon 12:00", UPDATE, HEARING)] == [
        at("mon 11:30"),
        at("mon 13:00"),
    ]


def test_her_own_message_ends_the_update_since_an_answer_is_due_instead():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), told("mon 10:00", WROTE)]

    assert record(events, "mon 16:00", HEARING) == Record(
        Status.IDLE, clock_in(events, "mon 16:00", UPDATE, HEARING)
    )


def test_her_message_does_not_mend_an_update_that_was_late():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), told("mon 14:00", WROTE)]

    found = record(events, "mon 16:00", HEARING)

    assert (found.status, found.cycles, found.misses) == (Status.IDLE, 1, 1)


def test_a_policy_may_let_the_update_run_on_beside_her_message():
    by = promising("update: {target: 2h, cancel_on_customer_message: false}")
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), told("mon 10:00", WROTE)]

    assert clock_in(events, "mon 11:00", UPDATE, by).due_at == at("mon 11:30")


def test_no_update_is_due_once_it_is_over_nor_while_we_wait_for_her():
    answered = [mail("mon 09:00"), told("mon 09:30", REPLY)]
    over = [*answered, told("mon 10:00", RESOLVED), told("mon 10:30", REPLY)]

    assert record(over, "tue 16:00", HEARING).status is Status.IDLE
    assert clock_in([*answered, told("mon 10:00", HELD)], "mon 16:00", UPDATE, HEARING).is_paused


# Owners.


OWNED = promising("ownership: 30m")


def test_a_contact_without_an_owner_waits_for_one():
    assert clock_in([mail("mon 09:00")], "mon 09:10", OWNERSHIP, OWNED).due_at == at("mon 09:30")


@pytest.mark.parametrize("taken", [TAKEN, e.ContactAnswered(agent="kim")])
def test_who_takes_it_ends_the_wait_for_an_owner(taken):
    events = [mail("mon 09:00"), told("mon 09:20", taken)]

    assert minutes(clock_in(events, "mon 10:00", OWNERSHIP, OWNED)) == 20


def test_passing_it_to_nobody_begins_the_wait_anew_and_is_counted():
    events = [mail("mon 09:00"), told("mon 09:20", TAKEN)]
    events.append(told("mon 10:00", e.ContactTransferred(from_agent="kim", from_team="help")))

    contact = contact_in(events, "mon 10:10", OWNED)

    assert [clock.started_at for clock in contact.clocks] == [at("mon 09:00"), at("mon 10:00")]
    assert contact.line.passed_on == 1
    assert contact.line.owner is None


# The record of a kind.


def test_a_quick_later_answer_does_not_hide_an_earlier_miss():
    events = [mail("mon 09:00"), told("mon 09:10", REPLY), told("mon 10:00", WROTE)]
    events += [told("mon 12:00", REPLY), told("mon 13:00", WROTE), told("mon 13:01", REPLY)]

    found = record_of(ClockKind(NEXT), contact_in(events, "mon 14:00").clocks, at("mon 14:00"))

    assert (found.cycles, found.misses, found.worst) == (2, 1, timedelta(hours=2))


def test_nothing_asked_is_idle_and_nothing_promised_is_none():
    assert record_of(ClockKind(NEXT), (), at("mon 09:00")).status is Status.IDLE
    assert record_of(ClockKind(FIRST), (), at("mon 09:00")).status is Status.NONE


def test_reopening_what_we_had_answered_last_makes_the_next_update_due_from_there():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), told("mon 10:00", RESOLVED)]
    events.append(told("mon 11:00", e.ContactReopened()))

    assert clocks(events, "mon 12:00", UPDATE, HEARING)[-1].due_at == at("mon 13:00")


@pytest.mark.parametrize(
    ("moves", "passed_on"),
    [
        ([e.ContactTransferred(agent="kim")], 0),
        ([e.ContactTransferred(agent="kim"), e.ContactTransferred(agent="kim")], 0),
        ([e.ContactTransferred(agent="kim"), e.ContactTransferred(agent="lee")], 1),
        ([e.ContactTransferred(agent=who) for who in ("kim", "lee", "jo")], 2),
        ([e.ContactTransferred(agent="kim"), e.ContactTransferred(team="sales")], 1),
        ([e.ContactTransferred(team="sales")], 1),
        ([e.ContactTransferred(agent="kim", from_team="front")], 1),
        ([e.ContactTransferred(agent="kim"), e.ContactTransferred(queue="deals")], 0),
        ([e.ContactAnswered(agent="kim"), e.ContactAnswered(agent="lee")], 1),
        ([e.ContactAnswered(agent=who) for who in ("kim", "lee", "jo")], 2),
        ([e.ContactAnswered(), e.ContactAnswered(agent="lee")], 0),
    ],
)
def test_a_contact_is_passed_on_when_it_leaves_somebody_for_somebody_else(moves, passed_on):
    events = [mail("mon 09:00")]
    events += [told(f"mon 10:0{n}", move) for n, move in enumerate(moves)]

    assert contact_in(events, "mon 11:00").line.passed_on == passed_on


def test_another_queue_takes_no_owner_away():
    events = [mail("mon 09:00"), told("mon 09:20", TAKEN)]
    events.append(told("mon 10:00", e.ContactTransferred(queue="deals")))

    assert contact_in(events, "mon 10:10", OWNED).line.owner == "kim"


def test_no_bot_ends_the_wait_for_a_colleague():
    chat = e.ContactReceived(channel=e.Channel.CHAT, team="help")
    events = [told("mon 09:00", chat), told("mon 09:01", e.ContactAnswered(agent="kim"))]
    events += [told("mon 09:05", e.ContactTransferred(team="sales")), told("mon 09:06", BOT)]
    taken = told("mon 09:10", e.ContactAnswered(agent="lee"))

    assert clock_in(events, "mon 09:08", NEXT).ending is None
    assert minutes(clock_in([*events, taken], "mon 09:12", NEXT)) == 5


@pytest.mark.parametrize("word", ["pauses_in", "ends_in"])
def test_being_open_neither_pauses_nor_ends_a_clock(word):
    with pytest.raises(FaultyFile, match="'open' is the state in which clocks run"):
        promising(f"first_response: {{target: 1h, {word}: [open]}}")
