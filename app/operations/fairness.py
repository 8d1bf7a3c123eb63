"""Work out who is served first: own pools, apply their news, show where they stand.

One process owns a pool at a time, by a lock that its session loses when it falls silent, and by an
epoch without which nothing is written. What an owner has in memory can be made again: from the pool
as it was last frozen, and the news since.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import TypeVar

from app.core.fairness.book import HORIZON_SECONDS, UnknownVersion
from app.core.fairness.identity import KnownEpisode, Matched, match
from app.core.fairness.showing import EPISODES_SHOWN
from app.core.fairness.shown import ShownEpisode
from app.core.policy import Policy
from app.operations.owned_pool import OwnedPool
from app.store import episodes, pool_news, pools
from app.store.engine import AWAY, Database, Transaction, is_fault
from app.store.lease import Lease, open_lease
from app.store.pool_news import TakenNews
from app.store.pools import Taken

NEWS_A_ROUND = 2_000
TAKEN_A_ROUND = 16
"""Pools that one round takes over at most, so that processes that start together share them."""
RESTS = timedelta(seconds=60)
"""How long a pool that could not be worked out is left alone."""
STILL_THERE_SECONDS = 0.5
CLOSING_SECONDS = 2.0
"""How long a stop waits for what is being worked out."""
HORIZON = timedelta(seconds=HORIZON_SECONDS)
SURELY_KNOWN = timedelta(hours=23)
"""Episodes that ended longer ago may be forgotten; later ones that are missing were none."""

T = TypeVar("T")


@dataclass(slots=True)
class Worked:
    """What one round did. ``lag_seconds``: how long ago the newest move that came had happened."""

    owned: int = 0
    news: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    lag_seconds: float | None = None

    @property
    def is_more(self) -> bool:
        """Whether there is surely more to do."""
        return self.news >= NEWS_A_ROUND


@dataclass(slots=True)
class Fairness:
    """The pools of this process. ``on_fenced`` is told how many somebody else has taken over."""

    lease: Lease
    on_fenced: Callable[[int], None] = lambda _pools: None
    owned: dict[str, OwnedPool] = field(default_factory=dict)
    _policy: Policy | None = None
    _resting: dict[str, datetime] = field(default_factory=dict)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _round: asyncio.Future[Worked] | None = None

    async def run_once(self, policy: Policy, now: datetime) -> Worked:
        """One round: take over what nobody owns, take in news, write where the pools stand.

        A round that was begun goes on to its end, also where its caller is stopped.
        """
        async with self._alone:
            self._round = asyncio.ensure_future(self._run(policy, now))
            return await asyncio.shield(self._round)

    async def close(self, now: datetime) -> None:
        """Leave the pools for others to go on from; they are free at once.

        What is not worked out yet is not waited for: its news are still there for the next owner.
        """
        if not await self._is_round_over():
            self.owned.clear()
        ready = [pool for pool in self.owned.values() if not pool.has_news]
        with suppress(*AWAY):
            await self._freeze(ready, now)
        self.owned.clear()
        await self.lease.close()

    async def _is_round_over(self) -> bool:
        """Whether the round that runs came to its end in time; else it is given up."""
        if self._round is None:
            return True
        _, late = await asyncio.wait({self._round}, timeout=CLOSING_SECONDS)
        if late:
            self._round.cancel()
            await asyncio.wait(late)
        return not late

    async def _run(self, policy: Policy, now: datetime) -> Worked:
        done = Worked()
        try:
            await self._take_over(policy, now, done)
            await self._take_news(now, done)
            await self._tell(now, done)
            due = [pool for pool in self.owned.values() if pool.is_to_freeze(now)]
            await self._freeze(due, now)
        except BaseException:
            await self._lose_all()
            raise
        done.owned = len(self.owned)
        return done

    async def _lose_all(self) -> None:
        """The session may be lost, and the locks with it: begin anew from what is stored."""
        self.on_fenced(len(self.owned))
        self.owned.clear()
        self._policy = None
        await self.lease.drop()

    async def _take_over(self, policy: Policy, now: datetime, done: Worked) -> None:
        is_new = policy is not self._policy
        if is_new:
            await self._give_back(list(self.owned.values()), now)
        self._resting = {team: until for team, until in self._resting.items() if until > now}
        async with self.lease.begin() as tx:
            if is_new:
                await pools.add(tx, policy.teams)
            locked = await pools.lock(tx, [*self.owned, *self._resting], TAKEN_A_ROUND)
            taken = await pools.take(tx, locked) if locked else []
        self._policy = policy
        unreadable = await self._thaw(taken, now, done)
        if unreadable:
            await self._thaw(await self._forget(unreadable, now), now, done)

    async def _give_back(self, owned: Sequence[OwnedPool], now: datetime) -> None:
        """What a policy says about turns is learnt by going on from the frozen pool."""
        if owned:
            await self._freeze([pool for pool in owned if not pool.is_behind], now)
            await self._drop([pool.team for pool in owned])

    async def _drop(self, teams: Collection[str]) -> None:
        for team in teams:
            self.owned.pop(team, None)
        async with self.lease.begin() as tx:
            await pools.unlock(tx, teams)

    async def _thaw(self, taken: Iterable[Taken], now: datetime, done: Worked) -> list[str]:
        """Read what was frozen; the teams where another version wrote it."""
        unreadable = []
        assert self._policy is not None  # noqa: S101 - set by the caller
        for each in taken:
            job = await self._apart(partial(OwnedPool.thawed, each, self._policy, now))
            error = job.exception()
            if isinstance(error, UnknownVersion):
                unreadable.append(each.team)
            elif error is not None:
                await self._set_aside(each.team, error, now, done)
            else:
                self.owned[each.team] = job.result()
        return unreadable

    async def _forget(self, teams: Collection[str], now: datetime) -> list[Taken]:
        """Begin these pools anew: everything of the last day is told once more."""
        async with self.lease.begin() as tx:
            await pool_news.touch_recent(tx, now - HORIZON)
            await pool_news.touch_agents(tx, now - HORIZON)
            return await pools.forget(tx, teams)

    async def _take_news(self, now: datetime, done: Worked) -> None:
        epochs = {pool.team: pool.epoch for pool in self.owned.values()}
        if not epochs:
            return
        behind = [pool for pool in self.owned.values() if pool.is_behind]
        async with self.lease.begin() as tx:
            # The marks are looked for first: what their replay tells is there when they are gone.
            awaited = max((pool.marks_awaited for pool in behind), default=0)
            is_more = bool(awaited) and await pools.are_marks_left(tx, awaited)
            news = await pool_news.claim(tx, epochs, NEWS_A_ROUND)
        by_team: dict[str, list[TakenNews]] = defaultdict(list)
        for each in news:
            by_team[each.team].append(each)
        for team, own in by_team.items():
            await self._attempt(team, partial(self.owned[team].learn, own), now, done)
        done.news = len(news)
        if not is_more and not done.is_more:
            for pool in behind:
                pool.is_behind = False
        newest = max((self.owned[team].newest for team in by_team if team in self.owned), default=0)
        done.lag_seconds = max(0.0, now.timestamp() - newest) if newest else None

    async def _tell(self, now: datetime, done: Worked) -> None:
        due = [pool for pool in self.owned.values() if pool.is_due(now)]
        found = [await self._attempt(p.team, partial(p.work_out, now), now, done) for p in due]
        told = [standing for standing in found if standing is not None]
        with_news = [p for p in due if p.team in self.owned and p.are_episodes_due(now)]
        if not told and not with_news:
            return
        async with self.lease.begin() as tx:
            kept = await pools.save_standings(tx, told, now)
            ours = [pool for pool in with_news if pool.team in kept]
            await _save_episodes(tx, ours, now)
        for pool in ours:
            pool.episodes_written(now)
        await self._fence([each.team for each in told if each.team not in kept])

    async def _fence(self, teams: Collection[str]) -> None:
        """Somebody else took these pools over: forget them, and try again later."""
        if teams:
            self.on_fenced(len(teams))
            await self._drop(teams)

    async def _freeze(self, owned: Iterable[OwnedPool], now: datetime) -> None:
        fenced = []
        for pool in owned:
            if not pool.contained or pool.is_behind:
                continue
            frozen = (await self._apart(partial(pool.frozen, now))).result()
            async with self.lease.begin() as tx:
                is_kept = await pools.freeze(tx, frozen, now)
            if is_kept:
                pool.was_frozen(frozen, now)
            else:
                fenced.append(pool.team)
        await self._fence(fenced)

    async def _attempt(
        self, team: str, work: Callable[[], T], now: datetime, done: Worked
    ) -> T | None:
        """Do some work on a pool; one whose work fails is set aside and blocks no other."""
        job = await self._apart(work)
        error = job.exception()
        if error is None:
            return job.result()
        await self._set_aside(team, error, now, done)
        return None

    async def _set_aside(
        self, team: str, error: BaseException, now: datetime, done: Worked
    ) -> None:
        if not is_fault(error):
            raise error
        done.failed[team] = type(error).__name__
        self._resting[team] = now + RESTS
        await self._drop([team])

    async def _apart(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Compute in a thread, so that requests get their turn and the session does not fall silent."""
        job = asyncio.ensure_future(asyncio.to_thread(work))
        while not job.done():
            finished, _ = await asyncio.wait({job}, timeout=STILL_THERE_SECONDS)
            if not finished:
                await self.lease.say_still_there()
        return job


