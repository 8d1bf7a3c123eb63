"""What the day has brought so far, and the same day last week; read every few seconds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.snapshot import ClockGroup
from app.store.engine import Transaction

TODAY = text("""
SELECT k.team, k.channel, k.tier, k.kind,
  count(*) FILTER (WHERE k.settled) AS judged,
  count(*) FILTER (WHERE k.noted) AS late,
  count(*) FILTER (WHERE NOT k.settled AND k.ending IS NULL AND k.is_measurable) AS running
FROM unnest(CAST(:teams AS text[]), CAST(:since AS timestamptz[])) AS t(team, since)
JOIN clocks k ON k.team = t.team AND k.started_at >= t.since
WHERE k.started_at >= :first
GROUP BY k.team, k.channel, k.tier, k.kind
""")

WEEK_AGO = text("""
SELECT k.team, k.channel, k.tier, k.kind, count(*) AS judged
FROM unnest(CAST(:teams AS text[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))
  AS t(team, since, until)
JOIN clocks k ON k.team = t.team AND k.started_at >= t.since AND k.started_at < t.until
WHERE k.started_at >= :first AND k.started_at < :last AND k.settled
GROUP BY k.team, k.channel, k.tier, k.kind
""")

TURNED_AWAY_TODAY = text("""
SELECT t.team, count(*) AS contacts
FROM unnest(CAST(:teams AS text[]), CAST(:since AS timestamptz[])) AS t(team, since)
JOIN contacts c ON c.team = t.team AND c.turned_away_at >= t.since
WHERE c.is_turned_away AND c.turned_away_at >= :first
GROUP BY t.team
""")

RECEIVED = text("""
SELECT team, channel, count(*) AS contacts
FROM clocks
WHERE started_at >= :since AND kind = 'first_response'
GROUP BY team, channel
""")


@dataclass(frozen=True, slots=True)
class Part:
    """Clocks of one group that began today: judged, of them late, and still running."""

    judged: int
    late: int
    running: int


@dataclass(frozen=True, slots=True)
class Midnights:
    """When a team's day began, and where the same day last week began and ended."""

    team: str
    today: datetime
    week_ago: tuple[datetime, datetime]


async def load_today(tx: Transaction, of: Iterable[Midnights]) -> dict[ClockGroup, Part]:
    """Clocks that began since each team's midnight."""
    since = {each.team: each.today for each in of}
    rows = await tx.execute(TODAY, {**_teams(since), "first": min(since.values())})
    return {
        ClockGroup(row.channel, row.team, row.tier, row.kind): Part(
            row.judged, row.late, row.running
        )
        for row in rows
    }


async def load_week_ago(tx: Transaction, of: Iterable[Midnights]) -> dict[ClockGroup, int]:
    """How many clocks that began on the same day last week were judged."""
    known = list(of)
    until = {each.team: each.week_ago[1] for each in known}
    since = {each.team: each.week_ago[0] for each in known}
    told = {
        **_teams(since),
        "until": list(until.values()),
        "first": min(since.values()),
        "last": max(until.values()),
    }
    rows = await tx.execute(WEEK_AGO, told)
    return {ClockGroup(row.channel, row.team, row.tier, row.kind): row.judged for row in rows}


async def load_turned_away(tx: Transaction, of: Iterable[Midnights]) -> dict[str, int]:
    """Contacts turned away since each team's midnight."""
    since = {each.team: each.today for each in of}
    rows = await tx.execute(TURNED_AWAY_TODAY, {**_teams(since), "first": min(since.values())})
    return {row.team: row.contacts for row in rows}


async def load_received(tx: Transaction, since: datetime) -> dict[tuple[str, str], int]:
    """Contacts whose customer has reached out since then, by team and channel."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in await tx.execute(RECEIVED, {"since": since}):
        found[row.team, row.channel] += row.contacts
    return dict(found)


def _teams(since: Mapping[str, datetime]) -> dict[str, object]:
    return {"teams": list(since), "since": list(since.values())}
