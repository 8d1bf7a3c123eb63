"""``POST /hooks/{source_id}``: who is let in, what is kept of what cannot be read."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.operations.quarantine import MAX_ONE_BYTES, Raw, keep_raw
from app.simulate.request import Door, Request, headers_at
from app.sources.adapter import MAX_BYTES
from tests.conftest import NOON
from tests.running import Running
from tests.serving import CHAT_SECRET, DESK_TOKEN, PHONE_TOKEN, keys
from tests.store.desk import Desk

NOTHING_STORED = [(0, 0, 0)]
STORED = """
SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM seen), (SELECT count(*) FROM quarantine)
"""
KEPT = {"accepted": 0, "kept_for_later": 1}


def call(event: str = "call.created", token: str = PHONE_TOKEN, **changes: Any) -> bytes:
    data = {"id": 1, "direction": "inbound", "started_at": int(NOON.timestamp())} | changes
    stamp = int(NOON.timestamp())
    return json.dumps({"event": event, "timestamp": stamp, "token": token, "data": data}).encode()


async def phone(service: Running, body: bytes, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/json", **headers}
    return await service.client.post("/hooks/phone", content=body, headers=sent)


async def chat(service: Running, payload: dict[str, Any], secret: str = CHAT_SECRET):
    request = Request(NOON, Door.CHAT, {}, json.dumps(payload).encode())
    told = keys("")
    signed = headers_at(request, type(told)("", secret, ""), service.clock.now)
    return await service.client.post(request.door, content=request.body, headers=signed)


async def told(service: Running, name: str) -> float:
    await service.app.service.take_snapshot()
    return (await service.metrics())[name]


async def test_a_source_that_nobody_configured_does_not_exist(service: Running):
    answer = await service.client.post("/hooks/nobody", content=call())

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "There is no such thing",
        "status": 404,
        "detail": "there is no source of that name; see sources.yaml",
    }


async def test_a_wrong_token_leaves_nothing_but_a_count(service: Running):
    answer = await phone(service, call(token="guessed"))  # noqa: S106

    assert answer.status_code == 401
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not known here",
        "status": 401,
        "detail": "the token is not the one of this source",
    }
    assert await Desk(service.db).rows(STORED) == NOTHING_STORED
    assert await told(service, 'evenhand_process_signature_failures_total{source="phone"}') == 1


async def test_a_wrong_signature_leaves_nothing_but_a_count(service: Running):
    answer = await chat(service, {"event": "conversation_created"}, "guessed")

    assert answer.json()["detail"] == "X-Chatwoot-Signature does not match the body"
    assert answer.status_code == 401
    assert await Desk(service.db).rows(STORED) == NOTHING_STORED
    assert await told(service, 'evenhand_process_signature_failures_total{source="chat"}') == 1


async def test_a_signed_delivery_that_comes_too_late_is_refused(service: Running):
    request = Request(NOON, Door.CHAT, {}, b"{}")
    signed = headers_at(request, keys(""), NOON - timedelta(minutes=6))

    answer = await service.client.post(request.door, content=request.body, headers=signed)

    assert answer.status_code == 401
    assert await Desk(service.db).rows(STORED) == NOTHING_STORED


async def test_a_delivery_that_is_too_large_is_refused(service: Running):
    answer = await phone(service, b" " * (MAX_BYTES + 1))

    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, MAX_BYTES)
    assert await Desk(service.db).rows(STORED) == NOTHING_STORED


async def test_a_call_that_came_in_is_stored_once(service: Running):
    first, again = await phone(service, call()), await phone(service, call())

    assert [(one.status_code, one.json()) for one in (first, again)] == [
        (202, {"accepted": 1}),
        (202, {"accepted": 0}),
    ]
    assert await Desk(service.db).rows("SELECT source, type, subject FROM events") == [
        ("/hooks/phone", "contact.received", "1")
    ]


async def test_what_means_nothing_is_taken_and_not_kept(service: Running):
    answer = await phone(service, call("call.commented"))

    assert (answer.status_code, answer.json()) == (202, {"accepted": 0})
    assert await Desk(service.db).rows(STORED) == NOTHING_STORED


@pytest.mark.parametrize(
    "body",
    [call(direction="sideways"), call(started_at="noon"), call(id=None), call(id="x" * 300)],
)
async def test_what_cannot_be_read_is_kept_apart_without_any_secret(service: Running, body: bytes):
    slashed = {"authorization": "Bearer abc", "cookie": "c=1", "x-request-id": "r-1"}
    answer = await phone(service, body, **slashed)

    assert (answer.status_code, answer.json()) == (202, KEPT)
    desk = Desk(service.db)
    [(source, headers, kept)] = await desk.rows("SELECT source, headers, body FROM quarantine")
    assert source == "phone"
    assert set(json.loads(headers)) <= {"content-type", "x-request-id", "user-agent"}
    assert PHONE_TOKEN.encode() not in kept
    assert json.loads(kept)["token"] == "[secret]"  # noqa: S105
    assert await desk.rows("SELECT count(*) FROM events") == [(0,)]
    assert await told(service, "evenhand_events_quarantined") == 1
    reason = 'evenhand_process_events_rejected_total{reason="unreadable"}'
    assert await told(service, reason) == 1


async def test_a_time_in_the_future_is_kept_apart(service: Running):
    ahead = int((NOON + timedelta(minutes=6)).timestamp())

    answer = await phone(service, call(started_at=ahead))

    assert (answer.status_code, answer.json()) == (202, KEPT)
    assert await Desk(service.db).rows(STORED) == [(0, 0, 1)]


async def test_a_secret_written_otherwise_in_the_body_is_cut_out_too(service: Running):
    body = json.dumps({"specversion": "9", "echo": DESK_TOKEN}).encode()
    escaped = body.replace(b"-", b"\\u002d")
    headers = {"authorization": f"Bearer {DESK_TOKEN}", "content-type": "application/json"}

    for each in (body, escaped):
        answer = await service.client.post("/hooks/desk", content=each, headers=headers)
        assert (answer.status_code, answer.json()) == (202, KEPT)

    for (kept,) in await Desk(service.db).rows("SELECT body FROM quarantine"):
        assert DESK_TOKEN not in str(json.loads(kept))


async def test_of_a_large_body_the_beginning_is_kept_and_no_piece_of_a_secret(service: Running):
    raw = Raw(
        "phone", "to be seen", {}, b"x" * (MAX_ONE_BYTES - 9) + PHONE_TOKEN.encode(), (PHONE_TOKEN,)
    )

    await keep_raw(service.db, raw, NOON)

    [(kept,)] = await Desk(service.db).rows("SELECT body FROM quarantine")
    assert kept == b"x" * (MAX_ONE_BYTES - 9) + b"[secret]"


async def test_a_reason_is_kept_without_anybodys_address_or_number(service: Running):
    raw = Raw("phone", "expected a word, got jytte@post.test or +45 20304050", {}, b"{}")

    await keep_raw(service.db, raw, NOON)

    [(reason,)] = await Desk(service.db).rows("SELECT reason FROM quarantine")
    assert "jytte" not in reason
    assert "20304050" not in reason
    assert reason.startswith("expected a word, got ")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_tool_may_look_whether_its_address_is_there(service: Running, method: str):
    answer = await service.client.request(method, "/hooks/phone")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_delivery_is_posted(service: Running):
    answer = await service.client.put("/hooks/phone", content=call())

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
