"""A table of customers is told by the command line, and told again changes nothing."""

import asyncio
from pathlib import Path

import pytest

from app.__main__ import main
from app.store.engine import Database
from tests.store.desk import CUSTOMERS, POLICY, Desk


@pytest.fixture
def table(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a deployment, and a place for a table."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.setenv("EVENHAND_DATABASE_URL", database_url)
    monkeypatch.setenv("EVENHAND_POLICY_FILE", str(tmp_path / "policy.yaml"))
    return tmp_path / "customers.csv"


async def test_a_table_is_tried_then_stored_and_then_known(
    db: Database, table: Path, capsys: pytest.CaptureFixture[str]
):
    _write(table, "Kundenr;Firma;Farve;Telefon\n7;Jensen VVS;blue;20 12 34 56\n")
    asked = ["customers", "import", str(table), "--region", "DK"]

    statuses = [await _run([*asked, *more]) for more in (["--dry-run"], [], [])]

    said = capsys.readouterr().out
    assert statuses == [0, 0, 0]
    assert [line for line in said.splitlines() if "lines refused" in line] == [
        "1 customer would be told of, 0 were known so already, 0 lines refused.",
        "1 customer told of, 0 were known so already, 0 lines refused.",
        "0 customers told of, 1 was known so already, 0 lines refused.",
    ]
    assert "columns that mean nothing here: Farve." in said
    desk = Desk(db)
    await desk.settle()
    assert [row[:2] for row in await desk.rows(CUSTOMERS)] == [("7", "Jensen VVS")]


async def test_bad_lines_are_listed_and_the_status_says_so(
    db: Database, table: Path, capsys: pytest.CaptureFixture[str]
):
    _write(table, "id,email\nacme,jo@acme.test\njensen,nobody\n")

    assert await _run(["customers", "import", str(table)]) == 1

    said = capsys.readouterr()
    assert "customers.csv, line 3: email: expected an e-mail address, got 'nobody'" in said.err
    assert "1 customer told of" in said.out


async def test_what_is_no_table_is_refused_with_its_reason(
    db: Database, table: Path, capsys: pytest.CaptureFixture[str]
):
    _write(table, "id,name\nacme,Søren\n", "latin-1")

    assert await _run(["customers", "import", str(table)]) == 1

    assert "line 2: expected UTF-8" in capsys.readouterr().err


def test_a_region_is_two_capital_letters(table: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["customers", "import", str(table), "--region", "Denmark"])

    assert "expected two capital letters" in capsys.readouterr().err


def _write(table: Path, text: str, encoding: str = "utf-8") -> None:
    table.write_text(text, encoding)


async def _run(arguments: list[str]) -> int:
    """The command line has an event loop of its own."""
    return await asyncio.to_thread(main, arguments)
