"""Whether the share that was wanted can still be reached today: how many may yet be late."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor

_ROUNDING = 1e-9
"""One tenth of thirty is three, whatever binary fractions make of it."""


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """Promises with one target, of those that began since the team's midnight.

    ``judged``: kept or broken; ``late``: of them broken; ``running``: not judged yet.
    ``week_ago``: how many were judged on the whole of the same day last week.
    """

    judged: int
    late: int
    running: int
    week_ago: int
    target_ratio: float

    @property
    def expected(self) -> int:
        """How many promises today brings: as many as last week, unless it has brought more."""
        return max(self.judged + self.running, self.week_ago)


def late_left(parts: Iterable[PartOfDay]) -> int:
    """How many more may be late; below zero the share is missed by so many.

    The sum over the parts of (1 - target ratio) x expected promises, rounded down, less those late.
    """
    known = list(parts)
    allowed = sum((1 - part.target_ratio) * part.expected for part in known)
    return floor(allowed + _ROUNDING) - sum(part.late for part in known)
