"""Real payloads through the running service: the events table holds exactly what they mean."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.aliases import pseudonymised
from app.sources.adapter import SignedBy
from app.sources.kinds import ADAPTERS, translate
from app.store.engine import Database
from tests.running import HandClock, Running, running
from tests.sources.payloads import (
    OWN_KINDS,
    Case,
    all_own_cases,
    shared_cases,
)
from tests.store.desk import Desk

LATER = datetime(2027, 3, 1, 12, tzinfo=UTC)
TOKEN = "a-token-for-every-source"  # noqa: S105
POSTED = sorted(
    kind for kind, adapter in ADAPTERS.items() if adapter.signed_by is not SignedBy.CONNECTION
)
NEEDED: Mapping[str, Any] = {
    "mapping": {"mapping": {"rules": [{"tell": "contact.received", "subject": "$.id"}]}}
}
"""What a kind cannot do without."""
ALIAS_KEY = b"the-key-of-these-tests"


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
    url = f"/hooks/{case.kind.replace('_', '-')}"
    bearer = {"authorization": f"Bearer {TOKEN}"}
    unsent = {"host", "content-length", "connection", "authorization"}
    told = {name: value for name, value in case.headers.items() if name not in unsent}
    answer = await service.client.post(url, content=case.body, headers=told | bearer)
    assert answer.is_success, (case, answer.text)
    assert b"kept_for_later" not in answer.content, case


async def test_what_payloads_mean_is_stored_once_and_nothing_else(service: Running):
    configs = {config.source.kind: config for config in service.app.service.configs}
    cases = [*all_own_cases(), *shared_cases()]
    cases = [case for case in cases if case.method == "POST" and case.kind in configs]
    for case in cases:
        await send(service, case)
    await service.settle()

    assert await Desk(service.db).rows("SELECT * FROM set_aside") == []
    expected: dict[tuple[str, str], tuple[str, str, bytes]] = {}
    for case in cases:
        for event in translate(replace(case.delivery, url=""), configs[case.kind]):
            told = pseudonymised(event, ALIAS_KEY)
            expected.setdefault((told.source, told.id), (told.type, told.subject, told.body))
    rows = await Desk(service.db).rows("SELECT source, event_id, type, subject, body FROM events")
    found = {
        (source, id_): (type_, subject, body.encode()) for source, id_, type_, subject, body in rows
    }
    assert {case.kind for case in cases} == set(OWN_KINDS) & set(POSTED)
    assert found == expected
    assert not any(b"never stored" in body for _, _, body in found.values())


async def test_no_address_or_number_is_stored(service: Running):
    for case in all_own_cases():
        if case.kind in ("aircall", "chatwoot", "postmark", "whatsapp"):
            await send(service, case)

    kept = await Desk(service.db).rows("SELECT body, subject FROM events")
    aliases = [alias for body, _ in kept for alias in json.loads(body).get("aliases", ())]
    hidden = {alias["value"] for alias in aliases if alias["kind"] in ("phone", "email")}
    assert hidden
    assert all(len(value) == 32 for value in hidden)
