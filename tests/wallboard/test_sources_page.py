"""What an admin sees of the sources: connected, the first delivery understood, its gaps named, mended."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, expect
from sqlalchemy import text

from app.operations.access import make_token
from app.store.all_tables import metadata
from app.store.engine import open_database
from app.wallboard.server import Server
from tests.conftest import NOON
from tests.running import HandClock, Running, running
from tests.serving import PHONE_TOKEN, sources_file

pytestmark = pytest.mark.asyncio(loop_scope="package")

AT = int(NOON.timestamp())
EVILS = "<img src=x onerror=alert(1)>"


@dataclass(slots=True)
class PassingClock(HandClock):
    """A clock that goes on by itself."""

    began: float = field(default_factory=perf_counter)

    def __call__(self):
        """Read it."""
        return self.now + timedelta(seconds=perf_counter() - self.began)


@dataclass
class Office:
    """The page, the service behind it, an admin's token, and whatever the page did besides."""

    url: str
    page: Page
    service: Running
    token: str
    errors: list[str] = field(default_factory=list)

    async def open(self, where: str = "#phone") -> None:
        await self.page.goto(f"{self.url}/sources{where}")

    async def send(self, event: str = "call.created", contact: int = 1, **changes: Any) -> int:
        data = {"id": contact, "direction": "inbound", "started_at": AT, "number": {"id": 501}}
        token = changes.pop("token", PHONE_TOKEN)
        told = {"event": event, "timestamp": AT, "token": token, "data": data | changes}
        headers = {"content-type": "application/json"}
        client = self.service.client
        answer = await client.post("/hooks/phone", content=json.dumps(told), headers=headers)
        return answer.status_code

    async def show_token(self) -> None:
        """Give the token where the page asks for it."""
        await self.page.fill("#token", self.token)
        await self.page.click("#ask-yes")


