import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.events import decode_data, to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.sources import kinds
from app.sources.adapter import BadSignature, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

VOUCHER = "our-invented-token"
POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())


def test_any_of_several_tokens_is_accepted():
    sent = delivery(own("aircall", "hold.json"))

    kinds.verify(sent, config("aircall", secrets=("the-next-token", VOUCHER)), NOON)


def test_a_delivery_is_accepted_however_old_it_is():
    sent = delivery(own("aircall", "hold.json"))

    kinds.verify(sent, config("aircall", secrets=(VOUCHER,)), NOON + timedelta(days=2))


@pytest.mark.parametrize(
    "body",
    [b'{"token": "guessed"}', b'{"token": 5}', b"{}", b"", b"[" * 100_000, b'{"token": "\\ud800"}'],
)
def test_a_wrong_or_missing_token_is_refused_without_telling_the_right_one(body):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(delivery(body), config("aircall", secrets=("canary-secret",)), NOON)

    assert "canary" not in str(refusal.value)


def test_without_a_configured_secret_nothing_is_accepted():
    with pytest.raises(BadSignature):
        kinds.verify(delivery({"token": ""}), config("aircall"), NOON)


def test_hungup_and_ended_tell_the_same_facts():
    hungup = kinds.translate(delivery(own("aircall", "hungup_answered.json")), config("aircall"))
    ended = kinds.translate(delivery(own("aircall", "ended_answered.json")), config("aircall"))

    facts = [
        [(event.subject, event.type, event.fact) for event in told] for told in (hungup, ended)
    ]
    assert facts[0] == facts[1]
    assert {event.id for event in hungup}.isdisjoint(event.id for event in ended)


def test_two_holds_of_one_call_are_two_facts():
    payload = json.loads(own("aircall", "hold.json"))
    later = payload | {"timestamp": payload["timestamp"] + 60}

    (first,) = kinds.translate(delivery(payload), config("aircall"))
    (second,) = kinds.translate(delivery(later), config("aircall"))

    assert first.fact != second.fact


def test_a_call_that_is_passed_on_to_a_number_outside_is_nobodys_of_ours():
    payload = json.loads(own("aircall", "external_transferred.json"))
    payload["data"]["transferred_to"] = "+4599887766"

    (event,) = kinds.translate(delivery(payload), config("aircall"))

    told = decode_data(event.type, event.body)
    assert event.type == "contact.transferred"
    assert (told.agent, told.team) == (None, "510001")  # type: ignore[attr-defined]
    assert told.from_agent is not None  # type: ignore[attr-defined]


def test_who_passed_a_call_on_is_free_once_a_colleague_has_it():
    files = ("answered.json", "transferred_to_user.json", "answered_after_transfer.json")
    told = [
        event
        for file in (*files, "hungup_after_transfer.json")
        for event in kinds.translate(delivery(own("aircall", file)), config("aircall"))
    ]

    (contact,) = replay(
        [to_event(event) for event in told], Terms(Policies((POLICY,))), NOON
    ).contacts

    assert not contact.is_worked_on
    assert contact.line.owner == "71"
    freed = {(event.fact, event.type) for event in told if event.fact == "passed on 72"}
    assert freed == {("passed on 72", "work.ended")}


def test_a_follow_up_tag_promises_within_its_span_and_says_that_it_is_inferred():
    tags = {"Callback Request": timedelta(hours=4)}
    sent = delivery(own("aircall", "tagged_follow_up.json"))

    (event,) = kinds.translate(sent, config("aircall", follow_up_tags=tags))

    promised = decode_data(event.type, event.body)
    assert event.type == "followup.promised"
    assert event.occurred_at == datetime(2027, 3, 1, 8, 2, 9, tzinfo=UTC)
    assert promised.due == event.occurred_at + timedelta(hours=4)  # type: ignore[attr-defined]
    assert promised.inferred


def test_two_follow_up_tags_are_two_events():
    tags = {"Callback Request": timedelta(hours=4), "Colour": timedelta(hours=1)}
    sent = delivery(own("aircall", "tagged_follow_up.json"))

    events = kinds.translate(sent, config("aircall", follow_up_tags=tags))

    assert len({event.id for event in events}) == len({event.fact for event in events}) == 2


