"""Sending it all: on time, in real time or faster, and again until the service has taken it."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from random import Random

import httpx

from app.simulate.request import Keys, Request, headers_at

AT_ONCE = 32
"""Requests on their way at the same time; more wait for their turn."""

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
LOOK_SECONDS = 0.05
"""How often it looks for room while everything on its way waits for the service."""

BUSY = frozenset({429, 500, 502, 503, 504})
"""Answers after which the same request is sent again."""


@dataclass(slots=True)
class Progress:
    """What came of the requests so far. ``again`` counts tries that had to be repeated."""

    acknowledged: int = 0
    refused: int = 0
    again: int = 0
    on_the_way: int = 0
    slowest_seconds: float = 0.0
    last_refusal: str = ""
    last_trouble: str = ""


class Driver:
    """A tool that pushes webhooks: patient, and it loses nothing.

    ``read_clock`` gives the instant, for signatures and for when a request is due.
    """

    def __init__(
        self, client: httpx.AsyncClient, keys: Keys, read_clock: Callable[[], datetime]
    ) -> None:
        self.progress = Progress()
        self._client = client
        self._keys = keys
        self._read_clock = read_clock
        self._room = asyncio.Semaphore(AT_ONCE)
        self._held: list[Request] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._random = Random(0)

    async def play(
        self, requests: Iterable[Request], stop: asyncio.Event, *, speed: float = 1.0
    ) -> None:
        """Send each request when it is due, until ``stop`` is set or there are no more.

        At ``speed`` 1 a request leaves at its own instant; else time runs that much faster from the
        first one on.
        """
        began_at, first_at = self._read_clock(), None
        for request in requests:
            if first_at is None:
                first_at = request.at if speed != 1.0 else began_at
            due_at = began_at + (request.at - first_at) / speed
            if await self._is_stopped(stop, (due_at - self._read_clock()).total_seconds()):
                self._held.append(request)
                return
            while self._room.locked():
                if await self._is_stopped(stop, LOOK_SECONDS):
                    self._held.append(request)
                    return
            await self._launch(request)

    async def send(self, requests: Iterable[Request]) -> None:
        """Send everything now, as fast as the service takes it, and wait for the answers.

        Begins with the request, if any, that ``play`` held when it was stopped.
        """
        for request in chain(self._held, requests):
            await self._launch(request)
        self._held = []
        await self.finish()

    async def finish(self) -> None:
        """Wait until everything on its way has been answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def give_up(self) -> None:
        """Stop trying: what is still on its way is forgotten."""
        for task in self._tasks:
            task.cancel()

    async def _is_stopped(self, stop: asyncio.Event, seconds: float) -> bool:
        if seconds <= 0:
            return stop.is_set()
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _launch(self, request: Request) -> None:
        await self._room.acquire()
        task = asyncio.create_task(self._deliver(request))
        self._tasks.add(task)
        self.progress.on_the_way += 1
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.progress.on_the_way -= 1
        self._room.release()

    async def _deliver(self, request: Request) -> None:
        pause = FIRST_PAUSE_SECONDS
        while (asked_to_wait := await self._try(request)) is not None:
            self.progress.again += 1
            wait = min(max(asked_to_wait, pause), LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(wait * self._random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _try(self, request: Request) -> float | None:
        """Send once. Gives the seconds the service asks us to wait; ``None`` when it has answered."""
        headers = headers_at(request, self._keys, self._read_clock())
        began = time.perf_counter()
        try:
            answer = await self._client.post(request.door, content=request.body, headers=headers)
        except httpx.TransportError as error:
            self.progress.last_trouble = type(error).__name__
            return 0.0
        if answer.status_code in BUSY:
            self.progress.last_trouble = f"{answer.status_code}"
            after = answer.headers.get("retry-after", "")
            return float(after) if after.isdecimal() else 0.0
        seconds = time.perf_counter() - began
        self.progress.slowest_seconds = max(self.progress.slowest_seconds, seconds)
        self._note(request, answer)
        return None

    def _note(self, request: Request, answer: httpx.Response) -> None:
        progress = self.progress
        if answer.is_success:
            progress.acknowledged += 1
        else:
            progress.refused += 1
            progress.last_refusal = f"{request.door} {answer.status_code}: {answer.text[:300]}"
