"""How many wait, by tier and customer, and what their waiting is owed to."""

from app.core.fairness.causes import Queue, Seconds
from app.core.fairness.moves import Demand


class Waiting:
    """Counts of those who wait now, and the seconds waited so far by tier and cause."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.contacts = 0
        self.claims = 0
        self.queues: dict[str, Queue] = {}
        self.of_customer: dict[str, int] = {}
        self.seconds: Seconds = {}

    def count(self, demand: Demand, sign: int) -> None:
        """One more waits, or one fewer."""
        queue = self.queues.get(demand.tier) or self._queue(demand.tier)
        if demand.channel == "email":
            queue.mail += sign
        else:
            queue.live += sign
        self.contacts += sign
        left = self.of_customer.get(demand.customer, 0) + sign
        if left:
            self.of_customer[demand.customer] = left
        else:
            del self.of_customer[demand.customer]

    def count_claim(self, demand: Demand, sign: int) -> None:
        """One more was told no and not forgotten yet, or one fewer."""
        self._queue(demand.tier).claims += sign
        self.claims += sign

    def _queue(self, tier: str) -> Queue:
        return self.queues.setdefault(tier, Queue())

    def restore(
        self, queues: dict[str, Queue], of_customer: dict[str, int], seconds: Seconds
    ) -> None:
        """Go on where another one stood."""
        self.queues, self.of_customer, self.seconds = queues, of_customer, seconds
        self.contacts = sum(queue.live + queue.mail for queue in queues.values())
        self.claims = sum(queue.claims for queue in queues.values())
