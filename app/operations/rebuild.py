"""Make the projections anew from the events; the ledgers stay as they are."""

from datetime import datetime

from app.core.replay import Terms
from app.operations.fold import Folded, fold
from app.store import touched
from app.store.engine import Database


async def rebuild(db: Database, terms: Terms, now: datetime) -> Folded:
    """Replay every contact and customer there is; harmless while the service runs.

    What the ledgers say stays: a breach that no longer holds is withdrawn, none is noted twice.
    """
    async with db.begin() as tx:
        await touched.touch_all(tx)
    total = Folded()
    while (done := await fold(db, terms, now)).keys:
        total.add(done)
    return total
