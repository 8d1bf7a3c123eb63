"""Make the projections anew from the events; the ledgers stay as they are.

Pools begin from nothing, and are told everything of the last day again; episodes keep their numbers.
"""

from datetime import datetime

from app.core.events import HOOK_SOURCE_PREFIX
from app.core.replay import Terms
from app.operations.fold import Folded, fold
from app.operations.fold_pools import HORIZON
from app.store import instance, pool_news, pools, touched
from app.store.engine import Database


class MissingSources(RuntimeError):  # noqa: N818 - named for the fact
    """Events came from sources that are not configured: their teams would be lost."""


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


async def rebuild(db: Database, terms: Terms, now: datetime) -> Folded:
    """Replay every contact and customer there is; harmless while the service runs.

    What the ledgers say stays: a breach that no longer holds is withdrawn, none is noted twice.
    """
    async with db.begin() as tx:
        await touched.touch_all(tx)
        await pool_news.touch_agents(tx, now - HORIZON)
        await pool_news.drop_news(tx)
        await pools.forget(tx, None)
    total = Folded()
    while (done := await fold(db, terms, now)).keys:
        total.add(done)
    return total
