import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from app.core.aliases import pseudonymised
from app.core.events import REGISTRY_TYPES, Event, Incoming, in_canonical_order, to_event
from app.core.policy import ClockKind, Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Contact, Terms, replay
from app.core.source import Source, together
from app.core.unmeasurable import unmeasurable
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from app.sources.configuration import read_sources
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
SHOWN = "an-invented-word"
BODY = own("whatsapp", "message_text.json")
POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())
LISTED = """
sources:
  - id: desk
    kind: whatsapp
    secrets: [{env: WHATSAPP_APP_SECRET}]
    default_team: support
    events: {user_changed_number: customer.merged}
"""
HER, HER_ID = "4520304050", "DK.7700112233445566"
CHAT = f"880011223344:{HER}"
MERGES = {"user_changed_number": "customer.merged"}
ASKED = {
    "hub.mode": "subscribe", "hub.verify_token": SHOWN, "hub.challenge": "1158201444"
}  # fmt: skip


def incoming(told: dict[str, Any] | bytes, **options: Any) -> tuple[Incoming, ...]:
    return kinds.translate(delivery(told), config("whatsapp", **options))


def events(told: dict[str, Any] | bytes, **options: Any) -> list[dict[str, Any]]:
    return [
        {"type": each.type, "subject": each.subject, **json.loads(each.body)}
        for each in incoming(told, **options)
    ]


def of(*files: str) -> list[Event]:
    return [to_event(each) for file in files for each in incoming(own("whatsapp", file))]


