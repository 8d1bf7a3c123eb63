"""Which adapter serves which kind of source."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from app.core.events import Incoming
from app.sources import aircall, chatwoot, cloudevents_adapter, helpscout
from app.sources.adapter import (
    Adapter,
    BadSignature,
    Delivery,
    Reply,
    SignedBy,
    SourceConfig,
)
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


def as_posted(delivery: Delivery, config: SourceConfig) -> Delivery:
    """The delivery at the address that the tool posts to, which differs from ours behind a proxy."""
    if not config.public_url:
        return delivery
    query = urlsplit(delivery.url).query
    known = urlsplit(config.public_url)
    return replace(delivery, url=urlunsplit(known._replace(query=query or known.query)))


def certificate(delivery: Delivery, config: SourceConfig) -> str | None:
    """Where the certificate is that signs the delivery; raises ``BadSignature``."""
    adapter = ADAPTERS[config.source.kind]
    if config.unsigned or adapter.signed_by is not SignedBy.CERTIFICATE:
        return None
    return adapter.certificate(delivery)


def verify(delivery: Delivery, config: SourceConfig, now: datetime) -> None:
    """Return if the delivery is from the configured source, else raise ``BadSignature``."""
    if config.unsigned:
        check_token(delivery, config.secrets)
    elif ADAPTERS[config.source.kind].signed_by is SignedBy.CONNECTION:
        raise BadSignature("this source is fetched by the service: nothing can be posted to it")
    else:
        ADAPTERS[config.source.kind].verify(delivery, config.secrets, now)


def translate(delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
    """Give what the delivery tells, none for what means nothing to us, or raise ``Unreadable``."""
    return ADAPTERS[config.source.kind].translate(delivery, config)


def event_of(delivery: Delivery, config: SourceConfig) -> str | None:
    """The tool's own name of what a delivery tells."""
    return ADAPTERS[config.source.kind].event_of(delivery)


def greet(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What a GET, HEAD or OPTIONS at the source's address is answered."""
    return ADAPTERS[config.source.kind].greet(delivery, config)


def answer(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What the tool wants to hear once its delivery is durable."""
    return ADAPTERS[config.source.kind].answer(delivery, config)


def visit(delivery: Delivery, config: SourceConfig) -> str | None:
    """The address that the tool wants opened before it sends."""
    return ADAPTERS[config.source.kind].visit(delivery, config)
