"""Pools: who owns which under what epoch, and what they stand at.

Every write of an owner carries its epoch; where that is no longer the stored one, nothing is written
and the answer says so.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import text

from app.core.fairness.shown import PoolStanding, Totals
from app.store.engine import Transaction

ADD = text("""
INSERT INTO pools (team)
SELECT team FROM unnest(CAST(:teams AS text[])) AS team ORDER BY team
ON CONFLICT DO NOTHING
""")
TEAMS = text("SELECT team FROM pools ORDER BY team")

# An advisory lock is counted: one that the session holds already must not be asked for again.
LOCK = text("""
WITH others AS MATERIALIZED (
  SELECT team FROM pools WHERE team <> ALL(CAST(:but AS text[]))
)
SELECT team FROM others WHERE pg_try_advisory_lock(hashtextextended(team, 2)) LIMIT :limit
""")
UNLOCK = text("""
SELECT pg_advisory_unlock(hashtextextended(team, 2)) FROM unnest(CAST(:teams AS text[])) AS team
""")
TAKE = text("""
UPDATE pools SET epoch = epoch + 1 WHERE team = ANY(CAST(:teams AS text[]))
RETURNING team, epoch, frozen, marks_awaited, CASE WHEN frozen IS NULL THEN standing END
""")

SAVE_STANDINGS = text("""
UPDATE pools p SET standing = t.standing, standing_at = :now
FROM unnest(CAST(:teams AS text[]), CAST(:epochs AS bigint[]), CAST(:standings AS text[]))
  AS t(team, epoch, standing)
WHERE p.team = t.team AND p.epoch = t.epoch
RETURNING p.team
""")
FREEZE = text("""
WITH kept AS (
  UPDATE pools SET frozen = :frozen, frozen_at = :now WHERE team = :team AND epoch = :epoch
  RETURNING team
), contained AS (
  DELETE FROM pool_news USING kept
  WHERE pool_news.team = kept.team AND pool_news.id = ANY(CAST(:contained AS bigint[]))
)
SELECT count(*) FROM kept
""")
STANDINGS = text("SELECT standing FROM pools WHERE standing IS NOT NULL ORDER BY team")

FORGET = text("""
UPDATE pools SET epoch = epoch + 1, frozen = NULL, frozen_at = NULL,
  marks_awaited = (SELECT coalesce(max(id), 0) FROM touched)
WHERE CAST(:teams AS text[]) IS NULL OR team = ANY(CAST(:teams AS text[]))
RETURNING team, epoch, frozen, marks_awaited, standing
""")
MARKS_LEFT = text("SELECT EXISTS (SELECT 1 FROM touched WHERE id <= :newest)")

_STANDING = msgspec.json.Decoder(PoolStanding)
_TOTALS = msgspec.json.Decoder(Totals)


@dataclass(frozen=True, slots=True)
class Taken:
    """A pool that was taken over, and what the owner before left of it.

    Before the marks up to ``marks_awaited`` are gone its news are not complete. ``told``: where
    nothing frozen is left, what it stood at when that was last told.
    """

    team: str
    epoch: int
    frozen: bytes | None
    marks_awaited: int
    told: str | None = None

    @property
    def told_before(self) -> Totals:
        """What was counted of it; a pool that begins anew goes on from there."""
        return Totals() if self.told is None else _TOTALS.decode(self.told)


class Standing(NamedTuple):
    """What a pool stands at, as its owner of an epoch writes it."""

    team: str
    epoch: int
    told: str


async def add(tx: Transaction, teams: Iterable[str]) -> None:
    """Have a pool for each of these teams."""
    await tx.execute(ADD, {"teams": list(teams)})


async def load_teams(tx: Transaction) -> list[str]:
    """The teams that have a pool."""
    return list((await tx.execute(TEAMS)).scalars())


async def lock(tx: Transaction, but: Collection[str], limit: int) -> list[str]:
    """Lock pools that nobody owns, for as long as the session lasts; ``but`` are left alone."""
    return list((await tx.execute(LOCK, {"but": list(but), "limit": limit})).scalars())


async def unlock(tx: Transaction, teams: Collection[str]) -> None:
    """Give pools back that this session has locked."""
    await tx.execute(UNLOCK, {"teams": list(teams)})


async def take(tx: Transaction, teams: Collection[str]) -> list[Taken]:
    """Begin a new epoch of locked pools: what earlier owners still write is refused from now on."""
    return [Taken(*row) for row in await tx.execute(TAKE, {"teams": list(teams)})]


async def save_standings(tx: Transaction, told: Sequence[Standing], now: datetime) -> set[str]:
    """Show what pools stand at; those missing from the answer belong to somebody else now."""
    rows = {
        "teams": [each.team for each in told],
        "epochs": [each.epoch for each in told],
        "standings": [each.told for each in told],
    }
    return set((await tx.execute(SAVE_STANDINGS, {**rows, "now": now})).scalars())


@dataclass(frozen=True, slots=True)
class Frozen:
    """A pool as bytes, and the news that these contain."""

    team: str
    epoch: int
    data: bytes
    contained: Sequence[int]


async def freeze(tx: Transaction, told: Frozen, now: datetime) -> bool:
    """Keep a pool as it stands and drop the news in it; whether it still belongs to this epoch."""
    rows = {
        "team": told.team,
        "epoch": told.epoch,
        "frozen": told.data,
        "contained": list(told.contained),
    }
    return bool((await tx.execute(FREEZE, {**rows, "now": now})).scalar_one())


async def load_standings(tx: Transaction) -> list[PoolStanding]:
    """What every pool stands at, as its owner last wrote it."""
    return [_STANDING.decode(told) for told in (await tx.execute(STANDINGS)).scalars()]


async def forget(tx: Transaction, teams: Collection[str] | None) -> list[Taken]:
    """Have pools, or all of them, begin from nothing once the marks there are now are gone.

    It begins a new epoch, so that what an owner still writes is refused.
    """
    told = {"teams": None if teams is None else list(teams)}
    return [Taken(*row) for row in await tx.execute(FORGET, told)]


async def are_marks_left(tx: Transaction, newest: int) -> bool:
    """Whether any mark up to this one is not worked on yet."""
    return bool((await tx.execute(MARKS_LEFT, {"newest": newest})).scalar_one())
