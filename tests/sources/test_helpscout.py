import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Unreadable
from app.sources.translation import translate
from tests.sources.helpscout import (
    A_DRAFT,
    BY_ANNE,
    FROM_HER,
    RATED,
    TOLD,
    Json,
    conversation,
    with_threads,
)
from tests.sources.payloads import NOON, config, delivery

SIGNED_WITH = "an-invented-secret"
BODY = json.dumps(TOLD["convo.created"]).encode()


def events(event: str, told: Json | None = None, **options: Any) -> list[dict[str, Any]]:
    sent = delivery(told or TOLD[event], x_helpscout_event=event)
    return [
        {"type": each.type, "at": f"{each.occurred_at:%H:%M:%S}", **json.loads(each.body)}
        for each in kinds.translate(sent, config("helpscout", **options))
    ]


def told(event: str, told: Json | None = None, **options: Any) -> list[tuple[Any, ...]]:
    """Type, time, agent and team."""
    found = events(event, told, **options)
    return [(each["type"], each["at"], each.get("agent"), each.get("team")) for each in found]


def signed(body: bytes = BODY, key: str = SIGNED_WITH) -> Any:
    digest = hmac.new(key.encode(), body, hashlib.sha1).digest()
    return delivery(body, x_helpscout_signature=b64encode(digest).decode())


def test_any_of_several_secrets_vouches_for_a_delivery():
    kinds.verify(signed(), config("helpscout", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        signed(key="guessed"),
        delivery(BODY),
        delivery(BODY, x_helpscout_signature="æøå"),
        delivery(BODY + b" ", x_helpscout_signature=signed().headers["x-helpscout-signature"]),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("helpscout", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("convo.created", ("contact.received", "08:00:00", "31", "4")),
        ("convo.customer.reply.created", ("customer.replied", "09:00:00", "31", "4")),
        ("convo.agent.reply.created", ("agent.replied", "09:20:00", "31", "4")),
        ("convo.assigned", ("contact.transferred", "10:00:00", "31", "4")),
        ("convo.moved", ("contact.transferred", "10:00:00", "31", "5")),
        ("convo.status", ("contact.resolved", "10:30:00", "32", "4")),
        ("convo.deleted", ("contact.discarded", "10:00:00", None, "4")),
        ("satisfaction.ratings", ("customer.rated", "11:00:00", "31", "4")),
    ],
)
def test_each_event_means_one_thing(event, expected):
    assert told(event) == [expected]


IN_THE_FIRST_VERSION = {
    "id": 7100,
    "type": "email",
    "status": "closed",
    "owner": {"id": 31, "type": "user"},
    "mailbox": {"id": 4, "name": "never stored"},
    "customer": {"id": 9001, "type": "customer", "emails": [{"value": "Hanne@Kunde.example"}]},
    "createdBy": {"id": 9001, "type": "customer"},
    "createdAt": "2027-03-01T08:00:00Z",
    "modifiedAt": "2027-03-01T10:00:00Z",
    "closedAt": "2027-03-01T10:30:00Z",
    "closedBy": {"id": 32, "type": "user"},
    "tags": ["vip"],
    "threads": [FROM_HER, BY_ANNE],
}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("convo.created", ("contact.received", "08:00:00", "31", "4")),
        ("convo.customer.reply.created", ("customer.replied", "09:00:00", "31", "4")),
        ("convo.agent.reply.created", ("agent.replied", "09:20:00", "31", "4")),
        ("convo.assigned", ("contact.transferred", "10:00:00", "31", "4")),
        ("convo.status", ("contact.resolved", "10:30:00", "32", "4")),
    ],
)
def test_the_first_version_of_the_payload_means_the_same(event, expected):
    assert told(event, IN_THE_FIRST_VERSION) == [expected]
    [found] = events(event, IN_THE_FIRST_VERSION)
    assert [alias["value"] for alias in found["aliases"]] == ["9001", "hanne@kunde.example"]


def test_what_nobody_closed_was_closed_by_who_has_it():
    sent = TOLD["convo.status"] | {"closedBy": 0}

    assert told("convo.status", sent) == [("contact.resolved", "10:30:00", "31", "4")]


def test_a_rating_in_the_first_version_means_the_same():
    changed = {"ticketId": 7100, "mailbox": {"id": 4}, "rating": "Okay"}
    left = {name: value for name, value in RATED.items() if not name.endswith("Id")}

    assert told("satisfaction.ratings", left | changed) == [
        ("customer.rated", "11:00:00", "31", "4")
    ]


@pytest.mark.parametrize("kind", ["note", "lineitem", "forwardparent", "forwardchild"])
def test_what_colleagues_alone_see_is_no_answer(kind):
    seen_by_us = {**A_DRAFT, "state": "published", "type": kind}
    sent = with_threads(FROM_HER, BY_ANNE, seen_by_us)

    assert told("convo.agent.reply.created", sent) == [("agent.replied", "09:20:00", "31", "4")]


