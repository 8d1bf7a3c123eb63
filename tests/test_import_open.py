"""A backlog is loaded on the first day: its clocks are as if it had been followed all along."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.core.policy import Policy
from app.operations.backlog import Loaded, Loading, load_backlog
from app.sources.tables.backlog import read_backlog
from app.store.engine import Database
from tests.conftest import NOON
from tests.store.desk import POLICY, Desk, terms

KEY = b"k" * 32
HOUR = timedelta(hours=1)
CLOCKS = """
SELECT contact_key, kind, number, started_at, due_at, breaches_at, stopped_at, is_paused, noted
FROM clocks ORDER BY 1, 2, 3
"""


def line(contact: str, opened_at: datetime, **told: Any) -> str:
    at = {key: value.isoformat() for key, value in told.items() if isinstance(value, datetime)}
    own = {"contact": contact, "source": "crm", "channel": "email", "team": "support"}
    return json.dumps({**own, "opened_at": opened_at.isoformat(), **told, **at})


async def load(desk: Desk, *lines: str) -> Loaded:
    policy: Policy = desk.terms.policies.newest
    loading = Loading(desk.db, KEY, policy, lambda _done: None)
    return await load_backlog(read_backlog("\n".join(lines), {}, desk.now), loading)


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, terms())


async def test_clocks_are_as_if_the_contact_had_been_followed_all_along(desk: Desk):
    opened, asked = NOON - 30 * HOUR, NOON - 2 * HOUR
    since = {"channel": "email", "team": "support"}
    await desk.tell("contact.received", "followed-new", -2400, **since)
    await desk.tell("contact.received", "followed-old", -30 * 3600, **since)
    await desk.tell("agent.replied", "followed-old", -29 * 3600)
    await desk.tell("customer.replied", "followed-old", -2 * 3600)
    done = await load(
        desk,
        line("loaded-new", NOON - timedelta(seconds=2400)),
        line("loaded-old", opened, last_agent_at=opened + HOUR, last_customer_at=asked),
    )
    await desk.settle()
    await desk.judge()

    found = await desk.rows(CLOCKS)
    by_subject = {
        name: [row[1:2] + row[3:] for row in found if row[0].endswith(name)]
        for name in ("followed-new", "loaded-new", "followed-old", "loaded-old")
    }
    assert (done.contacts, done.events, done.refused) == (2, 4, [])
    assert by_subject["loaded-new"] == by_subject["followed-new"] != []
    followed = [row for row in by_subject["followed-old"] if row[0] != "first_response"]
    assert by_subject["loaded-old"] == followed
    assert {row[0] for row in followed} == {"next_response", "resolution"}
    await desk.assert_sound()


async def test_loading_the_same_file_again_changes_nothing(desk: Desk):
    lines = [line(str(n), NOON - n * HOUR, owner="a1", customer="Jo") for n in range(1, 8)]
    await load(desk, *lines)
    await desk.settle()
    before = await desk.projections()

    again = await load(desk, *lines)
    await desk.settle()

    assert (again.contacts, again.known, again.events, again.told_otherwise) == (0, 7, 0, 0)
    assert await desk.projections() == before


async def test_another_word_on_what_was_loaded_is_counted_and_the_first_stays(desk: Desk):
    await load(desk, line("1", NOON - HOUR, team="support"))

    again = await load(desk, line("1", NOON - HOUR, team="hotline"))

    assert (again.known, again.told_otherwise) == (1, 1)


async def test_what_happens_later_goes_on_where_the_file_ended(desk: Desk):
    await load(desk, line("1", NOON - 10 * HOUR, answered="yes"))
    await desk.tell("customer.replied", "1", 10)
    await desk.tell("agent.replied", "1", 20)
    await desk.settle()

    kinds = await desk.rows("SELECT kind, stopped_at IS NULL FROM clocks ORDER BY kind")

    assert kinds == [("next_response", False), ("resolution", True)]


async def test_no_address_of_a_customer_is_stored(desk: Desk):
    await load(
        desk,
        line("1", NOON - HOUR, customer="email:jo@canary.dk"),
        line("2", NOON - HOUR, customer="jo@canary.dk"),
        line("3", NOON - HOUR, customer="phone:+4512345678"),
    )
    await desk.settle()

    stored = str(await desk.rows("SELECT body FROM events")) + str(await desk.projections())
    assert "jo@canary" not in stored
    assert "12345678" not in stored
    customers = await desk.rows("SELECT customer FROM contacts WHERE subject <> '3'")
    assert len(set(customers)) == 1


async def test_a_team_that_the_policy_does_not_name_is_counted(desk: Desk):
    done = await load(desk, line("1", NOON - HOUR, team="moon"), line("2", NOON - HOUR))

    assert (done.contacts, done.nobodys) == (2, 1)


async def test_more_than_one_batch_is_loaded(desk: Desk):
    done = await load(desk, *(line(str(n), NOON - HOUR) for n in range(1_100)))

    assert (done.lines, done.events) == (1_100, 1_100)
    assert await desk.rows("SELECT count(*) FROM events") == [(1_100,)]


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The settings of a deployment, and a place for a file."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.setenv("EVENHAND_DATABASE_URL", database_url)
    monkeypatch.setenv("EVENHAND_POLICY_FILE", str(tmp_path / "policy.yaml"))
    return tmp_path / "backlog.jsonl"


def test_the_command_imports_the_good_lines_and_lists_the_bad(
    db: Database, service: Path, capsys: pytest.CaptureFixture[str]
):
    service.write_text("\n".join([line("1", NOON), line("2", NOON, state="closed")]))

    status = main(["import-open", str(service)])

    said = capsys.readouterr()
    assert status == 1
    assert "1 contacts imported with 1 events, 0 were known already, 1 lines refused." in said.out
    assert "backlog.jsonl, line 2: state: expected one of open, waiting_for_customer" in said.err
    assert "2 of 2 lines read" in said.err


def test_the_command_says_which_rules_hold_for_a_team_that_nobody_knows(
    db: Database, service: Path, capsys: pytest.CaptureFixture[str]
):
    service.write_text(line("1", NOON, team=None, queue="moon"))

    assert main(["import-open", str(service)]) == 0

    assert (
        "1 contacts have a team or queue that the policy does not name: "
        "the rules that name no team hold for them, on the first calendar of the policy."
    ) in capsys.readouterr().out


def test_the_command_ends_well_when_every_line_was_good(
    db: Database, service: Path, capsys: pytest.CaptureFixture[str]
):
    service.write_text(line("1", NOON))

    assert main(["import-open", str(service)]) == 0
    assert main(["import-open", str(service)]) == 0
    assert "0 contacts imported with 0 events, 1 were known already" in capsys.readouterr().out
