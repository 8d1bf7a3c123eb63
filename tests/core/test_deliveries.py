"""What is shown of a delivery, and how far a tool's clock is from ours, worked out of what it sent."""

from datetime import timedelta

from app.core.deliveries import (
    FEW,
    MAX_REASON,
    MAX_TEXT,
    Arrival,
    Told,
    Verdict,
    dated_ahead,
    shown,
    skew,
    told_of,
)
from app.core.events import Incoming
from tests.conftest import NOON


def arrival(*lags: float, verdict: Verdict = Verdict.TAKEN, has_time: bool = True) -> Arrival:
    """A delivery that came at noon and told of what happened so many seconds before."""
    told = [
        Told("contact.received", NOON - timedelta(seconds=lag), has_time=has_time) for lag in lags
    ]
    return Arrival(source="phone", received_at=NOON, verdict=verdict, told=tuple(told))


def received(team: str) -> Incoming:
    body = b'{"team": "%s"}' % team.encode()
    return Incoming(
        source="/hooks/mail",
        id="1",
        type="contact.received",
        occurred_at=NOON,
        received_at=NOON,
        subject="c1",
        body=body,
    )


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


def test_a_mailbox_of_ours_stays_readable_and_any_other_is_masked():
    boxes = ["support@firm.example", "jo@example.org"]
    events = [received(box) for box in boxes]

    told = told_of(events, {"support@firm.example"})

    assert [each.team for each in told] == ["support@firm.example", "j•••@example.org"]


def test_a_reason_may_be_longer_than_a_name():
    reason = "x" * (MAX_REASON + 1)

    assert (len(shown(reason)), len(shown(reason, MAX_REASON))) == (MAX_TEXT, MAX_REASON)
