"""Counters of turns never fall: what was told survives whatever makes a pool begin anew."""

from pathlib import Path

from sqlalchemy import text

from app.core.fairness.shown import PoolStanding
from app.core.replay import Terms
from app.operations.rebuild import rebuild
from app.store.engine import Database
from tests.test_fairness_service import Team, _standing, _team


async def _a_day_later(team: Team) -> PoolStanding:
    """The surge is told, and older than what late events may still change."""
    await team.tell(list(team.surge.events))
    team.service.clock.pass_(hours=26)
    await team.settle()
    return await _standing(team.db)


async def test_a_rebuild_lets_no_counter_of_turns_fall(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        before = await _a_day_later(team)
        terms = team.service.app.service.terms
        assert isinstance(terms, Terms)

        await rebuild(db, terms, team.service.clock.now)
        await team.settle()

        assert _counted(before) > 0
        assert _fallen(before, await _standing(db)) == {}


async def test_a_pool_that_another_version_froze_goes_on_counting_from_what_was_told(
    db: Database, database_url: str, tmp_path: Path
):
    async with _team(db, database_url, tmp_path) as team:
        before = await _a_day_later(team)
        clock = team.service.clock
    async with db.begin() as tx:
        await tx.execute(text("UPDATE pools SET frozen = 'of another version'"))

    async with _team(db, database_url, tmp_path, clock) as team:
        await team.settle()
        await team.settle()
        anew = await _standing(db)
        clock.pass_(hours=30)
        await team.settle()
    async with _team(db, database_url, tmp_path, clock) as team:
        await team.settle()

        assert _fallen(before, anew) == {}
        assert _fallen(anew, await _standing(db)) == {}
        assert _counted(anew) == _counted(before)


def _counts(standing: PoolStanding) -> dict[tuple[str, str], float]:
    starts = standing.starts_out_of_turn_total.items()
    seconds = standing.wait_seconds_total.items()
    told = {(one, two): float(n) for one, own in starts for two, n in own.items()}
    return told | {(one, two): n for one, own in seconds for two, n in own.items()}


def _counted(standing: PoolStanding) -> float:
    return sum(_counts(standing).values())


def _fallen(before: PoolStanding, after: PoolStanding) -> dict[tuple[str, str], float]:
    """Counters that stand lower than before, by how much."""
    now = _counts(after)
    told = {key: count - now.get(key, 0.0) for key, count in _counts(before).items()}
    return {key: lost for key, lost in told.items() if lost > 1e-6}
