"""What both doors need: where events go, and what is answered."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.api.exchange import BODY_SECONDS
from app.core.events import Incoming
from app.metrics.process import ProcessMetrics
from app.operations.access import Access
from app.operations.deliveries import Deliveries
from app.operations.intake import Appended, Intake
from app.operations.take import Taking
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
    deliveries: Deliveries
    vendors: VendorAddresses = field(default_factory=VendorAddresses)
    body_seconds: float = BODY_SECONDS
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_LARGE))

    async def store(self, label: str, events: Sequence[Incoming], now: datetime) -> Appended:
        """Make events durable, without anybody's phone number or address in them."""
        taking = Taking(self.intake, self.alias_key, self.count)
        return await taking.store(label, events, now)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door says."""

    status: int
    body: bytes
    headers: Mapping[str, str] | None = None
    content_type: str = "application/json"
