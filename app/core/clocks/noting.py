"""What is said of a clock: settled, noted, observed. Counters never fall; they are taken back by others."""

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

    A clock settles when it is answered or when its promise breaks, whichever is first. It does so no
    more where the customer turns out to have been turned away, or the contact is discarded, merged
    or reopened. A noted breach is withdrawn where the clock turns out not to be broken.
    """
    if clock is None:
        return Said(settled=False, noted=False, observed=before.observed)
    status = clock.status(now)
    noted = clock.is_breached(now) and status is not Status.CANCELLED
    settled = noted or status in (Status.MET, Status.BREACHED)
    answered = clock.is_measurable and clock.ending in (Ending.ANSWERED, Ending.RESOLVED)
    return Said(
        settled=settled,
        noted=noted,
        observed=before.observed or answered,
    )
