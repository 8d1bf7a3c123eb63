"""Send a marked contact through a source's own way in, and watch it arrive; it never counts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from time import perf_counter

import msgspec

from app.core.events import Channel, ContactDiscarded, ContactReceived, Data, Incoming
from app.core.replay import contact_key
from app.operations.intake import TEST_CONTACT
from app.sources.adapter import SourceConfig
from app.store import lookup
from app.store.engine import Database

PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Arrived:
    """How long each step took, in milliseconds; nothing for a step that did not come in time.

    ``stored``: the events are durable; ``worked_out``: they were replayed, as what never counts;
    ``shown``: they stand among the deliveries of the source.
    """

    contact: str
    sent_at: datetime
    stored_ms: float
    worked_out_ms: float | None = None
    shown_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """What a test contact goes through: the store, and the list of deliveries."""

    db: Database
    store: Callable[[Sequence[Incoming]], Awaitable[object]]
    note: Callable[[Sequence[Incoming]], Awaitable[object]]


def trial_events(config: SourceConfig, contact: str, now: datetime) -> tuple[Incoming, ...]:
    """A contact that comes in and is discarded as a test in the same instant."""
    source = config.source
    told: tuple[Data, ...] = (
        ContactReceived(channel=source.channel or Channel.CHAT, team=source.default_team),
        ContactDiscarded(reason="test"),
    )
    return tuple(
        Incoming(
            source=source.event_source,
            id=f"{contact}:{data.type}",
            type=data.type,
            occurred_at=now,
            received_at=now,
            subject=contact,
            body=msgspec.json.encode(data),
        )
        for data in told
    )


async def send_trial(way: Way, config: SourceConfig, now: datetime) -> Arrived:
    """Send a test contact and wait until it is worked out and shown, or for ``PATIENCE_SECONDS``."""
    contact = f"{TEST_CONTACT}{token_hex(8)}"
    events = trial_events(config, contact, now)
    began = perf_counter()
    await way.store(events)
    arrived = Arrived(contact, now, _since(began))
    key = contact_key(config.source.event_source, contact)
    worked_out = await _until(way.db, key, began)
    if worked_out is None:
        return arrived
    await way.note(events)
    return Arrived(contact, now, arrived.stored_ms, worked_out, _since(began))


async def _until(db: Database, key: str, began: float) -> float | None:
    """Look until the contact is there as one that never counts."""
    while perf_counter() - began < PATIENCE_SECONDS:
        async with db.single() as tx:
            if await lookup.is_discarded(tx, key):
                return _since(began)
        await asyncio.sleep(LOOK_SECONDS)
    return None


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 1)
