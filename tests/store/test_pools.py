"""Pools in the database: one epoch writes, news are taken once an epoch, frozen ones drop their news."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.fairness.identity import KnownEpisode, match
from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.shown import ShownEpisode
from app.store import episodes, pool_news, pools
from app.store.engine import AWAY, Database
from app.store.lease import open_lease
from app.store.pool_news import News, TakenNews
from app.store.pools import Frozen, Standing, Taken
from tests.conftest import NOON

HOUR = 3600.0


def _move(at: float) -> Move:
    return Move(at, MoveKind.GONE, "crm\x1fe1", contact="crm\x1fc1")


def _shown(who: str, start: float, end: float | None = None) -> ShownEpisode:
    return ShownEpisode(
        who, start, start + 60, end, 100.0, 200.0, 0.5, 0.4, 0.2, 9, 7, 2, 300.0, (), ()
    )  # fmt: skip


async def _tell(db: Database, *news: News) -> None:
    async with db.begin() as tx:
        await pool_news.tell(tx, news)


async def _take(db: Database, team: str = "care") -> Taken:
    async with db.begin() as tx:
        return (await pools.take(tx, [team]))[0]


async def _claim(db: Database, epoch: int, limit: int = 100) -> list[TakenNews]:
    async with db.begin() as tx:
        return await pool_news.claim(tx, {"care": epoch}, limit)


async def test_an_epoch_takes_every_news_once_and_the_next_one_takes_them_again(db: Database):
    await _tell(db, News("care", "c1", [_move(1.0)]), News("care", "c2", (), members_only=True))
    first = (await _take(db)).epoch

    taken = await _claim(db, first)

    assert [(n.key, n.moves, n.members_only) for n in taken] == [
        ("c1", [_move(1.0)], False),
        ("c2", [], True),
    ]
    assert await _claim(db, first) == []
    assert await _claim(db, (await _take(db)).epoch) == taken
    assert await _claim(db, first) == []


async def test_news_are_taken_oldest_first_and_at_most_so_many(db: Database):
    await _tell(db, *(News("care", f"c{n}", ()) for n in range(5)))
    epoch = (await _take(db)).epoch

    taken = [[n.key for n in await _claim(db, epoch, 2)] for _ in range(3)]

    assert taken == [["c0", "c1"], ["c2", "c3"], ["c4"]]


async def test_what_an_earlier_owner_writes_is_refused(db: Database):
    await _tell(db, News("care", "c1", ()))
    before, now = await _take(db), await _take(db)
    kept = [n.id for n in await _claim(db, now.epoch)]

    async with db.begin() as tx:
        late = [Standing("care", before.epoch, "{}")]
        assert await pools.save_standings(tx, late, NOON) == set()
        assert not await pools.freeze(tx, Frozen("care", before.epoch, b"old", kept), NOON)

    again = await _take(db)
    assert again.frozen is None
    assert [n.id for n in await _claim(db, again.epoch)] == kept


async def test_a_frozen_pool_drops_exactly_the_news_it_contains(db: Database):
    await _tell(db, *(News("care", key, ()) for key in ("c1", "c2")))
    epoch = (await _take(db)).epoch
    taken = await _claim(db, epoch)

    async with db.begin() as tx:
        assert await pools.freeze(tx, Frozen("care", epoch, b"new", [taken[0].id]), NOON)

    next_owner = await _take(db)
    assert next_owner.frozen == b"new"
    assert [n.key for n in await _claim(db, next_owner.epoch)] == ["c2"]


async def test_a_pool_has_one_owner_until_its_session_ends(db: Database):
    async with db.begin() as tx:
        await pools.add(tx, ["care", "sales"])
    first, second = open_lease(db), open_lease(db)

    async with first.begin() as tx:
        assert sorted(await pools.lock(tx, [], 10)) == ["care", "sales"]
        await pools.unlock(tx, ["sales"])
    async with second.begin() as tx:
        assert await pools.lock(tx, [], 10) == ["sales"]
    await first.close()
    async with second.begin() as tx:
        assert await pools.lock(tx, ["sales"], 10) == ["care"]
    await second.close()


async def test_a_session_of_which_nothing_is_heard_is_ended(db: Database):
    lease = open_lease(db)
    async with lease.begin() as tx:
        own = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        limits = "SELECT current_setting('idle_session_timeout'), current_setting('idle_in_transaction_session_timeout')"
        assert tuple((await tx.execute(text(limits))).one()) == ("2s", "2s")
    async with db.begin() as tx:
        await tx.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})

    with pytest.raises(AWAY):
        await lease.say_still_there()

    await lease.drop()
    await lease.say_still_there()
    await lease.close()


async def test_an_episode_keeps_its_number_when_what_is_known_of_it_changes(db: Database):
    since = NOON - timedelta(days=1)
    start = NOON.timestamp()
    async with db.begin() as tx:
        await episodes.save_new(tx, [("care", _shown("Acme", start)), ("care", _shown("B", start))])
        await episodes.save_known(tx, {1: _shown("Acme", start - 10, start + HOUR)})
        await episodes.withdraw(tx, [2], NOON)
        shown = await episodes.load_episodes(tx, since)
        stored = (await episodes.load_of_teams(tx, ["care", "sales"], since))["care"]

    assert [(e.id, e.team, e.shown) for e in shown] == [
        (1, "care", _shown("Acme", start - 10, start + HOUR))
    ]
    assert [(e.id, e.withdrawn_at) for e in stored] == [(1, None), (2, NOON)]


async def test_an_episode_that_exists_after_all_is_withdrawn_no_more(db: Database):
    start = NOON.timestamp()
    async with db.begin() as tx:
        await episodes.save_new(tx, [("care", _shown("Acme", start))])
        await episodes.withdraw(tx, [1], NOON)
        await episodes.save_known(tx, {1: _shown("Acme", start)})
        assert [e.withdrawn_at for e in await episodes.load_episodes(tx, NOON)] == [None]


def _known(id_: int, shown: ShownEpisode, *, withdrawn: bool = False) -> KnownEpisode:
    return KnownEpisode(id_, "care", shown, NOON if withdrawn else None)


def test_an_episode_is_the_stored_one_that_it_overlaps_most():
    stored = [_known(1, _shown("Acme", 0, 100)), _known(2, _shown("Acme", 200, 900))]

    found = match(stored, [_shown("Acme", 50, 800)], since=0)

    assert found.kept == {2: _shown("Acme", 50, 800)}
    assert (found.new, found.gone) == ([], [1])


def test_what_overlaps_nothing_is_new_and_another_customers_episode_is_another():
    stored = [_known(1, _shown("Acme", 0, 100))]
    shown = [_shown("Acme", 101, 200), _shown("B", 0, 100)]

    found = match(stored, shown, since=0)

    assert (found.kept, found.new, found.gone) == ({}, shown, [1])


def test_what_ended_before_all_that_is_worked_out_is_never_gone():
    stored = [_known(1, _shown("Acme", 0, 100)), _known(2, _shown("B", 0, 300))]

    assert match(stored, [], since=200).gone == [2]


def test_a_withdrawn_episode_comes_back_under_its_number_but_not_before_one_that_stands():
    stored = [_known(1, _shown("Acme", 0), withdrawn=True), _known(2, _shown("Acme", 50))]

    assert match(stored[:1], [_shown("Acme", 10)], since=0).kept == {1: _shown("Acme", 10)}
    assert match(stored, [_shown("Acme", 0)], since=0).kept == {2: _shown("Acme", 0)}
