import json

import pytest

from app.sources.adapter import Unreadable
from app.sources.kinds import ADAPTERS
from app.sources.translation import parse_request, translate, translate_request
from tests.sources.payloads import NOON

STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def cloud_event(kind: str, subject: str, data: dict[str, object]) -> bytes:
    body = {
        "specversion": "1.0",
        "id": "1",
        "source": "/x",
        "type": kind,
        "subject": subject,
        "time": "2027-03-01T11:00:00.25Z",
        "data": data,
    }
    return json.dumps(body).encode()


def test_keys_stand_in_their_order_and_unknown_ones_are_null():
    (event,) = translate("cloudevents", cloud_event("contact.received", "c", {}), STRUCTURED, NOON)

    assert list(event) == ["type", "time", "contact", "customer", "agent", "team", "channel"]
    assert list(event.values()) == [
        "contact.received",
        "2027-03-01T11:00:00.250000Z",
        "c",
        None,
        None,
        None,
        None,
    ]


def test_an_agent_is_no_contact():
    body = cloud_event("agent.available", "a-7", {"skills": ["danish"]})

    (event,) = translate("cloudevents", body, STRUCTURED, NOON)

    assert (event["contact"], event["agent"], event["skills"]) == (None, "a-7", ["danish"])


def test_a_customer_is_no_contact_either():
    body = cloud_event("customer.updated", "lone", {"tier": "important"})

    (event,) = translate("cloudevents", body, STRUCTURED, NOON)

    assert (event["contact"], event["customer"], event["tier"]) == (None, "lone", "important")


def test_a_type_of_somebody_else_is_understood_and_tells_nothing():
    assert translate("cloudevents", cloud_event("org.x", "c", {}), STRUCTURED, NOON) == []


@pytest.mark.parametrize("kind", ["fax", "", "Aircall"])
def test_an_unknown_kind_is_refused_with_the_known_ones(kind):
    with pytest.raises(Unreadable, match=", ".join(sorted(ADAPTERS))):
        translate(kind, b"{}", {}, NOON)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_whole_request_is_read(newline):
    raw = newline.join(["POST /x?y=1 HTTP/1.1", "Content-Type:  a/b ", "", '{"a": 1}', ""]).encode()

    request = parse_request(raw)

    assert (request.method, request.url, request.body) == ("POST", "/x?y=1", b'{"a": 1}')
    assert request.headers == {"content-type": "a/b"}


def test_a_handshake_is_understood_and_tells_nothing():
    raw = b"OPTIONS / HTTP/1.1\nWebHook-Request-Origin: x.example\n\n"

    assert translate_request("cloudevents", raw, NOON) == []


@pytest.mark.parametrize(
    "raw", [b"", b"hello", b"POST / HTTP/1.1\nnonsense\n\n{}", b"\xff\xfe\n\n"]
)
def test_what_is_no_request_is_refused(raw):
    with pytest.raises(Unreadable):
        translate_request("cloudevents", raw, NOON)
