import json
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.core.marked_yaml import FaultyFile
from app.sources import amazon_ses, kinds
from app.sources.adapter import BadSignature, Delivery, SignedBy, Unreadable
from app.sources.configuration import read_sources
from tests.sources.mails import OURS, mail
from tests.sources.payloads import NOON, config, delivery, own

Json = dict[str, Any]
FIRST: Json = json.loads(own("amazon-ses", "first.json"))
CONFIRMATION: Json = json.loads(own("amazon-ses", "confirmation.json"))
TOPIC = FIRST["TopicArn"]
NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def made() -> tuple[RSAPrivateKey, str]:
    """A key and its certificate."""
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    begins, ends = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, ends)
    return key, builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def signed(envelope: Json, version: str = "2") -> Json:
    names = NOTIFIED if envelope["Type"] == "Notification" else CONFIRMED
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if envelope.get(name))
    made_by = SHA1() if version == "1" else SHA256()  # noqa: S303 - as SNS did
    signature = b64encode(made()[0].sign(text.encode(), PKCS1v15(), made_by)).decode()
    return envelope | {"SignatureVersion": version, "Signature": signature}


def verified(envelope: Json | bytes) -> None:
    kinds.verify(delivery(envelope), config("amazon-ses", secrets=(made()[1],)), NOON)


def notice(**changed: Any) -> Json:
    inner = json.loads(FIRST["Message"]) | changed
    return FIRST | {"Message": json.dumps(inner)}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("envelope", [FIRST, CONFIRMATION, FIRST | {"Subject": None}])
def test_the_certificate_vouches_for_what_it_signed(envelope, version):
    verified(signed(envelope, version))


@pytest.mark.parametrize(
    "envelope",
    [
        signed(FIRST) | {"Message": "changed"},
        signed(FIRST) | {"TopicArn": "arn:aws:sns:eu-north-1:666666666666:other"},
        signed(FIRST) | {"Subject": None},
        signed(FIRST) | {"Type": "SubscriptionConfirmation"},
        signed(FIRST) | {"Type": "Other"},
        signed(FIRST) | {"SignatureVersion": "1"},
        signed(FIRST) | {"SignatureVersion": "3"},
        signed(FIRST) | {"Signature": "æ"},
        signed(FIRST) | {"Signature": None},
        {"notificationType": "Received"},
        {},
    ],
)
def test_anything_else_is_refused(envelope):
    with pytest.raises(BadSignature):
        verified(envelope)


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-north-1.amazonaws.com/x.pem",
        "https://sns.eu-north-1.amazonaws.com.attacker.example/x.pem",
        "https://sns.eu-north-1.amazonaws.com@attacker.example/x.pem",
        "https://attacker.example#@sns.eu-north-1.amazonaws.com/x.pem",
        "https://sns.eu-north-1.amazonaws.com:8443/x.pem",
        "https://x@sns.eu-north-1.amazonaws.com/x.pem",
        "https://evil.s3.amazonaws.com/x.pem",
        "https://sns.eu-north-1.amazonaws.com/x.txt",
        "https://sns.eu-north-1.amazonaws.com\\@attacker.example/x.pem",
        "https://sns.eu-north-1.amazonaws.com\n/x.pem",
        "https://[/x.pem",
        "",
        None,
    ],
)
def test_a_certificate_that_is_not_amazons_is_never_asked_for(address):
    envelope = signed(FIRST | {"SigningCertURL": address})

    with pytest.raises(BadSignature, match="SigningCertURL"):
        amazon_ses.ADAPTER.certificate(delivery(envelope))
    with pytest.raises(BadSignature, match="SigningCertURL"):
        verified(envelope)


@pytest.mark.parametrize(
    "host", ["sns.eu-north-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"]
)
def test_a_certificate_of_amazon_is_asked_for(host):
    address = f"https://{host}/SimpleNotificationService-0.pem"

    found = kinds.certificate(delivery(FIRST | {"SigningCertURL": address}), config("amazon-ses"))

    assert amazon_ses.ADAPTER.signed_by is SignedBy.CERTIFICATE
    assert found == address


@pytest.mark.parametrize("pem", ["", "canary", "-----BEGIN CERTIFICATE-----\nQQ==\n", "æ"])
def test_what_is_no_certificate_vouches_for_nothing(pem):
    with pytest.raises(BadSignature):
        kinds.verify(delivery(signed(FIRST)), config("amazon-ses", secrets=(pem,)), NOON)


