"""Who is named on /metrics/customers where not all can be: the first tier, who has a place, the latest."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.snapshot import CustomerWaiting, Group, Snapshot, Waiting
from app.metrics.customers import MAX_PLACES_KEPT, NAMED_FOR, CustomerPage, write_customers
from app.metrics.families import CUSTOMERS, OTHER
from app.metrics.family import Kind
from app.metrics.negotiation import Format
from tests.metrics.desk import NOON, QUIET, values

WAITING = "evenhand_customer_contacts_waiting"
SECOND = timedelta(seconds=1)
ALMOST = NAMED_FOR - SECOND


def waits(customer: str, seconds: float, tier: str = "standard") -> CustomerWaiting:
    """One contact of a customer that is late so many seconds after noon."""
    at = NOON + timedelta(seconds=seconds)
    return CustomerWaiting(customer, tier, "support", "chat", 1, at)


def taken(rows: Iterable[CustomerWaiting], after: timedelta = timedelta()) -> Snapshot:
    """A snapshot in which these wait and nobody else does; who is late next stands first."""
    told = tuple(sorted(rows, key=lambda row: (row.tier != "important", row.next_breach_at)))
    counts = Counter(Group(row.channel, row.team, row.tier) for row in told)
    return replace(
        QUIET,
        taken_at=NOON + after,
        customers=told,
        first_tier="important",
        waiting={group: Waiting(count, NOON) for group, count in counts.items()},
    )


def written(
    snapshot: Snapshot, room_for: int, before: CustomerPage | None = None
) -> tuple[CustomerPage, set[str]]:
    """The page with room for so many customers, and who is named on it."""
    cap = 1 + 2 * len(snapshot.waiting) + 3 * room_for
    page = write_customers(snapshot, cap, before)
    shown = values(page.written.text(Format.TEXT), WAITING)
    assert sum(shown.values()) == sum(one.contacts for one in snapshot.waiting.values())
    return page, {dict(key)["customer"] for key in shown} - {OTHER}


@pytest.mark.requirement(25)
def test_the_first_tier_is_named_first_and_then_who_is_late_next():
    rows = [waits("soon", 5), waits("later", 60), waits("listed", 900, "important")]

    assert written(taken(rows), 1)[1] == {"listed"}
    assert written(taken(rows), 2)[1] == {"listed", "soon"}


@pytest.mark.requirement(26)
def test_who_is_named_keeps_the_place_for_ten_minutes_though_others_are_late_earlier():
    page, named = written(taken([waits("first", 60)]), 1)
    both = [waits("first", 60), waits("earlier", 5)]

    page, still = written(taken(both, ALMOST), 1, page)
    _, then = written(taken(both, NAMED_FOR), 1, page)

    assert (named, still, then) == ({"first"}, {"first"}, {"earlier"})


@pytest.mark.requirement(26)
def test_a_place_is_taken_up_again_by_who_waits_again_in_time():
    page, _ = written(taken([waits("first", 60)]), 1)
    page, nobody = written(taken([], SECOND), 1, page)

    _, again = written(taken([waits("first", 900), waits("earlier", 5)], ALMOST), 1, page)

    assert (nobody, again) == (set(), {"first"})


@pytest.mark.requirement(25, 26)
def test_the_first_tier_takes_a_place_at_once():
    page, _ = written(taken([waits("first", 60)]), 1)

    both = [waits("first", 60), waits("vip", 999, "important")]

    _, named = written(taken(both, SECOND), 1, page)

    assert named == {"vip"}


@pytest.mark.requirement(26)
def test_who_is_named_on_and_on_is_weighed_anew_every_ten_minutes():
    page = None
    for minute in range(13):
        page, named = written(taken([waits("first", 60)], timedelta(minutes=minute)), 1, page)
        assert named == {"first"}

    both = taken([waits("first", 60), waits("earlier", 5)], timedelta(minutes=13))
    assert written(both, 1, page)[1] == {"first"}


@pytest.mark.requirement(26)
def test_a_flood_of_newcomers_takes_no_place_and_few_are_remembered():
    page, _ = written(taken([waits("first", 900)]), 2)
    for number in range(40):
        flood = [waits(f"k{number}-{n}", n) for n in range(300)]
        after = timedelta(seconds=number)
        page, named = written(taken([*flood, waits("first", 900)], after), 301, page)
        assert "first" in named

    assert len(page.named_since) <= MAX_PLACES_KEPT


@pytest.mark.requirement(24)
def test_what_is_told_of_customers_is_the_present_alone():
    assert {family.kind for family in CUSTOMERS} <= {Kind.GAUGE, Kind.INFO}


@pytest.mark.requirement(4, 25)
@given(
    st.lists(st.sets(st.integers(0, 12), max_size=8), min_size=1, max_size=12),
    st.sets(st.integers(0, 12)),
    st.integers(0, 5),
)
def test_whoever_comes_and_goes_the_sum_holds_and_so_does_the_cap(turns, listed, room_for):
    page = None
    for number, who in enumerate(turns):
        tiers = ["important" if n in listed else "standard" for n in who]
        rows = [waits(f"k{n}", n * 7, tier) for n, tier in zip(who, tiers, strict=True)]
        snapshot = taken(rows, timedelta(minutes=number * 3))
        page, named = written(snapshot, room_for, page)

        assert page.written.series <= 1 + 2 * len(snapshot.waiting) + 3 * room_for
        assert len(named) == min(room_for, len(rows))
        missing = {row.customer for row in rows if row.tier == "important"} - named
        assert not missing or len(named) == room_for
