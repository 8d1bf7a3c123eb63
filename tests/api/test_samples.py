"""Real payloads through the running service: the events table holds exactly what they mean."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.aliases import classified, pseudonym
from app.core.events import TYPES, Alias
from app.simulate.request import Door, Request, headers_at
from app.sources.translation import parse_request
from app.store.engine import Database
from tests.running import HandClock, Running, running
from tests.serving import PHONE_TOKEN, keys, sources_file
from tests.sources.payloads import OPTIONAL, OWN, SHARED, own_cases, shared_cases
from tests.store.desk import Desk

LATER = datetime(2027, 3, 1, 12, tzinfo=UTC)
ALIAS_KEY = b"the-key-of-these-tests"
NOT_IN_DATA = frozenset({"type", "time", "contact", "customer", "agent"})


@pytest.fixture
async def service(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    settings = {
        "sources_file": sources_file(tmp_path),
        "alias_key": SecretStr(ALIAS_KEY.decode()),
    }
    async with running(db, database_url, HandClock(LATER), **settings) as running_:
        yield running_


async def send(service: Running, kind: str, file: Path, content_type: str) -> None:
    body, told = file.read_bytes(), keys(service.token)  # noqa: ASYNC240 - a small local file
    headers = {"content-type": content_type}
    door = Door.EVENTS
    if file.name.endswith(".http.txt"):
        request = parse_request(body)
        body, headers = request.body, dict(request.headers)
    elif kind == "aircall":
        door, body = Door.PHONE, json.dumps(json.loads(body) | {"token": PHONE_TOKEN}).encode()
    elif kind == "chatwoot":
        door = Door.CHAT
    signed = headers_at(Request(LATER, door, headers, body), told, LATER)
    unsent = {"host", "content-length", "connection"}
    signed = {name: value for name, value in signed.items() if name.lower() not in unsent}
    answer = await service.client.post(door, content=body, headers=signed)
    assert answer.status_code == 202, (file, answer.text)
    assert b"kept_for_later" not in answer.content, file


async def stored(service: Running) -> list[dict[str, Any]]:
    rows = await Desk(service.db).rows(
        "SELECT type, occurred_at, received_at, subject, body FROM events ORDER BY seq"
    )
    return [
        {
            "type": type_,
            "time": "RECEIVE_TIME" if occurred_at == received_at else occurred_at,
            "subject": subject,
            "data": json.loads(body),
        }
        for type_, occurred_at, received_at, subject, body in rows
        if type_ in TYPES and type_ not in OPTIONAL
    ]


def keyed(customer: str | None) -> str | None:
    """What is stored of a customer: addresses and numbers only as keyed hashes."""
    kind = classified(customer) if customer else None
    if customer is None or kind is None:
        return customer
    return pseudonym(Alias(kind, customer), ALIAS_KEY).value


def meant(expected: Mapping[str, Any]) -> dict[str, Any]:
    time = expected["time"]
    instant = time if time == "RECEIVE_TIME" else datetime.fromisoformat(time)
    return {**expected, "time": instant, "customer": keyed(expected["customer"])}


def as_meant(event: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """The stored event in the words of the expectation."""
    data = event["data"]
    aliases = data.get("aliases") or []
    first = aliases[0]["value"] if aliases else None
    told = {
        "type": event["type"],
        "time": event["time"],
        "contact": event["subject"] if expected["contact"] else None,
        "customer": data.get("customer") or first,
        "agent": data.get("agent") or (None if expected["contact"] else event["subject"]),
    }
    return told | {name: data.get(name) for name in expected if name not in NOT_IN_DATA}


def same(stored: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return stored.keys() == expected.keys() and all(
            same(stored[name], value) for name, value in expected.items()
        )
    if isinstance(stored, str) and isinstance(expected, str) and stored != expected:
        try:
            return datetime.fromisoformat(stored) == datetime.fromisoformat(expected)
        except ValueError:
            return False
    if stored is None or expected is None:
        # A default is not written down: inbound, not warm, not inferred, by a human.
        return (stored or expected) in (None, "inbound", False, "human", "us", "unknown")
    return bool(stored == expected)


def by_type(event: Mapping[str, Any]) -> tuple[str, str]:
    return (event["type"], str(event["time"]))


async def differences(
    service: Running, kind: str, cases: list[tuple[Path, str, list[dict[str, Any]]]]
) -> dict[str, Any]:
    """What is stored otherwise than expected. Every payload meets an empty desk.

    Several payloads are variants of one delivery, and a delivery is stored once.
    """
    found, desk = {}, Desk(service.db)
    for file, content_type, wanted in cases:
        await desk.run("TRUNCATE events, seen, contacts, contact_names, clocks, promises")
        await send(service, kind, file, content_type)
        await service.settle()
        assert await desk.rows("SELECT * FROM set_aside") == []
        have = sorted(await stored(service), key=by_type)
        expected = sorted(
            (meant(event) for event in wanted if event["type"] not in OPTIONAL), key=by_type
        )
        told = [as_meant(event, want) for event, want in zip(have, expected, strict=False)]
        if len(have) != len(expected) or not all(map(same, told, expected)):
            found[file.name] = (told, expected, have)
    return found


@pytest.mark.parametrize("kind", ["aircall", "chatwoot"])
async def test_our_own_payloads_are_stored_as_what_they_mean(service: Running, kind: str):
    cases = [(OWN / kind / file, "application/json", told) for file, told in own_cases(kind)]

    assert len(cases) > 30
    assert await differences(service, kind, cases) == {}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize("kind", ["aircall", "chatwoot", "cloudevents"])
async def test_the_shared_samples_are_stored_as_what_they_mean(service: Running, kind: str):
    cases = [
        (SHARED / case["file"], case["content_type"], case["expected"])
        for case in shared_cases()
        if case["source"] == kind and "options_handshake" not in case["file"]
    ]

    assert len(cases) >= 3
    assert await differences(service, kind, cases) == {}


@pytest.mark.parametrize("kind", ["aircall", "chatwoot"])
async def test_no_address_number_or_message_text_is_stored(service: Running, kind: str):
    for file, _ in own_cases(kind):
        await send(service, kind, OWN / kind / file, "application/json")

    kept = await Desk(service.db).rows("SELECT body, subject FROM events")
    aliases = [alias for body, _ in kept for alias in json.loads(body).get("aliases", ())]
    hidden = {alias["value"] for alias in aliases if alias["kind"] in ("phone", "email")}
    assert hidden
    assert all(len(value) == 32 for value in hidden)
    assert not any("never stored" in body for body, _ in kept)
