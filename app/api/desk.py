"""What both doors need: where events go, and what is answered."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.core.aliases import pseudonymised
from app.core.events import Incoming
from app.metrics.process import ProcessMetrics
from app.operations.access import Access
from app.operations.intake import Appended, Intake
from app.operations.vendor_addresses import VendorAddresses
from app.sources.adapter import SourceConfig
from app.store.engine import Database

MAX_LARGE = 4
"""Large bodies that are read at once."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What both doors need."""

    db: Database
    intake: Intake
    access: Access
    sources: Mapping[str, SourceConfig]
    alias_key: bytes
    count: ProcessMetrics
    read_clock: Callable[[], datetime]
    vendors: VendorAddresses = field(default_factory=VendorAddresses)
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_LARGE))

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
class Answer:
    """What a door says."""

    status: int
    body: bytes
    headers: Mapping[str, str] | None = None
    content_type: str = "application/json"
