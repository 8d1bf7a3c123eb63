import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

import pytest

from app.core.events import in_canonical_order, to_event
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from app.sources.zammad.tickets import MAX_MENDED
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
BODY = own("zammad", "article_first.json")


def events(told: dict[str, Any] | bytes, trigger: str = "Articles", **options: Any) -> list[Any]:
    sent = delivery(told, x_zammad_trigger=trigger)
    return [
        {"type": each.type, "subject": each.subject, "at": each.occurred_at, "fact": each.fact}
        | json.loads(each.body)
        for each in kinds.translate(sent, config("zammad", **options))
    ]


def types(told: dict[str, Any] | bytes, trigger: str = "Articles", **options: Any) -> list[str]:
    return [each["type"] for each in events(told, trigger, **options)]


def changed(file: str, article: dict[str, Any] | None = None, **ticket: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(own("zammad", file))
    body["ticket"] |= ticket
    body["article"] = {**(body["article"] or {}), **(article or {})}
    return body


def signed(body: bytes = BODY, key: str = SIGNED_WITH, scheme: str = "sha1") -> Delivery:
    digest = hmac.new(key.encode(), body, hashlib.sha1).hexdigest()
    return delivery(body, x_hub_signature=f"{scheme}={digest}")


def test_any_of_several_secrets_vouches_for_a_delivery():
    kinds.verify(signed(), config("zammad", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY),
        signed(key="guessed"),
        signed(scheme="sha256"),
        delivery(BODY, x_hub_signature="sha1=æøå"),
        delivery(BODY + b" ", x_hub_signature=signed().headers["x-hub-signature"]),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("zammad", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer 0123456789abcdef", f"Basic {b64encode(b'u:0123456789abcdef').decode()}"],
)
def test_without_a_signature_the_token_or_password_that_zammad_sends_will_do(authorization):
    source = config("zammad", secrets=("0123456789abcdef",), unsigned=True)

    kinds.verify(delivery(BODY, authorization=authorization), source, NOON)


def test_the_delivery_s_own_id_makes_those_of_its_events():
    sent = delivery(BODY, x_zammad_delivery="d1")

    assert [each.id for each in kinds.translate(sent, config("zammad"))] == ["d1:contact.received"]


def test_an_article_told_by_several_triggers_counts_once():
    sent = [delivery(BODY, x_zammad_delivery=name) for name in ("d1", "d2")]
    told = [to_event(each) for one in sent for each in kinds.translate(one, config("zammad"))]

    assert len(told) == 2
    assert len(in_canonical_order(told)) == 1


def test_a_close_told_by_several_triggers_counts_once_though_the_ticket_changed_in_between():
    told = [
        each
        for file in ("closed_with_answer.json", "closed.json")
        for each in events(own("zammad", file))
    ]

    closes = [(each["at"], each["fact"]) for each in told if each["type"] == "contact.resolved"]
    assert len(closes) == 2
    assert len(set(closes)) == 1


@pytest.mark.parametrize("trigger", ["contact.resolved", "Closed for good"])
def test_a_trigger_s_name_may_say_what_it_means_and_then_it_is_told(trigger):
    [found] = events(
        own("zammad", "closed.json"), trigger, events={"Closed for good": "contact.resolved"}
    )

    assert found["type"] == "contact.resolved"
    assert "inferred" not in found


def test_what_is_put_aside_again_until_the_same_hour_waits_again_and_is_promised_once():
    once, again = (
        events(changed("pending_reminder.json", updated_at=at))
        for at in ("2027-03-01T09:30:00Z", "2027-03-01T11:30:00Z")
    )
    facts = [{each["type"]: each["fact"] for each in told} for told in (once, again)]

    assert facts[0]["contact.held"] != facts[1]["contact.held"]
    assert facts[0]["followup.promised"] == facts[1]["followup.promised"]


def test_a_state_may_be_said_to_mean_something_and_is_still_inferred():
    told = changed("closed.json", state="closed successful")

    [found] = events(told, events={"closed successful": "contact.resolved"})

    assert found["inferred"]
    assert events(told) == []


def test_a_trigger_may_mean_something_beside_what_an_article_tells():
    told = changed("article_again.json")

    assert types(told, "Away", events={"Away": "contact.transferred"}) == [
        "customer.replied",
        "contact.transferred",
    ]


@pytest.mark.parametrize("meaning", ["customer.replied", "contact.received", "agent.replied"])
def test_a_trigger_for_articles_adds_nothing_and_needs_one(meaning):
    options = {"events": {"Wrote": meaning}}

    assert types(own("zammad", "article_again.json"), "Wrote", **options) == ["customer.replied"]
    with pytest.raises(Unreadable, match=r"\$\.article"):
        types(own("zammad", "open.json"), "Wrote", **options)


def test_a_meaning_that_no_ticket_has_is_refused_by_name():
    with pytest.raises(Unreadable, match=r"customer\.rated"):
        types(BODY, "Rated", events={"Rated": "customer.rated"})


@pytest.mark.parametrize(
    ("count", "means"),
    [(1, "contact.received"), ("1", "contact.received"), (2, "customer.replied")],
    ids=["one", "one as text", "two"],
)
def test_where_no_articles_are_listed_their_number_says_which_is_the_first(count, means):
    sent = changed("article_first.json", article_ids=None, article_count=count)

    assert types(sent) == [means]


def test_an_agent_may_be_listed_as_a_machine():
    [found] = events(
        own("zammad", "article_by_agent.json"), bots=frozenset({"u322@vaerft.example"})
    )

    assert (found["actor"], found.get("agent")) == ("bot", None)


def test_what_nobody_owns_has_no_owner():
    assert "agent" not in events(own("zammad", "article_first.json"))[0]


def test_what_the_customer_changed_was_done_by_none_of_us():
    [found] = events(changed("closed.json", updated_by_id=910, owner_id=1))

    assert "agent" not in found


@pytest.mark.parametrize(
    ("sort", "channel", "via"),
    [
        ("email", "email", None),
        ("phone", "phone", None),
        ("chat", "chat", None),
        ("note", "email", None),
        ("web", "email", "web"),
        ("fax", "email", "fax"),
        ("sms", "chat", "sms"),
        ("telegram personal-message", "chat", "telegram personal-message"),
    ],
)
def test_the_channel_is_that_in_which_the_ticket_began(sort, channel, via):
    [found] = events(changed("article_first.json", {"type": sort}, create_article_type=sort))

    assert (found["channel"], found.get("via")) == (channel, via)


def test_a_later_answer_by_mail_leaves_a_call_a_call():
    [found] = events(changed("article_by_agent.json", create_article_type="phone"))

    assert found["channel"] == "phone"


def test_the_customer_is_known_by_id_address_and_number():
    [found] = events(BODY)

    assert [(each["kind"], each["value"]) for each in found["aliases"]] == [
        ("id", "910"),
        ("email", "hanne@kunde.example"),
        ("phone", "+4520304050"),
    ]


@pytest.mark.parametrize(
    ("tier_tags", "ticket"),
    [
        ({"jensen vvs": "important"}, {}),
        ({"44": "important"}, {}),
        ({"vip": "important"}, {"customer": {"id": 910, "vip": True}}),
        ({"vip": "important"}, {"organization": {"id": 44, "vip": True}}),
        ({"gold": "important"}, {"tags": "silver, gold"}),
    ],
)
def test_an_organisation_a_tag_or_the_mark_of_a_vip_may_stand_for_a_tier(tier_tags, ticket):
    found = events(changed("article_first.json", **ticket), tier_tags=tier_tags)

    assert [each.get("tier") for each in found] == [None, "important"]
    assert found[1]["subject"] == "id:/hooks/desk:910"
    assert types(changed("article_first.json", **ticket)) == ["contact.received"]


def test_a_tag_may_say_that_a_ticket_never_counts():
    told = changed("article_first.json", tags=["Spam"])

    assert types(told, discard_tags=frozenset({"spam"})) == [
        "contact.received",
        "contact.discarded",
    ]


def test_a_tag_may_say_that_the_customer_was_turned_away():
    told = changed("closed.json", tags="no time")

    [found] = events(told, turned_away_tags=frozenset({"no time"}))

    assert found["outcome"] == "turned_away"


def test_commas_that_end_nothing_are_left_out_and_those_in_texts_stay():
    mended = (
        b'{"ticket": {"id": "a,]", "group_id": 3,}, "article": {"id": 1, "sender": "Customer", },}'
    )

    [found] = events(mended)

    assert found["subject"] == "a,]"


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b" " * MAX_MENDED + b'"ticket": {"id": 1,}}',
        b'{"ticket": {"id": 1,,}}',
        b'{"ticket": {"id": 1,}',
        b'{"ticket": {"id": "' + b'\\"' * 30_000 + b",}",
    ],
)
def test_what_is_broken_otherwise_or_too_long_to_mend_is_refused(body):
    with pytest.raises(Unreadable):
        events(body)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (changed("article_first.json", id=None), "$.ticket.id"),
        (changed("article_first.json", {"created_at": "soon"}), "$.article.created_at"),
        (changed("pending_reminder.json", pending_time="2027-03-02"), "$.ticket.pending_time"),
        (b"[]", "object"),
    ],
)
def test_what_cannot_be_read_says_where(told, reason):
    with pytest.raises(Unreadable, match=reason.replace("$", r"\$")):
        events(told)


@pytest.mark.parametrize(
    ("file", "trigger", "name"),
    [
        ("article_again.json", "", "article by customer"),
        ("article_by_agent.json", "", "article by agent"),
        ("closed_with_answer.json", "", "state closed"),
        ("pending_close.json", "", "state pending reminder"),
        ("closed_told.json", "contact.resolved", "state closed"),
        ("open.json", "contact.reopened", "contact.reopened"),
        ("open.json", "", None),
    ],
)
def test_a_delivery_is_named_by_what_it_tells_most(file, trigger, name):
    sent = delivery(own("zammad", file), x_zammad_trigger=trigger)

    assert kinds.event_of(sent, config("zammad")) == name


def test_what_is_no_json_names_no_event():
    assert kinds.event_of(delivery(b"{"), config("zammad")) is None
