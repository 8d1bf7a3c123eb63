"""What people see of turns: the sentence, who is next, who was told no, and the page behind it."""

import re
from dataclasses import replace
from datetime import UTC
from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from app.core.fairness.shown import Waiter
from app.core.snapshot import Snapshot, TeamDay
from app.wallboard.turns import DELAYED_OF_AN_EPISODE, NEXT_OF_A_TEAM, served_first
from app.wallboard.view import view
from tests.wallboard.conftest import Screen
from tests.wallboard.desk import (
    ACME,
    CALM,
    CLOSED,
    EARLIER,
    FLOOD,
    NOON,
    POOL_NAMES,
    SERVED_FIRST,
    TOLD_NO,
    standing,
    told_no,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

CALM_TURNS = replace(CALM, pools=(standing(episodes=(), waiting=4),), pool_names=POOL_NAMES)
FORBIDDEN = re.compile(
    r"\b(fold|replay|snapshot|projection|settled|pool|shard|turn-debt|evidence|contested|ghost"
    r"|slot|entitlement|burn rate|quarantine|culprit|victim|starvation)\w*",
    re.IGNORECASE,
)


def sent(snapshot: Snapshot) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(view(snapshot, {}, {"support": UTC}))
    return told


async def test_who_is_served_first_is_said_first_and_how_late_others_are_after_it(screen: Screen):
    screen.site.show(SERVED_FIRST)

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text(
        "31 customers wait because Acme is taken first, since 10:42."
    )
    assert await screen.text("#then") == (
        "Longest: 24 min. Take next: Jensen VVS. 20 answers are later than promised."
    )
    assert screen.errors == []


async def test_the_waiting_are_listed_in_turn_with_since_when_and_who_went_first(screen: Screen):
    screen.site.show(SERVED_FIRST)

    await screen.open()

    rows = screen.page.locator("#next li")
    await expect(rows).to_have_count(5)
    assert await rows.nth(0).inner_text() == "11:36\nJensen VVS\nAcme went first"
    assert await rows.nth(3).inner_text() == "11:55\nNordlys Tandklinik\nphone"


async def test_why_they_waited_adds_up_to_all_of_it(screen: Screen):
    screen.site.show(SERVED_FIRST)

    await screen.open()

    causes = screen.page.locator("#causes li")
    await expect(causes).to_have_count(3)
    said = [text.replace("\u00a0", " ").strip() for text in await causes.all_inner_texts()]
    assert said == [
        "62 % others were taken first, not agreed",
        "30 % more comes in than people can take",
        "8 % other reasons",
    ]
    await expect(screen.page.locator("#causes-bar .part")).to_have_count(4)


async def test_agreed_priority_and_somebody_free_are_notices_of_their_own(screen: Screen):
    told = standing(episodes=(), free=2, free_since=NOON.timestamp() - 4740, waiting=5)
    screen.site.show(replace(FLOOD, pools=(told,), pool_names=POOL_NAMES))

    await screen.open()

    await expect(screen.page.locator("#notices li")).to_have_text(
        [
            "2 people are free while 5 wait, since 10:41.",
            (
                "Important customers are taken first, as agreed: it cost the others 12 agent-minutes "
                "in the last 24 hours."
            ),
        ]
    )
    await expect(screen.page.locator("#lead")).to_have_text("20 answers are later than promised.")


async def test_what_nobody_can_know_is_said(screen: Screen):
    screen.site.show(replace(CALM, pools=(standing(free=None, episodes=()),)))

    await screen.open()

    await expect(screen.page.locator("#trust")).to_contain_text(
        "Nobody tells us who is there, so free people and missing people cannot be shown"
    )


async def test_many_who_were_told_no_are_the_loudest_thing(screen: Screen):
    screen.site.show(TOLD_NO)

    await screen.open()

    await expect(screen.page.locator("#lead")).to_have_text(
        "24 callers were told no today; 24 wait to be called back."
    )
    assert (await screen.text("#then")).startswith("Oldest: 09:12, Caller 0.")
    await expect(screen.page.locator("#away-title")).to_have_text(
        "Call them back, the oldest first"
    )
    await expect(screen.page.locator("#away-rows .name")).to_have_text(
        ["Caller 0", "Caller 1", "Caller 2", "Caller 3"]
    )


@pytest.mark.parametrize(
    ("today", "waiting", "said"),
    [
        (5, told_no(3), "5 callers were told no today; 3 wait to be called back."),
        (1, told_no(1), "1 caller was told no today; 1 waits to be called back."),
        (2, (), "2 customers were told no today; all were called back."),
        (0, told_no(1, "chat"), "1 customer who was told no waits to be called back."),
        (
            3,
            told_no(2, inferred=True),
            "3 callers were told no or not helped today; 2 wait to be called back.",
        ),
    ],
)
async def test_a_few_who_were_told_no_stand_beside_the_sentence(screen, today, waiting, said):
    teams = (TeamDay("support", 41, 3, is_open=True, opens_at=None, turned_away=today),)
    screen.site.show(replace(CALM, teams=teams, not_called_back=waiting))

    await screen.open()

    await expect(screen.page.locator("#away-title")).to_have_text(said)
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")


async def test_several_teams_are_told_apart_and_one_can_be_asked_for(screen: Screen):
    sales = standing("sales", episodes=(replaced(ACME, who="birk", waiting=40),))
    screen.site.show(replace(SERVED_FIRST, pools=(standing(), sales)))

    await screen.open()

    lead = screen.page.locator("#lead")
    await expect(lead).to_have_text(
        "sales: 40 customers wait because Birk & Co. is taken first, since 10:42."
    )
    await expect(screen.page.locator("#then")).to_contain_text("1 other is taken first too.")
    await screen.open("?team=support")
    await expect(lead).to_have_text("31 customers wait because Acme is taken first, since 10:42.")
    await expect(screen.page.locator("#why-link")).to_have_attribute(
        "href", "served-first?team=support"
    )


def replaced(episode: Any, **changed: object) -> Any:
    return msgspec.structs.replace(episode, **changed)


async def test_a_closed_team_and_one_without_turns_show_none(screen: Screen):
    screen.site.show(replace(CLOSED, pools=(standing(),)))
    await screen.open()
    await expect(screen.page.locator("#lead")).to_have_text("Closed until Wednesday 08:00.")
    await expect(screen.page.locator("#why")).to_be_hidden()

    screen.site.show(CALM)
    await expect(screen.page.locator("#lead")).to_have_text("Nobody waits longer than promised.")
    await expect(screen.page.locator("#why")).to_be_hidden()


@pytest.mark.parametrize("snapshot", [SERVED_FIRST, TOLD_NO], ids=["served first", "told no"])
async def test_the_wall_shows_turns_on_one_screen(screen: Screen, snapshot: Snapshot):
    no = replace(snapshot, not_called_back=told_no(24), pools=(standing(free=None),))
    screen.site.show(no)

    await screen.open()

    await expect(screen.page.locator("#next li")).to_have_count(5)
    for inner, outer in (
        ("#next li:last-child", "#why"),
        ("#causes li:last-child", "#why"),
        ("#away-rows li:last-child", "#away"),
        ("#then", "#say"),
        (".row:last-child", ".wait"),
        ("#trust li:last-child", "body"),
    ):
        box = await screen.page.locator(inner).bounding_box()
        around = await screen.page.locator(outer).bounding_box()
        assert box is not None
        assert around is not None
        assert box["y"] + box["height"] <= around["y"] + around["height"] + 1, inner
        assert box["y"] + box["height"] <= 1080


@pytest.mark.parametrize("path", ["", "served-first"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
async def test_turns_never_have_to_be_scrolled_sideways(screen: Screen, width: int, path: str):
    names = {**POOL_NAMES, "k0": "Donaudampfschifffahrtsgesellschaft" * 4, "acme": "A" * 90}
    screen.site.show(replace(SERVED_FIRST, pool_names=names, not_called_back=told_no(3)))
    await screen.page.set_viewport_size({"width": width, "height": 844})

    await screen.open(path)

    await expect(screen.page.locator(".next li").first).to_be_visible()
    assert await screen.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_one_click_leads_to_who_was_served_first_and_who_waited_how_long(screen: Screen):
    screen.site.show(SERVED_FIRST)
    await screen.open()

    await screen.page.locator("#why-link").click()

    headlines = screen.page.locator(".episode > summary")
    await expect(headlines).to_have_text(
        [
            (
                "31 customers wait because Acme is taken first, since 10:42. Longest: 24 min. "
                "Take next: Jensen VVS."
            ),
            (
                "1 customer waited 25 min longer because important customers were taken first, "
                "08:00 to 09:00."
            ),
        ]
    )
    first = screen.page.locator(".episode").first
    await expect(first).to_contain_text("73 of 134 contacts taken before their turn.")
    await expect(first).to_contain_text("Jensen VVS21\u00a0min longer")
    await expect(first).to_contain_text("Acme went first a1")
    await expect(screen.page.locator(".causes li")).to_have_count(4)
    await expect(screen.page.locator("h2")).to_have_text("Customer desk")
    assert screen.errors == []


async def test_the_page_of_those_served_first_changes_by_itself_and_keeps_what_is_open(
    screen: Screen,
):
    await screen.page.clock.install()
    screen.site.show(replace(SERVED_FIRST, pools=(standing(episodes=(EARLIER,)),)))
    await screen.open("served-first")
    box = screen.page.locator(".episode.past")
    await box.locator("summary").click()

    screen.site.show(SERVED_FIRST)
    await screen.page.clock.run_for(6_000)

    await expect(screen.page.locator(".episode.open")).to_have_count(1)
    await expect(box).to_have_attribute("open", "")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "No team's turns are known yet."),
        ("?team=slaes", "No turns are known of a team called slaes."),
    ],
)
async def test_without_turns_the_page_says_so(screen: Screen, query: str, said: str):
    screen.site.show(CALM)

    await screen.open(f"served-first{query}")

    await expect(screen.page.locator("#nothing")).to_have_text(said)


