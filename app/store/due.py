"""What fell due: claimed and written down in one statement, so that it is noted once and at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.store.engine import Transaction
from app.store.ledgers import BREACHED, SETTLED, WARNED

_TO_NOTE = "ending IS NULL AND NOT noted AND is_measurable AND breaches_at IS NOT NULL"
_TO_WARN = "next_warning_at IS NOT NULL"

_WITHOUT_NEWS = """
  NOT EXISTS (SELECT 1 FROM touched t WHERE t.key = 'c:' || k.contact_key)
  AND NOT (k.kind = 'follow_up' AND EXISTS (
    SELECT 1 FROM promises p JOIN touched t ON t.key = 'p:' || p.customer
    WHERE p.contact_key = k.contact_key AND p.number = k.number
  ))
  AND NOT (k.kind = 'callback' AND EXISTS (
    SELECT 1 FROM callbacks b JOIN touched t ON t.key = 'p:' || b.customer
    WHERE b.contact_key = k.contact_key AND b.number = k.number
  ))
"""
"""A key with something new is left to its replay, a promise or a callback to its customer's."""

_CLAIMED = """
due AS MATERIALIZED (
  SELECT k.contact_key, k.kind, k.number, k.settled, k.warned
  FROM clocks k
  WHERE {what} AND {when} AND {without_news}
  ORDER BY {by}
  LIMIT :limit
  FOR UPDATE OF k SKIP LOCKED
), claimed AS MATERIALIZED (
  SELECT * FROM due WHERE pg_try_advisory_xact_lock(hashtextextended('c:' || contact_key, 0))
)
"""


def _claimed(what: str, when: str, by: str) -> str:
    return _CLAIMED.format(what=what, when=when, by=by, without_news=_WITHOUT_NEWS).strip()


_NOTE_BREACHES = """
WITH {claimed}, noted AS (
  UPDATE clocks k SET settled = true, noted = true
  FROM claimed c
  WHERE k.contact_key = c.contact_key AND k.kind = c.kind AND k.number = c.number
  RETURNING k.contact_key, k.kind, k.number, k.channel, k.team, k.tier, k.breaches_at,
    c.settled AS was_settled
), written AS (
  INSERT INTO breaches
    (contact_key, kind, number, what, breached_at, noted_at, channel, team, tier)
  SELECT contact_key, kind, number, 'noted', breaches_at, :now, channel, team, tier FROM noted
), counted AS (
  INSERT INTO tallies (what, channel, team, tier, clock, le, n, seconds)
  SELECT '{breached}', channel, team, tier, kind, 0, count(*), 0 FROM noted
  GROUP BY channel, team, tier, kind
  UNION ALL
  SELECT '{settled}', channel, team, tier, kind, 0, count(*), 0 FROM noted WHERE NOT was_settled
  GROUP BY channel, team, tier, kind
)
SELECT breaches_at FROM noted
"""
NOTE_BREACHES = text(
    _NOTE_BREACHES.format(
        claimed=_claimed(_TO_NOTE, "breaches_at < :now", "breaches_at"),
        breached=BREACHED,
        settled=SETTLED,
    )
)

_NOTE_WARNINGS = """
WITH {claimed}, noted AS (
  UPDATE clocks k SET
    warned = k.warned || ARRAY(
      SELECT w.level FROM json_to_recordset(k.warnings::json) AS w(level text, at timestamptz)
      WHERE w.at <= :now AND w.level <> ALL (k.warned) ORDER BY w.at, w.level
    ),
    next_warning_at = (
      SELECT min(w.at) FROM json_to_recordset(k.warnings::json) AS w(level text, at timestamptz)
      WHERE w.at > :now AND w.level <> ALL (k.warned)
    )
  FROM claimed c
  WHERE k.contact_key = c.contact_key AND k.kind = c.kind AND k.number = c.number
  RETURNING k.contact_key, k.kind, k.number, k.channel, k.team, k.tier, k.warnings, k.warned,
    c.warned AS had_warned
), written AS (
  INSERT INTO warnings
    (contact_key, kind, number, level, fell_due_at, noted_at, channel, team, tier)
  SELECT n.contact_key, n.kind, n.number, w.level, w.at, :now, n.channel, n.team, n.tier
  FROM noted n, json_to_recordset(n.warnings::json) AS w(level text, at timestamptz)
  WHERE w.level = ANY (n.warned) AND w.level <> ALL (n.had_warned)
  ON CONFLICT DO NOTHING
  RETURNING channel, team, tier, kind, level
), counted AS (
  INSERT INTO tallies (what, channel, team, tier, clock, le, n, seconds)
  SELECT '{warned}' || level, channel, team, tier, kind, 0, count(*), 0 FROM written
  GROUP BY level, channel, team, tier, kind
)
SELECT (SELECT count(*) FROM noted) AS clocks, (SELECT count(*) FROM written) AS warnings
"""
NOTE_WARNINGS = text(
    _NOTE_WARNINGS.format(
        claimed=_claimed(_TO_WARN, "next_warning_at <= :now", "next_warning_at"), warned=WARNED
    )
)

_LOOK = """
SELECT
  EXISTS (SELECT 1 FROM clocks WHERE {to_note} AND breaches_at < :now) AS has_breaches,
  EXISTS (SELECT 1 FROM clocks WHERE {to_warn} AND next_warning_at <= :now) AS has_warnings,
  least(
    (SELECT min(breaches_at) FROM clocks WHERE {to_note} AND breaches_at >= :now),
    (SELECT min(next_warning_at) FROM clocks WHERE {to_warn} AND next_warning_at > :now)
  ) AS next_at
"""
LOOK = text(_LOOK.format(to_note=_TO_NOTE, to_warn=_TO_WARN))


@dataclass(frozen=True, slots=True)
class Agenda:
    """Whether anything may have fallen due, and when the next thing does."""

    has_breaches: bool
    has_warnings: bool
    next_at: datetime | None


async def load_agenda(tx: Transaction, now: datetime) -> Agenda:
    """Look, without claiming, what ``now`` leaves to be noted."""
    row = (await tx.execute(LOOK, {"now": now})).one()
    return Agenda(row.has_breaches, row.has_warnings, row.next_at)


async def note_breaches(tx: Transaction, now: datetime, limit: int) -> list[datetime]:
    """Note clocks that broke before ``now``, the oldest first; when each of them broke.

    Those with something new, or that are being replayed, are left for later.
    """
    return list((await tx.execute(NOTE_BREACHES, {"now": now, "limit": limit})).scalars())


async def note_warnings(tx: Transaction, now: datetime, limit: int) -> tuple[int, int]:
    """Tell the levels of warning that fell due: of how many clocks, and how many were told."""
    row = (await tx.execute(NOTE_WARNINGS, {"now": now, "limit": limit})).one()
    return row.clocks, row.warnings
