import json
from datetime import timedelta
from typing import Any

import pytest

from app.sources import kinds
from app.sources.adapter import Delivery, Unreadable
from app.sources.cloudevents import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_EVENT_BYTES,
    TooLarge,
    UnsupportedMediaType,
    read,
)
from app.sources.refusal import Malformed
from tests.sources.payloads import NOON, config, delivery

ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"


def event(**changes: Any) -> dict[str, Any]:
    sent = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/pbx",
        "type": "contact.received",
        "time": "2027-03-01T11:59:00Z",
        "subject": "c-1",
        "data": {"channel": "phone", "mood": "kept"},
    } | changes
    return {name: value for name, value in sent.items() if value is not ...}


def one(**changes: Any):
    return read({"content-type": ONE}, json.dumps(event(**changes)).encode(), NOON)


def test_an_event_keeps_its_data_as_sent():
    (read_event,) = one(fact="f-1").events

    assert json.loads(read_event.body) == {"channel": "phone", "mood": "kept"}
    assert (read_event.id, read_event.source, read_event.subject) == ("e-1", "/pbx", "c-1")
    assert (read_event.occurred_at, read_event.fact) == (NOON - timedelta(minutes=1), "f-1")


def test_an_offset_is_converted_to_utc():
    (read_event,) = one(time="2027-03-01T12:30:00.5+01:00").events

    assert read_event.occurred_at.isoformat() == "2027-03-01T11:30:00.500000+00:00"


@pytest.mark.parametrize(
    ("changes", "field", "expected", "got"),
    [
        ({"specversion": "0.3"}, "$.specversion", "1.0", '"0.3"'),
        ({"specversion": ...}, "$.specversion", "a value", "nothing"),
        ({"id": ""}, "$.id", "str of length >= 1", '""'),
        ({"id": 5}, "$.id", "str", "int"),
        ({"id": "x" * 257}, "$.id", "str of length <= 256", None),
        ({"source": "/hooks/chat"}, "$.source", "not to begin with /hooks/", "/hooks/chat"),
        ({"type": None}, "$.type", "str", "null"),
        ({"type": "a\0b"}, "$.type", "text without the character U+0000", "text with it"),
        ({"time": ...}, "$.time", "an RFC 3339 instant with an offset", "nothing"),
        ({"time": "2027-03-01T11:00:00"}, "$.time", "an RFC 3339 instant with an offset", None),
        ({"time": "noon"}, "$.time", "an RFC 3339 instant with an offset", '"noon"'),
        ({"time": 1803888000}, "$.time", "datetime", "int"),
        (
            {"time": "0001-01-01T00:00:00+05:00"},
            "$.time",
            "an instant in the years 2000 to 2099",
            None,
        ),
        (
            {"time": "9999-12-31T23:59:59-05:00"},
            "$.time",
            "an instant in the years 2000 to 2099",
            None,
        ),
        ({"time": "2027-03-01T12:05:01Z"}, "$.time", None, "2027-03-01T12:05:01+00:00"),
        ({"subject": None}, "$.subject", "text of 1 to 256 characters", "nothing"),
        ({"subject": ""}, "$.subject", "str of length >= 1", '""'),
        ({"data": ...}, "$.data", "object", "nothing"),
        ({"data": None}, "$.data", "object", "null"),
        ({"data": [1]}, "$.data", "object", "array"),
        ({"data": ..., "data_base64": "e30="}, "$.data", "object", "data_base64"),
        ({"data": {"channel": "fax"}}, "$.data.channel", "phone or chat or email", '"fax"'),
        (
            {"data": {"aliases": [{"kind": "phone"}]}},
            "$.data.aliases[0].value",
            "a value",
            "nothing",
        ),
        (
            {"data": {"x": {"y": ["\0"]}}},
            "$.data.x.y[0]",
            "text without the character U+0000",
            None,
        ),
        ({"type": "followup.promised", "data": {}}, "$.data.due", "a value", "nothing"),
        (
            {"type": "followup.promised", "data": {"due": "2027-03-01T11:00:00"}},
            "$.data.due",
            "datetime with a timezone component",
            '"2027-03-01T11:00:00"',
        ),
        (
            {"type": "followup.promised", "data": {"due": "0001-01-01T00:00:00+05:00"}},
            "$.data.due",
            "an instant in the years 2000 to 2099",
            None,
        ),
    ],
)
def test_a_refusal_names_the_field_what_was_expected_and_what_came(changes, field, expected, got):
    batch = one(**changes)

    (refused,) = batch.refused
    assert (batch.events, refused.index, refused.field) == ((), 0, field)
    assert expected in (None, refused.expected)
    assert got in (None, refused.got)


