"""Pictures of the dashboards, drawn with Grafana's own components: `python -m grafana.pictures`.

They show three hours of a simulated contact centre. Needs Node, Prometheus and Chromium.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from playwright.async_api import Browser, Page

from app.store.engine import open_database
from app.store.migration import migrate
from deploy.postgres import postgres
from grafana.pictures.answers import ADDRESS, Answers
from grafana.pictures.workshop import CannotDraw, make_page
from tests.browser import chromium
from tests.history import Span, prometheus, scraped

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "grafana" / "dashboards"
PICTURES = ROOT / "docs" / "pictures"
SCRAPE_SECONDS = 15
SIZES = ((1920, 1080), (1280, 720))
THEMES = ("dark", "light")
DRAWN_SECONDS = 60
SETTLE_MS = 500
SOMEBODY = """
SELECT customer AS value, shown_as AS text
FROM evenhand_views.contacts
WHERE tier = 'standard' AND is_open AND customer IN (SELECT customer FROM evenhand_views.follow_ups)
GROUP BY customer, shown_as
ORDER BY count(*) DESC, customer
LIMIT 1
"""
"""Whose dashboard is drawn: somebody with much that is open, and with promises."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Studio:
    """Everything that a picture needs but its dashboard."""

    span: Span
    browser: Browser
    prometheus: httpx.AsyncClient
    database: asyncpg.Pool
    customer: Mapping[str, str]

    async def take(self, dashboard: Json, size: tuple[int, int], theme: str, to: Path) -> None:
        """Draw one dashboard and write it; raises ``CannotDraw`` where a panel cannot be drawn."""
        picture = {
            "from": self.span.start.timestamp() * 1000,
            "to": self.span.end.timestamp() * 1000,
            "zone": self.span.zone,
            "scrapeSeconds": SCRAPE_SECONDS,
            "theme": theme,
            "fold": size[1],
            "variables": {"customer": self.customer},
        }
        answers = Answers(dashboard, picture, self.prometheus, self.database)
        width, height = size
        page = await self.browser.new_page(viewport={"width": width, "height": height})
        try:
            await _draw(page, answers, self.span.end)
            # What lies below the first screen is only drawn when there is room for it.
            high = await page.evaluate("document.body.scrollHeight")
            await page.set_viewport_size({"width": width, "height": high})
            await page.wait_for_timeout(SETTLE_MS)
            await page.screenshot(path=to)
        finally:
            await page.close()


async def _draw(page: Page, answers: Answers, now: datetime) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("response", lambda got: faults.append(got.url) if got.status >= 400 else None)
    await page.clock.set_fixed_time(now)
    await page.route("**/*", answers.fulfil)
    await page.goto(ADDRESS)
    try:
        await page.wait_for_function("document.title === 'drawn'", timeout=DRAWN_SECONDS * 1000)
    finally:
        if faults:
            raise CannotDraw(f"{answers.dashboard['title']}: " + "\n".join(faults))


@asynccontextmanager
async def studio(folder: Path, url: str) -> AsyncIterator[Studio]:
    """Live through the three hours, and open what is left of them for the pictures."""
    span = Span(datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1))  # noqa: TID251 - what PostgreSQL calls now
    db = open_database(url)
    samples = await scraped(db, url, folder, span)
    await db.close()
    parts = urlsplit(url)
    pool = asyncpg.create_pool(parts._replace(scheme="postgresql").geturl())
    with prometheus(samples, folder / "prometheus", span) as address:
        client = httpx.AsyncClient(base_url=address)
        async with chromium() as browser, client, pool as database:
            [customer] = await database.fetch(SOMEBODY)
            yield Studio(span, browser, client, database, dict(customer))


async def take_all(folder: Path, url: str, names: Collection[str], pictures: Path) -> None:
    """Take every picture of the dashboards of these names."""
    shown: Mapping[str, Json] = {
        path.stem: json.loads(path.read_text())
        for path in sorted(DASHBOARDS.glob("*.json"))
        if not names or path.stem in names
    }
    print("Living through three hours of a contact centre (a minute) ...")
    async with studio(folder, url) as ready:
        for (uid, dashboard), size, theme in product(shown.items(), SIZES, THEMES):
            to = pictures / f"{uid}-{size[0]}-{theme}.png"
            await ready.take(dashboard, size, theme, to)
            print(f"{to}  {to.stat().st_size // 1024} kB")


def main(arguments: list[str]) -> int:
    """Take the pictures; 1 and the reason where that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m grafana.pictures", description=__doc__)
    parser.add_argument("dashboard", nargs="*", help="which, by uid; all where none is named")
    parser.add_argument("--out", type=Path, default=PICTURES, help="where to write")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        make_page()
        with tempfile.TemporaryDirectory() as name, postgres(Path(name) / "postgres") as url:
            migrate(url)
            asyncio.run(take_all(Path(name), url, asked.dashboard, asked.out))
    except CannotDraw as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
