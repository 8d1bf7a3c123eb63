import json
from pathlib import Path
from typing import Any

import pytest

from app.core.document import document
from app.core.events import to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

KIND = "amazon-connect"
CANARY = "canary-token-0123456789"


def payload(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(own(KIND, f"{name}.json"))
    return told


def told_by(told: Any, **options: Any):
    return kinds.translate(delivery(told), config(KIND, **options))


def read_by(told: Any, **options: Any) -> list[Any]:
    return [to_event(event) for event in told_by(told, **options)]


def verified(url: str = "", **headers: str) -> None:
    kinds.verify(delivery(b"{}", url, **headers), config(KIND, secrets=(CANARY,)), NOON)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": CANARY},
        {"authorization": f"Bearer {CANARY}"},
        {"x_api_key": CANARY},
        {"authorization": "Basic " + "dXNlcjpjYW5hcnktdG9rZW4tMDEyMzQ1Njc4OQ=="},
    ],
)
def test_an_api_destination_shows_its_token_in_a_header(headers):
    verified(**headers)


def test_a_subscription_of_sns_shows_its_token_in_the_address():
    verified(url=f"https://desk.example/hooks/desk?token={CANARY}")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no token in the Authorization or X-Api-Key header or the query string"),
        ({"x_api_key": "another"}, "the token is not the one of this source"),
        ({"authorization": "Bearer"}, "no token in the Authorization"),
        ({"authorization": "Digest realm"}, "no token in the Authorization"),
    ],
)
def test_without_the_token_a_delivery_is_refused(headers, reason):
    with pytest.raises(BadSignature, match=reason) as refusal:
        verified(**headers)

    assert CANARY not in repr(refusal.value)


def test_the_ways_through_sns_and_sqs_tell_the_same_as_the_event_itself():
    inner = payload("connected_to_agent")
    sns = {"Type": "Notification", "Message": json.dumps(inner)}
    sqs = {"Messages": [{"Body": json.dumps(sns)}]}

    assert told_by(inner) == told_by(sns) == told_by(sqs) == told_by([inner])


def test_an_event_that_comes_by_two_ways_in_one_delivery_counts_once():
    inner = payload("connected_to_agent")

    twice = told_by([inner, {"Type": "Notification", "Message": json.dumps(inner)}])

    assert len({(event.source, event.id) for event in twice}) == len(told_by(inner))


def test_initiated_and_queued_tell_one_fact_of_the_same_call():
    (first,) = told_by(payload("initiated_call"))
    received, queued = told_by(payload("queued_call"))

    assert (first.type, first.fact) == (received.type, received.fact)
    assert queued.type == "contact.queued"


def test_whoever_took_it_works_on_it_where_no_agent_is_named_too():
    told = payload("connected_to_agent")
    told["detail"]["agentInfo"] = None

    assert [event.type for event in told_by(told)] == ["contact.answered", "work.started"]


def test_disconnected_and_completed_tell_different_facts():
    resolved = told_by(payload("disconnected_answered"))
    ended = told_by(payload("completed_with_wrap_up"))

    assert [event.type for event in (*resolved, *ended)] == ["contact.resolved", "work.ended"]


def test_a_tag_says_who_the_customer_is_however_it_is_spelled():
    tags = {"Customer Phone": "+45 20 30 40 50", "CUSTOMER-ID": "k-9", "aws:customerId": "not her"}
    told = payload("connected_to_agent")
    told["detail"]["tags"] = tags

    event, _ = read_by(told)

    assert [alias.value for alias in event.data.aliases] == ["+4520304050", "k-9"]


def test_a_tag_says_that_the_customer_was_turned_away():
    told = payload("disconnected_answered")
    told["detail"]["tags"]["outcome"] = "No Time"

    (by_value,) = read_by(told, turned_away_tags=frozenset({"no time"}))
    (by_name,) = read_by(told, turned_away_tags=frozenset({"outcome=no time"}))

    assert by_value.data.outcome == by_name.data.outcome == "turned_away"


def test_a_tag_that_is_set_after_the_end_turns_the_customer_away_as_well():
    told = payload("completed_with_wrap_up")
    told["detail"]["tags"]["outcome"] = "no time"

    _, away = read_by(told, turned_away_tags=frozenset({"no time"}))

    assert (away.type, away.data.outcome) == ("contact.resolved", "turned_away")


def test_tags_discard_a_contact_and_give_a_tier():
    told = payload("initiated_call")
    told["detail"]["tags"] |= {"why": "Test", "class": "vip"}
    options = {"discard_tags": frozenset({"test"}), "tier_tags": {"vip": "important"}}

    received, gone, updated = read_by(told, **options)

    assert (received.type, gone.type) == ("contact.received", "contact.discarded")
    assert (updated.subject, updated.data.tier) == ("phone:+4520304050", "important")


