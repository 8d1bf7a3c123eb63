"""Call one job again and again until cancelled; nudge it to run now."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

import structlog

log = structlog.get_logger()

LONGEST_BACKOFF_SECONDS = 5.0


@dataclass(slots=True)
class Loop:
    """One background job. It answers whether there is more to do, and then runs again at once.

    A nudged job waits ``gather_seconds`` for further nudges, so that one round serves them all.
    One that ``waits_first`` leaves the start to others. One that takes long runs less often, so
    that it never takes more than its ``largest_share`` of the time.

    A failed round is logged and counted; the next one comes after a growing pause.
    """

    name: str
    seconds: float
    job: Callable[[], Awaitable[bool]]
    on_failure: Callable[[], None] = lambda: None
    gather_seconds: float = 0.0
    waits_first: bool = False
    largest_share: float = 1.0
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self) -> None:
        """Have the job run as soon as it is free."""
        self._nudged.set()

    async def run(self) -> None:
        """Run until cancelled."""
        failures = 0
        if self.waits_first:
            await self._pause(self.seconds)
        while True:
            began = perf_counter()
            try:
                more = await self.job()
                failures = 0
            except Exception as error:
                failures += 1
                more = False
                log.error(  # noqa: TRY400 - a traceback could hold what must not be logged
                    "round_failed", loop=self.name, error=type(error).__name__, in_a_row=failures
                )
                self.on_failure()
            if failures:
                await self._pause(min(self.seconds * 2**failures, LONGEST_BACKOFF_SECONDS))
            elif not more:
                rest = (perf_counter() - began) * (1 / self.largest_share - 1)
                await self._pause(max(self.seconds, rest))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
                await asyncio.sleep(self.gather_seconds)
        self._nudged.clear()
