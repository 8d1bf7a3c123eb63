import asyncio
from collections.abc import AsyncIterator

import pytest

from app.metrics.process import ProcessMetrics
from app.operations.deliveries import Deliveries
from app.operations.intake import Intake
from app.store.engine import Database
from tests.pollers.desk import Desk
from tests.running import HandClock


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    """A database, the way into it, and a clock that stands still."""
    news = asyncio.Event()
    intake = Intake(db, lambda _events: news.set())
    writing = asyncio.create_task(intake.write_forever())
    yield Desk(db, intake, HandClock(), ProcessMetrics("0", ["pbx"]), Deliveries(db), news)
    writing.cancel()
