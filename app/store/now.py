"""What is true now, read for a snapshot: who waits, what runs, what is promised."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.core.snapshot import ClockGroup, CustomerWaiting, Group, Running, Waiting
from app.store.engine import Transaction

MAX_CUSTOMERS = 1_000
"""Waiting customers that a snapshot reads at most, the next to be late first."""

MANY_WAITING = 20_000
"""With more waiting contacts not all of their customers are looked at, but those late next."""

CLOCKS_OF_MANY = 5_000
"""Clocks that are looked at then, the soonest to break first."""

MAX_PROMISES = 2_000
"""Open promises that a snapshot reads at most, the soonest first."""

OPEN = text("""
SELECT channel, team, tier, count(*) FILTER (WHERE is_lost) AS lost,
  count(*) FILTER (WHERE waiting_since IS NOT NULL AND NOT is_lost) AS waiting,
  min(waiting_since) FILTER (WHERE NOT is_lost) AS oldest_since
FROM (
  SELECT channel, team, tier, waiting_since, last_event_at <= CASE channel
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
  min(k.breaches_at) FILTER (WHERE k.is_measurable AND NOT k.is_paused) AS next_breach_at,
  count(*) FILTER (WHERE NOT k.is_measurable) AS not_measurable
FROM clocks k {without_lost}
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

TURNED_AWAY_TODAY = text("""
SELECT t.team, count(*) AS contacts
FROM unnest(CAST(:teams AS text[]), CAST(:since AS timestamptz[])) AS t(team, since)
JOIN contacts c ON c.team = t.team AND c.turned_away_at >= t.since
WHERE c.is_turned_away AND c.turned_away_at >= :first
GROUP BY t.team
""")

CUSTOMERS_WAITING = text("""
SELECT c.customer, c.tier, c.team, c.channel, count(*) AS contacts,
  min(n.next_breach_at) AS next_breach_at
FROM contacts c
LEFT JOIN (
  SELECT contact_key, min(breaches_at) AS next_breach_at FROM clocks
  WHERE ending IS NULL AND is_measurable AND NOT is_paused
    AND kind IN ('first_response', 'next_response')
  GROUP BY contact_key
) AS n ON n.contact_key = c.key
WHERE NOT c.is_over AND c.waiting_since IS NOT NULL AND c.last_event_at > CASE c.channel
  WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
  WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
  ELSE CAST(:lost_email AS timestamptz) END
GROUP BY c.customer, c.tier, c.team, c.channel
ORDER BY next_breach_at NULLS LAST, c.customer
LIMIT :customers
""")

CUSTOMERS_SOONEST = text("""
WITH soonest AS MATERIALIZED (
  SELECT contact_key, breaches_at FROM clocks
  WHERE ending IS NULL AND is_measurable AND NOT is_paused AND breaches_at IS NOT NULL
    AND kind IN ('first_response', 'next_response')
  ORDER BY breaches_at
  LIMIT :clocks
), chosen AS MATERIALIZED (
  SELECT c.customer, c.tier, c.team, c.channel, min(s.breaches_at) AS next_breach_at
  FROM soonest s JOIN contacts c ON c.key = s.contact_key
  WHERE c.last_event_at > CASE c.channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END
  GROUP BY c.customer, c.tier, c.team, c.channel
  ORDER BY next_breach_at, c.customer
  LIMIT :customers
)
SELECT h.customer, h.tier, h.team, h.channel, n.contacts, h.next_breach_at
FROM chosen h CROSS JOIN LATERAL (
  SELECT count(*) AS contacts FROM contacts c
  WHERE (c.customer, c.tier, c.team, c.channel) = (h.customer, h.tier, h.team, h.channel)
    AND NOT c.is_over AND c.waiting_since IS NOT NULL AND c.last_event_at > CASE c.channel
    WHEN 'phone' THEN CAST(:lost_phone AS timestamptz)
    WHEN 'chat' THEN CAST(:lost_chat AS timestamptz)
    ELSE CAST(:lost_email AS timestamptz) END
) AS n
ORDER BY h.next_breach_at, h.customer
""")

TODAY = text("""
SELECT t.team,
  count(*) FILTER (WHERE k.settled) AS settled,
  count(*) FILTER (WHERE k.noted) AS late
FROM unnest(CAST(:teams AS text[]), CAST(:since AS timestamptz[])) AS t(team, since)
JOIN clocks k ON k.team = t.team AND k.started_at >= t.since
WHERE k.started_at >= :first AND k.kind IN ('first_response', 'next_response')
GROUP BY t.team
""")

HELD_BACK = text("""
SELECT (SELECT count(*) FROM quarantine) AS quarantined, (SELECT count(*) FROM set_aside) AS set_aside
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
class Day:
    """A team's day so far."""

    settled: int = 0
    late: int = 0
    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class Present:
    """What one snapshot is made of, read in one transaction."""

    waiting: dict[Group, Waiting]
    running: dict[ClockGroup, Running]
    not_measurable: dict[tuple[str, str], int]
    lost_track: dict[tuple[str, str], int]
    untold: dict[tuple[str, str], int]
    contacts: list[WaitingRow]
    promises: list[PromiseRow]
    callbacks: dict[tuple[str, str], int]
    turned_away: list[TurnedAwayRow]
    customers: list[CustomerWaiting]
    quarantined: int
    set_aside: int


async def load_present(tx: Transaction, now: datetime, lost: LostBefore, limit: int) -> Present:
    """Read what is true at ``now``; waiting contacts at most ``limit``, soonest first."""
    told = lost.told()
    held = (await tx.execute(HELD_BACK)).one()
    waiting, lost_track = await _load_open(tx, told)
    if lost_track:
        running = list(await tx.execute(RUNNING_AND_NOT_LOST, {**told, "now": now}))
    else:
        running = list(await tx.execute(RUNNING, {"now": now}))
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
                row.overdue, row.next_breach_at
            )
            for row in running
        },
        not_measurable=dict(not_measurable),
        lost_track=lost_track,
        untold={(row.team, row.channel): row.contacts for row in await tx.execute(UNTOLD, told)},
        contacts=[
            _waiting(row) for row in await tx.execute(WAITING_CONTACTS, {**told, "limit": limit})
        ],
        promises=[
            PromiseRow(_who(row), row.team, row.channel, row.due_at, row.link)
            for row in await tx.execute(PROMISES, {"limit": MAX_PROMISES})
        ],
        callbacks=dict(callbacks),
        turned_away=[
            _turned_away(row) for row in await tx.execute(NOT_CALLED_BACK, {"limit": limit})
        ],
        customers=await _load_customers(tx, told, sum(one.contacts for one in waiting.values())),
        quarantined=held.quarantined,
        set_aside=held.set_aside,
    )


