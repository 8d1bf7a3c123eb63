"""What each tool is answered at its address: the status, the type and the words that it asks for."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from app.api.doors import Doors
from app.operations.vendor_addresses import VendorAddresses, VendorAway
from app.sources.adapter import LARGE_BYTES, MAX_BYTES
from app.sources.kinds import ADAPTERS
from app.store.engine import Database, open_database
from app.store.migration import migrate
from deploy.postgres import Server
from tests.conftest import NOON
from tests.running import HandClock, Running, running
from tests.sources.test_amazon_ses import CONFIRMATION, FIRST, TOPIC, made, signed
from tests.store.desk import Desk

SECRET = "a-secret-of-every-source"  # noqa: S105
WORD = "a-word-for-meta"
HOST = "https://desk.example"
MAILS = ("amazon-ses", "mailgun", "postmark", "rfc5322", "sendgrid")
UNSIGNED = ("postmark", "rfc5322")
KINDS = (
    *("amazon-connect", "cloudevents", "front", "helpscout", "intercom", "mailgun", "whatsapp"),
    *("twilio-taskrouter", "zammad", "zendesk"),
)
STAMP = str(int(NOON.timestamp()))
JSON = {"content-type": "application/json"}
BEARER = {"authorization": f"Bearer {SECRET}"}
Sign = Callable[[bytes], Mapping[str, str]]


def _digest(body: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(SECRET.encode(), body, algorithm).digest()


def _front(body: bytes) -> Mapping[str, str]:
    stamp = f"{STAMP}000"
    made_of = base64.b64encode(_digest(f"{stamp}:".encode() + body)).decode()
    return {"x-front-request-timestamp": stamp, "x-front-signature": made_of}


def _zendesk(body: bytes) -> Mapping[str, str]:
    name, at = "x-zendesk-webhook-signature", "2026-03-02T12:00:00Z"
    made_of = base64.b64encode(_digest(at.encode() + body)).decode()
    return {name: made_of, f"{name}-timestamp": at}


def _twilio(body: bytes) -> Mapping[str, str]:
    pairs = dict(pair.split("=") for pair in body.decode().split("&"))
    text = f"{HOST}/hooks/twilio-taskrouter" + "".join(f"{k}{pairs[k]}" for k in sorted(pairs))
    made_of = base64.b64encode(_digest(text.encode(), "sha1")).decode()
    return {"x-twilio-signature": made_of, "content-type": "application/x-www-form-urlencoded"}


SIGNS: Mapping[str, Sign] = {
    "amazon-connect": lambda _: BEARER,
    "cloudevents": lambda _: {**BEARER, "content-type": "application/cloudevents+json"},
    "front": _front,
    "helpscout": lambda body: {
        "x-helpscout-event": "convo.merged",
        "x-helpscout-signature": base64.b64encode(_digest(body, "sha1")).decode(),
    },
    "intercom": lambda body: {"x-hub-signature": f"sha1={_digest(body, 'sha1').hex()}"},
    "postmark": lambda _: BEARER,
    "twilio-taskrouter": _twilio,
    "whatsapp": lambda body: {"x-hub-signature-256": f"sha256={_digest(body).hex()}"},
    "zammad": lambda body: {"x-hub-signature": f"sha1={_digest(body, 'sha1').hex()}"},
    "zendesk": _zendesk,
}


def sources(directory: Path) -> Path:
    (directory / "secret").write_text(SECRET)
    (directory / "word").write_text(WORD)
    secret = {"file": str(directory / "secret")}
    entries: list[dict[str, Any]] = [
        {"id": kind, "kind": kind, "secrets": [secret]} for kind in KINDS
    ]
    entries += [{"id": kind, "kind": kind, "unsigned": True, "token": secret} for kind in UNSIGNED]
    entries += [{"id": "amazon-ses", "kind": "amazon-ses", "topics": [TOPIC]}]
    for entry in entries:
        if entry["kind"] == "whatsapp":
            entry["verify_token"] = {"file": str(directory / "word")}
        if entry["kind"].startswith("twilio"):
            entry["public_url"] = f"{HOST}/hooks/{entry['id']}"
    file = directory / "sources.yaml"
    file.write_text(json.dumps({"sources": entries}))
    return file


@pytest.fixture
async def service(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    options = {"sources_file": sources(tmp_path), "alias_key": SecretStr("the-key-of-these-tests")}
    async with running(db, database_url, HandClock(NOON), **options) as running_:
        yield running_


async def send(service: Running, kind: str, told: Any, **headers: str) -> httpx.Response:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    sent = {**JSON, **SIGNS[kind](body), **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await service.client.post(f"/hooks/{kind}", content=body, headers=sent)


def said(answer: httpx.Response) -> tuple[int, str, bytes]:
    return answer.status_code, answer.headers["content-type"], answer.content


def with_desk(service: Running, **changed: Any) -> None:
    """Open doors whose desk differs in something."""
    assert service.app.doors is not None
    service.app.doors = Doors(service.app.behind, replace(service.app.doors.desk, **changed))


def asked_of(service: Running, answers: Mapping[str, bytes]) -> list[str]:
    """Have a vendor's addresses answered without any network; who is not known is away."""
    asked: list[str] = []

    async def fetch(address: str) -> bytes:
        asked.append(address)
        for beginning, answer in answers.items():
            if address.startswith(beginning):
                return answer
        raise VendorAway("the vendor's server answered 500")

    with_desk(service, vendors=VendorAddresses(fetch))
    return asked


