"""Who waits, and whom an agent takes out of a line."""

from bisect import insort
from collections.abc import Iterable
from enum import IntEnum
from itertools import count
from random import Random
from typing import NamedTuple

from app.core.events import Channel
from app.simulate.fairness.demand import Demand, DemandKey
from app.simulate.fairness.plan import Picking

SLIP_REACH = 5
"""How far down the line a blind slip of the hand goes."""

SHORT_REACH = 8
"""How many contacts an agent looks at to find a short one."""


class Precedence(IntEnum):
    """Who is looked at first, whatever the turn."""

    TURNED_AWAY = 0
    FAVOURED = 1
    ORDINARY = 2


class Line(NamedTuple):
    """Contacts that the same agents could take."""

    precedence: Precedence
    channel: Channel
    skill: str


class Waiting(NamedTuple):
    """A demand in its line; the smallest ``turn`` is next, ``number`` breaks ties."""

    turn: float
    number: int
    demand: Demand


class Lines:
    """All lines of a team. Who gave up is struck off and leaves the line when it is looked at."""

    def __init__(self, skills: Iterable[str], picking: Picking, disorder: float, random: Random):
        self._lines: dict[Line, list[Waiting]] = {
            Line(precedence, channel, skill): []
            for precedence in Precedence
            for channel in Channel
            for skill in sorted(skills)
        }
        self._numbers = count()
        self._picking = picking
        self._disorder = disorder
        self._random = random
        self.waiting: set[DemandKey] = set()

    def add(self, demand: Demand, precedence: Precedence, turn: float) -> None:
        """Put a demand in its line."""
        line = Line(precedence, demand.channel, demand.skill)
        insort(self._lines[line], Waiting(turn, next(self._numbers), demand))
        self.waiting.add(demand.key)

    def strike_off(self, demand: Demand) -> None:
        """Let somebody go who waits no more."""
        self.waiting.discard(demand.key)

    def heads(self, precedence: Precedence) -> list[tuple[float, Line]]:
        """The lines in which somebody waits, by whose turn it is."""
        found = []
        for line, queue in self._lines.items():
            if line.precedence is precedence:
                while queue and queue[0].demand.key not in self.waiting:
                    del queue[0]
                if queue:
                    found.append((queue[0].turn, line))
        return sorted(found)

    def take(self, line: Line) -> Demand:
        """Take whom the team takes next out of a line in which somebody waits."""
        queue = self._lines[line]
        position = self._position(queue) if line.precedence is Precedence.ORDINARY else 0
        demand = queue.pop(position).demand
        self.waiting.discard(demand.key)
        return demand

    def _position(self, queue: list[Waiting]) -> int:
        match self._picking:
            case Picking.AT_RANDOM:
                self._tidy(queue)
                return self._random.randrange(len(queue))
            case Picking.NEWEST_FIRST:
                self._tidy(queue)
                return len(queue) - 1
            case Picking.SHORTEST_FIRST:
                self._tidy(queue)
                seen = range(min(SHORT_REACH, len(queue)))
                return min(seen, key=lambda i: queue[i].demand.work_seconds)
            case Picking.IN_ORDER if self._disorder and self._random.random() < self._disorder:
                return self._slip(queue)
            case Picking.IN_ORDER:
                return 0

    def _slip(self, queue: list[Waiting]) -> int:
        self._tidy(queue)
        return self._random.randrange(min(SLIP_REACH, len(queue)))

    def _tidy(self, queue: list[Waiting]) -> None:
        queue[:] = [one for one in queue if one.demand.key in self.waiting]
