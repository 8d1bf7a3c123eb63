"""What the ledgers say of a clock: once said, the counters never fall."""

import pytest
from msgspec.structs import replace

from app.core import events as e
from app.core.clocks.noting import NOTHING_SAID, Said, said_of
from tests.core.story import at, clock_in, mail, told

NOW = at("tue 12:00")
RUNNING = clock_in([mail("tue 11:30")], "tue 12:00", "first_response")
KEPT = clock_in([mail(), told("mon 09:30", e.AgentReplied())], "tue 12:00", "first_response")
OVERDUE = clock_in([mail()], "tue 12:00", "first_response")
CANCELLED = clock_in(
    [mail(), told("tue 09:00", e.ContactDiscarded())], "tue 12:00", "first_response"
)


def test_a_running_clock_in_time_says_nothing():
    assert said_of(RUNNING, NOTHING_SAID, NOW) == NOTHING_SAID


def test_a_kept_promise_is_settled_and_its_time_observed():
    assert said_of(KEPT, NOTHING_SAID, NOW) == Said(settled=True, noted=False, observed=True)


def test_a_broken_promise_is_settled_before_anybody_answers():
    assert said_of(OVERDUE, NOTHING_SAID, NOW) == Said(settled=True, noted=True, observed=False)


@pytest.mark.parametrize("after", [None, CANCELLED])
@pytest.mark.parametrize("before", [KEPT, OVERDUE])
def test_what_was_settled_or_broken_is_taken_back_where_it_counts_no_more(before, after):
    said = said_of(before, NOTHING_SAID, NOW)

    again = said_of(after, said, NOW)

    assert (said.settled, again.settled, again.noted) == (True, False, False)
    assert again.observed == said.observed


def test_what_cannot_be_measured_is_never_said():
    blind = replace(KEPT, is_measurable=False)

    assert said_of(blind, NOTHING_SAID, NOW) == NOTHING_SAID
