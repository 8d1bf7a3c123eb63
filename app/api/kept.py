"""What is kept of a source because it could not be read: listed, read anew, deleted."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from app.api.customers_answers import NO_NULL
from app.api.entry import SECURITY, Entry, refusals
from app.api.problems import Problem
from app.api.source_desk import SourceDesk
from app.operations.quarantine import Retried, drop_kept, list_kept, try_again, try_one_again
from app.store.quarantine import KeptLine, KeptReason

SourceId = Annotated[str, Path(pattern=NO_NULL)]
Number = Annotated[int, Path(ge=1, lt=2**63)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptAnswer(_Told):
    """What is kept of a source: the newest, and all of them by reason."""

    deliveries: list[KeptLine]
    reasons: list[KeptReason]


class Dropped(_Told):
    """How many kept deliveries were deleted."""

    dropped: int


def add_kept(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    """Add the routes about what is kept."""
    _add_reading(routes, desk, entry)
    _add_retrying(routes, desk, entry)
    _add_dropping(routes, desk, entry)


def _add_reading(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.get(
        "/{source_id}/kept",
        summary="Deliveries that could not be read, counted by reason",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def kept(request: Request, source_id: SourceId) -> KeptAnswer:
        async with entry.open(request, "read"):
            lines, reasons = await list_kept(desk.db, source_id)
            if not lines:
                desk.config(source_id)
            return KeptAnswer(deliveries=lines, reasons=reasons)


def _add_retrying(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.post(
        "/{source_id}/kept/retry",
        summary="Read all that is kept of a source anew",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def retry_all(request: Request, source_id: SourceId) -> Retried:
        async with entry.open(request, "admin"):
            desk.config(source_id)
            done = await try_again(desk.db, desk.current, desk.alias_key, source_id)
            desk.reports.forget()
            return done

    @routes.post(
        "/{source_id}/kept/{number}/retry",
        summary="Read one kept delivery anew",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def retry(request: Request, source_id: SourceId, number: Number) -> Retried:
        async with entry.open(request, "admin"):
            desk.config(source_id)
            config = desk.current[source_id]
            done = await try_one_again(desk.db, config, desk.alias_key, number)
            if done is None:
                raise Problem(404, f"nothing is kept of {source_id} under the number {number}")
            desk.reports.forget()
            return done


def _add_dropping(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.delete(
        "/{source_id}/kept/{number}",
        summary="Delete one kept delivery for good",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def drop(request: Request, source_id: SourceId, number: Number) -> Dropped:
        async with entry.open(request, "admin"):
            if not (dropped := await drop_kept(desk.db, source_id, number)):
                raise Problem(404, f"nothing is kept of {source_id} under the number {number}")
            desk.reports.forget()
            return Dropped(dropped=dropped)

    @routes.delete(
        "/{source_id}/kept",
        summary="Delete all that is kept of a source for good",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def drop_all(request: Request, source_id: SourceId) -> Dropped:
        async with entry.open(request, "admin"):
            dropped = await drop_kept(desk.db, source_id)
            if not dropped:
                desk.config(source_id)
            desk.reports.forget()
            return Dropped(dropped=dropped)
