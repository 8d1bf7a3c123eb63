"""``POST /v1/events``: CloudEvents of whoever holds a token that may send."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app.api.desk import Answer, Desk
from app.api.exchange import Receive, Scope, headers_of, read_body
from app.api.problems import Problem
from app.metrics.process_families import API_SOURCE, Limit, Rejection
from app.sources import cloudevents
from app.sources.refusal import CannotRead, Malformed, Refused

ALLOWED_RATE = "12000"
"""Deliveries a minute that a CloudEvents sender is told it may make."""

ONE_NEW = b'{"accepted":1,"duplicates":0,"conflicts":0,"refused":[]}'


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
        body = await read_body(receive, headers, cloudevents.MAX_BATCH_BYTES, desk.body_seconds)
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
