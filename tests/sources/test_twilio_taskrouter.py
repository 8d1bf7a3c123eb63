"""What the events of TaskRouter about tasks and workers mean, with and without options."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.events import decode_data
from app.core.marked_yaml import FaultyFile
from app.core.source import Source
from app.sources import kinds
from app.sources.adapter import SourceConfig
from app.sources.configuration import read_sources
from tests.sources.payloads import config
from tests.sources.twilio import CALLER, at, in_stream, of_task, posted, streamed

WORKER = {"WorkerSid": "WK01", "WorkerName": "Jo"}
DONE = {"TaskAssignmentStatus": "wrapping", "WorkerSid": "WK01"}


def told(
    event: str, attributes: Any = None, *, clock: str = "10:00:00", by: Any = None, **more: str
) -> list[dict[str, Any]]:
    values = of_task(event, clock, attributes, **more)
    source = by or config("twilio-taskrouter")
    return [
        {"type": each.type, "fact": each.fact, "at": each.occurred_at, **json.loads(each.body)}
        for each in kinds.translate(posted(values), source)
    ]


def types(*arguments: Any, **more: Any) -> list[str]:
    return [each["type"] for each in told(*arguments, **more)]


def facts(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["type"], each["fact"]) for each in events}


def test_wrap_up_and_completion_tell_the_end_as_one_fact_and_work_ends_once():
    wrapped = told("task.wrapup", **DONE)
    wrapped += told("reservation.wrapup", ReservationSid="WR01", **DONE)
    done = {"TaskAssignmentStatus": "completed", "WorkerSid": "WK01"}
    completed = told("task.completed", **done)
    completed += told("reservation.completed", ReservationSid="WR01", **done)

    assert facts(wrapped) == {("contact.resolved", "task")}
    assert facts(completed) == {("contact.resolved", "task"), ("work.ended", "WK01")}


def test_an_agent_who_leaves_a_talk_that_goes_on_has_worked_and_ends_nothing():
    leaves = {"TaskAssignmentStatus": "assigned", "ReservationSid": "WR01", **WORKER}

    assert types("reservation.wrapup", **leaves) == []
    assert facts(told("reservation.completed", **leaves)) == {("work.ended", "WR01")}


def test_two_offers_to_one_worker_are_two_facts():
    first = told("reservation.rejected", ReservationSid="WR01", **WORKER)
    second = told("reservation.rejected", ReservationSid="WR02", **WORKER)

    assert facts(first).isdisjoint(facts(second))
    assert [each["reason"] for each in first] == ["refused"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("hangup", "contact.abandoned"),
        ("Caller hung up", "contact.abandoned"),
        ("Customer left the chat", "contact.abandoned"),
        ("Task TTL Exceeded", "contact.missed"),
        ("Task removed from workflow", "contact.missed"),
        ("Voicemail", "contact.missed"),
    ],
)
def test_the_reason_of_a_cancellation_says_who_gave_up(reason, expected):
    assert types("task.canceled", TaskCanceledReason=reason) == [expected]


def test_a_cold_transfer_and_its_completion_are_one_fact_and_leave_her_waiting():
    transfer = {"TransferMode": "COLD", "TransferType": "WORKER", "TransferTo": "WK02"}
    transfer |= {"TaskTransferSid": "TT01", "TransferInitiatingWorkerSid": "WK01"}
    begun = told("task.transfer-initiated", **transfer)
    done = told("task.transfer-completed", clock="10:00:20", **transfer)
    failed = told("task.transfer-failed", clock="10:00:30", **transfer)

    assert [each["type"] for each in begun] == ["contact.transferred", "contact.queued"]
    assert facts(done) == {("contact.transferred", "TT01")} < facts(begun)
    assert [(each["agent"], each["inferred"]) for each in failed] == [("WK01", True)]
    assert facts(failed).isdisjoint(facts(begun))


def test_what_moves_within_its_queue_does_not_move():
    assert types("task-queue.moved", PreviousTaskQueueSid="WQ01") == []


def test_our_own_task_owes_nothing_however_it_goes():
    ours = {"direction": "outbound", "outbound_to": "+4520304050", "from": "+4570101010"}

    assert [each.get("direction") for each in told("task.created", ours)] == ["outbound"]
    assert types("task-queue.entered", ours) == []
    assert types("task-queue.moved", ours, PreviousTaskQueueSid="WQ00") == []
    assert types("task.canceled", ours, TaskCanceledReason="hangup") == ["contact.resolved"]
    assert types("task.deleted", ours) == []
    assert types("task.created", {"initiated_by": "agent"}) == ["contact.received"]


def test_of_our_own_call_the_leg_tells_whether_she_was_reached_where_legs_are_told():
    ours = {"direction": "outbound", "outbound_to": "+4520304050"}
    by = config("twilio-taskrouter", calls_from="phone")

    assert types("reservation.accepted", ours, **WORKER) == ["contact.answered", "work.started"]
    assert types("reservation.accepted", ours, by=by, **WORKER) == ["work.started"]
    assert types("reservation.accepted", by=by, **WORKER) == ["contact.answered", "work.started"]


def test_that_a_mail_is_answered_when_it_is_taken_is_concluded():
    taken = told("reservation.accepted", {}, TaskChannelUniqueName="email", **WORKER)

    assert [each.get("inferred") for each in taken] == [True, None]


FILE = """
sources:
  - {id: phone, kind: twilio-voice, secrets: [{env: TOKEN}]}
  - {id: flex, kind: twilio-taskrouter, secrets: [{env: TOKEN}], calls_from: phone}
