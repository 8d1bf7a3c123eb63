"""Row H: business time against the library ``businesstimedelta``, on one calendar.

Monday to Friday 09-17 in Berlin with Germany's public holidays. Both sides get the same instants, in
turns, and must agree; nights on which the clocks change show who is exact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import median
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytz
from businesstimedelta import BusinessTimeDelta, HolidayRule, Rules, WorkDayRule

from app.core.hours.calendar import Calendar, Span
from app.core.hours.closures import Closures
from tests.bench.table import Row, spread

ROUNDS = 7
TRIES = 3
INSTANTS = 60
REPEATS = 50
"""How often we answer what the library answers once, so that both are long enough to be timed."""
TIMES = 500.0
TARGET = timedelta(hours=4)
LONGEST = timedelta(days=10)
BERLIN = "Europe/Berlin"
OPENS, CLOSES = 9, 17
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
NIGHT_HOURS = {SPRING: 5, AUTUMN: 7}
"""The nights from 00:00 to 06:00 on which Berlin's clocks change, and how long they truly are."""

Question = tuple[datetime, Any]
"""What both sides are asked: an instant, and an amount or a later instant."""
Answer = Callable[[datetime, Any], object]


@dataclass(frozen=True)
class Sides:
    """One calendar, ours and the library's."""

    calendar: Calendar
    rules: Rules

    def their_due(self, start: datetime, target: timedelta) -> object:
        return start + BusinessTimeDelta(self.rules, timedelta=target)

    def their_elapsed(self, start: datetime, end: datetime) -> object:
        return self.rules.difference(start, end).timedelta


@dataclass(frozen=True)
class Compared:
    """One question in every round: how many times as fast, CPU seconds an answer, disagreements."""

    what: str
    times: Sequence[float]
    ours: float
    theirs: float
    disagreements: int

    def row(self) -> Row:
        return Row(
            f"H business time: {self.what}",
            f">= {TIMES:.0f} x",
            spread(self.times, 0),
            f"{self.ours * 1e6:.2f} us against {self.theirs * 1e6:.0f} us,"
            f" {self.disagreements} answers differ",
            median(self.times) >= TIMES and self.disagreements == 0,
        )


def office() -> Sides:
    day = (Span(OPENS * 60, CLOSES * 60),)
    closed = Closures(holidays.country_holidays("DE"), frozenset(), frozenset())
    calendar = Calendar("office", ZoneInfo(BERLIN), (*(day,) * 5, (), ()), holidays=closed)
    zone = pytz.timezone(BERLIN)
    work = WorkDayRule(time(OPENS), time(CLOSES), working_days=[*range(5)], tz=zone)
    return Sides(calendar, Rules([work, HolidayRule(holidays.country_holidays("DE"), tz=zone)]))


def starts(random: Random) -> Iterator[datetime]:
    """Instants of one year."""
    begin = datetime(2026, 1, 2, tzinfo=UTC)
    for _ in range(INSTANTS):
        yield begin + timedelta(seconds=random.randrange(350 * 86_400))


def amounts(random: Random) -> list[Question]:
    return [(start, TARGET) for start in starts(random)]


def pairs(random: Random) -> list[Question]:
    """Two instants within ten days of each other."""
    longest = int(LONGEST.total_seconds())
    return [
        (start, start + timedelta(seconds=random.randrange(longest))) for start in starts(random)
    ]


def _timed(answer: Answer, asked: Sequence[Question], repeats: int) -> tuple[float, list[object]]:
    """CPU seconds an answer takes at best, as what disturbs it only ever adds, and the answers."""
    answers: list[object] = []
    seconds = []
    for _ in range(TRIES):
        began = process_time()
        for _ in range(repeats):
            answers = [answer(one, other) for one, other in asked]
        seconds.append(process_time() - began)
    return min(seconds) / (repeats * len(asked)), answers


def compared(
    what: str, ask: Callable[[Random], list[Question]], ours: Answer, theirs: Answer
) -> Compared:
    random = Random(20261122)
    found: list[tuple[float, float]] = []
    disagreements = 0
    _timed(ours, ask(random), 1)
    for _ in range(ROUNDS):
        asked = ask(random)
        our_seconds, our_answers = _timed(ours, asked, REPEATS)
        their_seconds, their_answers = _timed(theirs, asked, 1)
        found.append((our_seconds, their_seconds))
        disagreements += sum(a != b for a, b in zip(our_answers, their_answers, strict=True))
    our_median, their_median = (median(column) for column in zip(*found, strict=True))
    return Compared(what, [b / a for a, b in found], our_median, their_median, disagreements)


def nights() -> Row:
    """Whether the nights of 5 and 7 hours have 5 and 7 hours, counted and added, either way."""
    zone = ZoneInfo(BERLIN)
    calendar = Calendar("nights", zone, ((Span(0, 6 * 60),),) * 7)
    wrong, counted = 0, []
    for day, hours in NIGHT_HOURS.items():
        begins, ends = (datetime.combine(day, time(hour), zone) for hour in (0, 6))
        length = timedelta(hours=hours)
        counted.append(calendar.elapsed(begins, ends))
        wrong += counted[-1] != length
        wrong += calendar.due(begins, length) != ends
        wrong += calendar.due_backward(ends, length) != begins
    told = " and ".join(f"{span / timedelta(hours=1):g} h" for span in counted)
    return Row("H nights of the change of the clock", "exact", told, "5 h, 7 h true", wrong == 0)


def rows() -> Iterator[Row]:
    """What ``make bench`` prints."""
    sides = office()
    ours = sides.calendar
    yield compared("add 4 h", amounts, ours.due, sides.their_due).row()
    yield compared("between, up to 10 days", pairs, ours.elapsed, sides.their_elapsed).row()
    yield nights()


if __name__ == "__main__":
    for row in rows():
        print(row.text())
