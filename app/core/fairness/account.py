"""What one customer, or one tier, took out of turn and what it was denied: the amounts of a ledger."""

import msgspec

from app.core.fairness.evidence import Evidence


class Account(msgspec.Struct, array_like=True, gc=False):
    """Running totals of one customer or tier; the counts say what holds now.

    ``charge``: slot-seconds taken out of turn. ``agent_seconds``: the same weighed by load;
    ``from_others`` without what its own contacts were denied. ``denied``: slot-seconds.
    ``extra_wait``: contact-seconds, a fluid estimate. ``reserved``: agent-seconds of idleness kept
    for it, ``kept`` that part of it that still delays others. ``overtaken_load``: contacts overtaken times load, summed over its out-of-turn work.
    ``opened`` and ``used`` are the generations in which it was opened and last had contacts.
    The ``_seen`` fields are the ledger's clocks when the account was last brought up to date.
    """

    name: str
    tier: str
    is_tier: bool
    waiting: int = 0
    deprived: int = 0
    surplus: int = 0
    surplus_load: float = 0.0
    overtaken_load: float = 0.0
    out_of_turn_now: int = 0
    charge: float = 0.0
    agent_seconds: float = 0.0
    from_others: float = 0.0
    denied: float = 0.0
    extra_wait: float = 0.0
    reserved: float = 0.0
    starts: int = 0
    out_of_turn: int = 0
    received: int = 0
    taken_seen: float = 0.0
    denied_seen: float = 0.0
    pushed_seen: float = 0.0
    evidence: Evidence | None = None
    kept: float = 0.0
    delays_seen: float = 0.0
    opened: int = 0
    used: int = 0

    @property
    def is_even(self) -> bool:
        """Whether nothing is open: neither contacts nor slots."""
        return not (self.waiting or self.deprived or self.surplus or self.out_of_turn_now)
