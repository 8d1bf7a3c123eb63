"""The wallboard served for real: uvicorn on a free port of the loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import uvicorn
from starlette.applications import Starlette

from app.core.snapshot import Snapshot
from app.wallboard.live import Live
from app.wallboard.routes import routes
from app.wallboard.server import Server
from app.wallboard.turns import served_first
from app.wallboard.view import view
from tests.wallboard.desk import NOON

ZONES = {"support": UTC}
NAMED = {"support": "Customer desk", "aircall": "Aircall", "chatwoot": "Chatwoot"}


@dataclass(frozen=True)
class Site:
    url: str
    live: Live
    server: Server
    task: "asyncio.Task[None]"

    def show(self, snapshot: Snapshot) -> None:
        self.live.publish(view(snapshot, NAMED, ZONES))
        self.live.renew_served_first(partial(served_first, snapshot, NAMED, ZONES))


@asynccontextmanager
async def serving(
    read_clock: Callable[[], datetime] = lambda: NOON, port: int = 0
) -> AsyncIterator[Site]:
    """A running service whose clock shows what ``read_clock`` says."""
    live = Live(read_clock)
    config = uvicorn.Config(
        Starlette(routes=routes(live)),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        lifespan="off",
    )
    server = Server(config, live)
    listening = config.bind_socket()
    listening.listen()
    task = asyncio.create_task(server.serve([listening]))
    address = "{}:{}".format(*listening.getsockname())
    try:
        yield Site(f"http://{address}", live, server, task)
    finally:
        server.should_exit = True
        await task
