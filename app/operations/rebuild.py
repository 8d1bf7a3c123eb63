"""Make the projections anew from the events, and say what came out otherwise; ledgers stay.

Pools begin from nothing, and are told everything of the last day again; episodes keep their numbers.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.core.events import HOOK_SOURCE_PREFIX
from app.core.replay import Terms
from app.operations.fold import Folded, fold
from app.operations.fold_pools import HORIZON
from app.store import differences, instance, pool_news, pools, touched
from app.store.differences import Difference
from app.store.engine import Database

AT_ONCE = 2
"""Rounds that go on at the same time: while PostgreSQL works for one, we work on another."""


class MissingSources(RuntimeError):  # noqa: N818 - named for the fact
    """Events came from sources that are not configured: their teams would be lost."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: keys replayed, those that could not be, and what came out otherwise.

    ``differences`` counts all of them, ``named`` holds the first.
    """

    keys: int
    failed: dict[str, str] = field(default_factory=dict)
    differences: int = 0
    named: tuple[Difference, ...] = ()


async def check_sources(db: Database, terms: Terms) -> None:
    """Raise ``MissingSources`` unless every webhook source that ever spoke is configured."""
    async with db.begin() as tx:
        heard = await instance.load_heard(tx)
    missing = sorted(
        source.removeprefix(HOOK_SOURCE_PREFIX)
        for source in heard
        if source.startswith(HOOK_SOURCE_PREFIX) and source not in terms.sources
    )
    if missing:
        raise MissingSources(
            f"these sources sent events and are not configured: {', '.join(missing)}; without them "
            "their contacts would lose their teams: set EVENHAND_SOURCES_FILE as the service has it"
        )


def _say_nothing(_done: int, _of: int) -> None:
    """Tell nobody how far it is."""


async def rebuild(
    db: Database,
    terms: Terms,
    now: datetime,
    on_progress: Callable[[int, int], None] = _say_nothing,
) -> Rebuilt:
    """Replay every contact and customer there is; harmless while the service runs.

    What the ledgers say stays: a breach that no longer holds is withdrawn, none is noted twice.
    ``on_progress`` is told after each round how many keys are done, of how many.
    """
    async with db.single() as watching:
        await differences.keep_aside(watching)
        await _touch_all(db, now)
        of = await touched.count_left(watching, 2**62)
        total = await _replay_all(db, terms, now, lambda done: on_progress(min(done, of), of))
        count, named = await differences.load_differences(watching, now)
    return Rebuilt(total.keys, total.failed, count, tuple(named))


async def _touch_all(db: Database, now: datetime) -> None:
    async with db.begin() as tx:
        await touched.touch_all(tx)
        await pool_news.touch_agents(tx, now - HORIZON)
        await pool_news.drop_news(tx)
        await pools.forget(tx, None)


async def _replay_all(
    db: Database, terms: Terms, now: datetime, on_round: Callable[[int], None]
) -> Folded:
    """Replay until nothing is left; several rounds at a time."""
    total = Folded()

    async def replay_some() -> None:
        while (done := await fold(db, terms, now, at_once=AT_ONCE)).keys:
            total.add(done)
            on_round(total.keys)

    async with asyncio.TaskGroup() as rounds:
        for _ in range(AT_ONCE):
            rounds.create_task(replay_some())
    await replay_some()  # what was busy when the others came by
    return total
