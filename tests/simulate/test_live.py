"""The demo's contact centre: pushes until told to stop, then leaves nothing open behind it."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from app.simulate.live import LiveCentre
from app.simulate.plan import DEMO
from app.simulate.request import Door, Keys

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEYS = Keys(phone_token="a-phone", chat_secret="a-chat", api_token="an-api")  # noqa: S106


class Service:
    """Takes ``deliveries`` requests, then asks for the end; answers with ``status``."""

    def __init__(self, deliveries: int, status: int = 202) -> None:
        self.stop = asyncio.Event()
        self.bodies: list[tuple[str, Any]] = []
        self._deliveries = deliveries
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append((request.url.path, json.loads(request.content)))
        if len(self.bodies) >= self._deliveries:
            self.stop.set()
        return httpx.Response(self._status, text="because")

    def calls(self, event: str) -> set[int]:
        return {
            body["data"]["id"]
            for path, body in self.bodies
            if path == Door.PHONE and body["event"] == event
        }

    def ours(self, *types: str) -> Iterator[dict[str, Any]]:
        for path, body in self.bodies:
            if path == Door.EVENTS:
                yield from (event for event in body if event["type"] in types)


def centre(service: Service, tick: timedelta = timedelta(seconds=5)) -> LiveCentre:
    """A centre on whose clock a ``tick`` passes whenever it is read: it never has to wait."""
    ticks = count()
    client = httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://service")
    return LiveCentre(client, KEYS, lambda: NOON + next(ticks) * tick, seed=3)


async def test_everything_open_is_ended_when_it_stops():
    service = Service(deliveries=800)

    live = centre(service)
    await live.run(service.stop)

    promised = {event["data"]["promise"] for event in service.ours("followup.promised")}
    settled = service.ours("followup.done", "followup.cancelled")
    received = {event["subject"] for event in service.ours("contact.received")}
    resolved = {event["subject"] for event in service.ours("contact.resolved")}
    assert service.calls("call.created") == service.calls("call.ended") != set()
    assert promised == {event["data"]["promise"] for event in settled} != set()
    assert received == resolved != set()


async def test_the_registry_is_told_first():
    service = Service(deliveries=2)

    await centre(service).run(service.stop)

    path, body = service.bodies[0]
    assert path == Door.EVENTS
    assert {event["type"] for event in body} == {"customer.updated"}


async def test_its_line_says_how_things_stand():
    service = Service(deliveries=100)

    live = centre(service)
    await live.run(service.stop)

    assert f"{len(service.bodies)} deliveries taken" in live.line()
    assert "REFUSED" not in live.line()
    assert live.refusal == ""


async def test_refusals_are_shown():
    service = Service(deliveries=5, status=401)

    live = centre(service)
    await live.run(service.stop)

    assert f"{len(service.bodies)} REFUSED" in live.line()
    assert live.refusal.endswith("401: because")


async def test_it_says_when_the_surge_is_on():
    live = centre(Service(deliveries=1), tick=timedelta(seconds=1))

    surging = [live.is_surging for _ in range(int(DEMO.surge.every))]

    assert surging.index(True) == int(DEMO.surge.first_at) - 1
    assert surging.count(True) == int(DEMO.surge.lasts)
