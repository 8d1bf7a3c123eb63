"""The policy over HTTP: which one holds, what a new one would change, and a new one put in force."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.api.entry import SECURITY, Entry, refusals
from app.api.exchange import Disconnected, read_body
from app.api.policy_answers import (
    PolicyAnnounced,
    PolicyInForce,
    PolicyTried,
    PolicyVersion,
    announced_of,
    faults_of,
    in_force_of,
    tried_of,
    versions_of,
)
from app.api.problems import Problem
from app.core.marked_yaml import FaultyFile
from app.core.policy_file.faults import policy_faults
from app.operations.policies import (
    BackdatedPolicy,
    VersionNotRaised,
    announce_policy,
    load_versions,
    try_policy,
)
from app.store.engine import Database

MAX_POLICY_BYTES = 1_000_000
POLICY_TYPES = ("application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml")

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string"}} for name in POLICY_TYPES[:2]},
    }
}


@dataclass(frozen=True, slots=True)
class Library:
    """Where policies are kept, and who is told of a new one."""

    db: Database
    on_new: Callable[[], object]


def router(library: Library, entry: Entry) -> APIRouter:
    """The routes about the policy: reading wants the scope ``read``, a new one ``admin``."""
    routes = APIRouter(tags=["policy"])

    @routes.get(
        "/v1/policy",
        summary="The policy in force, and the list of all versions",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 503),
    )
    async def in_force(request: Request) -> PolicyInForce:
        async with entry.open(request, "read") as now:
            return in_force_of(await _versions(library, now))

    @routes.get(
        "/v1/policy/versions/{number}",
        summary="One version of the policy",
        openapi_extra=SECURITY,
        responses=refusals(401, 404, 422, 503),
    )
    async def version(request: Request, number: int) -> PolicyVersion:
        async with entry.open(request, "read") as now:
            versions = await _versions(library, now)
            for each in versions:
                if each.version == number:
                    return each
            known = {"versions": [each.version for each in versions]}
            raise Problem(404, f"there is no version {number}", known)

    routes.add_api_route(
        "/v1/policy",
        _putting(library, entry),
        methods=["POST"],
        summary="Put a new version in force, or say with dry_run what it would change",
        status_code=201,
        response_model=PolicyAnnounced,
        openapi_extra={**SECURITY, **_BODY},
        responses={
            200: {"model": PolicyTried, "description": "what it would change; nothing was"},
            **refusals(401, 409, 413, 415, 422, 503),
        },
    )
    return routes


def _putting(
    library: Library, entry: Entry
) -> Callable[[Request, bool], Coroutine[Any, Any, Response]]:
    async def put(request: Request, dry_run: bool = False) -> Response:  # noqa: FBT001, FBT002 - the query's own words
        status = 200 if dry_run else 201
        async with entry.open(request, "admin", status) as now:
            text = await _text(request)
            told: BaseModel
            try:
                if dry_run:
                    told = tried_of(await try_policy(library.db, text, now))
                else:
                    told = announced_of(await announce_policy(library.db, text, now))
                    library.on_new()
            except (FaultyFile, VersionNotRaised, BackdatedPolicy) as error:
                if not dry_run:
                    entry.count.policy_refused()
                raise _refused(error, text) from None
        return JSONResponse(told.model_dump(mode="json"), status)

    return put


async def _versions(library: Library, now: datetime) -> list[PolicyVersion]:
    stored = await load_versions(library.db)
    if not stored:
        raise Problem(404, "there is no policy yet: nothing is promised")
    return versions_of(stored, now)


async def _text(request: Request) -> str:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in POLICY_TYPES:
        raise Problem(415, f"expected {' or '.join(POLICY_TYPES[:2])}, got {content_type[:64]!r}")
    try:
        body = await read_body(request.receive, request.headers, MAX_POLICY_BYTES)
    except Disconnected:
        raise Problem(400, "the body did not come to its end") from None
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem(
            422, f"expected UTF-8 text, got something else at byte {error.start}"
        ) from None


def _refused(error: FaultyFile | VersionNotRaised | BackdatedPolicy, text: str) -> Problem:
    match error:
        case FaultyFile():
            faults = policy_faults(text, error)
            more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
            detail = f"line {faults[0].line}: {faults[0].path or 'file'}: {faults[0].message}{more}"
            return Problem(422, detail, {"faults": faults_of(faults)})
        case VersionNotRaised():
            return Problem(409, str(error), {"newest": error.newest, "is_known": error.is_known})
        case BackdatedPolicy():
            return Problem(422, str(error), {"field": "effective_from"})
