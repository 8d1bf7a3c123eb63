"""One call that several products of Twilio tell of is one contact, answered once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.core.clocks.clock import Clock
from app.core.document import document
from app.core.events import Event, to_event
from app.core.policy import ClockKind, Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Contact, Terms, replay
from app.core.source import Source
from app.sources import kinds
from app.sources.adapter import Delivery, SourceConfig
from tests.sources.twilio import ARRIVAL, CALLER, at, in_stream, of_call, of_task, posted, streamed

POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())

CALL = [
    of_call("ringing", "10:00:00", SequenceNumber="0"),
    of_call("in-progress", "10:00:01", SequenceNumber="1"),
    of_call("completed", "10:05:00", SequenceNumber="2", CallDuration="299"),
]
LEGS = [
    of_call("ringing", "10:00:58", CallSid="CA02", ParentCallSid="CA01", To="client:jo"),
    of_call("in-progress", "10:01:00", CallSid="CA02", ParentCallSid="CA01", To="client:jo"),
    of_call("completed", "10:05:00", CallSid="CA02", ParentCallSid="CA01", To="client:jo"),
]
WAITING = [
    of_task("task.created", "10:00:20.100", TaskPriority="0"),
    of_task("task-queue.entered", "10:00:20.080"),
]
HANDLED = [
    of_task("reservation.created", "10:00:30", WorkerSid="WK01", ReservationSid="WR01"),
    of_task("reservation.rejected", "10:00:45", WorkerSid="WK01", ReservationSid="WR01"),
    of_task("reservation.created", "10:00:46", WorkerSid="WK02", ReservationSid="WR02"),
    of_task("reservation.accepted", "10:01:00.500", WorkerSid="WK02", ReservationSid="WR02"),
    of_task("task.wrapup", "10:05:00.400", WorkerSid="WK02", TaskAssignmentStatus="wrapping"),
    of_task("reservation.wrapup", "10:05:00.410", WorkerSid="WK02", ReservationSid="WR02"),
    of_task("task.completed", "10:05:30", WorkerSid="WK02", TaskAssignmentStatus="completed"),
    of_task(
        *("reservation.completed", "10:05:30.020"),
        WorkerSid="WK02",
        ReservationSid="WR02",
        TaskAssignmentStatus="completed",
    ),
]
GIVEN_UP = [of_task("task.canceled", "10:05:00.350", TaskCanceledReason="hangup")]

VOICE = SourceConfig(source=Source(id="phone", kind="twilio-voice"))
FLEX = SourceConfig(source=Source(id="flex", kind="twilio-taskrouter"), calls_from="phone")
STREAM = SourceConfig(source=Source(id="stream", kind="twilio-eventstreams"), calls_from="phone")
ALL_IN_ONE = SourceConfig(source=Source(id="twilio", kind="twilio-eventstreams"))
WAYS = {
    "three sources": (VOICE, FLEX, STREAM),
    "two sources": (VOICE, FLEX, FLEX),
    "one source": (ALL_IN_ONE, ALL_IN_ONE, ALL_IN_ONE),
}


def told(config: SourceConfig, deliveries: Iterable[Delivery]) -> Iterator[Event]:
    for delivery in deliveries:
        yield from map(to_event, kinds.translate(delivery, config))


def story(
    way: Sequence[SourceConfig], calls: list[dict[str, str]], tasks: list[dict[str, str]]
) -> list[Event]:
    by_voice, by_task, by_stream = way
    return [
        *told(by_voice, map(posted, calls)),
        *told(by_task, map(posted, tasks)),
        *told(by_stream, [streamed(*map(in_stream, tasks[:2])), streamed(*map(in_stream, tasks))]),
    ]


def replayed(events: Iterable[Event]) -> tuple[Contact, ...]:
    sources = {config.source.event_source: config.source for way in WAYS.values() for config in way}
    terms = Terms(Policies((POLICY,)), sources)
    return replay(events, terms, ARRIVAL + timedelta(days=1)).contacts


def clocks(contact: Contact, kind: ClockKind) -> list[Clock]:
    return [clock for clock in contact.clocks if clock.kind is kind]


def shown(events: Iterable[Event]) -> dict[str, Any]:
    terms = Terms(Policies((POLICY,)))
    return document(replay(events, terms, ARRIVAL + timedelta(days=1)), terms)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_call_that_is_told_of_three_times_is_one_contact_with_one_first_response(way):
    [contact] = replayed(story(way, CALL, [*WAITING, *HANDLED]))

    [response] = clocks(contact, ClockKind.FIRST_RESPONSE)
    assert response.started_at == at("10:00:20.080")
    assert response.stopped_at == at("10:01:00.500")
    assert clocks(contact, ClockKind.NEXT_RESPONSE) == []
    assert contact.resolved_at == at("10:05:00")
    assert contact.customer == "phone:+4520304050"
    assert not contact.is_worked_on
    assert contact.line.passed_on == 0


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_legs_that_ring_at_one_of_us_are_of_the_same_contact(way):
    [contact] = replayed(story(way, [*CALL, *LEGS], [*WAITING, *HANDLED]))

    [response] = clocks(contact, ClockKind.FIRST_RESPONSE)
    assert response.stopped_at == at("10:01:00")
    assert contact.line.owner == "WK02"
    assert contact.line.passed_on == 0


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_repeats_and_any_order_of_arrival_give_the_same_contact(way):
    events = story(way, [*CALL, *LEGS], [*WAITING, *HANDLED])
    chance = Random(7)
    again = [*events, *chance.sample(events, len(events) // 2)]

    for _ in range(5):
        chance.shuffle(again)

        assert shown(again) == shown(events)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_who_hangs_up_while_she_waits_has_given_up_though_her_call_was_over_before(way):
    [contact] = replayed(story(way, CALL, [*WAITING, *GIVEN_UP]))

    [response] = clocks(contact, ClockKind.FIRST_RESPONSE)
    assert contact.line.gone_at == at("10:05:00")
    assert contact.resolved_at is None
    assert response.stopped_at == at("10:05:00")
    assert contact.line.sent_away == [at("10:05:00")]


def test_what_the_form_and_the_stream_tell_of_one_source_are_the_same_facts():
    tasks = [*WAITING, *HANDLED]
    forms = list(told(ALL_IN_ONE, map(posted, tasks)))
    stream = list(told(ALL_IN_ONE, [streamed(*map(in_stream, tasks))]))

    facts = [{(e.subject, e.type, e.fact, e.occurred_at) for e in told} for told in (forms, stream)]
    assert facts[0] == facts[1]
    assert [event.data for event in forms] == [event.data for event in stream]
    assert {event.id for event in forms}.isdisjoint(event.id for event in stream)


def test_wrap_up_is_work_that_goes_on_after_the_call_until_the_task_is_completed():
    in_wrap_up = [event for event in HANDLED if "completed" not in event["EventType"]]

    [contact] = replayed(story((VOICE, FLEX, STREAM), CALL, [*WAITING, *in_wrap_up]))

    assert contact.resolved_at == at("10:05:00")
    assert contact.line.working == {"WK02"}


def test_two_calls_are_two_contacts():
    other = [told | {"CallSid": "CA09", "From": "+4529998877"} for told in CALL]

    assert len(replayed(story((VOICE, FLEX, STREAM), [*CALL, *other], WAITING))) == 2


def test_two_tasks_of_one_call_are_one_contact():
    second = [told | {"TaskSid": "WT02", "Sid": f"{told['Sid']}2"} for told in HANDLED]

    assert len(replayed(story((VOICE, FLEX, STREAM), CALL, [*WAITING, *second]))) == 1


OURS = {
    "direction": "outbound",
    "from": "+4570101010",
    "outbound_to": "+4520304050",
    "conference": {"participants": {"customer": "CA05", "worker": "CA06"}},
}


def outbound(clock: str, status: str) -> dict[str, str]:
    numbers = {"From": "+4570101010", "To": "+4520304050"}
    return of_call(status, clock, CallSid="CA05", Direction="outbound-api", **numbers)


def test_our_own_call_owes_no_answer_and_reaches_her_only_when_her_leg_is_answered():
    tasks = [
        of_task("task.created", "10:00:00", OURS),
        of_task("reservation.accepted", "10:00:01", OURS, WorkerSid="WK01", ReservationSid="WR1"),
    ]
    rung = [outbound("10:00:02", "ringing")]
    in_vain = [*rung, outbound("10:00:32", "no-answer")]
    reached = [*rung, outbound("10:00:09", "in-progress"), outbound("10:02:00", "completed")]

    [missed] = replayed(story((VOICE, FLEX, STREAM), in_vain, tasks))
    [talked] = replayed(story((VOICE, FLEX, STREAM), reached, tasks))

    assert clocks(missed, ClockKind.FIRST_RESPONSE) == []
    assert missed.dealing.reached == ()
    assert missed.dealing.sent_away == ()
    assert [reached.at for reached in talked.dealing.reached] == [at("10:00:09")]


def test_a_conversation_of_which_messages_are_told_is_the_contact_of_its_task():
    chat = {"conversationSid": "CH01", "from": "whatsapp:+4520304050", "channelType": "whatsapp"}
    told_of = [
        of_task("task.created", "10:00:20", chat, TaskChannelUniqueName="chat"),
        of_task(
            *("reservation.accepted", "10:01:00", chat),
            TaskChannelUniqueName="chat",
            WorkerSid="WK01",
            ReservationSid="WR01",
        ),
    ]
    message = {
        "type": "com.twilio.conversations.message.added",
        "id": "EZ1",
        "data": {
            "ConversationSid": "CH01",
            "MessageSid": "IM01",
            "Author": "whatsapp:+4520304050",
            "DateCreated": "2027-03-01T10:03:00.000Z",
        },
    }

    events = [*told(ALL_IN_ONE, map(posted, told_of)), *told(ALL_IN_ONE, [streamed(message)])]

    [contact] = replayed(events)
    [response] = clocks(contact, ClockKind.NEXT_RESPONSE)
    assert response.started_at == at("10:03:00")
    assert contact.customer == "phone:+4520304050"


def test_a_call_behind_a_task_is_told_of_where_the_source_says():
    def same_as(config: SourceConfig, attributes: Any) -> str | None:
        [event, *_] = told(config, [posted(of_task("task.wrapup", "10:00:00", attributes))])
        return event.data.same_as

    conversation = {"conversations": {"conversation_id": "WT00"}}
    assert same_as(FLEX, CALLER) == "/hooks/phone CA01"
    assert same_as(ALL_IN_ONE, CALLER) == "CA01"
    assert same_as(FLEX, OURS) == "/hooks/phone CA05"
    assert same_as(FLEX, conversation) == "WT00"
    assert same_as(FLEX, {"conversations": {"conversation_id": "TICKET 7"}}) is None
    assert same_as(FLEX, {"conversations": {"conversation_id": "WT01"}}) is None
    assert same_as(FLEX, {"call_sid": "CA 1"}) is None
    assert same_as(FLEX, {"call_sid": ["CA1"]}) is None