def make_fairness(db: Database) -> Fairness:
    """Make ready to own pools; nothing is connected yet."""
    return Fairness(open_lease(db))


async def _save_episodes(tx: Transaction, owned: Collection[OwnedPool], now: datetime) -> None:
    """Write what there is and was of episodes; each keeps its number."""
    shown = {pool.team: pool.standing.episodes for pool in owned if pool.standing}
    ends = [each.ended_at for told in shown.values() for each in told if each.ended_at is not None]
    oldest = datetime.fromtimestamp(min(ends), UTC) if ends else now
    stored = await episodes.load_of_teams(tx, shown, min(oldest, now - HORIZON))
    found = {team: _matched(stored[team], told, now) for team, told in shown.items()}
    await episodes.withdraw(tx, [id_ for each in found.values() for id_ in each.gone], now)
    await episodes.save_known(
        tx, {id_: told for each in found.values() for id_, told in each.kept.items()}
    )
    new = [(team, told) for team, each in found.items() for told in each.new]
    await episodes.save_new(tx, new)


def _matched(
    stored: Sequence[KnownEpisode], shown: Sequence[ShownEpisode], now: datetime
) -> Matched:
    """Only as many as are shown can be told from those that are no more."""
    begins = shown[-1].started_at if len(shown) >= EPISODES_SHOWN else -inf
    found = match(stored, shown, (now - SURELY_KNOWN).timestamp())
    late = {known.id for known in stored if known.shown.started_at >= begins}
    return Matched(found.kept, found.new, [id_ for id_ in found.gone if id_ in late])