def test_five_minutes_ahead_is_accepted():
    assert one(time="2027-03-01T12:05:00Z").events


def test_a_backslash_before_u0000_is_not_the_character():
    assert one(data={"text": "C:\\u0000"}).events


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"data": [1, "x"]}, [1, "x"]),
        ({"data": None}, None),
        ({"data": ...}, None),
        ({"data": ..., "data_base64": "AAE="}, "AAE="),
    ],
)
def test_an_unknown_type_keeps_any_data_and_takes_the_arrival_as_time(changes, body):
    (read_event,) = one(type="org.example.x", time=..., subject=None, **changes).events

    assert json.loads(read_event.body) == body
    assert (read_event.occurred_at, read_event.subject) == (NOON, "")
    assert not read_event.is_canonical


def test_an_unknown_type_with_a_naive_time_is_refused_all_the_same():
    assert one(type="org.example.x", time="2027-03-01T11:00:00").refused[0].field == "$.time"


def test_a_batch_keeps_the_good_and_lists_the_bad_by_index():
    body = json.dumps([event(id="a"), event(time=...), 7, event(id="b")]).encode()

    batch = read({"content-type": f"{MANY}; charset=UTF-8"}, body, NOON)

    assert [good.id for good in batch.events] == ["a", "b"]
    assert [(bad.index, bad.field) for bad in batch.refused] == [(1, "$.time"), (2, "$")]
    assert not batch.is_single


def test_an_empty_batch_is_legal():
    assert read({"content-type": MANY}, b"[]", NOON).events == ()


def test_lines_are_read_one_by_one_and_blank_ones_skipped():
    lines = [json.dumps(event(id="a")), "", "{not json", json.dumps(event(id="b")), ""]

    batch = read({"content-type": LINES}, "\r\n".join(lines).encode(), NOON)

    assert [good.id for good in batch.events] == ["a", "b"]
    assert [(bad.index, bad.expected) for bad in batch.refused] == [(1, "JSON")]


@pytest.mark.parametrize(("body", "single"), [(event(), True), ([event()], False)])
def test_plain_json_is_one_event_or_a_batch(body, single):
    batch = read({"content-type": "application/json"}, json.dumps(body).encode(), NOON)

    assert (len(batch.events), batch.is_single) == (1, single)


BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/pbx",
    "ce-type": "contact.received",
    "ce-time": "2027-03-01T11:59:00Z",
    "ce-subject": "caf%C3%A9",
}


def test_binary_mode_takes_the_attributes_from_headers():
    (read_event,) = read(BINARY, b'{"channel":"chat"}', NOON).events

    assert (read_event.subject, read_event.body) == ("café", b'{"channel":"chat"}')


def test_binary_and_structured_mode_give_the_same_event():
    body = json.dumps(event(subject="café", data={"channel": "chat"})).encode()

    structured = read({"content-type": ONE}, body, NOON).events
    binary = read(BINARY, b'{"channel": "chat"}', NOON).events

    assert structured == binary


@pytest.mark.parametrize(
    ("headers", "body", "field"),
    [
        ({"ce-subject": "%ff"}, b"{}", "$.subject"),
        ({"ce-subject": "a%00b"}, b"{}", "$.subject"),
        ({"ce-time": "noon"}, b"{}", "$.time"),
        ({"ce-id": ""}, b"{}", "$.id"),
        ({"content-type": "text/plain"}, b"{}", "$.data"),
        ({}, b"", "$.data"),
        ({}, b'{"x": "\\u0000"}', "$.data.x"),
    ],
)
def test_binary_mode_refuses_like_the_others(headers, body, field):
    assert read(BINARY | headers, body, NOON).refused[0].field == field


def test_binary_data_of_an_unknown_type_is_kept_as_text():
    headers = BINARY | {"content-type": "image/png", "ce-type": "org.example.x"}

    assert read(headers, b"\x00\x01", NOON).events[0].body == b'"AAE="'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (ONE, b""),
        (ONE, b"{"),
        (ONE, b"\xff\xfe"),
        (ONE, json.dumps(event(data={"a": "x"})).encode().replace(b'"x"', b'"\xff"')),
        (ONE, json.dumps(event()).encode().replace(b'"kept"', b'"\\ud800"')),
        (ONE, b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
        (MANY, b"{}"),
        (MANY, b"[{}"),
        (MANY, b"[" * 200_000),
    ],
)
def test_a_body_that_is_not_what_it_says_is_malformed(content_type, body):
    with pytest.raises(Malformed):
        read({"content-type": content_type}, body, NOON)