def test_an_answer_of_a_machine_of_help_scouts_own_is_a_bots():
    by_machine = {**BY_ANNE, "createdBy": {"id": 40, "type": "system_user"}}
    [found] = events("convo.agent.reply.created", with_threads(FROM_HER, by_machine))

    assert (found["actor"], found.get("agent")) == ("bot", None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending", "contact.held"),
        ("active", "contact.reopened"),
        ("spam", "contact.discarded"),
        ("closed", "contact.resolved"),
    ],
)
def test_a_status_says_what_became_of_the_conversation(status, expected):
    assert [each["type"] for each in events("convo.status", conversation(status=status))] == [
        expected
    ]


@pytest.mark.parametrize("event", ["convo.note.created", "convo.merged", "customer.created"])
def test_what_says_nothing_about_waiting_is_understood_and_means_nothing(event):
    assert events(event, conversation()) == []


def test_a_status_that_we_do_not_know_means_nothing():
    assert events("convo.status", conversation(status="frozen")) == []


def test_a_conversation_that_we_began_owes_no_answer():
    [found] = events("convo.created", conversation(createdBy={"id": 31, "type": "user"}))

    assert found["direction"] == "outbound"


def test_an_automatic_answer_is_no_answer_of_a_human():
    [found] = events("convo.agent.reply.created", with_threads(FROM_HER))

    assert (found["actor"], found.get("agent")) == ("system", None)


def test_an_answer_without_its_thread_is_that_of_who_has_the_conversation():
    [found] = events("convo.agent.reply.created", conversation())

    assert (found["agent"], found["at"]) == ("31", "10:00:00")


def test_a_draft_is_no_answer():
    [found] = events("convo.agent.reply.created", with_threads(FROM_HER, A_DRAFT))

    assert found["actor"] == "system"


@pytest.mark.parametrize("kind", ["chat", "phone", "email"])
def test_the_channel_is_that_of_the_conversation(kind):
    [found] = events("convo.created", conversation(type=kind))

    assert found["channel"] == kind


def test_a_tag_may_say_that_the_customer_was_turned_away():
    away = {"turned_away_tags": frozenset({"no time"})}
    closed = conversation(status="closed", tags=[{"tag": "No Time"}])

    assert events("convo.status", closed, **away)[0]["outcome"] == "turned_away"
    assert events("convo.tags", closed, **away)[0]["outcome"] == "turned_away"
    assert events("convo.tags", conversation(tags=[{"tag": "No Time"}]), **away) == []
    assert events("convo.tags", closed) == []


@pytest.mark.parametrize(("rating", "score"), [("great", 3.0), ("Okay", 2.0), ("not_good", 1.0)])
def test_a_rating_counts_out_of_three(rating, score):
    [found] = events("satisfaction.ratings", {**RATED, "rating": rating})

    assert (found["score"], found["scale"]) == (score, 3.0)


def test_the_customer_is_known_by_id_and_address():
    sent = delivery(TOLD["convo.created"], x_helpscout_event="convo.created")
    [event] = kinds.translate(sent, config("helpscout"))

    aliases = decode_data(event.type, event.body).aliases
    assert [(alias.kind, alias.value) for alias in aliases] == [
        ("id", "9001"),
        ("email", "hanne@kunde.example"),
    ]


@pytest.mark.parametrize("event", sorted(TOLD))
def test_a_repeated_delivery_has_the_same_id_though_its_words_have_changed(event):
    later = {**TOLD[event], "customerWaitingSince": {"friendly": "3 hours ago"}}

    once, again = (
        kinds.translate(delivery(body, x_helpscout_event=event), config("helpscout"))
        for body in (TOLD[event], later)
    )

    assert [each.id for each in once] == [each.id for each in again]


def test_two_assignments_are_two_events():
    first, second = (
        kinds.translate(delivery(body, x_helpscout_event="convo.assigned"), config("helpscout"))
        for body in (
            conversation(userUpdatedAt=None),
            conversation(userUpdatedAt=None, assignee={"id": 32}),
        )
    )

    assert first[0].id != second[0].id


@pytest.mark.parametrize("event", sorted(TOLD))
def test_only_what_the_adapter_tells_is_sent_and_no_text(event):
    sent = delivery(TOLD[event], x_helpscout_event=event)
    found = kinds.translate(sent, config("helpscout"))

    assert {each.type for each in found} <= kinds.ADAPTERS["helpscout"].tells
    assert not any(b"never stored" in each.body for each in found)


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({}, conversation(), "there is no X-HelpScout-Event"),
        ({"x_helpscout_event": "convo.created"}, {**conversation(), "id": None}, "$.id"),
        ({"x_helpscout_event": "satisfaction.ratings"}, {**RATED, "rating": "meh"}, "$.rating"),
        (
            {"x_helpscout_event": "convo.created"},
            conversation(createdAt="2027-03-01"),
            "$.createdAt",
        ),
    ],
)
def test_what_cannot_be_read_says_where(headers, body, reason):
    with pytest.raises(Unreadable, match=reason.replace("$", r"\$")):
        kinds.translate(delivery(body, **headers), config("helpscout"))


def test_people_can_try_a_payload_with_its_header():
    [found] = translate("helpscout", BODY, {"X-HelpScout-Event": "convo.created"}, NOON)

    assert (found["type"], found["contact"]) == ("contact.received", "7100")
