"""Take in what a source tells, however it came: stored without anybody's number, or kept unread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.core.aliases import pseudonymised
from app.core.events import Incoming
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Rejection
from app.operations.deliveries import Deliveries
from app.operations.intake import Appended, CannotStore, Intake
from app.operations.quarantine import Raw, keep_raw
from app.sources import kinds
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.store.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taking:
    """The way in for events that are read already."""

    intake: Intake
    alias_key: bytes
    count: ProcessMetrics

    async def store(self, label: str, events: Sequence[Incoming], now: datetime) -> Appended:
        """Make events durable, without anybody's phone number or address in them."""
        told = [pseudonymised(event, self.alias_key) for event in events]
        stored = await self.intake.append(told)
        self.count.events_stored(label, stored.new)
        if stored.duplicates:
            self.count.events_repeated(stored.duplicates)
            self.count.events_conflicted(label, stored.conflicts)
        for event in events:
            self.count.event_lagged((now - event.occurred_at).total_seconds())
            if not event.is_canonical:
                self.count.events_of_unknown_type(1)
        return stored


@dataclass(frozen=True, slots=True)
class _Read:
    """A delivery and what it tells, or why it cannot be read."""

    delivery: Delivery
    events: tuple[Incoming, ...] = ()
    refusal: str | None = None


def _read(config: SourceConfig, delivery: Delivery) -> _Read:
    try:
        events = kinds.translate(delivery, config)
    except Unreadable as error:
        return _Read(delivery, refusal=str(error))
    return _Read(delivery, events)


@dataclass(frozen=True, slots=True)
class Taker:
    """The way in for deliveries that were fetched, many at once."""

    taking: Taking
    db: Database
    deliveries: Deliveries

    async def take_all(self, config: SourceConfig, fetched: Sequence[Delivery]) -> None:
        """Store what the deliveries tell, and keep those that cannot be read.

        Raises what ``Intake.append`` raises while the database is away; all of them may then be
        handed over again.
        """
        read = [_read(config, each) for each in fetched]
        await self._store(config, [one for one in read if one.refusal is None])
        for one in read:
            if one.refusal is not None:
                await self._keep(config, one.delivery, one.refusal)

    async def _store(self, config: SourceConfig, read: Sequence[_Read]) -> None:
        if not read:
            return
        events = [event for one in read for event in one.events]
        now = read[-1].delivery.received_at
        try:
            stored = await self.taking.store(config.source.id, events, now)
        except CannotStore as error:
            if len(read) == 1:
                await self._keep(config, read[0].delivery, str(error))
                return
            for one in read:  # one of them is at fault, the others are not
                await self._store(config, [one])
            return
        for one in read:
            self.deliveries.taken(config, one.delivery, one.events, stored.new)

    async def _keep(self, config: SourceConfig, delivery: Delivery, reason: str) -> None:
        source, now = config.source.id, delivery.received_at
        kept = Raw(source, reason, delivery.headers, delivery.body, config.secrets)
        await keep_raw(self.db, kept, now)
        self.taking.count.events_rejected(Rejection.UNREADABLE, 1)
        self.deliveries.kept(config, delivery, reason)
        log.warning("delivery_kept", source=source, bytes=len(delivery.body))
