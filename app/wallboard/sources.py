"""What the page of sources is fed with, without who answers; no token is needed to look."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.operations.source_report import NamedTeam, SourceReport
from app.store.engine import AWAY
from app.wallboard.page import VERSION
from app.wallboard.routes import LIVE_HEADERS

Look = Callable[[], Awaitable[Mapping[str, SourceReport]]]


def source_routes(look: Look, docs_url: str) -> list[Route]:
    """The routes of the page of sources, fed by ``look``, which remembers what it saw for a second.

    ``docs_url`` is where the project's docs stand, for links to them.
    """

    async def sources(_request: Request) -> Response:
        try:
            reports = await look()
        except AWAY:
            return _away()
        lines = [report.line for report in reports.values()]
        return _json({"page": VERSION, "docs": docs_url, "sources": lines})

    async def source(request: Request) -> Response:
        try:
            report = (await look()).get(request.path_params["source_id"])
        except AWAY:
            return _away()
        if report is None:
            return PlainTextResponse("There is no source of that name.\n", 404, LIVE_HEADERS)
        return _json(replace(report, agents=(), teams=tuple(map(_masked, report.teams))))

    return [
        Route("/wallboard/sources", sources),
        Route("/wallboard/sources/{source_id}", source),
    ]


def _masked(team: NamedTeam) -> NamedTeam:
    """A mailbox that nobody has said to be a team's may be a person's."""
    return team if team.said_by else replace(team, name=team.shown)


def _json(told: object) -> Response:
    body = msgspec.json.encode(told)
    return Response(body, media_type="application/json", headers=LIVE_HEADERS)


def _away() -> Response:
    return PlainTextResponse("The database is away.\n", 503, {**LIVE_HEADERS, "retry-after": "5"})
