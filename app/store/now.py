"""What is true now, read for a snapshot: who waits, what runs, what is promised."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.core.hours.day_edges import DayEdges
from app.core.snapshot import ClockGroup, Group, Promises, Running, Waiting
from app.store.engine import Transaction

MAX_PROMISES = 2_000
"""Open promises that a snapshot lists at most, the soonest first; all are counted."""

DAY = timedelta(days=1)
LATE_SOON = timedelta(minutes=15)
"""What is late within so long is late soon."""

OPEN = text("""
SELECT channel, team, tier, count(*) FILTER (WHERE is_lost) AS lost,
  count(*) FILTER (WHERE history_missing AND NOT is_lost) AS inferred,
  count(*) FILTER (WHERE waiting_since IS NOT NULL AND NOT is_lost) AS waiting,
  min(waiting_since) FILTER (WHERE NOT is_lost) AS oldest_since
FROM (
  SELECT channel, team, tier, waiting_since, history_missing, last_event_at <= CASE channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END AS is_lost
  FROM contacts WHERE NOT is_over
) AS open_ones
GROUP BY channel, team, tier
""")

NOT_LOST = """c.last_event_at > CASE c.channel
  WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
  WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
  ELSE CAST(:lost_email AS timestamptz) END"""
"""Of a contact ``c``: that its silence has not lasted too long."""

UNTOLD_ONLY = """c.has_our_word
  AND NOT EXISTS (
    SELECT 1 FROM promises p WHERE p.contact_key = c.key AND p.ended_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM clocks u
    WHERE u.contact_key = c.key AND u.kind = 'update' AND u.ending IS NULL)"""
"""Of a contact ``c``: that we spoke last, and neither a promise nor an update is due."""

_UNTOLD = """
SELECT c.team, c.channel, count(*) AS contacts
FROM contacts c
WHERE {untold} AND {not_lost}
GROUP BY c.team, c.channel
"""
UNTOLD = text(_UNTOLD.format(untold=UNTOLD_ONLY, not_lost=NOT_LOST))

_RUNNING = """
SELECT k.channel, k.team, k.tier, k.kind,
  count(*) FILTER (WHERE k.is_measurable) AS running,
  count(*) FILTER (WHERE k.is_measurable AND k.breaches_at < :now) AS overdue,
  count(*) FILTER (WHERE k.is_measurable AND NOT k.is_paused AND k.breaches_at < :now
    AND h.is_open AND k.started_at >= coalesce(h.opened_at, '-infinity')) AS pageable,
  count(*) FILTER (WHERE k.is_measurable AND NOT k.is_paused AND k.breaches_at < :now
    AND h.is_open AND k.started_at < h.opened_at) AS at_opening,
  count(*) FILTER (WHERE k.is_measurable AND NOT k.is_paused AND k.breaches_at >= :now
    AND (k.breaches_at < :soon OR k.due_at >= :now AND k.due_at < :soon)) AS late_soon,
  count(*) FILTER (WHERE k.is_measurable AND NOT k.is_paused AND k.breaches_at >= :now
    AND k.due_at <= h.closes_at AND k.breaches_at > h.closes_at) AS due_before_closing,
  min(k.breaches_at) FILTER (WHERE k.is_measurable AND NOT k.is_paused) AS next_breach_at,
  count(*) FILTER (WHERE NOT k.is_measurable) AS not_measurable
FROM clocks k
LEFT JOIN unnest(CAST(:teams AS text[]), CAST(:open AS boolean[]), CAST(:opened AS timestamptz[]),
  CAST(:closes AS timestamptz[])) AS h(team, is_open, opened_at, closes_at) ON h.team = k.team
{without_lost}
GROUP BY k.channel, k.team, k.tier, k.kind
"""
RUNNING = text(_RUNNING.format(without_lost="WHERE k.ending IS NULL"))
RUNNING_AND_NOT_LOST = text(
    _RUNNING.format(
        without_lost="""JOIN contacts c ON c.key = k.contact_key
WHERE k.ending IS NULL AND (k.kind IN ('follow_up', 'callback') OR c.last_event_at > CASE c.channel
  WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
  WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
  ELSE CAST(:lost_email AS timestamptz) END)"""
    )
)

WAITING_CONTACTS = text("""
SELECT c.subject, c.customer, c.masked, c.link, u.name, u.public_name,
  k.channel, k.team, k.tier, k.kind, k.started_at, k.due_at, k.breaches_at, k.target_us, k.rule
FROM clocks k
JOIN contacts c ON c.key = k.contact_key
LEFT JOIN customers u ON u.id = c.customer
WHERE k.ending IS NULL AND k.is_measurable AND NOT k.is_paused AND k.breaches_at IS NOT NULL
  AND k.kind IN ('first_response', 'next_response')
  AND c.last_event_at > CASE c.channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END
