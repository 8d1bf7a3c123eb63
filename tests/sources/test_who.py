"""Who is who in a source: tags that stand for tiers, contacts that never count, machines, and us."""

import json
from typing import Any

import msgspec
import pytest

from app.core.events import Alias, AliasKind, ContactReceived, decode_data
from app.sources import kinds
from app.sources.national import in_region, international
from app.sources.reading import MAX_LISTED, words
from app.sources.telling import Telling, tell, tier_told
from tests.sources.payloads import NOON, config, delivery, own

TIERS = {"vip": "important", "plan:gold": "important", "organization:9": "standard"}


def told(kind: str, body: bytes, *, headers: dict[str, str] | None = None, **options: Any) -> Any:
    """Type, subject and data of every event."""
    sent = delivery(body, **(headers or {}))
    events = kinds.translate(sent, config(kind, **options))
    return [
        (event.type, event.subject, msgspec.to_builtins(decode_data(event.type, event.body)))
        for event in events
    ]


def changed(kind: str, file: str, **changes: Any) -> bytes:
    """One of our payloads with some of its values replaced, by dotted places."""
    payload = json.loads(own(kind, file))
    for place, value in changes.items():
        *path, last = place.split("__")
        inside = payload
        for step in path:
            inside = inside.setdefault(step, {})
        inside[last] = value
    return json.dumps(payload).encode()


def tiers(events: Any) -> list[tuple[str, str, bool]]:
    return [
        (subject, data["tier"], data["inferred"])
        for type_, subject, data in events
        if type_ == "customer.updated"
    ]


def test_a_tag_on_a_call_gives_the_caller_its_tier():
    body = changed("aircall", "ended_answered.json", data__tags=[{"name": "VIP"}])

    assert tiers(told("aircall", body)) == []
    ((subject, tier, inferred),) = tiers(told("aircall", body, tier_tags=TIERS))
    assert (subject.partition(":")[0], tier, inferred) == ("phone", "important", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation__labels": ["vip"]},
        {"conversation__custom_attributes": {"plan": "gold"}},
        {"conversation__meta__sender__custom_attributes": {"organization": 9, "plan": "gold"}},
    ],
)
def test_a_label_or_field_of_a_chat_gives_its_customer_a_tier(changes: dict[str, Any]):
    body = changed("chatwoot", "message_first.json", **changes)

    found = tiers(told("chatwoot", body, tier_tags=TIERS))

    assert [subject for subject, _, _ in found] == ["id:/hooks/desk:5005"]


def test_a_tag_in_help_scout_gives_its_customer_a_tier():
    body = changed("helpscout", "created.json", tags=[{"tag": "vip"}])
    headers = {"x_helpscout_event": "convo.tags"}

    assert len(tiers(told("helpscout", body, headers=headers, tier_tags=TIERS))) == 1


@pytest.mark.parametrize(
    ("kind", "file", "changes", "headers"),
    [
        ("aircall", "tagged_follow_up.json", {"data__tags": [{"name": "Spam"}]}, {}),
        ("chatwoot", "message_first.json", {"conversation__labels": ["spam"]}, {}),
        (
            "helpscout",
            "created.json",
            {"tags": [{"tag": "spam"}]},
            {"x_helpscout_event": "convo.tags"},
        ),
    ],
)
def test_a_tag_may_say_that_a_contact_never_counts(
    kind: str, file: str, changes: dict[str, Any], headers: dict[str, str]
):
    body = changed(kind, file, **changes)

    without = told(kind, body, headers=headers)
    with_it = told(kind, body, headers=headers, discard_tags=frozenset({"spam"}))

    assert "contact.discarded" not in {type_ for type_, _, _ in without}
    assert with_it[-1][0] == "contact.discarded"


def test_a_call_from_one_of_us_never_counts():
    body = changed("aircall", "created_known_contact.json", data__raw_digits="+45 20 12 34 56")

    types = [type_ for type_, _, _ in told("aircall", body, staff=frozenset({"+4520123456"}))]

    assert types == ["contact.discarded", "contact.received"]


def test_a_call_that_a_machine_took_is_not_answered_by_a_human():
    body = own("aircall", "answered.json")
    agent = str(json.loads(body)["data"]["user"]["id"])

    ((type_, _, data),) = told("aircall", body, bots=frozenset({agent}))

    assert (type_, data["actor"]) == ("agent.replied", "bot")


