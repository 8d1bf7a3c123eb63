"""The phone's service level: six published definitions of one name, from the same raw counters.

They differ in what an abandoned call is worth. The counters are kept raw, so that a policy may name
another definition later and still speak of last month.
"""

from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the contacts offered, up to one threshold.

    ``abandoned`` is ``abandoned_within`` plus ``abandoned_after`` the threshold; ``abandoned_short``
    is a part of it. ``callback_queued`` kept their place and abandoned nothing.
    """

    offered: int = 0
    answered: int = 0
    answered_within: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    abandoned_within: int = 0
    abandoned_after: int = 0
    callback_queued: int = 0

    def __post_init__(self) -> None:
        assert min(getattr(self, field.name) for field in fields(self)) >= 0, f"negative: {self}"
        assert self.answered_within <= self.answered, f"more within than answered: {self}"
        assert self.abandoned_short <= self.abandoned, f"more short than abandoned: {self}"
        assert self.abandoned == self.abandoned_within + self.abandoned_after, f"not all: {self}"

    def __add__(self, other: "Counters") -> "Counters":
        names = (field.name for field in fields(self))
        return Counters(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Variant(StrEnum):
    """Which definition of the service level a policy means.

    ``abandons_as_success``: whoever gave up within the threshold was served in time.
    (answered_within + abandoned_within) / (answered + abandoned)

    ``answered_only``: only answered calls count. answered_within / answered

    ``abandons_negative``: whoever gave up was not served, however soon.
    answered_within / (answered + abandoned)

    ``abandons_within_ignored``: giving up within the threshold leaves the count, later is a miss.
    answered_within / (answered + abandoned_after)

    ``short_abandons_as_success``: a short abandon was served in time.
    (answered_within + abandoned_short) / (answered + abandoned)

    ``short_abandons_removed``: a short abandon leaves the count, later is a miss.
    answered_within / (answered + abandoned - abandoned_short)
    """

    ABANDONS_AS_SUCCESS = "abandons_as_success"
    ANSWERED_ONLY = "answered_only"
    ABANDONS_NEGATIVE = "abandons_negative"
    ABANDONS_WITHIN_IGNORED = "abandons_within_ignored"
    SHORT_ABANDONS_AS_SUCCESS = "short_abandons_as_success"
    SHORT_ABANDONS_REMOVED = "short_abandons_removed"


def service_level(counters: Counters, variant: Variant) -> float | None:
    """The share served in time, by one definition; none where nothing was counted."""
    in_time, counted = _parts(counters, variant)
    return in_time / counted if counted else None


def _parts(counters: Counters, variant: Variant) -> tuple[int, int]:
    within, answered, abandoned = counters.answered_within, counters.answered, counters.abandoned
    match variant:
        case Variant.ABANDONS_AS_SUCCESS:
            return within + counters.abandoned_within, answered + abandoned
        case Variant.ANSWERED_ONLY:
            return within, answered
        case Variant.ABANDONS_NEGATIVE:
            return within, answered + abandoned
        case Variant.ABANDONS_WITHIN_IGNORED:
            return within, answered + counters.abandoned_after
        case Variant.SHORT_ABANDONS_AS_SUCCESS:
            return within + counters.abandoned_short, answered + abandoned
        case Variant.SHORT_ABANDONS_REMOVED:  # pragma: no branch
            return within, answered + abandoned - counters.abandoned_short


@dataclass(frozen=True, slots=True)
class Offered:
    """How the wait of one phone contact ended: ``waited`` until then, in open time.

    Neither answered nor abandoned: the system gave up, or she still waits. Who hung up and
    ``keeps_place`` for a callback abandoned nothing.
    """

    waited: timedelta
    answered: bool
    abandoned: bool
    keeps_place: bool


def outcome_of(offered: Offered, threshold: timedelta, short_abandon: timedelta) -> Counters:
    """Count one phone contact. The threshold itself is still within; short is below its limit.

    An answer counts before anything else, as it does where she first gave up and came back.
    """
    within = offered.waited <= threshold
    if offered.answered:
        return Counters(offered=1, answered=1, answered_within=int(within))
    if offered.keeps_place:
        return Counters(offered=1, callback_queued=1)
    if not offered.abandoned:
        return Counters(offered=1)
    return Counters(
        offered=1,
        abandoned=1,
        abandoned_short=int(offered.waited < short_abandon),
        abandoned_within=int(within),
        abandoned_after=int(not within),
    )
