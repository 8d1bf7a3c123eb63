"""Append events once, mark what they touch, and read them back by contact."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from msgspec import MsgspecError
from sqlalchemy import text

from app.core.events import TYPES, Event, Incoming, decode_data
from app.core.replay import KEY_SEPARATOR
from app.store.bulk import packed
from app.store.engine import Transaction

APPEND = text("""
WITH incoming AS (
  SELECT source, event_id, type, occurred_at, received_at, subject, contact_key, fact, body,
    decode(digest, 'hex') AS digest, mark
  FROM json_to_recordset(CAST(:rows AS json)) AS t(
    source text, event_id text, type text, occurred_at timestamptz, received_at timestamptz,
    subject text, contact_key text, fact text, body text, digest text, mark text
  )
), fresh AS (
  INSERT INTO seen (source, event_id, digest)
  SELECT source, event_id, digest FROM incoming
  ON CONFLICT DO NOTHING
  RETURNING source, event_id
), kept AS (
  INSERT INTO events
    (received_at, occurred_at, source, event_id, type, subject, contact_key, fact, body)
  SELECT received_at, occurred_at, source, event_id, type, subject, contact_key, fact, body
  FROM incoming JOIN fresh USING (source, event_id)
), marked AS (
  INSERT INTO touched (key)
  SELECT DISTINCT mark FROM incoming JOIN fresh USING (source, event_id)
  WHERE mark IS NOT NULL
  UNION
  SELECT unnest(CAST(:extra_marks AS text[]))
  ORDER BY 1
), linked AS (
  INSERT INTO links (key, other)
  SELECT * FROM unnest(CAST(:link_key AS text[]), CAST(:link_other AS text[]))
  ON CONFLICT DO NOTHING
)
SELECT i.source, i.event_id, s.digest IS NOT NULL AND s.digest <> i.digest AS conflicts
FROM incoming i
LEFT JOIN fresh f USING (source, event_id)
LEFT JOIN seen s USING (source, event_id)
WHERE f.source IS NULL
""")

EARLY = timedelta(hours=1)
"""More than an event may arrive before its own instant."""

_COLUMNS = (
    "source", "event_id", "type", "occurred_at", "received_at", "subject", "contact_key", "fact",
    "body", "digest", "mark",
)  # fmt: skip

EVENTS_OF_CONTACTS = text("""
SELECT contact_key, source, event_id, type, occurred_at, subject, fact, body
FROM events
WHERE contact_key = ANY(CAST(:keys AS text[]))
""")

# What a tool's tags say comes again with every delivery: of a run of the same only the first is read.
EVENTS_OF_REGISTRY = text("""
SELECT source, event_id, type, occurred_at, subject, fact, body FROM (
  SELECT source, event_id, type, occurred_at, subject, fact, body,
    body ~ '"inferred": ?true' AND body = lag(body) OVER (
      PARTITION BY source, type, subject ORDER BY occurred_at, event_id COLLATE "C"
    ) AS is_again
  FROM events
  WHERE type LIKE 'customer.%' AND type IN ('customer.updated', 'customer.merged')
    AND subject = ANY(CAST(:customers AS text[]))
) AS told
WHERE is_again IS NOT TRUE
""")


EVENTS_OF_AGENTS = text("""
SELECT source, event_id, type, occurred_at, subject, fact, body
FROM events
WHERE contact_key IS NULL AND (type LIKE 'agent.%' OR type LIKE 'work.%')
  AND subject = ANY(CAST(:subjects AS text[]))
  AND received_at >= :received_since AND occurred_at >= :since
