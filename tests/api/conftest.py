"""The service with three sources, inside the test's event loop."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.engine import Database
from tests.running import Running, running
from tests.serving import sources_file


@pytest.fixture
async def service(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(db, database_url, sources_file=sources_file(tmp_path)) as running_:
        yield running_
