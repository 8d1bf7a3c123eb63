from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.snapshot import CustomerWaiting, Group, Waiting
from app.metrics.customers import (
    MAX_CUSTOMER_SERIES,
    Claims,
    choose,
    render_customers,
    write_customers,
)
from app.metrics.exposition import render
from app.metrics.negotiation import Format
from tests.metrics.desk import BUSY, NOON, QUIET, labels, read, values

WAITING = "evenhand_customer_contacts_waiting"


@pytest.mark.requirement(6)
def test_both_formats_parse_and_carry_the_same_samples():
    text, openmetrics = (render_customers(BUSY, fmt, MAX_CUSTOMER_SERIES) for fmt in Format)

    assert sorted(read(text), key=str) == sorted(read(openmetrics, Format.OPENMETRICS), key=str)


@pytest.mark.requirement(27)
def test_with_room_for_all_every_customer_is_named_with_tier_and_team():
    text = render_customers(BUSY, Format.TEXT, MAX_CUSTOMER_SERIES)

    assert {dict(key)["customer"] for key in values(text, WAITING)} == {"c1", "c2", "c3", "c4"}
    info = values(text, "evenhand_customer_info")
    assert info[labels(customer="c1", tier="standard", team="sales")] == 1
    assert len(info) == 5
    assert values(text, "evenhand_customers_in_other") == {frozenset(): 0}


@pytest.mark.requirement(4)
@pytest.mark.parametrize("cap", [0, 1, 5, 8, 12, 17, 5_000])
def test_at_any_cap_the_page_keeps_it(cap):
    assert write_customers(BUSY, cap, None).written.series <= cap


@pytest.mark.requirement(25)
@pytest.mark.parametrize("cap", [9, 12, 15, 18, 5_000])
def test_the_sum_over_customers_is_the_number_of_contacts_that_wait(cap):
    shown = values(render_customers(BUSY, Format.TEXT, cap), WAITING)
    waiting = values(render(BUSY, Format.TEXT), "evenhand_contacts_waiting")

    sums: Counter[frozenset[tuple[str, str]]] = Counter()
    for key, value in shown.items():
        sums[frozenset(pair for pair in key if pair[0] != "customer")] += int(value)
    assert sums == waiting


@pytest.mark.requirement(25)
def test_who_stands_first_is_named_first_and_the_rest_become_other():
    text = render_customers(BUSY, Format.TEXT, 11)

    named = {dict(key)["customer"] for key in values(text, WAITING)}
    assert named == {"c1", "other"}
    soonest = values(text, "evenhand_customer_next_breach_timestamp_seconds")
    rest = labels(customer="other", channel="phone", team="support", tier="important")
    assert soonest[rest] == (NOON + timedelta(seconds=9)).timestamp()
    assert values(text, "evenhand_customers_in_other") == {frozenset(): 3}


def test_a_customer_is_shown_whole_or_not_at_all():
    chosen = choose(BUSY.customers, 5, Claims())

    assert chosen.named == ()
    assert chosen.customers_in_other == 4


def test_a_customer_whose_id_is_other_joins_the_others():
    odd = CustomerWaiting("other", "important", "support", "phone", 1, NOON)
    snapshot = replace(BUSY, customers=(odd, *BUSY.customers[1:]))

    text = render_customers(snapshot, Format.TEXT, MAX_CUSTOMER_SERIES)

    keys = [key for name, key, _ in read(text) if name == WAITING]
    assert len(keys) == len(set(keys))
    assert sum(values(text, WAITING).values()) == 7


def test_a_list_that_names_only_some_still_adds_up():
    snapshot = replace(BUSY, customers=BUSY.customers[:1])

    text = render_customers(snapshot, Format.TEXT, MAX_CUSTOMER_SERIES)

    assert sum(values(text, WAITING).values()) == 7


@pytest.mark.requirement(29)
def test_a_customer_who_was_erased_is_gone_from_the_next_page():
    before = write_customers(BUSY, MAX_CUSTOMER_SERIES, None)
    erased = replace(BUSY, customers=tuple(c for c in BUSY.customers if c.customer != "c2"))

    after = write_customers(erased, MAX_CUSTOMER_SERIES, before)

    assert b'"c2"' in before.written.text(Format.TEXT)
    assert b'"c2"' not in after.written.text(Format.TEXT)


@pytest.mark.requirement(25)
def test_nobody_waits_and_nobody_is_named():
    text = render_customers(QUIET, Format.TEXT, MAX_CUSTOMER_SERIES)

    assert [name for name, _, _ in read(text)] == ["evenhand_customers_in_other"]


@pytest.mark.requirement(4, 25)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["phone", "chat"])), unique=True),
    st.integers(5, 60),
)
def test_a_flood_of_customers_neither_breaks_the_cap_nor_the_sum(rows, cap):
    customers = tuple(CustomerWaiting(c, "t", "x", channel, 2, NOON) for c, channel in rows)
    counts = Counter(Group(row.channel, "x", "t") for row in customers for _ in range(2))
    waiting = {group: Waiting(count, NOON) for group, count in counts.items()}

    written = write_customers(
        replace(QUIET, customers=customers, waiting=waiting), cap, None
    ).written

    text = written.text(Format.TEXT)
    assert len(read(text)) == written.series <= cap
    assert sum(values(text, WAITING).values()) == counts.total()
