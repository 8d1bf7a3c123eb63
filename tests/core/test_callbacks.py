"""Who did not get through, or was turned away, is called back: once owed, once stopped."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.document import document
from app.core.replay import Terms, replay
from app.core.source import Source
from tests.core.histories import histories
from tests.core.story import ANSWERED, OFFICE, REPLY, RESOLVED, at, call, replayed, terms, told

BY = terms(OFFICE + "    callback: 1h\n")
TURNED_AWAY = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
MISSED, ABANDONED = e.ContactMissed(), e.ContactAbandoned()
CALLED = e.ContactAnswered(direction=e.Direction.OUTBOUND, customer="acme", team="help")
RANG = [call("mon 10:00"), told("mon 10:02", MISSED)]


def callbacks(events, now: str = "mon 16:00", by: Terms = BY) -> list[tuple[str, Clock]]:
    return [
        (contact.subject, clock)
        for contact in replayed(events, now, by).contacts
        for clock in contact.clocks
        if clock.kind == "callback"
    ]


def callback(events, now: str = "mon 16:00", by: Terms = BY) -> Clock:
    ((_, clock),) = callbacks(events, now, by)
    return clock


def status(events, now: str = "mon 16:00", by: Terms = BY) -> Status:
    return callback(events, now, by).status(at(now))


# Opened.


@pytest.mark.parametrize("end", [MISSED, ABANDONED, TURNED_AWAY])
def test_who_did_not_get_through_is_owed_a_call(end):
    clock = callback([call("mon 10:00"), told("mon 10:02", end)])

    assert clock.started_at == at("mon 10:02")
    assert clock.due_at == at("mon 11:02")


def test_a_call_missed_at_night_is_due_an_hour_after_we_open():
    clock = callback([call("mon 22:00"), told("mon 22:01", MISSED)], "tue 09:30")

    assert clock.due_at == at("tue 10:00")


def test_a_policy_without_the_line_promises_no_call_back():
    assert callbacks(RANG, by=terms()) == []


@pytest.mark.parametrize(("waited", "owed"), [("10:00:04", 0), ("10:00:05", 1)])
def test_who_hangs_up_at_once_is_owed_nothing(waited, owed):
    events = [call("mon 10:00:00"), told(f"mon {waited}", ABANDONED)]

    assert len(callbacks(events)) == owed


def test_how_long_she_waited_is_the_tools_word_where_it_gives_one():
    told_short = e.ContactAbandoned(wait_seconds=4.9)

    assert callbacks([call("mon 10:00"), told("mon 10:02", told_short)]) == []


def test_a_policy_may_count_every_abandoned_call():
    by = terms(f"{OFFICE}    callback: 1h\nclocks: {{short_abandon: off}}\n")

    assert len(callbacks([call("mon 10:00:00"), told("mon 10:00:01", ABANDONED)], by=by)) == 1


def test_a_call_missed_at_once_is_owed_a_call_back():
    assert len(callbacks([call("mon 10:00:00"), told("mon 10:00:01", MISSED)])) == 1


def test_hanging_up_after_a_talk_opens_nothing():
    events = [call("mon 10:00"), told("mon 10:01", ANSWERED), told("mon 10:09", ABANDONED)]

    assert callbacks(events) == []


def test_who_left_neither_name_nor_number_cannot_be_called():
    withheld = told("mon 10:00", e.ContactReceived(channel=e.Channel.PHONE, team="help"))

    assert callbacks([withheld, told("mon 10:02", MISSED)]) == []


def test_our_own_call_that_nobody_took_owes_nothing():
    ours = told("mon 10:00", e.ContactReceived(direction=e.Direction.OUTBOUND, customer="acme"))

    assert callbacks([ours, told("mon 10:02", MISSED)]) == []


def test_a_discarded_call_owes_nothing():
    assert callbacks([*RANG, told("mon 10:05", e.ContactDiscarded())]) == []


def test_a_voicemail_after_hanging_up_at_once_is_owed_a_call():
    events = [call("mon 10:00:00"), told("mon 10:00:03", ABANDONED)]
    events.append(told("mon 10:01", e.CustomerReplied(reason="voicemail")))

    assert callback(events).started_at == at("mon 10:01")


def test_virtual_hold_keeps_her_place_and_is_not_abandoned():
    events = [
        call("mon 10:00"),
        told("mon 10:01", e.ContactQueued(via=e.QueuedVia.CALLBACK)),
        told("mon 10:02", ABANDONED),
        told("mon 10:20", e.ContactAnswered(direction=e.Direction.OUTBOUND)),
    ]

    (contact,) = replayed(events, "mon 11:00", BY).contacts

    assert [(str(c.kind), c.status(at("mon 11:00"))) for c in contact.clocks] == [
        ("first_response", Status.MET),
        ("resolution", Status.RUNNING),
    ]


# One at a time.


def test_a_second_missed_call_opens_no_second_clock():
    events = [*RANG, call("mon 10:30", "c2"), told("mon 10:31", MISSED, "c2")]

    assert [(contact, clock.started_at) for contact, clock in callbacks(events)] == [
        ("c1", at("mon 10:02"))
    ]


def test_after_she_was_called_another_missed_call_opens_another():
    events = [*RANG, told("mon 10:20", CALLED, "out")]
    events += [call("mon 10:30", "c2"), told("mon 10:31", MISSED, "c2")]

    assert [contact for contact, _ in callbacks(events)] == ["c1", "c2"]


def test_each_team_owes_its_own():
    events = [*RANG, call("mon 10:30", "c2", team="sales"), told("mon 10:31", MISSED, "c2")]

    assert [clock.team for _, clock in callbacks(events)] == ["help", "sales"]


def test_two_customers_are_owed_two():
    events = [*RANG, call("mon 10:30", "c2", customer="jensen"), told("mon 10:31", MISSED, "c2")]

    assert len(callbacks(events)) == 2


def test_callbacks_of_one_contact_are_numbered():
    chat = e.ContactReceived(channel=e.Channel.CHAT, customer="acme", team="help")
    events = [told("mon 10:00", chat), told("mon 10:02", MISSED)]
    events += [told("mon 10:10", REPLY), told("mon 10:20", e.CustomerReplied(), id="again")]
    events += [told("mon 10:25", MISSED, id="missed again")]

    assert [clock.number for _, clock in callbacks(events)] == [1, 2]


# Stopped.


@pytest.mark.parametrize(("when", "kept"), [("11:02", Status.MET), ("11:03", Status.BREACHED)])
def test_a_call_that_connects_keeps_it_at_its_very_due_instant(when, kept):
    assert status([*RANG, told(f"mon {when}", CALLED, "out")]) is kept


def test_a_call_of_another_team_reaches_her_too():
    by_sales = e.ContactAnswered(direction=e.Direction.OUTBOUND, customer="acme", team="sales")

    assert status([*RANG, told("mon 10:30", by_sales, "out")]) is Status.MET


def test_another_teams_mail_does_not_call_her_back():
    mail = e.AgentReplied(customer="acme", team="sales", channel=e.Channel.EMAIL)

    assert status([*RANG, told("mon 10:30", mail, "m1")], "mon 10:40") is Status.RUNNING


def test_writing_to_who_was_turned_away_counts():
    events = [call("mon 10:00"), told("mon 10:01", ANSWERED), told("mon 10:02", TURNED_AWAY)]
    mail = e.AgentReplied(customer="acme", team="help", channel=e.Channel.EMAIL)

    assert status([*events, told("mon 10:30", mail, "m1")]) is Status.MET


@pytest.mark.parametrize(
    "data", [e.AgentReplied(actor=e.Actor.BOT), e.AgentReplied(reason="outbound_call_attempt")]
)
def test_a_bot_or_an_attempt_does_not_reach_her(data):
    assert status([*RANG, told("mon 10:30", data)], "mon 10:40") is Status.RUNNING


def test_getting_through_ends_it():
    events = [*RANG, call("mon 10:30", "c2"), told("mon 10:31", ANSWERED, "c2")]
    events.append(told("mon 10:40", RESOLVED, "c2"))

    clock = callback(events)

    assert (clock.status(at("mon 16:00")), clock.stopped_at) == (Status.MET, at("mon 10:31"))


def test_being_turned_away_again_is_not_getting_through():
    events = [*RANG, call("mon 10:30", "c2"), told("mon 10:31", ANSWERED, "c2")]
    events.append(told("mon 10:32", TURNED_AWAY, "c2"))

    assert status(events, "mon 10:40") is Status.RUNNING


def test_a_brief_call_after_which_she_is_back_is_not_getting_through():
    again = [
        call("mon 10:30:00", "c2"),
        told("mon 10:30:05", ANSWERED, "c2"),
        told("mon 10:30:20", RESOLVED, "c2"),
    ]

    assert status([*RANG, *again], "mon 11:00") is Status.MET
    assert status([*RANG, *again, call("mon 10:50", "c3")], "mon 11:00") is Status.RUNNING


def test_the_story_opens_one_call_back_however_often_she_is_told_no():
    events = []
    for number in range(24):
        contact, minute = f"c{number:02}", f"mon 10:{number * 2:02}"
        events += [
            call(f"{minute}:00", contact),
            told(f"{minute}:06", ANSWERED, contact),
            told(f"{minute}:26", RESOLVED, contact),
        ]

    found = callbacks(events, "mon 10:50")
    contacts = replayed(events, "mon 10:50", BY).contacts

    assert sum(contact.is_turned_away for contact in contacts) == 23
    assert [contact for contact, _ in found] == ["c00"]


# Judged like any other clock.


def test_a_source_that_cannot_tell_an_answer_makes_it_not_measurable():
    deaf = Source(id="desk", kind="pager", tells=frozenset({"contact.received", "contact.missed"}))
    by = Terms(BY.policies, {"/desk": deaf})

    assert status(RANG, by=by) is Status.NOT_MEASURABLE


def test_it_stands_among_the_clocks_of_the_contact_that_opened_it():
    (contact,) = document(replayed(RANG, "mon 12:02", BY), BY)["contacts"]

    (clock,) = [clock for clock in contact["clocks"] if clock["kind"] == "callback"]

    assert (clock["status"], clock["breached"]) == ("running", True)
    assert clock["elapsed_seconds"] == timedelta(hours=2).total_seconds()


@given(histories(largest=40))
def test_a_customer_is_owed_one_call_a_team_at_a_time(events):
    """Would have caught: a second missed call that starts anew before the first was made good."""
    now = at("sun 12:00")
    spans = defaultdict(list)
    for contact in replay(events, BY, now).contacts:
        for clock in contact.clocks:
            if clock.kind == "callback":
                spans[contact.customer, contact.team].append(
                    (clock.started_at, clock.stopped_at or now)
                )
    for told_spans in spans.values():
        ordered = sorted(told_spans)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def test_a_second_call_that_we_made_does_not_hide_the_first():
    again = [call("mon 13:00", "c3"), told("mon 13:02", MISSED, "c3")]
    made = [told("mon 10:30", CALLED, "c2"), told("mon 13:30", CALLED, "c4")]

    stopped = [clock.stopped_at for _, clock in callbacks([*RANG, *again, *made])]

    assert stopped == [at("mon 10:30"), at("mon 13:30")]
