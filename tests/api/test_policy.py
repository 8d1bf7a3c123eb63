"""The policy over HTTP: read, tried, put in force; what is wrong with one is said line by line."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.operations.access import make_token
from app.store.engine import Database
from tests.conftest import NOON
from tests.running import ROOT, Running, running
from tests.store.desk import rows

TEXT = (ROOT / "tests" / "examples" / "policy.yaml").read_text()
STRICTER = TEXT.replace("version: 1", "version: 2").replace("20s", "10s")
CLOCKS = """
SELECT contact_key, target_us / 1000000, policy_version, due_at - started_at
FROM clocks WHERE kind = 'first_response' ORDER BY contact_key
"""
CALL: dict[str, Any] = {"channel": "phone", "team": "hotline"}


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody with a token for everything, and one who may only read."""

    service: Running
    admin: str
    reader: str

    async def ask(self, method: str, path: str, token: str = "", **told: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.admin}", **told.pop("headers", {})}
        return await self.service.client.request(method, path, headers=headers, **told)

    async def put(self, text: str | bytes, query: str = "") -> httpx.Response:
        headers = {"content-type": "application/yaml"}
        return await self.ask("POST", f"/v1/policy{query}", content=text, headers=headers)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.service.db.begin() as tx:
            return await rows(tx, query)


@pytest.fixture
async def manager(db: Database, database_url: str) -> AsyncIterator[Manager]:
    async with running(db, database_url) as service:
        now = service.clock.now
        _, admin = await make_token(db, {"admin", "read"}, "manager", now)
        _, reader = await make_token(db, {"read"}, "reader", now)
        yield Manager(service, admin, reader)


async def test_a_new_version_moves_the_deadlines_that_are_open_and_no_others(manager: Manager):
    service = manager.service
    await service.send("contact.received", "call-1", **CALL)
    service.clock.pass_(seconds=5)
    await service.send("contact.answered", "call-1")
    await service.send("contact.resolved", "call-1")
    await service.send("contact.received", "call-2", **CALL)
    await service.settle()

    answer = await manager.put(STRICTER)
    await service.settle()

    assert (answer.status_code, answer.json()) == (
        *(201,),
        {"version": 2, "effective_from": "2026-03-02T12:00:05Z", "open_contacts": 1},
    )
    old, new = (timedelta(seconds=span) for span in (20, 10))
    assert await manager.rows(CLOCKS) == [
        ("crm\x1fcall-1", 20, 1, old),
        ("crm\x1fcall-2", 10, 2, new),
    ]


async def test_an_edited_calendar_moves_open_deadlines_without_a_restart(manager: Manager):
    service = manager.service
    await service.send("contact.received", "call-1", **CALL)
    await service.settle()
    afternoon = "{zone: Europe/Copenhagen, hours: {mon-fri: 14:00-16:00}}"

    answer = await manager.put(
        STRICTER.replace("{always_open: true}", afternoon).replace("10s", "20s")
    )
    await service.settle()

    assert answer.status_code == 201, answer.text
    (due_at,) = (await manager.rows("SELECT due_at FROM clocks WHERE kind = 'first_response'"))[0]
    assert due_at.isoformat() == "2026-03-02T13:00:20+00:00"  # 14:00 in Copenhagen


async def test_a_dry_run_says_what_would_differ_and_changes_nothing(manager: Manager):
    answer = await manager.put(STRICTER, "?dry_run=true")

    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["version"]) == (200, True, 2)
    assert (told["rules_new"], told["rules_gone"], told["compared_with"]) == ([], [], 1)
    assert {(change["before"], change["after"]) for change in told["targets"]} == {("20s", "10s")}
    assert await manager.rows("SELECT version FROM policies") == [(1,)]