async def test_before_the_first_figures_the_page_of_those_served_first_says_so(screen: Screen):
    await screen.open("served-first")

    await expect(screen.page.locator("#nothing")).to_have_text("No figures yet.")


async def test_names_that_are_markup_are_shown_as_text(screen: Screen):
    evil = "<img src=x onerror=alert(1)>"
    screen.site.show(replace(SERVED_FIRST, pool_names=dict.fromkeys(POOL_NAMES, evil)))

    for path in ("", "served-first"):
        await screen.open(path)
        await expect(screen.page.locator("bdi", has_text=evil).first).to_be_attached()
        assert await screen.page.locator("main img").count() == 0
    assert screen.errors == []


async def test_no_word_of_the_machinery_is_on_a_screen(screen: Screen):
    told = standing(free=None, forgotten=2, too_late=3, favoured_without_label=("acme",))
    screen.site.show(
        replace(SERVED_FIRST, pools=(told,), not_called_back=told_no(3, inferred=True))
    )

    for path in ("", "served-first"):
        await screen.open(path)
        await expect(screen.page.locator(".next li").first).to_be_visible()
        said = await screen.page.inner_text("body")
        assert FORBIDDEN.findall(said) == []


async def test_contacts_lead_back_to_their_tools_and_nowhere_else(screen: Screen):
    links = {
        "w0": "https://desk.example/w0",
        "w1": "javascript:alert(1)",
        "a1": "https://desk.example/a1",
    }
    screen.site.show(replace(SERVED_FIRST, pool_links=links, not_called_back=told_no(1)))

    await screen.open()
    await expect(screen.page.locator("#next a")).to_have_count(1)
    await expect(screen.page.locator("#next a")).to_have_attribute("href", links["w0"])
    await screen.open("served-first")
    await expect(screen.page.locator(".episode a.which").first).to_have_attribute(
        "href", links["a1"]
    )
    addresses = await screen.page.locator(".next a").evaluate_all("all => all.map((a) => a.href)")
    assert set(addresses) == {links["w0"], links["a1"]}


async def test_lists_are_cut_and_say_how_much_is_left_out():
    many = tuple(Waiter(f"w{n}", f"k{n}", "standard", "phone", 1.0 + n) for n in range(50))
    crowded = standing(take_next=many, episodes=(replaced(ACME, delayed=many),))
    snapshot = replace(SERVED_FIRST, pools=(crowded,))

    [turns] = sent(snapshot)["turns"]
    [page] = msgspec.json.decode(served_first(snapshot, {}, {}))["teams"]

    assert len(turns["take_next"]) == NEXT_OF_A_TEAM
    assert len(page["episodes"][0]["delayed"]) == DELAYED_OF_AN_EPISODE
    assert page["episodes"][0]["delayed_left_out"] == 50 - DELAYED_OF_AN_EPISODE


async def test_a_calm_team_has_its_turns_and_no_alarm():
    [turns] = sent(CALM_TURNS)["turns"]

    assert turns["served_first"] == []
    assert [waiter["at"] for waiter in turns["take_next"]][:2] == ["11:36", "11:39"]
    assert sum(cause["share"] for cause in turns["causes"]) == pytest.approx(1)