def test_a_nul_deep_inside_is_found_without_recursion():
    depth = 700
    body = json.dumps(event()).encode()
    deep = b"[" * depth + b'"\\u0000"' + b"]" * depth

    batch = read({"content-type": ONE}, body.replace(b'"kept"', deep), NOON)

    assert batch.refused[0].expected == "text without the character U+0000"


def test_limits_are_kept():
    long = json.dumps(event(data={"x": "y" * MAX_EVENT_BYTES})).encode()

    with pytest.raises(TooLarge):
        read({"content-type": ONE}, long, NOON)
    with pytest.raises(TooLarge):
        read({"content-type": MANY}, b"[" + b" " * MAX_BATCH_BYTES + b"]", NOON)
    with pytest.raises(TooLarge):
        read({"content-type": MANY}, b"[" + b"1," * MAX_BATCH_EVENTS + b"1]", NOON)
    with pytest.raises(TooLarge):
        read({"content-type": LINES}, b"1\n" * (MAX_BATCH_EVENTS + 1), NOON)
    assert read({"content-type": MANY}, b"[" + long + b"]", NOON).refused[0].field == "$"


@pytest.mark.parametrize("content_type", ["", "text/html", "application/xml; charset=utf-8"])
def test_other_content_types_are_not_read(content_type):
    with pytest.raises(UnsupportedMediaType):
        read({"content-type": content_type}, b"{}", NOON)


def test_through_a_webhook_the_event_belongs_to_the_configured_source():
    sent = delivery(event(), content_type=ONE)

    (first,) = kinds.translate(sent, config("cloudevents"))
    (again,) = kinds.translate(sent, config("cloudevents"))

    assert first.source == "/hooks/desk"
    assert first == again


def test_through_a_webhook_one_bad_event_makes_the_delivery_unreadable():
    sent = delivery(event(time=...), content_type=ONE)

    with pytest.raises(Unreadable, match=r"\$\.time"):
        kinds.translate(sent, config("cloudevents"))


def greeted(method: str = "OPTIONS", **headers: str):
    names = {f"webhook-request-{name}": value for name, value in headers.items()}
    return kinds.greet(Delivery(names, b"", NOON, method=method), config("cloudevents"))


@pytest.mark.parametrize(
    ("asked", "rate"),
    [
        ({}, "12000"),
        ({"rate": "120"}, "120"),
        ({"rate": "99999999"}, "12000"),
        ({"rate": "0"}, "1"),
    ],
)
def test_a_sender_that_asks_is_told_that_it_may_send_and_how_fast(asked, rate):
    reply = greeted(origin="sender.example", callback="https://sender.example/grant", **asked)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers == {
        "allow": "POST, OPTIONS",
        "webhook-allowed-origin": "sender.example",
        "webhook-allowed-rate": rate,
    }


@pytest.mark.parametrize("rate", ["fast", "-1", "1" * 5000, "*", "²"])
def test_a_rate_that_is_none_gets_ours(rate):
    assert greeted(origin="sender.example", rate=rate).headers["webhook-allowed-rate"] == "12000"


@pytest.mark.parametrize("origin", ["", "a b", "a\r\nset-cookie: x", "x" * 257, "å.example"])
def test_who_says_not_who_it_is_is_told_nothing(origin):
    assert greeted(origin=origin) is None


def test_other_methods_are_no_handshake():
    assert greeted("GET", origin="sender.example") is None


def test_through_a_webhook_all_modes_give_the_same_event():
    body = event(subject="café", data={"channel": "chat"})
    structured = delivery(body, content_type=ONE)
    batch = delivery(json.dumps([body]).encode(), content_type=MANY)
    binary = Delivery(BINARY, b'{"channel": "chat"}', NOON)

    told = [kinds.translate(sent, config("cloudevents")) for sent in (structured, batch, binary)]

    assert told[0] == told[1] == told[2]


def test_the_event_is_named_by_its_type_in_every_mode():
    named = kinds.ADAPTERS["cloudevents"].event_of

    assert named(delivery(event(type="a.b"), content_type=ONE)) == "a.b"
    assert named(delivery(json.dumps([event()]).encode(), content_type=MANY)) == "contact.received"
    assert named(Delivery(BINARY, b"{}", NOON)) == "contact.received"
    assert named(delivery(b"[]", content_type=MANY)) is None
    assert named(delivery(b"{", content_type=ONE)) is None
