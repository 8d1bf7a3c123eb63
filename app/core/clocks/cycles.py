"""When a contact's clocks run, pause and stop: the conditions of the policy, event by event.

``course`` says what happened; here it starts, pauses and ends cycles, each kind by the
conditions in force at that instant. Targets and calendars are ``clock``'s affair.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.clocks.timeline import Cycle, Ending
from app.core.policy import (
    OPEN_STATE,
    AtEnd,
    ClockKind,
    Conditions,
    Happening,
    OnReopen,
    PauseEffect,
    Switches,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a contact is followed by: switches and conditions in force at an instant.

    ``kinds``: the clocks that run at all. ``changes``: when other rules begin to hold of themselves,
    in order.
    """

    switches: Callable[[datetime], Switches]
    conditions: Callable[[datetime], Mapping[ClockKind, Conditions]]
    kinds: frozenset[ClockKind]
    changes: Sequence[datetime] = ()


_OPEN = frozenset({OPEN_STATE})


class Cycles:
    """The cycles of one contact so far. ``all`` holds them in the order in which they began.

    ``states``: what the contact's state is called, by us and by its tool.
    """

    def __init__(self, rules: Rules) -> None:
        self.all: list[Cycle] = []
        self.states = _OPEN
        self.is_closed = False
        self._rules = rules
        self._of: dict[ClockKind, list[int]] = {}
        self._open: dict[ClockKind, int] = {}

    def conditions(self, kind: ClockKind, at: datetime) -> Conditions:
        """How a kind of clock runs at ``at``."""
        return self._rules.conditions(at)[kind]

    def open_one(self, kind: ClockKind) -> Cycle | None:
        """The running or paused cycle of a kind."""
        i = self._open.get(kind)
        return None if i is None else self.all[i]

    def of(self, kind: ClockKind) -> list[Cycle]:
        """All cycles of a kind, the oldest first."""
        return [self.all[i] for i in self._of.get(kind, ())]

    def last_of(self, *kinds: ClockKind) -> Cycle | None:
        """The cycle that began last, of these kinds."""
        last = max((self._of[kind][-1] for kind in kinds if kind in self._of), default=None)
        return None if last is None else self.all[last]

    def put(self, cycle: Cycle) -> None:
        """Put a cycle in the place of the one that bears its kind and number, or behind all."""
        of_kind = self._of.setdefault(cycle.kind, [])
        if cycle.number > len(of_kind):
            of_kind.append(len(self.all))
            self.all.append(cycle)
        i = of_kind[cycle.number - 1]
        self.all[i] = cycle
        if cycle.ending is None:
            self._open[cycle.kind] = i
        elif self._open.get(cycle.kind) == i:
            del self._open[cycle.kind]

    def start(self, kind: ClockKind, at: datetime) -> None:
        """A promise begins to run, unless one of its kind does or the contact counts no more.

        It begins paused in a state in which its time does not count.
        """
        if self.is_closed or kind in self._open or kind not in self._rules.kinds:
            return
        cycle = Cycle(kind, 1 + len(self._of.get(kind, ())), at)
        self.put(cycle if self.states == _OPEN else self._settled(cycle, at))

    def end(self, kind: ClockKind, at: datetime, ending: Ending) -> None:
        """The promise of a kind stops running, where one runs."""
        if kind in self._open:
            self.put(self.all[self._open[kind]].ended(at, ending))

    def stop(self, what: Happening, at: datetime, but: Container[ClockKind] = ()) -> None:
        """End as answered what the policy lets this stop, ``but`` some kinds."""
        conditions = self._rules.conditions(at)
        for kind in list(self._open):
            if what in conditions[kind].stops_on and kind not in but:
                self.end(kind, at, Ending.ANSWERED)

    def enter(self, states: frozenset[str], at: datetime) -> None:
        """The contact's state changes: clocks pause, go on, end, or run once more."""
        if states == self.states:
            return
        left, self.states = self.states, states
        for i in list(self._open.values()):
            self.put(self._ended_or_settled(self.all[i], at))
        conditions = self.conditions(ClockKind.RESOLUTION, at)
        if left & conditions.ends_in and not states & conditions.ends_in:
            self._reopen(at, conditions)

    def reconsider(self, at: datetime) -> None:
        """Other conditions hold from ``at``: pauses begin or end; what was paused stays left out."""
        for i in list(self._open.values()):
            self.put(self._settled(self.all[i], at))

    def close(self, at: datetime) -> None:
        """Every promise leaves all counts, and none begins any more."""
        self.is_closed = True
        self.all[:] = [cycle.cancelled(at) for cycle in self.all]
        self._open.clear()

    def _ended_or_settled(self, cycle: Cycle, at: datetime) -> Cycle:
        conditions = self.conditions(cycle.kind, at)
        if not self.states & conditions.ends_in:
            return self._settled(cycle, at)
        match conditions.at_end:
            case AtEnd.JUDGED:
                return cycle.ended(at, Ending.RESOLVED)
            case AtEnd.SUSPENDED:
                return cycle.paused(at)
            case AtEnd.WAIVED:
                return cycle.ended(at, Ending.WAIVED)
            case AtEnd.CANCELLED:  # pragma: no branch
                return cycle.ended(at, Ending.CANCELLED)

    def _settled(self, cycle: Cycle, at: datetime) -> Cycle:
        """The cycle paused or running, as the state asks."""
        conditions = self.conditions(cycle.kind, at)
        if self.states & conditions.ends_in:
            return cycle.paused(at)
        if self.states & conditions.pauses_in:
            return cycle.paused(at, is_hidden=conditions.pause_effect is PauseEffect.HIDE)
        return cycle.resumed(at)

    def _reopen(self, at: datetime, conditions: Conditions) -> None:
        """What was resolved goes on without the time between, or begins anew."""
        last = self.last_of(ClockKind.RESOLUTION)
        if last is None or last.ending is None:
            return
        if conditions.on_reopen is OnReopen.NEW_CYCLE:
            self.start(ClockKind.RESOLUTION, at)
        elif last.ending is Ending.RESOLVED and last.stopped_at is not None:
            again = last.running_again().paused(last.stopped_at)
            self.put(self._settled(again, at))
