"""When resolution runs, what pauses and ends a clock, and what leaves all counts."""

from datetime import timedelta

import pytest

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.clocks.timeline import Ending
from tests.core.story import (
    ANSWERED,
    DESK,
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
    with_clocks,
)


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
