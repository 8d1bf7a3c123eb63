"""Episodes as stored: each keeps its number, whatever late events change; none is ever deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import text

from app.core.fairness.identity import KnownEpisode
from app.core.fairness.shown import ShownEpisode
from app.store.bulk import appending, packed, write
from app.store.engine import Transaction
from app.store.tables import episodes

SHOWN_EPISODES = 200
"""Episodes that a snapshot reads at most, the newest first."""

SAVE_NEW = appending(episodes)
SAVE_KNOWN = text("""
UPDATE episodes e
SET started_at = t.started_at, raised_at = t.raised_at, ended_at = t.ended_at,
  revision = t.revision, withdrawn_at = NULL
FROM json_to_recordset(CAST(:rows AS json)) AS t(
  id bigint, started_at timestamptz, raised_at timestamptz, ended_at timestamptz, revision text
)
WHERE e.id = t.id AND (e.revision <> t.revision OR e.withdrawn_at IS NOT NULL)
""")
WITHDRAW = text("""
UPDATE episodes SET withdrawn_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))
""")
_SELECT = "SELECT id, team, revision, withdrawn_at FROM episodes"
OF_TEAMS = text(f"""
{_SELECT}
WHERE team = ANY(CAST(:teams AS text[])) AND (ended_at IS NULL OR ended_at >= :since)
ORDER BY id
""")
RECENT = text(f"""
{_SELECT}
WHERE withdrawn_at IS NULL AND (ended_at IS NULL OR ended_at >= :since)
ORDER BY ended_at IS NULL DESC, started_at DESC, id
LIMIT :limit
""")

_SHOWN = msgspec.json.Decoder(ShownEpisode)


async def load_of_teams(
    tx: Transaction, teams: Collection[str], since: datetime
) -> dict[str, list[KnownEpisode]]:
    """Episodes of these teams that are open or ended since an instant, withdrawn ones too."""
    found: dict[str, list[KnownEpisode]] = {team: [] for team in teams}
    for row in await tx.execute(OF_TEAMS, {"teams": list(teams), "since": since}):
        found[row.team].append(_known(*row))
    return found


async def load_episodes(tx: Transaction, since: datetime) -> list[KnownEpisode]:
    """Episodes that are open or ended since an instant: open ones first, then the newest."""
    found = await tx.execute(RECENT, {"since": since, "limit": SHOWN_EPISODES})
    return [_known(*row) for row in found]


def _known(id_: int, team: str, revision: str, withdrawn_at: datetime | None) -> KnownEpisode:
    return KnownEpisode(id_, team, _SHOWN.decode(revision), withdrawn_at)


async def save_new(tx: Transaction, told: Sequence[tuple[str, ShownEpisode]]) -> None:
    """Store episodes that were not known before, each with its team."""
    rows = [(team, each.who, *_facts(each), None) for team, each in told]
    await write(tx, SAVE_NEW, episodes, rows)


async def save_known(tx: Transaction, told: Mapping[int, ShownEpisode]) -> None:
    """Write what is now known of stored episodes; one that had been withdrawn exists again."""
    if told:
        names = ("id", "started_at", "raised_at", "ended_at", "revision")
        rows = [(id_, *_facts(each)) for id_, each in sorted(told.items())]
        await tx.execute(SAVE_KNOWN, {"rows": packed(names, rows)})


async def withdraw(tx: Transaction, ids: Collection[int], now: datetime) -> None:
    """Say that episodes turned out not to have been."""
    if ids:
        await tx.execute(WITHDRAW, {"ids": sorted(ids), "now": now})


def _facts(each: ShownEpisode) -> tuple[datetime, datetime, datetime | None, str]:
    ended_at = None if each.ended_at is None else _instant(each.ended_at)
    revision = msgspec.json.encode(each).decode()
    return (_instant(each.started_at), _instant(each.raised_at), ended_at, revision)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
