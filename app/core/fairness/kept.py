"""Idleness kept for somebody: work lost to it delays everybody until nobody waits any more."""

from app.core.fairness.account import Account
from app.core.fairness.ledger import Ledger


class KeptIdleness:
    """Agent-seconds kept free for each account since somebody last waited, and what they cost.

    Each start by somebody else comes so much later, divided by the agents; but nobody was delayed by
    more than it waited at all. That is rare, so that the rest runs on a clock of the ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Nothing was kept."""
        self.ledger = ledger
        self.idle: dict[str, float] = {}
        self._longest = 0.0

    def restore(self, idle: dict[str, float]) -> None:
        """Go on where another one stood."""
        self.idle = idle
        self._longest = max(idle.values(), default=0.0)
        for name, seconds in idle.items():
            self.ledger.named(name).kept = seconds

    def keep(self, account: Account, seconds: float) -> None:
        """An agent was kept free for an account."""
        self.ledger.settle(account)
        account.delays_seen = self.ledger.delays
        account.kept += seconds
        self.idle[account.name] = account.kept
        self._longest = max(self._longest, account.kept)

    def spread(self, waited: float, owners: tuple[Account, ...], agents: int) -> None:
        """A contact of some accounts is started, which the idleness kept for others delayed."""
        ledger, agents = self.ledger, max(1, agents)
        if waited * agents >= self._longest:
            for account in owners:
                ledger.settle(account)
            ledger.delays += 1 / agents
            for account in owners:
                account.delays_seen = ledger.delays
            return
        own = {account.name for account in owners}
        for name, lost in self.idle.items():
            if name not in own:
                ledger.named(name).extra_wait += min(lost / agents, waited)

    def stop(self) -> None:
        """Nobody waits: nobody is delayed any more."""
        for name in self.idle:
            account = self.ledger.named(name)
            self.ledger.settle(account)
            account.kept = 0.0
        self.idle.clear()
        self._longest = 0.0
