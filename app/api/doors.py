"""The two doors that events come in by, served in front of the framework because they are hot.

``POST /v1/events`` takes CloudEvents with a bearer token; ``POST /hooks/{source_id}`` takes what a
configured tool sends. Both answer 202 when, and only when, the events are durable.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog

from app.api.exchange import (
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    answer,
    answer_problem,
    headers_of,
    read_body,
)
from app.api.problems import Problem, come_back
from app.core.aliases import pseudonymised
from app.core.events import Incoming
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import API_SOURCE, Door, Limit, Rejection
from app.operations.access import Access
from app.operations.intake import Appended, CannotStore, Intake, IntakeFull, StoreAway
from app.operations.quarantine import Raw, keep_raw
from app.sources import cloudevents, kinds
from app.sources.adapter import (
    FUTURE_LIMIT,
    YEARS,
    BadSignature,
    Delivery,
    SourceConfig,
    Unreadable,
)
from app.sources.refusal import CannotRead, Malformed, Refused
from app.store.engine import AWAY, Database

log = structlog.get_logger()

EVENTS_PATH = "/v1/events"
HOOKS_PREFIX = "/hooks/"
MAX_HOOK_BYTES = 1_000_000
"""Body of one webhook delivery."""

ALLOWED_RATE = "12000"
"""Deliveries a minute that a CloudEvents sender is told it may make."""


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


ONE_NEW = b'{"accepted":1,"duplicates":0,"conflicts":0,"refused":[]}'


class Doors:
    """An ASGI application: the two doors, and everything else behind them."""

    def __init__(self, behind: App, desk: Desk) -> None:
        self._behind = behind
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or hand it on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == EVENTS_PATH or path.startswith(HOOKS_PREFIX)):
            await self._behind(scope, receive, send)
            return
        door = Door.EVENTS if path == EVENTS_PATH else Door.HOOKS
        try:
            told = await self._serve(door, scope, receive)
        except Problem as problem:
            self._desk.count.request_answered(door, problem.status)
            await answer_problem(send, problem)
        except Disconnected:
            return
        else:
            self._desk.count.request_answered(door, told.status)
            await answer(send, told.status, told.body, headers=told.headers)

    async def _serve(self, door: Door, scope: Scope, receive: Receive) -> Answer:
        try:
            if door is Door.EVENTS:
                return await take_events(self._desk, scope, receive)
            return await take_delivery(self._desk, scope, receive)
        except IntakeFull:
            self._desk.count.limit_hit(Limit.INTAKE_QUEUE)
            raise come_back("more comes in than can be stored") from None
        except CannotStore as error:
            self._desk.count.events_rejected(Rejection.INVALID, 1)
            raise Problem(422, str(error)) from None
        except (StoreAway, *AWAY):
            raise come_back("the database is away") from None


async def take_events(desk: Desk, scope: Scope, receive: Receive) -> Answer:
    """CloudEvents of whoever holds a token that may send."""
    headers = headers_of(scope)
    if scope["method"] == "OPTIONS":
        return _handshake(headers)
    if scope["method"] != "POST":
        raise Problem(
            405, f"expected POST, got {scope['method']}", headers={"allow": "POST, OPTIONS"}
        )
    now = desk.read_clock()
    await _check_token(desk, headers, now)
    try:
        body = await read_body(receive, headers, cloudevents.MAX_BATCH_BYTES)
        batch = cloudevents.read(headers, body, now)
    except (CannotRead, Problem) as error:
        raise _unreadable(desk, error) from None
    if batch.refused:
        _count_refused(desk, batch.refused)
    if batch.refused and not batch.events:
        raise _refused(batch.refused, single=batch.is_single)
    stored = await desk.store(API_SOURCE, batch.events, now)
    if batch.is_single and stored.new:
        return Answer(202, ONE_NEW)
    told = {
        "accepted": stored.new,
        "duplicates": stored.duplicates,
        "conflicts": stored.conflicts,
        "refused": batch.refused,
    }
    return Answer(202, msgspec.json.encode(told))


async def _check_token(desk: Desk, headers: Mapping[str, str], now: datetime) -> None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and await desk.access.may(token.strip(), "send", now):
        return
    desk.count.events_rejected(Rejection.FORBIDDEN, 1)
    raise Problem(
        401, "expected a bearer token that may send", headers={"www-authenticate": "Bearer"}
    )


def _handshake(headers: Mapping[str, str]) -> Answer:
    """The CloudEvents webhook handshake: the sender is told that it may send, and how fast."""
    allowed = {
        "allow": "POST, OPTIONS",
        "webhook-allowed-origin": headers.get("webhook-request-origin", "*"),
        "webhook-allowed-rate": ALLOWED_RATE,
    }
    return Answer(200, b"", allowed)


def _unreadable(desk: Desk, error: CannotRead | Problem) -> Problem:
    match error:
        case Problem():
            desk.count.events_rejected(Rejection.TOO_LARGE, 1)
            desk.count.limit_hit(Limit.BODY_BYTES)
            return error
        case Malformed(field=field, expected=expected, got=got):
            desk.count.events_rejected(Rejection.MALFORMED, 1)
            return Problem(422, str(error), {"field": field, "expected": expected, "got": got})
        case cloudevents.TooLarge():
            desk.count.events_rejected(Rejection.TOO_MANY, 1)
            desk.count.limit_hit(Limit.BATCH_EVENTS)
            return Problem(413, str(error))
        case _:
            desk.count.events_rejected(Rejection.MALFORMED, 1)
            return Problem(415, str(error))


def _count_refused(desk: Desk, refused: Sequence[Refused]) -> None:
    for one in refused:
        is_future = one.expected.startswith("at most") and one.field == "$.time"
        desk.count.events_rejected(Rejection.FUTURE if is_future else Rejection.INVALID, 1)


def _refused(refused: Sequence[Refused], *, single: bool) -> Problem:
    if single:
        one = refused[0]
        told = {"field": one.field, "expected": one.expected, "got": one.got}
        return Problem(422, f"{one.field}: expected {one.expected}, got {one.got}", told)
    return Problem(
        422, "none of the events can be stored", {"refused": msgspec.to_builtins(list(refused))}
    )


async def take_delivery(desk: Desk, scope: Scope, receive: Receive) -> Answer:
    """What a configured tool sends, once its signature holds."""
    source_id = scope["path"].removeprefix(HOOKS_PREFIX).partition("/")[0]
    config = desk.sources.get(source_id)
    if config is None:
        raise Problem(404, "there is no source of that name; see sources.yaml")
    if scope["method"] in ("HEAD", "GET"):
        return Answer(200, b"")
    if scope["method"] != "POST":
        raise Problem(405, f"expected POST, got {scope['method']}", headers={"allow": "POST"})
    headers, now = headers_of(scope), desk.read_clock()
    try:
        body = await read_body(receive, headers, MAX_HOOK_BYTES)
    except Problem as problem:
        raise _unreadable(desk, problem) from None
    delivery = Delivery(headers, body, now, _url(scope, headers))
    try:
        kinds.verify(delivery, config, now)
    except BadSignature as error:
        desk.count.signature_failed(source_id)
        log.warning("delivery_refused", source=source_id, reason=str(error))
        raise Problem(401, str(error)) from None
    try:
        events = kinds.translate(delivery, config)
        _refuse_strange_times(events, now)
        stored = await desk.store(source_id, events, now)
    except (Unreadable, CannotStore) as error:
        desk.count.events_rejected(Rejection.UNREADABLE, 1)
        await keep_raw(desk.db, Raw(source_id, str(error), headers, body, config.secrets), now)
        log.warning("delivery_kept", source=source_id, bytes=len(body))
        return Answer(202, b'{"accepted":0,"kept_for_later":1}')
    return Answer(202, b'{"accepted":%d}' % stored.new)


def _refuse_strange_times(events: Sequence[Incoming], now: datetime) -> None:
    first, last = YEARS
    for event in events:
        if not first <= event.occurred_at.year <= last:
            raise Unreadable(f"expected a time in the years {first} to {last}")
        if event.occurred_at > now + FUTURE_LIMIT:
            raise Unreadable(
                f"expected a time at most {FUTURE_LIMIT} ahead, got {event.occurred_at}"
            )


def _url(scope: Scope, headers: Mapping[str, str]) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    host = headers.get("x-forwarded-host") or headers.get("host", "")
    scheme = headers.get("x-forwarded-proto") or scope.get("scheme", "http")
    return f"{scheme}://{host}{scope['path']}" + (f"?{query}" if query else "")
