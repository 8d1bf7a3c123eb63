"""One HTTP exchange on the hot path: plain ASGI, a limited body in, one answer out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from app.api.problems import PROBLEM_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


BODY_SECONDS = 30.0
"""How long a body may take to come in: who sends it by drops would keep others waiting."""


class TooSlow(Exception):  # noqa: N818 - named for the fact
    """The body did not come in in time."""


class Disconnected(Exception):  # noqa: N818 - named for the fact
    """The caller went away in the middle of the request."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers; names are in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, seconds: float = BODY_SECONDS
) -> bytes:
    """Read the body; raises ``Problem`` 413 beyond ``limit`` bytes, ``TooSlow`` or ``Disconnected``."""
    told = headers.get("content-length", "0")
    if told.isdecimal() and int(told) > limit:
        raise too_large(limit, int(told))
    try:
        async with asyncio.timeout(seconds):
            return await _whole(receive, limit)
    except TimeoutError:
        raise TooSlow from None


async def _whole(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > limit:
            raise too_large(limit, size)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_large(limit: int, got: int) -> Problem:
    """The body is larger than it may be."""
    return Problem(413, f"expected at most {limit} bytes, got {got}", {"limit_bytes": limit})


async def answer(
    send: Send,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send one answer."""
    told = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode("latin-1")),
        *((k.encode("latin-1"), v.encode("latin-1")) for k, v in (headers or {}).items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, problem: Problem) -> None:
    """Send a problem."""
    await answer(send, problem.status, problem.body(), PROBLEM_TYPE, problem.headers)
