"""The simulated contact centre of deploy/compose/demo.yaml: `centre.py URL` lives until it is ended."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import httpx

from app.simulate.live import LiveCentre
from app.simulate.request import Keys

SEED = 7
ANSWER_SECONDS = 10.0


def new_token() -> str:
    """A token that may send, made in the database of the service."""
    command = [
        sys.executable,
        "-m",
        "app",
        "token",
        "create",
        "--scope",
        "send",
        "--scope",
        "admin",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return made.stdout.split()[-1]


async def live(url: str) -> None:
    """Push what happens in the centre to the service at ``url`` until we are told to end."""
    keys = Keys(os.environ["DEMO_PHONE_TOKEN"], os.environ["DEMO_CHAT_SECRET"], new_token())
    stop = asyncio.Event()
    for wish in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wish, stop.set)
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS) as client:
        centre = LiveCentre(client, keys, lambda: datetime.now(UTC), SEED)
        await centre.run(stop)
    if centre.refusal:
        sys.exit(f"the service refused a delivery: {centre.refusal}")


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1]))
