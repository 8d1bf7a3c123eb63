"""CloudEvents sent to a webhook address, as any system may send them with a token.

Its events belong to the configured source; what the sender called its own source becomes a part of
the id, so that (source, id) of the sender stays what tells duplicates.
"""

from datetime import datetime
from typing import Final

import msgspec

from app.core.events import TYPES, Channel, Incoming
from app.sources.adapter import Adapter, Delivery, SourceConfig, Unreadable
from app.sources.cloudevents import read
from app.sources.refusal import CannotRead
from app.sources.signatures import check_token
from app.sources.telling import stable_id


class CloudEvents(Adapter):
    """Any system that speaks CloudEvents 1.0."""

    kind: Final = "cloudevents"
    channel: Final[Channel | None] = None
    tells: Final = frozenset(TYPES)
    options: Final[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing signs a time
        """Check the token in the Authorization header or the query string."""
        check_token(delivery, secrets)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Read the events; one that cannot be read makes the whole delivery unreadable."""
        try:
            batch = read(delivery.headers, delivery.body, delivery.received_at)
        except CannotRead as error:
            raise Unreadable(str(error)) from None
        for refused in batch.refused[:1]:
            reason = f"event {refused.index}: {refused.field}: expected {refused.expected}"
            raise Unreadable(reason)
        own = config.source.event_source
        return tuple(
            msgspec.structs.replace(event, source=own, id=stable_id(event.source, event.id))
            for event in batch.events
        )


ADAPTER: Final = CloudEvents()
