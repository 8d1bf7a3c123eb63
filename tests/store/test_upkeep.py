"""What is done now and then, by several replicas at the same time."""

import asyncio
from datetime import UTC, datetime

from app.operations.upkeep import keep_up
from app.store.engine import Database, open_database


async def test_replicas_that_start_together_make_each_month_once(db: Database, database_url: str):
    others = [open_database(database_url) for _ in range(4)]
    for year in range(2040, 2046):
        now = datetime(year, 11, 30, tzinfo=UTC)

        await asyncio.gather(*(keep_up(one, now) for one in (db, *others)))

    for one in others:
        await one.close()
