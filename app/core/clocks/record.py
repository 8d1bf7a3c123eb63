"""How a contact stands with one kind of promise: its cycles counted, the worst exchange kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.clocks.clock import Clock, Status
from app.core.clocks.timeline import Ending
from app.core.policy import ClockKind

RECURRING = frozenset({ClockKind.NEXT_RESPONSE, ClockKind.UPDATE})
"""Kinds that wait for the next exchange once one is over."""


@dataclass(frozen=True, slots=True)
class Record:
    """A contact and one kind of promise. ``clock``: the one that runs, else the last there was.

    ``cycles``, ``misses`` and ``worst`` speak of completed exchanges, so that a quick answer does
    not hide an earlier miss. What was waived counts only where it was late by then.
    """

    status: Status
    clock: Clock | None = None
    cycles: int = 0
    misses: int = 0
    worst: timedelta | None = None


def record_of(kind: ClockKind, clocks: Iterable[Clock], now: datetime) -> Record:
    """Sum up a contact's clocks of one kind, given all of its clocks, as of ``now``."""
    own = sorted((c for c in clocks if c.kind is kind), key=lambda clock: clock.number)
    if not own:
        return Record(Status.IDLE if kind in RECURRING else Status.NONE)
    running = [clock for clock in own if clock.ending is None]
    done = [clock for clock in own if _is_completed(clock, now)]
    last = running[0] if running else own[-1]
    return Record(
        status=_status(last, now),
        clock=last,
        cycles=len(done),
        misses=sum(clock.is_breached(now) for clock in done),
        worst=max((clock.elapsed for clock in done if clock.elapsed is not None), default=None),
    )


def _is_completed(clock: Clock, now: datetime) -> bool:
    if clock.ending in (None, Ending.CANCELLED):
        return False
    return clock.ending is not Ending.WAIVED or clock.is_breached(now)


def _status(clock: Clock, now: datetime) -> Status:
    if clock.ending is None or clock.kind not in RECURRING:
        return clock.status(now)
    return Status.CANCELLED if clock.ending is Ending.CANCELLED else Status.IDLE
