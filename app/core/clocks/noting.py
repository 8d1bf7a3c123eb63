"""What is said of a clock, and when: once settled, noted or observed, the counters never fall."""

from dataclasses import dataclass
from datetime import datetime

from app.core.clocks.clock import Clock, Status
from app.core.clocks.timeline import Ending


@dataclass(frozen=True, slots=True)
class Said:
    """What the ledgers say of one clock."""

    settled: bool = False
    noted: bool = False
    observed: bool = False


NOTHING_SAID = Said()


def said_of(clock: Clock | None, before: Said, now: datetime) -> Said:
    """What is to be said of a clock at ``now``; none is a clock that no longer exists.

    A clock settles when it is answered or when its promise breaks, whichever is first, and stays
    settled. A noted breach is withdrawn where the clock turns out not to be broken.
    """
    if clock is None:
        return Said(settled=before.settled, noted=False, observed=before.observed)
    status = clock.status(now)
    noted = clock.is_breached(now) and status is not Status.CANCELLED
    settled = noted or status in (Status.MET, Status.BREACHED)
    answered = clock.is_measurable and clock.ending in (Ending.ANSWERED, Ending.RESOLVED)
    return Said(
        settled=before.settled or settled,
        noted=noted,
        observed=before.observed or answered,
    )