async def test_every_fault_is_named_with_its_line_and_what_was_expected_there(manager: Manager):
    wrong = STRICTER.replace("10s", "soon") + "holidays: DK\n"

    answer = await manager.put(wrong)

    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["came"] for fault in told["faults"]][-2:] == ["'soon'", "holidays: DK"]
    for fault in told["faults"]:
        assert fault["came"].strip("'") in wrong.splitlines()[fault["line"] - 1]
        assert fault["expected"]
        assert fault["path"]
    assert await manager.rows("SELECT version FROM policies") == [(1,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("effective_from: 2026-13-01T00:00:00Z", "should be a valid datetime"),
        ("purpose: a\0b", "characters that can be seen"),
        ("[" * 3000, "at most 50 levels within each other"),
        ("a: &a [x]\nb: *a", "the words themselves"),
    ],
)
async def test_what_is_hardly_yaml_is_refused_as_any_other_fault(
    manager: Manager, text: str, expected: str
):
    answer = await manager.put(text)

    (fault,) = answer.json()["faults"]
    assert answer.status_code == 422
    assert fault["expected"].startswith(expected)


async def test_refused_policies_are_counted(manager: Manager):
    await manager.put("teams: 3")
    await manager.put("teams: 3", "?dry_run=true")
    await manager.service.settle()

    assert (await manager.service.metrics())["evenhand_process_policy_refused_total"] == 1


@pytest.mark.parametrize(("text", "is_known"), [(TEXT, True), (TEXT + "# edited\n", False)])
async def test_a_version_that_is_not_raised_is_refused(
    manager: Manager, text: str, *, is_known: bool
):
    answer = await manager.put(text)

    told = answer.json()
    assert (answer.status_code, told["newest"], told["is_known"]) == (409, 1, is_known)
    assert told["detail"].startswith("expected a version higher than 1, got 1")


async def test_a_version_that_would_begin_in_the_past_is_refused(manager: Manager):
    answer = await manager.put(STRICTER + f"effective_from: {(NOON - timedelta(1)).isoformat()}\n")

    assert (answer.status_code, answer.json()["field"]) == (422, "effective_from")


async def test_the_version_in_force_and_those_announced_can_be_read(manager: Manager):
    tomorrow = NOON + timedelta(days=1)
    await manager.put(STRICTER + f"effective_from: {tomorrow.isoformat()}\n")

    told = (await manager.ask("GET", "/v1/policy", manager.reader)).json()
    one = (await manager.ask("GET", "/v1/policy/versions/2", manager.reader)).json()
    manager.service.clock.pass_(days=1)
    then = (await manager.ask("GET", "/v1/policy", manager.reader)).json()

    assert (told["version"], told["text"], told["state"]) == (1, TEXT, "in force")
    assert [(each["version"], each["state"]) for each in told["versions"]] == [
        (1, "in force"),
        (2, "announced"),
    ]
    assert (one["effective_from"], one["state"]) == ("2026-03-03T12:00:00Z", "announced")
    assert [each["state"] for each in then["versions"]] == ["replaced", "in force"]


async def test_a_version_that_is_not_there_is_said_with_those_that_are(manager: Manager):
    answer = await manager.ask("GET", "/v1/policy/versions/7", manager.reader)

    assert (answer.status_code, answer.json()["versions"]) == (404, [1])


@pytest.mark.parametrize(
    ("method", "path", "who"),
    [("POST", "/v1/policy", "reader"), ("GET", "/v1/policy", "sender")],
)
async def test_a_token_of_the_wrong_scope_is_not_let_in(
    manager: Manager, method: str, path: str, who: str
):
    token = manager.reader if who == "reader" else manager.service.token

    answer = await manager.ask(method, path, token)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"# " + b"x" * 1_000_000, "text/yaml", 413),
        (b"purpose: \xff", "text/yaml", 422),
        (b"", "text/yaml", 422),
        (b"a: [", "text/yaml; charset=utf-8", 422),
    ],
)
async def test_what_is_no_policy_is_refused_for_its_reason(
    manager: Manager, content: bytes, content_type: str, status: int
):
    headers = {"content-type": content_type}

    answer = await manager.ask("POST", "/v1/policy", content=content, headers=headers)

    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_before_anybody_wrote_a_policy_there_is_none_to_read(db: Database, database_url: str):
    async with running(db, database_url, policy_file=None) as service:
        _, token = await make_token(db, {"read"}, "reader", service.clock.now)
        answer = await Manager(service, token, token).ask("GET", "/v1/policy")

    assert answer.status_code == 404
