"""One process that serves: its log, its server, and what signals tell it."""

import asyncio
import gc
import signal
from collections.abc import Callable

import structlog
from uvicorn import Config

from app.main import create_app
from app.settings import Settings
from app.wallboard.server import Server


def configure_log() -> None:
    """One JSON object a line on standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )


def tune_garbage_collector() -> None:
    """Look for garbage less often, and never among what was there from the start.

    Measured under load: a fifth more requests, and no stops of a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)


def serve(settings: Settings) -> None:
    """Serve until told to stop; SIGHUP has the policy file read again.

    Raises ``WrongSchema`` through the server's own start-up.
    """
    configure_log()
    app = create_app(settings)
    config = Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_graceful_shutdown=5,
    )
    tune_garbage_collector()
    server = Server(config, app.service.live)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, app.service.read_policy_soon))


async def _serve(server: Server, on_hang_up: Callable[[], None]) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hang_up)
    await server.serve()
