"""What happened to one contact: its waiting stretches and its state, from its events alone.

No target and no calendar is known here: a ``Cycle`` says from when until when a promise ran, what
paused it and what ended it. ``following`` builds it from events, ``clock`` judges it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from app.core import events as e
from app.core.policy import RESPONSES, ClockKind

UNKNOWN_CHANNEL = "unknown"
LIVE = frozenset({"phone", "chat"})


class Ending(StrEnum):
    """What stopped a cycle."""

    ANSWERED = "answered"
    RESOLVED = "resolved"
    GONE = "gone"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class Stretch(msgspec.Struct, frozen=True):
    """A stretch in which a clock is paused; open while ``end`` is none.

    Its time does not count, unless it ``is_hidden``: then it only raises no alarm meanwhile.
    """

    start: datetime
    end: datetime | None = None
    is_hidden: bool = False


class Cycle(msgspec.Struct, frozen=True):
    """One promise running once. ``number`` counts cycles of its kind on the contact, from 1."""

    kind: ClockKind
    number: int
    started_at: datetime
    stopped_at: datetime | None = None
    ending: Ending | None = None
    pauses: tuple[Stretch, ...] = ()

    @property
    def is_paused(self) -> bool:
        """Whether a pause lasts."""
        return self.ending is None and bool(self.pauses) and self.pauses[-1].end is None

    def paused(self, at: datetime, *, is_hidden: bool = False) -> "Cycle":
        """A pause begins at ``at``; nothing changes where one of its like lasts already."""
        if self.ending is not None or (self.is_paused and self.pauses[-1].is_hidden is is_hidden):
            return self
        resumed = self.resumed(at)
        return replace(resumed, pauses=(*resumed.pauses, Stretch(at, None, is_hidden)))

    def resumed(self, at: datetime) -> "Cycle":
        """The pause ends at ``at``."""
        if not self.is_paused:
            return self
        last = replace(self.pauses[-1], end=max(at, self.pauses[-1].start))
        return replace(self, pauses=(*self.pauses[:-1], last))

    def ended(self, at: datetime, ending: Ending) -> "Cycle":
        """The promise stops running at ``at``."""
        resumed = self.resumed(at)
        return replace(resumed, stopped_at=max(at, self.started_at), ending=ending)

    def cancelled(self, at: datetime) -> "Cycle":
        """The promise leaves all counts, whether it still ran or had been judged."""
        ended = self if self.ending is not None else self.ended(at, Ending.CANCELLED)
        return replace(ended, ending=Ending.CANCELLED)

    def running_again(self) -> "Cycle":
        """What ended the promise is taken back: it runs from where it began."""
        return replace(self, stopped_at=None, ending=None)


RESPONDED = frozenset({Ending.ANSWERED, Ending.RESOLVED})
"""How a first response ended where later messages await a next one."""


@dataclass(slots=True)
class Timeline:
    """One contact as its events tell it. Built by ``follow``; read-only afterwards.

    ``states``: what its state is called, by us and by its tool. ``owner``: who has taken charge of it; ``passed_on`` counts how often it went from one to another.
    ``sent_away``: when she went without an answer that a human still owed her, or left a voicemail.
    ``keeps_place``: she hung up and is to be called when it is her turn.
    """

    key: str
    events: Sequence[e.Event]
    cycles: list[Cycle] = field(default_factory=list)
    teams: list[tuple[datetime, str]] = field(default_factory=list)
    queues: list[tuple[datetime, str]] = field(default_factory=list)
    channel: str | None = None
    link: str | None = None
    skill: str | None = None
    opened_at: datetime | None = None
    first_human_at: datetime | None = None
    last_human_at: datetime | None = None
    queued_at: datetime | None = None
    resolved_at: datetime | None = None
    gone_at: datetime | None = None
    last_event_at: datetime | None = None
    asked_at: datetime | None = None
    owner: str | None = None
    passed_on: int = 0
    states: frozenset[str] = frozenset()
    opened_by_us: bool = False
    history_missing: bool = False
    connected: bool = False
    turned_away: bool = False
    turned_away_at: datetime | None = None
    turned_away_inferred: bool = False
    keeps_place: bool = False
    discarded: bool = False
    merged: bool = False
    working: set[str] = field(default_factory=set)
    exchange_ends: list[datetime] = field(default_factory=list)
    sent_away: list[datetime] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing is owed any more."""
        return bool(self.resolved_at or self.gone_at or self.discarded or self.merged)

    @property
    def has_our_word(self) -> bool:
        """Whether it is open, she has heard from a human of ours, and has not asked again."""
        if self.is_over or self.last_human_at is None:
            return False
        return self.asked_at is None or self.last_human_at >= self.asked_at

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the customer is owed an answer by a human."""
        running = [self.cycles[i] for i in self._running_responses()]
        return min((cycle.started_at for cycle in running), default=None)

    @property
    def queue(self) -> str | None:
        """The queue that the tool named last."""
        return self.queues[-1][1] if self.queues else None

    def team_at(self, at: datetime) -> str | None:
        """The team as the tool named it, in force at ``at``; the first one told before that."""
        return in_force(self.teams, at)

    def queue_at(self, at: datetime) -> str | None:
        """The queue in force at ``at``; the first one told before that."""
        return in_force(self.queues, at)

    def _running_responses(self) -> list[int]:
        return [
            i
            for i, cycle in enumerate(self.cycles)
            if cycle.ending is None and not cycle.is_paused and cycle.kind in RESPONSES
        ]


def in_force(told: Sequence[tuple[datetime, str]], at: datetime) -> str | None:
    """What was told last before or at ``at``; the first there is before that."""
    i = bisect_right(told, at, key=_since)
    return told[max(i, 1) - 1][1] if told else None


def _since(told: tuple[datetime, str]) -> datetime:
    return told[0]


def turn_away(line: Timeline, at: datetime, *, inferred: bool = False) -> None:
    """Answered and not helped is no success: mark it from ``at``, also where it is told later.

    Where it is inferred she may have written again, and what runs since then goes on.
    """
    line.turned_away, line.turned_away_inferred = True, inferred
    line.turned_away_at = line.turned_away_at or at
    line.cycles[:] = [_never_met(cycle) for cycle in line.cycles]


def _never_met(cycle: Cycle) -> Cycle:
    """The first response of who was turned away."""
    if cycle.kind is ClockKind.FIRST_RESPONSE and cycle.ending in RESPONDED:
        return replace(cycle, ending=Ending.GONE)
    return cycle
