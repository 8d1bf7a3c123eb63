"""A real Chromium for the tests that look at pages; it is never downloaded here."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """Where Chromium is; without one the test fails, or is skipped if ALLOW_MISSING names it."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    allowed = os.environ.get("ALLOW_MISSING", "").replace(",", " ").split()  # noqa: TID251 -- the tester's own say, no setting of the service
    if "chromium" in allowed:
        pytest.skip("Chromium is not installed, and ALLOW_MISSING=chromium is set")
    pytest.fail(
        f"Chromium is not installed: none of {', '.join(NAMES)} is on the PATH. "
        "Install it (Debian: apt-get install chromium) or set ALLOW_MISSING=chromium.",
        pytrace=False,
    )


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser; its pages are closed with it."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