def test_sns_is_confirmed_at_an_address_of_amazon_alone():
    told = {
        "Type": "SubscriptionConfirmation",
        "SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
    }
    adapter, options = kinds.ADAPTERS[KIND], config(KIND)

    assert adapter.visit(delivery(told), options) == told["SubscribeURL"]
    assert told_by(told) == ()
    for address in (
        "https://sns.eu-central-1.amazonaws.com.evil.example/",
        "http://sns.eu-central-1.amazonaws.com/",
        "https://user@sns.eu-central-1.amazonaws.com/",
        "https://[",
        5,
    ):
        assert adapter.visit(delivery(told | {"SubscribeURL": address}), options) is None
    assert adapter.visit(delivery(b"["), options) is None


def test_an_agent_who_is_there_is_told_once_whatever_the_heartbeats():
    told = payload("agent_available")
    again = told | {"EventType": "HEART_BEAT", "EventTimestamp": "2027-03-01T08:35:00.000Z"}

    ((first,), (second,)) = told_by(told), told_by(again)

    assert (first.occurred_at, first.fact) == (second.occurred_at, second.fact)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"detail": {}}, "expected the type of an event"),
        ({"detail": []}, r"expected an object - at `\$.detail`"),
        ({"detail": {"eventType": "QUEUED"}}, r"expected an id - at `\$.detail.contactId`"),
        ({"detail": {"eventType": "QUEUED", "contactId": {}}}, "Expected `int"),
        ({"Type": "Notification", "Message": "{"}, "Input data was truncated"),
        (7, "expected an event of EventBridge"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(told, reason):
    with pytest.raises(Unreadable, match=reason):
        told_by(told)


def test_the_event_is_named_by_its_type():
    adapter = kinds.ADAPTERS[KIND]

    assert adapter.event_of(delivery(payload("through_sqs"))) == "PAUSED"
    assert adapter.event_of(Delivery({}, b"\xff", NOON)) is None
    assert adapter.event_of(delivery({"Type": "UnsubscribeConfirmation"})) is None


def test_wrappers_within_wrappers_end_somewhere():
    told: Any = payload("connected_to_agent")
    for _ in range(6):
        told = {"Type": "Notification", "Message": json.dumps(told)}

    with pytest.raises(Unreadable):
        told_by(told)


TRANSFERRED = {"initialContactId": "c", "initiationMethod": "TRANSFER"}


def leg(event: str, id_: str, at: str, queued: str, taken: str | None = None) -> dict[str, Any]:
    """An event of a call; every instant is a minute and second past nine."""
    agent = {"agentArn": f"agent-of-{id_}", "connectedToAgentTimestamp": nine(taken or "")}
    told = {
        "eventType": event,
        "contactId": id_,
        "channel": "VOICE",
        "initiationMethod": "INBOUND",
        "initiationTimestamp": nine("00:00" if id_ == "c" else "05:00"),
        "disconnectTimestamp": nine(at),
        "queueInfo": {"queueArn": f"queue-of-{id_}", "enqueueTimestamp": nine(queued)},
        "agentInfo": agent if taken else None,
    }
    return {"id": event, "detail": told | ({} if id_ == "c" else TRANSFERRED)}


def nine(at: str) -> str | None:
    return f"2027-03-01T09:{at}.000Z" if at else None


def test_she_waits_again_when_she_is_passed_on_to_a_queue():
    payloads = [
        leg("QUEUED", "c", "", "00:05"),
        leg("CONNECTED_TO_AGENT", "c", "", "00:05", "00:15"),
        leg("DISCONNECTED", "c", "05:00", "00:05", "00:15"),
        leg("QUEUED", "d", "", "05:01"),
        leg("CONNECTED_TO_AGENT", "d", "", "05:01", "06:30"),
        leg("DISCONNECTED", "d", "09:00", "05:01", "06:30"),
    ]
    policy = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())

    terms = Terms(Policies((policy,)))
    events = [event for payload_ in payloads for event in read_by(payload_)]
    (contact,) = document(replay(events, terms, NOON), terms)["contacts"]

    waits = [
        (clock["kind"], clock["elapsed_seconds"], clock["status"]) for clock in contact["clocks"]
    ]
    assert ("first_response", 10.0, "met") in waits
    assert ("next_response", 90.0, "breached") in waits
    assert contact["resolved_at"] == "2027-03-01T09:09:00Z"
