"""A tool that pushes webhooks loses nothing: it sends again until the service has answered."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.simulate.deliveries import simulated_day
from app.simulate.drive import AT_ONCE, Driver
from app.simulate.request import Door, Keys, Request

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEYS = Keys(phone_token="a-phone", chat_secret="a-chat", api_token="an-api")  # noqa: S106


class Service:
    """A service that answers each request as told, the last answer for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.tell: Callable[[], None] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        self.bodies.append(request.content)
        if self.tell:
            self.tell()
        return httpx.Response(answer, headers={"retry-after": "0"}, text="because")


def driver(service: Service, read_clock: Callable[[], datetime] = lambda: NOON) -> Driver:
    client = httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://service")
    return Driver(client, KEYS, read_clock)


def request(at: datetime = NOON) -> Request:
    return Request(at, Door.EVENTS, {}, b"[]")


async def test_what_is_taken_is_counted():
    service = Service(202)
    day = simulated_day(1, contacts=20, start=NOON, keys=KEYS)

    sender = driver(service)
    await sender.send(day)

    assert sorted(service.bodies) == sorted(one.body for one in day)
    assert sender.progress.acknowledged == len(day)
    assert sender.progress.on_the_way == 0


@pytest.mark.parametrize("trouble", [503, 500, httpx.ConnectError("refused")])
async def test_a_service_that_is_away_gets_the_request_again(trouble: int | Exception):
    service = Service(trouble, 202)

    sender = driver(service)
    await sender.send([request()])

    assert sender.progress.acknowledged == 1
    assert sender.progress.again == 1


async def test_a_refused_request_is_not_repeated_and_the_reason_is_kept():
    service = Service(422)

    sender = driver(service)
    await sender.send([request()])

    assert (sender.progress.refused, sender.progress.acknowledged) == (1, 0)
    assert sender.progress.last_refusal == "/v1/events 422: because"


async def test_a_request_waits_until_it_is_due_and_is_held_when_the_driver_is_stopped():
    service, stop = Service(202), asyncio.Event()
    service.tell = stop.set

    sender = driver(service)
    await sender.play([request(), request(NOON + timedelta(hours=1))], stop)

    assert len(service.bodies) == 1
    await sender.send([])
    assert len(service.bodies) == 2


async def test_time_can_run_faster():
    service = Service(202)

    sender = driver(service)
    requests = [request(NOON - timedelta(days=1)), request(NOON)]
    await sender.play(requests, asyncio.Event(), speed=10_000_000.0)
    await sender.finish()

    assert len(service.bodies) == 2


async def test_it_can_be_stopped_while_the_service_is_away():
    service, stop = Service(503), asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, stop.set)

    sender = driver(service)
    await sender.play([request() for _ in range(2 * AT_ONCE)], stop)

    assert sender.progress.on_the_way == AT_ONCE
    sender.give_up()
    with pytest.raises(asyncio.CancelledError):
        await sender.finish()