TIRED = frozenset({"no time"})


def outcomes(payload: dict[str, Any], **options: Any) -> list[tuple[datetime, str]]:
    told = kinds.translate(delivery(payload), config("aircall", **options))
    return [
        (event.occurred_at, decode_data(event.type, event.body).outcome)  # type: ignore[attr-defined]
        for event in told
        if event.type == "contact.resolved"
    ]


def with_tag(file: str, **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(own("aircall", file))
    payload["data"] |= {"tags": [{"id": 7, "name": " No time "}], **more}
    return payload


def test_a_tag_that_means_turned_away_ends_the_call_with_that_outcome():
    payload = with_tag("ended_answered.json")
    ended_at = datetime.fromtimestamp(payload["data"]["ended_at"], UTC)

    assert outcomes(payload, turned_away_tags=TIRED) == [
        (ended_at, "unknown"),
        (ended_at, "turned_away"),
    ]
    assert outcomes(payload) == [(ended_at, "unknown")], "only where it is configured"


def test_a_tag_set_minutes_after_the_end_tells_the_same_fact():
    ended = with_tag("ended_answered.json")
    tagged = ended | {"event": "call.tagged", "timestamp": ended["timestamp"] + 300}

    facts = [
        {(event.subject, event.type, event.fact)}
        for event in kinds.translate(delivery(tagged), config("aircall", turned_away_tags=TIRED))
    ]

    told = kinds.translate(delivery(ended), config("aircall", turned_away_tags=TIRED))
    assert facts == [{(told[-1].subject, "contact.resolved", "turned_away")}]


def test_a_tag_set_while_people_talk_ends_nothing():
    talking = with_tag("ended_answered.json", ended_at=None) | {"event": "call.tagged"}

    assert outcomes(talking, turned_away_tags=TIRED) == []


def test_our_own_call_turns_nobody_away():
    payload = with_tag("ended_answered.json", direction="outbound")

    assert [outcome for _, outcome in outcomes(payload, turned_away_tags=TIRED)] == ["unknown"]


def test_a_missed_call_can_be_tagged_too():
    payload = with_tag("ended_abandoned_in_classic.json")

    told = kinds.translate(delivery(payload), config("aircall", turned_away_tags=TIRED))

    assert [event.type for event in told] == ["contact.abandoned", "contact.resolved"]


def test_archiving_keeps_a_promise_only_where_that_is_configured():
    sent = delivery(own("aircall", "archived.json"))

    (event,) = kinds.translate(sent, config("aircall", archived_keeps_promise=True))

    assert event.type == "followup.done"


def test_both_closings_of_a_user_are_told():
    payload = json.loads(own("aircall", "user_closed.json"))
    first = payload | {"data": {"id": 72, "availability_status": "unavailable"}}

    told = [kinds.translate(delivery(body), config("aircall"))[0] for body in (first, payload)]

    assert len({event.id for event in told}) == len({event.fact for event in told}) == 2


def test_a_link_leads_to_the_call():
    sent = delivery(own("aircall", "hold.json"))
    link = "https://dashboard.example/calls/{contact}"

    (event,) = kinds.translate(sent, config("aircall", link=link))

    assert decode_data(event.type, event.body).link == "https://dashboard.example/calls/91001"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "$.data.id"),
        ({"id": "x" * 257}, "$.data.id"),
        ({"id": "a\0b"}, "$.data.id"),
        ({"id": True}, "$.id"),
        ({"user": {"id": 10**80}}, "$.data.user.id"),
        ({"answered_at": "yesterday"}, "$.data.answered_at"),
        ({"answered_at": 1e300}, "$.data.answered_at"),
        ({"answered_at": "2027-03-01T08:00:00"}, "offset"),
        ({"answered_at": 1803988000 + 90_000}, "ahead"),
        ({"user": "Omar"}, "$.user"),
    ],
)
def test_a_value_that_no_event_may_have_is_unreadable_and_named(change, reason):
    payload = json.loads(own("aircall", "answered.json"))
    payload["data"] |= change

    with pytest.raises(Unreadable) as refusal:
        kinds.translate(delivery(payload), config("aircall"))

    assert reason in refusal.value.reason
