"""What programs are told about turns."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from app.api.entry import AWAY_DETAIL, Entry
from app.api.fairness import MAX_EPISODES, Turns, on_invalid, router
from app.api.ops import on_problem
from app.api.problems import PROBLEM_TYPE, Problem
from app.core.fairness.identity import KnownEpisode
from app.core.fairness.shown import Cell, Harmed, PoolStanding, Row, ShownEpisode, Waiter
from app.core.snapshot import Snapshot, TeamDay
from app.metrics.negotiation import Format
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Code, Door
from app.operations.access import make_token

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AT = NOON.timestamp()
DELAYED = Waiter("crm\x1fc7", "jensen", "standard", "phone", AT - 1440, "crm\x1fa1", "acme")
ACME = ShownEpisode(
    who="acme",
    started_at=AT - 4680,
    raised_at=AT - 4000,
    ended_at=None,
    agent_seconds=15720.0,
    extra_wait_seconds=20280.0,
    severity=0.6,
    share_of_work=0.42,
    share_in_turn=0.29,
    starts=134,
    out_of_turn=73,
    waiting=31,
    longest_seconds=1440.0,
    harmed=(Harmed("jensen", 900.0),),
    delayed=(DELAYED,),
)
EARLIER = msgspec.structs.replace(
    ACME, who="tier:important", started_at=AT - 9000, ended_at=AT - 7200, waiting=0
)
SUPPORT = PoolStanding(
    team="support",
    at=AT,
    order="due",
    waiting=31,
    claims=2,
    on_duty=8,
    free=None,
    free_since=None,
    usual=None,
    starved=3,
    take_next=(DELAYED,),
    episodes=(EARLIER, ACME),
    rows=(Row("acme", "standard", 300.0, 0.0, 0.0, 20280.0, 134, 73),),
    matrix=(Cell("jensen", "acme", 900.0),),
    wait_seconds={"standard": {"favoured": 60.0, "unknown": 40.0}},
    wait_seconds_total={"standard": {"favoured": 7.0}},
)
SALES = PoolStanding(
    *("sales", AT, "arrival", 2, 0, 3, 1, AT - 90, 3.0, 0),
    episodes=(msgspec.structs.replace(ACME, who="birk", started_at=AT - 60),),
)
SNAPSHOT = Snapshot(
    taken_at=NOON,
    teams=tuple(
        TeamDay(team, 0, 0, is_open=True, opens_at=None) for team in ("support", "sales", "quiet")
    ),
    pools=(SUPPORT, SALES),
    pool_names={"acme": "Acme", "jensen": "Jensen VVS"},
    pool_links={"crm\x1fc7": "https://desk.example/7"},
    episodes=(
        KnownEpisode(3, "support", EARLIER),
        KnownEpisode(4, "support", ACME),
        KnownEpisode(5, "sales", SALES.episodes[0]),
        KnownEpisode(6, "support", msgspec.structs.replace(ACME, who="wrong"), NOON),
    ),
)
READER = {"authorization": "Bearer reader"}


class Desk:
    """The routes alone, with one token that may read, and what was counted."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.turns.show(SNAPSHOT, {"support": "Customer desk"}, {})
        self.count = ProcessMetrics("test", [])
        self.is_away = False
        app = FastAPI()
        app.include_router(router(self.turns, Entry(self.may, self.count, lambda: NOON)))
        app.add_exception_handler(Problem, on_problem)
        app.add_exception_handler(RequestValidationError, on_invalid)
        self.app = app
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def may(self, token: str, scope: str, now: datetime) -> bool:
        if self.is_away:
            raise ConnectionRefusedError
        return (token, scope, now) == ("reader", "read", NOON)

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(path, headers=READER)
        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.headers["content-type"] == PROBLEM_TYPE
        return answer.json()

    def answered(self, code: Code) -> bool:
        line = f'evenhand_process_http_requests_total{{door="{Door.API}",code="{code}"}} 1.0\n'
        return line.encode() in self.count.written().text(Format.TEXT)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with made.client:
        yield made


