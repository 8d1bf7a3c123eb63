"""Which adapter serves which kind of source."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from app.core.events import Incoming
from app.sources import (
    aircall,
    amazon_connect,
    amazon_ses,
    asterisk_ami,
    asterisk_queue_log,
    chatwoot,
    cloudevents_adapter,
    front,
    genesys_cloud,
    helpscout,
    intercom,
    mailgun,
    mapping,
    postmark,
    rfc5322,
    sendgrid,
    standardwebhooks,
    twilio_eventstreams,
    twilio_taskrouter,
    twilio_voice,
    whatsapp,
    zammad,
    zendesk,
)
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
    amazon_connect.ADAPTER,
    amazon_ses.ADAPTER,
    asterisk_ami.ADAPTER,
    asterisk_queue_log.ADAPTER,
    chatwoot.ADAPTER,
    cloudevents_adapter.ADAPTER,
    front.ADAPTER,
    genesys_cloud.ADAPTER,
    helpscout.ADAPTER,
    intercom.ADAPTER,
    mailgun.ADAPTER,
    mapping.ADAPTER,
    postmark.ADAPTER,
    rfc5322.ADAPTER,
    sendgrid.ADAPTER,
    standardwebhooks.ADAPTER,
    twilio_eventstreams.ADAPTER,
    twilio_taskrouter.ADAPTER,
    twilio_voice.ADAPTER,
    whatsapp.ADAPTER,
    zammad.ADAPTER,
    zendesk.ADAPTER,
)

ADAPTERS: Final[Mapping[str, Adapter]] = MappingProxyType(
    {adapter.kind: adapter for adapter in _ALL}
)


def adapter_of(config: SourceConfig) -> Adapter:
    """The adapter that serves a source, as its options make it."""
    return ADAPTERS[config.source.kind].of(config)


def as_posted(delivery: Delivery, config: SourceConfig) -> Delivery:
    """The delivery at the address that the tool posts to, which differs from ours behind a proxy."""
    if not config.public_url:
        return delivery
    query = urlsplit(delivery.url).query
    known = urlsplit(config.public_url)
    return replace(delivery, url=urlunsplit(known._replace(query=query or known.query)))


def certificate(delivery: Delivery, config: SourceConfig) -> str | None:
    """Where the certificate is that signs the delivery; raises ``BadSignature``.

    None where none is needed, or where the source's own secrets are the certificates to go by.
    """
    adapter = adapter_of(config)
    if config.unsigned or adapter.signed_by is not SignedBy.CERTIFICATE:
        return None
    address = adapter.certificate(delivery)
    return None if config.secrets else address


def verify(delivery: Delivery, config: SourceConfig, now: datetime) -> None:
    """Return if the delivery is from the configured source, else raise ``BadSignature``."""
    if config.unsigned:
        check_token(delivery, config.secrets)
    elif adapter_of(config).signed_by is SignedBy.CONNECTION:
        raise BadSignature("this source is fetched by the service: nothing can be posted to it")
    else:
        adapter_of(config).verify(delivery, config.secrets, now)


def translate(delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
    """Give what the delivery tells, none for what means nothing to us, or raise ``Unreadable``."""
    return adapter_of(config).translate(delivery, config)


def event_of(delivery: Delivery, config: SourceConfig) -> str | None:
    """The tool's own name of what a delivery tells."""
    return adapter_of(config).event_of(delivery)


def greet(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What a GET, HEAD or OPTIONS at the source's address is answered."""
    return adapter_of(config).greet(delivery, config)


def answer(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What the tool wants to hear once its delivery is durable."""
    return adapter_of(config).answer(delivery, config)


def visit(delivery: Delivery, config: SourceConfig) -> str | None:
    """The address that the tool wants opened before it sends."""
    return adapter_of(config).visit(delivery, config)
