"""What a deadline says of its beginning is true of its kind, whatever else happened at that instant."""

from datetime import UTC, datetime

import pytest

from app.core import events as e
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.core.working.account import account_in
from app.core.working.local_time import LocalTime
from app.core.working.verdict_words import noted
from app.core.working.wanted import Wanted
from tests.core.story import ANSWERED, REPLY, RESOLVED, WROTE, at, call, mail, told

POLICY = """
calendars: {office: {always_open: true}}
tiers: {standard: {default: true}}
teams: {help: {calendar: office}, sales: {calendar: office}}
targets:
  - {rule: all, first_response: 20s, next_response: 1h, resolution: 8h, update: 3h, ownership: 1h,
     callback: 2h}
"""
ANEW = "clocks: {resolution: {on_reopen: new_cycle}}"
PROMISE = e.FollowupPromised(due=at("tue 10:00"), promise="p1")
OWNED = e.ContactTransferred(agent="kim", inferred=True)
MOVED = e.ContactTransferred(agent=None, team="sales", from_team="help")
AGREED = e.ContactQueued(via=e.QueuedVia.CALLBACK, not_before=at("fri 08:00"))
IMPORTED = e.ContactAnswered(channel=e.Channel.EMAIL, customer="acme", team="help", inferred=True)
NOTE = e.AgentReplied(reason="internal_note")
VOICEMAIL = e.CustomerReplied(reason="voicemail")
OUR_MAIL = e.ContactReceived(
    channel=e.Channel.EMAIL, customer="acme", team="help", direction=e.Direction.OUTBOUND
)


def sentences(events, kind: str, extra: str = "", number: int = 1) -> list[str]:
    by = Terms(Policies((read_policy(POLICY + extra),)))
    account = account_in(events, by, Wanted("c1"), at("sat 12:00"))
    (found,) = [
        working
        for working in account.workings
        if (working.clock.kind, working.clock.number) == (kind, number)
    ]
    return list(account.sentences_of(found))


def beginning(events, kind: str, extra: str = "", number: int = 1) -> str:
    told_ = sentences(events, kind, extra, number)
    return next(each for each in told_ if each.startswith("Started"))


@pytest.mark.parametrize(
    ("events", "kind", "sentence"),
    [
        (
            [mail("mon 08:00"), told("mon 09:30", REPLY), told("mon 09:30", PROMISE)],
            "update",
            "Started Monday 2 March 09:30, when she heard from us.",
        ),
        (
            [mail("mon 08:00"), told("mon 09:30", REPLY), told("mon 09:30", PROMISE)],
            "follow_up",
            "Started Monday 2 March 09:30, when it was promised.",
        ),
        (
            [told("mon 08:00", IMPORTED), told("mon 08:00", OWNED)],
            "resolution",
            "Started Monday 2 March 08:00, when it came in.",
        ),
        (
            [mail("mon 08:00"), told("mon 08:00", OWNED)],
            "resolution",
            "Started Monday 2 March 08:00, with the customer's first message.",
        ),
        (
            [mail("mon 08:00"), told("mon 08:30", REPLY), told("mon 09:00", WROTE)],
            "next_response",
            "Started Monday 2 March 09:00, with her oldest message that was not answered.",
        ),
        (
            [call("mon 08:00"), told("mon 08:00:05", ANSWERED), told("mon 08:09", MOVED)],
            "next_response",
            "Started Monday 2 March 08:09, when it was passed on and she waited again.",
        ),
        (
            [call("mon 08:00"), told("mon 08:00", AGREED)],
            "first_response",
            "Started Friday 6 March 08:00, the time that was agreed with her.",
        ),
        (
            [call("mon 08:00"), told("mon 08:01", e.ContactAbandoned()), told("mon 08:01", WROTE)],
            "callback",
            "Started Monday 2 March 08:01, when she gave up waiting.",
        ),
        (
            [call("mon 08:00"), told("mon 08:01", VOICEMAIL)],
            "callback",
            "Started Monday 2 March 08:01, when she left a voicemail.",
        ),
        (
            [told("mon 08:00", WROTE)],
            "resolution",
            "Started Monday 2 March 08:00, with the first of her messages that is known.",
        ),
    ],
)
def test_a_beginning_is_told_by_what_can_begin_that_kind_of_clock(events, kind, sentence):
    assert beginning(events, kind) == sentence


@pytest.mark.parametrize("again", [e.ContactReopened(), WROTE])
def test_a_resolution_that_begins_anew_began_when_it_was_reopened(again):
    events = [mail("mon 08:00"), told("mon 08:30", RESOLVED), told("mon 09:00", again)]

    assert beginning(events, "resolution", ANEW, 2) == (
        "Started Monday 2 March 09:00, when it was reopened."
    )


def test_what_we_began_ourselves_is_not_told_as_her_message():
    at_once = "clocks: {resolution: {start_on: created}}"

    assert beginning([told("mon 08:00", OUR_MAIL)], "resolution", at_once) == (
        "Started Monday 2 March 08:00, when we turned to her."
    )


def test_news_stopped_by_a_note_are_due_from_the_note():
    counting = "clocks: {update: {stops_on: [internal_note]}}"

    assert beginning([mail("mon 08:00"), told("mon 09:00", NOTE)], "update", counting) == (
        "Started Monday 2 March 09:00, when a colleague noted something."
    )


def test_whoever_was_answered_and_told_no_is_said_to_have_been_both():
    refused = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
    in_time = [call("mon 08:00"), told("mon 08:00:06", ANSWERED), told("mon 08:00:50", refused)]
    late = [call("mon 08:00"), told("mon 08:00:26", ANSWERED), told("mon 08:00:50", refused)]

    assert sentences(in_time, "first_response")[-1] == (
        "Answered Monday 2 March 08:00:06 and turned away Monday 2 March 08:00:50, so the answer "
        "does not count: neither kept nor broken."
    )
    assert sentences(late, "first_response")[-1] == (
        "Answered Monday 2 March 08:00:26 and turned away Monday 2 March 08:00:50, so the answer "
        "does not count: broken since Monday 2 March 08:00:20, 26 s used of 20 s, 6 s too much."
    )


def test_whoever_was_turned_away_without_an_answer_is_told_no_more_than_that():
    refused = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
    events = [call("mon 08:00"), told("mon 08:00:06", refused)]

    assert sentences(events, "first_response")[-1] == (
        "Turned away Monday 2 March 08:00:06, which is no answer, before the promise broke: "
        "neither kept nor broken."
    )


def test_what_was_taken_back_is_told_without_a_reason_that_nobody_knows():
    time = LocalTime(UTC, datetime(2026, 3, 7, tzinfo=UTC))

    assert noted(at("mon 09:00"), at("tue 09:00"), time) == (
        "We said that it was broken Monday 2 March 09:00, and took that back Tuesday 3 March "
        "09:00: it is not broken after all."
    )
