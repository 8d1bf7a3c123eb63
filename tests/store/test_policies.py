"""Versions of the policy: who is judged anew, from when, and by which replica."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.replay import Terms
from app.operations.fold import PolicyChanged, fold
from app.operations.policies import BackdatedPolicy, import_policy, load_policies, take_effect
from app.store.engine import Database
from tests.conftest import NOON
from tests.store.desk import POLICY, Desk

PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
STRICTER = POLICY.replace("version: 1", "version: 2").replace("20s", "10s")
TARGETS = "SELECT target_us / 1000000, policy_version FROM clocks ORDER BY contact_key"


@pytest.fixture
async def desk(db: Database) -> Desk:
    await import_policy(db, POLICY, NOON)
    return Desk(db)


async def _read(desk: Desk) -> None:
    desk.terms = Terms(await load_policies(desk.db))


async def test_a_new_version_judges_what_is_open_and_leaves_what_is_closed(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.tell("contact.answered", "call-1", 5, agent="a1")
    await desk.tell("contact.resolved", "call-1", 6)
    await desk.tell("contact.received", "call-2", **PHONE)
    await desk.settle()

    await import_policy(desk.db, STRICTER, desk.at(8))
    await _read(desk)
    await desk.settle()

    assert await desk.rows(TARGETS) == [(20, 1), (10, 2)]
    desk.at(11)
    assert await desk.judge() == 1
    await desk.assert_sound()


async def test_a_version_that_would_begin_in_the_past_is_refused(desk: Desk):
    dated = STRICTER + f"effective_from: {(NOON - timedelta(hours=1)).isoformat()}\n"

    with pytest.raises(BackdatedPolicy, match="must not lie in the past"):
        await import_policy(desk.db, dated, NOON)

    assert await desk.rows("SELECT version FROM policies") == [(1,)]


async def test_a_version_announced_for_later_judges_what_is_open_when_it_begins(desk: Desk):
    dated = STRICTER + f"effective_from: {(NOON + timedelta(seconds=8)).isoformat()}\n"
    await take_effect(desk.db, desk.terms.policies, NOON)
    await import_policy(desk.db, dated, NOON)
    await _read(desk)
    await desk.tell("contact.received", "call-1", **PHONE)
    await desk.settle()
    assert await desk.rows(TARGETS) == [(20, 1)]

    began = [await take_effect(desk.db, desk.terms.policies, desk.at(s)) for s in (7, 8, 9)]
    await desk.settle()

    assert began == [False, True, False]
    assert await desk.rows(TARGETS) == [(10, 2)]
    await desk.assert_sound()


async def test_a_replica_that_has_not_read_the_new_version_replays_nothing(desk: Desk):
    await desk.tell("contact.received", "call-1", **PHONE)
    await import_policy(desk.db, STRICTER, NOON)

    with pytest.raises(PolicyChanged):
        await fold(desk.db, desk.terms, NOON)

    assert await desk.rows("SELECT count(*) FROM touched") == [(1,)]
