"""``POST /v1/events``: what is said to whom, and what is stored."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.operations.access import CACHED_FOR, make_token, revoke_token
from app.sources.cloudevents import MAX_BATCH_BYTES
from tests.conftest import NOON
from tests.running import Running
from tests.store.desk import Desk

BATCH = "application/cloudevents-batch+json"
LIMIT = {
    "type": "about:blank",
    "title": "Too large",
    "status": 413,
    "limit_bytes": MAX_BATCH_BYTES,
}


def event(id_: str = "e1", **changes: Any) -> dict[str, Any]:
    told = {
        "specversion": "1.0",
        "id": id_,
        "source": "crm",
        "type": "contact.received",
        "time": NOON.isoformat(),
        "subject": "call-1",
        "data": {"channel": "phone"},
    } | changes
    return {name: value for name, value in told.items() if value is not None}


async def stored(service: Running) -> list[tuple[Any, ...]]:
    return await Desk(service.db).rows("SELECT event_id, type FROM events ORDER BY event_id")


async def told(service: Running, name: str) -> float:
    await service.app.service.take_snapshot()
    return (await service.metrics())[name]


def taken(accepted: int, duplicates: int = 0, conflicts: int = 0, refused: Any = ()) -> Any:
    return {
        "accepted": accepted,
        "duplicates": duplicates,
        "conflicts": conflicts,
        "refused": list(refused),
    }


NOT_KNOWN = {
    "type": "about:blank",
    "title": "Not known here",
    "status": 401,
    "detail": "expected a bearer token that may send",
}


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer nonsense", "Basic dTpw", "Bearer æ"])
async def test_who_shows_no_token_that_may_send_is_not_known(service: Running, shown: str | None):
    headers = {b"content-type": BATCH.encode()}
    headers |= {} if shown is None else {b"authorization": shown.encode()}

    answer = await service.client.post("/v1/events", content=json.dumps(event()), headers=headers)

    assert (answer.status_code, answer.json()) == (401, NOT_KNOWN)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(service) == []


async def test_a_token_that_may_only_read_may_not_send(service: Running):
    _, service.token = await make_token(service.db, {"read"}, "a screen", NOON)

    answer = await service.post(json.dumps(event()))

    assert (answer.status_code, answer.json()) == (401, NOT_KNOWN)


async def test_a_revoked_token_is_worthless_once_it_is_forgotten(service: Running):
    number, service.token = await make_token(service.db, {"send"}, "a tool", NOON)
    assert (await service.post(json.dumps(event()))).status_code == 202
    await revoke_token(service.db, number, NOON)

    service.clock.now += CACHED_FOR + timedelta(seconds=1)

    assert (await service.post(json.dumps(event("e2")))).status_code == 401
    assert await stored(service) == [("e1", "contact.received")]


async def test_a_body_that_says_it_is_too_large_is_not_read(service: Running):
    answer = await service.post(b" " * (MAX_BATCH_BYTES + 1), BATCH)

    detail = f"expected at most {MAX_BATCH_BYTES} bytes, got {MAX_BATCH_BYTES + 1}"
    assert (answer.status_code, answer.json()) == (413, LIMIT | {"detail": detail})


async def test_a_body_that_grows_too_large_on_the_way_is_not_read_to_its_end(service: Running):
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 100_000
            yield b" " * 100_000

    headers = {"authorization": f"Bearer {service.token}", "content-type": BATCH}
    answer = await service.client.post("/v1/events", content=chunks(), headers=headers)

    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, MAX_BATCH_BYTES)
    assert await stored(service) == []


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ('{"id": ', "$", "JSON"),
        ("[]", "$", "object"),
        (event(id=""), "$.id", "`str` of length >= 1"),
        (event(id=7), "$.id", "str"),
        (event(time="2026-03-02T12:00:00"), "$.time", "an RFC 3339 instant with an offset"),
        (event(time="noon"), "$.time", "an RFC 3339 instant with an offset"),
        (event(time=None), "$.time", "an RFC 3339 instant with an offset"),
        (event(subject=None), "$.subject", "text of 1 to 256 characters"),
        (event(specversion="0.3"), "$.specversion", "1.0"),
        (event(source="/hooks/phone"), "$.source", "not to begin with /hooks/"),
        (event(data=[]), "$.data", "object"),
        (event(data={"channel": "fax"}), "$.data.channel", "phone or chat or email"),
        (event(data={"customer": "x" * 257}), "$.data.customer", "`str` of length <= 256"),
        (event(subject="y" * 257), "$.subject", "`str` of length <= 256"),
        (event(subject="a\0b"), "$.subject", "text without the character U+0000"),
        (event(data={"note": {"x": ["\0"]}}), "$.data.note.x[0]", "text without the character U+0000"),
        (
            event(type="followup.promised", data={"due": "2026-03-02T12:00:00"}),
            "$.data.due",
            "datetime with a timezone component",
        ),
        (
            event(time=(NOON + timedelta(minutes=6)).isoformat()),
            "$.time",
            "at most 5 minutes after 2026-03-02T12:00:00+00:00",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(service: Running, body: Any, field: str, expected: str):
    answer = await service.post(body if isinstance(body, str) else json.dumps(body))

    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert expected.replace("`", "") in problem["expected"].replace("`", "")
    assert problem["detail"] == f"{field}: expected {problem['expected']}, got {problem['got']}"
    assert await stored(service) == []


async def test_another_media_type_is_no_form_of_events(service: Running):
    answer = await service.post("<event/>", "text/xml")

    assert answer.status_code == 415
    assert answer.json()["detail"].endswith("got 'text/xml'")


async def test_an_unknown_type_is_stored_and_counted(service: Running):
    answer = await service.post(json.dumps(event(type="weather.changed", time=None, subject=None)))

    assert (answer.status_code, answer.json()) == (202, taken(1))
    assert await stored(service) == [("e1", "weather.changed")]
    assert await told(service, "evenhand_process_events_unknown_type_total") == 1


async def test_of_a_batch_the_good_are_stored_and_the_bad_are_listed_by_index(service: Running):
    bad, worse = event("e2", time=None), event("e4", data={"channel": 7})
    batch = [event("e1"), bad, event("e3"), worse, 5]

    answer = await service.post(json.dumps(batch), BATCH)

    assert answer.status_code == 202
    refused = answer.json().pop("refused")
    assert [(one["index"], one["field"]) for one in refused] == [
        (1, "$.time"), (3, "$.data.channel"), (4, "$"),
    ]  # fmt: skip
    assert answer.json() == taken(2, refused=refused)
    assert await stored(service) == [("e1", "contact.received"), ("e3", "contact.received")]


async def test_a_batch_of_bad_events_only_is_a_problem_that_lists_them(service: Running):
    answer = await service.post(json.dumps([event("e1", time=None)]), BATCH)

    assert answer.status_code == 422
    assert answer.json() == {
        "type": "about:blank",
        "title": "Something in it is wrong",
        "status": 422,
        "detail": "none of the events can be stored",
        "refused": [
            {
                "index": 0,
                "field": "$.time",
                "expected": "an RFC 3339 instant with an offset",
                "got": "nothing",
            }
        ],
    }


@pytest.mark.parametrize(("body", "form"), [("[]", BATCH), ("\n\n", "application/x-ndjson")])
async def test_an_empty_batch_is_taken(service: Running, body: str, form: str):
    answer = await service.post(body, form)

    assert (answer.status_code, answer.json()) == (202, taken(0))


async def test_what_comes_again_is_stored_once(service: Running):
    await service.post(json.dumps(event("e1")))
    batch = [event("e1"), event("e2"), event("e2"), event("e2", subject="call-2")]

    answer = await service.post(json.dumps(batch), BATCH)
    again = await service.post(json.dumps(event("e1", data={"channel": "chat"})))

    assert answer.json() == taken(1, duplicates=3, conflicts=1)
    assert again.json() == taken(0, duplicates=1, conflicts=1)
    assert await told(service, 'evenhand_process_events_conflicting_total{source="api"}') == 2
    assert await told(service, "evenhand_process_events_duplicate_total") == 4
    assert await Desk(service.db).rows("SELECT subject FROM events ORDER BY event_id") == [
        ("call-1",),
        ("call-1",),
    ]


async def test_a_sender_may_ask_whether_it_may_send(service: Running):
    answer = await service.client.options(
        "/v1/events", headers={"webhook-request-origin": "tool.test"}
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["webhook-allowed-origin"] == "tool.test"
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert int(answer.headers["webhook-allowed-rate"]) > 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
async def test_events_are_posted_and_nothing_else(service: Running, method: str):
    answer = await service.client.request(method, "/v1/events")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


ODD = [
    "a\U0001f600b", "ÆØÅ", "مرحبا", "e\u0301", "\u202eright", "\ufeff", "\x7f", "a\x1fb", "'; --",
    "%00", "\\u0000", "\U0010ffff", "\ufffd", "a\tb", "a\nb", "{}", "null", "🧑\u200d🚀" * 20,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=ascii)
async def test_odd_text_is_kept_letter_for_letter_and_replayed(service: Running, text: str):
    data = {"channel": "phone", "team": "hotline", "customer": text, "queue": text, "note": text}
    answer = await service.post(json.dumps(event(text, subject=text, data=data)))

    await service.settle()

    assert (answer.status_code, answer.json()) == (202, taken(1))
    desk = Desk(service.db)
    assert await desk.rows("SELECT event_id, subject FROM events") == [(text, text)]
    assert await desk.rows("SELECT customer, queue FROM contacts") == [(text, text)]
    assert await desk.rows("SELECT key FROM set_aside") == []
    assert (await service.client.get("/wallboard/state")).status_code == 200


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\ud800x", "\\udfff\\ud800"])
async def test_half_a_character_is_refused(service: Running, half: str):
    body = json.dumps(event(data={"note": "HALF"})).replace("HALF", half)

    answer = await service.post(body)

    assert answer.status_code == 422
    assert await stored(service) == []


def _wide(number: int, size: int = 256) -> str:
    """Text of four bytes a character that does not pack well."""
    return "".join(chr(0x10000 + (number * 7919 + i * i * 31337) % 0xF000) for i in range(size))


async def test_names_too_wide_for_an_index_are_refused_and_stop_nobody_else(service: Running):
    wide = event(
        "wide", source=_wide(1), subject=_wide(2), data={"same_as": _wide(3), "customer": _wide(4)}
    )

    answers = await asyncio.gather(
        *(service.post(json.dumps(told)) for told in (event("e1"), wide, event("e2")))
    )

    assert [answer.status_code for answer in answers] == [202, 422, 202]
    await service.settle()
    assert (await service.post(json.dumps(event("e3")))).status_code == 202


async def test_more_addresses_than_an_event_may_have_stop_nobody_else(service: Running):
    aliases = [{"kind": "email", "value": f"jo{n}@firm{n}.test"} for n in range(64)]
    many = event("many", subject="call-9", data={"aliases": aliases, "same_as": "call-8"})

    answers = await asyncio.gather(
        *(service.post(json.dumps(told)) for told in (event("e1"), many, event("e2")))
    )

    assert [answer.status_code for answer in answers][::2] == [202, 202]
    assert answers[1].status_code in (202, 422)
    await service.settle()
    assert (await service.post(json.dumps(event("e3")))).status_code == 202
