import hashlib
import hmac
import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from app.core.events import in_canonical_order, to_event
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
BODY = own("front", "inbound.json")
MILLISECONDS = round(NOON.timestamp() * 1000)


def events(told: dict[str, Any] | bytes, **options: Any) -> list[dict[str, Any]]:
    return [
        {"type": each.type, "subject": each.subject, **json.loads(each.body)}
        for each in kinds.translate(delivery(told), config("front", **options))
    ]


def types(told: dict[str, Any] | bytes, **options: Any) -> list[str]:
    return [each["type"] for each in events(told, **options)]


def changed(file: str, **conversation: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(own("front", file))
    event["conversation"] |= conversation
    return event


def tagged(name: str, **conversation: Any) -> dict[str, Any]:
    event = changed("tag.json", tags=[{"id": "tag_t7", "name": name}], **conversation)
    event["target"]["data"] = {"id": "tag_t7", "name": name}
    return event


def by_rule(body: bytes = BODY, key: str = SIGNED_WITH) -> Delivery:
    digest = hmac.new(key.encode(), body, hashlib.sha1).digest()
    return delivery(body, x_front_signature=b64encode(digest).decode())


def by_application(at: int = MILLISECONDS, body: bytes = BODY, **headers: str) -> Delivery:
    digest = hmac.new(SIGNED_WITH.encode(), b"%d:" % at + body, hashlib.sha256).digest()
    signature = b64encode(digest).decode()
    named = {"x_front_signature": signature, "x_front_request_timestamp": str(at)}
    return delivery(body, **named, **headers)


@pytest.mark.parametrize(
    "sent",
    [
        by_rule(),
        by_application(),
        by_application(MILLISECONDS - 300_000),
        by_application(MILLISECONDS + 300_000),
    ],
)
def test_both_ways_of_signing_are_known_and_any_of_several_secrets_vouches(sent):
    kinds.verify(sent, config("front", secrets=("of-the-other-way", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY),
        delivery(BODY, x_front_signature="æøå"),
        by_rule(key="guessed"),
        by_application(MILLISECONDS - 300_001),
        by_application(MILLISECONDS + 300_001),
        by_application(10**14),
        delivery(BODY, **dict.fromkeys(("x_front_signature", "x_front_request_timestamp"), "1e9")),
        delivery(BODY, x_front_signature="x", x_front_request_timestamp="9" * 400),
        delivery(
            BODY, x_front_signature=by_rule().headers["x-front-signature"],
            x_front_request_timestamp=str(MILLISECONDS),
        ),
        delivery(BODY, x_front_signature=by_application().headers["x-front-signature"]),
        delivery(BODY + b" ", x_front_signature=by_rule().headers["x-front-signature"]),
    ],
)  # fmt: skip
def test_anything_but_a_fresh_and_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("front", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


def test_a_challenge_is_echoed_and_tells_nothing():
    sent = by_application(body=own("front", "application_sync.json"), x_front_challenge='a"b')

    reply = kinds.answer(sent, config("front"))

    assert kinds.translate(sent, config("front")) == ()
    assert reply is not None
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"challenge": 'a"b'}


def test_what_asks_nothing_gets_our_own_answer():
    assert kinds.answer(by_application(), config("front")) is None


def test_the_id_in_the_link_is_that_of_the_conversation():
    links = {"self": "https://api2.frontapp.com/conversations/cnv_true?x=1"}

    [found] = events(changed("inbound.json", id="9zz", _links=links))

    assert found["subject"] == "cnv_true"


def test_a_conversation_without_a_link_is_known_by_its_id():
    [found] = events(changed("inbound.json", id="cnv_own", _links=None))

    assert found["subject"] == "cnv_own"


@pytest.mark.parametrize(
    ("sort", "handle", "alias"),
    [
        ("email", "Jo@Kunde.Example", ("email", "jo@kunde.example")),
        ("sms", "20 30 40 50", ("phone", "20304050")),
        ("call", "+45 20304050", ("phone", "+4520304050")),
        ("tweet", "@jo", ("id", "@jo")),
        ("custom", "20304050", ("id", "20304050")),
    ],
)
def test_the_customer_is_known_by_address_number_or_name_and_by_front_s_own_id(sort, handle, alias):
    related = {"related": {"contact": "https://x.example/contacts/crd_1"}}
    told = changed("inbound.json", recipient={"handle": handle, "_links": related})
    told["target"]["data"]["type"] = sort

    [found] = events(told)

    known = [(each["kind"], each["value"]) for each in found["aliases"]]
    assert known == [alias, ("id", "crd_1")]


@pytest.mark.parametrize(
    ("sort", "channel"), [("email", "email"), ("sms", "chat"), ("call", "phone"), ("tweet", "chat")]
)
def test_the_channel_is_that_of_the_message(sort, channel):
    told = changed("inbound.json")
    told["target"]["data"]["type"] = sort

    assert events(told)[0]["channel"] == channel


def test_an_author_may_be_listed_as_a_machine():
    [found] = events(own("front", "out_reply.json"), bots=frozenset({"tea_b01@vaerft.example"}))

    assert (found["actor"], found.get("agent")) == ("bot", None)


def test_a_preview_without_an_author_is_the_answer_of_a_human_nobody_names():
    [found] = events(own("front", "application_reply.json"))

    assert "actor" not in found
    assert "agent" not in found


def test_the_same_event_by_both_ways_counts_once_and_each_fills_in_for_the_other():
    full = json.loads(own("front", "inbound.json"))
    preview = {**full, "conversation": {"id": "cnv_q900"}}
    bodies: list[dict[str, Any]] = [{"type": "inbound_received", "payload": preview}, full]

    told = [
        to_event(each)
        for body in bodies
        for each in kinds.translate(delivery(body), config("front"))
    ]

    assert len({each.id for each in told}) == 2
    [event] = in_canonical_order(told)
    assert [alias.value for alias in event.data.aliases] == ["hanne@kunde.example", "crd_c55"]


def test_the_envelope_s_name_decides_where_both_are_told():
    told = {"type": "conversation_snoozed", "payload": changed("archive.json")}

    assert types(told) == ["contact.held"]
    assert kinds.event_of(delivery(told), config("front")) == "snooze"


def test_a_tag_may_say_that_somebody_promised_to_come_back():
    options = {"follow_up_tags": {"Call back": timedelta(days=1)}}

    [found] = events(tagged("Call back"), **options)

    assert (found["type"], found["due"]) == ("followup.promised", "2027-03-02T08:01:00.500000Z")
    assert found["inferred"]
    assert types(tagged("Urgent"), **options) == []


def test_a_tag_may_say_that_the_customer_was_turned_away():
    options = {"turned_away_tags": frozenset({"no time"})}
    archived = changed("archive.json", tags=[{"id": "tag_t7", "name": "No Time"}])

    assert events(archived, **options)[0]["outcome"] == "turned_away"
    assert events(tagged("No Time", status="archived"), **options)[0]["outcome"] == "turned_away"
    assert events(tagged("No Time", status="assigned"), **options) == []
    assert "outcome" not in events(archived)[0]


def test_a_tag_may_say_that_a_conversation_never_counts():
    options = {"discard_tags": frozenset({"spam"})}

    assert types(tagged("Spam"), **options) == ["contact.discarded"]
    assert types(changed("inbound.json", tags=[{"name": "spam"}]), **options) == [
        "contact.received",
        "contact.discarded",
    ]


def test_a_tag_may_stand_for_a_tier():
    found = events(
        changed("inbound.json", tags=[{"name": "Gold"}]), tier_tags={"gold": "important"}
    )

    assert [(each["type"], each["subject"]) for each in found] == [
        ("contact.received", "cnv_q900"),
        ("customer.updated", "email:hanne@kunde.example"),
    ]
    assert found[1]["tier"] == "important"


def test_a_promise_out_of_all_time_is_refused():
    told = tagged("Call back") | {"emitted_at": "9999-12-31T23:00:00Z"}

    with pytest.raises(Unreadable, match="9999"):
        types(told, follow_up_tags={"Call back": timedelta(days=1)})


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (changed("inbound.json", id=None, _links=None), "$.conversation.id"),
        (changed("inbound.json") | {"id": None}, "$.id"),
        (changed("inbound.json") | {"emitted_at": "soon"}, "$.emitted_at"),
        (changed("snoozed_by_reminder.json", assignee={"id": [1]}), "$.conversation.assignee.id"),
    ],
)
def test_what_cannot_be_read_says_where(told, reason):
    with pytest.raises(Unreadable, match=reason.replace("$", r"\$")):
        events(told)


def test_what_is_no_json_names_no_event():
    assert kinds.event_of(delivery(b"{"), config("front")) is None


@pytest.mark.parametrize("name", ["reminder", "snooze_expired", "conversation_snooze_expired"])
def test_the_end_of_a_snooze_has_several_names(name):
    assert types(changed("reminder.json") | {"type": name}) == ["contact.resumed"]
