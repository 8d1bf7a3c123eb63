"""A whole service inside the test's event loop, on the real database, with a clock that tests move."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.main import App, create_app
from app.operations.access import make_token
from app.settings import Settings
from app.store import touched
from app.store.engine import Database
from tests.conftest import NOON

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class HandClock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """Read it."""
        return self.now

    def pass_(self, **span: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**span)
        return self.now


@dataclass(slots=True)
class Running:
    """The service, a client that may send, and ways to have its jobs done now."""

    app: App
    client: httpx.AsyncClient
    clock: HandClock
    db: Database
    token: str
    sent: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    async def settle(self) -> None:
        """Replay what is touched, note what fell due, take a snapshot: what the loops do."""
        while await self.marks():
            await self.app.service.fold_once()
        while await self.app.service.judge_once():
            pass
        await self.app.service.take_snapshot()

    async def marks(self) -> int:
        """How many keys have news that is not replayed yet."""
        async with self.db.begin() as tx:
            return await touched.count_left(tx, 1000)

    async def send(
        self, type_: str, subject: str, at: datetime | None = None, **data: Any
    ) -> httpx.Response:
        """Send one canonical event, by default of now."""
        self.sent += 1
        event = {
            "specversion": "1.0",
            "id": f"e{self.sent}",
            "source": "crm",
            "type": type_,
            "time": (at or self.clock.now).isoformat(),
            "subject": subject,
            "data": data,
        }
        return await self.post(json.dumps(event))

    async def post(
        self, body: str | bytes, content_type: str = "application/cloudevents+json"
    ) -> httpx.Response:
        """Post to the events door with our token."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": content_type}
        return await self.client.post("/v1/events", content=body, headers=headers)

    async def metrics(self) -> dict[str, float]:
        """What /metrics says, by series."""
        text = (await self.client.get("/metrics")).text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}


@asynccontextmanager
async def running(
    db: Database, url: str, clock: HandClock | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """Run the service on an empty database; its own loops are slow, so that tests decide."""
    clock = clock or HandClock()
    told: Mapping[str, Any] = {
        "policy_file": ROOT / "tests" / "examples" / "policy.yaml",
        "fold_seconds": 60,
        "judge_seconds": 60,
        "snapshot_seconds": 60,
        **settings,
    }
    app = create_app(Settings(database_url=SecretStr(url), **told), clock)
    app.service.loops["fold"].gather_seconds = 60  # an arrival is replayed when the test says so
    async with LifespanManager(app):
        _, token = await make_token(db, {"send"}, "tests", clock.now)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Running(app, client, clock, db, token)
