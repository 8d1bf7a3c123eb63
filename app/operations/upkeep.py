"""What must be done now and then: partitions for the months to come, tallies summed, old raw dropped."""

from datetime import UTC, datetime, timedelta

from app.operations.quarantine import MAX_KEPT, MAX_KEPT_BYTES
from app.store import deliveries, instance, invariants, ledgers, quarantine
from app.store.engine import Database

MONTHS_AHEAD = 3
TALLIES_A_ROUND = 20_000
QUARANTINE_KEPT = timedelta(days=30)
AGENTS_REMEMBERED = timedelta(days=30)


async def keep_up(db: Database, now: datetime) -> int:
    """Do one round of upkeep; harmless when several replicas do it.

    Answers how many deliveries were given up that nobody could read: too old, or too many.
    """
    month = datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(MONTHS_AHEAD):
        following = _next_month(month)
        async with db.begin() as tx:
            await instance.make_partition(tx, month, following)
        month = following
    async with db.begin() as tx:
        given_up = await quarantine.drop_older(tx, now - QUARANTINE_KEPT)
        given_up += await quarantine.drop_too_many(tx, None, MAX_KEPT, MAX_KEPT_BYTES)
        await deliveries.forget_agents(tx, now - AGENTS_REMEMBERED)
    return given_up


async def count_broken_invariants(db: Database) -> int:
    """How many facts that always hold do not: something is wrong in the service or its database."""
    async with db.begin() as tx:
        return len(await invariants.broken(tx))


async def sum_tallies(db: Database) -> None:
    """Sum the oldest tallies into the totals."""
    async with db.begin() as tx:
        await ledgers.compact(tx, TALLIES_A_ROUND)


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)
