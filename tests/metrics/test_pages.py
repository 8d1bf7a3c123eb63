import gzip
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from app.core.snapshot import ClockGroup, CustomerWaiting, Group, Snapshot, Tally, Waiting
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


@pytest.mark.requirement(5, 6)
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


@pytest.mark.requirement(5, 8)
def test_a_packed_answer_holds_the_same_page_and_says_so(pages):
    plain = answer(pages, Which.METRICS, None, "gzip;q=0", NOON)
    packed = answer(pages, Which.METRICS, None, "gzip", NOON)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4


@pytest.mark.requirement(9)
def test_no_customer_is_named_on_metrics_and_no_team_total_on_customers(pages):
    metrics, customers = (answer(pages, which, None, None, NOON).body for which in Which)

    assert b"customer=" not in metrics
    assert b"evenhand_contacts_waiting" not in customers
    assert b'customer="c1"' in customers


@pytest.mark.requirement(5, 13)
def test_before_the_first_reading_the_answer_is_503_with_a_content_type():
    reply = answer(None, Which.METRICS, OPENMETRICS, "gzip", NOON)

    assert (reply.status, reply.content_type) == (503, "text/plain; charset=utf-8")
    assert reply.headers["Retry-After"]
    assert b"evenhand" not in reply.body


@pytest.mark.requirement(13)
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


@pytest.mark.requirement(4)
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


@pytest.mark.requirement(6)
@pytest.mark.parametrize("which", list(Which))
def test_promtool_finds_nothing_to_say_about_the_page(pages, which):
    text = pages.bodies[which, Format.TEXT].plain

    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


@pytest.mark.requirement(2, 8)
@pytest.mark.parametrize(
    ("which", "accept", "coding"), list(product(Which, [None, OPENMETRICS], [None, "gzip"]))
)
def test_a_scrape_is_handed_what_was_made_before_and_makes_nothing(pages, which, accept, coding):
    first, second = (answer(pages, which, accept, coding, NOON) for _ in range(2))

    made = [form for body in pages.bodies.values() for form in (body.plain, body.gzipped)]
    assert any(first.body is form for form in made)
    assert second.body is first.body


@pytest.mark.requirement(8)
def test_pages_are_packed_in_the_quick_way(pages):
    """The ninth byte of a gzip stream says so (RFC 1952, XFL)."""
    assert answer(pages, Which.METRICS, None, "gzip", NOON).body[8] == 4


def _crowd(customers: int) -> Snapshot:
    rows = [
        CustomerWaiting(f"c-{n:012x}", "standard", f"team {n % 40}", "email", 1, NOON)
        for n in range(customers)
    ]
    counts = Counter(Group(row.channel, row.team, row.tier) for row in rows)
    waiting = {group: Waiting(count, NOON) for group, count in counts.items()}
    return replace(BUSY, customers=tuple(rows), waiting=waiting)


@pytest.mark.requirement(3, 4)
def test_of_ten_times_the_customers_no_page_has_more_series(process):
    pages = [build(_crowd(customers), process, None) for customers in (2_000, 20_000)]

    for which in Which:
        few, many = (read(each.bodies[which, Format.TEXT].plain) for each in pages)
        assert len(many) == len(few) <= 5_000


@pytest.mark.requirement(3)
def test_full_pages_stay_below_a_million_bytes(process):
    clocks = [ClockGroup("phone", f"team {n}", "important", "resolution") for n in range(3_000)]
    full = replace(_crowd(3_000), tallies=dict.fromkeys(clocks, Tally()))

    pages = build(full, process, None)

    for which, fmt in product(Which, Format):
        assert len(read(pages.bodies[which, fmt].plain, fmt)) > 4_900
        assert len(pages.bodies[which, fmt].plain) < 1_000_000


@pytest.mark.requirement(13)
def test_a_page_is_of_one_reading_and_is_replaced_as_a_whole(process, pages):
    build(replace(BUSY, customers=(), waiting={}), process, pages)

    assert b'customer="c1"' in answer(pages, Which.CUSTOMERS, None, None, NOON).body