def test_bytes_that_are_no_envelope_are_refused():
    with pytest.raises(BadSignature):
        verified(b"[" * 10_000)


@pytest.mark.parametrize(
    ("changed", "topics", "visited"),
    [
        ({}, {TOPIC}, True),
        ({}, set(), False),
        ({}, {"arn:aws:sns:eu-north-1:666666666666:other"}, False),
        ({"SubscribeURL": "https://attacker.example/?Action=ConfirmSubscription"}, {TOPIC}, False),
        ({"SubscribeURL": "http://sns.eu-north-1.amazonaws.com/"}, {TOPIC}, False),
        ({"SubscribeURL": None}, {TOPIC}, False),
        ({"Type": "UnsubscribeConfirmation"}, {TOPIC}, False),
    ],
)
def test_only_a_subscription_of_a_topic_of_ours_is_confirmed(changed, topics, visited):
    allowed = config("amazon-ses", topics=frozenset(topics))

    address = amazon_ses.ADAPTER.visit(delivery(CONFIRMATION | changed), allowed)

    assert address == (CONFIRMATION["SubscribeURL"] if visited else None)


def test_nothing_is_visited_for_what_cannot_be_read():
    allowed = config("amazon-ses", topics=frozenset({TOPIC}))

    assert amazon_ses.ADAPTER.visit(delivery(b"{"), allowed) is None


def test_another_topic_than_ours_is_set_aside_for_people_to_see():
    other = config("amazon-ses", topics=frozenset({"arn:aws:sns:eu-north-1:1:other"}))

    with pytest.raises(Unreadable, match="TopicArn"):
        kinds.translate(delivery(FIRST), other)


def test_without_the_mail_the_notification_tells_its_header():
    kept_elsewhere = notice(content=None)

    (with_it,) = kinds.translate(delivery(FIRST), config("amazon-ses"))
    (without,) = kinds.translate(delivery(kept_elsewhere), config("amazon-ses"))

    assert with_it == without


def test_a_mail_that_is_cut_off_in_the_middle_is_read_as_far_as_it_goes():
    inner = json.loads(FIRST["Message"])
    inner["receipt"]["action"]["encoding"] = "BASE64"
    cut = b64encode(mail())[:-3].decode()

    (event,) = kinds.translate(delivery(notice(**inner | {"content": cut})), config("amazon-ses"))

    assert event.subject == "<m1@kunde.example>"


@pytest.mark.parametrize(
    ("envelope", "event"),
    [
        (FIRST, "Received"),
        (CONFIRMATION, "SubscriptionConfirmation"),
        (json.loads(FIRST["Message"]), "Received"),
        (FIRST | {"Message": '{"eventType": "Send"}'}, "Send"),
        (FIRST | {"Message": "never stored"}, None),
        ({"Type": 7}, None),
    ],
)
def test_the_event_is_what_the_notification_is_of(envelope, event):
    assert amazon_ses.ADAPTER.event_of(delivery(envelope)) == event


def test_an_answer_of_ours_that_amazon_gets_a_copy_of_is_seen():
    answer = mail(From="anna@firm.example", To="hanne@kunde.example", References="<q1@x>").decode()

    (event,) = kinds.translate(delivery(notice(content=answer)), config("amazon-ses", **OURS))

    assert (event.type, event.subject) == ("agent.replied", "<q1@x>")


def test_a_delivery_without_its_envelope_needs_a_token():
    raw = Delivery({}, FIRST["Message"].encode(), NOON, "/hooks/desk?token=our-invented-token")
    unsigned = config("amazon-ses", secrets=("our-invented-token",), unsigned=True)

    kinds.verify(raw, unsigned, NOON)

    assert len(kinds.translate(raw, unsigned)) == 1


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("", "topics: is required"),
        ("topics: [arn:aws:sns:eu-north-1:123456789012:mail-in]", None),
        ("unsigned: true\n    token: {env: TOKEN}", None),
    ],
)
def test_a_source_that_amazon_signs_for_names_its_topics(options, fault):
    text = f"sources:\n  - id: post\n    kind: amazon-ses\n    {options}\n"

    try:
        read_sources(text, lambda *_: "our-invented-token")
        found = None
    except FaultyFile as faulty:
        found = str(faulty.faults[0])

    assert found is None if fault is None else fault in (found or "")