CERTIFICATE = {"https://sns.eu-north-1.amazonaws.com/SimpleNotificationService": made()[1].encode()}


async def test_whatsapp_gets_its_challenge_back_if_it_shows_the_right_word(service: Running):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    right = await service.client.get("/hooks/whatsapp", params=asked | {"hub.verify_token": WORD})
    wrong = await service.client.get("/hooks/whatsapp", params=asked | {"hub.verify_token": "w"})

    assert said(right) == (200, "text/plain; charset=utf-8", b"1158201444")
    assert wrong.status_code == 403
    assert b"1158201444" not in wrong.content
    assert (await send(service, "whatsapp", {"object": "x", "entry": []})).status_code == 200


async def test_front_gets_its_challenge_back_as_json_if_it_signs(service: Running):
    answer = await send(service, "front", {"type": "sync", "payload": {}}, x_front_challenge="c-77")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"challenge": "c-77"}
    headers = {"x-front-challenge": "c-78", "x-front-signature": "guessed"}
    wrong = await service.client.post("/hooks/front", content=b"{}", headers=headers)
    assert wrong.status_code == 401
    assert b"c-78" not in wrong.content


async def test_taskrouter_gets_nothing_as_json(service: Running):
    body = urlencode({"EventType": "activity.created", "Sid": "EV1", "TimestampMs": f"{STAMP}000"})

    answer = await send(service, "twilio-taskrouter", body.encode())

    assert said(answer) == (204, "application/json", b"")


async def test_intercom_finds_the_address_and_its_ping_is_taken(service: Running):
    looked = await service.client.head("/hooks/intercom")
    told = {"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping"}}}
    pinged = await send(service, "intercom", told)

    assert (looked.status_code, looked.content) == (200, b"")
    assert pinged.status_code == 202


async def test_a_sender_of_cloud_events_may_send_and_no_address_is_opened(service: Running):
    asked = asked_of(service, {})
    headers = {
        "webhook-request-origin": "bus.example",
        "webhook-request-callback": "https://bus.example/confirm?id=1",
    }

    answer = await service.client.options("/hooks/cloudevents", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "bus.example"
    assert asked == []


async def test_a_subscription_of_sns_is_confirmed_once_and_only_if_it_is_signed(service: Running):
    told = signed(CONFIRMATION)
    asked = asked_of(service, {**CERTIFICATE, told["SubscribeURL"]: b"<ConfirmSubscription/>"})
    url, text = "/hooks/amazon-ses", {"content-type": "text/plain; charset=UTF-8"}

    forged = await service.client.post(url, content=json.dumps(CONFIRMATION | {"Token": "x"}))
    right = await service.client.post(url, content=json.dumps(told), headers=text)

    assert forged.status_code == 401
    assert right.status_code == 200
    assert asked.count(told["SubscribeURL"]) == 1


async def test_sns_asks_again_while_its_own_address_does_not_answer(service: Running):
    asked_of(service, CERTIFICATE)

    answer = await service.client.post(
        "/hooks/amazon-ses", content=json.dumps(signed(CONFIRMATION))
    )

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) < 60


