"""Which counters of the phone's service level a call moves."""

import pytest

from app.core import events as e
from app.core.calls import call_of
from app.core.policy import Policies
from app.core.service_level import Counters
from tests.core.story import OFFICE, call, contact_in, mail, policy, terms, told

SECONDS = OFFICE.replace("first_response: 1h", "first_response: 20s")
POLICIES = Policies((policy("clocks: {short_abandon: 5s}"),))
ANSWERED = e.ContactAnswered(agent="kim")
GONE = e.ContactAbandoned()
HOLD_MY_PLACE = e.ContactQueued(via=e.QueuedVia.CALLBACK)
TURNED_AWAY = e.ContactResolved(outcome=e.Outcome.TURNED_AWAY)


def counted(*events: e.Event, opened: e.Event | None = None) -> Counters | None:
    return call_of(contact_in([opened or call(), *events], "mon 12:00", terms(SECONDS)), POLICIES)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([told("mon 09:00:20", ANSWERED)], Counters(offered=1, answered=1, answered_within=1)),
        ([told("mon 09:00:21", ANSWERED)], Counters(offered=1, answered=1)),
        (
            [told("mon 09:00:04", GONE)],
            Counters(offered=1, abandoned=1, abandoned_short=1, abandoned_within=1),
        ),
        ([told("mon 09:00:10", GONE)], Counters(offered=1, abandoned=1, abandoned_within=1)),
        ([told("mon 09:00:30", GONE)], Counters(offered=1, abandoned=1, abandoned_after=1)),
        ([told("mon 09:00:30", e.ContactMissed())], Counters(offered=1)),
        ([told("mon 09:00:30", e.ContactResolved())], Counters(offered=1)),
        (
            [told("mon 09:00:05", HOLD_MY_PLACE), told("mon 09:00:15", GONE)],
            Counters(offered=1, callback_queued=1),
        ),
        (
            [told("mon 09:00:06", ANSWERED), told("mon 09:00:30", TURNED_AWAY)],
            Counters(offered=1, answered=1, answered_within=1),
        ),
    ],
)
def test_a_call_is_counted_by_how_its_wait_ended(events, expected):
    assert counted(*events) == expected


@pytest.mark.parametrize(
    "events",
    [
        [],
        [told("mon 09:00:05", e.ContactQueued(via=e.QueuedVia.MENU))],
        [told("mon 09:00:10", e.ContactDiscarded())],
    ],
)
def test_a_call_that_still_waits_or_is_none_is_not_counted(events):
    assert counted(*events) is None


def test_what_is_no_call_is_not_counted():
    assert counted(told("mon 09:10", e.AgentReplied()), opened=mail()) is None


def test_a_call_that_was_promised_nothing_is_not_counted():
    contact = contact_in([call(), told("mon 09:01", ANSWERED)], "mon 12:00", terms("version: 1"))

    assert call_of(contact, POLICIES) is None


def test_a_call_that_is_opened_by_us_is_not_counted():
    ours = e.ContactReceived(channel=e.Channel.PHONE, direction=e.Direction.OUTBOUND, team="help")

    assert counted(told("mon 09:01", ANSWERED), opened=told("mon 09:00", ours)) is None
