"""What programs ask about turns: who is served first in each team, who waits for it, at what cost.

Answers come from the newest snapshot; only a token that was not seen lately asks the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.entry import SECURITY, Entry, refusals
from app.api.fairness_answers import (
    EpisodeList,
    Pool,
    PoolFairness,
    TeamEpisode,
    episode_of,
    fairness_of,
    pool_of,
)
from app.api.problems import PROBLEM_TYPE, Problem
from app.core.fairness.identity import KnownEpisode
from app.core.fairness.shown import PoolStanding
from app.core.fairness.words import Voice
from app.core.snapshot import Snapshot

MAX_EPISODES = 500
"""Episodes in one answer."""
USUAL_EPISODES = 100


class Asked(BaseModel):
    """Which episodes are wanted. ``since``: those that lasted at or after that instant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    team: str | None = None
    open: bool | None = Field(None, description="only open ones, or only those that are over")
    since: AwareDatetime | None = Field(None, description="lasting at or after this instant")
    limit: int = Field(USUAL_EPISODES, ge=1, le=MAX_EPISODES)

    def wants(self, known: KnownEpisode) -> bool:
        """Whether the episode is one of those; one that was withdrawn is over."""
        if self.team not in (None, known.team) or self.open not in (None, _lasts(known)):
            return False
        ended_at = known.shown.ended_at
        return self.since is None or ended_at is None or ended_at >= self.since.timestamp()


@dataclass(frozen=True, slots=True)
class Told:
    """One snapshot with what its teams are called and in whose time they read."""

    snapshot: Snapshot
    names: Mapping[str, str]
    zones: Mapping[str, tzinfo]

    def name(self, team: str) -> str:
        """What people call a team."""
        return self.names.get(team, team)

    def voice(self, team: str) -> Voice:
        """How a team's sentences are said."""
        now = self.snapshot.taken_at.timestamp()
        names, links = self.snapshot.pool_names, self.snapshot.pool_links
        return Voice(names, self.zones.get(team, UTC), now, links)

    def standing(self, team: str) -> PoolStanding:
        """A team's turns; those of a team of the policy in which nothing happened yet are empty."""
        pools = {standing.team: standing for standing in self.snapshot.pools}
        of_policy = {day.team for day in self.snapshot.teams}
        of_policy |= {known.team for known in self.snapshot.episodes}
        if team in pools:
            return pools[team]
        if team not in of_policy:
            known = {"teams": sorted(of_policy | pools.keys())}
            raise Problem(404, f"there is no team {team[:64]!r}", known)
        at = self.snapshot.taken_at.timestamp()
        return PoolStanding(team, at, "", 0, 0, 0, None, None, None, 0)


@dataclass(slots=True)
class Turns:
    """The newest of what can be told, replaced as a whole: requests run beside it."""

    told: Told | None = None

    def show(
        self, snapshot: Snapshot, names: Mapping[str, str], zones: Mapping[str, tzinfo]
    ) -> None:
        """Answer from ``snapshot`` from now on."""
        self.told = Told(snapshot, names, zones)

    def newest(self) -> Told:
        """What can be told; a problem before the first snapshot."""
        if self.told is None:
            raise Problem(503, "the numbers have not been read yet", headers={"retry-after": "5"})
        return self.told


def router(turns: Turns, entry: Entry) -> APIRouter:
    """The routes about turns; all want a token with the scope ``read``."""
    routes = APIRouter(
        tags=["fairness"],
        dependencies=[Depends(entry.reader)],
        responses=refusals(401, 404, 422, 503),
    )

    @routes.get("/v1/pools", summary="Every team's turns right now", openapi_extra=SECURITY)
    def pools() -> list[Pool]:
        told = turns.newest()
        return [
            pool_of(each, told.name(each.team), told.voice(each.team))
            for each in told.snapshot.pools
        ]

    @routes.get(
        "/v1/pools/{team}/fairness",
        summary="One team's day: who was served first, who waited, at what cost, and why",
        openapi_extra=SECURITY,
    )
    def fairness(team: str) -> PoolFairness:
        told = turns.newest()
        return fairness_of(told.standing(team), told.name(team), told.voice(team))

    @routes.get(
        "/v1/episodes",
        summary="When somebody was served first: open ones first, then the newest",
        openapi_extra=SECURITY,
    )
    def episodes(asked: Annotated[Asked, Query()]) -> EpisodeList:
        return _episodes(turns.newest(), asked)

    return routes


def _episodes(told: Told, asked: Asked) -> EpisodeList:
    if asked.team is not None:
        told.standing(asked.team)
    found = [known for known in told.snapshot.episodes if asked.wants(known)]
    found.sort(key=lambda known: (not _lasts(known), -known.shown.started_at, known.id))
    return EpisodeList(
        episodes=[_episode(known, told) for known in found[: asked.limit]],
        left_out=max(0, len(found) - asked.limit),
    )


def _episode(known: KnownEpisode, told: Told) -> TeamEpisode:
    shown = episode_of(known.shown, told.standing(known.team), told.voice(known.team))
    return TeamEpisode(known.id, known.team, known.withdrawn_at, shown)


def _lasts(known: KnownEpisode) -> bool:
    return known.shown.ended_at is None and known.withdrawn_at is None


async def on_invalid(_request: Request, error: Exception) -> Response:
    """Say which part of a query or path is wrong, as a problem."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    problem = Problem(422, f"{place}: {first['msg']}", {"field": place})
    return Response(problem.body(), 422, dict(problem.headers), PROBLEM_TYPE)
