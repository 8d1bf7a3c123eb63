import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.events import to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.sources import kinds
from app.sources.adapter import Unreadable
from tests.sources.payloads import NOON, config, delivery, own

KIND = "genesys-cloud"
POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())


def payload(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(own(KIND, f"{name}.json"))
    return told


def told_by(told: Any):
    return kinds.translate(delivery(told), config(KIND))


def types_of(*names: str) -> list[str]:
    return [event.type for name in names for event in told_by(payload(name))]


def test_an_agent_whose_desk_rings_has_not_answered():
    assert types_of("user_start", "user_end_no_answer") == ["contact.offered", "contact.declined"]


def test_who_took_it_out_of_the_queue_has_answered():
    assert types_of("acd_end_answered") == ["contact.answered", "work.started"]


def test_talking_and_wrapping_up_are_different_facts():
    (ended,) = told_by(payload("user_end_talked"))
    _, wrapped_up = told_by(payload("acw"))

    assert (ended.type, wrapped_up.type) == ("work.ended", "work.ended")
    assert ended.fact != wrapped_up.fact


def test_a_conversation_that_is_told_again_tells_the_same_facts():
    before = {(e.type, e.fact): e.occurred_at for e in told_by(payload("conversation_on_hold"))}
    after = {(e.type, e.fact): e.occurred_at for e in told_by(payload("conversation_off_hold"))}

    assert before.items() <= after.items()
    assert [kind for kind, _ in after.keys() - before.keys()] == ["contact.resumed"]


def test_a_topic_says_the_medium_where_the_conversation_names_no_address_of_its_own():
    told = payload("conversation_on_hold")
    del told["eventBody"]["selfUri"]

    channels = {json.loads(event.body)["channel"] for event in told_by(told)}

    assert channels == {"phone"}


def test_on_hold_since_nobody_knows_when_is_on_hold_since_it_was_told():
    told = payload("conversation_on_hold")
    for part in told["eventBody"]["participants"]:
        part.pop("startHoldTime", None)
    now = told | {"timestamp": "2027-03-01T09:05:00.500Z"}

    [held] = [event for event in told_by(now) if event.type == "contact.held"]

    assert held.occurred_at == datetime(2027, 3, 1, 9, 5, 0, 500_000, tzinfo=UTC)


def test_an_agent_who_still_writes_down_what_was_said_is_not_free():
    assert "work.ended" not in types_of("conversation_wrapping_up")


def test_the_template_of_a_topic_and_the_topic_itself_tell_the_same():
    told = payload("acd_end_answered")
    bare = {name: told["detail"][name] for name in ("topicName", "eventBody")}

    events = [(e.type, e.occurred_at, e.fact, e.body) for e in told_by(told)]

    assert events == [(e.type, e.occurred_at, e.fact, e.body) for e in told_by(bare)]


def test_the_event_is_named_as_it_is_subscribed_to():
    named = kinds.ADAPTERS[KIND].event_of
    template = "v2.detail.events.conversation.{id}.acd.end"

    assert named(delivery(payload("acd_end_answered"))) == template
    assert named(delivery(payload("routing_idle"))) == "v2.users.{id}.routingStatus"
    assert named(delivery(payload("conversation_whole_call"))) == "v2.users.{id}.conversations"
    assert named(delivery(payload("heartbeat"))) == "channel.metadata"
    assert named(delivery(b"")) is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"eventBody": 5}, "expected an object"),
        ({"eventBody": {}}, "expected the name of a topic"),
        ({"id": None, "participants": [{"id": "p"}]}, r"expected an id - at `\$.id`"),
        (
            {"topicName": "v2.detail.events.conversation.x.acw", "eventBody": {}},
            "expected an id - at `.*conversationId`",
        ),
        (
            {
                "topicName": "v2.detail.events.conversation.x.acw",
                "eventBody": {
                    "conversationId": "c",
                    "userId": "u",
                    "eventTime": 1803891600000,
                    "wrapupDurationMs": 1e300,
                },
            },
            "expected a span of milliseconds",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(told, reason):
    with pytest.raises(Unreadable, match=reason):
        told_by(told)


def test_participants_that_are_no_objects_are_passed_over():
    assert told_by({"id": "c", "participants": [None, 5, {}]}) == ()


def test_whoever_takes_a_callback_has_not_reached_her_yet():
    assert "contact.answered" not in types_of("conversation_callback", "acd_end_answered_callback")


def test_the_clocks_of_topics_and_of_the_whole_conversation_agree():
    topics = [
        to_event(event)
        for name in ("customer_start", "acd_start", "user_start", "acd_end_answered")
        for event in told_by(payload(name))
    ]
    whole = [to_event(event) for event in told_by(payload("conversation_whole_call"))]

    def first_response(events: list[Any]) -> Any:
        terms = Terms(Policies((POLICY,)))
        (contact,) = replay(events, terms, NOON).contacts
        clock = next(each for each in contact.clocks if each.kind == "first_response")
        return (clock.started_at, clock.stopped_at)

    assert first_response(topics) == first_response(whole)
