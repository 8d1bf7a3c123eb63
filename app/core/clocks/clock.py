"""Was the promise kept: a cycle judged against its target on a calendar.

A clock's facts (``due_at``, ``breaches_at``, pauses) do not depend on the present; ``status`` and
``is_breached`` judge them at an instant.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from app.core.clocks.timeline import Cycle, Ending, Stretch
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.policy import ClockKind

NOTHING = timedelta(0)


class Status(StrEnum):
    """How a clock stands. *Overdue* is running and breached. No clock: none, or idle until asked."""

    NONE = "none"
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    WAIVED = "waived"
    NOT_MEASURABLE = "not_measurable"


class DueWarning(msgspec.Struct, frozen=True):
    """One level of warning that a clock comes to: in the words of the policy, and when."""

    level: str
    at: datetime


class Clock(msgspec.Struct, frozen=True):
    """One measured promise. ``elapsed`` is set once it stopped; ``due_at`` is none while paused.

    ``breaches_at`` is the first instant after which more than the target has passed: kept for good
    once it lies behind, even where a pause follows.
    """

    kind: ClockKind
    number: int
    started_at: datetime
    target: timedelta
    due_at: datetime | None
    breaches_at: datetime | None
    stopped_at: datetime | None = None
    ending: Ending | None = None
    elapsed: timedelta | None = None
    pauses: tuple[Stretch, ...] = ()
    is_paused: bool = False
    is_measurable: bool = True
    team: str = ""
    tier: str = ""
    channel: str = ""
    rule: str = ""
    policy_version: int = 0
    warnings: tuple[DueWarning, ...] = ()

    def is_breached(self, now: datetime) -> bool:
        """Whether more than the target had passed at ``now``, or when it stopped.

        The due instant itself still keeps the promise. What was cancelled is neither kept nor broken.
        """
        if self.breaches_at is None or not self.is_measurable:
            return False
        if self.ending is Ending.CANCELLED:
            return False
        return self.breaches_at < (self.stopped_at or now)

    def status(self, now: datetime) -> Status:
        """Judge the clock at ``now``."""
        if not self.is_measurable:
            return Status.NOT_MEASURABLE
        breached = self.is_breached(now)
        match self.ending:
            case None:
                return Status.PAUSED if self.is_paused else Status.RUNNING
            case Ending.CANCELLED:
                return Status.CANCELLED
            case Ending.ANSWERED | Ending.RESOLVED:
                return Status.BREACHED if breached else Status.MET
            case Ending.GONE:
                return Status.BREACHED if breached else Status.CANCELLED
            case Ending.WAIVED:  # pragma: no branch
                return Status.BREACHED if breached else Status.WAIVED

    def is_overdue(self, now: datetime) -> bool:
        """Whether it still runs and is broken already."""
        return self.ending is None and self.is_breached(now)


def judged(cycle: Cycle, target: timedelta, calendar: Calendar) -> Clock:
    """Measure a cycle against a target, in the calendar's open time without the pauses."""
    due_at, breaches_at = _used_up(cycle, target, calendar)
    if breaches_at is not None and _is_silent(cycle, breaches_at):
        breaches_at = None
    elapsed = None if cycle.stopped_at is None else counted(cycle, calendar, cycle.stopped_at)
    return Clock(
        kind=cycle.kind,
        number=cycle.number,
        started_at=cycle.started_at,
        target=target,
        due_at=None if cycle.is_paused else due_at,
        breaches_at=breaches_at,
        stopped_at=cycle.stopped_at,
        ending=cycle.ending,
        elapsed=elapsed,
        pauses=cycle.pauses,
        is_paused=cycle.is_paused,
    )


def _is_silent(cycle: Cycle, at: datetime) -> bool:
    """Whether a lasting pause that only hides keeps silent about what breaks at ``at``."""
    return cycle.is_paused and cycle.pauses[-1].is_hidden and at >= cycle.pauses[-1].start


def counted(cycle: Cycle | Clock, calendar: Calendar, until: datetime) -> timedelta:
    """The time that counts: open time from the start to ``until`` or the stop, minus the pauses."""
    total = NOTHING
    for start, end in _segments(cycle):
        total += calendar.elapsed(start, until if end is None else min(end, until))
    return total


def _segments(cycle: Cycle | Clock) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches that count, in order; the last is open unless a pause lasts.

    A pause that only hides counts.
    """
    start = cycle.started_at
    for pause in cycle.pauses:
        if pause.is_hidden:
            continue
        if pause.start > start:
            yield start, pause.start
        if pause.end is None:
            return
        start = max(start, pause.end)
    yield start, None


def reached_at(cycle: Cycle | Clock, amount: timedelta, calendar: Calendar) -> datetime | None:
    """The earliest instant at which ``amount`` of counted time has passed; none if it never does.

    A lasting pause, or a calendar that does not open any more, may come first.
    """
    left = amount
    for start, end in _segments(cycle):
        if end is not None:
            open_time = calendar.elapsed(start, end)
            if open_time < left or not open_time:
                left -= open_time
                continue
        try:
            return calendar.due(start, left)
        except NeverOpen:
            return None
    return None


def _used_up(
    cycle: Cycle, target: timedelta, calendar: Calendar
) -> tuple[datetime | None, datetime | None]:
    """When the target is used up, and when it is exceeded; none where that never happens.

    A lasting pause, or a calendar that does not open any more, may come first. A pause that begins
    at the very due instant leaves the promise unbroken until it ends.
    """
    left, due_at = target, None
    for start, end in _segments(cycle):
        if end is not None and (open_time := calendar.elapsed(start, end)) < left:
            left -= open_time
            continue
        try:
            due_at = due_at or calendar.due(start, left)
            exceeded_at = calendar.breaches_at(max(due_at, start))
        except NeverOpen:
            return due_at, None
        if end is None or exceeded_at < end:
            return due_at, exceeded_at
        left = NOTHING
    return due_at, None
