"""Keep every poller going: one process at a time, a growing pause after a failure, a clean end."""

import asyncio
from contextlib import suppress

import structlog

from app.pollers.hold import (
    DATABASE_AWAY,
    NO_STORE,
    CannotPoll,
    Hold,
    NotOurs,
    Pause,
    Poller,
    Post,
    State,
)
from app.store import positions
from app.store.engine import AWAY
from app.store.positions import HELD, Feed

log = structlog.get_logger()

WAIT_FOR_OTHERS = HELD.total_seconds() / 3
"""How soon to look again whether another process has let go of a feed."""


async def keep_polling(poller: Poller, post: Post) -> None:
    """Read a feed until cancelled, whenever no other process does."""
    feed = Feed(poller.config.source.id, poller.feed, post.holder)
    state = State(post, feed.source, feed.feed)
    pause = Pause(post.sleep)
    while True:
        rest = 0.0
        try:
            if not await _poll(poller, post, feed, state, pause):
                await post.sleep(WAIT_FOR_OTHERS)
                continue
        except NotOurs:
            log.info("feed_passed_on", source=feed.source, feed=feed.feed)
        except CannotPoll as error:
            rest = error.rest_seconds
            await _say_failed(post, feed, state, error.reason)
        except NO_STORE:
            state.failed(DATABASE_AWAY)
        except Exception as error:
            await _say_failed(post, feed, state, f"a fault of ours: {type(error).__name__}")
        await pause.wait(rest)


async def _poll(poller: Poller, post: Post, feed: Feed, state: State, pause: Pause) -> bool:
    """Follow a feed until it fails; False if another process reads it."""
    async with post.db.begin() as tx:
        position = await positions.claim(tx, feed)
    if position is None:
        return False
    try:
        await poller.follow(Hold(post, poller.config, feed, state, position, pause))
    except asyncio.CancelledError:
        with suppress(*AWAY):
            async with post.db.begin() as tx:
                await positions.release(tx, feed)
        raise
    return True


async def _say_failed(post: Post, feed: Feed, state: State, reason: str) -> None:
    state.failed(reason)
    with suppress(*AWAY):
        async with post.db.begin() as tx:
            await positions.failed(tx, feed, reason)
