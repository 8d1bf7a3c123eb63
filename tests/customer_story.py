"""A small story of one customer, told through the service's own code, up to the database's present.

The views judge by the database's clock, so the story ends now and begins so many hours ago.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import make_url

from app.core.fairness.shown import Harmed, ShownEpisode
from app.core.replay import Terms
from app.core.source import Source
from app.operations.policies import import_policy, take_effect
from app.store.engine import Database, open_database
from app.store.episodes import save_new
from app.store.migration import migrate
from tests.conftest import NOON
from tests.readers import psql
from tests.store.desk import POLICY, Desk, terms

MINUTE = 60.0
HOUR = 3600.0
CALLS_BACK = POLICY.replace("next_response: 60s", "next_response: 60s\n    callback: 1h")
DUMB = "dumb"
"""A source that tells of no answers, so that nobody can say whether there were any."""
PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
MAIL: dict[str, Any] = {"channel": "email", "team": "support"}
TOOL = "https://tool.example/tickets/7"
MASKED = "j***@jensen.example"


@dataclass(slots=True)
class Story:
    """``desk`` at ``now``; events are told by how long ago they were."""

    desk: Desk
    now: datetime

    async def tell(self, type_: str, subject: str, ago: float, **data: Any) -> None:
        """Something happened ``ago`` seconds before the present."""
        seconds = (self.now - NOON).total_seconds() - ago
        await self.desk.tell(type_, subject, seconds, **data)

    async def call(self, call: str, ago: float, wait: float, **who: Any) -> None:
        """A call that was answered after ``wait`` seconds, and took five minutes."""
        await self.tell("contact.received", call, ago, **{**PHONE, **who})
        await self.tell("contact.answered", call, ago - wait, agent="secret agent")
        await self.tell("contact.resolved", call, ago - wait - 300)

    async def told_no(self, call: str, ago: float, **who: Any) -> None:
        """A call whose customer was told that nobody has time."""
        await self.tell("contact.received", call, ago, **{**PHONE, **who})
        await self.tell("contact.answered", call, ago - 5, agent="secret agent")
        await self.tell("contact.resolved", call, ago - 30, outcome="turned_away")

    async def settle(self) -> None:
        """Work it out as of the present."""
        self.desk.now = self.now
        await self.desk.settle()
        while await self.desk.judge():
            pass


async def begin(db: Database, policy: str = CALLS_BACK) -> Story:
    """The policy is in force since long ago; nothing has happened yet."""
    desk = Desk(db, _terms(policy))
    ((now,),) = await desk.rows("SELECT date_trunc('second', now())")
    await import_policy(db, policy, now - timedelta(days=2))
    await take_effect(db, desk.terms.policies, now)
    return Story(desk, now)


def _terms(policy: str) -> Terms:
    dumb = Source(id=DUMB, kind="dumb", tells=frozenset({"contact.received"}))
    return replace(terms(policy), sources={DUMB: dumb})


@contextmanager
def told_aside(url: str) -> Iterator["Kept"]:
    """The story in a database of its own beside the tests' one, for many tests that only read."""
    beside = make_url(url).set(database="customer_story").render_as_string(hide_password=False)
    assert psql(url, "-c", "CREATE DATABASE customer_story").returncode == 0
    migrate(beside)

    async def tell() -> datetime:
        db = open_database(beside)
        now = (await told(db)).now
        await db.close()
        return now

    yield Kept(beside, asyncio.run(tell()))
    assert psql(url, "-c", "DROP DATABASE customer_story WITH (FORCE)").returncode == 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the story is kept, and when it ended."""

    url: str
    now: datetime

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Story]:
        """The story, to be read."""
        db = open_database(self.url)
        yield Story(Desk(db, _terms(CALLS_BACK), self.now), self.now)
        await db.close()


async def told(db: Database) -> Story:
    """What Jensen, an e-mail customer of ours who sometimes rings, met with. Ten contacts.

    Of 3 answers by phone one was late (50 s of 20 s); of her e-mails one waits in time (half an hour
    of an hour), one too long (3 hours), one was answered in ten minutes. One promise is overdue, one
    open, one was kept, one kept late. She was told no once. One call was lost track of.
    """
    story = await begin(db)
    jensen: dict[str, Any] = {"customer": "jensen"}
    await story.tell("customer.updated", "jensen", 9 * HOUR, name="Secret Name")
    await story.tell("customer.updated", "acme", 9 * HOUR, name="Acme A/S", public_name=True)
    await story.tell("customer.updated", "old acme", 10 * HOUR, name="Acme", public_name=True)
    await story.tell("customer.merged", "old acme", 8 * HOUR, into="acme")
    await story.call("c1", 5 * HOUR, 10, **jensen)
    await story.call("c2", 4 * HOUR, 50, **jensen)
    await story.call("acme-1", 4 * HOUR, 55, customer="acme")
    mail = {**MAIL, **jensen, "aliases": [{"kind": "id", "value": "7", "masked": MASKED}]}
    await story.tell("contact.received", "m1", 30 * MINUTE, link=TOOL, **mail)
    await story.tell("contact.received", "m2", 3 * HOUR, link="javascript:alert(1)", **mail)
    await story.tell("contact.received", "m3", 2 * HOUR, **mail)
    await story.tell("agent.replied", "m3", 110 * MINUTE, agent="secret agent")
    await _promises(story)
    await story.told_no("c3", 2 * HOUR, **jensen)
    await story.tell("contact.received", "lost", 3 * HOUR, **PHONE, **jensen)
    await _endings(story, mail)
    await story.settle()
    await _others_first(story)
    return story


async def _others_first(story: Story) -> None:
    """For an hour Acme was taken first, as the owner of the team's turns stores it."""
    start = story.now.timestamp() - 2 * HOUR
    async with story.desk.db.begin() as tx:
        await save_new(tx, [("support", episode(start, (Harmed("jensen", 90.0),)))])


