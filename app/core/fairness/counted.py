"""What was counted of a pool up to an instant: waiting by cause, and starts out of turn."""

import msgspec

from app.core.fairness.causes import Seconds
from app.core.fairness.pool import Pool


class Counted(msgspec.Struct, array_like=True, gc=False):
    """Contact-seconds by tier, in the order of ``CAUSES``; starts by channel and tier."""

    seconds: Seconds = {}
    starts: dict[str, dict[str, int]] = {}


def counted_of(pool: Pool) -> Counted:
    """What a pool counted so far; it goes on counting without changing this."""
    return Counted(
        {tier: list(told) for tier, told in pool.desk.waiting.seconds.items()},
        {channel: dict(told) for channel, told in pool.ledgers[0].out_of_turn_starts.items()},
    )
