"""The table that ``make bench`` prints: each row's ratio to its floor, and whether it is reached."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.rounds import BATCHED, TARGET_SHARE, Found, Series

ACKNOWLEDGED_SHARE = 0.65
LAG_SECONDS = 2.0
TIMES_THE_RIVAL = 15.0
TIMES_THE_FLOORS_P99 = 1.6
BATCH_SHARE = 0.4
BATCH_FOLDED = 10_000.0
BATCH_FOLDED_SHARE = 0.2

Measured = Mapping[Series, Sequence[Found]]


@dataclass(frozen=True)
class Row:
    """One line: what, the target, what was measured, the absolute figures behind it."""

    what: str
    target: str
    measured: str
    figures: str
    is_reached: bool | None

    def text(self) -> str:
        told = {None: "", True: "reached", False: "NOT reached"}[self.is_reached]
        return f"{self.what:52} {self.target:>22} {self.measured:>22} {told:>12}  {self.figures}"


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Median (least - most)."""
    told = sorted(values)
    return f"{median(told):.{digits}f} ({told[0]:.{digits}f}-{told[-1]:.{digits}f})"


def _rate(found: Found) -> float:
    return found.rate


def _p99(found: Found) -> float:
    return found.answered.p99_ms if found.answered else 0.0


def _folded(found: Found) -> float:
    return found.folded_rate


def ratios(
    ours: Sequence[Found],
    theirs: Sequence[Found],
    of: Callable[[Found], float],
    floor: Callable[[Found], float],
) -> list[float]:
    """Round by round, so that both sides met the same machine."""
    return [of(one) / floor(other) for one, other in zip(ours, theirs, strict=True)]


def percentile(values: Iterable[float], share: float) -> float:
    told = sorted(values)
    return told[min(len(told) - 1, int(share * len(told)))] if told else 0.0


def rows(found: Measured) -> Iterator[Row]:
    """Every row that has a target, then rows that explain."""
    yield from _row_a(found)
    yield from _row_b(found)
    yield from _row_c(found)
    yield from _row_d(found)
    yield from _kept(found)


def _row_a(found: Measured) -> Iterator[Row]:
    floor = found[Series.FLOOR]
    for series in (Series.RECEIVED, Series.LIFE):
        shares = ratios(found[series], floor, _folded, _rate)
        drains = median(one.drain_seconds for one in found[series])
        lag = percentile((age for one in found[series] for age in one.ages), 0.99)
        yield Row(
            f"A acknowledged and folded: {series}",
            f">= {TARGET_SHARE} of floor",
            spread(shares),
            f"{spread(map(_folded, found[series]), 0)}/s of {spread(map(_rate, floor), 0)}/s; "
            f"{drains:.1f} s to drain, unpaced lag p99 {lag:.1f} s",
            median(shares) >= TARGET_SHARE,
        )
    paced = found[Series.PACED]
    lag = percentile((age for one in paced for age in one.ages), 0.99)
    shares = ratios(paced, floor, _rate, _rate)
    yield Row(
        f"A lag p99 at {spread(shares)} of floor, steady",
        f"< {LAG_SECONDS:.0f} s",
        f"{lag:.2f} s",
        f"{spread(map(_rate, paced), 0)}/s; at most {max(one.most_marks for one in paced)} marks; "
        f"answer p99 {spread(map(_p99, paced), 1)} ms",
        lag < LAG_SECONDS,
    )
    shares = ratios(found[Series.HELD], floor, _rate, _rate)
    yield Row(
        "A acknowledgement alone",
        f">= {ACKNOWLEDGED_SHARE} of floor",
        spread(shares),
        f"{spread(map(_rate, found[Series.HELD]), 0)}/s",
        median(shares) >= ACKNOWLEDGED_SHARE,
    )
    for series in (Series.RECEIVED, Series.LIFE):
        shares = ratios(found[series], floor, _rate, _rate)
        told = f"{spread(map(_rate, found[series]), 0)}/s"
        yield Row(f"  acknowledged while folding: {series}", "", spread(shares), told, None)


def _row_b(found: Measured) -> Iterator[Row]:
    rival = found[Series.RIVAL]
    for series in (Series.RECEIVED, Series.HELD):
        times = ratios(found[series], rival, _rate, _rate)
        is_judged = series is Series.RECEIVED
        yield Row(
            "B acknowledged against ORM, a commit each" if is_judged else "  the same, not folding",
            f">= {TIMES_THE_RIVAL:.0f} x" if is_judged else "",
            spread(times, 1),
            f"{spread(map(_rate, found[series]), 0)}/s against {spread(map(_rate, rival), 0)}/s",
            median(times) >= TIMES_THE_RIVAL if is_judged else None,
        )


def _row_c(found: Measured) -> Iterator[Row]:
    floor = found[Series.FLOOR]
    for series in (Series.RECEIVED, Series.LIFE, Series.HELD):
        times = ratios(found[series], floor, _p99, _p99)
        is_judged = series is not Series.HELD
        yield Row(
            f"{'C' if is_judged else ' '} p99 of the answer: {series}",
            f"<= {TIMES_THE_FLOORS_P99} x floor" if is_judged else "",
            spread(times),
            f"{spread(map(_p99, found[series]), 1)} ms of {spread(map(_p99, floor), 1)} ms",
            median(times) <= TIMES_THE_FLOORS_P99 if is_judged else None,
        )


def _row_d(found: Measured) -> Iterator[Row]:
    copy = found[Series.COPY]
    for series in BATCHED:
        shares = ratios(found[series], copy, _rate, _rate)
        yield Row(
            f"D acknowledged: {series}",
            f">= {BATCH_SHARE} of COPY",
            spread(shares),
            f"{spread(map(_rate, found[series]), 0)}/s of {spread(map(_rate, copy), 0)}/s",
            median(shares) >= BATCH_SHARE,
        )
        shares = ratios(found[series], copy, _folded, _rate)
        rate = median(map(_folded, found[series]))
        yield Row(
            f"D folded: {series}",
            f">= {BATCH_FOLDED_SHARE} or {BATCH_FOLDED:,.0f}/s",
            spread(shares),
            f"{spread(map(_folded, found[series]), 0)}/s",
            rate >= BATCH_FOLDED or median(shares) >= BATCH_FOLDED_SHARE,
        )


def _kept(found: Measured) -> Iterator[Row]:
    """Whether every acknowledged event has its row."""
    own = (Series.HELD, Series.RECEIVED, Series.LIFE, Series.PACED, *BATCHED)
    kept = [
        one.stored / one.answered.acknowledged
        for series in own
        for one in found[series]
        if one.answered
    ]
    told = f"{sum(one.stored for series in own for one in found[series]):,} events"
    yield Row("rows stored / events acknowledged", ">= 1", spread(kept, 4), told, min(kept) >= 1)
    broken = sum(
        one.answered.refused + one.answered.broken
        for one_series in found.values()
        for one in one_series
        if one.answered
    )
    yield Row("answers that were refusals or broken off", "0", str(broken), "", broken == 0)


def cpu_lines(found: Measured) -> Iterator[str]:
    """CPU microseconds an event, until the last one is folded."""
    for series, measured in found.items():
        own, postgres = ([one.cpu_us for one in measured], [one.postgres_us for one in measured])
        yield f"{series:44} server {spread(own, 1):>22}   PostgreSQL {spread(postgres, 1):>22}"
