from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.sources import kinds, sendgrid
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.mails import MORNING, OURS, mail
from tests.sources.payloads import NOON, config, delivery, own

KEY = derive_private_key(20270301, SECP256R1())
MULTIPART = {"content-type": "multipart/form-data; boundary=E"}


def public(key: Any, encoding: Encoding = Encoding.DER) -> str:
    raw: bytes = key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return raw.decode() if encoding is Encoding.PEM else b64encode(raw).decode()


def signed(
    body: bytes, at: str = "1803888000", key: EllipticCurvePrivateKey = KEY, **headers: str
) -> Delivery:
    signature = b64encode(key.sign(at.encode() + body, ECDSA(SHA256()))).decode()
    told = {
        "x_twilio_email_event_webhook_signature": signature,
        "x_twilio_email_event_webhook_timestamp": at,
    }
    return delivery(body, **told | headers)


def parse(**fields: str) -> Any:
    body = "".join(
        f'--E\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    sent = Delivery(MULTIPART, body.encode() + b"--E--", NOON)
    return kinds.translate(sent, config("sendgrid", **OURS))


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_any_of_several_keys_vouches_for_a_delivery(encoding):
    other = derive_private_key(7, SECP256R1())
    keys = (public(other), public(KEY, encoding))

    kinds.verify(signed(b"body\r\n"), config("sendgrid", secrets=keys), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        signed(b"body", key=derive_private_key(8, SECP256R1())),
        signed(b"body", x_twilio_email_event_webhook_timestamp="1803888001"),
        signed(b"body", x_twilio_email_event_webhook_timestamp=""),
        signed(b"body", x_twilio_email_event_webhook_signature="æ"),
        signed(b"body", x_twilio_email_event_webhook_signature="AAAA"),
        delivery(b"body"),
    ],
)
def test_anything_but_the_right_signature_is_refused(sent):
    with pytest.raises(BadSignature):
        kinds.verify(sent, config("sendgrid", secrets=(public(KEY),)), NOON)


@pytest.mark.parametrize(
    "secret", ["canary-secret", "", "æ", public(Ed25519PrivateKey.from_private_bytes(b"k" * 32))]
)
def test_a_secret_that_is_no_such_key_is_told_and_vouches_for_nothing(secret):
    assert "canary" not in (sendgrid.ADAPTER.secret_fault(secret) or "")
    assert sendgrid.ADAPTER.secret_fault(secret)

    with pytest.raises(BadSignature) as refusal:
        kinds.verify(signed(b"body"), config("sendgrid", secrets=(secret,)), NOON)
    assert "canary" not in refusal.value.reason


def test_a_key_as_sendgrid_shows_it_is_no_fault():
    assert sendgrid.ADAPTER.secret_fault(public(KEY)) is None


def test_a_mail_is_read_from_its_headers_or_as_it_was():
    head = mail().decode().partition("\r\n\r\n")[0]

    (parsed,) = parse(headers=head, envelope='{"to": ["x@y"], "from": "hanne@kunde.example"}')
    (raw,) = parse(email=mail().decode(), envelope="{")

    assert (parsed.subject, parsed.occurred_at) == (raw.subject, raw.occurred_at)
    assert raw.occurred_at == MORNING


def test_what_the_headers_lack_is_taken_from_the_form():
    (event,) = parse(headers="Message-ID: <m7@x>", **{"from": "jo@kunde.example"})

    assert event.subject == "<m7@x>"
    assert b"jo@kunde.example" in event.body


@pytest.mark.parametrize("envelope", ["", "7", '{"to": 7}', '{"to": [7, null]}', '{"to": "a@b"}'])
def test_any_envelope_is_read_as_far_as_it_goes(envelope):
    assert len(parse(email=mail().decode(), envelope=envelope)) == 1


def test_a_mail_with_an_empty_way_back_is_a_report():
    assert parse(email=mail().decode(), envelope='{"to": ["a@b"], "from": ""}') == ()


def test_a_form_without_a_mail_is_refused():
    with pytest.raises(Unreadable, match="headers or email"):
        parse(text="never stored")


@pytest.mark.parametrize(
    ("file", "event"),
    [("first.multipart.txt", "inbound parse"), ("delivered_event.json", "event webhook")],
)
def test_the_event_is_the_webhook(file, event):
    assert sendgrid.ADAPTER.event_of(delivery(own("sendgrid", file))) == event
