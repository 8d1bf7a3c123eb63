"""The doors that any system can use: CloudEvents in all modes, Standard Webhooks, a mapping."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.store.engine import Database
from tests.conftest import NOON
from tests.running import HandClock, Running, running
from tests.store.desk import Desk

TOKEN = "a-token-for-every-source"  # noqa: S105
KEY = b"a key of twenty-four bytes"
WEBHOOKS = "whsec_" + base64.b64encode(KEY).decode()
MAPPING = {
    "verify": {"scheme": "hmac", "header": "X-Sig"},
    "event": "header:X-Topic",
    "rules": [{"on": "opened", "tell": "contact.received", "subject": "$.id", "time": "$.at"}],
}


@pytest.fixture
async def service(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    secrets = {"token": TOKEN, "webhooks": WEBHOOKS}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    token, webhooks = ([{"file": str(tmp_path / name)}] for name in secrets)
    entries = [
        {"id": "bus", "kind": "cloudevents", "secrets": token},
        {"id": "own", "kind": "standardwebhooks", "secrets": webhooks},
        {"id": "other", "kind": "mapping", "secrets": token, "mapping": MAPPING},
    ]
    file = tmp_path / "sources.yaml"
    file.write_text(json.dumps({"sources": entries}))
    options = {"sources_file": file, "alias_key": SecretStr("the-key-of-these-tests")}
    async with running(db, database_url, HandClock(NOON), **options) as running_:
        yield running_


async def stored(service: Running) -> list[tuple[Any, ...]]:
    rows = await Desk(service.db).rows("SELECT source, type, subject FROM events ORDER BY seq")
    return [tuple(row) for row in rows]


async def test_a_sender_of_cloud_events_asks_and_is_told_without_a_token(service: Running):
    asked = {"webhook-request-origin": "sender.example", "webhook-request-rate": "120"}

    answer = await service.client.options("/hooks/bus", headers=asked)
    silent = await service.client.options("/hooks/bus")

    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "sender.example"
    assert answer.headers["webhook-allowed-rate"] == "120"
    assert "webhook-allowed-origin" not in silent.headers


async def test_one_event_in_every_mode_is_stored_once(service: Running):
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/pbx",
        "type": "contact.received",
        "time": NOON.isoformat(),
        "subject": "café 7",
        "data": {"channel": "chat"},
    }
    binary = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    modes: list[tuple[dict[str, Any], Any]] = [
        ({"content-type": "application/cloudevents+json"}, event),
        ({"content-type": "application/cloudevents-batch+json"}, [event]),
        (
            {"content-type": "application/json", "ce-subject": "caf%C3%A9%207", **binary},
            event["data"],
        ),
    ]

    answers = [
        await service.client.post(
            "/hooks/bus?access_token=" + TOKEN, content=json.dumps(body), headers=headers
        )
        for headers, body in modes
    ]

    assert [answer.json() for answer in answers] == [{"accepted": n} for n in (1, 0, 0)]
    assert await stored(service) == [("/hooks/bus", "contact.received", "café 7")]


async def test_a_standard_webhook_is_stored_once_however_often_it_is_sent(service: Running):
    told = {"type": "work.started", "timestamp": NOON.isoformat(), "data": {"contact": "c"}}
    body, at = json.dumps(told), str(int(NOON.timestamp()))
    digest = hmac.new(KEY, f"m-1.{at}.{body}".encode(), hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": "m-1", "webhook-timestamp": at, "webhook-signature": signature}

    answers = [
        await service.client.post("/hooks/own", content=body, headers=headers) for _ in range(2)
    ]
    forged = await service.client.post("/hooks/own", content=body + " ", headers=headers)

    assert [answer.status_code for answer in (*answers, forged)] == [202, 202, 401]
    assert await stored(service) == [("/hooks/own", "work.started", "c")]


async def test_what_a_mapping_could_not_read_keeps_the_header_that_names_it(service: Running):
    body = b'{"at": 1803902400}'
    signature = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-topic": "opened", "x-sig": signature, "content-type": "application/json"}

    answer = await service.client.post("/hooks/other", content=body, headers=headers)

    assert answer.json() == {"accepted": 0, "kept_for_later": 1}
    ((kept, reason),) = await Desk(service.db).rows("SELECT headers, reason FROM quarantine")
    told = json.loads(kept) if isinstance(kept, str) else kept
    assert told["x-topic"] == "opened"
    assert "x-sig" not in told
    assert reason == "rule 1 (opened): nothing stands at $.id"