PATHS = ["/v1/pools", "/v1/pools/support/fairness", "/v1/episodes"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_that_may_read_is_needed(desk: Desk, path: str):
    for headers in ({}, {"authorization": "Bearer sender"}, {"authorization": "Basic reader"}):
        answer = await desk.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == PROBLEM_TYPE
    assert (await desk.client.get(path, headers=READER)).status_code == 200
    assert desk.answered(Code.OK)


@pytest.mark.parametrize("path", PATHS)
async def test_while_nothing_can_be_told_the_answer_is_to_come_back(desk: Desk, path: str):
    desk.is_away = True
    away = await desk.get(path, 503)
    desk.is_away, desk.turns.told = False, None
    unread = await desk.get(path, 503)

    assert away["detail"] == AWAY_DETAIL
    assert unread["detail"] == "the numbers have not been read yet"


async def test_every_team_is_told_with_its_sentences(desk: Desk):
    support, sales = await desk.get("/v1/pools")

    assert (support["team"], support["name"], support["at"]) == (
        *("support", "Customer desk"),
        "2026-03-10T12:00:00Z",
    )
    assert support["sentences"] == [
        (
            "31 customers wait because Acme is taken first, since 10:42. Longest: 24 min. "
            "Take next: Jensen VVS."
        ),
        "Nobody tells us who is there, so free people and missing people cannot be shown.",
    ]
    assert (support["episodes_open"], support["free"], support["free_since"]) == (1, None, None)
    assert (sales["name"], sales["free"]) == ("sales", 1)
    assert sales["free_since"] == "2026-03-10T11:58:30Z"
    assert "1 person is free while 2 wait, since 11:58." in sales["sentences"]


async def test_a_teams_day_says_who_whom_how_much_and_why(desk: Desk):
    told = await desk.get("/v1/pools/support/fairness")

    acme, jensen = (
        {"customer": "acme", "name": "Acme"},
        {"customer": "jensen", "name": "Jensen VVS"},
    )
    assert [(row["customer"], row["favoured_agent_seconds"]) for row in told["rows"]] == [
        (acme, 300.0)
    ]
    assert told["matrix"] == [{"waited": jensen, "taken_first": acme, "seconds": 900.0}]
    causes = {cause["cause"]: cause for cause in told["causes"]}
    assert sum(cause["seconds"] for cause in causes.values()) == 100
    assert causes["favoured"] == {
        "tier": "standard",
        "cause": "favoured",
        "words": "others were taken first, not agreed",
        "seconds": 60.0,
        "seconds_before": 7.0,
    }
    first, past = told["episodes"]
    assert (first["is_open"], first["who"], past["ended_at"]) == (
        *(True, acme),
        "2026-03-10T10:00:00Z",
    )
    assert past["who"] == {"customer": "tier:important", "name": "important customers"}
    assert first["waited_longer"] == [{"customer": jensen, "seconds": 900.0}]
    assert told["take_next"] == first["delayed"]
    assert first["delayed"] == [
        {
            "source": "crm",
            "contact": "c7",
            "link": "https://desk.example/7",
            "customer": jensen,
            "tier": "standard",
            "channel": "phone",
            "since": "2026-03-10T11:36:00Z",
            "taken_first": {"source": "crm", "contact": "a1", "link": None, "customer": acme},
        }
    ]


async def test_a_team_in_which_nothing_happened_yet_is_empty_and_an_unknown_one_is_not_found(
    desk: Desk,
):
    quiet = await desk.get("/v1/pools/quiet/fairness")
    problem = await desk.get("/v1/pools/nobody/fairness", 404)
    asked = await desk.get("/v1/episodes?team=nobody", 404)

    assert (quiet["episodes"], quiet["pool"]["waiting"], quiet["causes"]) == ([], 0, [])
    assert problem["detail"] == asked["detail"] == "there is no team 'nobody'"
    assert problem["teams"] == ["quiet", "sales", "support"]


@pytest.mark.parametrize(
    ("query", "found", "left_out"),
    [
        ("", [5, 4, 6, 3], 0),
        ("?team=support", [4, 6, 3], 0),
        ("?open=true", [5, 4], 0),
        ("?open=false", [6, 3], 0),
        ("?since=2026-03-10T10:00:00Z", [5, 4, 6, 3], 0),
        ("?since=2026-03-10T11:00:01%2B01:00", [5, 4, 6], 0),
        ("?limit=1", [5], 3),
        ("?team=quiet", [], 0),
    ],
)
async def test_episodes_are_found_by_team_state_and_time(desk: Desk, query, found, left_out):
    told = await desk.get(f"/v1/episodes{query}")

    assert [each["id"] for each in told["episodes"]] == found
    assert told["left_out"] == left_out


async def test_an_episode_that_was_withdrawn_says_when(desk: Desk):
    told = {each["id"]: each for each in (await desk.get("/v1/episodes"))["episodes"]}

    assert told[6]["withdrawn_at"] == "2026-03-10T12:00:00Z"
    assert (told[4]["withdrawn_at"], told[4]["team"]) == (None, "support")
    assert told[4]["episode"]["who"] == {"customer": "acme", "name": "Acme"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        (f"limit={MAX_EPISODES + 1}", "limit"),
        ("open=perhaps", "open"),
        ("since=yesterday", "since"),
        ("since=2026-03-10T10:00:00", "since"),
        ("tema=support", "tema"),
    ],
)
async def test_a_query_that_cannot_be_read_is_refused_by_name(desk: Desk, query, field):
    problem = await desk.get(f"/v1/episodes?{query}", 422)

    assert (problem["field"], problem["status"]) == (field, 422)
    assert desk.answered(Code.INVALID)


async def test_a_refusal_is_counted_as_what_it_was(desk: Desk):
    await desk.get("/v1/pools/nobody/fairness", 404)

    assert desk.answered(Code.NOT_FOUND)
    assert not desk.answered(Code.OK)


async def test_the_routes_are_in_the_service_and_in_its_openapi(service):
    _, token = await make_token(service.db, {"read"}, "reader", service.clock.now)
    headers = {"authorization": f"Bearer {token}"}
    sender = {"authorization": f"Bearer {service.token}"}

    answer = await service.client.get("/v1/pools", headers=headers)
    refused = await service.client.get("/v1/pools", headers=sender)
    wrong = await service.client.get("/v1/episodes?limit=no", headers=headers)
    document = (await service.client.get("/openapi.json")).json()

    assert (answer.status_code, refused.status_code) == (200, 401)
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, PROBLEM_TYPE)
    for path in ("/v1/pools", "/v1/pools/{team}/fairness", "/v1/episodes"):
        told = document["paths"][path]["get"]
        assert told["security"] == [{"bearer": []}]
        assert {"200", "401", "404", "422", "503"} <= told["responses"].keys()
        assert PROBLEM_TYPE in told["responses"]["422"]["content"]
    assert document["components"]["schemas"]["PoolFairness"]


async def test_the_service_shows_turns_on_its_page_and_to_scrapers_from_the_start(service):
    page = await service.client.get("/served-first")
    told = (await service.client.get("/wallboard/served-first")).json()
    metrics = await service.metrics()

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert told["view"]["taken_at"]
    open_now = [name for name in metrics if name.startswith("evenhand_starvation_episodes_open{")]
    assert open_now
    assert {metrics[name] for name in open_now} == {0}
