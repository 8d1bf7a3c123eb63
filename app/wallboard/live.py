"""Who watches the wallboard, and what they are sent: the newest view, rendered once for all."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from app.wallboard.page import VERSION

MAX_SUBSCRIBERS = 500
"""Open streams at a time; each costs a socket and a few kilobytes."""

HEARTBEAT_SECONDS = 15.0
"""Longest silence on a stream: shorter than the patience of proxies (30 s and more)."""

RETRY_MILLISECONDS = 2000


class Live:
    """The newest view of the desk, for every screen that is open.

    A screen that reads slowly misses views in between and gets the newest one: a view is whole, so
    nothing is lost. Every frame carries the server's clock, from which the page counts.
    """

    def __init__(self, read_clock: Callable[[], datetime]) -> None:
        self.on_full: Callable[[], None] = lambda: None
        """Called when a screen is turned away because every place is taken."""
        self._read_clock = read_clock
        self._view = b"null"
        self._served_first: bytes | None = b"null"
        self._render_served_first: Callable[[], bytes] = lambda: b"null"
        self._frame = b""
        self._wakes: set[asyncio.Event] = set()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """How many streams are open."""
        return len(self._wakes)

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self._wakes) >= MAX_SUBSCRIBERS

    def publish(self, view: bytes) -> None:
        """Show ``view`` (JSON on one line) on every screen. Call it from the event loop."""
        self._view = view
        self._frame = self._view_frame()
        self._wake_all()

    def renew_served_first(self, render: Callable[[], bytes]) -> None:
        """Show what ``render`` makes (JSON) to whoever asks next who is served first."""
        self._served_first, self._render_served_first = None, render

    def served_first(self) -> bytes:
        """Who is served first, with the server's clock, as JSON; its view is null before the first.

        Few ask for it, so it is rendered when one does, once for all.
        """
        if self._served_first is None:
            self._served_first = self._render_served_first()
        return self._clock_json()[:-1] + b',"view":' + self._served_first + b"}"

    def close(self) -> None:
        """End every stream now, and every later one after its first frame.

        Call it before the server waits for open responses: they are these.
        """
        self._closed = True
        self._wake_all()

    def state(self) -> bytes:
        """The newest view with the server's clock, as JSON; its view is null before the first."""
        return self._clock_json()[:-1] + b',"view":' + self._view + b"}"

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The stream of one screen: the newest view at once, then each new one, until closed.

        Its place is taken when the first frame is asked for and free when the stream ends; whoever
        opens a stream looks at ``is_full`` first.
        """
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            yield b"retry: %d\n" % RETRY_MILLISECONDS + self._view_frame()
            while not self._closed:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    yield b"event: clock\ndata: " + self._clock_json() + b"\n\n"
                    continue
                wake.clear()
                if not self._closed:
                    yield self._frame
        finally:
            self._wakes.discard(wake)

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _view_frame(self) -> bytes:
        return b"event: view\ndata: " + self.state() + b"\n\n"

    def _clock_json(self) -> bytes:
        now = self._read_clock().isoformat()
        return f'{{"now":"{now}","page":"{VERSION}"}}'.encode()
