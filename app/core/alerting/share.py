"""When is too large a part late: how long it is looked back, and how many times what may be late.

Two windows each: the long one says that it matters, the short one that it still goes on (Google,
The Site Reliability Workbook, chapter 5). Its factors are made for promises of 99.9 %. Of what is
promised to 80 % there is at most five times as much late as may be, so 14.4 times could never be:
such a limit is set to ``MOST`` instead.
"""

from dataclasses import dataclass

MOST = 0.9
"""No limit is above this share: whatever is promised, every alert can be raised."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One way of being late too often.

    ``factor``: how many times what the policy allows to be late. ``at_least``: how many must have
    been decided in the long window; of fewer no share is worth a word. ``every``: how often it is
    looked at, a fraction of the short window.
    """

    name: str
    factor: float
    long: str
    short: str
    at_least: int
    every: str

    def limit(self, target_ratio: float) -> float:
        """The share late above which it is told, where so much is promised; always below 1."""
        limit = min(self.allowed_times_factor(target_ratio), MOST)
        assert 0 < limit < 1, "a share can pass no limit of 1"
        return limit

    def is_capped(self, target_ratio: float) -> bool:
        """Whether more than ``MOST`` would have to be late."""
        return self.allowed_times_factor(target_ratio) > MOST

    def allowed_times_factor(self, target_ratio: float) -> float:
        """The limit before any cap; rounded, because 1 - 0.9 is not quite 0.1."""
        return round(self.factor * (1 - target_ratio), 9)


FAST = Pace("FarTooManyLate", 14.4, "1h", "5m", at_least=10, every="15s")
SLOW = Pace("TooManyLate", 6, "6h", "30m", at_least=20, every="1m")
PROMISED = Pace("MoreLateThanPromised", 1, "3d", "6h", at_least=30, every="5m")
PACES = (FAST, SLOW, PROMISED)

SPOKEN = {
    "5m": "5 minutes",
    "30m": "30 minutes",
    "1h": "hour",
    "6h": "6 hours",
    "3d": "3 days",
}
"""Windows as people say them, after "in the last"."""


def in_numbers(share: float) -> str:
    """A share as people count: 9 of 10, 14 of 100, 14.4 of 100."""
    for of in (10, 100):
        if abs(share * of - round(share * of)) < 1e-6:
            return f"{share * of:.0f} of {of}"
    return f"{share * 100:.3g} of 100"
