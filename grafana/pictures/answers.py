"""What the page gets when it asks: its own files, the dashboard, the two data sources. Nothing else."""

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from playwright.async_api import Route

from grafana.pictures.rows import rows_of
from grafana.pictures.workshop import BUILT, ICONS, PACKAGES
from tests.grafana_sql import View

ADDRESS = "http://pictures.invalid/"
FONTS = {
    "Inter-Regular": "inter/files/inter-latin-400-normal",
    "Inter-Medium": "inter/files/inter-latin-500-normal",
    "RobotoMono-Regular": "roboto-mono/files/roboto-mono-latin-400-normal",
}
"""Where Grafana looks for its fonts, and where they come in packages."""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>drawing</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"></head><body><div id="root"></div>
<div id="grafana-portal-container"></div>
<script>window.grafanaBootData = {settings: {}, user: {}, navTree: []};
window.__grafana_public_path__ = "/public/"; window.process = {env: {}};</script>
<script src="/page.js"></script></body></html>
"""


@dataclass
class Answers:
    """One dashboard to be drawn, and where its numbers are. Playwright writes into it."""

    dashboard: Mapping[str, Any]
    picture: Mapping[str, Any]
    prometheus: httpx.AsyncClient
    database: asyncpg.Pool

    async def fulfil(self, route: Route) -> None:
        """Answer one request of the page; whatever is not ours does not exist."""
        path = urlsplit(route.request.url).path
        if not route.request.url.startswith(ADDRESS):
            await route.abort()
        elif path == "/":
            await route.fulfill(body=PAGE, content_type="text/html")
        elif path in ("/dashboard.json", "/picture.json"):
            await route.fulfill(json=self.dashboard if "dash" in path else self.picture)
        elif path.startswith("/prometheus/"):
            await self._ask_prometheus(route)
        elif path == "/sql":
            await self._ask_database(route)
        else:
            await _file(route, path)

    async def _ask_prometheus(self, route: Route) -> None:
        request, address = route.request, urlsplit(route.request.url)
        answer = await self.prometheus.request(
            request.method,
            address.path.removeprefix("/prometheus"),
            params=address.query,
            content=request.post_data_buffer,
            headers={"content-type": request.headers.get("content-type", "")},
        )
        await route.fulfill(body=answer.content, content_type="application/json")

    async def _ask_database(self, route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        begin, end = (datetime.fromtimestamp(asked[name] / 1000, UTC) for name in ("from", "to"))
        try:
            async with self.database.acquire() as connection:
                statement = View(begin, end).filled(asked["statement"])
                found = await rows_of(connection, statement)
        except (asyncpg.PostgresError, KeyError) as error:
            await route.fulfill(json={"status": "error", "error": str(error)})
        else:
            await route.fulfill(json={"status": "success", "data": found})


async def _file(route: Route, path: str) -> None:
    file = BUILT / path.lstrip("/")
    if path.startswith("/public/fonts/"):
        file = PACKAGES / "@fontsource" / f"{FONTS.get(Path(path).stem, path)}.woff2"
    elif path.startswith("/public/"):
        file = ICONS / path.removeprefix("/public/").removeprefix("build/")
    if file.is_file():
        kind = mimetypes.guess_type(file.name)[0]
        await route.fulfill(body=file.read_bytes(), content_type=kind)
    else:
        await route.fulfill(status=404, body=f"there is no {path}")
