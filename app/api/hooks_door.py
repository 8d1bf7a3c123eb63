"""``POST /hooks/{source_id}``: what a configured tool sends, once its signature holds."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import structlog

from app.api.desk import Answer, Desk
from app.api.exchange import Receive, Scope, headers_of, read_body
from app.api.problems import Problem, come_back
from app.metrics.process_families import Limit, Rejection
from app.operations.intake import CannotStore
from app.operations.quarantine import Raw, keep_raw
from app.operations.vendor_addresses import VendorAway
from app.sources import kinds
from app.sources.adapter import (
    MAX_BYTES,
    BadSignature,
    Delivery,
    Reply,
    SourceConfig,
    Unreadable,
)

log = structlog.get_logger()

Told = TypeVar("Told")

HOOKS_PREFIX = "/hooks/"
MAX_ON_THE_LOOP = 100_000
"""A larger body is verified and read in a thread, so that others are served meanwhile."""
_GREETINGS = ("GET", "HEAD", "OPTIONS")


async def take_delivery(desk: Desk, scope: Scope, receive: Receive) -> Answer:
    """Answer one request at the address of a source."""
    source_id = scope["path"].removeprefix(HOOKS_PREFIX).partition("/")[0]
    config = desk.sources.get(source_id)
    if config is None:
        raise Problem(404, "there is no source of that name; see sources.yaml")
    method = scope["method"]
    headers, now = headers_of(scope), desk.read_clock()
    request = Delivery(headers, b"", now, _url(scope, headers), method)
    if method in _GREETINGS:
        return _greeted(request, config)
    if method != "POST":
        raise Problem(405, f"expected POST, got {method}", headers={"allow": "POST"})
    request = kinds.as_posted(request, config)
    if config.unsigned:
        await _verify(desk, request, config)  # who is not let in need not be listened to
    if not _is_large(headers, config):
        return await _served(desk, receive, request, config)
    if desk.large.locked():
        desk.count.limit_hit(Limit.LARGE_BODIES)
        raise come_back("other large deliveries are being read")
    async with desk.large:
        return await _served(desk, receive, request, config)


def _is_large(headers: Mapping[str, str], config: SourceConfig) -> bool:
    """Whether the body may be larger than most kinds allow; who does not say how long it is, may."""
    if kinds.ADAPTERS[config.source.kind].max_bytes <= MAX_BYTES:
        return False
    told = headers.get("content-length", "")
    return not told.isdecimal() or int(told) > MAX_BYTES


async def _served(desk: Desk, receive: Receive, request: Delivery, config: SourceConfig) -> Answer:
    body = await _body(desk, receive, request.headers, config)
    delivery = replace(request, body=body)
    if not config.unsigned:
        await _verify(desk, delivery, config)
    return await _take(desk, delivery, config)


async def _body(
    desk: Desk, receive: Receive, headers: Mapping[str, str], config: SourceConfig
) -> bytes:
    try:
        limit = kinds.ADAPTERS[config.source.kind].max_bytes
        return await read_body(receive, headers, limit, desk.body_seconds)
    except Problem as problem:
        desk.deliveries.refused(config.source.id, desk.read_clock(), problem.detail)
        desk.count.events_rejected(Rejection.TOO_LARGE, 1)
        desk.count.limit_hit(Limit.BODY_BYTES)
        raise


def _greeted(request: Delivery, config: SourceConfig) -> Answer:
    reply = kinds.greet(request, config)
    if reply is not None:
        return _as_told(reply)
    return Answer(200, b"", {"allow": "POST"} if request.method == "OPTIONS" else None)


def _as_told(reply: Reply) -> Answer:
    return Answer(reply.status, reply.body, reply.headers, reply.content_type)


async def _apart(delivery: Delivery, step: Callable[..., Told], *told: object) -> Told:
    """Take a step with a delivery where it keeps nobody waiting."""
    if len(delivery.body) <= MAX_ON_THE_LOOP:
        return step(*told)
    return await asyncio.to_thread(step, *told)


async def _verify(desk: Desk, delivery: Delivery, config: SourceConfig) -> None:
    source_id, now = config.source.id, delivery.received_at
    try:
        address = await _apart(delivery, kinds.certificate, delivery, config)
        if address is not None:
            config = replace(config, secrets=(await desk.vendors.certificate(address, now),))
        await _apart(delivery, kinds.verify, delivery, config, now)
    except BadSignature as error:
        desk.count.signature_failed(source_id)
        desk.deliveries.refused(source_id, now, str(error))
        log.warning("delivery_refused", source=source_id, reason=str(error))
        raise Problem(401, str(error)) from None
    except VendorAway as error:
        log.warning("certificate_absent", source=source_id, reason=str(error))
        raise come_back(str(error)) from None


async def _take(desk: Desk, delivery: Delivery, config: SourceConfig) -> Answer:
    source_id, now = config.source.id, delivery.received_at
    try:
        events = await _apart(delivery, kinds.translate, delivery, config)
        stored = await desk.store(source_id, events, now)
    except (Unreadable, CannotStore) as error:
        desk.count.events_rejected(Rejection.UNREADABLE, 1)
        telling = kinds.adapter_of(config).headers
        kept = Raw(
            source_id,
            str(error),
            delivery.headers,
            delivery.body,
            config.secrets,
            telling,
        )
        await keep_raw(desk.db, kept, now)
        desk.deliveries.kept(config, delivery, str(error))
        log.warning("delivery_kept", source=source_id, bytes=len(delivery.body))
        reply = kinds.answer(delivery, config)
        return _as_told(reply) if reply else Answer(202, b'{"accepted":0,"kept_for_later":1}')
    desk.deliveries.taken(config, delivery, events, stored.new)
    await _visit(desk, delivery, config)
    reply = kinds.answer(delivery, config)
    return _as_told(reply) if reply else Answer(202, b'{"accepted":%d}' % stored.new)


async def _visit(desk: Desk, delivery: Delivery, config: SourceConfig) -> None:
    """Open the address that a tool wants opened before it sends; while that fails it asks again."""
    address = await _apart(delivery, kinds.visit, delivery, config)
    if address is None:
        return
    try:
        await desk.vendors.open(address)
    except VendorAway as error:
        log.warning("visit_failed", source=config.source.id, reason=str(error))
        raise come_back(str(error)) from None
    log.info("source_confirmed", source=config.source.id)


def _url(scope: Scope, headers: Mapping[str, str]) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    host = headers.get("x-forwarded-host") or headers.get("host", "")
    scheme = headers.get("x-forwarded-proto") or scope.get("scheme", "http")
    return f"{scheme}://{host}{scope['path']}" + (f"?{query}" if query else "")
