"""The contact centre of the demo: lives in real time, tells its story, closes in good order."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx

from app.simulate.deliveries import Deliveries
from app.simulate.drive import Driver
from app.simulate.people import IMPORTANT, IMPORTANT_CLIENT, STANDARD
from app.simulate.plan import DEMO
from app.simulate.request import Keys, Setting
from app.simulate.world import World

CLOSING_SECONDS = 10.0
"""How long the last deliveries may take before they are given up."""

STORY = f"""\
Ten people answer the calls, chats and mails of 25 customers. A minute of their life passes in
a second, so what is promised to customers is a matter of seconds (deploy/demo/policy.yaml).
For about a minute all is calm. Then {IMPORTANT_CLIENT}, the important client, needs everybody
for a minute and a half and is served first. Watch who waits for it, and for how long. After that
it calms down, and it comes again every four minutes."""


class LiveCentre:
    """A simulated centre that pushes to a running service as its life goes on."""

    def __init__(
        self, client: httpx.AsyncClient, keys: Keys, read_clock: Callable[[], datetime], seed: int
    ) -> None:
        start = read_clock()
        self._setting = Setting(start, timedelta(seconds=1), run=int(start.timestamp()))
        self._world = World(DEMO, seed)
        self._deliveries = Deliveries(self._setting, keys.phone_token, seed)
        self._driver = Driver(client, keys, read_clock)
        self._read_clock = read_clock

    async def run(self, stop: asyncio.Event) -> None:
        """Live until ``stop`` is set; then end what is open, so that nothing waits for ever."""
        begins = [
            self._deliveries.registry(self._world.customers),
            self._deliveries.rota(self._world.agents, 0.0, is_there=True),
        ]
        await self._driver.play(begins, stop)
        await self._driver.play(self._deliveries.of(self._world.facts()), stop)
        now = self._setting.beats(self._read_clock())
        closing = self._world.closing(now)
        home = self._deliveries.rota(self._world.agents, now, is_there=False)
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._driver.send([*self._deliveries.of(closing), home])
        except TimeoutError:
            self._driver.give_up()

    @property
    def is_surging(self) -> bool:
        """Whether the important client needs everybody now."""
        return DEMO.surge.is_on(self._setting.beats(self._read_clock()))

    @property
    def refusal(self) -> str:
        """What the service said to the last delivery it refused; empty where it took all."""
        return self._driver.progress.last_refusal

    def line(self) -> str:
        """How things stand, on one line."""
        now = self._setting.beats(self._read_clock())
        progress = self._driver.progress
        others, longest = self._world.waiting(now, STANDARD)
        first, _ = self._world.waiting(now, IMPORTANT)
        parts = [
            f"{int(now) // 60}:{int(now) % 60:02d}",
            f"{self._world.arrived:,} contacts, {progress.acknowledged:,} deliveries taken",
            f"{others} wait (longest {longest:.0f} s), {first} of {IMPORTANT_CLIENT}",
        ]
        if progress.refused:
            parts.append(f"{progress.refused} REFUSED")
        if progress.again:
            parts.append(f"{progress.again} sent again")
        return "   ".join(parts)
