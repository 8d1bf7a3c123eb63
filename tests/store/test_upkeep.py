"""What is done now and then, by several replicas at the same time."""

import asyncio
from datetime import UTC, datetime

from app.operations.upkeep import keep_up
from app.store.engine import Database, open_database
from tests.store.desk import Desk

PARTITIONS = "SELECT relname FROM pg_class WHERE relname ~ '^events_204[0-9]_[0-9]{2}$' ORDER BY 1"
MONTHS = {
    2040: ("11", "12"),
    **dict.fromkeys(range(2041, 2046), ("01", "11", "12")),
    2046: ("01",),
}


async def test_replicas_that_start_together_make_each_month_once(db: Database, database_url: str):
    others = [open_database(database_url) for _ in range(4)]
    for year in range(2040, 2046):
        now = datetime(year, 11, 30, tzinfo=UTC)

        await asyncio.gather(*(keep_up(one, now) for one in (db, *others)))

    made = [name for (name,) in await Desk(db).rows(PARTITIONS)]
    assert made == [
        f"events_{year}_{month}" for year in range(2040, 2047) for month in MONTHS[year]
    ]

    for one in others:
        await one.close()
