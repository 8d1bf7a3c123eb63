import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.events import to_event
from app.core.marked_yaml import FaultyFile
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from app.sources.configuration import read_sources
from tests.sources.payloads import NOON, config, delivery

KIND = "standardwebhooks"
KEY = b"canary key of thirty-two bytes!!"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PAIR = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(KEY).digest())
PUBLIC = "whpk_" + base64.b64encode(PAIR.public_key().public_bytes_raw()).decode()
BODY = json.dumps(
    {"type": "contact.received", "timestamp": "2027-03-01T11:00:00Z", "data": {"contact": "c"}}
).encode()
AT = str(int(NOON.timestamp()))


def v1(key: bytes = KEY, at: str = AT, body: bytes = BODY) -> str:
    digest = hmac.new(key, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def v1a() -> str:
    return "v1a," + base64.b64encode(PAIR.sign(f"msg_1.{AT}.".encode() + BODY)).decode()


def sent(signature: str, at: str = AT, prefix: str = "webhook-", **changed: str) -> Delivery:
    told = {"id": "msg_1", "timestamp": at, "signature": signature} | changed
    return Delivery({prefix + name: value for name, value in told.items()}, BODY, NOON)


def verify(delivery_: Delivery, *secrets: str) -> None:
    kinds.verify(delivery_, config(KIND, secrets=secrets or (SECRET,)), NOON)


def refusal(delivery_: Delivery, *secrets: str) -> str:
    with pytest.raises(BadSignature) as refused:
        verify(delivery_, *secrets)
    assert base64.b64encode(KEY).decode() not in refused.value.reason
    return refused.value.reason


def told_by(body: Any, **headers: str):
    return kinds.translate(delivery(body, **headers), config(KIND))


def event(type_: str = "contact.received", **data: Any) -> dict[str, Any]:
    return {"type": type_, "timestamp": "2027-03-01T11:00:00Z", "data": data}


@pytest.mark.parametrize(
    ("signature", "secrets"),
    [
        (v1(), (SECRET,)),
        (v1(), (SECRET.removeprefix("whsec_"),)),
        (v1(), (SECRET.rstrip("="),)),
        (v1(), ("whsec_b3RoZXI=", SECRET)),
        (f"v1,AAAA v2,x {v1()} nonsense", (SECRET,)),
        (v1a(), (PUBLIC,)),
        (f"{v1()} {v1a()}", (PUBLIC,)),
        (v1(), (PUBLIC, SECRET)),
    ],
)
def test_one_signature_by_one_secret_is_enough(signature, secrets):
    verify(sent(signature), *secrets)


def test_the_headers_of_svix_are_the_same_by_another_name():
    verify(sent(v1(), prefix="svix-"))


@pytest.mark.parametrize(
    ("delivery_", "reason"),
    [
        (sent(v1(b"another key")), "no signature in webhook-signature matches"),
        (sent(v1(), id="msg_2"), "no signature in webhook-signature matches"),
        (sent(v1(), id=""), "webhook-id is missing"),
        (sent(""), "webhook-signature is missing"),
        (sent(v1(), at=""), "the time of signing is missing"),
        (sent("v1"), "no signature in webhook-signature matches"),
        (sent(v1a()), "no signature in webhook-signature matches"),
        (sent(v1().replace("v1,", "v1a,")), "no signature in webhook-signature matches"),
        (sent("v1a,####"), "no signature in webhook-signature matches"),
        (sent(" ".join(["v1,x"] * 16 + [v1()])), "no signature in webhook-signature matches"),
    ],
)
def test_anything_else_is_refused_with_the_reason(delivery_, reason):
    assert reason in refusal(delivery_)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_attempt_of_another_time_is_refused_and_the_edge_is_not(seconds):
    edge = str(int(NOON.timestamp()) + seconds // 301 * 300)
    beyond = str(int(NOON.timestamp()) + seconds)

    verify(sent(v1(at=edge), at=edge))

    assert "signed more than 300 s" in refusal(sent(v1(at=beyond), at=beyond))


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ("whsec_???", "expected base64 after whsec_"),
        ("whsec_", "expected base64 after whsec_"),
        ("whpk_AAAA", "expected a public key of 32 bytes after whpk_, got 3"),
        ("whsk_" + base64.b64encode(KEY).decode(), "expected the public key (whpk_...)"),
        ("not base64 at all", "expected base64 after whsec_"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_when_it_is_read_and_when_it_is_used(secret, fault):
    text = "sources:\n  - {id: a, kind: standardwebhooks, secrets: [{env: SECRET}]}\n"

    with pytest.raises(FaultyFile, match=r"sources\.0\.secrets\.0: expected") as faulty:
        read_sources(text, lambda *_: secret)

    assert fault in str(faulty.value)
    assert fault in refusal(sent(v1()), secret)


def test_a_secret_that_can_be_one_is_read():
    text = "sources:\n  - {id: a, kind: standardwebhooks, secrets: [{env: SECRET}]}\n"

    for secret in (SECRET, PUBLIC, "not-looked-up-here"):
        assert read_sources(text, lambda *_, secret=secret: secret)[0].secrets == (secret,)


def test_the_id_of_a_message_makes_the_event_the_same_over_retries():
    first, again = told_by(event(contact="c"), webhook_id="m"), told_by(event(contact="c"))

    assert first == told_by(event(contact="c"), webhook_id="m", webhook_timestamp="9")
    assert first[0].id != again[0].id


def test_data_is_kept_as_it_is_sent():
    (told,) = told_by(event(contact="c", channel="chat", mood="kept", fact="f-1"))

    assert json.loads(told.body) == {
        "contact": "c",
        "channel": "chat",
        "mood": "kept",
        "fact": "f-1",
    }
    assert (told.source, told.subject, told.fact) == ("/hooks/desk", "c", "f-1")
    assert told.occurred_at == NOON - timedelta(hours=1)


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        (event("agent.available", agent="a"), "a"),
        (event("customer.updated", customer="k"), "k"),
        (event("work.started", contact="c", agent="a"), "c"),
        (event("contact.received", subject="c"), "c"),
        (event("work.started", agent="a", kind="wrap_up"), "a"),
        (event("work.ended", contact="c", agent="a"), "c"),
    ],
)
def test_the_subject_is_who_the_type_is_about(told, subject):
    (found,) = told_by(told)

    assert to_event(found).subject == subject


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (event(), r"\$\.data\.contact: expected text of 1 to 256 characters, got nothing"),
        (event("contact.received", contact="c", channel="Jytte Kanariefugl"), "chat[^,]*$"),
        (event(contact=5), r"Expected `str \| null`, got `int` - at `\$\.data\.contact`"),
        (event(contact="c", channel="fax"), r"\$\.data\.channel: expected phone or chat or email"),
        (event(contact="c") | {"timestamp": None}, r"\$\.timestamp: expected an RFC 3339 instant"),
        (event(contact="c") | {"timestamp": "2027-03-01"}, r"\$\.timestamp"),
        (event(contact="c") | {"timestamp": "2027-03-01T13:00:00Z"}, r"\$\.timestamp"),
        (event(contact="c") | {"data": []}, "Expected `object`, got `array`"),
        ({"type": 5}, "Expected `str`, got `int`"),
        (event("followup.promised", contact="c"), r"\$\.data\.due"),
    ],
)
def test_what_no_event_may_have_is_refused_in_the_words_of_the_body(told, reason):
    with pytest.raises(Unreadable, match=reason):
        told_by(told)


def test_a_type_that_is_not_ours_means_nothing():
    assert told_by({"type": "contact.created", "data": None}) == ()


def test_the_sender_is_free_not_to_tell_when_somebody_came_before_a_human():
    assert not config(KIND).source.tells_queued
