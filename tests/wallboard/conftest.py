"""One browser for the tests that look at the page; each test gets a page of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser import chromium
from tests.wallboard.desk import NOON
from tests.wallboard.served import Site, serving


@dataclass
class Screen:
    """A page, the service behind it, the service's clock, and whatever the page did besides."""

    site: Site
    page: Page
    times: list[datetime]
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def set_clock(self, now: datetime) -> None:
        """What the service's clock shows from now on."""
        self.times[0] = now

    async def open(self, query: str = "") -> None:
        await self.page.goto(f"{self.site.url}/{query}")

    async def text(self, selector: str) -> str:
        """The text as it is read: no-break spaces are spaces."""
        return (await self.page.inner_text(selector)).replace("\u00a0", " ")


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="package")
async def screen(browser: Browser) -> AsyncIterator[Screen]:
    """A wall screen that watches a service of its own; it has not opened the page yet."""
    times = [NOON]
    async with serving(lambda: times[0]) as site:
        context = await browser.new_context(
            viewport={"width": 1920, "height": 1080}, timezone_id="UTC", locale="en-GB"
        )
        page = await context.new_page()
        shown = Screen(site, page, times)
        page.on("console", lambda message: shown.errors.append(message.text))
        page.on("pageerror", lambda error: shown.errors.append(str(error)))
        page.on("request", lambda request: shown.requests.append(request.url))
        yield shown
        await context.close()
