"""What is told of a contact as a whole: who, where, how it stands."""

import pytest

from app.core import events as e
from app.core.working.account import account_in, awaits_our_news, lines_of
from app.core.working.wanted import SeveralContacts, UnknownContact, Wanted
from tests.core.story import (
    ANSWERED,
    HELD,
    REPLY,
    RESOLVED,
    WROTE,
    at,
    call,
    contact_in,
    mail,
    told,
)
from tests.core.working.desk import IMPORTANT, TERMS


def test_an_account_tells_who_where_and_how_it_stands():
    queued = e.ContactQueued(via=e.QueuedVia.MENU)
    moved = e.ContactTransferred(team="sales", from_team="help")
    events = [IMPORTANT, call("mon 09:00"), told("mon 09:01", queued), told("mon 09:01:05", moved)]

    account = account_in(events, TERMS, Wanted("c1"), at("mon 09:02"))

    assert list(lines_of(account))[:5] == [
        "Contact c1 of Acme A/S (important), by phone, with sales.",
        "All times are those of Europe/Copenhagen, as of Monday 2 March 10:02.",
        "She waits for an answer, since Monday 2 March 10:01.",
        "1 min went by before a human was owed (menu or bot).",
        "It was passed on once.",
    ]


@pytest.mark.parametrize(
    ("more", "now", "sentence"),
    [
        ([], "mon 10:00", "She waits for an answer, since Monday 2 March 10:00."),
        ([told("mon 09:10", REPLY)], "mon 10:00", "It is open, and no answer is owed."),
        (
            [told("mon 09:10", REPLY), told("mon 09:20", HELD)],
            "mon 10:00",
            "It waits for the customer.",
        ),
        ([told("mon 09:10", RESOLVED)], "mon 10:00", "It was resolved Monday 2 March 10:10."),
        (
            [told("mon 09:10", e.ContactMissed())],
            "mon 10:00",
            "It is over: she did not get through.",
        ),
        (
            [told("mon 09:10", e.ContactDiscarded())],
            "mon 10:00",
            "It was discarded, so nothing of it counts.",
        ),
        (
            [told("mon 09:10", e.ContactMerged(into="c2"))],
            "mon 10:00",
            "It became a part of contact c2, and counts there.",
        ),
        (
            [told("mon 09:10", REPLY)],
            "mon+6 10:00",
            "Lost track of: nobody told anything since Monday 2 March 10:10, so it is in no count.",
        ),
    ],
)
def test_an_account_says_how_the_contact_stands(more, now, sentence):
    account = account_in([mail("mon 09:00"), *more], TERMS, Wanted("c1"), at(now))

    assert list(lines_of(account))[2] == sentence


def test_what_the_clocks_take_for_no_waiting_is_not_told_as_waiting():
    events = [call("mon 09:00"), told("mon 09:00:05", ANSWERED), told("mon 09:05", HELD)]

    account = account_in(events, TERMS, Wanted("c1"), at("mon 09:10"))

    assert account.state == "open"


def test_a_contact_that_several_sources_know_has_to_be_told_apart():
    other = e.Event(
        source="/other", id="1", occurred_at=at("mon 09:00"), subject="c1", data=e.ContactReceived()
    )

    with pytest.raises(SeveralContacts) as several:
        account_in([mail(), other], TERMS, Wanted("c1"), at("mon 10:00"))
    with pytest.raises(UnknownContact, match="no source told of a contact 'c9'"):
        account_in([mail(), other], TERMS, Wanted("c9"), at("mon 10:00"))

    assert several.value.sources == ("/desk", "/other")
    found = account_in([mail(), other], TERMS, Wanted("c1", "/other"), at("mon 10:00"))
    assert found.contact.source == "/other"


def test_a_contact_is_found_under_the_names_of_those_that_are_the_same():
    same = told("mon 09:10", e.CustomerReplied(same_as="b0"), "c1")

    found = account_in([mail(contact="b0"), same], TERMS, Wanted("c1"), at("mon 10:00"))

    assert found.contact.subject == "b0"


@pytest.mark.parametrize(
    ("events", "ours"),
    [
        ([mail()], False),
        ([mail(), told("mon 09:10", REPLY)], True),
        ([mail(), told("mon 09:10", REPLY), told("mon 09:20", WROTE)], False),
        ([mail(), told("mon 09:10", REPLY), told("mon 09:20", HELD)], False),
        ([mail(), told("mon 09:10", REPLY), told("mon 09:20", RESOLVED)], False),
        ([call(), told("mon 09:00:05", ANSWERED)], False),
        ([call(), told("mon 09:00:05", ANSWERED), told("mon 09:09", REPLY)], False),
    ],
)
def test_the_last_word_is_ours_where_she_may_wonder_when_she_hears_from_us(events, ours):
    assert awaits_our_news(contact_in(events, "mon 10:00", TERMS)) is ours