""")


class Row(NamedTuple):
    """An event on its way into the store, with the contact it belongs to and the key it touches."""

    event: Incoming
    contact_key: str | None
    mark: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """An event that had arrived before; ``conflicts`` where its content differs from the first."""

    source: str
    event_id: str
    conflicts: bool


def digest_of(event: Incoming) -> bytes:
    """What is compared to tell a repeated delivery from a conflicting one."""
    told = f"{event.type}\0{event.occurred_at.timestamp()}\0{event.subject}\0".encode()
    return blake2b(told + event.body, digest_size=16).digest()


async def append(
    tx: Transaction,
    rows: Sequence[Row],
    links: Iterable[tuple[str, str]] = (),
    extra_marks: Iterable[str] = (),
) -> list[Known]:
    """Store what is new, mark what it touches; say what was known. One statement, all or nothing.

    ``rows`` must not repeat a (source, id). Sorted here, so that two writers never wait crosswise.
    """
    ordered = sorted(rows, key=lambda row: (row.event.source, row.event.id))
    told = sorted(set(links))
    found = await tx.execute(
        APPEND,
        {
            "rows": packed(_COLUMNS, [_told(row) for row in ordered]),
            "link_key": [key for key, _ in told],
            "link_other": [other for _, other in told],
            "extra_marks": sorted(set(extra_marks)),
        },
    )
    return [Known(source, event_id, conflicts) for source, event_id, conflicts in found]


def _told(row: Row) -> tuple[Any, ...]:
    event = row.event
    return (
        event.source,
        event.id,
        event.type,
        event.occurred_at,
        event.received_at,
        event.subject,
        row.contact_key,
        event.fact,
        event.body.decode(),
        digest_of(event).hex(),
        row.mark,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """Events by contact, in no order; of contacts where one cannot be read, why."""

    told: Mapping[str, Sequence[Event]]
    unreadable: Mapping[str, Exception]

    def of(self, key: str) -> Sequence[Event]:
        """All events of a contact; raises why where one of them cannot be read."""
        if key in self.unreadable:
            raise self.unreadable[key]
        return self.told.get(key, ())


async def load_of_contacts(tx: Transaction, keys: Iterable[str]) -> Told:
    """The canonical events of each contact."""
    found = await tx.execute(EVENTS_OF_CONTACTS, {"keys": list(keys)})
    events: dict[str, list[Event]] = defaultdict(list)
    unreadable: dict[str, Exception] = {}
    for key, source, event_id, type_, occurred_at, subject, fact, body in found:
        try:
            events[key].append(_event((source, event_id, type_, subject, fact), occurred_at, body))
        except (MsgspecError, LookupError) as error:  # no such event, or one of a later version
            unreadable[key] = error
    return Told(events, unreadable)


async def load_of_registry(tx: Transaction, customers: Iterable[str]) -> list[Event]:
    """The customer events about these registry entries."""
    found = await tx.execute(EVENTS_OF_REGISTRY, {"customers": list(customers)})
    return [
        _event((source, event_id, type_, subject, fact), occurred_at, body)
        for source, event_id, type_, occurred_at, subject, fact, body in found
    ]


async def load_of_agents(
    tx: Transaction, keys: Iterable[str], since: datetime
) -> dict[str, list[Event]]:
    """Per agent (source and subject): the events since an instant that tell of no contact."""
    told: dict[str, list[Event]] = {key: [] for key in keys}
    subjects = sorted({key.partition(KEY_SEPARATOR)[2] for key in told})
    times = {"since": since, "received_since": since - EARLY}
    found = await tx.execute(EVENTS_OF_AGENTS, {"subjects": subjects, **times})
    for source, event_id, type_, occurred_at, subject, fact, body in found:
        key = f"{source}{KEY_SEPARATOR}{subject}"
        if key in told and type_ in TYPES:
            told[key].append(_event((source, event_id, type_, subject, fact), occurred_at, body))
    return told


def _event(told: tuple[str, str, str, str, str | None], occurred_at: datetime, body: str) -> Event:
    source, event_id, type_, subject, fact = told
    return Event(
        source=source,
        id=event_id,
        occurred_at=occurred_at,
        subject=subject,
        data=decode_data(type_, body),
        fact=fact,
    )