"""


def test_the_source_of_calls_is_one_of_the_file():
    _, flex = read_sources(FILE, lambda *_: "x")
    with pytest.raises(FaultyFile) as refusal:
        read_sources(FILE.replace("calls_from: phone", "calls_from: phones"), lambda *_: "x")

    assert flex.calls_from == "phone"
    assert "expected the id of a source in this file, got 'phones'" in str(refusal.value)


def test_a_queue_may_be_mapped_by_its_name():
    by_name = SourceConfig(
        source=Source(id="flex", kind="twilio-taskrouter", teams={"support": "help"})
    )
    by_both = SourceConfig(
        source=Source(id="flex", kind="twilio-taskrouter", teams={"support": "a", "WQ01": "b"})
    )

    assert told("task.wrapup")[0]["team"] == "WQ01"
    assert told("task.wrapup", by=by_name)[0]["team"] == "support"
    assert told("task.wrapup", by=by_both)[0]["team"] == "WQ01"


@pytest.mark.parametrize(
    ("expression", "skill"),
    [
        ('routing.skills HAS "billing"', "billing"),
        ("(routing.skills has 'billing') AND worker.level > 2", "billing"),
        ('routing.skills HAS "a" AND routing.skills HAS "b"', None),
        ('routing.skills HAS "a" OR 1==1', None),
        ("1==1", None),
    ],
)
def test_the_one_skill_that_a_queue_asks_for_is_that_of_its_tasks(expression, skill):
    [event] = told("task-queue.entered", TaskQueueTargetExpression=expression)

    assert event.get("skill") == skill


@pytest.mark.parametrize(
    ("attributes", "aliases"),
    [
        ({"from": "+4520304050", "name": "+4520304051"}, ["+4520304050"]),
        ({"from": "Anonymous", "name": "+45 20 30 40 51"}, ["+4520304051"]),
        ({"caller": "+266696687"}, []),
        ({"customerAddress": "whatsapp:+4520304050"}, ["+4520304050"]),
        ({"from": "messenger:77"}, ["messenger:77"]),
        ({"customers": {"phone": "+4520304050", "email": "a@b.test"}}, ["+4520304050", "a@b.test"]),
        ({"from": "a@b.test", "customers": {"customer_id": "K7"}}, ["a@b.test", "K7"]),
        ({"from": 4520304050, "customers": {"customer_id": 77}}, ["4520304050", "77"]),
        ({"customers": {"customer_id": True}}, []),
        ({"customers": "K7"}, []),
        ([], []),
        ("[", []),
    ],
)
def test_who_she_is_stands_in_the_attributes_by_convention(attributes, aliases):
    [received, _] = told("task.created", attributes)

    assert [alias["value"] for alias in received.get("aliases", [])] == aliases


@pytest.mark.parametrize(
    ("channel", "attributes", "expected"),
    [
        ("voice", {}, ("phone", None)),
        ("chat", {}, ("chat", None)),
        ("chat", {"channelType": "sms"}, ("chat", "sms")),
        ("sms", {}, ("chat", "sms")),
        ("chat", {"channelType": "WhatsApp"}, ("chat", "whatsapp")),
        ("chat", {"channelType": "carrier pigeon"}, ("chat", None)),
        ("email", {}, ("email", None)),
        ("default", {"call_sid": "CA1"}, ("phone", None)),
        ("default", {}, (None, None)),
        ("video", {"channelType": 7}, (None, None)),
    ],
)
def test_the_task_channel_says_how_she_reached_us(channel, attributes, expected):
    [received, _] = told("task.created", attributes, TaskChannelUniqueName=channel)

    assert (received.get("channel"), received.get("via")) == expected


TIRED: dict[str, Any] = {"turned_away_tags": frozenset({"no time"})}


def test_an_outcome_that_means_turned_away_ends_the_talk_with_it():
    by = config("twilio-taskrouter", **TIRED)
    attributes = CALLER | {"conversations": {"outcome": "No time"}}
    ours = attributes | {"direction": "outbound"}

    wrapped = told("task.wrapup", attributes, by=by, **DONE)
    updated = told("task.updated", attributes, by=by, **DONE)

    assert [each.get("outcome") for each in wrapped] == [None, "turned_away"]
    assert facts(updated) == {("contact.resolved", "turned_away")} < facts(wrapped)
    assert types("task.updated", attributes, by=by, TaskAssignmentStatus="assigned") == []
    assert types("task.updated", attributes, **DONE) == [], "only where it is configured"
    assert types("task.updated", ours, by=by, **DONE) == []


def test_a_tag_may_say_that_the_contact_never_counts():
    by = config("twilio-taskrouter", discard_tags=frozenset({"test"}))

    assert types("task.updated", {"tags": ["Test", 7, None]}, by=by) == ["contact.discarded"]
    assert types("task.updated", {"tags": "test"}, by=by) == ["contact.discarded"]
    assert types("task.updated", {"tags": {"test": 1}}, by=by) == []


def test_a_tag_may_promise_to_come_back_and_is_told_once():
    by = config("twilio-taskrouter", follow_up_tags={"call back": timedelta(hours=4)})
    attributes = {"disposition": "call back"}

    [early] = told("task.updated", attributes, by=by)
    [late, *_] = told("reservation.completed", attributes, by=by, clock="10:03:00", **WORKER)[1:]

    promised: Any = decode_data(
        "followup.promised", json.dumps({name: early[name] for name in ("due",)}).encode()
    )
    assert promised.due == at("14:00:00")
    assert early["inferred"]
    assert facts([early]) == facts([late])


def test_what_is_known_of_a_customer_may_stand_for_a_tier():
    by = config("twilio-taskrouter", tier_tags={"gold": "important"})
    attributes = CALLER | {"customers": {"category": "Gold"}}

    [*_, updated] = told("task.created", attributes, by=by)

    assert (updated["type"], updated["tier"]) == ("customer.updated", "important")


def activity(name: str | None, **more: str) -> list[dict[str, Any]]:
    named = {} if name is None else {"WorkerActivityName": name}
    return told("worker.activity.update", {}, WorkerSid="WK01", **named, **more)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Available", ("agent.available", None)),
        ("Idle", ("agent.available", None)),
        ("Unavailable", ("agent.unavailable", None)),
        ("Offline", ("agent.unavailable", None)),
        ("Busy", ("agent.unavailable", None)),
        ("Ready for mail", ("agent.available", True)),
        ("Not available", ("agent.unavailable", True)),
        ("Frokost", ("agent.unavailable", True)),
    ],
)
def test_an_activity_says_by_its_name_whether_a_worker_can_take_tasks(name, expected):
    [event] = activity(name)

    assert (event["type"], event.get("inferred")) == expected
    assert (event["agent"], event["reason"]) == ("WK01", name)


def test_a_flag_and_the_administrators_word_are_better_than_a_name():
    by = config("twilio-taskrouter", events={"Frokost": "agent.available"})

    [flagged] = activity("Available", WorkerActivityAvailable="false")
    [named] = told("worker.activity.update", by=by, WorkerActivityName="Frokost", **WORKER)

    assert (flagged["type"], flagged.get("inferred")) == ("agent.unavailable", None)
    assert (named["type"], named.get("inferred")) == ("agent.available", None)


def test_a_flag_in_a_stream_is_true_or_false_itself():
    values = of_task("worker.activity.update", "10:00:00", {}, WorkerSid="WK01")
    event = in_stream(values)
    event["data"]["payload"] |= {"worker_activity_available": True, "worker_activity_name": "X"}

    [told_of] = kinds.translate(streamed(event), config("twilio-eventstreams"))

    assert told_of.type == "agent.available"


def test_without_a_name_or_a_flag_nothing_is_known_of_a_worker():
    assert activity(None) == []
    assert types("worker.activity.update", WorkerActivityName="Available") == []


def test_skills_are_those_of_the_routing_and_a_task_that_needs_none_is_for_everybody():
    def skills(attributes: object) -> list[str] | None:
        [event] = activity("Available", WorkerAttributes=json.dumps(attributes))
        return event.get("skills")

    assert skills({"routing": {"skills": ["billing", 7]}}) == ["", "billing"]
    assert skills({"routing": {"skills": []}}) is None
    assert skills({"routing": {"skills": ["x"] * 100}}) is None
    assert skills({"routing": 5}) is None
    assert skills([]) is None


def test_a_workers_team_counts_where_it_is_mapped():
    team = {"WorkerAttributes": json.dumps({"team_name": "Support", "team_id": 7})}
    by = SourceConfig(source=Source(id="x", kind="twilio-taskrouter", teams={"Support": "help"}))
    values = {"WorkerActivityName": "Available", **WORKER, **team}

    assert told("worker.activity.update", by=by, **values)[0]["team"] == "Support"
    assert "team" not in told("worker.activity.update", **values)[0]
