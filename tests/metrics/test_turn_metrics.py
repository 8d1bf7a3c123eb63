"""Who is served first and why anybody waits, as series."""

from dataclasses import replace

import msgspec
import pytest

from app.core.fairness.causes import CAUSES
from app.core.fairness.shown import PoolStanding, ShownEpisode
from app.core.snapshot import Group, Snapshot
from app.metrics.exposition import MAX_SERIES, render, write
from app.metrics.negotiation import Format
from app.metrics.turns import MAX_ZERO_SERIES
from tests.metrics.desk import BUSY, QUIET, labels, read, values

ACME = ShownEpisode("acme", 1.0, 2.0, None, 3.0, 90.5, 0.5, 0.4, 0.2, 9, 6, 31, 60.0, (), ())
STANDING = PoolStanding(
    team="support",
    at=10.0,
    order="due",
    waiting=31,
    claims=0,
    on_duty=4,
    free=2,
    free_since=5.0,
    usual=None,
    starved=1,
    episodes=(
        ACME,
        msgspec.structs.replace(ACME, who="birk", waiting=7, extra_wait_seconds=9.5),
        msgspec.structs.replace(ACME, who="past", ended_at=9.0, waiting=99),
    ),
    wait_seconds={"important": {"favoured": 12.5}, "new": {"unknown": 1.0}},
    wait_seconds_total={"important": {"favoured": 100.0, "overload": 7.0}},
    starts_out_of_turn={"phone": {"important": 3}, "chat": {"new": 1}},
    starts_out_of_turn_total={"phone": {"important": 40}},
)
SUPPORT = labels(team="support")
SALES = labels(team="sales")


def told(name: str, *, snapshot: Snapshot | None = None, **changed: object):
    standing = msgspec.structs.replace(STANDING, **changed)
    page = render(snapshot or replace(BUSY, pools=(standing,)), Format.TEXT)
    return values(page, f"evenhand_{name}")


def test_every_team_of_the_policy_stands_at_zero_before_anything_happens():
    for name in ("episodes_open", "customers_waiting", "extra_wait_seconds"):
        assert told(f"starvation_{name}", snapshot=QUIET) == {SUPPORT: 0, SALES: 0}
    for name in ("out_of_turn_starts_total", "out_of_turn_starts_recent"):
        assert set(told(name, snapshot=QUIET).values()) == {0}
        assert len(told(name, snapshot=QUIET)) == 2
    for name in ("wait_seconds_total", "wait_seconds_recent"):
        assert set(told(name, snapshot=QUIET).values()) == {0}
        assert len(told(name, snapshot=QUIET)) == 2 * len(CAUSES)


def test_only_open_episodes_count_and_a_customer_who_waits_for_two_counts_once():
    assert told("starvation_episodes_open") == {SUPPORT: 2, SALES: 0}
    assert told("starvation_customers_waiting") == {SUPPORT: 31, SALES: 0}
    assert told("starvation_extra_wait_seconds") == {SUPPORT: 100, SALES: 0}


@pytest.mark.parametrize(
    ("free", "since", "shown"),
    [(2, 5.0, {SUPPORT: 2}), (2, None, {SUPPORT: 0}), (0, None, {SUPPORT: 0}), (None, None, {})],
)
def test_who_is_free_while_others_wait_is_absent_where_nobody_tells(free, since, shown):
    assert told("agents_free_while_waiting", free=free, free_since=since) == shown


def test_starts_out_of_turn_are_told_by_channel_and_tier_old_and_recent_alike():
    total, recent = told("out_of_turn_starts_total"), told("out_of_turn_starts_recent")

    phone = labels(channel="phone", team="support", tier="important")
    chat = labels(channel="chat", team="support", tier="new")
    assert (total[phone], total[chat]) == (40, 0)
    assert (recent[phone], recent[chat]) == (3, 1)
    assert total.keys() == recent.keys()


def test_waiting_is_told_by_cause_old_and_recent_alike():
    total, recent = told("wait_seconds_total"), told("wait_seconds_recent")

    favoured = labels(team="support", tier="important", cause="favoured")
    overload = labels(team="support", tier="important", cause="overload")
    unknown = labels(team="support", tier="new", cause="unknown")
    assert (total[favoured], recent[favoured]) == (100, 12.5)
    assert (total[overload], recent[overload]) == (7, 0)
    assert (total[unknown], recent[unknown]) == (0, 1)
    assert total.keys() == recent.keys()


def test_a_large_policy_has_only_the_causes_there_are():
    groups = tuple(
        Group("phone", f"team {n}", "important")
        for n in range(1 + MAX_ZERO_SERIES // (2 * len(CAUSES)))
    )
    snapshot = replace(QUIET, groups=groups, pools=(STANDING,))

    recent = told("wait_seconds_recent", snapshot=snapshot)

    assert set(recent) == {
        labels(team="support", tier="important", cause="favoured"),
        labels(team="support", tier="important", cause="overload"),
        labels(team="support", tier="new", cause="unknown"),
    }


def test_the_cap_holds_and_the_causes_are_left_out_first():
    whole = write(replace(BUSY, pools=(STANDING,)), MAX_SERIES, None)

    written = write(replace(BUSY, pools=(STANDING,)), whole.series - 20, None)

    text = written.text(Format.TEXT)
    assert len(read(text)) == written.series == whole.series - 20
    assert written.dropped == 20
    assert len(values(text, "evenhand_starvation_episodes_open")) == 2


def test_no_customer_is_named():
    page = render(replace(BUSY, pools=(STANDING,)), Format.TEXT)

    assert not [name for name in (b"acme", b"birk") if name in page]


def test_people_are_counted_by_what_they_do_where_anybody_is_known():
    found = told("agents", doings={"free": 2, "on_contact": 3})

    assert found == {
        labels(team="support", state="free"): 2,
        labels(team="support", state="on_contact"): 3,
    }
    assert told("agents", snapshot=QUIET) == {}
