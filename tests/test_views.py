"""The views that dashboards read say what the service says, of everything, and no more than allowed."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.clocks.clock import Clock, Status
from app.core.clocks.noting import NOTHING_SAID, said_of
from app.core.fairness.shown import Harmed
from app.core.replay import replay
from app.operations.present import lost_before
from app.store.engine import Database, Transaction
from app.store.episodes import save_new, withdraw
from app.store.now import Instants, load_present
from tests.conftest import NOON
from tests.customer_story import (
    CALLS_BACK,
    HOUR,
    MAIL,
    MASKED,
    PHONE,
    TOOL,
    Kept,
    Story,
    begin,
    episode,
    told_aside,
)
from tests.running import ROOT

WORDS = {
    Status.RUNNING: {"open", "late, still open"},
    Status.PAUSED: {"paused", "late, still open"},
    Status.MET: {"kept"},
    Status.BREACHED: {"late"},
    Status.CANCELLED: {"does not count"},
    Status.WAIVED: {"no answer needed"},
    Status.NOT_MEASURABLE: {"cannot be judged"},
}
VIEWS = "SELECT table_name FROM information_schema.views WHERE table_schema = 'evenhand_views'"
COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'evenhand_views' ORDER BY table_name, ordinal_position
"""
CLOCKS = """
SELECT contact, clock, number, verdict, is_late, decided_at, target_seconds, elapsed_seconds, now()
FROM evenhand_views.clocks
"""


@pytest.fixture(scope="module")
def kept(database_url: str) -> Iterator[Kept]:
    with told_aside(database_url) as kept:
        yield kept


@pytest.fixture
async def story(kept: Kept) -> AsyncIterator[Story]:
    async with kept.opened() as story:
        yield story


async def rows(tx: Transaction, query: str) -> list[Any]:
    return list(await tx.execute(text(query)))


async def test_every_verdict_is_the_one_that_the_service_comes_to(story: Story):
    async with story.desk.db.begin() as tx:
        found = await rows(tx, CLOCKS)
    now = found[0].now
    judged = await _replayed(story, now)

    statuses: set[Status] = set()
    for row in found:
        clock = judged.pop((row.contact, row.clock, row.number))
        statuses.add(clock.status(now))
        assert row.verdict in WORDS[clock.status(now)], row
        assert (row.is_late, row.verdict.startswith("late")) == (
            (clock.is_breached(now) and clock.status(now) is not Status.CANCELLED,) * 2
        )
        assert (row.decided_at is not None) is said_of(clock, NOTHING_SAID, now).settled, row
        decided_at = clock.breaches_at if row.is_late else clock.stopped_at
        assert row.decided_at in (None, decided_at), row
        assert row.target_seconds == clock.target.total_seconds()
        assert row.elapsed_seconds == (clock.elapsed and clock.elapsed.total_seconds())
    assert judged == {}
    assert statuses == set(WORDS)


async def _replayed(story: Story, now: datetime) -> dict[tuple[str, str, int], Clock]:
    known = replay(await story.desk.events(), story.desk.terms, now)
    clocks = [(c.subject, clock) for c in known.contacts for clock in c.clocks]
    clocks += [(promise.contact.partition("\x1f")[2], clock) for promise, clock in known.promises]
    return {(contact, clock.kind.value, clock.number): clock for contact, clock in clocks}


async def test_what_is_open_and_late_adds_up_to_what_the_metrics_say(story: Story):
    async with story.desk.db.begin() as tx:
        ((now,),) = await rows(tx, "SELECT now()")
        lost = lost_before(story.desk.terms.policies.in_force(now), now)
        present = await load_present(tx, Instants(now, lost), 100)
        overdue = await rows(
            tx,
            "SELECT clock, count(*) FROM evenhand_views.clocks WHERE is_open AND is_late GROUP BY 1",
        )
        standing = await rows(
            tx, "SELECT standing, count(*) FROM evenhand_views.contacts GROUP BY 1"
        )
        owed = await rows(tx, "SELECT count(*) FROM evenhand_views.callbacks WHERE is_open")
        promised = await rows(
            tx,
            "SELECT is_overdue, count(*) FROM evenhand_views.follow_ups WHERE is_open GROUP BY 1",
        )

    counted: Counter[str] = Counter()
    for group, running in present.running.items():
        counted[group.clock] += running.overdue
    assert dict(map(tuple, overdue)) == +counted != {}
    assert dict(map(tuple, standing))["waiting"] == sum(
        w.contacts for w in present.waiting.values()
    )
    assert dict(map(tuple, standing))["lost track of"] == sum(present.lost_track.values()) == 1
    assert owed[0][0] == sum(present.callbacks.values()) > 0
    overdue_promises = sum(promise.due_at < now for promise in present.promises)
    assert dict(map(tuple, promised)) == {True: overdue_promises, False: 1} == {True: 1, False: 1}