NOT_AMAZONS = (
    "http://sns.eu-north-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.eu-north-1.amazonaws.com@evil.example/?Action=ConfirmSubscription",
    "https://user:word@sns.eu-north-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.eu-north-1.amazonaws.com:8443/?Action=ConfirmSubscription",
    "https://sns.eu-north-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
    "https://sns.eu-north-1.amazonaws.com\\@evil.example/",
    "https://sns.eu-north-1.amazonaws\u3002com/?Action=ConfirmSubscription",
    "https://169.254.169.254/latest/meta-data",
)


async def test_no_address_is_opened_that_is_not_amazons_own(service: Running):
    asked = asked_of(service, CERTIFICATE)

    for address in NOT_AMAZONS:
        told = json.dumps(signed(CONFIRMATION | {"SubscribeURL": address})).encode()
        for kind in ("amazon-ses", "amazon-connect"):
            answer = await service.client.post(f"/hooks/{kind}", content=told, headers=BEARER)
            assert answer.is_success, (kind, address)

    assert asked == [CONFIRMATION["SigningCertURL"]]


async def test_no_certificate_is_read_that_does_not_lie_with_amazon(service: Running):
    asked = asked_of(service, CERTIFICATE)

    for address in NOT_AMAZONS:
        told = json.dumps(signed(FIRST | {"SigningCertURL": f"{address}/one.pem"}))
        answer = await service.client.post("/hooks/amazon-ses", content=told)
        assert answer.status_code == 401, address

    assert asked == []


async def test_mails_of_mailgun_and_postmark_are_answered_with_200(service: Running):
    stamp, token = STAMP, "t" * 50
    form = {
        "timestamp": stamp,
        "token": token,
        "signature": _digest((stamp + token).encode()).hex(),
    }
    mail = {
        "sender": "jytte@post.test",
        "recipient": "help@desk.example",
        "from": "jytte@post.test",
    }

    mailgun = await service.client.post("/hooks/mailgun", data=form | mail)
    postmark = await send(service, "postmark", {"From": "jytte@post.test", "MessageID": "m-1"})

    assert (mailgun.status_code, postmark.status_code) == (200, 200)
    assert await Desk(service.db).rows("SELECT count(*) FROM events") == [(2,)]


UNKNOWN: Mapping[str, Any] = {
    "amazon-connect": {"id": "1", "detail-type": "New", "detail": {"eventType": "BRAND_NEW"}},
    "cloudevents": {"specversion": "1.0", "id": "1", "source": "x", "type": "brand.new"},
    "front": {"type": "brand_new", "payload": {"id": "evt_1", "type": "brand_new"}},
    "helpscout": {"id": 1},
    "intercom": {"topic": "brand.new", "data": {"item": {}}},
    "postmark": {"RecordType": "BrandNew"},
    "whatsapp": {"entry": [{"changes": [{"field": "brand_new", "value": {}}]}]},
    "zammad": {"ticket": {"id": 1}},
    "zendesk": {"id": "1", "type": "zen:event-type:brand.new", "event": {}, "detail": {}},
}


async def test_what_means_nothing_to_us_or_cannot_be_read_is_no_fault_of_the_tool(
    service: Running,
):
    for kind, told in UNKNOWN.items():
        assert (await send(service, kind, told)).is_success, kind
    for kind in SIGNS:
        assert (await send(service, kind, b"a=b")).is_success, kind