ORDER BY k.breaches_at
LIMIT :limit
""")

PROMISES = text("""
SELECT p.due_at, k.team, k.channel, c.customer, c.masked, c.link, u.name, u.public_name
FROM promises p
JOIN contacts c ON c.key = p.contact_key
JOIN clocks k ON k.contact_key = p.contact_key AND k.kind = 'follow_up' AND k.number = p.number
LEFT JOIN customers u ON u.id = c.customer
WHERE p.ended_at IS NULL
ORDER BY p.due_at
LIMIT :limit
""")

PROMISES_COUNTED = text("""
SELECT k.team, k.channel, count(*) AS open,
  count(*) FILTER (WHERE p.due_at < coalesce(h.tomorrow, CAST(:tomorrow AS timestamptz))) AS due_today,
  count(*) FILTER (WHERE p.due_at < :now) AS overdue
FROM promises p
JOIN clocks k ON k.contact_key = p.contact_key AND k.kind = 'follow_up' AND k.number = p.number
LEFT JOIN unnest(CAST(:teams AS text[]), CAST(:tomorrows AS timestamptz[])) AS h(team, tomorrow)
  ON h.team = k.team
WHERE p.ended_at IS NULL
GROUP BY k.team, k.channel
""")

NOT_CALLED_BACK = text("""
SELECT c.subject, c.customer, c.masked, c.link, u.name, u.public_name, c.team, c.channel,
  c.turned_away_at, c.turned_away_inferred, k.due_at
FROM callbacks b
JOIN contacts c ON c.customer = b.customer AND c.is_turned_away AND c.team = b.team
  AND c.turned_away_at >= b.started_at
LEFT JOIN clocks k ON k.contact_key = b.contact_key AND k.kind = 'callback' AND k.number = b.number
LEFT JOIN customers u ON u.id = c.customer
WHERE b.stopped_at IS NULL
ORDER BY c.turned_away_at DESC, c.key
LIMIT :limit
""")

INFERRED = text("""
SELECT c.team, c.channel, count(*) AS contacts
FROM callbacks b
JOIN contacts c ON c.key = b.contact_key
WHERE b.stopped_at IS NULL AND c.is_turned_away AND c.turned_away_inferred
GROUP BY c.team, c.channel
""")

HELD_BACK = text("""
SELECT (SELECT count(*) FROM quarantine) AS quarantined,
  (SELECT count(*) FROM set_aside) AS set_aside,
  (SELECT touched_at FROM touched ORDER BY id LIMIT 1) AS oldest_touched_at
""")


@dataclass(frozen=True, slots=True)
class LostBefore:
    """Per channel: a contact silent since before this instant is lost track of."""

    phone: datetime
    chat: datetime
    email: datetime

    def told(self) -> dict[str, datetime]:
        """The instants as parameters."""
        return {"lost_phone": self.phone, "lost_chat": self.chat, "lost_email": self.email}


@dataclass(frozen=True, slots=True)
class Instants:
    """The present, and what counts from where: lost contacts, and the edges of each team's day."""

    now: datetime
    lost: LostBefore
    edges: tuple[DayEdges, ...] = ()

    def told(self) -> dict[str, Any]:
        """The instants as parameters of ``RUNNING``."""
        return {
            "now": self.now,
            "soon": self.now + LATE_SOON,
            "teams": [edge.team for edge in self.edges],
            "open": [edge.is_open for edge in self.edges],
            "opened": [edge.opened_at for edge in self.edges],
            "closes": [edge.closes_at for edge in self.edges],
        }


@dataclass(frozen=True, slots=True)
class Who:
    """How a customer can be shown: by name, by a masked alias, or by an opaque id."""

    customer: str
    name: str | None
    masked: str | None
    public_name: bool


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A contact whose customer waits, and the clock that measures it."""

    contact: str
    who: Who
    link: str | None
    group: ClockGroup
    started_at: datetime
    due_at: datetime
    breaches_at: datetime
    target: timedelta
    rule: str


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise not kept yet."""

    who: Who
    team: str
    channel: str
    due_at: datetime
    link: str | None


@dataclass(frozen=True, slots=True)
class TurnedAwayRow:
    """A contact whose customer was turned away and whom nobody has called back yet."""

    contact: str
    who: Who
    team: str
    channel: str
    since: datetime
    inferred: bool
    due_at: datetime | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Present:
    """What one snapshot is made of, read in one transaction."""

    waiting: dict[Group, Waiting]
    running: dict[ClockGroup, Running]
    not_measurable: dict[tuple[str, str], int]
    lost_track: dict[tuple[str, str], int]
    untold: dict[tuple[str, str], int]
    inferred: dict[tuple[str, str], int]
    contacts: list[WaitingRow]
    promises: list[PromiseRow]
    promised: dict[tuple[str, str], Promises]
    callbacks: dict[tuple[str, str], int]
    turned_away: list[TurnedAwayRow]
    quarantined: int
    set_aside: int
    oldest_touched_at: datetime | None


