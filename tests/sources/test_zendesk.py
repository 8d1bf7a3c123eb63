import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
STAMP = "2027-03-01T09:30:02Z"
BODY = own("zendesk", "created_by_mail.json")
TIRED = frozenset({"no_time"})


def signed(body: bytes = BODY, key: str = SIGNED_WITH, stamp: str = STAMP, **headers: str) -> Any:
    digest = hmac.new(key.encode(), stamp.encode() + body, hashlib.sha256).digest()
    given = {
        "x_zendesk_webhook_signature": base64.b64encode(digest).decode(),
        "x_zendesk_webhook_signature_timestamp": stamp,
    }
    return delivery(body, **(given | headers))


def payload(file: str, **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(own("zendesk", f"{file}.json"))
    for place, value in changed.items():
        told[place] = told[place] | value if isinstance(value, dict) else value
    return told


def told(sent: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [
        {"type": each.type, "subject": each.subject, "fact": each.fact, **json.loads(each.body)}
        for each in kinds.translate(delivery(sent), config("zendesk", **options))
    ]


def types(sent: dict[str, Any], **options: Any) -> list[str]:
    return [each["type"] for each in told(sent, **options)]


def one(file: str, **options: Any) -> dict[str, Any]:
    [found] = told(payload(file), **options)
    return found


@pytest.mark.parametrize("body", [BODY, b"", b"\xff\x00"])
def test_any_of_several_secrets_vouches_for_the_time_and_the_body(body):
    source = config("zendesk", secrets=("the-next-one", SIGNED_WITH))

    kinds.verify(signed(body), source, NOON)


@pytest.mark.parametrize("stamp", ["2019-01-01T00:00:00Z", "whenever"])
def test_no_window_of_time_applies(stamp):
    kinds.verify(signed(stamp=stamp), config("zendesk", secrets=(SIGNED_WITH,)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY),
        signed(key="guessed"),
        signed(x_zendesk_webhook_signature=""),
        signed(x_zendesk_webhook_signature="æøå"),
        signed(x_zendesk_webhook_signature_timestamp=""),
        signed(x_zendesk_webhook_signature_timestamp="2027-03-01T09:30:03Z"),
        signed(x_zendesk_webhook_signature_timestamp="9" * 400),
        delivery(BODY + b" ", **{k.replace("-", "_"): v for k, v in signed().headers.items()}),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("zendesk", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


def test_the_first_comment_and_the_new_ticket_are_one_fact():
    files = ("created_by_mail", "comment_that_opens")

    assert {(one(file)["type"], one(file)["fact"]) for file in files} == {
        ("contact.received", "created")
    }


def test_group_and_agent_changed_at_once_are_one_transfer():
    assert one("agent_changed")["fact"] == one("group_changed")["fact"] == "SEQ9"


def test_deleting_for_good_is_the_same_as_deleting():
    files = ("soft_deleted", "permanently_deleted", "status_deleted")

    assert len({one(file)["fact"] for file in files}) == 1


def test_the_id_of_the_event_is_kept_when_it_is_sent_again():
    [once] = kinds.translate(delivery(BODY), config("zendesk"))
    [again] = kinds.translate(signed(x_zendesk_webhook_invocation_id="another"), config("zendesk"))

    assert once.id == again.id == "0b1c2d3e-0000-4000-8000-000000000001:contact.received"


def test_without_an_id_the_body_gives_one():
    [event] = kinds.translate(delivery(payload("created_by_mail", id=None)), config("zendesk"))

    assert len(event.id.partition(":")[0]) == 32


@pytest.mark.parametrize(
    ("channel", "ours"),
    [
        ("mail", "email"),
        ("email", "email"),
        ("web", "email"),
        ("api", "email"),
        ("helpcenter", "email"),
        ("side_conversation", "email"),
        ("chat", "chat"),
        ("native_messaging", "chat"),
        ("sunshine_conversations_api", "chat"),
        ("facebook_message", "chat"),
        ("line", "chat"),
        ("voice", "phone"),
        ("api_phone_call_inbound", "phone"),
        ("phone_call_outbound", "phone"),
    ],
)
def test_the_way_in_gives_the_channel(channel, ours):
    sent = payload("created_by_mail", detail={"via": {"channel": channel}})

    assert told(sent)[0]["channel"] == ours


def test_a_requester_is_known_by_id_on_whatever_ticket():
    [event] = kinds.translate(delivery(BODY), config("zendesk"))

    aliases = decode_data(event.type, event.body).aliases
    assert [(alias.kind, alias.value) for alias in aliases] == [("id", "3009")]


@pytest.mark.parametrize("file", ["created_by_staff", "created_by_outbound_call"])
def test_a_ticket_that_one_of_us_began_is_outbound(file):
    assert one(file)["direction"] == "outbound"


def test_what_a_machine_of_ours_submits_for_her_she_has_asked():
    sent = payload("created_by_staff")

    assert "direction" not in told(sent, bots=frozenset({"3002"}))[0]


def test_a_call_that_one_of_us_wrote_down_was_answered():
    [_, answered] = told(payload("created_by_call"))

    assert (answered["type"], answered["agent"], answered["inferred"]) == (
        "contact.answered",
        "3002",
        True,
    )


@pytest.mark.parametrize("status", ["open", "Open", "OPEN"])
def test_a_status_may_be_spelled_in_any_letters(status):
    sent = payload("status_solved_to_open", event={"previous": "solved", "current": status})

    assert types(sent) == ["contact.reopened"]


@pytest.mark.parametrize(
    ("before", "after", "means"),
    [
        ("PENDING", "SOLVED", ["contact.resolved"]),
        ("SOLVED", "PENDING", ["contact.held"]),
        ("SOLVED", "HOLD", ["contact.held", "contact.reopened"]),
        ("PENDING", "HOLD", ["contact.held"]),
        ("OPEN", "ON-HOLD", ["contact.held"]),
        ("HOLD", "NEW", ["contact.resumed"]),
        ("OPEN", "CLOSED", ["contact.resolved"]),
        (None, "CLOSED", []),
        ("OPEN", "SCRUBBED", []),
        ("OPEN", None, []),
    ],
)
def test_each_change_of_status_means_one_thing(before, after, means):
    sent = payload("status_solved", event={"previous": before, "current": after})

    assert types(sent) == means


def test_a_machine_that_is_listed_is_no_human():
    found = one("comment_of_agent", bots=frozenset({"3002"}))

    assert (found["actor"], found.get("agent")) == ("bot", None)


def test_staff_that_is_listed_is_ours_whatever_zendesk_says():
    assert one("comment_of_customer", staff=frozenset({"3009"}))["type"] == "agent.replied"


def test_a_colleague_who_asks_is_the_customer():
    comment = payload("comment_of_agent")["event"]["comment"]
    comment["author"]["id"] = "3009"

    asked = {"event": {"comment": comment}}

    assert types(payload("comment_of_agent", **asked)) == ["customer.replied"]
    assert types(payload("comment_of_agent", detail={"assignee_id": "3009"}, **asked)) == [
        "agent.replied"
    ]


def tagged(*added: str, removed: tuple[str, ...] = (), **detail: Any) -> dict[str, Any]:
    return payload(
        "tags_changed",
        event={"tags_added": list(added), "tags_removed": list(removed)},
        detail={"tags": list(added), **detail},
    )


@pytest.mark.parametrize(("status", "means"), [("SOLVED", ["contact.resolved"]), ("OPEN", [])])
def test_a_tag_may_say_of_what_is_over_that_she_was_turned_away(status, means):
    sent = tagged("No_Time", status=status)

    assert types(sent, turned_away_tags=TIRED) == means


def test_solving_with_a_tag_that_means_turned_away_says_so():
    sent = payload("status_solved", detail={"tags": ["no_time"]})

    assert told(sent, turned_away_tags=TIRED)[0]["outcome"] == "turned_away"


@pytest.mark.parametrize("file", ["created_by_mail", "tags_changed"])
def test_a_tag_may_say_that_a_ticket_never_counts(file):
    sent = payload(file, detail={"tags": ["test"]}, event={"tags_added": ["test"]})

    assert "contact.discarded" in types(sent, discard_tags=frozenset({"test"}))


def test_a_tag_promises_and_taking_it_off_keeps_the_promise():
    spans = {"callback": timedelta(hours=4)}
    [promised] = told(tagged("callback"), follow_up_tags=spans)
    [done] = told(tagged(removed=("callback",)), follow_up_tags=spans)

    assert (promised["due"], promised["inferred"]) == ("2027-03-01T13:30:00.123456Z", True)
    assert (done["type"], done["inferred"]) == ("followup.done", True)


@pytest.mark.parametrize("word", ["kampagne", "640"])
@pytest.mark.parametrize("file", ["created_by_mail", "requester_changed"])
def test_a_tag_or_an_organisation_stands_for_a_tier(file, word):
    *_, found = told(payload(file), tier_tags={word: "important"})

    assert (found["type"], found["tier"]) == ("customer.updated", "important")


@pytest.mark.parametrize(
    ("file", "word"), [("user_tags_changed", "vip"), ("user_joined_organization", "640")]
)
def test_a_user_may_get_a_tier_of_her_own(file, word):
    found = one(file, tier_tags={word: "important"})

    assert (found["subject"], found["tier"]) == ("id:/hooks/desk:3009", "important")


KNOWN_BY = {
    "user.created": "customer.updated",
    "user.identity_created": "customer.updated",
    "user.identity_changed": "customer.updated",
    "user.merged": "customer.merged",
}


@pytest.mark.parametrize(
    ("file", "aliases"),
    [
        ("user_created", ["3009", "hanne@kunde.example"]),
        ("user_identity_created", ["3009", "hanne@kunde.example", "+4520304050"]),
        ("user_identity_changed", ["3009", "hanne@kunde.example", "ny@kunde.example"]),
    ],
)
def test_a_user_is_known_by_an_address_where_that_is_believed(file, aliases):
    assert types(payload(file)) == []
    found = one(file, events=KNOWN_BY)

    assert (found["type"], found["subject"]) == ("customer.updated", "id:/hooks/desk:3009")
    assert [alias["value"] for alias in found["aliases"]] == aliases


def test_two_users_are_one_customer_where_that_is_believed():
    found = one("user_merged", events=KNOWN_BY)

    assert (found["type"], found["into"]) == ("customer.merged", "id:/hooks/desk:3010")
    assert types(payload("user_merged"), events={"user.merged": "customer.updated"}) == []
    adapter = kinds.ADAPTERS["zendesk"]
    assert "customer.merged" in adapter.tells_with(config("zendesk", events=KNOWN_BY))
    assert "customer.merged" not in adapter.tells_with(config("zendesk"))


def test_one_of_us_is_no_customer():
    sent = payload("user_created", detail={"email": "bo@vi.example"})

    assert types(payload("user_created_of_staff"), events=KNOWN_BY) == []
    assert types(sent, staff=frozenset({"bo@vi.example"}), events=KNOWN_BY) == []


@pytest.mark.parametrize(
    ("name", "meaning", "expected"),
    [
        ("Only mail", None, "agent.unavailable"),
        ("Only mail", "agent.available", "agent.available"),
        ("online", "agent.unavailable", "agent.unavailable"),
    ],
)
def test_a_status_of_the_accounts_own_may_be_given_a_meaning(name, meaning, expected):
    sent = payload("agent_online", event={"new_unified_state": {"name": name}})
    meanings = {name: meaning} if meaning else {}

    assert types(sent, events=meanings) == [expected]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("good", (2.0, 2.0)),
        ("Bad, I'm unsatisfied", (1.0, 2.0)),
        ("good_with_comment", (2.0, 2.0)),
        (3, (3.0, 5.0)),
        ("4", (4.0, 5.0)),
    ],
)
def test_a_score_is_a_word_or_a_number(score, expected):
    [found] = told(payload("trigger_rated_good", score=score))

    assert (found["score"], found["scale"]) == expected


def test_a_trigger_knows_the_address_and_the_number_of_the_requester():
    [found] = told(payload("trigger_done", phone="+45 2030 4050"))

    assert [alias["value"] for alias in found["aliases"]] == [
        "3009",
        "hanne@kunde.example",
        "+4520304050",
    ]


def test_a_trigger_without_a_time_is_told_apart_by_its_invocation():
    body = own("zendesk", "trigger_without_time.json")
    first, again, other = (
        kinds.translate(
            delivery(body, x_zendesk_webhook_invocation_id=invocation), config("zendesk")
        )
        for invocation in ("1", "1", "2")
    )

    assert first == again
    assert first[0].id != other[0].id


@pytest.mark.parametrize(
    ("file", "changed", "reason"),
    [
        ("trigger_promised", {"due": ""}, "$.due"),
        ("trigger_promised_soon", {"due_in": "soon"}, "followup.promised"),
        ("trigger_promised", {"ticket": ""}, "$.detail.id"),
        ("trigger_rated_good", {"score": ""}, "$.score"),
        ("trigger_rated_good", {"score": "nan"}, "$.score"),
        ("trigger_rated_of_five", {"score": "6"}, "0 to 5"),
        ("trigger_rated_of_five", {"scale": "0"}, "$.scale"),
        ("trigger_turned_away", {"outcome": "helped"}, "$.outcome"),
        ("trigger_done", {"evenhand": "contact.answered"}, "$.evenhand"),
        ("created_by_mail", {"detail": {"id": None}, "subject": ""}, "$.detail.id"),
        ("created_by_mail", {"type": ""}, "$.type"),
        ("created_by_mail", {"time": "2027-03-01T12:05:01Z"}, "ahead"),
        ("comment_of_agent", {"event": {"comment": None}}, "$.event.comment"),
        ("merged", {"event": {"target_ticket_id": None}}, "$.event.target_ticket_id"),
        ("agent_changed", {"event": {"current": [7]}}, "$.event.current"),
        ("task_due", {"event": {"current": []}}, "$.event.current"),
    ],
)
def test_what_cannot_be_read_says_where(file, changed, reason):
    with pytest.raises(Unreadable) as refusal:
        told(payload(file, **changed))

    assert reason in refusal.value.reason


def test_the_body_that_the_guide_gives_for_triggers_is_understood():
    guide = (Path(__file__).parents[2] / "docs" / "sources" / "zendesk.md").read_text()
    body = guide.partition("```json\n")[2].partition("```")[0]
    filled = body.replace("{{ticket.updated_at_with_timestamp}}", "2027-03-01T10:05Z")

    [found] = told(json.loads(re.sub(r"{{ticket\.[a-z.]*id}}", "31", filled)))

    assert (found["type"], found["subject"], found["score"]) == ("customer.rated", "31", 2.0)


def test_a_call_without_a_body_means_nothing():
    assert kinds.translate(delivery(b" "), config("zendesk")) == ()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (BODY, "ticket.created"),
        (b'{"type": "zen:event-type/user.identity_created"}', "user.identity_created"),
        (own("zendesk", "trigger_done.json"), "trigger followup.done"),
        (b"{}", None),
        (b"[", None),
    ],
)
def test_a_delivery_names_its_event(body, name):
    assert kinds.event_of(delivery(body), config("zendesk")) == name