def changed(file: str, **value: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(own("whatsapp", file))
    body["entry"][0]["changes"][0]["value"] |= value
    return body


def wrote(no: int, minutes: int, **more: Any) -> dict[str, Any]:
    at = NOON - timedelta(hours=3) + timedelta(minutes=minutes)
    return {
        "id": f"wamid.{no}", "timestamp": str(round(at.timestamp())), "type": "text", "from": HER
    } | more  # fmt: skip


def answered(no: int, minutes: int) -> dict[str, Any]:
    return wrote(no, minutes) | {"status": "sent", "recipient_id": HER, "type": None}


def contacts_of(told: Iterable[Event]) -> tuple[Contact, ...]:
    return replay(told, Terms(Policies((POLICY,))), NOON).contacts


def greeted(query: dict[str, str], token: str = SHOWN) -> tuple[int, bytes] | None:
    url = "/hooks/wa?" + "&".join(f"{name}={value}" for name, value in query.items())
    sent = Delivery({}, b"", NOON, url, "GET")
    reply = kinds.greet(sent, config("whatsapp", verify_token=token))
    return None if reply is None else (reply.status, reply.body)


def signed(body: bytes = BODY, key: str = SIGNED_WITH, scheme: str = "sha256") -> Delivery:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return delivery(body, x_hub_signature_256=f"{scheme}={digest}")


def test_any_of_several_secrets_vouches_for_a_delivery():
    kinds.verify(signed(), config("whatsapp", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY),
        signed(key="guessed"),
        signed(scheme="sha1"),
        delivery(BODY, x_hub_signature_256="sha256=æøå"),
        delivery(BODY + b" ", x_hub_signature_256=signed().headers["x-hub-signature-256"]),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("whatsapp", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


def test_a_set_up_with_the_right_token_gets_its_challenge_back():
    assert greeted(ASKED) == (200, b"1158201444")


@pytest.mark.parametrize(
    "asked",
    [
        ASKED | {"hub.verify_token": "guessed"},
        ASKED | {"hub.verify_token": ""},
        ASKED | {"hub.mode": "unsubscribe"},
        ASKED | {"hub.challenge": "%0d%0ax"},
        ASKED | {f"x{number}": "1" for number in range(50)},
        {"hub.mode": "subscribe"},
    ],
)
def test_any_other_set_up_is_refused(asked):
    answer = greeted(asked)

    assert answer is not None
    assert answer[0] == 403


def test_a_refused_set_up_says_which_word_was_wrong():
    answer = greeted(ASKED | {"hub.verify_token": "guessed"})

    assert answer is not None
    assert b"is not the verify_token of this source" in answer[1]
    assert b"guessed" not in answer[1]


def test_no_set_up_succeeds_where_no_token_is_configured():
    answer = greeted(ASKED | {"hub.verify_token": ""}, token="")

    assert answer is not None
    assert answer[0] == 403


def test_a_visitor_who_sets_nothing_up_is_greeted_as_anywhere():
    assert greeted({"x": "1"}) is None


def test_what_is_batched_otherwise_has_the_same_ids():
    body = json.loads(own("whatsapp", "many_at_once.json"))
    first, second, _ = body["entry"][0]["changes"]
    apart = {"entry": [{"changes": [second]}, {"changes": [first]}]}

    together = {each.id: each for each in incoming(body)}

    assert {each.id: each for each in incoming(apart)} == together
    assert len(together) == 4


def test_a_thousand_messages_of_one_batch_are_all_told():
    told = changed("message_text.json", messages=[wrote(no, 0) for no in range(1000)])

    assert len({each.id for each in incoming(told)}) == 1000


def test_more_than_meta_sends_at_once_is_refused_whole():
    told = changed("message_text.json", messages=[wrote(no, 0) for no in range(1001)])

    with pytest.raises(Unreadable, match="1000"):
        incoming(told)


def test_a_message_told_as_sent_and_as_echo_is_one_answer():
    told = of("status_sent.json", "echo.json")

    assert len(told) == 2
    assert len(in_canonical_order(told)) == 1


@pytest.mark.parametrize(
    "bot", ["chatbot", "880011223344", "4588776655"], ids=["label", "number id", "number"]
)
def test_what_is_listed_as_a_machine_answers_as_one(bot):
    status = {**answered(1, 0), "biz_opaque_callback_data": "ChatBot"}

    [found] = events(changed("status_sent.json", statuses=[status]), bots=frozenset({bot}))

    assert found["actor"] == "bot"


@pytest.mark.parametrize(
    ("billed", "actor"),
    [
        ({"pricing": {"category": "service"}}, "human"),
        ({"pricing": {"category": "referral_conversion"}}, "human"),
        ({"pricing": {"category": "AUTHENTICATION"}}, "system"),
        ({"conversation": {"origin": {"type": "user_initiated"}}}, "human"),
        ({"conversation": {"origin": {"type": "business_initiated"}}}, "system"),
        (
            {
                "pricing": {"category": "service"},
                "conversation": {"origin": {"type": "marketing"}},
            },
            "human",
        ),
    ],
)
def test_what_is_billed_as_a_template_is_no_human_s_answer(billed, actor):
    [found] = events(changed("status_sent.json", statuses=[answered(1, 0) | billed]))

    assert found.get("actor", "human") == actor
    assert ("inferred" in found) is (actor == "system")


def test_a_second_message_after_our_answer_starts_a_next_response_and_repeats_do_no_harm():
    first, again = wrote(1, 0), wrote(2, 20)
    told = changed("message_text.json", messages=[first, again], statuses=[answered(3, 10)])

    [contact] = contacts_of(to_event(each) for each in (*incoming(told), *incoming(told)))

    clocks = {clock.kind: clock.started_at for clock in contact.clocks}
    assert contact.subject == CHAT
    assert clocks[ClockKind.FIRST_RESPONSE] == NOON - timedelta(hours=3)
    assert clocks[ClockKind.NEXT_RESPONSE] == NOON - timedelta(hours=3) + timedelta(minutes=20)


def test_messages_and_answers_give_the_same_clocks_in_any_order():
    messages = [wrote(no, minutes) for no, minutes in ((1, 0), (2, 1), (3, 20), (4, 25))]
    told = changed("message_text.json", messages=messages, statuses=[answered(9, 10)])
    expected = contacts_of(map(to_event, incoming(told)))

    for order in permutations(incoming(told)):
        assert contacts_of(map(to_event, order)) == expected


def test_nobody_can_say_when_a_chat_is_done_but_of_a_call_everybody_can():
    [source] = read_sources(LISTED, lambda *_: SHOWN)
    sources = {"/hooks/desk": source.source}
    told = of("message_text.json", "call_connect.json")

    found = replay(told, Terms(Policies((POLICY,)), sources), NOON).contacts

    clocks = {(str(each.channel), clock.kind): clock for each in found for clock in each.clocks}
    assert not clocks["chat", ClockKind.RESOLUTION].is_measurable
    assert clocks["chat", ClockKind.FIRST_RESPONSE].is_measurable
    assert clocks["phone", ClockKind.FIRST_RESPONSE].is_measurable
    assert any(
        "Chat" in line and "resolution" in line for line in unmeasurable(POLICY, [source.source])
    )


def test_where_a_help_desk_tells_of_the_same_chat_too_its_end_can_be_told():
    [source] = read_sources(LISTED, lambda *_: SHOWN)
    desk = Source(id="other", kind="zendesk", tells=frozenset({"contact.resolved"}))

    assert "contact.resolved" not in source.source.on("chat").tells
    assert "contact.resolved" in source.source.on("phone").tells
    assert "contact.resolved" in together((source.source, desk)).on("chat").tells
    assert "contact.resolved" not in together((source.source, source.source)).on("chat").tells


def test_who_hides_her_number_later_goes_on_in_the_same_chat():
    hidden = [{"user_id": HER_ID}]
    told = [
        *incoming(changed("message_text.json", messages=[wrote(1, 0)])),
        *incoming(changed("status_sent.json", statuses=[answered(2, 10)])),
        *incoming(
            changed(
                "message_text.json",
                contacts=hidden,
                messages=[wrote(3, 20) | {"from": None, "from_user_id": HER_ID}],
            )
        ),
    ]

    [contact] = contacts_of(map(to_event, told))

    assert contact.subject == CHAT
    assert ClockKind.NEXT_RESPONSE in {clock.kind for clock in contact.clocks}


def test_a_call_is_answered_and_worked_on_from_its_start_and_is_over_at_its_end():
    told = of("call_connect.json", "call_terminate.json")

    [contact] = contacts_of(told)

    clocks = {clock.kind: clock for clock in contact.clocks}
    first = clocks[ClockKind.FIRST_RESPONSE]
    assert first.stopped_at == first.started_at + timedelta(seconds=12)
    assert contact.is_over
    assert not contact.is_worked_on


def test_a_call_of_ours_answers_nothing_until_she_takes_it():
    told = of("call_connect_by_us.json", "call_accepted.json", "call_terminate_by_us.json")

    [attempt] = contacts_of(told[:1])
    [taken] = contacts_of(told)

    assert attempt.line.last_human_at is None
    assert taken.line.last_human_at == told[1].occurred_at
    assert taken.is_over


@pytest.mark.parametrize(
    ("file", "change", "before", "after"),
    [
        ("number_changed.json", "user_changed_number", f"phone:{HER}", "phone:4529998877"),
        (
            "user_id_changed.json",
            "user_changed_user_id",
            f"id:/hooks/desk:{HER_ID}",
            "id:/hooks/desk:SE.112233",
        ),
    ],
)
def test_who_changes_her_name_is_one_customer_where_so_configured(file, change, before, after):
    body = own("whatsapp", file)

    [found] = events(body, events={change: "customer.merged"})

    assert (found["type"], found["subject"]) == ("customer.merged", before)
    assert found["into"] == after
    adapter, options = kinds.ADAPTERS["whatsapp"], {"events": {change: "customer.merged"}}
    assert "customer.merged" in adapter.tells_with(config("whatsapp", **options))
    assert "customer.merged" not in adapter.tells_with(config("whatsapp"))
    assert events(body) == []
    assert events(body, events={change: "customer.updated"}) == []


def test_number_and_id_are_one_customer_where_so_configured():
    once, again = (
        incoming(own("whatsapp", file), events={"user_id": "customer.updated"})
        for file in ("message_text.json", "message_button.json")
    )

    _, updated = once
    assert updated.subject == f"phone:{HER}"
    assert json.loads(updated.body)["aliases"] == [{"kind": "id", "value": HER_ID, "masked": None}]
    assert again[1].id == updated.id


@pytest.mark.parametrize(("region", "number"), [("", HER), ("DK", f"+{HER}")])
def test_numbers_are_those_of_other_tools_where_a_region_is_set(region, number):
    [found] = events(BODY, region=region)

    assert [(each["kind"], each["value"]) for each in found["aliases"]] == [
        ("phone", number),
        ("id", HER_ID),
    ]


@pytest.mark.parametrize("region", ["", "DK"])
def test_her_number_is_stored_nowhere_and_her_chat_stays_one_contact(region):
    key = b"the key of this test"

    stored = [
        pseudonymised(event, key)
        for file in ("message_text.json", "echo.json", "status_sent.json", "number_changed.json")
        for event in incoming(own("whatsapp", file), region=region, events=MERGES)
    ]

    assert stored
    assert not any(HER in f"{event.subject} {event.body!r} {event.fact}" for event in stored)
    chat = {event.subject for event in stored if event.type not in REGISTRY_TYPES}
    assert len(chat) == 1


def test_who_is_listed_beside_another_is_not_taken_for_her():
    others = [{"wa_id": "4511111111", "user_id": "DK.1"}, {"wa_id": HER}]

    [found] = events(changed("message_text.json", contacts=others))

    assert [each["value"] for each in found["aliases"]] == [HER]


@pytest.mark.parametrize("field", ["messages", "calls", "smb_message_echoes", "account_update"])
def test_a_delivery_is_named_by_the_field_that_changed_first(field):
    body = {"entry": [{"changes": [{"field": field, "value": {}}, {"field": "x", "value": {}}]}]}

    assert kinds.event_of(delivery(body), config("whatsapp")) == field


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"entry": [{"changes": []}]}'])
def test_what_names_no_field_names_no_event(body):
    assert kinds.event_of(delivery(body), config("whatsapp")) is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (changed("message_text.json", metadata=None), "phone_number_id"),
        (changed("message_text.json", messages=[wrote(1, 0) | {"id": None}]), "$.id"),
        (changed("message_text.json", messages=[wrote(1, 0, timestamp="soon")]), "timestamp"),
        (changed("message_text.json", contacts=[], messages=[{"id": "m"}]), "$.from"),
        (changed("call_connect.json", calls=[{"event": "connect"}]), "$.id"),
    ],
)
def test_what_cannot_be_read_says_where(told, reason):
    with pytest.raises(Unreadable, match=reason.replace("$", r"\$")):
        events(told)


def test_a_delivery_that_comes_hours_later_has_the_same_ids():
    sent = delivery(own("whatsapp", "many_at_once.json"))
    later = replace(sent, received_at=NOON + timedelta(hours=9))

    once, again = (kinds.translate(each, config("whatsapp")) for each in (sent, later))

    assert [each.id for each in once] == [each.id for each in again]
