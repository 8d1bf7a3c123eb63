"""How well detections fit the truth of a trace.

A detection *hits* an interval that it overlaps, give or take ``TOLERANCE_SECONDS``, if it was raised
no later than ``LATE_SECONDS`` after the interval's end. One that hits nothing is false, unless it
overlaps an interval or a grey one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, median_high

from app.simulate.fairness.truth import Interval, Truth
from tests.bench.fairness.detection import Detection

TOLERANCE_SECONDS = 300.0
LATE_SECONDS = 600.0
STEP_SECONDS = 60.0
FEW = 5
"""Where more are served first, naming their tier or one of them is right."""
TIER = "tier:important"


@dataclass(frozen=True)
class Score:
    """Counts, and one figure for each interval or trace that was found; scores add up."""

    hours: float = 0.0
    to_find: int = 0
    found: int = 0
    right: int = 0
    false: int = 0
    delays: tuple[float, ...] = ()
    overlaps: tuple[float, ...] = ()
    named_right: tuple[float, ...] = ()
    victims_right: tuple[float, ...] = ()
    agent_errors: tuple[float, ...] = ()
    wait_errors: tuple[float, ...] = ()

    def __add__(self, other: "Score") -> "Score":
        both = (getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        return Score(*both)

    @property
    def recall(self) -> float | None:
        """The share of intervals that were found."""
        return self.found / self.to_find if self.to_find else None

    @property
    def precision(self) -> float | None:
        """The share of detections that were right."""
        judged = self.right + self.false
        return self.right / judged if judged else None

    @property
    def false_a_day(self) -> float:
        """False detections in 24 hours."""
        return 24.0 * self.false / self.hours if self.hours else 0.0

    @property
    def delay_minutes(self) -> float | None:
        """From the start of an interval until the first right word, in the median."""
        return median_high(self.delays) / 60.0 if self.delays else None

    @property
    def overlap(self) -> float | None:
        """Time in both, of the time in either (IoU)."""
        return _mean(self.overlaps)

    @property
    def culprit(self) -> float | None:
        """The share of found intervals whose largest detection names the right one."""
        return _mean(self.named_right)

    @property
    def victims(self) -> float | None:
        """Those named and true, of those named or true (Jaccard)."""
        return _mean(self.victims_right)

    @property
    def agent_error(self) -> float | None:
        """Agent-seconds told against true ones, in the median of traces."""
        return median_high(self.agent_errors) if self.agent_errors else None

    @property
    def wait_error(self) -> float | None:
        """Extra wait told against the true one, in the median of traces."""
        return median_high(self.wait_errors) if self.wait_errors else None


def score(truth: Truth, told: Sequence[Detection]) -> Score:
    """Judge the detections of one trace."""
    found = [one for one in truth.intervals if any(_hits(each, one) for each in told)]
    right = [one for one in told if any(_hits(one, each) for each in truth.intervals)]
    near = (*truth.intervals, *truth.grey)
    false = [one for one in told if not any(_hits_or_touches(one, each) for each in near)]
    matches = [(one, [each for each in told if _hits(each, one)]) for one in found]
    return Score(
        hours=truth.horizon / 3600.0,
        to_find=len(truth.intervals),
        found=len(found),
        right=len(right),
        false=len(false),
        delays=tuple(_delay(interval, hits) for interval, hits in matches),
        overlaps=(_overlap(truth, told),) if found else (),
        named_right=tuple(_is_named(interval, hits) for interval, hits in matches),
        victims_right=tuple(_jaccard(interval, hits) for interval, hits in matches),
        agent_errors=_error(
            [one.agent_seconds for one in right], [one.agent_seconds for one in found]
        ),
        wait_errors=_error(
            [one.extra_wait_seconds for one in right], [one.extra_wait_seconds for one in found]
        ),
    )


def _hits_or_touches(detection: Detection, interval: Interval) -> bool:
    return (
        detection.start <= interval.end + TOLERANCE_SECONDS
        and detection.end >= interval.start - TOLERANCE_SECONDS
    )


def _hits(detection: Detection, interval: Interval) -> bool:
    is_in_time = detection.raised_at <= interval.end + LATE_SECONDS
    return is_in_time and _hits_or_touches(detection, interval)


def _delay(interval: Interval, hits: Iterable[Detection]) -> float:
    return max(0.0, min(one.raised_at for one in hits) - interval.start)


def _is_named(interval: Interval, hits: Iterable[Detection]) -> float:
    largest = max(hits, key=lambda one: one.agent_seconds)
    is_tier = len(interval.culprits) > FEW and largest.culprit == TIER
    return float(is_tier or largest.culprit in interval.culprits)


def _jaccard(interval: Interval, hits: Iterable[Detection]) -> float:
    named = frozenset().union(*(one.victims for one in hits)) - set(interval.culprits)
    true = set(interval.victims)
    return len(named & true) / max(1, len(named | true))


def _error(told: Sequence[float], true: Sequence[float]) -> tuple[float, ...]:
    """All that was found in a trace together; nothing where nothing was."""
    return (sum(told) / max(1.0, sum(true)) - 1.0,) if told else ()


def _overlap(truth: Truth, told: Sequence[Detection]) -> float:
    both = either = 0
    for step in range(int(truth.horizon / STEP_SECONDS)):
        at = (step + 0.5) * STEP_SECONDS
        is_true = any(one.start <= at <= one.end for one in truth.intervals)
        is_told = any(one.start <= at <= one.end for one in told)
        both += is_true and is_told
        either += is_true or is_told
    return both / max(1, either)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