async def load_present(tx: Transaction, instants: Instants, limit: int) -> Present:
    """Read what is true at an instant; waiting contacts at most ``limit``, soonest first."""
    told = instants.lost.told()
    held = (await tx.execute(HELD_BACK)).one()
    waiting, lost_track, inferred = await _load_open(tx, told)
    for row in await tx.execute(INFERRED):
        inferred[row.team, row.channel] = inferred.get((row.team, row.channel), 0) + row.contacts
    if lost_track:
        running = list(await tx.execute(RUNNING_AND_NOT_LOST, {**told, **instants.told()}))
    else:
        running = list(await tx.execute(RUNNING, instants.told()))
    not_measurable: dict[tuple[str, str], int] = defaultdict(int)
    callbacks: dict[tuple[str, str], int] = defaultdict(int)
    for row in running:
        if row.kind == "callback":
            callbacks[row.team, row.channel] += row.running
        elif row.not_measurable:
            not_measurable[row.team, row.channel] += row.not_measurable
    return Present(
        waiting=waiting,
        running={
            ClockGroup(row.channel, row.team, row.tier, row.kind): Running(
                row.overdue,
                row.next_breach_at,
                row.pageable,
                row.late_soon,
                row.due_before_closing,
                row.at_opening,
            )
            for row in running
        },
        not_measurable=dict(not_measurable),
        lost_track=lost_track,
        inferred=inferred,
        untold={(row.team, row.channel): row.contacts for row in await tx.execute(UNTOLD, told)},
        contacts=[
            _waiting(row) for row in await tx.execute(WAITING_CONTACTS, {**told, "limit": limit})
        ],
        promises=[
            PromiseRow(_who(row), row.team, row.channel, row.due_at, row.link)
            for row in await tx.execute(PROMISES, {"limit": MAX_PROMISES})
        ],
        promised=await _count_promises(tx, instants),
        callbacks=dict(callbacks),
        turned_away=[
            _turned_away(row) for row in await tx.execute(NOT_CALLED_BACK, {"limit": limit})
        ],
        quarantined=held.quarantined,
        set_aside=held.set_aside,
        oldest_touched_at=held.oldest_touched_at,
    )


async def _count_promises(tx: Transaction, at: Instants) -> dict[tuple[str, str], Promises]:
    told = {
        "now": at.now,
        "tomorrow": at.now + DAY,
        "teams": [edge.team for edge in at.edges],
        "tomorrows": [edge.tomorrow for edge in at.edges],
    }
    rows = await tx.execute(PROMISES_COUNTED, told)
    return {(row.team, row.channel): Promises(row.open, row.due_today, row.overdue) for row in rows}


async def _load_open(
    tx: Transaction, told: Mapping[str, datetime]
) -> tuple[dict[Group, Waiting], dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Who waits, what is lost track of, what began before our time: one pass over all that is open."""
    waiting: dict[Group, Waiting] = {}
    lost: dict[tuple[str, str], int] = defaultdict(int)
    inferred: dict[tuple[str, str], int] = defaultdict(int)
    for row in await tx.execute(OPEN, told):
        if row.waiting:
            group = Group(row.channel, row.team, row.tier)
            waiting[group] = Waiting(row.waiting, row.oldest_since)
        if row.lost:
            lost[row.team, row.channel] += row.lost
        if row.inferred:
            inferred[row.team, row.channel] += row.inferred
    return waiting, dict(lost), dict(inferred)


def _who(row: Row[Any]) -> Who:
    return Who(row.customer, row.name, row.masked, bool(row.public_name))


def _turned_away(row: Row[Any]) -> TurnedAwayRow:
    return TurnedAwayRow(
        contact=row.subject,
        who=_who(row),
        team=row.team,
        channel=row.channel,
        since=row.turned_away_at,
        inferred=row.turned_away_inferred,
        due_at=row.due_at,
        link=row.link,
    )


def _waiting(row: Row[Any]) -> WaitingRow:
    return WaitingRow(
        contact=row.subject,
        who=_who(row),
        link=row.link,
        group=ClockGroup(row.channel, row.team, row.tier, row.kind),
        started_at=row.started_at,
        due_at=row.due_at,
        breaches_at=row.breaches_at,
        target=timedelta(microseconds=row.target_us),
        rule=row.rule,
    )
