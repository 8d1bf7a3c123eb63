"""Lists of open contacts by how they stand, a page at a time, in the order of their keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text

from app.store.engine import Transaction
from app.store.now import NOT_LOST, UNTOLD_ONLY, LostBefore


class Listed(StrEnum):
    """How the contacts of a list stand."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    UNTOLD = "untold"
    LOST_TRACK = "lost_track"
    NOT_MEASURABLE = "not_measurable"


_IS_OPEN = f"NOT c.is_over AND {NOT_LOST}"
# A call back is owed, and a promise holds, also where the contact is over or lost track of.
_IS_LATE = """EXISTS (
    SELECT 1 FROM clocks l
    WHERE l.contact_key = c.key AND l.ending IS NULL AND l.is_measurable AND l.breaches_at < :now
      AND (l.kind IN ('follow_up', 'callback') OR {not_lost}))"""
_IS_UNMEASURED = """EXISTS (
    SELECT 1 FROM clocks l
    WHERE l.contact_key = c.key AND l.ending IS NULL AND NOT l.is_measurable)"""
_WHICH = {
    Listed.WAITING: f"{_IS_OPEN} AND c.waiting_since IS NOT NULL",
    Listed.OVERDUE: _IS_LATE.format(not_lost=NOT_LOST),
    Listed.UNTOLD: f"{NOT_LOST} AND {UNTOLD_ONLY}",
    Listed.LOST_TRACK: f"NOT c.is_over AND NOT ({NOT_LOST})",
    Listed.NOT_MEASURABLE: f"{_IS_OPEN} AND {_IS_UNMEASURED}",
}

_LIST = """
SELECT c.key, c.source, c.subject, c.customer, u.name, c.masked, c.team, c.channel, c.tier, c.link,
  c.waiting_since, c.last_event_at, d.due_at, d.breaches_at
FROM contacts c
LEFT JOIN customers u ON u.id = c.customer
LEFT JOIN LATERAL (
  SELECT min(k.due_at) AS due_at, min(k.breaches_at) AS breaches_at FROM clocks k
  WHERE k.contact_key = c.key AND k.ending IS NULL AND k.is_measurable
) AS d ON true
WHERE c.key > :after AND (CAST(:team AS text) IS NULL OR c.team = :team) AND {which}
ORDER BY c.key
LIMIT :limit
"""
LISTS = {listed: text(_LIST.format(which=which)) for listed, which in _WHICH.items()}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins, how long it may be, and whose contacts it is about; none is everybody's."""

    after: str
    limit: int
    team: str | None


@dataclass(frozen=True, slots=True)
class OpenContact:
    """An open contact in a list. ``due_at`` is of the clock that is due first."""

    key: str
    source: str
    subject: str
    customer: str
    name: str | None
    masked: str | None
    team: str
    channel: str
    tier: str
    link: str | None
    waiting_since: datetime | None
    last_event_at: datetime
    due_at: datetime | None
    breaches_at: datetime | None


async def load_list(
    tx: Transaction, listed: Listed, cursor: Cursor, lost: LostBefore, now: datetime
) -> list[OpenContact]:
    """The contacts that stand so at ``now``, from ``cursor`` on."""
    told: dict[str, Any] = {"after": cursor.after, "limit": cursor.limit, "team": cursor.team}
    told |= lost.told()
    if listed is Listed.OVERDUE:
        told["now"] = now
    return [_open_contact(row) for row in await tx.execute(LISTS[listed], told)]


def _open_contact(row: Row[Any]) -> OpenContact:
    return OpenContact(*tuple(row))
