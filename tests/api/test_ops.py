"""What operators ask: /metrics, /healthz, the schemas."""

from itertools import product
from pathlib import Path

import pytest

from app.api.problems import PROBLEM_TYPE
from app.metrics.negotiation import Format
from app.store.engine import Database
from tests.running import HandClock, running

PAGES = ["/metrics", "/metrics/customers"]


@pytest.mark.requirement(5, 10)
async def test_pages_of_numbers_are_only_read(service):
    for page, method in product(PAGES, ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]):
        answer = await service.client.request(method, page)

        assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM_TYPE)
        assert {"GET", "HEAD"} >= set(answer.headers["allow"].split(", "))


ASKED = [
    (None, Format.TEXT),
    ("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5", Format.OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5", Format.TEXT),
    ("application/openmetrics-text;version=2.0.0", Format.TEXT),
    ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", Format.TEXT),
]


@pytest.mark.requirement(5)
async def test_pages_of_numbers_say_what_they_are(service):
    for page, method, (accept, expected) in product(PAGES, ["GET", "HEAD"], ASKED):
        headers = {"accept": accept} if accept else {}
        answer = await service.client.request(method, page, headers=headers)

        assert answer.headers["content-type"] == expected.value
        assert (method == "GET") == bool(answer.content)


@pytest.mark.requirement(5, 8)
async def test_pages_are_packed_where_that_is_wanted(service):
    for wanted, coding in (("gzip", "gzip"), ("gzip;q=0", None)):
        answer = await service.client.get("/metrics", headers={"accept-encoding": wanted})

        assert answer.headers.get("content-encoding") == coding
        assert "evenhand_snapshot_timestamp_seconds" in answer.text


@pytest.mark.requirement(1)
@pytest.mark.parametrize("page", PAGES)
async def test_pages_of_numbers_answer_without_a_detour(service, page: str):
    for asked in (page, f"{page}?job=evenhand"):
        answer = await service.client.get(asked, follow_redirects=False)
        assert answer.status_code == 200
    assert (await service.client.get(f"{page}/", follow_redirects=False)).status_code == 404
    assert (await service.client.head(page)).status_code == 200


@pytest.mark.requirement(5, 10)
async def test_pages_of_numbers_want_the_token_where_one_is_set(
    db: Database, database_url: str, tmp_path: Path
):
    async with running(db, database_url, metrics_token="canary-scraper") as service:  # noqa: S106
        get = service.client.get
        shown = [
            {},
            {"authorization": "Bearer guessed"},
            {"authorization": "Bearer canary-scraper"},
        ]

        answers = [await get("/metrics", headers=headers) for headers in shown]

        assert [answer.status_code for answer in answers] == [401, 401, 200]
        assert answers[0].headers["www-authenticate"] == "Bearer"
        assert answers[0].headers["content-type"] == "text/plain; charset=utf-8"
        assert (await get("/healthz")).status_code == 200


@pytest.mark.requirement(5, 13)
@pytest.mark.parametrize("page", PAGES)
async def test_numbers_that_are_too_old_are_not_shown(db: Database, database_url: str, page: str):
    clock = HandClock()
    async with running(db, database_url, clock) as service:
        clock.pass_(seconds=301)

        answer = await service.client.get(page)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "too old to show" in answer.text
        assert (await service.client.get("/healthz")).status_code == 503
        await service.app.service.take_snapshot()
        assert (await service.client.get(page)).status_code == 200
        assert (await service.client.get("/healthz")).status_code == 200


async def test_a_type_that_does_not_exist_is_a_problem(service):
    answer = await service.client.get("/v1/schemas/contact.vanished")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    types = (await service.client.get("/v1/schemas")).json()
    assert "contact.received" in types
    assert (await service.client.get(f"/v1/schemas/{types[0]}")).status_code == 200


async def test_the_doors_are_described(service):
    described = (await service.client.get("/openapi.json")).json()

    assert {"/v1/events", "/hooks/{source_id}", "/metrics"} <= set(described["paths"])
