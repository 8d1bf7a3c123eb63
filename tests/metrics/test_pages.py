import gzip
import subprocess
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from app.core.snapshot import ClockGroup, Tally
from app.metrics.exposition import MAX_SERIES
from app.metrics.negotiation import Format
from app.metrics.page import STALE_AFTER, Which, answer, build
from app.metrics.process import ProcessMetrics
from tests.debian_tools import tool
from tests.metrics.desk import BUSY, NOON, read, values

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def process():
    return ProcessMetrics("1.2.3", ["desk"])


@pytest.fixture
def pages(process):
    return build(BUSY, process, None)


@pytest.mark.parametrize("which", list(Which))
def test_both_formats_parse_and_carry_the_same_samples(pages, which):
    text = answer(pages, which, None, None, NOON)
    openmetrics = answer(pages, which, OPENMETRICS, None, NOON)

    assert text.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert openmetrics.content_type.startswith("application/openmetrics-text; version=1.0.0;")
    assert sorted(read(text.body), key=str) == sorted(
        read(openmetrics.body, Format.OPENMETRICS), key=str
    )


@pytest.mark.parametrize(("which", "fmt"), list(product(Which, Format)))
def test_every_family_is_described_once_and_stands_together(pages, which, fmt):
    lines = pages.bodies[which, fmt].plain.decode().splitlines()

    for word in ("HELP", "TYPE"):
        names = [line.split(" ")[2] for line in lines if line.startswith(f"# {word}")]
        assert len(names) == len(set(names))
    keys = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
    assert len(keys) == len(set(keys))


def test_a_packed_answer_holds_the_same_page_and_says_so(pages):
    plain = answer(pages, Which.METRICS, None, "gzip;q=0", NOON)
    packed = answer(pages, Which.METRICS, None, "gzip", NOON)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4


def test_no_customer_is_named_on_metrics_and_no_team_total_on_customers(pages):
    metrics, customers = (answer(pages, which, None, None, NOON).body for which in Which)

    assert b"customer=" not in metrics
    assert b"evenhand_contacts_waiting" not in customers
    assert b'customer="c1"' in customers


def test_before_the_first_reading_the_answer_is_503_with_a_content_type():
    reply = answer(None, Which.METRICS, OPENMETRICS, "gzip", NOON)

    assert (reply.status, reply.content_type) == (503, "text/plain; charset=utf-8")
    assert reply.headers["Retry-After"]
    assert b"evenhand" not in reply.body


def test_numbers_are_shown_until_they_are_300_seconds_old_and_refused_after(pages):
    last = answer(pages, Which.METRICS, None, None, NOON + STALE_AFTER)
    late = answer(pages, Which.METRICS, None, None, NOON + STALE_AFTER + timedelta(seconds=1))

    assert timedelta(seconds=300) == STALE_AFTER
    assert (last.status, late.status) == (200, 503)
    assert not pages.is_stale(NOON + STALE_AFTER)


def test_what_the_process_did_is_on_the_page_of_the_next_reading(process, pages):
    process.fold_failed(2)
    later = build(replace(BUSY, taken_at=NOON + timedelta(seconds=1)), process, pages)

    name = "evenhand_process_fold_failures_total"
    old, new = (answer(p, Which.METRICS, None, None, NOON).body for p in (pages, later))
    assert values(old, name) == {frozenset(): 0}
    assert values(new, name) == {frozenset(): 2}


def test_the_whole_page_keeps_the_cap_with_the_series_of_the_process_counted_in(process):
    clocks = [ClockGroup("phone", f"team {n}", "x", "resolution") for n in range(3_000)]
    huge = replace(BUSY, tallies=dict.fromkeys(clocks, Tally()))

    first = build(huge, process, None)
    second = build(huge, process, first)

    found = read(second.bodies[Which.METRICS, Format.TEXT].plain)
    assert len(found) == MAX_SERIES
    dropped = [value for name, _, value in found if name == "evenhand_series_dropped_total"]
    assert dropped == [2 * first.business.dropped]
    assert dropped[0] > 0


@pytest.mark.parametrize("which", list(Which))
def test_promtool_finds_nothing_to_say_about_the_page(pages, which):
    text = pages.bodies[which, Format.TEXT].plain

    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
