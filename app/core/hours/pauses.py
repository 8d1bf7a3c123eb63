"""Looking back from a deadline around the stretches that do not count.

``clock.reached_at`` is the same question asked forward.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from app.core.clocks.timeline import Stretch
from app.core.hours.calendar import Calendar


def latest_start(
    calendar: Calendar, end: datetime, amount: timedelta, pauses: Iterable[Stretch]
) -> datetime:
    """The latest instant from which ``amount`` of counted time passes until ``end``.

    Pauses may overlap and come in any order. No amount at all leads to the last instant that counted
    time leads up to. Raises ``NeverOpen``.
    """
    left, latest = amount, end
    for start, stop in _segments_backward(end, pauses):  # pragma: no branch - the last one breaks
        latest = stop
        open_time = None if start is None else calendar.elapsed(start, stop)
        if open_time is None or (open_time and open_time >= left):
            break
        left -= open_time
    return calendar.due_backward(latest, left)


def _segments_backward(
    end: datetime, pauses: Iterable[Stretch]
) -> Iterator[tuple[datetime | None, datetime]]:
    """The stretches between the pauses, the last one first; the first of all has no start."""
    stop = end
    for pause in sorted(pauses, key=lambda pause: pause.end or end, reverse=True):
        resumed = pause.end or stop
        if resumed < stop:
            yield resumed, stop
        stop = min(stop, pause.start)
    yield None, stop
