"""``policy explain`` shows the working of a contact's deadlines, by the policy in force or by another."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from app.__main__ import main
from app.store.engine import Database
from tests.conftest import NOON
from tests.running import ROOT, running

POLICY = ROOT / "tests" / "examples" / "policy.yaml"
EVENTS = ROOT / "tests" / "examples" / "events.jsonl"
OFFLINE = ("--policy", str(POLICY), "--events", str(EVENTS))
STRICTER = """
version: 9
calendars: {always: {always_open: true}}
teams: {support: {calendar: always}}
targets: [{rule: Stricter, first_response: 10m}]
"""


class Explained:
    """What the command printed, and its status."""

    def __init__(self, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
        self.status = main(["policy", "explain", *arguments])
        self.out, self.err = capsys.readouterr()


def test_a_contact_of_a_file_is_explained_without_a_database(capsys: pytest.CaptureFixture[str]):
    told = Explained(["mail-1", *OFFLINE], capsys)

    assert told.status == 0
    assert told.out.splitlines()[:11] == [
        "Contact mail-1 of Acme (important), by e-mail, with support.",
        "All times are those of UTC, as of Monday 2 March 14:05.",
        "It was resolved Monday 2 March 14:05.",
        "",
        (
            "First response, promised within 1 h (round the clock) by the rule 'Everything else' "
            "(policy version 1, line 16), which is for whatever no rule above it fits."
        ),
        "'Phone' did not fit: the contact came by e-mail, not by phone.",
        "Started Monday 2 March 09:00, with the customer's first message.",
        "Counted: Mon 2 Mar 09:00-10:00 (1 h).",
        "Due Monday 2 March 10:00.",
        "Answered Monday 2 March 10:00: kept, 1 h of 1 h used.",
        "",
    ]


def test_a_file_is_explained_as_of_any_instant(capsys: pytest.CaptureFixture[str]):
    told = Explained(["mail-1", *OFFLINE, "--until", "2026-03-02T09:30:00+00:00"], capsys)

    assert "Not answered yet: 30 min of 1 h used, 30 min left." in told.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", *OFFLINE], "no source told of a contact 'nobody'"),
        (
            ["mail-1", "--events", str(EVENTS)],
            "a file of events needs a policy to be judged by: --policy FILE",
        ),
        (
            ["mail-1", "--until", "2026-03-02T09:30:00+00:00"],
            "--until goes with --events: the database is told of as it is now",
        ),
    ],
)
def test_what_cannot_be_explained_is_said(arguments, message, capsys: pytest.CaptureFixture[str]):
    told = Explained(arguments, capsys)

    assert (told.status, told.out, told.err) == (1, "", f"{message}\n")


async def test_a_contact_of_the_service_is_explained_by_its_policy_or_by_another(
    db: Database,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text(STRICTER)
    monkeypatch.setenv("EVENHAND_DATABASE_URL", database_url)
    async with running(db, database_url) as service:
        await service.send("contact.received", "m1", NOON, channel="email", team="support")
        service.clock.now = NOON + timedelta(minutes=20)
        await service.send("agent.replied", "m1")
        capsys.readouterr()

        told = await asyncio.to_thread(Explained, ["m1", "--source", "crm"], capsys)
        other = await asyncio.to_thread(
            Explained, ["m1", "--source", "crm", "--file", str(stricter)], capsys
        )

    assert "Answered Monday 2 March 12:20: kept, 20 min of 1 h used." in told.out
    assert (
        "Answered Monday 2 March 12:20: broken since Monday 2 March 12:10, 20 min used of 10 min, "
        "10 min too much."
    ) in other.out
