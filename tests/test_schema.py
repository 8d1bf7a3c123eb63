"""Migrations and tables agree, and every migration goes forward and back."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from app.__main__ import main
from app.store.all_tables import metadata
from app.store.engine import open_database
from app.store.migration import configuration, migrate
from deploy.postgres import postgres


@pytest.fixture(scope="module")
def empty_url(tmp_path_factory: pytest.TempPathFactory):
    """A PostgreSQL of its own: going down would take the other tests' tables along."""
    with postgres(tmp_path_factory.mktemp("schema") / "data") as url:
        yield url


async def _tables(url: str) -> set[str]:
    db = open_database(url)
    async with db.begin() as tx:
        found = await tx.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        names = set(found.scalars())
    await db.close()
    return names


def test_the_migrations_make_exactly_the_tables_that_the_code_names(database_url: str):
    command.check(configuration(database_url))


def test_the_migrations_go_down_and_up_again(empty_url: str):
    migrate(empty_url)
    command.downgrade(configuration(empty_url), "base")
    assert asyncio.run(_tables(empty_url)) == {"alembic_version"}

    migrate(empty_url)

    names = {table.name for table in metadata.sorted_tables}
    assert asyncio.run(_tables(empty_url)) == names | {"alembic_version", "events_0"}
    command.check(configuration(empty_url))


def test_an_older_service_gets_its_schema_back_and_no_event_is_lost(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    migrate(empty_url)
    monkeypatch.setenv("EVENHAND_DATABASE_URL", empty_url)

    assert main(["migrate", "--back-to", "0003"]) == 0

    assert capsys.readouterr().out == "the database stands at 0003\n"
    assert {"events", "clocks"} < asyncio.run(_tables(empty_url))
    assert "calls" not in asyncio.run(_tables(empty_url))
    migrate(empty_url)


def test_going_back_to_what_never_was_changes_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    migrate(empty_url)
    monkeypatch.setenv("EVENHAND_DATABASE_URL", empty_url)

    assert main(["migrate", "--back-to", "friday"]) == 1

    assert "got 'friday'" in capsys.readouterr().err
    command.check(configuration(empty_url))


def test_every_migration_can_be_found_from_the_package(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert configuration("unused").get_main_option("script_location", "").endswith("migrations")