async def _load_open(
    tx: Transaction, told: Mapping[str, datetime]
) -> tuple[dict[Group, Waiting], dict[tuple[str, str], int]]:
    """Who waits, and how many contacts are lost track of, in one pass over all that is open."""
    waiting: dict[Group, Waiting] = {}
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for row in await tx.execute(OPEN, told):
        if row.waiting:
            group = Group(row.channel, row.team, row.tier)
            waiting[group] = Waiting(row.waiting, row.oldest_since)
        if row.lost:
            lost[row.team, row.channel] += row.lost
    return waiting, dict(lost)


async def _load_customers(
    tx: Transaction, told: Mapping[str, datetime], waiting: int
) -> list[CustomerWaiting]:
    """Customers who wait; with very many, those of the promises that break soonest."""
    limits: dict[str, Any] = {**told, "customers": MAX_CUSTOMERS}
    if waiting <= MANY_WAITING:
        found = await tx.execute(CUSTOMERS_WAITING, limits)
    else:
        found = await tx.execute(CUSTOMERS_SOONEST, {**limits, "clocks": CLOCKS_OF_MANY})
    return [CustomerWaiting(*row) for row in found]


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


async def load_today(tx: Transaction, since: Mapping[str, datetime]) -> dict[str, Day]:
    """Per team, since its midnight: responses begun and settled, those late, contacts turned away."""
    if not since:
        return {}
    told = {
        "teams": list(since),
        "since": list(since.values()),
        "first": min(since.values()),
    }
    judged = {row.team: row for row in await tx.execute(TODAY, told)}
    turned_away = {row.team: row.contacts for row in await tx.execute(TURNED_AWAY_TODAY, told)}
    return {
        team: Day(
            judged[team].settled if team in judged else 0,
            judged[team].late if team in judged else 0,
            turned_away.get(team, 0),
        )
        for team in since
    }
