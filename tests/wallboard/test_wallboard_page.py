"""What people see, in a real browser."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import expect

from app.core.snapshot import SourceNews
from tests.wallboard.conftest import Screen
from tests.wallboard.desk import CALM, CLOSED, FLOOD, NOBODY, NOON, contact, desk, seconds
from tests.wallboard.served import serving

pytestmark = pytest.mark.asyncio(loop_scope="package")

JENSEN = contact("Jensen VVS", "phone", -240)
BIRK = contact("Birk & Co.", "chat", 40.5)
MORTEN = contact("Morten Tag", "phone", -70)


async def test_the_sentence_names_how_many_who_longest_and_who_is_next(screen: Screen):
    next_one = contact("Birk & Co.", "chat", 40.5 * 60)
    screen.site.show(desk(JENSEN, MORTEN, next_one))

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text(
        "2 customers wait longer than promised."
    )
    assert await screen.text("#then") == (
        "Longest: Jensen VVS, 4 min over, phone. Next: Birk & Co., in 40 min."
    )


async def test_the_page_changes_without_being_loaded_again(screen: Screen):
    screen.site.show(CALM)
    await screen.open()
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")
    loaded = len([url for url in screen.requests if url.endswith("/")])

    screen.site.show(desk(JENSEN))

    await expect(screen.page.locator("#lead")).to_have_text(
        "1 customer waits longer than promised."
    )
    await expect(screen.page.locator(".row.late .name")).to_have_text(["Jensen VVS"])
    assert len([url for url in screen.requests if url.endswith("/")]) == loaded == 1


async def test_a_promise_breaks_on_the_screen_without_news_from_the_service(screen: Screen):
    await screen.page.clock.install()
    screen.site.show(desk(contact("Birk & Co.", "phone", 2)))
    await screen.open()
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")

    await screen.page.clock.run_for(4000)

    await expect(screen.page.locator("#lead")).to_have_text(
        "1 customer waits longer than promised."
    )


@pytest.mark.parametrize(
    ("snapshot", "lead", "then"),
    [
        (
            replace(NOBODY, last_event_at=None),
            "Nothing has come in yet.",
            "No tool has told us of any customer.",
        ),
        (NOBODY, "Nobody waits.", "Kept in time today: 38 of 41."),
        (CALM, "Nobody waits longer than promised.", "4 customers wait. Next to be late: S. T."),
        (FLOOD, "20 answers are later than promised.", "Longest: P. R., 31 min over, e-mail. Next"),
        (
            CLOSED,
            "Closed until Wednesday 08:00.",
            "2 customers not answered yet. First to be late: Birkholm Auto, 20 min after opening.",
        ),
        (
            desk(JENSEN, replace(JENSEN, contact="other")),
            "1 customer waits longer than promised, for 2 answers.",
            "Longest: Jensen VVS",
        ),
        (
            replace(NOBODY, sources={"aircall": SourceNews("phone", None, NOON - seconds(1))}),
            "Nobody is known to wait.",
            "Kept in time today: 38 of 41. Aircall has never been heard. Somebody may wait unseen.",
        ),
    ],
    ids=[
        "nothing yet",
        "nobody",
        "calm",
        "flood",
        "closed",
        "one customer twice",
        "a silent source",
    ],
)
async def test_the_sentence_fits_the_desk(screen: Screen, snapshot, lead: str, then: str):
    screen.site.show(snapshot)

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text(lead)
    assert (await screen.text("#then")).startswith(then)


async def test_before_the_first_figures_the_page_says_so(screen: Screen):
    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text("No figures yet.")


async def test_a_name_that_is_markup_is_shown_as_text(screen: Screen):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    screen.site.show(
        desk(replace(JENSEN, customer=evil, link="javascript:alert(1)"), replace(BIRK, team=evil))
    )

    await screen.open()

    await expect(screen.page.locator(".row.late .name")).to_have_text([evil])
    assert await screen.page.locator("main script, main img, .row a").count() == 0
    assert screen.errors == []


async def test_a_contact_links_back_to_its_tool(screen: Screen):
    screen.site.show(desk(replace(JENSEN, link="https://desk.example/1")))

    await screen.open()

    link = screen.page.locator(".row a")
    await expect(link).to_have_attribute("href", "https://desk.example/1")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")


async def test_the_page_asks_no_other_host_and_reports_no_error(screen: Screen):
    screen.site.show(FLOOD)

    await screen.open()

    await expect(screen.page.locator(".row")).to_have_count(12)
    assert screen.requests
    assert [url for url in screen.requests if not url.startswith(screen.site.url)] == []
    assert screen.errors == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
async def test_nothing_has_to_be_scrolled_sideways(screen: Screen, width: int):
    long = contact(
        "Donaudampfschifffahrtsgesellschaft" * 4, "phone", -400, team="field " + "x" * 60
    )
    screen.site.show(desk(long, *FLOOD.late, *FLOOD.next_late))
    await screen.page.set_viewport_size({"width": width, "height": 844})

    await screen.open()

    await expect(screen.page.locator(".row").first).to_be_visible()
    assert await screen.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_wall_shows_everything_on_one_screen(screen: Screen):
    screen.site.show(FLOOD)

    await screen.open()

    await expect(screen.page.locator(".row")).to_have_count(12)
    for region in (".row:last-child", "#rest", "#today", "#trust"):
        box = await screen.page.locator(region).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 1080


async def test_five_seconds_without_news_invert_the_age(screen: Screen):
    screen.set_clock(NOON + seconds(45))
    screen.site.show(CALM)

    await screen.open()

    age = screen.page.locator("#age")
    await expect(age).to_have_text(re.compile(r"News from 45\s+s ago"))
    await expect(age).to_have_class("age old")
    await expect(screen.page.locator("html")).not_to_have_class("offline")


async def test_after_two_minutes_without_news_everything_is_dated_and_stands_still(screen: Screen):
    screen.set_clock(NOON + timedelta(minutes=17))
    screen.site.show(desk(BIRK, JENSEN))

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text("No news since 12:00.")
    await expect(screen.page.locator("html")).to_have_class("offline")
    await expect(screen.page.locator("#wait-title")).to_contain_text("2 waited at 12:00")
    values = screen.page.locator(".row .value")
    await expect(values).to_have_text([re.compile(r"4\smin late"), re.compile(r"40\ss left")])


async def test_a_screen_whose_service_is_gone_goes_blind_and_says_why(screen: Screen):
    await screen.page.clock.install()
    screen.site.show(CALM)
    await screen.open()
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")

    screen.site.server.should_exit = True
    await screen.site.task
    await screen.page.clock.run_for(125_000)

    await expect(screen.page.locator("#lead")).to_have_text("No news since 12:00.")
    await expect(screen.page.locator("#then")).to_contain_text("does not reach Evenhand")


async def test_a_screen_comes_back_by_itself_when_its_service_does(screen: Screen):
    screen.site.show(CALM)
    await screen.open()
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")

    screen.site.server.should_exit = True
    await screen.site.task
    async with serving(port=int(screen.site.url.rpartition(":")[2])) as again:
        again.show(desk(JENSEN))

        await expect(screen.page.locator("#lead")).to_have_text(
            "1 customer waits longer than promised.", timeout=20_000
        )


async def test_clocks_stand_still_while_a_team_is_closed(screen: Screen):
    screen.set_clock(NOON + seconds(100))
    screen.site.show(desk(contact("P. R.", "email", 1200, is_open=False), BIRK))

    await screen.open()

    values = screen.page.locator(".row .value")
    await expect(values).to_have_text([re.compile(r"(59|60)\ss late"), re.compile(r"20\smin left")])


async def test_rows_keep_their_places_for_ten_seconds(screen: Screen):
    await screen.page.clock.install()
    screen.site.show(desk(JENSEN, MORTEN, BIRK))
    await screen.open()
    names = screen.page.locator(".row .name")
    await expect(names).to_have_text(["Jensen VVS", "Morten Tag", "Birk & Co."])

    screen.site.show(desk(contact("Older", "email", -4000), MORTEN, BIRK))

    await expect(names).to_have_text(["Jensen VVS", "Morten Tag", "Birk & Co.", "Older"])
    await expect(screen.page.locator(".row.gone .value")).to_have_text("waits no more")
    await screen.page.clock.run_for(11_000)
    await expect(names).to_have_text(["Older", "Morten Tag", "Birk & Co."])


async def test_each_channels_latest_customer_has_a_place_in_a_flood(screen: Screen):
    mails = [contact(f"Mail {number}", "email", -9000 - number) for number in range(15)]
    screen.site.show(desk(*mails, JENSEN, *(contact(f"Due {n}", "chat", 9 + n) for n in range(9))))

    await screen.open()

    names = screen.page.locator(".row .name")
    await expect(names).to_have_count(12)
    shown = await names.all_inner_texts()
    assert "Jensen VVS" in shown
    assert [name for name in shown if name.startswith("Due")] == [
        "Due 0",
        "Due 1",
        "Due 2",
        "Due 3",
    ]


async def test_one_team_can_be_asked_for(screen: Screen):
    screen.site.show(desk(JENSEN, contact("Sold Ltd", "chat", -30, team="sales")))

    await screen.open("?team=sales")

    await expect(screen.page.locator("#lead")).to_have_text(
        "1 customer waits longer than promised."
    )
    await expect(screen.page.locator(".row .name")).to_have_text(["Sold Ltd"])
    await expect(screen.page.locator("#lines tr")).to_have_count(3)


async def test_a_misspelt_team_does_not_read_as_one_where_nobody_waits(screen: Screen):
    screen.site.show(desk(JENSEN, contact("Sold Ltd", "chat", -30, team="sales")))

    await screen.open("?team=slaes")

    await expect(screen.page.locator("#lead")).to_have_text("No team is called slaes.")
    assert await screen.text("#then") == "There are: sales, support."


async def test_the_sentence_is_announced_only_when_its_meaning_changes(screen: Screen):
    await screen.page.clock.install()
    screen.site.show(desk(JENSEN, BIRK))
    await screen.open()
    announced = screen.page.locator("#announce")
    await expect(announced).to_contain_text("4\u00a0min over")

    await screen.page.clock.run_for(30_000)
    await expect(screen.page.locator("#then")).to_contain_text("in 10")
    assert "in 40" in await announced.inner_text()

    screen.site.show(NOBODY)
    await screen.page.clock.run_for(1000)
    await expect(announced).to_contain_text("Nobody waits.")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_theme_can_be_asked_for(screen: Screen, theme: str):
    screen.site.show(CALM)

    await screen.open(f"?theme={theme}")

    await expect(screen.page.locator("#age")).not_to_have_text("")
    ground = await screen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(242, 243, 241)", "dark": "rgb(11, 15, 18)"}[theme]


async def test_regions_without_content_do_not_show(screen: Screen):
    screen.site.show(CALM)

    await screen.open()

    await expect(screen.page.locator("#age")).not_to_have_text("")
    await expect(screen.page.locator("#away")).to_be_hidden()
    await expect(screen.page.locator("#why")).to_be_hidden()


async def test_every_figure_counts_on_together_while_news_is_late(screen: Screen):
    screen.set_clock(NOON + seconds(45))
    screen.site.show(CALM)

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text(
        "2 customers wait longer than promised."
    )
    await expect(screen.page.locator("#wait-title")).to_contain_text("2 late")
    await expect(screen.page.locator("#lines td:nth-child(3)")).to_have_text(["1", "1", "0"])
