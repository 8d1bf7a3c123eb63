"""Who may ask the API: one check of the token, one count of the answers, one word while the database is away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from app.api.problems import PROBLEM_TYPE, RETRY_SECONDS, TITLES, Problem
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Door
from app.store.engine import AWAY

May = Callable[[str, str, datetime], Awaitable[bool]]
"""Whether a token may do what a scope names."""

AWAY_DETAIL = "the database is away: nothing was changed, ask again soon"

SECURITY: dict[str, Any] = {"security": [{"bearer": []}]}
"""What OpenAPI is told of a route that wants a token."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is told of the problems that a route answers with."""
    problem = {"content": {PROBLEM_TYPE: {"schema": {"type": "object"}}}}
    return {status: {"description": TITLES[status], **problem} for status in statuses}


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """Lets in who may, counts what everybody is answered, and gives the instant of the request."""

    may: May
    count: ProcessMetrics
    read_clock: Callable[[], datetime]

    @asynccontextmanager
    async def open(
        self, request: Request, scope: str, status: int = 200
    ) -> AsyncIterator[datetime]:
        """Answer a request whose token may do what ``scope`` names; ``status`` if all goes well."""
        now = self.read_clock()
        try:
            try:
                await self._check(request, scope, now)
                yield now
            except AWAY:
                headers = {"retry-after": str(RETRY_SECONDS)}
                raise Problem(503, AWAY_DETAIL, headers=headers) from None
        except Problem as problem:
            self.count.request_answered(Door.API, problem.status)
            raise
        except RequestValidationError:
            self.count.request_answered(Door.API, 422)
            raise
        self.count.request_answered(Door.API, status)

    async def reader(self, request: Request) -> AsyncIterator[datetime]:
        """The same as a dependency of routes that only read."""
        async with self.open(request, "read") as now:
            yield now

    async def _check(self, request: Request, scope: str, now: datetime) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not await self.may(token.strip(), scope, now):
            headers = {"www-authenticate": "Bearer"}
            raise Problem(401, f"expected a bearer token with the scope {scope}", headers=headers)
