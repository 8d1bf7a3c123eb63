"""Where the wallboard is served: its page, its files, its stream."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.wallboard.live import Live
from app.wallboard.page import ASSETS, Asset

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}

# "x-accel-buffering" keeps nginx from holding frames back until its buffer is full.
LIVE_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-accel-buffering": "no",
}

FULL = "Too many screens watch this service already. Close some, or ask again in a minute.\n"


def routes(live: Live) -> list[Route]:
    """The routes of the wallboard, fed by ``live``."""

    async def state(_request: Request) -> Response:
        return Response(live.state(), media_type="application/json", headers=LIVE_HEADERS)

    async def served_first(_request: Request) -> Response:
        told = live.served_first()
        return Response(told, media_type="application/json", headers=LIVE_HEADERS)

    async def stream(_request: Request) -> Response:
        if live.is_full:
            live.on_full()
            return PlainTextResponse(FULL, 503, {**LIVE_HEADERS, "retry-after": "60"})
        return StreamingResponse(
            live.frames(), media_type="text/event-stream", headers=LIVE_HEADERS
        )

    return [
        *(Route(path, _serve(asset)) for path, asset in ASSETS.items()),
        Route("/wallboard/state", state),
        Route("/wallboard/served-first", served_first),
        Route("/wallboard/stream", stream),
    ]


def _serve(asset: Asset) -> Callable[[Request], Awaitable[Response]]:
    headers = {**PAGE_HEADERS, "etag": asset.etag}

    async def serve(request: Request) -> Response:
        known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
        if asset.etag in known or f"W/{asset.etag}" in known:
            return Response(status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    return serve