async def test_who_was_told_no_is_listed_with_whether_she_was_called_since(story: Story):
    told = await story.desk.rows(
        "SELECT contact, is_inferred, waits_for_call FROM evenhand_views.turned_away ORDER BY 1"
    )

    assert told == [("c3", False, True), ("called since", False, False)]


async def test_spam_is_no_contact_and_its_promises_count_for_nothing(story: Story):
    contacts = await story.desk.rows("SELECT contact FROM evenhand_views.contacts")
    verdicts = await story.desk.rows(
        "SELECT DISTINCT verdict FROM evenhand_views.clocks WHERE contact = 'spam'"
    )

    assert ("m1",) in contacts
    assert ("spam",) not in contacts
    assert verdicts == [("does not count",)]


async def test_a_policy_that_waits_longer_for_news_loses_track_later(db: Database):
    patient = CALLS_BACK + "clocks:\n  lost_track: {phone: 12h}\n"
    story = await begin(db, patient)
    await story.tell("contact.received", "c1", 3 * HOUR, **PHONE, customer="jensen")
    await story.settle()

    found = await story.desk.rows("SELECT standing, is_open FROM evenhand_views.contacts")

    assert found == [("waiting", True)]


async def test_a_customer_is_called_by_her_name_only_where_it_is_public(story: Story):
    named = await story.desk.rows("SELECT customer, shown_as FROM evenhand_views.customers")
    mails = await story.desk.rows(
        "SELECT DISTINCT shown_as FROM evenhand_views.contacts WHERE contact IN ('m1', 'acme-1')"
    )

    assert dict(named) == {"acme": "Acme A/S", "jensen": MASKED}
    assert set(mails) == {(MASKED,), ("Acme A/S",)}


async def test_somebody_nobody_knows_is_listed_while_something_is_open_and_not_when_unnamed(
    db: Database,
):
    story = await begin(db)
    await story.tell("contact.received", "m1", 60, **MAIL, customer="walk-in")
    await story.call("c1", HOUR, 5, customer="over")
    await story.call("c3", 2 * HOUR, 5, customer="promised")
    due = (story.now + timedelta(hours=1)).isoformat()
    await story.tell("followup.promised", "c3", 2 * HOUR - 60, due=due)
    await story.tell("contact.received", "c2", 30, **PHONE)
    await story.settle()

    listed = await story.desk.rows(
        "SELECT customer, is_registered FROM evenhand_views.customers ORDER BY customer"
    )
    shown = await story.desk.rows("SELECT shown_as FROM evenhand_views.contacts ORDER BY contact")

    assert listed == [("promised", False), ("walk-in", False)]
    assert shown == [("over",), ("customer not named",), ("promised",), ("walk-in",)]


async def test_no_view_shows_a_name_that_is_not_public_or_an_agent_or_an_unsafe_link(story: Story):
    seen = []
    for (view,) in await story.desk.rows(VIEWS):
        seen += await story.desk.rows(f"SELECT * FROM evenhand_views.{view}")

    everything = repr(seen)
    assert TOOL in everything
    assert "secret agent" not in everything
    assert "Secret Name" not in everything
    assert "javascript" not in everything


async def test_a_day_counts_what_was_decided_on_it_and_what_of_it_was_late(story: Story):
    days = await story.desk.rows(
        "SELECT clock, sum(decided), sum(kept), sum(late) FROM evenhand_views.days"
        " WHERE customer = 'jensen' GROUP BY clock ORDER BY clock"
    )

    found = {clock: tuple(map(int, counts)) for clock, *counts in days}
    assert found["first_response"] == (5, 2, 3)
    assert found["follow_up"] == (3, 1, 2)


async def test_who_waited_because_others_were_taken_first_is_told_with_how_much_longer(
    db: Database,
):
    harmed = (Harmed("jensen", 90.5), Harmed("k2", 1.0))
    async with db.begin() as tx:
        await save_new(tx, [("support", episode(NOON.timestamp(), harmed))])
        await save_new(tx, [("support", episode(NOON.timestamp() + HOUR, harmed))])
        await withdraw(tx, [2], NOON)

        found = await rows(tx, "SELECT * FROM evenhand_views.waited_for_others ORDER BY customer")

    assert [(row.customer, row.team, row.extra_wait_seconds) for row in found] == [
        ("jensen", "support", 90.5),
        ("k2", "support", 1.0),
    ]
    assert {row.started_at for row in found} == {NOON}


async def test_every_view_and_column_is_explained(db: Database):
    page = (ROOT / "docs" / "views.md").read_text()
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    explained = [
        (view, column)
        for view, body in sections.items()
        for column in re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)
    ]

    async with db.begin() as tx:
        made = [tuple(row) for row in await rows(tx, COLUMNS)]

    assert sorted(explained) == sorted(made)
