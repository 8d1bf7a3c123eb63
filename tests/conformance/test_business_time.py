"""Business time as other systems' own tests have it: adding to an instant, and between two."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.clocks.clock import counted, reached_at
from app.core.clocks.timeline import Cycle, Stretch
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.hours.pauses import latest_start
from app.core.policy import ClockKind
from tests.conformance.calendars import calendar_of
from tests.conformance.cases import Case, cases_of


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases_of("add")])
def test_adding_business_time_leads_to_the_instant(case: Case):
    if "error" in case.expected:
        with pytest.raises(ValueError, match=r"\w"):
            added(calendar_of(case.calendar), case.input)
        return
    right = {instant(at) for at in (case.expected["at"], case.also_right) if at}

    assert added(calendar_of(case.calendar), case.input) in right


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases_of("between")])
def test_the_business_time_between_two_instants_is_exact(case: Case):
    if "error" in case.expected:
        with pytest.raises(ValueError, match=r"\w"):
            between(calendar_of(case.calendar), case.input)
        return

    counted_time = between(calendar_of(case.calendar), case.input)

    assert counted_time == timedelta(seconds=case.expected["seconds"])


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def pauses_of(told: Mapping[str, Any]) -> tuple[Stretch, ...]:
    """The stretches that do not count, in order; a reversed one is no time at all."""
    pauses = [
        Stretch(instant(pause["from"]), instant(pause["to"]) if pause.get("to") else None)
        for pause in told.get("pauses") or ()
    ]
    lasting = (pause for pause in pauses if pause.end is None or pause.end > pause.start)
    return tuple(sorted(lasting, key=lambda pause: pause.start))


def between(calendar: Calendar, told: Mapping[str, Any]) -> timedelta:
    start, end = instant(told["from"]), instant(told["to"])
    cycle = Cycle(ClockKind.RESOLUTION, 1, start, pauses=pauses_of(told))
    return counted(cycle, calendar, end)


def added(calendar: Calendar, told: Mapping[str, Any]) -> datetime:
    start, pauses = instant(told["start"]), pauses_of(told)
    forward = told.get("direction", "forward") == "forward"
    if told.get("business_days") is None:
        if told.get("seconds") is None:
            raise ValueError("expected seconds or business_days, got neither")
        amount = timedelta(seconds=told["seconds"])
        reached = after if forward else before
        return reached(calendar, start, amount, pauses)
    days, end_of_day = told["business_days"], told.get("end_of_day", False)
    if days != int(days):
        raise ValueError(f"expected whole business days, got {days}")
    if forward:
        due = calendar.business_days_after(start, days, end_of_day=end_of_day)
        amount = calendar.elapsed(start, due)
        return max(due, after(calendar, start, amount, pauses)) if pauses else due
    due = calendar.business_days_before(start, days, end_of_day=end_of_day)
    amount = calendar.elapsed(due, start)
    return min(due, before(calendar, start, amount, pauses)) if pauses else due


def after(
    calendar: Calendar, start: datetime, amount: timedelta, pauses: Sequence[Stretch]
) -> datetime:
    cycle = Cycle(ClockKind.RESOLUTION, 1, start, pauses=tuple(pauses))
    if not pauses:
        return calendar.due(start, amount)
    reached = reached_at(cycle, amount, calendar)
    if reached is None:
        raise NeverOpen(f"{amount} is never used up")
    return reached


def before(
    calendar: Calendar, end: datetime, amount: timedelta, pauses: Sequence[Stretch]
) -> datetime:
    return latest_start(calendar, end, amount, pauses)
