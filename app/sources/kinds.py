"""Which adapter serves which kind of source."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from app.core.events import Incoming
from app.sources import (
    amazon_ses,
    cloudevents_adapter,
    helpscout,
    mailgun,
    postmark,
    rfc5322,
    sendgrid,
    standardwebhooks,
)
from app.sources.adapter import (
    FUTURE_LIMIT,
    MAX_BYTES,
    YEARS,
    Adapter,
    BadSignature,
    Delivery,
    Reply,
    SignedBy,
    SourceConfig,
    Unreadable,
)
from app.sources.aircall import kind as aircall
from app.sources.amazon_connect import kind as amazon_connect
from app.sources.asterisk import ami as asterisk_ami
from app.sources.asterisk import queue_log as asterisk_queue_log
from app.sources.chatwoot import kind as chatwoot
from app.sources.front import kind as front
from app.sources.genesys_cloud import kind as genesys_cloud
from app.sources.intercom import kind as intercom
from app.sources.mapping import kind as mapping
from app.sources.signatures import check_token
from app.sources.twilio import eventstreams as twilio_eventstreams
from app.sources.twilio import taskrouter as twilio_taskrouter
from app.sources.twilio import voice as twilio_voice
from app.sources.whatsapp import kind as whatsapp
from app.sources.zammad import kind as zammad
from app.sources.zendesk import kind as zendesk

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

MAX_OBJECTS = 20_000
MAX_VALUES = 100_000
"""Objects and lists, and commas, in one delivery that is no mail; real ones hold some hundreds."""

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
    """Give what the delivery tells, none for what means nothing to us, or raise ``Unreadable``.

    Nothing is dated in no plausible year, or ahead of its arrival.
    """
    if _is_swollen(delivery, config):
        raise Unreadable(f"expected at most {MAX_OBJECTS} objects and {MAX_VALUES} values")
    events = adapter_of(config).translate(delivery, config)
    for event in events:
        _refuse_strange_time(event.occurred_at, delivery.received_at)
    return events


def _is_swollen(delivery: Delivery, config: SourceConfig) -> bool:
    """Whether a body is little but brackets and commas, which cost much more than letters do."""
    body = delivery.body
    if len(body) <= MAX_OBJECTS or adapter_of(config).max_bytes > MAX_BYTES:
        return False  # in a mail they are the customer's
    return body.count(b"{") + body.count(b"[") > MAX_OBJECTS or body.count(b",") > MAX_VALUES


def _refuse_strange_time(at: datetime, received_at: datetime) -> None:
    first, last = YEARS
    if not first <= at.year <= last:
        raise Unreadable(f"expected a time in the years {first} to {last}")
    if at > received_at + FUTURE_LIMIT:
        raise Unreadable(f"expected a time at most {FUTURE_LIMIT} ahead, got {at}")


def event_of(delivery: Delivery, config: SourceConfig) -> str | None:
    """The tool's own name of what a delivery tells."""
    return None if _is_swollen(delivery, config) else adapter_of(config).event_of(delivery)


def greet(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What a GET, HEAD or OPTIONS at the source's address is answered."""
    return adapter_of(config).greet(delivery, config)


def answer(delivery: Delivery, config: SourceConfig) -> Reply | None:
    """What the tool wants to hear once its delivery is durable."""
    return adapter_of(config).answer(delivery, config)


def visit(delivery: Delivery, config: SourceConfig) -> str | None:
    """The address that the tool wants opened before it sends."""
    return None if _is_swollen(delivery, config) else adapter_of(config).visit(delivery, config)
