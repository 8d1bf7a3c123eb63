"""Who is served first, worked out while the service runs: late news, restarts and rebuilds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.core.fairness.shown import PoolStanding
from app.core.replay import Terms
from app.operations.policies import import_policy
from app.operations.rebuild import rebuild
from app.store import invariants, pools
from app.store.engine import Database
from tests.conftest import NOON
from tests.running import HandClock, Running, running
from tests.surge import SECONDS, TEAM, Json, Surge, batch, policy_text

EPISODES = """
SELECT id, who, started_at, ended_at, withdrawn_at IS NOT NULL AS withdrawn, revision
FROM episodes ORDER BY id
"""
ROUNDS = 50


@dataclass
class Team:
    """The service and the team in it whose day is told."""

    service: Running
    db: Database
    surge: Surge

    async def tell(self, events: list[Json]) -> None:
        """Send events and have everything worked out."""
        for first in range(0, len(events), 500):
            body = batch(events[first : first + 500])
            answer = await self.service.post(body, "application/cloudevents-batch+json")
            assert answer.status_code == 202, answer.text
        await self.settle()

    async def settle(self) -> None:
        """Replay, let a second pass and work out where the pool stands, until nothing is left."""
        for _ in range(ROUNDS):
            while await self.service.marks():
                await self.service.app.service.fold_once()
            self.service.clock.pass_(seconds=1)
            await self.service.app.service.work_out_fairness()
            if not await self.rows("SELECT 1 FROM pool_news WHERE taken_epoch = 0 LIMIT 1"):
                break
        self.service.clock.pass_(seconds=15)
        await self.service.app.service.work_out_fairness()

    async def rows(self, query: str) -> list[Any]:
        async with self.db.begin() as tx:
            return list(await tx.execute(text(query)))

    async def episodes(self) -> list[tuple[int, str, bool]]:
        """Number, whose, and whether it was withdrawn."""
        return [(row.id, row.who, row.withdrawn) for row in await self.rows(EPISODES)]


@asynccontextmanager
async def _team(
    db: Database, url: str, folder: Path, clock: HandClock | None = None
) -> AsyncIterator[Team]:
    file = folder / "policy.yaml"
    file.write_text(policy_text())
    clock = clock or HandClock(NOON + timedelta(seconds=SECONDS))
    async with running(db, url, clock, policy_file=file) as service:
        yield Team(service, db, Surge.starting(NOON))


async def test_who_is_served_first_is_stored_as_an_undisturbed_run_finds_it(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))

        found = await _standing(db)
        expected = team.surge.standing(found.at)
        assert [e.who for e in found.episodes] == ["Acme"]
        assert found.rows == expected.rows
        assert found.episodes == expected.episodes


async def test_a_late_event_changes_the_past_and_the_episode_keeps_its_number(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        late = team.surge.contacts_of("Acme")[40:60]
        await team.tell([event for event in team.surge.events if event["subject"] not in late])
        before = await team.rows(EPISODES)

        await team.tell([event for event in team.surge.events if event["subject"] in late])

        after = await team.rows(EPISODES)
        assert [(row.id, row.who) for row in before] == [(row.id, row.who) for row in after]
        assert before[0].revision != after[0].revision
        assert await _broken(db) == {}


async def test_an_episode_that_late_events_dissolve_is_withdrawn(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))
        assert await team.episodes() == [(1, "Acme", False)]

        await team.tell([_discarded(team, contact) for contact in team.surge.contacts_of("Acme")])

        assert await team.episodes() == [(1, "Acme", True)]


def _discarded(team: Team, contact: str) -> Json:
    return {
        "specversion": "1.0",
        "id": f"spam-{contact}",
        "source": "centre",
        "type": "contact.discarded",
        "time": team.service.clock.now.isoformat(),
        "subject": contact,
        "data": {"team": TEAM, "customer": "Acme", "reason": "spam"},
    }


async def test_a_restart_keeps_numbers_and_goes_on_from_what_was_kept(
    db: Database, database_url: str, tmp_path: Path
):
    half = NOON + timedelta(seconds=SECONDS - 500)
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(team.surge.before(half))
        clock, before = team.service.clock, await team.episodes()
    assert await team.rows("SELECT 1 FROM pool_news") == []

    async with _team(db, database_url, tmp_path, clock) as team:
        await team.tell(team.surge.since(half))

        assert await team.episodes() == before
        assert (await team.rows("SELECT epoch FROM pools"))[0][0] == 2


async def test_a_rebuild_finds_the_same_episodes_under_the_same_numbers(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))
        before = await team.episodes()
        rows = (await _standing(db)).rows
        terms = team.service.app.service.terms
        assert isinstance(terms, Terms)
        await rebuild(db, terms, team.service.clock.now)
        await team.settle()

        assert await team.episodes() == before
        again = (await _standing(db)).rows
        assert [(r.customer, r.starts, r.out_of_turn) for r in again] == [
            (r.customer, r.starts, r.out_of_turn) for r in rows
        ]
        assert (await team.rows("SELECT epoch, frozen IS NULL FROM pools")) == [(3, True)]
        assert await _broken(db) == {}


async def test_a_pool_that_another_version_froze_is_made_anew_from_the_last_day(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))
        clock, before, rows = team.service.clock, await team.episodes(), (await _standing(db)).rows
    async with db.begin() as tx:
        await tx.execute(text("UPDATE pools SET frozen = 'of another version'"))

    async with _team(db, database_url, tmp_path, clock) as team:
        await team.settle()

        assert await team.episodes() == before
        assert [(r.customer, r.starts) for r in (await _standing(db)).rows] == [
            (r.customer, r.starts) for r in rows
        ]


async def test_a_pool_that_cannot_be_worked_out_blocks_no_other(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        poisoned = "INSERT INTO pool_news (team, key, moves, members_only) VALUES"
        async with db.begin() as tx:
            await pools.add(tx, ["poisoned"])
            await tx.execute(text(f"{poisoned} ('poisoned', 'c1', 'no moves', false)"))

        await team.tell(list(team.surge.events))

        assert await team.episodes() == [(1, "Acme", False)]
        assert list(team.service.app.service.fairness.owned) == [TEAM]


async def test_a_new_policy_goes_on_from_where_the_pool_stood(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))
        rows = (await _standing(db)).rows
        text_ = policy_text().replace("version: 1", "version: 2", 1)
        text_ = text_.replace("chats_per_agent: 3", "chats_per_agent: 4")
        await import_policy(db, text_, team.service.clock.now)
        await team.service.app.service.load_terms()

        await team.settle()

        (owned,) = team.service.app.service.fairness.owned.values()
        assert owned.book.terms.chats_per_agent == 4
        assert await team.episodes() == [(1, "Acme", False)]
        assert {r.customer for r in rows} <= {r.customer for r in (await _standing(db)).rows}


async def test_snapshots_name_the_customers_that_pools_speak_of(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        await team.tell(list(team.surge.events))
        service = team.service.app.service
        assert isinstance(service.terms, Terms)

        shown = await service.presenter.take(service.terms, {}, team.service.clock.now)

        (pool,) = shown.pools
        assert {row.customer for row in pool.rows if not row.customer.startswith("tier:")} <= set(
            shown.pool_names
        )
        assert [(e.id, e.shown.who) for e in shown.episodes] == [(1, "Acme")]


async def _standing(db: Database) -> PoolStanding:
    async with db.begin() as tx:
        return (await pools.load_standings(tx))[0]


async def _broken(db: Database) -> dict[str, int]:
    async with db.begin() as tx:
        return await invariants.broken(tx)