def test_one_of_us_who_writes_to_the_desk_is_no_customer():
    chat = changed(
        "chatwoot", "message_first.json",
        conversation__meta__sender__email="Kim@Ours.test", sender__email="kim@ours.test",
    )  # fmt: skip
    mail = changed("helpscout", "created.json", primaryCustomer__email="kim@ours.test")
    ours = frozenset({"ours.test"})

    told_chat = told("chatwoot", chat, staff_domains=ours)
    told_mail = told(
        "helpscout", mail, headers={"x_helpscout_event": "convo.created"}, staff_domains=ours
    )

    assert [data.get("aliases", []) for _, _, data in (*told_chat, *told_mail)] == [[], []]


def test_a_listed_machine_is_no_human():
    chat = changed("chatwoot", "message_outgoing.json", sender__name="Helper")
    told_chat = told("chatwoot", chat, bots=frozenset({"helper"}))

    assert [data["actor"] for _, _, data in told_chat] == ["bot"]


def test_numbers_without_a_country_belong_to_the_sources_region():
    aliases = (Alias(AliasKind.PHONE, "20123456"), Alias(AliasKind.ID, "20123456"))
    data = ContactReceived(aliases=(*aliases, Alias(AliasKind.PHONE, "+4520123456")))
    telling = Telling(subject="call-1", data=data, at=NOON, fact="call")

    def numbers(region: str) -> list[str]:
        (event,) = tell(delivery(b""), config("aircall", region=region), "d1", [telling])
        return [alias.value for alias in decode_data(event.type, event.body).aliases]

    assert numbers("") == ["20123456", "20123456", "+4520123456"]
    assert numbers("DK") == ["+4520123456", "20123456"]


@pytest.mark.parametrize(
    ("number", "international_"),
    [
        ("20 12 34 56", "+4520123456"),
        ("004520123456", "+4520123456"),
        ("+4520123456", "+4520123456"),
        ("112", "112"),
        ("99", "99"),
        ("*31*20123456", "*31*20123456"),
        ("٢٠١٢٣٤٥٦", "٢٠١٢٣٤٥٦"),
        ("9" * 64, "9" * 64),
        ("", ""),
    ],
)
def test_what_is_no_number_of_the_region_stays_as_it_is(number: str, international_: str):
    assert international(number, "DK") == international_


def test_a_region_that_nobody_knows_changes_nothing():
    aliases = (Alias(AliasKind.PHONE, "20123456"),)

    assert in_region(aliases, "XX") == aliases


def test_a_tier_is_told_of_the_aliases_in_their_region():
    desk = config("aircall", region="DK", tier_tags=TIERS)
    aliases = [Alias(AliasKind.PHONE, "20123456"), Alias(AliasKind.ID, "7")]

    (telling,) = tier_told(desk, [None, "other", " VIP "], aliases, NOON)

    assert (telling.subject, telling.at) == ("phone:+4520123456", NOON)
    assert [alias.value for alias in telling.data.aliases] == ["+4520123456", "7"]


def test_the_same_tier_at_the_same_instant_is_one_fact_and_later_it_is_another():
    desk = config("aircall", tier_tags=TIERS)
    one, other = [Alias(AliasKind.ID, "7")], [Alias(AliasKind.ID, "8")]

    facts = [
        next(tier_told(desk, ["vip"], aliases, at)).fact
        for aliases, at in ((one, NOON), (one, NOON), (one, NOON.replace(hour=13)), (other, NOON))
    ]

    assert facts[0] == facts[1]
    assert len(set(facts)) == 3
    assert next(tier_told(desk, ["vip"], one, None)).fact is None


def test_nothing_is_told_of_nobody_and_of_names_too_long_for_an_event():
    desk = config("aircall", tier_tags=TIERS)
    long = [Alias(AliasKind.ID, "x" * 256)]

    assert [*tier_told(desk, ["vip"], [], NOON), *tier_told(desk, ["vip"], long, NOON)] == []


def test_words_are_texts_names_and_fields():
    told_ = (["a", {"name": "b"}, {"tag": "c"}, 7, None, {"x": 1}], {"d": "e", "f": 1, "g": None})

    assert words(*told_, "text", None, 5) == ("a", "b", "c", "d:e", "f:1")
    assert len(words(["a"] * 10_000)) == MAX_LISTED
    assert words({"n": 10**100_000}) == ()
