"""The phone's service level: six definitions, and what one contact adds to the counters."""

import json
from dataclasses import astuple
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.service_level import Counters, Offered, Variant, outcome_of, service_level

PUBLISHED = json.loads((Path(__file__).parents[1] / "conformance/service-level.json").read_text())
THRESHOLD = timedelta(seconds=PUBLISHED["input"]["threshold_seconds"])
SHORT = timedelta(seconds=PUBLISHED["input"]["short_abandon_seconds"])
TICK = timedelta(microseconds=1)


def published() -> Counters:
    told = {k: n for k, n in PUBLISHED["input"].items() if not k.endswith("_seconds")}
    return Counters(offered=told["answered"] + told["abandoned"], **told)


def offered(waited: timedelta, *, answered=False, abandoned=False, keeps_place=False) -> Offered:
    return Offered(waited, answered, abandoned, keeps_place)


counters = st.builds(
    lambda within, late, short, soon, after: Counters(
        offered=within + late + short + soon + after,
        answered=within + late,
        answered_within=within,
        abandoned=short + soon + after,
        abandoned_short=short,
        abandoned_within=short + soon,
        abandoned_after=after,
    ),
    *[st.integers(0, 50)] * 5,
)
waits = st.integers(0, 40_000_000).map(lambda n: timedelta(microseconds=n))
contacts = st.builds(Offered, waits, st.booleans(), st.booleans(), st.booleans())


@pytest.mark.parametrize("told", PUBLISHED["expected"], ids=lambda told: told["variant"])
def test_each_definition_gives_the_published_figure(told):
    level = service_level(published(), Variant(told["variant"]))

    assert level == pytest.approx(told["value"], abs=5e-7)


def test_every_definition_is_published():
    assert {told["variant"] for told in PUBLISHED["expected"]} == set(Variant)


@pytest.mark.parametrize("variant", Variant)
def test_nothing_counted_is_no_level(variant):
    assert service_level(Counters(offered=3, callback_queued=2), variant) is None


@given(counters, st.sampled_from(Variant))
def test_a_level_is_a_share(counted: Counters, variant: Variant):
    """Would have caught: a short abandon taken from below the line while it stayed above it."""
    level = service_level(counted, variant)

    assert level is None or 0 <= level <= 1


@given(counters)
def test_giving_up_never_counts_for_more_than_it_is_worth(counted: Counters):
    """Would have caught: two definitions that were exchanged."""
    negative = service_level(counted, Variant.ABANDONS_NEGATIVE)
    kinder = [service_level(counted, variant) for variant in Variant]

    assert all(negative <= level for level in kinder if negative is not None and level is not None)


@given(counters, counters)
def test_counters_add_up(one: Counters, other: Counters):
    """Would have caught: a counter left out of the sum."""
    assert astuple(one + other) == tuple(map(sum, zip(astuple(one), astuple(other), strict=True)))


@given(contacts, waits, waits)
def test_each_contact_is_offered_once_and_has_one_end(contact: Offered, threshold, short):
    """Would have caught: an answered contact that was abandoned as well."""
    counted = outcome_of(contact, threshold, short)

    assert counted.offered == 1
    ended = counted.answered + counted.abandoned + counted.callback_queued
    assert ended == int(contact.answered or contact.abandoned or contact.keeps_place)


def test_an_answer_at_the_threshold_is_in_time_and_after_it_is_not():
    in_time = outcome_of(offered(THRESHOLD, answered=True), THRESHOLD, SHORT)
    late = outcome_of(offered(THRESHOLD + TICK, answered=True), THRESHOLD, SHORT)

    assert in_time == Counters(offered=1, answered=1, answered_within=1)
    assert late == Counters(offered=1, answered=1)


def test_a_short_abandon_ends_before_the_limit():
    short = outcome_of(offered(SHORT - TICK, abandoned=True), THRESHOLD, SHORT)
    longer = outcome_of(offered(SHORT, abandoned=True), THRESHOLD, SHORT)

    assert short == Counters(offered=1, abandoned=1, abandoned_short=1, abandoned_within=1)
    assert longer == Counters(offered=1, abandoned=1, abandoned_within=1)


def test_giving_up_after_the_threshold_is_told_apart():
    counted = outcome_of(offered(THRESHOLD + TICK, abandoned=True), THRESHOLD, SHORT)

    assert counted == Counters(offered=1, abandoned=1, abandoned_after=1)


def test_whoever_keeps_a_place_for_a_callback_abandoned_nothing():
    contact = offered(SHORT, abandoned=True, keeps_place=True)

    assert outcome_of(contact, THRESHOLD, SHORT) == Counters(offered=1, callback_queued=1)


def test_an_answer_counts_even_where_a_callback_was_queued():
    contact = offered(SHORT, answered=True, keeps_place=True)

    counted = outcome_of(contact, THRESHOLD, SHORT)

    assert counted == Counters(offered=1, answered=1, answered_within=1)


def test_whom_the_system_turned_out_is_offered_and_no_more():
    assert outcome_of(offered(THRESHOLD), THRESHOLD, SHORT) == Counters(offered=1)


@pytest.mark.parametrize(
    "told",
    [
        {"offered": -1},
        {"answered_within": 1},
        {"abandoned_short": 1},
        {"abandoned": 2, "abandoned_within": 1},
    ],
)
def test_counters_that_contradict_one_another_cannot_be(told):
    with pytest.raises(AssertionError):
        Counters(**told)
