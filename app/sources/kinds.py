"""Which adapter serves which kind of source."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core.events import Incoming
from app.sources import aircall, chatwoot, cloudevents_adapter, helpscout
from app.sources.adapter import Adapter, Delivery, SourceConfig
from app.sources.signatures import check_token

_ALL: tuple[Adapter, ...] = (
    aircall.ADAPTER,
    chatwoot.ADAPTER,
    cloudevents_adapter.ADAPTER,
    helpscout.ADAPTER,
)

ADAPTERS: Final[Mapping[str, Adapter]] = MappingProxyType(
    {adapter.kind: adapter for adapter in _ALL}
)


def verify(delivery: Delivery, config: SourceConfig, now: datetime) -> None:
    """Return if the delivery is from the configured source, else raise ``BadSignature``."""
    if config.unsigned:
        check_token(delivery, config.secrets)
    else:
        ADAPTERS[config.source.kind].verify(delivery, config.secrets, now)


def translate(delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
    """Give what the delivery tells, none for what means nothing to us, or raise ``Unreadable``."""
    return ADAPTERS[config.source.kind].translate(delivery, config)
