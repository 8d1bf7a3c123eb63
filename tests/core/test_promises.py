"""Follow-ups: promised, moved, kept, cancelled, forgotten."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.policy import Policies
from app.core.promises import Promise
from app.core.replay import Terms
from tests.core.histories import histories
from tests.core.story import (
    DESK,
    OFFICE,
    at,
    call,
    mail,
    policy,
    replayed,
    terms,
    told,
    with_clocks,
)

DONE, CANCELLED = e.FollowupDone(), e.FollowupCancelled()
REPLY = e.AgentReplied()
ENDED = e.WorkEnded(agent="kim")
ONLY_DONE = Terms(Policies((policy("clocks: {follow_up_kept_by: done}"),)))


def promised(when: str, due: str, contact: str = "c1", **more: Any) -> e.Event:
    data = e.FollowupPromised(due=at(due), **more)
    return told(when, data, contact, id=f"{contact} promised {when}")


def promise_in(events, now: str, by: Terms | None = None) -> tuple[Promise, Clock]:
    (found,) = replayed(events, now, by).promises
    return found


def status(events, now: str, by: Terms | None = None) -> Status:
    return promise_in(events, now, by)[1].status(at(now))


THREE = (mail(), promised("mon 10:00", "mon 15:00"))


def test_a_promise_kept_at_its_very_due_instant_is_met():
    assert status([*THREE, told("mon 15:00", DONE)], "mon 16:00") is Status.MET


def test_a_promise_kept_late_is_broken():
    assert status([*THREE, told("mon 15:01", DONE)], "mon 16:00") is Status.BREACHED


def test_a_forgotten_promise_is_overdue_from_its_due_instant_even_at_night():
    _, clock = promise_in([mail(), promised("mon 10:00", "mon 22:00")], "tue 08:00")

    assert clock.is_overdue(at("tue 08:00"))
    assert clock.breaches_at == at("mon 22:00")


def test_a_promise_without_an_id_bears_its_events_and_one_with_an_id_its_own():
    events = [
        mail(),
        promised("mon 10:00", "mon 15:00"),
        promised("mon 11:00", "tue 15:00", promise="p"),
    ]

    assert [promise.id for promise, _ in replayed(events, "mon 12:00").promises] == [
        "c1 promised mon 10:00",
        "p",
    ]


def test_done_without_an_id_ends_the_oldest_open_promise_of_the_contact():
    events = [mail(), promised("mon 10:00", "fri 15:00"), promised("mon 11:00", "fri 16:00")]
    events.append(told("mon 12:00", DONE))

    first, second = (clock for _, clock in replayed(events, "mon 13:00", ONLY_DONE).promises)

    assert (first.status(at("mon 13:00")), second.ending) == (Status.MET, None)


def test_done_with_an_id_ends_that_promise_also_from_another_contact():
    events = [mail(), mail("mon 09:00", "c2"), promised("mon 10:00", "fri 15:00", promise="p")]
    events.append(told("mon 12:00", e.FollowupDone(promise="p"), "c2"))

    assert status(events, "mon 13:00", ONLY_DONE) is Status.MET


def test_the_same_event_id_of_two_sources_is_two_promises():
    other = e.Event(
        source="/other",
        id="c1 promised mon 10:00",
        occurred_at=at("mon 10:30"),
        subject="c9",
        data=e.FollowupPromised(due=at("tue 10:00"), customer="acme"),
    )

    assert len(replayed([*THREE, other], "mon 12:00").promises) == 2


def test_moving_a_promise_re_dates_it_and_is_counted():
    moved = told("mon 14:00", e.FollowupMoved(due=at("tue 10:00")))

    promise, clock = promise_in([*THREE, moved], "mon 16:00")

    assert (promise.due_at, promise.moves) == (at("tue 10:00"), 1)
    assert not clock.is_breached(at("mon 16:00"))


def test_moving_a_broken_promise_does_not_mend_it():
    moved = told("mon 15:10", e.FollowupMoved(due=at("tue 10:00")))
    kept = told("tue 09:00", DONE)

    promise, clock = promise_in([*THREE, moved, kept], "tue 12:00")

    assert promise.due_at == at("tue 10:00")
    assert (clock.status(at("tue 12:00")), clock.breaches_at) == (Status.BREACHED, at("mon 15:00"))


def test_a_promise_cancelled_in_time_is_neither_kept_nor_broken():
    assert status([*THREE, told("mon 14:00", CANCELLED)], "mon 16:00") is Status.CANCELLED


def test_cancelling_a_broken_promise_does_not_mend_it():
    assert status([*THREE, told("mon 15:30", CANCELLED)], "mon 16:00") is Status.BREACHED


def test_what_is_said_of_an_ended_or_unknown_promise_changes_nothing():
    kept = [*THREE, told("mon 14:00", DONE)]
    after = [told("mon 14:30", e.FollowupMoved(due=at("fri 10:00"))), told("mon 14:40", CANCELLED)]
    unknown = told("mon 13:00", e.FollowupDone(promise="no such"))

    assert promise_in([*kept, *after, unknown], "mon 16:00") == promise_in(kept, "mon 16:00")


def test_a_promise_due_before_it_was_made_is_broken_at_once():
    _, clock = promise_in([mail(), promised("mon 10:00", "mon 08:00")], "mon 10:01")

    assert clock.is_overdue(at("mon 10:01"))
    assert clock.due_at == at("mon 10:00")


# Kept by reaching her.


def test_a_reply_on_the_contact_keeps_the_promise():
    assert status([*THREE, told("mon 11:00", REPLY)], "mon 16:00") is Status.MET


def test_the_answer_that_made_the_promise_does_not_keep_it():
    assert status([*THREE, told("mon 10:15", REPLY)], "mon 16:00") is Status.RUNNING


def test_a_bot_or_an_attempt_keeps_no_promise():
    bot = told("mon 11:00", e.AgentReplied(actor=e.Actor.BOT))
    attempt = told("mon 11:30", e.AgentReplied(reason="outbound_call_attempt"))

    assert status([*THREE, bot, attempt], "mon 16:00") is Status.RUNNING


def test_a_policy_may_want_the_tool_to_say_that_it_is_done():
    assert status([*THREE, told("mon 11:00", REPLY)], "mon 16:00", ONLY_DONE) is Status.RUNNING


def test_a_message_of_the_same_team_on_another_contact_keeps_the_promise():
    events = [*THREE, mail("mon 10:30", "c2"), told("mon 11:00", REPLY, "c2")]

    assert status(events, "mon 16:00") is Status.MET


def test_another_teams_unrelated_message_never_keeps_it():
    events = [*THREE, mail("mon 10:30", "c2", team="sales"), told("mon 11:00", REPLY, "c2")]

    assert status(events, "mon 16:00") is Status.RUNNING


def test_the_team_that_owes_the_follow_up_keeps_it():
    events = [mail(), promised("mon 10:00", "mon 15:00", due_team="sales")]
    events += [mail("mon 10:30", "c2", team="sales"), told("mon 11:00", REPLY, "c2")]

    promise, clock = promise_in(events, "mon 16:00")

    assert promise.ending is not None
    assert clock.team == "sales"


def test_a_second_reply_does_not_move_the_instant_at_which_it_was_kept():
    events = [*THREE, told("mon 11:00", REPLY), told("mon 12:00", REPLY)]

    assert promise_in(events, "mon 16:00")[0].ended_at == at("mon 11:00")


def test_cancelling_what_was_kept_before_changes_nothing():
    events = [*THREE, told("mon 14:00", REPLY), told("mon 14:30", CANCELLED)]

    assert status(events, "mon 16:00") is Status.MET


def test_a_promise_kept_by_a_reply_is_not_the_oldest_open_one():
    events = [*THREE, told("mon 11:00", REPLY), promised("mon 12:00", "fri 12:00")]
    events.append(told("mon 13:00", DONE))

    ended = [promise.ended_at for promise, _ in replayed(events, "mon 16:00").promises]

    assert ended == [at("mon 11:00"), at("mon 13:00")]


BACK = e.ContactAnswered(direction=e.Direction.OUTBOUND)
ON_THE_PHONE = (
    call(),
    told("mon 09:01", e.ContactAnswered(agent="kim")),
    promised("mon 09:05", "mon 15:00"),
)


def test_what_is_said_while_the_call_goes_on_keeps_no_promise():
    assert status([*ON_THE_PHONE, told("mon 11:00", REPLY)], "mon 16:00") is Status.RUNNING


def test_calling_back_after_the_call_ended_keeps_the_promise():
    events = [*ON_THE_PHONE, told("mon 09:10", ENDED), told("mon 09:11", BACK)]

    assert status(events, "mon 16:00") is Status.MET


def test_a_promise_made_after_the_call_is_kept_by_the_next_one():
    events = [
        call(),
        told("mon 09:01", e.ContactAnswered()),
        told("mon 09:05", e.ContactResolved()),
    ]
    events += [promised("mon 09:06", "mon 15:00"), told("mon 09:07", BACK)]

    assert status(events, "mon 16:00") is Status.MET


@pytest.mark.parametrize(
    ("when", "kept"), [("mon 09:20", Status.RUNNING), ("mon 09:21", Status.MET)]
)
def test_a_promise_on_a_call_of_which_no_end_is_known_waits_as_long_as_a_text(when, kept):
    events = [call(), promised("mon 09:05", "mon 15:00"), told(when, REPLY)]

    assert status(events, "mon 16:00") is kept


def test_promises_of_a_customer_are_numbered_within_the_contact():
    events = [mail(), promised("mon 10:00", "fri 15:00"), promised("mon 11:00", "fri 16:00")]

    clocks = [clock for _, clock in replayed(events, "mon 12:00").promises]

    assert [(clock.number, clock.kind) for clock in clocks] == [(1, "follow_up"), (2, "follow_up")]


def test_a_promise_on_a_contact_merged_into_an_unknown_one_stays():
    events = [*THREE, told("mon 11:00", e.ContactMerged(into="never heard of"))]

    assert promise_in(events, "mon 12:00")[0].contact.startswith(DESK)


# How soon, instead of when; attempts.


@pytest.mark.parametrize(
    ("when", "due_in", "due"),
    [
        ("fri 16:00", "4h", "mon+1 12:00"),
        ("fri 16:00", "2 business days", "tue+1 16:00"),
        ("fri 16:00", "24h calendar", "sat 16:00"),
    ],
)
def test_a_promise_may_say_how_soon_in_the_teams_open_hours(when, due_in, due):
    events = [mail(), told(when, e.FollowupPromised(due_in=due_in))]

    promise, clock = promise_in(events, "fri 17:00")

    assert promise.due_at == clock.due_at == at(due)


def test_a_promise_may_be_moved_by_so_many_open_hours():
    events = [*THREE, told("mon 14:00", e.FollowupMoved(due_in="4h"))]

    assert promise_in(events, "mon 16:00")[0].due_at == at("tue 10:00")


def test_a_promise_that_says_nothing_of_when_is_refused():
    with pytest.raises(msgspec.ValidationError, match="missing required field `due`"):
        e.decode_data("followup.promised", b"{}")


ATTEMPT = e.AgentReplied(reason="outbound_call_attempt")


def test_so_many_calls_that_she_did_not_take_keep_a_promise_as_the_policy_says():
    by = with_clocks("attempts_suffice: 2")
    once = [*THREE, told("mon 12:00", ATTEMPT)]
    twice = [*once, told("mon 13:00", ATTEMPT)]

    assert status(once, "mon 14:00", by) is Status.RUNNING
    assert status(twice, "mon 16:00", by) is Status.MET
    assert promise_in(twice, "mon 16:00", by)[0].kept_by == "attempts"


def test_attempts_are_counted_and_keep_nothing_by_themselves():
    events = [*THREE, told("mon 12:00", ATTEMPT), told("mon 13:00", ATTEMPT)]

    promise, clock = promise_in(events, "mon 14:00")

    assert (promise.attempts, clock.ending) == (2, None)


def test_a_promise_on_a_discarded_contact_leaves_all_counts():
    events = [*THREE, told("mon 15:40", e.ContactDiscarded())]

    _, clock = promise_in(events, "mon 16:00")

    assert (clock.status(at("mon 16:00")), clock.is_breached(at("mon 16:00"))) == (
        Status.CANCELLED,
        False,
    )


def test_a_promise_that_was_kept_stays_so_under_a_stricter_policy():
    later = f'version: 2\neffective_from: "{at("tue 09:00").isoformat()}"\n{OFFICE}'
    by = terms(OFFICE, later + "clocks: {follow_up_kept_by: done}")

    _, clock = promise_in([*THREE, told("mon 14:00", REPLY)], "tue 10:00", by)

    assert (clock.status(at("tue 10:00")), clock.policy_version) == (Status.MET, 1)


def test_no_attempt_keeps_a_promise_of_which_somebody_has_to_say_that_it_is_done():
    by = with_clocks("follow_up_kept_by: done, attempts_suffice: 1")

    assert status([*THREE, told("mon 12:00", ATTEMPT)], "mon 13:00", by) is Status.RUNNING


def test_that_a_promise_was_made_or_kept_says_whether_a_tool_told_so():
    done = told("mon 12:00", e.FollowupDone())
    concluded = told("mon 12:00", e.FollowupDone(inferred=True))
    reply = told("mon 12:00", REPLY)
    by_tag = [mail(), promised("mon 10:00", "mon 15:00", inferred=True)]

    kept = [promise_in([*THREE, end], "mon 13:00")[0] for end in (done, concluded, reply)]

    assert [promise.kept_inferred for promise in kept] == [False, True, True]
    assert promise_in(by_tag, "mon 13:00")[0].inferred
    assert not kept[0].inferred


def test_attempts_that_suffice_are_a_conclusion():
    events = [*THREE, told("mon 12:00", ATTEMPT)]

    assert promise_in(events, "mon 13:00", with_clocks("attempts_suffice: 1"))[0].kept_inferred


def test_a_discarded_contact_concludes_nothing():
    events = [*THREE, told("mon 12:00", REPLY), told("mon 12:30", e.ContactDiscarded())]

    assert not promise_in(events, "mon 13:00")[0].kept_inferred


@given(histories(), st.randoms())
def test_whether_a_promise_was_kept_by_a_conclusion_does_not_depend_on_the_order(events, random):
    """Would have caught: the mark of whoever's event came last."""
    shuffled = [*events]
    random.shuffle(shuffled)

    def marks(told_: list[e.Event]) -> dict[tuple[str, str], object]:
        found = replayed(told_, "fri 12:00").promises
        return {(p.contact, p.id): (p.inferred, p.kept_inferred, p.ending) for p, _ in found}

    assert marks(shuffled) == marks(events)
