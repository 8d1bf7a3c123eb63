"""Tallies and totals: what is summed never falls, by however little."""

from random import Random

from app.store import ledgers
from app.store.engine import Database
from app.store.ledgers import RESPONSE, Tally


async def test_summing_up_in_any_portions_changes_no_sum(db: Database):
    random = Random(4)
    told = [round(random.uniform(0, 9000), 6) for _ in range(400)]
    seen = []

    for number, seconds in enumerate(told):
        async with db.begin() as tx:
            tally = Tally(RESPONSE, "chat", "", "standard", "resolution", 60.0, 1, seconds)
            await ledgers.append_tallies(tx, [tally])
        async with db.begin() as tx:
            seen += [count.seconds for count in await ledgers.load_counts(tx)]
            await ledgers.compact(tx, number % 7)
            seen += [count.seconds for count in await ledgers.load_counts(tx)]

    assert seen == sorted(seen)
    assert seen[-1] == round(sum(told), 6)


async def test_a_bucket_without_an_upper_edge_is_kept(db: Database):
    async with db.begin() as tx:
        await ledgers.append_tallies(tx, [Tally(RESPONSE, "chat", "", "a", "b", float("inf"), 2)])
        await ledgers.compact(tx, 10)

        assert [(count.le, count.n) for count in await ledgers.load_counts(tx)] == [
            (float("inf"), 2)
        ]