@pytest_asyncio.fixture(loop_scope="package")
async def office(browser: Browser, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    db = open_database(database_url)
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with db.begin() as tx:
        await tx.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    settings: dict[str, Any] = {"sources_file": sources_file(tmp_path), "fold_seconds": 0.05}
    async with running(db, database_url, PassingClock(), **settings) as service:
        service.app.service.loops["fold"].gather_seconds = 0.0
        service.app.service.loops["fold"].nudge()
        _, token = await make_token(db, {"admin", "read"}, "admin", service.clock())
        config = uvicorn.Config(
            service.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"
        )
        server = Server(config, service.app.service.live)
        listening = config.bind_socket()
        listening.listen()
        task = asyncio.create_task(server.serve([listening]))
        context = await browser.new_context(
            viewport={"width": 1280, "height": 900}, timezone_id="UTC", locale="en-GB"
        )
        page = await context.new_page()
        address = "{}:{}".format(*listening.getsockname())
        made = Office(f"http://{address}", page, service, token)
        page.on("pageerror", lambda error: made.errors.append(str(error)))
        page.on(
            "console",
            lambda message: made.errors.append(message.text) if message.type == "error" else None,
        )
        try:
            yield made
        finally:
            await context.close()
            server.should_exit = True
            await task
    await db.close()


async def test_a_new_source_is_connected_and_its_first_delivery_appears_by_itself(office: Office):
    page = office.page
    await office.open()
    await expect(page.locator("#lead")).to_have_text(
        "phone has sent nothing yet and 2 others need you."
    )
    await expect(page.locator("#sentence")).to_have_text(
        "Nothing has come yet. Paste its address into Aircall."
    )
    await expect(page.locator(".address")).to_have_text(f"{office.url}/hooks/phone")

    await office.send()

    first = page.locator("#deliveries > li").first
    await expect(first.locator(".event")).to_have_text("call.created")
    await expect(first.locator(".verdict")).to_have_text("understood")
    await expect(first.locator(".meant")).to_contain_text(
        "customer reached out contact 1 · hotline"
    )
    await expect(page.locator("#sentence")).to_have_text("Works: 1 delivery in the last hour.")
    await expect(page.locator("#announce")).to_contain_text("Something came from phone")
    assert office.errors == []


async def test_the_gaps_are_named_worst_first(office: Office):
    for number in range(37):
        await office.send(contact=number)
    await office.send("call.answered", contact=3, answered_at=AT, user={"id": 7})
    await office.send(token="guessed")  # noqa: S106

    await office.open()

    gaps = office.page.locator("#gaps li")
    await expect(gaps.nth(0)).to_contain_text("37 contacts never ended: ")
    await expect(gaps.nth(1)).to_contain_text("1 delivery was refused in the last hour")
    assert office.errors == []


async def test_a_source_with_a_doubt_has_no_tick_and_the_worst_source_is_first(office: Office):
    page = office.page
    await office.send(number={"id": 999})
    await office.send(direction="sideways")
    await office.open()

    first = page.locator("#list li").first
    await expect(page.locator("#list .name")).to_have_text(["phone", "chat", "desk"])
    await expect(first.locator(".mark")).to_have_text("!")
    await expect(first.locator(".also")).to_have_text("1 could not be read, 1 queue without a team")
    await expect(page.locator("#deliveries .meant").nth(1)).to_contain_text(
        "999, none of ours: counts for hotline"
    )
    await office.send("call.created", contact=3)
    await office.page.set_viewport_size({"width": 390, "height": 800})
    await page.reload()
    await expect(page.locator("#events-came")).to_contain_text("1 of ")
    await expect(page.locator("#events")).to_be_hidden()
    assert office.errors == []


async def test_an_id_is_mapped_by_a_click_once_the_token_is_shown(office: Office):
    page = office.page
    await office.send(number={"id": EVILS})
    await office.open()
    row = page.locator("#teams-rows li").first
    await expect(row.locator(".name")).to_have_text(EVILS)

    await row.locator("select").select_option("support")
    await row.get_by_role("button", name="Say so").click()
    await office.show_token()

    await expect(page.locator("#teams-said")).to_contain_text("1 contact is worked out again.")
    await expect(page.locator("#deliveries .meant").first).to_contain_text("· support")
    await expect(row.locator(".means")).to_contain_text("(said here)")
    await row.get_by_role("button", name="Change").click()
    await expect(row.locator("select")).to_have_value("support")
    assert office.errors == []


async def test_a_test_contact_is_seen_to_arrive(office: Office):
    page = office.page
    await office.open()

    await page.click("#test")
    await office.show_token()

    await expect(page.locator("#tested")).to_contain_text("Arrived: stored after ")
    await expect(page.locator("#deliveries .verdict").first).to_have_text("our own test")
    assert office.errors == []


async def test_what_is_kept_is_read_anew_and_deleted_after_a_second_press(office: Office):
    page = office.page
    await office.send(direction="sideways")
    await office.open()
    await expect(page.locator("#kept-rows .why-kept li")).to_have_count(1)

    await page.get_by_role("button", name="Read all anew").click()
    await office.show_token()
    await expect(page.locator("#kept-said")).to_contain_text("1 delivery still is not")
    await page.get_by_role("button", name="Delete all").click()
    await page.get_by_role("button", name="Delete all for good?").click()

    await expect(page.locator("#kept-said")).to_have_text("1 delivery is deleted.")
    await expect(page.locator("#kept-rows li")).to_have_count(0)
    assert office.errors == []


async def test_who_answers_is_shown_with_a_token_and_may_be_said_to_be_a_machine(office: Office):
    page = office.page
    await office.send("call.answered", answered_at=AT, user={"id": 7})
    await office.open()
    await expect(page.locator("#deliveries .event").first).to_have_text("call.answered")
    await expect(page.locator("#agents")).to_be_hidden()

    await page.click("#test")
    await office.show_token()
    await page.get_by_role("button", name="It is a machine").click()

    await expect(page.locator("#agents-said")).to_have_text("7 is a machine from now on.")
    await expect(page.locator("#agents-rows li")).to_contain_text("a machine")
    assert office.errors == []


async def test_a_wrong_token_changes_nothing_and_is_asked_for_again(office: Office):
    page = office.page
    await office.open()

    await page.click("#test")
    await page.fill("#token", "guessed")
    await page.click("#ask-yes")
    await expect(page.locator("#ask-why")).to_contain_text("This token is not known here")
    await page.click("#ask-no")

    await expect(page.locator("#tested")).to_contain_text("Nothing was changed.")
    assert await page.evaluate("sessionStorage.length") == 0


async def test_nothing_runs_over_the_edge(office: Office):
    await office.send(number={"id": "x" * 200})
    await office.open()
    await expect(office.page.locator("#deliveries .event").first).to_have_text("call.created")

    for width in (360, 768, 1280, 1920):
        await office.page.set_viewport_size({"width": width, "height": 900})
        assert await office.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), width


async def test_a_page_that_reaches_nobody_says_so(office: Office):
    await office.open()
    await expect(office.page.locator("#age")).to_contain_text("As of")

    await office.page.route("**/wallboard/sources**", lambda route: route.abort())

    await expect(office.page.locator("#age")).to_have_text("This page does not reach Evenhand")
