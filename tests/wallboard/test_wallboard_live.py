"""Who watches, what they are sent, and how the service stops while they do."""

import asyncio
from time import perf_counter

import httpx
import msgspec
import pytest

from app.wallboard import live as live_module
from app.wallboard.live import Live
from tests.wallboard.desk import NOON, contact, desk
from tests.wallboard.served import serving


def told(frame: bytes) -> dict[str, object]:
    data = next(line for line in frame.splitlines() if line.startswith(b"data: "))
    decoded: dict[str, object] = msgspec.json.decode(data.removeprefix(b"data: "))
    return decoded


async def test_a_screen_is_told_the_newest_view_at_once():
    live = Live(lambda: NOON)
    live.publish(b"1")
    live.publish(b"2")

    first = told(await anext(live.frames()))

    assert (first["view"], first["now"]) == (2, "2026-03-10T12:00:00+00:00")


async def test_before_the_first_view_a_screen_is_told_the_clock():
    first = told(await anext(Live(lambda: NOON).frames()))

    assert first["view"] is None
    assert first["now"] == "2026-03-10T12:00:00+00:00"


async def test_a_slow_screen_misses_views_in_between_and_gets_the_newest():
    live = Live(lambda: NOON)
    frames = live.frames()
    await anext(frames)

    for number in range(1000):
        live.publish(b"%d" % number)

    assert told(await anext(frames))["view"] == 999
    live.close()
    assert [frame async for frame in frames] == []


async def test_a_quiet_stream_carries_the_clock(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.001)
    frames = Live(lambda: NOON).frames()
    await anext(frames)

    beat = await anext(frames)

    assert beat.startswith(b"event: clock\n")
    assert told(beat)["now"] == "2026-03-10T12:00:00+00:00"


async def test_a_screen_that_leaves_frees_its_place():
    live = Live(lambda: NOON)
    frames = live.frames()
    await anext(frames)
    assert live.subscribers == 1

    await frames.aclose()

    assert live.subscribers == 0


async def test_one_screen_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_module, "MAX_SUBSCRIBERS", 1)
    async with serving() as site, httpx.AsyncClient(base_url=site.url) as client:
        async with client.stream("GET", "/wallboard/stream") as first:
            await anext(first.aiter_lines())

            refused = await client.get("/wallboard/stream")

        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "60"
        assert "Too many screens" in refused.text


async def test_the_server_stops_within_a_second_while_screens_watch():
    async with (
        serving() as site,
        httpx.AsyncClient(base_url=site.url) as client,
        client.stream("GET", "/wallboard/stream") as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        started = perf_counter()

        site.server.should_exit = True
        async with asyncio.timeout(5):
            rest = [line async for line in lines]
            await site.task

        assert perf_counter() - started < 1
        assert not any(line.startswith("event: clock") for line in rest)


async def test_the_state_is_the_view_with_the_clock():
    async with serving() as site, httpx.AsyncClient(base_url=site.url) as client:
        site.show(desk(contact("Jensen VVS", "phone", -5)))

        state = (await client.get("/wallboard/state")).json()

    assert state["now"] == "2026-03-10T12:00:00+00:00"
    assert state["view"]["rows"][0]["customer"] == "Jensen VVS"


async def test_the_page_may_run_nothing_but_its_own_files():
    async with serving() as site, httpx.AsyncClient(base_url=site.url) as client:
        page = await client.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not any(word in page.text for word in ("<style", "style=", "onload", "http:", "https:"))


@pytest.mark.parametrize("path", ["/", "/wallboard.css", "/wallboard.js", "/wallboard/words.js"])
async def test_an_unchanged_file_is_not_sent_again(path: str):
    async with serving() as site, httpx.AsyncClient(base_url=site.url) as client:
        first = await client.get(path)
        again = await client.get(path, headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    assert (again.status_code, again.content) == (304, b"")


async def test_many_screens_see_each_publication_rendered_once():
    live = Live(lambda: NOON)
    screens = [live.frames() for _ in range(50)]
    for screen in screens:
        await anext(screen)
    live.publish(b"7")

    frames = [await anext(screen) for screen in screens]

    assert all(frame is frames[0] for frame in frames)