async def test_whoever_cannot_prove_to_be_the_tool_is_401_and_told_no_secret(service: Running):
    asked_of(service, {})

    for kind in (*KINDS, *UNSIGNED, "amazon-ses"):
        answer = await service.client.post(f"/hooks/{kind}", content=b"{}", headers=JSON)
        assert answer.status_code == 401, kind
        assert SECRET not in answer.text

    assert await Desk(service.db).rows("SELECT count(*) FROM quarantine") == [(0,)]


async def test_a_body_may_be_as_large_as_a_mail_where_mail_comes(service: Running):
    for kind in (*KINDS, *UNSIGNED, "amazon-ses"):
        limit = LARGE_BYTES if kind in MAILS else MAX_BYTES
        headers = {**BEARER, "content-length": str(limit + 1)}
        answer = await service.client.post(f"/hooks/{kind}", content=b"x", headers=headers)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, limit), kind


def test_all_kinds_of_mail_take_what_is_attached():
    assert {kind for kind in ADAPTERS if ADAPTERS[kind].max_bytes == LARGE_BYTES} == set(MAILS)


async def test_a_mail_with_something_large_attached_is_taken(service: Running):
    attached = {"Name": "scan.pdf", "Content": "QUFB" * 1_000_000}
    told = {"From": "jytte@post.test", "MessageID": "m-2", "Attachments": [attached]}

    assert (await send(service, "postmark", told)).status_code == 200
    assert await Desk(service.db).rows("SELECT count(*) FROM events") == [(1,)]


async def test_who_shows_no_token_is_sent_away_before_the_body_is_read(service: Running):
    asked: list[bytes] = []

    async def drops() -> AsyncIterator[bytes]:
        asked.append(b"a body")
        yield asked[0]

    answer = await service.client.post("/hooks/postmark", content=drops())

    assert answer.status_code == 401
    assert asked == []


async def test_only_so_many_large_bodies_are_read_at_once(service: Running):
    with_desk(service, large=asyncio.Semaphore(0))
    large = b"x" * (MAX_BYTES + 1)

    refused = await service.client.post("/hooks/rfc5322", content=large, headers=BEARER)
    small = await service.client.post("/hooks/rfc5322", content=b"a: b", headers=BEARER)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) < 60
    assert small.status_code == 200
    hit = 'evenhand_process_limits_hit_total{limit="large_bodies"}'
    await service.app.service.take_snapshot()
    assert (await service.metrics())[hit] == 1


async def test_a_body_that_comes_by_drops_is_not_waited_for(service: Running):
    async def drops() -> AsyncIterator[bytes]:
        yield b"Subject: "
        await asyncio.Event().wait()

    with_desk(service, body_seconds=0.01)
    answer = await service.client.post("/hooks/rfc5322", content=drops(), headers=BEARER)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) < 60
    hit = 'evenhand_process_limits_hit_total{limit="body_seconds"}'
    await service.app.service.take_snapshot()
    assert (await service.metrics())[hit] == 1


async def test_who_hangs_up_in_the_middle_leaves_nothing(service: Running):
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def sent(_message: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    token = f"Bearer {SECRET}".encode()
    scope = {
        "type": "http", "method": "POST", "path": "/hooks/postmark", "query_string": b"",
        "headers": [(b"authorization", token), (b"content-length", b"10")],
    }  # fmt: skip
    await service.app(scope, receive, sent)

    assert await Desk(service.db).rows("SELECT count(*) FROM quarantine") == [(0,)]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "postgres") as server:
        migrate(server.url)
        yield server


async def test_while_the_database_is_away_every_tool_is_asked_to_come_back_soon(
    own_server: Server, tmp_path: Path
):
    db = open_database(own_server.url)
    clock = HandClock(NOON)
    async with running(db, own_server.url, clock, sources_file=sources(tmp_path)) as service:
        own_server.stop()
        sent = [
            await send(service, "postmark", {"From": "jytte@post.test", "MessageID": "m-1"}),
            await send(service, "cloudevents", b"what cannot be read is not lost either"),
        ]
        forged = await service.client.post("/hooks/intercom", content=b"{}")
    await db.close()

    for answer in sent:
        assert answer.status_code == 503
        assert 0 < int(answer.headers["retry-after"]) < 60
    assert forged.status_code == 401