def episode(start: float, harmed: tuple[Harmed, ...]) -> ShownEpisode:
    """Acme was taken first for an hour, and these waited longer for it."""
    return ShownEpisode(
        who="acme",
        started_at=start,
        raised_at=start + 60,
        ended_at=start + HOUR,
        agent_seconds=600.0,
        extra_wait_seconds=sum(each.seconds for each in harmed),
        severity=0.5,
        share_of_work=0.6,
        share_in_turn=0.3,
        starts=9,
        out_of_turn=6,
        waiting=0,
        longest_seconds=90.0,
        harmed=harmed,
        delayed=(),
    )


async def _promises(story: Story) -> None:
    """On the answered e-mail: by half an hour ago, by tomorrow; kept in time; kept too late."""
    for name, due in (("late", 30 * MINUTE), ("open", -24 * HOUR), ("kept", HOUR), ("slow", HOUR)):
        at = (story.now - timedelta(seconds=due)).isoformat()
        await story.tell("followup.promised", "m3", 108 * MINUTE, promise=name, due=at)
    await story.tell("followup.done", "m3", 70 * MINUTE, promise="kept")
    await story.tell("followup.done", "m3", 50 * MINUTE, promise="slow")


async def _endings(story: Story, mail: dict[str, Any]) -> None:
    """The endings of clocks that a report must tell apart: Acme's, so that Jensen's sums stay small."""
    acme = {**mail, "customer": "acme"}
    await story.tell("contact.received", "held", 2 * HOUR, **acme)
    await story.tell("agent.replied", "held", 100 * MINUTE, agent="secret agent")
    await story.tell("contact.held", "held", 90 * MINUTE, waiting_for="customer")
    await story.tell("contact.received", "thanks", 2 * HOUR, **acme)
    await story.tell("agent.replied", "thanks", 100 * MINUTE, agent="secret agent")
    await story.tell("customer.replied", "thanks", 95 * MINUTE)
    await story.tell("contact.resolved", "thanks", 90 * MINUTE)
    await story.tell("contact.received", "spam", 3 * HOUR, **acme)
    await story.tell("contact.discarded", "spam", 1.5 * HOUR)
    await story.tell("contact.received", "gone", HOUR, **PHONE, customer="acme")
    await story.tell("contact.abandoned", "gone", HOUR - 8)
    await story.tell("contact.received", "gave up", 3 * HOUR, **PHONE, customer="acme")
    await story.tell("contact.abandoned", "gave up", 3 * HOUR - 30)
    await story.told_no("called since", 5 * HOUR, customer="acme")
    await story.call("at the last instant", 3 * HOUR, 20, customer="acme")
    await story.tell("contact.received", "unseen", HOUR, source=DUMB, **acme)
