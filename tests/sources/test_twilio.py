"""How deliveries of Twilio are signed, and read however they are written."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from app.sources.reading import MAX_FORM_BYTES, MAX_FORM_FIELDS
from app.sources.twilio.deliveries import MAX_EVENTS, address
from tests.sources.payloads import NOON, config
from tests.sources.twilio import ARRIVAL, AT, FORM, TOKEN, of_task, posted, signed, streamed

TASK_ROUTER = config("twilio-taskrouter", secrets=(TOKEN,))
AS_SIGNED = "Ab2cø &"


def form(url: str = AT, body: bytes = b"b=2&A=&c=%C3%B8+%26") -> Delivery:
    return Delivery({"content-type": f"{FORM}; charset=UTF-8"}, body, ARRIVAL, url)


def is_vouched_for(delivery: Delivery, **options: Any) -> bool:
    said = ""
    try:
        kinds.verify(delivery, replace(TASK_ROUTER, **options), NOON)
    except BadSignature as refusal:
        said = repr(refusal)
    assert TOKEN not in said
    return not said


def test_the_address_and_the_sorted_fields_are_signed_blank_ones_too():
    assert is_vouched_for(signed(form(), AT + AS_SIGNED))
    assert not is_vouched_for(signed(form(body=b"b=2&c=%C3%B8+%26&A=1"), AT + AS_SIGNED))
    assert not is_vouched_for(signed(form(), AT + "b2cø &"))


def test_any_of_several_secrets_vouches_for_a_delivery():
    assert is_vouched_for(signed(form(), AT + AS_SIGNED), secrets=("the-next-one", TOKEN))
    assert not is_vouched_for(signed(form(), AT + AS_SIGNED), secrets=("the-next-one",))
    assert not is_vouched_for(signed(form(), AT + AS_SIGNED), secrets=())


@pytest.mark.parametrize(
    ("came_to", "was_signed"),
    [
        ("https://desk.example:443/hooks/flex", AT),
        ("https://desk.example:8443/hooks/flex", AT),
        (AT, "https://desk.example:443/hooks/flex"),
        ("http://desk.example/hooks/flex", "http://desk.example:80/hooks/flex"),
        ("http://[::1]:80/hooks/flex?x=1", "http://[::1]/hooks/flex?x=1"),
        ("https://u:p@desk.example/hooks/flex", "https://u:p@desk.example:443/hooks/flex"),
    ],
)
def test_a_port_may_stand_in_the_address_that_was_signed_or_not(came_to, was_signed):
    assert is_vouched_for(signed(form(came_to), was_signed + AS_SIGNED))


@pytest.mark.parametrize("url", ["https://desk.example:x/", "//desk.example", "", "https://[/"])
def test_an_odd_address_is_signed_as_it_is(url):
    assert is_vouched_for(signed(form(url), url + AS_SIGNED))


def test_another_path_or_host_is_another_address():
    assert not is_vouched_for(signed(form(f"{AT}/x"), AT + AS_SIGNED))
    assert not is_vouched_for(signed(form(AT.replace("desk", "desk2")), AT + AS_SIGNED))


def test_behind_a_proxy_the_public_address_counts():
    inside = signed(form("http://10.0.0.7:8000/hooks/flex?x=1"), f"{AT}?x=1{AS_SIGNED}")
    behind = replace(TASK_ROUTER, public_url=AT)

    assert not is_vouched_for(inside)
    assert is_vouched_for(kinds.as_posted(inside, behind))


def in_stream(body: bytes = b"[]", told: str | None = None) -> Delivery:
    """A list of events, at an address that holds ``told`` or the hash of the body."""
    url = f"{AT}?bodySHA256={told or hashlib.sha256(body).hexdigest()}"
    return Delivery({"content-type": "application/json"}, body, ARRIVAL, url)


def test_of_json_the_hash_in_the_signed_address_counts():
    sent = in_stream()

    assert is_vouched_for(signed(sent, sent.url))
    assert not is_vouched_for(replace(signed(sent, sent.url), body=b"[1]"))
    assert not is_vouched_for(signed(in_stream(told="0" * 64), in_stream(told="0" * 64).url))


def test_json_whose_hash_stands_nowhere_is_refused_though_the_address_is_signed():
    sent = replace(in_stream(), url=AT)

    assert not is_vouched_for(signed(sent, AT))


def test_a_form_that_is_sent_to_an_address_with_a_hash_is_signed_as_a_form():
    url = f"{AT}?bodySHA256={hashlib.sha256(b'').hexdigest()}"

    assert is_vouched_for(signed(form(url), url + AS_SIGNED))
    assert not is_vouched_for(signed(form(url), url))


def test_without_a_content_type_the_address_says_what_the_body_is():
    bare = replace(form(), headers={})
    hashed = replace(in_stream(), headers={})

    assert is_vouched_for(signed(bare, AT + AS_SIGNED))
    assert is_vouched_for(signed(hashed, hashed.url))


def test_a_shared_key_signs_with_what_the_settings_say():
    digest = hmac.new(TOKEN.encode(), (AT + AS_SIGNED).encode(), hashlib.sha256).digest()
    headers = {
        "content-type": FORM,
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "x-twilio-webhooks-signature-settings": "key=webhooks_key, algorithm=hmac_sha256",
    }
    settings = "x-twilio-webhooks-signature-settings"

    assert is_vouched_for(replace(form(), headers=headers))
    assert not is_vouched_for(replace(form(), headers=headers | {settings: "algorithm=NONE"}))
    assert not is_vouched_for(replace(form(), headers=headers | {settings: "key=x"}))


@pytest.mark.parametrize(
    "delivery",
    [
        form(),
        replace(form(), headers={"content-type": FORM, "x-twilio-signature": "æøå"}),
        signed(form(body=b"&" * (MAX_FORM_FIELDS + 1)), AT),
        signed(form(body=b"x" * (MAX_FORM_BYTES + 1)), AT),
        signed(form(f"{AT}?{'x&' * 200}", b"{}"), AT),
    ],
)
def test_anything_but_the_right_signature_is_refused(delivery):
    assert not is_vouched_for(delivery)


def test_task_router_is_answered_with_nothing_as_json():
    reply = kinds.answer(posted(of_task("task.created", "10:00:00")), TASK_ROUTER)

    assert reply is not None
    assert (reply.status, reply.body, reply.content_type) == (204, b"", "application/json")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x=1",
        b"CallStatus=ringing",
        b"EventType=task.created&TaskSid=" + b"W" * 300,
        b"EventType=task.created&TaskSid=%00",
        b"EventType=task.created&TimestampMs=soon&TaskSid=WT1",
        b"CallSid=CA1&CallStatus=ringing&Timestamp=soon",
        b"CallSid=CA1&CallStatus=ringing&Timestamp=Fri, 31 Dec 9999 23:59:00 -2359",
        b"&" * (MAX_FORM_FIELDS + 1),
        b"[{}]",
        b"[1]",
        b'{"type": 7}',
        b'[{"type": "x", "data": []}]',
        b"[" * 100_000,
        b"[" + b",".join([b'{"type": "x"}'] * (MAX_EVENTS + 1)) + b"]",
        b'[{"type": "com.twilio.taskrouter.task.created", "data": {"timestamp": "soon"}}]',
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(body):
    with pytest.raises(Unreadable):
        kinds.translate(replace(form(), body=body), TASK_ROUTER)


@pytest.mark.parametrize(
    "body",
    [
        b"EventType=plugin.installed&x=1",
        b"CallSid=CA1&CallStatus=humming",
        b"CallSid=CA1&RecordingStatus=completed",
        b"EventType=worker.activity.update",
        b"[]",
        b'[{"type": "com.twilio.studio.flow.execution.started"}]',
        b'{"type": "com.twilio.voice.status-callback.call.ringing", "data": {"request": 5}}',
        b'{"type": "com.twilio.taskrouter.worker.created", "data": {"payload": [1]}}',
    ],
)
def test_what_says_nothing_about_contacts_is_understood_and_means_nothing(body):
    assert kinds.translate(replace(form(), body=body), TASK_ROUTER) == ()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"EventType=task.created", "task.created"),
        (b"CallSid=CA1&CallStatus=completed", "completed"),
        (b"CallSid=CA1", None),
        (b'[{"type": "com.twilio.x"}]', "com.twilio.x"),
        (b"[]", None),
        (b"[[", None),
        (b"x", None),
    ],
)
def test_an_event_is_called_what_twilio_calls_it(body, name):
    assert kinds.ADAPTERS["twilio-taskrouter"].event_of(replace(form(), body=body)) == name


@pytest.mark.parametrize(
    ("told", "alias"),
    [
        ("+45 20 30 40 50", ("phone", "+4520304050")),
        ("whatsapp:+4520304050", ("phone", "+4520304050")),
        ("sip:+4520304050@pbx.example", ("phone", "+4520304050")),
        ("messenger:1234567", ("id", "messenger:1234567")),
        ("Jo@Acme.test", ("email", "jo@acme.test")),
        ("sip:jo@acme.test", None),
        ("client:jo", None),
        ("+266696687", None),
        ("Anonymous", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_an_address_is_somebodys_or_nobodys(told, alias):
    found = address(told)

    assert (found and (str(found.kind), found.value)) == alias


def test_a_delivery_of_the_same_event_twice_has_the_same_ids_whatever_its_order_of_fields():
    told = of_task("reservation.accepted", "10:00:00", WorkerSid="WK1")
    backwards = dict(reversed(told.items()))

    ids = [
        [event.id for event in kinds.translate(posted(each), TASK_ROUTER)]
        for each in (told, backwards)
    ]
    assert ids[0] == ids[1]


def test_many_fields_and_long_values_are_read_within_limits():
    many = streamed({"type": "com.twilio.taskrouter.task.created", "data": {"payload": {}}})
    payload = {f"field_{n}": n for n in range(5_000)} | {"task_sid": "WT1"}
    body = json.loads(many.body)
    body[0]["data"]["payload"] = payload

    events = kinds.translate(replace(many, body=json.dumps(body).encode()), TASK_ROUTER)

    assert [event.type for event in events] == ["contact.received", "contact.queued"]
