"""Sources over HTTP: how each does, what came, what is kept; words explained, kept read anew, a test."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.customers_answers import NO_NULL
from app.api.entry import SECURITY, Entry, refusals
from app.api.kept import add_kept
from app.api.problems import Problem
from app.api.source_desk import SourceDesk
from app.core.deliveries import Arrival
from app.core.events import Incoming
from app.operations.deliveries import BOTS
from app.operations.source_report import SourceLine, SourceReport
from app.operations.source_words import SaidInFile, TooMuchSaid, say_machine, say_team
from app.operations.trial import Arrived, Way, send_trial
from app.sources.kinds import adapter_of

Name = Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NULL)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TeamSaid(_Told):
    """What one of the tool's ids means; no team takes it back."""

    name: Name
    team: Name | None


class MachineSaid(_Told):
    """Whether somebody who answers is a machine."""

    agent: Name
    is_machine: bool


class Judged(_Told):
    """How many contacts and agents are judged anew."""

    judged_anew: int


def router(desk: SourceDesk, entry: Entry) -> APIRouter:
    """The routes about sources: reading wants the scope ``read``, changing ``admin``."""
    routes = APIRouter(tags=["sources"], prefix="/v1/sources")
    _add_reading(routes, desk, entry)
    add_kept(routes, desk, entry)
    _add_words(routes, desk, entry)
    _add_test(routes, desk, entry)
    return routes


def _add_reading(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.get(
        "", summary="How every source does", openapi_extra=SECURITY, responses=refusals(401, 503)
    )
    async def sources(request: Request) -> list[SourceLine]:
        async with entry.open(request, "read") as now:
            return [report.line for report in (await desk.all(now)).values()]

    @routes.get(
        "/{source_id}",
        summary="One source: what came, how it was understood, what is missing",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 503),
    )
    async def source(request: Request, source_id: str) -> SourceReport:
        async with entry.open(request, "read") as now:
            return await desk.one(source_id, now)

    @routes.get(
        "/{source_id}/deliveries",
        summary="The newest deliveries of a source, and what became of them",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 503),
    )
    async def deliveries(request: Request, source_id: str) -> list[Arrival]:
        async with entry.open(request, "read") as now:
            return list((await desk.one(source_id, now)).deliveries)


def _add_words(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.post(
        "/{source_id}/teams",
        summary="Say which team of ours an id of the tool means",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 409, 422, 503),
    )
    async def team(request: Request, source_id: str, told: TeamSaid) -> Judged:
        async with entry.open(request, "admin") as now:
            config, teams = desk.config(source_id), desk.serving.policy_at(now).teams
            if told.team is not None and teams and told.team not in teams:
                raise Problem(422, f"expected one of {', '.join(teams)}, got {told.team!r}")
            try:
                judged = await say_team(desk.db, config, told.name, told.team, now)
            except (SaidInFile, TooMuchSaid) as error:
                raise Problem(409, str(error)) from None
            _said(desk)
            return Judged(judged_anew=judged)

    @routes.post(
        "/{source_id}/machines",
        summary="Say whether somebody who answers is a machine",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 409, 422, 503),
    )
    async def machine(request: Request, source_id: str, told: MachineSaid) -> Judged:
        async with entry.open(request, "admin") as now:
            config = desk.config(source_id)
            if BOTS not in adapter_of(config).options:
                raise Problem(422, f"a source of the kind {config.source.kind} has no machines")
            try:
                await say_machine(desk.db, config, told.agent, now, is_machine=told.is_machine)
            except (SaidInFile, TooMuchSaid) as error:
                raise Problem(409, str(error)) from None
            _said(desk)
            return Judged(judged_anew=0)


def _add_test(routes: APIRouter, desk: SourceDesk, entry: Entry) -> None:
    @routes.post(
        "/{source_id}/test",
        summary="Send a test contact that never counts, and watch it arrive",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 503),
    )
    async def test(request: Request, source_id: str) -> Arrived:
        async with entry.open(request, "admin") as now:
            config = desk.config(source_id)

            async def note(events: Sequence[Incoming]) -> None:
                await desk.note_test(source_id, events, now)

            arrived = await send_trial(Way(desk.db, desk.serving.intake.append, note), config, now)
            desk.reports.forget()
            return arrived


def _said(desk: SourceDesk) -> None:
    desk.reports.forget()
    desk.serving.read_words_soon()
