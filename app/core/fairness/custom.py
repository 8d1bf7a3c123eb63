"""The order that a team really works in, beside the one its policy says.

A team that serves by arrival under a policy that says by deadline (or the other way round) is out of
turn all day and favours nobody. So every contested start is judged by the other order too; where that
fits clearly better, the team is told so, and no customer is called served first.
"""

from collections import deque
from collections.abc import Iterable

import msgspec
from sortedcontainers import SortedList

from app.core.fairness.turn import Line, Turn

STARTS_REMEMBERED = 1_000
STARTS_NEEDED = 5
CLEARLY_LESS = 0.1
"""The other order fits better if this share of all starts, at least so many of them, and at least half
of those out of turn are in turn by it."""
WEEK = 7 * 86_400.0


class Judged(msgspec.Struct, array_like=True, gc=False):
    """One contested start: whether it was out of turn by the policy, and by the other order."""

    at: float
    by_policy: bool
    by_other: bool


class Custom:
    """Who would be next in the other order, and how the starts look by it."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.lines: dict[Line, SortedList] = {}
        self.judged: deque[Judged] = deque(maxlen=STARTS_REMEMBERED)

    def wait(self, turn: Turn, key: float | None) -> None:
        """A contact waits; ``key`` is its turn in the other order, none where there is no other."""
        if key is not None:
            self.lines.setdefault(turn.line, SortedList()).add((key, turn.number))

    def leave(self, turn: Turn, key: float | None) -> None:
        """It waits no more."""
        if key is not None:
            self.lines[turn.line].discard((key, turn.number))

    def ahead(self, turn: Turn, key: float, lines: Iterable[Line]) -> int:
        """How many are ahead of a contact in the other order."""
        place = (key, turn.number)
        return sum(self.lines[line].bisect_left(place) for line in lines if line in self.lines)

    def note(self, at: float, *, by_policy: bool, by_other: bool) -> None:
        """Judge a contested start by both orders."""
        self.judged.append(Judged(at, by_policy, by_other))
        while self.judged[0].at < at - WEEK:
            self.judged.popleft()

    @property
    def fits_better(self) -> bool:
        """Whether the team clearly works in the other order."""
        policy = sum(each.by_policy for each in self.judged)
        other = sum(each.by_other for each in self.judged)
        fewer = policy - other
        return fewer >= max(STARTS_NEEDED, CLEARLY_LESS * len(self.judged)) and 2 * other <= policy
