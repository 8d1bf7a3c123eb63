"""Turned away is not served: told by the tool, or seen from a brief exchange after which she is back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.document import document
from app.core.replay import Contact, Terms, replay
from tests.core.histories import histories
from tests.core.story import (
    ANSWERED,
    FIRST,
    OFFICE,
    REPLY,
    RESOLVED,
    at,
    call,
    replayed,
    terms,
    told,
)

CALLS_BACK = OFFICE + "    callback: 1h\n"
BY = terms(CALLS_BACK)
TURNED_AWAY = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
SALES = {"team": "sales"}


def brief(contact: str = "c1", day: str = "mon", **more: Any) -> list[e.Event]:
    """Answered six seconds after it rang, over twenty seconds later."""
    return [
        call(f"{day} 10:00:00", contact, **more),
        told(f"{day} 10:00:06", e.ContactAnswered(agent="kim"), contact),
        told(f"{day} 10:00:26", RESOLVED, contact),
    ]


def contacts_in(events, now: str = "fri+2 12:00", by: Terms = BY) -> dict[str, Contact]:
    return {contact.subject: contact for contact in replayed(events, now, by).contacts}


def first_status(contact: Contact, now: str = "fri+2 12:00") -> Status:
    (clock,) = [clock for clock in contact.clocks if clock.kind == FIRST]
    return clock.status(at(now))


# Told.


def test_who_is_told_no_in_time_was_not_answered():
    contact = contacts_in([call(), told("mon 09:05", ANSWERED), told("mon 09:06", TURNED_AWAY)])[
        "c1"
    ]

    assert (contact.is_turned_away, contact.turned_away_inferred) == (True, False)
    assert first_status(contact) is Status.CANCELLED


def test_who_is_told_no_late_waited_too_long_all_the_same():
    contact = contacts_in([call(), told("mon 10:05", ANSWERED), told("mon 10:06", TURNED_AWAY)])[
        "c1"
    ]

    assert first_status(contact) is Status.BREACHED


@pytest.mark.parametrize("later", ["mon 09:06", "mon 09:30", "thu 16:00"])
def test_a_tag_set_after_the_end_says_so_from_the_end_on(later):
    events = [call(), told("mon 09:05", ANSWERED), told("mon 09:06", RESOLVED)]

    contact = contacts_in([*events, told(later, TURNED_AWAY, id="tag")])["c1"]

    assert contact.turned_away_at == contact.resolved_at == at("mon 09:06")
    assert first_status(contact) is Status.CANCELLED


def test_another_second_end_is_still_ignored():
    events = [call(), told("mon 09:05", ANSWERED), told("mon 09:06", RESOLVED)]
    done = told("mon 09:30", e.ContactResolved(outcome=e.Outcome.NO_ANSWER_NEEDED), id="again")

    assert contacts_in([*events, done]) == contacts_in(events) | {
        "c1": _with_news_at(contacts_in(events)["c1"], "mon 09:30")
    }


def _with_news_at(contact: Contact, when: str) -> Contact:
    return replace(contact, last_event_at=at(when))


def test_what_was_discarded_is_out_of_all_counts():
    events = [call(), told("mon 09:06", TURNED_AWAY), told("mon 09:07", e.ContactDiscarded())]

    assert not contacts_in(events)["c1"].is_turned_away


# Inferred.


def test_a_brief_call_after_which_she_calls_again_was_no_help():
    contact = contacts_in([*brief(), call("tue 09:00", "c2")])["c1"]

    assert (contact.is_turned_away, contact.turned_away_inferred) == (True, True)
    assert contact.turned_away_at == at("mon 10:00:26")
    assert first_status(contact) is Status.CANCELLED


def test_a_brief_call_alone_says_nothing():
    contact = contacts_in(brief())["c1"]

    assert not contact.is_turned_away
    assert first_status(contact) is Status.MET


@pytest.mark.parametrize(
    ("back", "counts"),
    [("mon 10:00:27", True), ("mon+1 10:00:26", True), ("mon+1 10:00:27", False)],
)
def test_she_is_back_within_five_business_days_to_the_very_second(back, counts):
    contact = contacts_in([*brief(), call(back, "c2")])["c1"]

    assert contact.is_turned_away is counts


@pytest.mark.parametrize(("ended", "counts"), [("mon 10:01:05", True), ("mon 10:01:06", False)])
def test_a_minute_of_talk_is_no_brief_exchange(ended, counts):
    events = [call("mon 10:00:00"), told("mon 10:00:06", ANSWERED), told(ended, RESOLVED)]

    contact = contacts_in([*events, call("tue 09:00", "c2")])["c1"]

    assert contact.is_turned_away is counts


@pytest.mark.parametrize(
    ("when", "data"),
    [
        ("mon 10:00:20", e.FollowupPromised(due=at("mon 15:00"))),
        ("mon 11:00:00", e.FollowupPromised(due=at("mon 15:00"))),
        ("mon 10:00:20", e.ContactTransferred(from_agent="kim", agent="lee")),
        ("mon 11:00:00", e.WorkStarted(agent="kim")),
        ("mon 11:00:00", REPLY),
        ("mon 11:00:00", e.ContactAnswered(direction=e.Direction.OUTBOUND)),
    ],
)
def test_what_was_promised_or_done_before_she_was_back_is_help(when, data):
    events = [*brief(), told(when, data, id="help"), call("tue 09:00", "c2")]

    assert not contacts_in(events)["c1"].is_turned_away


@pytest.mark.parametrize(
    "data",
    [
        e.WorkStarted(agent="kim", kind="wrap_up"),
        e.AgentReplied(actor=e.Actor.BOT),
        e.AgentReplied(reason="outbound_call_attempt"),
        e.CustomerRated(score=1),
    ],
)
def test_writing_it_up_or_a_bot_is_no_help(data):
    events = [*brief(), told("mon 11:00", data, id="no help"), call("tue 09:00", "c2")]

    assert contacts_in(events)["c1"].is_turned_away


def test_help_that_comes_after_she_was_back_does_not_undo_it():
    events = [*brief(), call("tue 09:00", "c2"), told("tue 10:00", e.WorkStarted(agent="kim"))]

    assert contacts_in(events)["c1"].is_turned_away


def test_a_message_of_hers_on_another_channel_is_a_return():
    wrote = told("tue 09:00", e.ContactReceived(channel=e.Channel.EMAIL, customer="acme"), "m1")

    assert contacts_in([*brief(), wrote])["c1"].is_turned_away


def test_our_own_call_is_no_return():
    ours = told(
        "tue 09:00", e.ContactReceived(direction=e.Direction.OUTBOUND, customer="acme"), "out"
    )

    assert not contacts_in([*brief(), ours])["c1"].is_turned_away


def test_a_return_that_was_spam_is_none():
    events = [*brief(), call("tue 09:00", "c2"), told("tue 09:01", e.ContactDiscarded(), "c2")]

    assert not contacts_in(events)["c1"].is_turned_away


def test_another_customers_call_is_no_return():
    assert not contacts_in([*brief(), call("tue 09:00", "c2", customer="jensen")])[
        "c1"
    ].is_turned_away


def test_work_alone_does_not_say_that_a_human_answered():
    events = [
        call("mon 10:00:00"),
        told("mon 10:00:06", e.WorkStarted(agent="kim")),
        told("mon 10:00:26", RESOLVED),
        call("tue 09:00", "c2"),
    ]

    assert not contacts_in(events)["c1"].is_turned_away


def test_a_mail_is_never_a_brief_exchange():
    events = [
        told("mon 10:00", e.ContactReceived(channel=e.Channel.EMAIL, customer="acme")),
        told("mon 10:00:05", ANSWERED),
        told("mon 10:00:20", RESOLVED),
        call("tue 09:00", "c2"),
    ]

    assert not contacts_in(events)["c1"].is_turned_away


def test_writing_again_on_the_chat_is_a_return_and_she_goes_on_waiting():
    chat = [
        told("mon 10:00", e.ContactReceived(channel=e.Channel.CHAT, customer="acme", team="help")),
        told("mon 10:00:06", ANSWERED),
        told("mon 10:00:26", RESOLVED),
        told("mon 10:05", e.CustomerReplied()),
    ]

    contact = contacts_in(chat, "mon 10:06")["c1"]

    assert contact.turned_away_inferred
    assert contact.waiting_since == at("mon 10:05")


@pytest.mark.parametrize("off", ["off", "0s"])
def test_a_policy_may_switch_the_inference_off(off):
    by = terms(f"{CALLS_BACK}clocks: {{turned_away_within: {off}}}\n")

    assert not contacts_in([*brief(), call("tue 09:00", "c2")], by=by)["c1"].is_turned_away


def test_what_the_tool_told_is_not_marked_inferred():
    events = [*brief(), told("mon 10:05", TURNED_AWAY, id="tag"), call("tue 09:00", "c2")]

    contact = contacts_in(events)["c1"]

    assert (contact.is_turned_away, contact.turned_away_inferred) == (True, False)


def test_the_document_says_so():
    events = [*brief(), call("tue 09:00", "c2")]

    told_ = document(replay(events, BY, at("tue 12:00")), BY)["contacts"]

    assert [(one["turned_away"], one["turned_away_inferred"]) for one in told_] == [
        (True, True),
        (False, False),
    ]


def test_a_team_that_opens_no_more_cannot_say_when_a_return_comes_too_late():
    """Would have caught: a calendar of special days alone that cannot be counted on."""
    by = terms(
        CALLS_BACK.replace(
            'hours: {mon-fri: "09:00-17:00"}', "special_days: {2026-03-02: '09:00-17:00'}"
        )
    )

    assert not contacts_in([*brief(), call("mon 16:00", "c2")], "mon 17:00", by)[
        "c1"
    ].is_turned_away


def test_a_contact_knows_under_which_keys_its_events_came():
    told_of_it = e.CustomerReplied(same_as="c1", customer="acme")

    (contact,) = replayed([*brief(), told("mon 10:05", told_of_it, "c0")], "mon 11:00").contacts

    assert {key.partition("\x1f")[2] for key in contact.members} == {"c0", "c1"}


# Laws.

GENEROUS = terms(CALLS_BACK + "clocks: {turned_away_within: 2h, short_abandon: 20m}\n")
SUNDAY = at("sun 12:00")


@given(histories(largest=40), st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_change_who_was_turned_away_or_is_owed_a_call(events, random):
    """Would have caught: a return that counts only when it is delivered after the brief call."""
    perfect = replay(events, GENEROUS, SUNDAY)
    delivered = [*events, *random.choices(events, k=5)] if events else []
    random.shuffle(delivered)

    again = replay(delivered, GENEROUS, SUNDAY)
    assert (again.contacts, again.promises) == (perfect.contacts, perfect.promises)


@given(histories(largest=40))
def test_nobody_who_was_turned_away_was_answered_in_time(events):
    """Would have caught: a first response that stays kept because it was reopened."""
    for contact in replay(events, GENEROUS, SUNDAY).contacts:
        if contact.is_turned_away:
            firsts = [clock for clock in contact.clocks if clock.kind == FIRST]
            assert Status.MET not in {clock.status(SUNDAY) for clock in firsts}


def test_a_stricter_policy_does_not_say_it_of_calls_that_were_over():
    events = [call("mon 10:00"), told("mon 10:01", ANSWERED), told("mon 10:03", RESOLVED)]
    events += [call("mon 11:00", "c2"), told("mon 11:01", ANSWERED, "c2")]
    later = f'version: 2\neffective_from: "{at("tue 09:00").isoformat()}"\n{OFFICE}'
    by = terms(OFFICE, later + "clocks: {turned_away_within: 5m}")

    assert not any(each.is_turned_away for each in replayed(events, "tue 10:00", by).contacts)
