"""Every deadline can show its working, and what it shows adds up."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core import events as e
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.core.source import Source
from app.core.working.account import account_in
from app.core.working.local_time import length
from app.core.working.wanted import Wanted
from tests.core.story import (
    ANSWERED,
    HELD,
    REPLY,
    RESOLVED,
    WROTE,
    at,
    call,
    mail,
    told,
)
from tests.core.working.desk import (
    ALL_KINDS,
    IMPORTANT,
    POLICY,
    TERMS,
    UNFIT,
    policy,
    said,
    without,
)


def test_an_answer_in_time_says_which_rule_what_was_counted_and_what_was_left_out():
    events = [IMPORTANT, mail("fri 14:30"), told("mon+1 08:12", REPLY)]

    assert said(events, "mon+1 10:00", "first_response") == [
        (
            "First response, promised within 4 h of open time by the rule 'Important customers' "
            "(policy version 3, line 16), because the contact came by e-mail, its team is Customer "
            "support and its customer is important."
        ),
        "'Phone' did not fit: the contact came by e-mail, not by phone.",
        "Started Friday 6 March 15:30, with the customer's first message.",
        "Counted: Fri 6 Mar 15:30-16:00 (30 min), Mon 9 Mar 08:00-09:12 (1 h 12 min).",
        "Left out: Fri 6 Mar 16:00 to Mon 9 Mar 08:00, closed.",
        (
            "Due Monday 9 March 11:30. No time counts from then on until Monday 9 March 12:00, so it is "
            "kept until then."
        ),
        "Answered Monday 9 March 09:12: kept, 1 h 42 min of 4 h used.",
    ]


def test_a_deadline_ahead_says_what_still_has_to_pass():
    assert said([mail("mon 06:30")], "mon 06:40", "first_response")[-5:] == [
        "Nothing has counted yet.",
        "Still to come: Mon 2 Mar 08:00-11:30 and 12:00-12:30 (4 h).",
        "Left out: Mon 2 Mar 07:30-08:00, closed; Mon 2 Mar 11:30-12:00, closed.",
        "Due Monday 2 March 12:30.",
        "Not answered yet: 0 s of 4 h used, 4 h left. Closed until Monday 2 March 08:00.",
    ]
    assert said([mail("mon 07:30")], "mon 08:00", "resolution")[0] == (
        "Resolution, promised within 2 business days (from this start 15 h of open time) by the "
        "rule 'Everyone else' (policy version 3, line 19), which is for whatever no rule above it "
        "fits."
    )


def test_a_deadline_at_closing_is_kept_until_the_next_opening():
    events = [mail("fri 10:30")]

    assert said(events, "fri 10:30", "first_response")[-2:] == [
        (
            "Due Friday 6 March 16:00. No time counts from then on until Monday 9 March 08:00, "
            "so it is kept until then."
        ),
        "Not answered yet: 0 s of 4 h used, 4 h left. Closed until Friday 6 March 12:00.",
    ]


def test_waiting_for_the_customer_is_left_out_and_holidays_are_named():
    events = [
        mail("wed+4 09:00"),
        told("wed+4 09:30", REPLY),
        told("wed+4 10:00", HELD),
        told("wed+4 12:00", WROTE),
        told("tue+5 08:00", RESOLVED),
    ]

    assert said(events, "wed+5 10:00", "resolution")[2:] == [
        "Started Wednesday 1 April 11:00, with the customer's first message.",
        "Counted: Wed 1 Apr 11:00-11:30 and 14:00-16:00 (2 h 30 min), Tue 7 Apr 08:00-10:00 (2 h).",
        (
            "Left out: Wed 1 Apr 11:30-12:00, closed; Wed 1 Apr 12:00-14:00, waiting for the customer; "
            "Wed 1 Apr 16:00 to Tue 7 Apr 08:00, closed (2 April, Maundy Thursday; 3 April, Good Friday; "
            "6 April, Easter Monday)."
        ),
        "Due Wednesday 8 April 13:30.",
        "Resolved Tuesday 7 April 10:00: kept, 4 h 30 min of 15 h used.",
    ]


def test_a_long_stretch_is_cut_to_its_ends():
    events = [mail("mon 08:00")]

    counted = said(events, "mon+3 08:00", "resolution")[3:5]

    assert counted == [
        (
            "Counted so far: Mon 2 Mar 09:00-11:30 and 12:00-16:00 (6 h 30 min), "
            "Tue 3 Mar 08:00-11:30 and 12:00-16:00 (7 h 30 min), "
            "Wed 4 Mar 08:00-11:30 and 12:00-16:00 (7 h 30 min), and 10 days more, 75 h, "
            "Thu 19 Mar 08:00-11:30 and 12:00-16:00 (7 h 30 min), "
            "Fri 20 Mar 08:00-11:30 and 12:00-16:00 (7 h 30 min), Mon 23 Mar 08:00-09:00 (1 h)."
        ),
        (
            "Left out: Mon 2 Mar 11:30-12:00, closed; Mon 2 Mar 16:00 to Tue 3 Mar 08:00, closed; "
            "Tue 3 Mar 11:30-12:00, closed; and 24 stretches more; Thu 19 Mar 16:00 to Fri 20 Mar 08:00, "
            "closed; Fri 20 Mar 11:30-12:00, closed; Fri 20 Mar 16:00 to Mon 23 Mar 08:00, closed."
        ),
    ]


def test_a_broken_promise_says_since_when_and_how_much_too_much():
    late = [call("mon 09:00"), told("mon 09:01", ANSWERED)]
    still = [mail("mon 08:00")]

    assert said(late, "mon 10:00", "first_response")[-1] == (
        "Answered Monday 2 March 10:01: broken since Monday 2 March 10:00:20, 1 min used of 20 s, "
        "40 s too much."
    )
    assert said(still, "tue 08:00", "first_response")[-2:] == [
        "Due Monday 2 March 13:30.",
        "Broken since Monday 2 March 13:30, and not answered yet: 7 h 30 min used of 4 h.",
    ]


def test_a_pause_says_whom_it_waits_for_and_mends_no_breach():
    waiting = [mail("mon 08:00"), told("mon 08:30", REPLY), told("mon 09:00", HELD)]
    too_late = [mail("mon 08:00"), told("thu 09:00", HELD)]

    assert said(waiting, "tue 08:00", "resolution")[-2:] == [
        "Left out: from Mon 2 Mar 10:00 on, waiting for the customer.",
        (
            "Paused since Monday 2 March 10:00, waiting for the customer: 1 h of 15 h used; "
            "the deadline moves meanwhile."
        ),
    ]
    assert said(too_late, "fri 09:00", "resolution")[-1].endswith(
        "It was broken before that, Wednesday 4 March 09:00: waiting mends nothing."
    )


def test_a_pause_that_only_hides_lets_time_count_without_an_alarm():
    hiding = policy("clocks: {resolution: {pause_effect: hide}}")
    events = [mail("mon 08:00"), told("mon 08:30", REPLY), told("mon 09:00", HELD)]

    assert said(events, "mon 10:00", "resolution", hiding)[3:] == [
        "Counted so far: Mon 2 Mar 09:00-11:00 (2 h).",
        "Counted, but without an alarm: from Mon 2 Mar 10:00 on, waiting for the customer.",
        (
            "Paused since Monday 2 March 10:00, waiting for the customer: 2 h of 15 h used; "
            "nobody is called meanwhile."
        ),
    ]


def test_a_hidden_pause_says_when_it_was_due_and_until_when_it_keeps_silent():
    hiding = policy("clocks: {resolution: {pause_effect: hide}}")
    events = [mail("mon 08:00"), told("mon 08:30", REPLY), told("mon 09:00", HELD)]

    assert said(events, "fri 10:00", "resolution", hiding)[-1] == (
        "Paused since Monday 2 March 10:00, waiting for the customer: it was due Wednesday 4 March "
        "09:00; silent until it is back with us."
    )


def test_a_date_of_ones_own_is_named_as_such():
    own = Terms(
        Policies((read_policy(POLICY.replace("country: DK", "country: DK, also: [2026-03-03]")),))
    )

    (left,) = [
        each
        for each in said([mail("mon 08:00")], "wed 09:00", "resolution", own)
        if each.startswith("Left out")
    ]

    assert "closed (3 March, own date)" in left


def test_what_was_waived_or_cancelled_is_neither_kept_nor_broken():
    thanks = [mail("mon 08:00"), told("mon 08:30", REPLY), told("mon 09:00", WROTE)]
    gave_up = [call("mon 09:00"), told("mon 09:00:10", e.ContactAbandoned())]
    spam = [mail("mon 08:00"), told("mon 09:00", e.ContactDiscarded())]

    assert said([*thanks, told("mon 09:30", RESOLVED)], "tue 08:00", "next_response")[-1] == (
        "Over Monday 2 March 10:30 without another answer: waived, which is neither kept nor broken."
    )
    assert said(gave_up, "mon 10:00", "first_response")[-1] == (
        "She gave up waiting Monday 2 March 10:00:10, before the promise broke: neither kept nor "
        "broken."
    )
    assert said(spam, "mon 10:00", "first_response")[-1] == (
        "The contact was discarded Monday 2 March 10:00 (spam, a test or the like), so nothing of "
        "it counts."
    )


def test_being_turned_away_is_no_answer():
    refused = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)
    events = [call("mon 09:00"), told("mon 09:00:05", ANSWERED), told("mon 09:00:09", refused)]

    assert said(events, "mon 09:10", "first_response")[-1] == (
        "Answered Monday 2 March 10:00:05 and turned away Monday 2 March 10:00:09, so the answer "
        "does not count: neither kept nor broken."
    )
    assert said(events, "mon 09:10", "callback")[2:3] == [
        "Counted so far: Mon 2 Mar 10:00:09-10:10 (9 min 51 s)."
    ]


def test_what_a_source_cannot_tell_cannot_be_measured():
    mailbox = Source("mailbox", "mail", tells=frozenset({"contact.received", "customer.replied"}))
    blind = Terms(TERMS.policies, {"/desk": mailbox})

    assert said([mail("mon 08:00")], "tue 08:00", "first_response", blind)[-1] == (
        "It cannot be measured: the source 'mailbox' does not tell when a human answers. "
        "It counts neither way."
    )


def test_a_promise_says_for_when_it_was_made_and_how_often_it_was_moved():
    due, later = at("tue 10:00"), at("wed 10:00")
    events = [
        mail("mon 08:00"),
        told("mon 08:30", e.FollowupPromised(due=due, promise="p1")),
        told("mon 09:00", e.FollowupMoved(due=later, promise="p1")),
        told("wed 09:00", e.FollowupDone(promise="p1")),
    ]

    assert said(events, "thu 08:00", "follow_up") == [
        (
            "Follow-up, promised to the customer for Wednesday 4 March 11:00, moved once with her "
            "consent."
        ),
        "Started Monday 2 March 09:30, when it was promised.",
        "Counted: Mon 2 Mar 09:30 to Wed 4 Mar 10:00 (48 h 30 min).",
        "Due Wednesday 4 March 11:00.",
        "Followed up Wednesday 4 March 10:00: kept, 48 h 30 min of 49 h 30 min used.",
    ]


def test_what_nobody_told_of_a_promise_is_said_to_be_a_conclusion():
    by_tag = told("mon 10:00", e.FollowupPromised(due=at("mon 15:00"), inferred=True))

    reached = said([mail(), by_tag, told("mon 12:00", e.AgentReplied())], "mon 13:00", "follow_up")

    assert any("when it was promised, as we conclude" in sentence for sentence in reached)
    assert any("as we conclude: she was reached: kept" in sentence for sentence in reached)


def test_news_and_taking_charge_are_told_in_their_own_words():
    owned = e.ContactTransferred(agent="kim")
    events = [mail("mon 08:10"), told("mon 08:30", owned), told("mon 09:30", REPLY)]

    assert said(events, "mon 10:00", "ownership", ALL_KINDS)[2:] == [
        "Started Monday 2 March 09:10, when nobody had charge of it.",
        "Counted: Mon 2 Mar 09:10-09:30 (20 min).",
        "Due Monday 2 March 09:40.",
        "Taken on Monday 2 March 09:30: kept, 20 min of 30 min used.",
    ]
    assert said(events, "mon 13:30", "update", ALL_KINDS)[-2:] == [
        "Due Monday 2 March 14:00.",
        "Broken since Monday 2 March 14:00, and not heard from us yet: 3 h 30 min used of 3 h.",
    ]


def test_a_target_in_calendar_time_says_so():
    events = [mail("fri 08:00"), told("fri 08:30", REPLY), told("fri 09:00", WROTE)]

    told_ = said(events, "sat 08:00", "next_response")

    assert told_[0] == (
        "Next response, promised within 24 h (by the clock on the wall) by the rule 'Everyone else' "
        "(policy version 3, line 19), which is for whatever no rule above it fits."
    )
    assert told_[1] == UNFIT
    assert told_[3] == "Counted so far: Fri 6 Mar 10:00 to Sat 7 Mar 09:00 (23 h)."


@pytest.mark.parametrize(
    ("events", "kind", "sentence"),
    [
        ([mail()], "next_response", "Next response: it begins after the first response."),
        (
            [mail(), told("mon 10:00", REPLY)],
            "next_response",
            "Next response: she has not asked again since we answered.",
        ),
        ([mail()], "follow_up", "Follow-up: nothing was promised to the customer."),
        (
            [mail()],
            "callback",
            "Call back: the rule 'Everyone else' (line 19) promises nothing of this kind.",
        ),
        (
            [call(), told("mon 09:01", ANSWERED)],
            "callback",
            "Call back: she neither gave up nor was turned away, so no call is owed.",
        ),
        (
            [told("mon 09:00", e.CustomerReplied(channel=e.Channel.EMAIL))],
            "first_response",
            "First response: how it began is not known, because we first heard of it later.",
        ),
        (
            [told("mon 09:00", e.AgentReplied(channel=e.Channel.EMAIL))],
            "first_response",
            "First response: we began this contact, and the customer has not written yet.",
        ),
    ],
)
def test_a_clock_that_is_not_there_says_why(events, kind, sentence):
    assert without(events, "tue 08:00", kind) == sentence


def test_where_nothing_is_promised_at_all_that_is_said():
    assert without(
        [mail()], "tue 08:00", "resolution", Terms(Policies((read_policy("version: 1"),)))
    ) == ("Resolution: policy version 1 promises nothing here.")


def test_who_never_came_before_a_human_has_no_first_response():
    menu = Source("menu", "aircall")
    never = Terms(TERMS.policies, {"/desk": menu})

    assert without([call()], "mon 09:10", "first_response", never) == (
        "First response: its tool tells when a human is owed, and never said so."
    )


def test_an_hour_that_comes_twice_is_told_apart():
    night = Terms(
        Policies(
            (
                read_policy(
                    "calendars: {night: {zone: Europe/Copenhagen, hours: {sun: '00:00-24:00'}}}\n"
                    "teams: {help: {calendar: night}}\n"
                    "targets: [{rule: all, first_response: 2h}]"
                ),
            )
        )
    )
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    event = e.Event(
        source="/desk",
        id="1",
        occurred_at=start,
        subject="c1",
        data=e.ContactReceived(channel=e.Channel.EMAIL, team="help"),
    )
    account = account_in([event], night, Wanted("c1"), start)

    (working,) = account.workings

    assert account.sentences_of(working)[1:] == (
        "Started Sunday 25 October 02:30 (UTC+02:00), with the customer's first message.",
        "Nothing has counted yet.",
        "Still to come: Sun 25 Oct 02:30 (UTC+02:00)-03:30 (2 h).",
        "Due Sunday 25 October 03:30.",
        "Not answered yet: 0 s of 2 h used, 2 h left.",
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(microseconds=400), "less than 0.001 s"),
        (timedelta(seconds=19.8), "19.8 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(hours=3, minutes=32, seconds=5, microseconds=9), "3 h 32 min 5 s"),
        (timedelta(hours=312), "312 h"),
    ],
)
def test_lengths_are_cut_off_and_never_rounded_up(span, words):
    assert length(span) == words
