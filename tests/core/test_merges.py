"""Contacts that become one: merged, or the same by their tools' word."""

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.replay import (
    contact_key,
    joined,
    links_of,
)
from tests.core.story import (
    DESK,
    REPLY,
    WROTE,
    at,
    call,
    contact_in,
    mail,
    minutes,
    replayed,
    told,
)


def test_messages_of_a_merged_contact_count_on_the_other_and_the_older_wait_wins():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new")]
    events.append(told("mon 09:40", e.ContactMerged(into="new"), "old"))
    events.append(told("mon 09:50", REPLY, "new"))

    new, old = replayed(events, "mon 10:00").contacts

    assert minutes(new.clocks[0]) == 50
    assert {clock.status(at("mon 10:00")) for clock in old.clocks} == {Status.CANCELLED}


def test_a_later_message_to_a_merged_contact_waits_on_the_other():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new"), told("mon 09:35", REPLY, "new")]
    events += [
        told("mon 09:40", e.ContactMerged(into="new"), "old"),
        told("mon 10:00", WROTE, "old"),
    ]

    new, old = replayed(events, "mon 10:10").contacts

    assert (new.waiting_since, old.waiting_since) == (at("mon 10:00"), None)


def test_closing_the_merged_contact_does_not_close_the_other():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new")]
    events += [told("mon 09:40", e.ContactMerged(into="new"), "old")]
    events += [told("mon 09:40", e.ContactResolved(), "old")]

    assert not replayed(events, "mon 10:00").contacts[0].is_over


def test_a_contact_merged_into_one_never_heard_of_still_waits():
    events = [mail("mon 09:00", "old"), told("mon 09:40", e.ContactMerged(into="new"), "old")]

    new, _ = replayed(events, "mon 10:00").contacts

    assert (new.subject, new.waiting_since) == ("new", at("mon 09:00"))


def test_a_circle_of_merges_goes_on_at_its_smallest_key():
    events = [mail("mon 09:00", "a"), mail("mon 09:05", "b")]
    events += [told("mon 09:10", e.ContactMerged(into="b"), "a")]
    events += [told("mon 09:10", e.ContactMerged(into="a"), "b")]

    a, b = replayed(events, "mon 10:00").contacts

    assert (a.waiting_since, b.waiting_since) == (at("mon 09:00"), None)


def test_a_contact_merged_into_itself_goes_on():
    events = [mail("mon 09:00", "a"), told("mon 09:10", e.ContactMerged(into="a"), "a")]

    assert contact_in(events, "mon 10:00").waiting_since == at("mon 09:00")


def test_a_chain_of_merges_ends_at_the_last():
    events = [mail("mon 09:00", "a"), told("mon 09:10", e.ContactMerged(into="b"), "a")]
    events += [mail("mon 09:05", "b"), told("mon 09:20", e.ContactMerged(into="c"), "b")]

    by_name = {each.subject: each for each in replayed(events, "mon 10:00").contacts}

    assert by_name["c"].waiting_since == at("mon 09:00")


def test_contacts_that_a_tool_calls_the_same_are_one():
    other = e.Event(
        source="/phone",
        id="1",
        occurred_at=at("mon 09:10"),
        subject="call-7",
        data=e.ContactAnswered(same_as=f"{DESK} c1"),
    )

    contact = contact_in([call("mon 09:00"), other], "mon 10:00")

    assert (contact.source, contact.subject) == (DESK, "c1")
    assert minutes(contact.clocks[0]) == 10
    assert list(links_of(other)) == [contact_key(DESK, "c1")]


def test_same_as_within_a_source_needs_only_the_subject():
    again = told("mon 09:10", e.ContactAnswered(same_as="c1"), "c0")

    ((key, events),) = joined([call("mon 09:00"), again])

    assert key == contact_key(DESK, "c0")
    assert len(events) == 2


def test_a_merge_links_two_contacts():
    merged = told("mon 09:10", e.ContactMerged(into="c2"))

    assert list(links_of(merged)) == [contact_key(DESK, "c2")]
