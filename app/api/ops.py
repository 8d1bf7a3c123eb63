"""What operators and their tools ask: is it well, what does it measure, what may be sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from app.api.problems import PROBLEM_TYPE, Problem
from app.core.events import TYPES, schema_of
from app.metrics.page import Pages, Which, answer
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Door

WELL_WITHIN = timedelta(seconds=15)
"""How old the newest numbers may be for the service to count as well."""


@dataclass(slots=True)
class Newest:
    """The newest pages, replaced as a whole at every snapshot."""

    pages: Pages | None = None


def router(
    newest: Newest,
    count: ProcessMetrics,
    read_clock: Callable[[], datetime],
    metrics_token: str | None,
) -> APIRouter:
    """Routes for operators; none of them touches the database."""
    routes = APIRouter()

    @routes.head("/healthz", include_in_schema=False)
    @routes.get("/healthz", summary="Is the service well?", tags=["operate"])
    async def healthz() -> Response:
        is_well = newest.pages is not None and read_clock() - newest.pages.taken_at <= WELL_WITHIN
        count.request_answered(Door.OPS, 200 if is_well else 503)
        text = "well\n" if is_well else "not well: no numbers from the database for a while\n"
        return Response(text, 200 if is_well else 503, media_type="text/plain")

    async def metrics(request: Request, which: Which) -> Response:
        if metrics_token and not _shows(request, metrics_token):
            count.request_answered(Door.METRICS, 401)
            return Response(
                "a bearer token is needed\n", 401, {"www-authenticate": "Bearer"}, "text/plain"
            )
        accept, encoding = (request.headers.get(name) for name in ("accept", "accept-encoding"))
        told = answer(newest.pages, which, accept, encoding, read_clock())
        count.request_answered(Door.METRICS, told.status)
        headers = {**told.headers, "content-type": told.content_type}
        return Response(told.body, told.status, headers)

    @routes.head("/metrics", include_in_schema=False)
    @routes.get("/metrics", summary="For Prometheus", tags=["operate"])
    async def all_metrics(request: Request) -> Response:
        return await metrics(request, Which.METRICS)

    @routes.head("/metrics/customers", include_in_schema=False)
    @routes.get(
        "/metrics/customers", summary="The customers who wait, for Prometheus", tags=["operate"]
    )
    async def customer_metrics(request: Request) -> Response:
        return await metrics(request, Which.CUSTOMERS)

    return routes


def schema_router() -> APIRouter:
    """Routes that say what may be sent."""
    routes = APIRouter()

    @routes.get("/v1/schemas", summary="The event types that Evenhand understands", tags=["events"])
    async def schemas() -> list[str]:
        return list(TYPES)

    @routes.get("/v1/schemas/{event_type}", summary="The data of one event type", tags=["events"])
    async def schema(event_type: str) -> dict[str, Any]:
        if event_type not in TYPES:
            raise Problem(404, f"there is no event type {event_type[:64]!r}; see /v1/schemas")
        return schema_of(event_type)

    return routes


def _shows(request: Request, token: str) -> bool:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(shown.strip().encode(), token.encode())


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Say what the framework refuses, an unknown path or method, as a problem too."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    told = {
        404: "there is nothing at this path",
        405: f"expected another method than {request.method}",
    }
    detail = told.get(error.status_code, str(error.detail))
    problem = Problem(error.status_code, detail, headers=error.headers or {})
    return await on_problem(request, problem)


async def on_failure(request: Request, _error: Exception) -> Response:
    """Say that it is our fault, and nothing of what went wrong: the log has that."""
    detail = "this is our fault, and it is in the log of the service"
    return await on_problem(request, Problem(500, detail))


async def on_problem(_request: Request, problem: Exception) -> Response:
    """Answer with the problem that was raised."""
    assert isinstance(problem, Problem)  # noqa: S101 - registered for nothing else
    return Response(problem.body(), problem.status, dict(problem.headers), PROBLEM_TYPE)
