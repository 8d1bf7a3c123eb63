"""What comes by Event Streams alone: several events at once, old names, and messages."""

import json
from typing import Any

import pytest

from app.sources import kinds
from tests.sources.payloads import config
from tests.sources.twilio import at, in_stream, of_call, of_task, posted, streamed

ADDED = "com.twilio.conversations.message.added"


def told(*events: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [
        {"type": each.type, "id": each.id, "contact": each.subject, **json.loads(each.body)}
        for each in kinds.translate(streamed(*events), config("twilio-eventstreams", **options))
    ]


def message(author: str, **more: Any) -> dict[str, Any]:
    data = {"ConversationSid": "CH01", "MessageSid": "IM01", "Author": author, "MessageBody": "x"}
    return {"type": ADDED, "id": "EZ1", "data": data | more}


def test_several_events_of_one_delivery_have_ids_of_their_own():
    events = [
        in_stream(of_task("reservation.rejected", f"10:00:{second:02}", ReservationSid="WR01"))
        for second in range(40)
    ]

    ids = {each["id"] for each in told(*events)}

    assert len(ids) == 40


@pytest.mark.parametrize(
    "moment",
    [
        {"timestamp": 1803895200123},
        {"payload": {"timestamp": "2027-03-01T10:00:00.123Z"}},
        {"timestamp": 0, "payload": {"timestamp_ms": "1803895200123"}},
        {"TimestampMs": 1803895200123},
    ],
)
def test_an_event_is_dated_however_its_time_is_written(moment):
    event = {"type": "com.twilio.taskrouter.task.created", "id": "EZ1", "data": moment}

    first, *_ = kinds.translate(streamed(event), config("twilio-eventstreams"))

    assert first.occurred_at == at("10:00:00.123")


def test_an_event_has_the_same_id_whatever_it_is_sent_with():
    one = in_stream(of_task("reservation.rejected", "10:00:00"))
    other = in_stream(of_task("reservation.rejected", "10:00:09"))

    assert {each["id"] for each in told(one)} < {each["id"] for each in told(other, one)}


def called(suffix: str, prefix: str = "com.twilio.voice.status-callback.call.") -> dict[str, Any]:
    values = of_call("", "10:00:00")
    parameters = {name: value for name, value in values.items() if value}
    return {"type": prefix + suffix, "id": "EZ1", "data": {"request": {"parameters": parameters}}}


@pytest.mark.parametrize(
    "prefix",
    ["com.twilio.voice.status-callback.call.", "com.twilio.voice.webhook.status-callback.call."],
)
def test_the_status_of_a_call_stands_in_the_name_where_it_stands_nowhere_else(prefix):
    types = [
        [each["type"] for each in told(called(suffix, prefix))]
        for suffix in ("initiated", "ringing", "answered", "completed")
    ]

    assert types == [
        ["contact.received"],
        ["contact.received"],
        [],
        ["work.ended", "contact.resolved"],
    ]


def test_a_call_whose_parameters_are_kept_back_is_known_by_its_own_id():
    event = {
        "type": "com.twilio.voice.status-callback.call.ringing",
        "data": {"sid": "CA01", "timestamp": "2027-03-01T10:00:00Z", "request": {}},
    }

    assert [(each["type"], each["contact"]) for each in told(event)] == [
        ("contact.received", "CA01")
    ]
    assert told({**event, "data": {}}) == []


def test_whoever_writes_from_an_address_is_a_customer():
    for author in ("+4520304050", "whatsapp:+4520304050", "messenger:77", "jo@acme.test"):
        [event] = told(message(author))

        assert (event["type"], event["contact"]) == ("customer.replied", "CH01")
        assert len(event["aliases"]) == 1


@pytest.mark.parametrize("author", ["jo_40acme_2Etest", "JO@acme.test", "jo@acme.test"])
def test_one_of_us_is_who_is_listed_however_the_name_is_written(author):
    [by_domain] = told(message(author), staff_domains=frozenset({"acme.test"}))
    [by_name] = told(message(author), staff=frozenset({"jo@acme.test"}))

    assert by_domain["type"] == by_name["type"] == "agent.replied"


def test_a_machine_is_no_human():
    [bot] = told(message("studio-flow"), bots=frozenset({"studio-flow"}))
    [system] = told(message("system"))

    assert (bot["actor"], system["actor"]) == ("bot", "system")


def test_who_is_neither_listed_nor_an_address_is_nobody_whom_we_can_tell():
    assert told(message("FX0001")) == []
    assert told(message("jo_40acme_2Etest")) == []
    assert told(message("")) == []
    assert told(message("+4520304050", ConversationSid=None)) == []


def test_a_message_that_is_posted_as_a_form_is_the_same_fact():
    values = {
        "EventType": "onMessageAdded",
        "ConversationSid": "CH01",
        "MessageSid": "IM01",
        "Author": "+4520304050",
        "DateCreated": "2027-03-01T10:00:00.000Z",
    }
    source = config("twilio-eventstreams")

    [form] = kinds.translate(posted(values), source)
    [stream] = kinds.translate(
        streamed(message("+4520304050", DateCreated="2027-03-01T10:00:00.000Z")), source
    )

    assert (form.type, form.subject, form.fact) == (stream.type, stream.subject, stream.fact)
    assert form.occurred_at == stream.occurred_at
