import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
BODY = own("intercom", "user_created.json")
TIRED = frozenset({"no time"})


def signed(body: bytes = BODY, key: str = SIGNED_WITH, scheme: str = "sha1=") -> Any:
    digest = hmac.new(key.encode(), body, hashlib.sha1).hexdigest()
    return delivery(body, x_hub_signature=scheme + digest)


def payload(file: str, **item: Any) -> dict[str, Any]:
    """A payload of ours, its conversation changed."""
    told: dict[str, Any] = json.loads(own("intercom", f"{file}.json"))
    told["data"]["item"] |= item
    return told


def told(sent: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [
        {"type": each.type, "subject": each.subject, "fact": each.fact, **json.loads(each.body)}
        for each in kinds.translate(delivery(sent), config("intercom", **options))
    ]


def types(sent: dict[str, Any], **options: Any) -> list[str]:
    return [each["type"] for each in told(sent, **options)]


def one(file: str, **options: Any) -> dict[str, Any]:
    [found] = told(payload(file), **options)
    return found


def aliases(file: str) -> list[tuple[str, str]]:
    [event] = kinds.translate(delivery(payload(file)), config("intercom"))
    return [(alias.kind, alias.value) for alias in decode_data(event.type, event.body).aliases]


def test_any_of_several_secrets_vouches_for_a_delivery():
    kinds.verify(signed(), config("intercom", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        signed(key="guessed"),
        signed(scheme="sha256="),
        signed(scheme=""),
        delivery(BODY),
        delivery(BODY, x_hub_signature="sha1=æøå"),
        delivery(BODY + b" ", x_hub_signature=signed().headers["x-hub-signature"]),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("intercom", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


def test_the_address_may_be_looked_at_when_it_is_saved():
    sent = Delivery({}, b"", NOON, "/hooks/desk", "HEAD")

    assert kinds.greet(sent, config("intercom")) is None


def test_one_part_under_two_topics_is_one_fact():
    replied = one("admin_replied_of_2019")
    item = payload("admin_replied_of_2019")["data"]["item"]
    both = told({**payload("admin_open_assigned"), "data": {"item": item}})

    assert [(each["type"], each["fact"]) for each in both] == [
        ("agent.replied", replied["fact"]),
        ("contact.transferred", replied["fact"]),
    ]


def test_a_ticket_that_is_resolved_and_closed_is_over_once():
    files = ("ticket_state_resolved", "ticket_resolved", "ticket_closed")

    assert len({one(file)["fact"] for file in files}) == 1


def test_a_call_and_its_conversation_came_in_once():
    assert one("call_started")["fact"] == one("user_created")["fact"]


def test_a_repeated_notification_keeps_its_id():
    again = payload("user_created") | {"delivery_attempts": 2}

    [once] = kinds.translate(delivery(BODY), config("intercom"))
    [later] = kinds.translate(delivery(again), config("intercom"))

    assert once.id == later.id
    assert once.id.startswith("notif_")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("user_replied", [("id", "64aa01"), ("email", "hanne@kunde.example")]),
        (
            "user_replied_of_2019",
            [("id", "5c95aa"), ("email", "hanne@kunde.example"), ("phone", "+4520304050")],
        ),
        ("call_started", [("id", "64aa01"), ("phone", "+4520304050")]),
        ("deleted", []),
    ],
)
def test_a_customer_is_known_by_id_then_address_then_number(file, expected):
    assert aliases(file) == expected


def test_without_a_list_of_contacts_who_wrote_is_the_customer():
    [found] = told(payload("user_replied", contacts=None))

    assert found["aliases"][0]["value"] == "64aa01"


def test_an_address_of_somebody_else_is_not_hers():
    item = payload("user_replied", contacts={"contacts": [{"id": "64aa99"}]})

    assert [alias["value"] for alias in told(item)[0]["aliases"]] == ["64aa99"]


def by(author: dict[str, Any]) -> dict[str, Any]:
    item = payload("admin_replied")["data"]["item"]
    item["conversation_parts"]["conversation_parts"][0]["author"] = author
    return payload("admin_replied", **item)


@pytest.mark.parametrize(
    "author",
    [
        {"id": "6009", "type": "bot"},
        {"id": "6009", "type": "operator"},
        {"id": "6009", "type": "admin", "from_ai_agent": True},
        {"id": "6009", "type": "admin", "is_ai_answer": True},
        {"id": "6009", "type": "admin", "email": "operator+desk1@intercom.io"},
        {"id": "6010", "type": "admin"},
        {"id": "6011", "type": "admin", "email": "Robot@vi.example"},
    ],
)
def test_a_machine_is_no_human_told_or_listed(author):
    [found] = told(by(author), bots=frozenset({"6010", "robot@vi.example"}))

    assert (found["actor"], found.get("agent")) == ("bot", None)


def test_a_conversation_given_to_a_listed_machine_has_no_owner():
    assert one("admin_assigned", bots=frozenset({"6002"})).get("agent") is None


@pytest.mark.parametrize(
    ("way", "ours", "word"),
    [
        ("conversation", "chat", None),
        ("email", "email", None),
        ("phone_call", "phone", None),
        ("instagram", "chat", "instagram"),
        ("sms", "chat", "sms"),
    ],
)
def test_the_source_gives_the_channel(way, ours, word):
    source = payload("user_created")["data"]["item"]["source"] | {"type": way}
    [found] = told(payload("user_created", source=source))

    assert (found["channel"], found.get("via")) == (ours, word)


@pytest.mark.parametrize("kind", ["ticket_type", "category"])
def test_a_ticket_of_the_back_office_is_no_contact(kind):
    change = {"category": "Tracker"} if kind == "category" else {kind: {"is_internal": True}}

    assert types(payload("ticket_state_resolved", **change)) == []


@pytest.mark.parametrize(
    ("before", "after", "means"),
    [
        ("submitted", "in_progress", []),
        ("submitted", "waiting_on_customer", ["contact.held"]),
        ("waiting_on_customer", "resolved", ["contact.resolved"]),
        ("resolved", "submitted", ["contact.reopened"]),
        ("resolved", "waiting_on_customer", ["contact.held"]),
        ("waiting_on_customer", "waiting_on_customer", []),
        (None, "resolved", ["contact.resolved"]),
        ("resolved", "frozen", []),
    ],
)
def test_a_state_that_really_changed_means_one_thing(before, after, means):
    parts = payload("ticket_state_resolved")["data"]["item"]["ticket_parts"]
    parts["ticket_parts"][0] |= {"previous_ticket_state": before, "ticket_state": after}
    state = {"category": after}

    assert types(payload("ticket_state_resolved", ticket_parts=parts, ticket_state=state)) == means


def tag(*names: str) -> dict[str, Any]:
    return {"tags": [{"type": "tag", "id": "1", "name": name} for name in names]}


@pytest.mark.parametrize(
    ("changed", "means"),
    [
        ({"state": "closed"}, ["contact.resolved"]),
        ({"open": False}, ["contact.resolved"]),
        ({}, []),
    ],
)
def test_a_tag_may_say_of_what_is_over_that_she_was_turned_away(changed, means):
    sent = payload("part_tagged", tags_added=tag("No time"), **changed)

    assert types(sent, turned_away_tags=TIRED) == means


def test_closing_with_a_tag_that_means_turned_away_says_so():
    [found] = told(payload("admin_closed", tags=tag("no time")), turned_away_tags=TIRED)

    assert found["outcome"] == "turned_away"


@pytest.mark.parametrize("file", ["part_tagged", "admin_closed"])
def test_a_tag_may_say_that_a_conversation_never_counts(file):
    sent = payload(file, tags=tag("test"), tags_added=tag("test"))

    assert "contact.discarded" in types(sent, discard_tags=frozenset({"test"}))


def test_a_tag_may_promise_that_she_hears_from_us():
    found = one("part_tagged", follow_up_tags={"callback": timedelta(hours=4)})

    assert (found["due"], found["inferred"]) == ("2027-03-01T13:30:01Z", True)


def test_a_tag_may_stand_beside_its_conversation():
    item = payload("part_tagged")["data"]["item"]
    told_beside = {"conversation": item | {"tags_added": None}, "tag": {"name": "callback"}}
    sent = payload("part_tagged") | {"data": {"item": told_beside}}

    assert types(sent, follow_up_tags={"callback": timedelta(hours=4)}) == ["followup.promised"]


@pytest.mark.parametrize(
    ("file", "word"),
    [("contact_tagged", "VIP"), ("company_attached", "640"), ("contact_created", "c-1")],
)
def test_a_tag_or_a_company_stands_for_a_tier(file, word):
    found = one(file, tier_tags={word.lower(): "important"})

    assert (found["type"], found["subject"], found["tier"]) == (
        "customer.updated",
        "id:/hooks/desk:64aa01",
        "important",
    )


def test_topics_of_old_apps_are_understood_still():
    tagged = payload("contact_tagged") | {"topic": "user.tag.created"}
    item = tagged["data"]["item"]
    tagged["data"]["item"] = {"tag": item["tag"], "user": item["contact"]}

    assert types(tagged, tier_tags={"vip": "important"}) == ["customer.updated"]


@pytest.mark.parametrize(
    "topic", ["contact.email.updated", "contact.lead.added_email", "contact.added_email"]
)
def test_a_new_address_is_believed_only_where_it_is_to_be(topic):
    sent = payload("contact_email_updated") | {"topic": topic}

    assert types(sent) == []
    assert types(sent, events={topic: "customer.updated"}) == ["customer.updated"]


def test_two_contacts_are_one_customer_only_where_that_is_believed():
    believed = {"contact.merged": "customer.merged"}
    found = one("contact_merged", events=believed)

    assert (found["subject"], found["into"]) == ("id:/hooks/desk:64aa00", "id:/hooks/desk:64aa01")
    assert types(payload("contact_merged_untold"), events=believed) == []
    assert types(payload("contact_merged"), events={"contact.merged": "customer.updated"}) == []
    adapter = kinds.ADAPTERS["intercom"]
    assert "customer.merged" in adapter.tells_with(config("intercom", events=believed))
    assert "customer.merged" not in adapter.tells_with(config("intercom"))


def test_a_new_address_joins_what_she_is_known_by():
    found = one("contact_email_updated", events={"contact.email.updated": "customer.updated"})

    assert [alias["value"] for alias in found["aliases"]] == [
        "64aa01",
        "hanne@kunde.example",
        "+4520304050",
    ]


@pytest.mark.parametrize(
    ("file", "changed", "reason"),
    [
        ("user_created", {"id": None}, "$.data.item.id"),
        ("user_created", {"created_at": "yesterday"}, "$.data.item.created_at"),
        ("user_created", {"contacts": 7}, "contacts"),
        ("rating_added", {"conversation_rating": {"rating": 6}}, "0 to 5"),
        ("admin_away", {"id": 0}, "$.data.item.id"),
        ("call_started", {"conversation_id": None, "id": None}, "$.data.item.id"),
    ],
)
def test_what_cannot_be_read_says_where(file, changed, reason):
    with pytest.raises(Unreadable) as refusal:
        told(payload(file, **changed))

    assert reason in refusal.value.reason


def test_a_state_of_a_ticket_may_be_a_word_alone_as_older_versions_write_it():
    sent = payload("ticket_state_waiting", ticket_state="waiting_on_customer")
    created = payload("ticket_created", ticket_state="submitted")

    assert types(sent) == ["contact.held"]
    assert types(created) == ["contact.received"]


@pytest.mark.parametrize(
    "channel", [{"initial": "email", "current": "chat"}, {"initial_channel": "email"}, 7, ["x"]]
)
def test_how_a_conversation_came_in_may_be_told_in_other_ways(channel):
    assert types(payload("user_created", channel=channel)) == ["contact.received"]
    assert types(payload("user_created", channel=channel, source=None)) == ["contact.received"]


def test_a_merge_into_nobody_says_where():
    with pytest.raises(Unreadable, match=r"data\.item\.id"):
        told(payload("contact_merged", id=""), events={"contact.merged": "customer.merged"})


def test_more_than_any_delivery_holds_is_not_read():
    parts = b"{}," * 60_000 + b"{}"
    body = BODY.replace(b'"conversation_parts": []', b'"conversation_parts": [%b]' % parts)

    with pytest.raises(Unreadable, match="at most 20000 objects"):
        kinds.translate(delivery(body), config("intercom"))


def test_a_notification_without_a_topic_is_unreadable():
    with pytest.raises(Unreadable, match="topic"):
        told(payload("ping") | {"topic": ""})


@pytest.mark.parametrize("body", [b"", b"[", b'{"topic": 7}', b"{}"])
def test_what_names_no_topic_names_no_event(body):
    assert kinds.event_of(delivery(body), config("intercom")) is None
