import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from app.sources import kinds, mailgun
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.mails import MORNING, OURS, mail
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-key"
SECOND = int(MORNING.timestamp())
MULTIPART = "multipart/form-data; boundary=E"


def form(key: str = SIGNED_WITH, **fields: str) -> dict[str, str]:
    told = {"timestamp": str(SECOND), "token": "t1"} | fields
    signed = hmac.new(key.encode(), f"{told['timestamp']}{told['token']}".encode(), hashlib.sha256)
    return {"signature": signed.hexdigest(), "recipient": "support@firm.example"} | told


def posted(**fields: str) -> Delivery:
    return delivery(urlencode(form(**fields)).encode())


def route(**fields: str) -> Any:
    return kinds.translate(posted(**fields), config("mailgun", **OURS))


@pytest.mark.parametrize(
    "sent",
    [
        posted(),
        Delivery(
            {"content-type": MULTIPART},
            "".join(
                f'--E\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in form().items()
            ).encode()
            + b"--E--",
            NOON,
        ),
        delivery({"signature": form(), "event-data": {"event": "delivered"}}),
    ],
    ids=["form", "parts", "json"],
)
def test_any_of_several_keys_vouches_for_a_delivery(sent):
    kinds.verify(sent, config("mailgun", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        posted(key="guessed"),
        posted(signature=""),
        posted(signature="æøå"),
        posted(token=""),
        delivery(urlencode(form() | {"timestamp": "1"}).encode()),
        delivery(b""),
        delivery(b"{}"),
        delivery(b'{"signature": 7}'),
        delivery({"signature": form() | {"timestamp": 1}}),
        Delivery({"content-type": "multipart/form-data"}, b"", NOON),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("mailgun", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in refusal.value.reason


def test_what_is_sent_again_with_another_token_and_time_is_one_fact():
    raw = mail().decode()
    first = route(**{"body-mime": raw})[0]
    again = route(**{"body-mime": raw, "token": "t2", "timestamp": str(SECOND + 600)})[0]
    same = route(**{"body-mime": raw, "token": "t3"})[0]

    assert first.id == same.id
    assert first.id != again.id
    assert (first.subject, first.type, first.fact) == (again.subject, again.type, again.fact)


@pytest.mark.parametrize("told", ["", "soon", "9" * 30, "99999999999"])
def test_without_a_usable_time_of_its_own_the_date_of_the_mail_counts(told):
    (event,) = route(**{"body-mime": mail().decode(), "timestamp": told})

    assert event.occurred_at == MORNING


def test_a_time_of_mailgun_that_lies_ahead_is_set_aside():
    ahead = str(int(NOON.timestamp()) + 301)

    with pytest.raises(Unreadable, match="ahead"):
        route(**{"body-mime": mail().decode(), "timestamp": ahead})


def test_headers_that_are_no_pairs_are_left_out():
    pairs = [["From", "hanne@kunde.example"], ["Message-Id", "<m9@x>"], ["Date"], 7, [1, 2], "ab"]

    (event,) = route(**{"message-headers": json.dumps(pairs)})

    assert event.subject == "<m9@x>"


def test_headers_that_are_not_json_are_refused():
    with pytest.raises(Unreadable):
        route(**{"message-headers": "[["})


def test_a_form_without_a_mail_is_refused():
    with pytest.raises(Unreadable, match="message-headers or body-mime"):
        route()


def test_older_webhooks_about_our_own_mail_tell_nothing():
    sent = {"event": "dropped", "message-headers": "[]"}

    assert route(**sent) == ()
    assert mailgun.ADAPTER.event_of(posted(**sent)) == "dropped"


@pytest.mark.parametrize(
    ("file", "event"),
    [("first.txt", "route"), ("delivered_event.json", "delivered")],
)
def test_the_event_is_that_of_a_webhook_or_the_route(file, event):
    assert mailgun.ADAPTER.event_of(delivery(own("mailgun", file))) == event


def test_a_delivery_that_names_no_event_has_none():
    assert mailgun.ADAPTER.event_of(delivery(b"{")) is None
    assert mailgun.ADAPTER.event_of(delivery(b"{}")) is None


def test_a_mail_that_nobody_wants_back_is_a_report():
    assert route(**{"body-mime": mail().decode(), "sender": ""}) == ()
    assert len(route(**{"body-mime": mail().decode(), "sender": "hanne@kunde.example"})) == 1
