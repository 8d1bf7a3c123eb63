"""Real payloads through the running service: the events table holds exactly what they mean."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.aliases import classified, pseudonym
from app.core.events import TYPES, Alias
from app.sources.adapter import SignedBy
from app.sources.kinds import ADAPTERS
from app.store.engine import Database
from tests.running import HandClock, Running, running
from tests.sources.payloads import (
    OPTIONAL,
    OWN_KINDS,
    SHARED,
    Case,
    all_own_cases,
    own_cases,
    shared_cases,
)
from tests.store.desk import Desk

LATER = datetime(2027, 3, 1, 12, tzinfo=UTC)
TOKEN = "a-token-for-every-source"  # noqa: S105
POSTED = sorted(
    kind for kind, adapter in ADAPTERS.items() if adapter.signed_by is not SignedBy.CONNECTION
)
NEEDED: Mapping[str, Any] = {}
"""What a kind cannot do without."""
ALIAS_KEY = b"the-key-of-these-tests"
NOT_IN_DATA = frozenset({"type", "time", "contact", "customer", "agent"})


def sources_file(directory: Path) -> Path:
    """A source of each kind that is posted to, all of them let in by one token."""
    entries = [
        {"id": kind.replace("_", "-"), "kind": kind, "unsigned": True}
        | {"token": {"file": str(directory / "token")}, **NEEDED.get(kind, {})}
        for kind in POSTED
    ]
    (directory / "token").write_text(TOKEN)
    file = directory / "sources.yaml"
    file.write_text(json.dumps({"sources": entries}))
    return file


@pytest.fixture
async def service(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    settings = {
        "sources_file": sources_file(tmp_path),
        "alias_key": SecretStr(ALIAS_KEY.decode()),
    }
    async with running(db, database_url, HandClock(LATER), **settings) as running_:
        yield running_


async def send(service: Running, case: Case) -> None:
    is_ours = case.kind == "cloudevents"
    url = "/v1/events" if is_ours else f"/hooks/{case.kind.replace('_', '-')}"
    bearer = {"authorization": f"Bearer {service.token if is_ours else TOKEN}"}
    unsent = {"host", "content-length", "connection", "authorization"}
    told = {name: value for name, value in case.headers.items() if name not in unsent}
    answer = await service.client.post(url, content=case.body, headers=told | bearer)
    assert answer.is_success, (case, answer.text)
    assert b"kept_for_later" not in answer.content, case


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
    return told | {
        name: data.get("via", data.get(name)) if name == "channel" else data.get(name)
        for name in expected
        if name not in NOT_IN_DATA
    }


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


async def differences(service: Running, cases: Iterable[Case]) -> dict[str, Any]:
    """What is stored otherwise than expected. Every payload meets an empty desk.

    Several payloads are variants of one delivery, and a delivery is stored once.
    """
    found, desk = {}, Desk(service.db)
    for case in cases:
        await desk.run("TRUNCATE events, seen, contacts, contact_names, clocks, promises")
        await send(service, case)
        await service.settle()
        assert await desk.rows("SELECT * FROM set_aside") == []
        have = sorted(await stored(service), key=by_type)
        expected = sorted(
            (meant(event) for event in case.expected if event["type"] not in OPTIONAL),
            key=by_type,
        )
        told = [as_meant(event, want) for event, want in zip(have, expected, strict=False)]
        if len(have) != len(expected) or not all(map(same, told, expected)):
            found[case.file] = (told, expected, have)
    return found


@pytest.mark.parametrize("kind", OWN_KINDS)
async def test_our_own_payloads_are_stored_as_what_they_mean(service: Running, kind: str):
    cases = [case for case in own_cases(kind) if case.method == "POST"]

    assert len(cases) > 3
    assert await differences(service, cases) == {}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
async def test_the_shared_samples_are_stored_as_what_they_mean(service: Running):
    cases = [case for case in shared_cases() if case.method == "POST" and case.kind in POSTED]

    assert await differences(service, cases) == {}


async def test_no_address_number_or_message_text_is_stored(service: Running):
    for case in all_own_cases():
        if case.method == "POST":
            await send(service, case)

    kept = await Desk(service.db).rows("SELECT body, subject FROM events")
    aliases = [alias for body, _ in kept for alias in json.loads(body).get("aliases", ())]
    hidden = {alias["value"] for alias in aliases if alias["kind"] in ("phone", "email")}
    assert hidden
    assert all(len(value) == 32 for value in hidden)
    assert not any("never stored" in body for body, _ in kept)
