"""Examples on the buckets of response times: a dot of a heat map opens a contact."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.samples import Exemplar as Read

from app.core.snapshot import ClockGroup, Exemplar, ResponseGroup, Snapshot
from app.metrics.exemplars import with_exemplars
from app.metrics.exposition import MAX_SERIES, write
from app.metrics.negotiation import Format
from app.metrics.page import Which, build
from app.metrics.process import ProcessMetrics
from app.metrics.sheet import END
from tests.metrics.desk import BUSY, NOON, PHONE, READERS, read

EARLIER = NOON - timedelta(seconds=30)


def told(*exemplars: Exemplar, group: ResponseGroup = PHONE) -> Snapshot:
    return replace(BUSY, exemplars={group: exemplars})


def found(snapshot: Snapshot) -> dict[tuple[str, float], Read]:
    """The examples as a scraper reads them, by tier and edge."""
    page = with_exemplars(write(snapshot, MAX_SERIES, None), snapshot).text(Format.OPENMETRICS)
    text = (page + END[Format.OPENMETRICS]).decode()
    samples = [s for family in READERS[Format.OPENMETRICS](text) for s in family.samples]
    return {
        (sample.labels["tier"], float(sample.labels["le"])): sample.exemplar
        for sample in samples
        if sample.exemplar
    }


@pytest.mark.requirement(30)
def test_an_example_stands_on_the_bucket_that_it_was_counted_in():
    seen = found(told(Exemplar("call-9", 25.0, NOON), Exemplar("call-1", 3.5, EARLIER)))

    assert seen == {
        ("important", 25.0): Read({"contact": "call-9"}, 25.0, seen["important", 25.0].timestamp),
        ("important", 5.0): Read({"contact": "call-1"}, 3.5, seen["important", 5.0].timestamp),
    }
    assert float(str(seen["important", 25.0].timestamp)) == NOON.timestamp()


@pytest.mark.requirement(30)
def test_of_two_for_one_bucket_the_newest_stands_there():
    seen = found(told(Exemplar("new", 22.0, NOON), Exemplar("old", 24.0, EARLIER)))

    assert {edge: one.labels for edge, one in seen.items()} == {
        ("important", 25.0): {"contact": "new"}
    }


@pytest.mark.requirement(30)
@pytest.mark.parametrize(("length", "shown"), [(121, True), (122, False)])
def test_an_id_too_long_for_the_format_stands_nowhere(length, shown):
    seen = found(told(Exemplar("c" * length, 22.0, NOON)))

    assert bool(seen) is shown
    for one in seen.values():
        assert sum(len(name) + len(value) for name, value in one.labels.items()) <= 128


@pytest.mark.requirement(30)
def test_odd_names_break_nothing():
    odd = ResponseGroup("phone", 'a,le="9"\u2028\\', "first_response")
    contact = 'say "hi"\n\u2028'
    snapshot = told(Exemplar(contact, 22.0, NOON), group=odd)
    clock = ClockGroup(odd.channel, "support", odd.tier, odd.clock)
    snapshot = replace(snapshot, targets={**BUSY.targets, clock: 30.0})

    assert found(snapshot)[odd.tier, 25.0].labels == {"contact": contact}


@pytest.mark.requirement(30, 6)
def test_only_openmetrics_bears_examples_and_the_samples_stay_the_same():
    snapshot = told(Exemplar("call-9", 22.0, NOON))
    bodies = build(snapshot, ProcessMetrics("1", []), None).bodies

    text, opened = (bodies[Which.METRICS, fmt].plain for fmt in Format)

    assert (b"call-9" in text, b"call-9" in opened) == (False, True)
    assert sorted(read(text), key=str) == sorted(read(opened, Format.OPENMETRICS), key=str)


@pytest.mark.requirement(30)
def test_without_examples_the_page_is_the_page():
    page = write(BUSY, MAX_SERIES, None)

    assert with_exemplars(page, BUSY) is page
