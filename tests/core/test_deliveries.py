"""How far a tool's clock is from ours, worked out of what it sent."""

from datetime import timedelta

from app.core.deliveries import FEW, Arrival, Told, Verdict, dated_ahead, skew
from tests.conftest import NOON


def arrival(*lags: float, verdict: Verdict = Verdict.TAKEN, has_time: bool = True) -> Arrival:
    """A delivery that came at noon and told of what happened so many seconds before."""
    told = [
        Told("contact.received", NOON - timedelta(seconds=lag), has_time=has_time) for lag in lags
    ]
    return Arrival(source="phone", received_at=NOON, verdict=verdict, told=tuple(told))


def test_the_middle_of_the_newest_events_counts():
    arrivals = [arrival(2, 600), arrival(1), arrival(3), arrival(90), arrival(2)]

    assert skew(arrivals) == timedelta(seconds=2)


def test_a_few_deliveries_say_nothing_of_a_clock():
    assert skew([arrival(500)] * (FEW - 1)) is None


def test_what_repeats_or_has_no_time_of_its_own_says_nothing_of_a_clock():
    repeated = [arrival(9_000, verdict=Verdict.REPEATED)] * FEW
    timeless = [arrival(0, has_time=False)] * FEW

    assert skew([*repeated, *timeless]) is None


def test_deliveries_that_tell_of_the_future_are_counted():
    assert dated_ahead([arrival(-2), arrival(-1), arrival(5, -60), arrival()]) == 2
