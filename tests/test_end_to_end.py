"""Prometheus, a browser and the clock look at the running service while events flow."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.service import read_clock
from app.simulate.live import LiveCentre
from app.store.engine import open_database
from deploy.postgres import Server
from tests.browser import chromium
from tests.prometheus import dashboard_queries, query_at, running_prometheus, values_of
from tests.running import ROOT
from tests.serving import (
    POLICY_FILE,
    NotInTime,
    Process,
    await_true,
    command,
    environment,
    keys,
    make_token,
    numbers,
    serving,
    sources_file,
)
from tests.store.desk import Desk

NOTED_WITHIN = timedelta(seconds=1)
FLOW_SECONDS = 20
"""At most so long does the simulated centre live."""

SCRAPING = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: evenhand, metrics_path: /metrics, static_configs: [{{targets: ['{at}']}}]}}
  - {{job_name: evenhand-customers, metrics_path: /metrics/customers,
      static_configs: [{{targets: ['{at}']}}]}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("end_to_end")


@pytest.fixture(scope="module")
def database(place: Path) -> Iterator[Server]:
    with Server(place / "postgres") as server:
        yield server


@pytest.fixture(scope="module")
def env(place: Path, database: Server) -> dict[str, str]:
    settings = {"policy_file": POLICY_FILE, "sources_file": sources_file(place)}
    told = environment(database_url=database.url, **settings)
    command(told, "migrate")
    return told


@pytest.fixture(scope="module")
def token(env: dict[str, str]) -> str:
    return make_token(env)


@pytest.fixture(scope="module")
def service(env: dict[str, str], place: Path, token: str) -> Iterator[Process]:
    with serving(env, place / "service.log") as process:
        yield process


def tell(service: Process, token: str, type_: str, subject: str, **data: Any) -> datetime:
    """Send one event of now; gives its instant."""
    at = read_clock()
    event = {
        "specversion": "1.0", "id": uuid4().hex, "source": "test", "type": type_,
        "time": at.isoformat(), "subject": subject, "data": data,
    }  # fmt: skip
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/cloudevents+json",
    }
    answer = service.client.post(
        f"{service.url}/v1/events", content=json.dumps(event), headers=headers
    )
    assert answer.status_code == 202
    return at


def rows(database: Server, query: str) -> list[tuple[Any, ...]]:
    async def load() -> list[tuple[Any, ...]]:
        db = open_database(database.url)
        try:
            return await Desk(db).rows(query)
        finally:
            await db.close()

    return asyncio.run(load())


def test_a_breach_is_noted_within_a_second_of_falling_due(
    service: Process, database: Server, token: str
):
    calls = [f"late-{number}" for number in range(5)]
    for call in calls:
        tell(service, token, "contact.received", call, channel="phone", team="hotline")

    noted = "SELECT breached_at, noted_at FROM breaches WHERE contact_key LIKE 'test%late-%'"
    await_true("five breaches are noted", lambda: len(rows(database, noted)) == len(calls), 30)

    late = [noted_at - breached_at for breached_at, noted_at in rows(database, noted)]
    assert all(timedelta(0) <= one <= NOTED_WITHIN for one in late), late
    series = (
        'evenhand_clocks_overdue{channel="phone",team="hotline",tier="standard",'
        'clock="first_response"}'
    )
    await_true(
        "/metrics says so", lambda: numbers(service.get("/metrics").text).get(series) == 5, 5
    )
    for call in calls:
        tell(service, token, "contact.answered", call, agent="a1")


async def test_a_browser_shows_live_who_waits(service: Process, token: str, place: Path):
    name = "Quillfeather Print"
    picture = place / "wallboard.png"
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(service.url)

        tell(service, token, "customer.updated", "quill", name=name, public_name=True)
        told = {"channel": "chat", "team": "support", "customer": "quill"}
        tell(service, token, "contact.received", "chat-1", **told)

        await page.get_by_text(name).first.wait_for(timeout=5000)
        await page.screenshot(path=picture)
        tell(service, token, "agent.replied", "chat-1", agent="a1", **told)
        await page.get_by_text(name).first.wait_for(state="hidden", timeout=10000)

    assert picture.stat().st_size > 10_000


class _Flow:
    """The demo's centre, pushing for as long as it is wanted."""

    def __init__(self, service: Process, token: str) -> None:
        self._url, self._keys = service.url, keys(token)

    async def during(self, work: Any) -> Any:
        stop = asyncio.Event()
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client:
            centre = LiveCentre(client, self._keys, read_clock, seed=20)
            living = asyncio.create_task(centre.run(stop))
            try:
                return await asyncio.to_thread(work)
            finally:
                stop.set()
                await living
                assert centre.refusal == ""


def _missing(prometheus: str, names: set[str]) -> set[str]:
    """The metrics of which Prometheus has no sample."""
    there = query_at(prometheus, 'group by (__name__) ({__name__=~"evenhand_.+"})')
    return names - {series["metric"]["__name__"] for series in there}


def test_prometheus_reads_it_and_finds_every_metric_that_the_dashboards_ask_for(
    service: Process, token: str, place: Path
):
    files = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
    queries = [query for file in files for query in dashboard_queries(json.loads(file.read_text()))]
    names = {name for query in queries for name in re.findall(r"\bevenhand_\w+", query)}
    assert names
    config = SCRAPING.format(at=service.url.removeprefix("http://"))

    with running_prometheus(config, place / "prometheus") as prometheus:

        def look() -> set[str]:
            try:
                await_true("all are there", lambda: not _missing(prometheus, names), FLOW_SECONDS)
            except NotInTime:
                return _missing(prometheus, names)
            return set()

        missing = asyncio.run(_Flow(service, token).during(look))
        jobs = {one["metric"]["job"]: values_of(one) for one in query_at(prometheus, "up")}

    assert missing == set()
    assert jobs == {"evenhand": [1.0], "evenhand-customers": [1.0]}
