"""A call that one queue gives up and the next one takes: the caller waits on, since she first did."""

import pytest

from app.core import events as e
from tests.core.story import ANSWERED, FIRST, at, call, clock_in, contact_in, mail, told

GIVEN_UP = told("mon 09:10", e.ContactMissed(reason="timeout"))
NOON = "mon 12:00"


def next_queue(when: str) -> e.Event:
    return told(when, e.ContactQueued(team="sales", via=e.QueuedVia.OVERFLOW))


@pytest.mark.parametrize("again_at", ["mon 09:10", "mon 09:10:01", "mon 09:11"])
def test_a_call_that_overflows_into_another_queue_is_owed_an_answer_since_its_beginning(again_at):
    first_queue = told("mon 09:00", e.ContactQueued(team="help"))
    events = [call(), first_queue, GIVEN_UP, next_queue(again_at), told("mon 09:20", ANSWERED)]

    clock = clock_in(events, NOON, FIRST)
    contact = contact_in(events, NOON)

    assert (clock.started_at, clock.stopped_at) == (at("mon 09:00"), at("mon 09:20"))
    assert contact.team == "sales"
    assert contact.line.sent_away == []


def test_a_call_that_comes_in_again_by_the_same_name_goes_on_too():
    again = told("mon 09:10:02", e.ContactReceived(channel=e.Channel.PHONE), id="again")
    events = [call(), GIVEN_UP, again, told("mon 09:20", ANSWERED)]

    assert clock_in(events, NOON, FIRST).stopped_at == at("mon 09:20")


@pytest.mark.parametrize(
    "events",
    [
        [call(), GIVEN_UP, next_queue("mon 09:11:01")],
        [call(), told("mon 09:10", e.ContactAbandoned()), next_queue("mon 09:10:01")],
        [mail(), GIVEN_UP, next_queue("mon 09:10:01")],
        [call(), GIVEN_UP],
        [call("mon 09:10"), GIVEN_UP],
    ],
    ids=["too late", "she hung up", "a mail", "no other queue", "given up at once"],
)
def test_who_was_given_up_and_never_came_before_another_queue_is_gone(events):
    contact = contact_in(events, NOON)

    assert contact.line.gone_at == at("mon 09:10")
    assert contact.line.sent_away == [at("mon 09:10")]


def part(when: str, agent: str) -> list[e.Event]:
    """An agent takes the call."""
    return [
        told(when, e.ContactAnswered(agent=agent), id=f"{agent} answered"),
        told(when, e.WorkStarted(agent=agent), id=f"{agent} works"),
    ]


def leaves(when: str, agent: str) -> list[e.Event]:
    """The tool says that an agent's part of the call is over."""
    return [
        told(when, e.ContactResolved(agent=agent), id=f"{agent} resolved"),
        told(when + ":40", e.WorkEnded(agent=agent), id=f"{agent} ended"),
    ]


def test_a_call_that_a_colleague_took_over_is_over_when_the_colleague_leaves():
    warm = told("mon 09:04", e.ContactTransferred(agent="bo", from_agent="kim", warm=True))
    taken_over = [warm, *part("mon 09:04", "bo"), *leaves("mon 09:05", "kim")]
    events = [call(), *part("mon 09:01", "kim"), *taken_over, *leaves("mon 09:09", "bo")]

    assert contact_in(events, NOON).resolved_at == at("mon 09:09")


@pytest.mark.parametrize("queued_at", ["mon 09:04:59", "mon 09:05", "mon 09:05:02"])
def test_a_caller_who_is_passed_on_to_a_queue_waits_though_the_agent_has_left(queued_at: str):
    passed_on = told(queued_at, e.ContactQueued(team="sales", via=e.QueuedVia.TRANSFER))
    events = [call(), *part("mon 09:01", "kim"), passed_on, *leaves("mon 09:05", "kim")]

    contact = contact_in(events, NOON)

    assert contact.resolved_at is None
    assert contact.waiting_since == at(queued_at)
