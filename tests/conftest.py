"""What tests share: one PostgreSQL for the run, an empty database for each test."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from sqlalchemy import text

from app.store.all_tables import metadata
from app.store.engine import Database, open_database
from app.store.migration import migrate
from deploy.postgres import postgres

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")  # a busy machine is no mistake of the code

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own with every migration applied (about 3 s a run)."""
    with postgres(tmp_path_factory.mktemp("postgres") / "data") as url:
        migrate(url)
        yield url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The database, emptied."""
    database = open_database(database_url)
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with database.begin() as tx:
        await tx.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    yield database
    await database.close()
