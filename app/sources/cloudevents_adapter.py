"""CloudEvents sent to a webhook address, as any system may send them with a token.

Its events belong to the configured source; what the sender called its own source becomes a part of
the id, so that (source, id) of the sender stays what tells duplicates. A sender that asks first
whether it may send is told so in the answer to its OPTIONS: no address that it names is opened.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import TYPES, Channel, Incoming
from app.sources.adapter import Adapter, Delivery, Reply, SourceConfig, Unreadable
from app.sources.cloudevents import read
from app.sources.refusal import CannotRead
from app.sources.signatures import check_token
from app.sources.telling import stable_id

ORIGIN = "webhook-request-origin"
RATE = "webhook-request-rate"
MAX_RATE = 12_000
"""Deliveries a minute that a sender is told it may make at most."""
_ORIGIN: Final = re.compile(r"[!-~]{1,256}", re.ASCII)
_RATE_DIGITS = 9


class CloudEvents(Adapter):
    """Any system that speaks CloudEvents 1.0."""

    kind: Final = "cloudevents"
    channel: Final[Channel | None] = None
    tells: Final = frozenset(TYPES)
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {name: frozenset({name}) for name in TYPES}
    )
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

    def event_of(self, delivery: Delivery) -> str | None:
        """The type of the first event, ours or not."""
        try:
            batch = read(delivery.headers, delivery.body, delivery.received_at)
        except CannotRead:
            return None
        return batch.events[0].type if batch.events else None

    def greet(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """Tell a sender that asks by OPTIONS that it may send, and how fast."""
        origin = delivery.headers.get(ORIGIN, "").strip()
        if delivery.method != "OPTIONS" or not _ORIGIN.fullmatch(origin):
            return None
        allowed = {
            "allow": "POST, OPTIONS",
            "webhook-allowed-origin": origin,
            "webhook-allowed-rate": str(_rate(delivery.headers.get(RATE, "").strip())),
        }
        return Reply(headers=MappingProxyType(allowed))


def _rate(asked: str) -> int:
    """As fast as it asks to, up to what we take."""
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= _RATE_DIGITS
    return max(1, min(int(asked), MAX_RATE)) if is_number else MAX_RATE


ADAPTER: Final = CloudEvents()
