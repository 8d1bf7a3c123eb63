import json
from datetime import UTC, datetime, timedelta

import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

VOUCHER = "our-invented-token"


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
