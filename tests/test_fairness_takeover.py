"""Two processes of the service, one of which owns the team's turns and dies or freezes."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import text

from app.core.fairness.shown import PoolStanding
from app.service import read_clock
from app.store import invariants, pools
from app.store.engine import Transaction, open_database
from app.store.lease import SILENT_SECONDS
from deploy.postgres import Server
from tests.prometheus import free_port
from tests.serving import (
    Process,
    await_true,
    command,
    environment,
    make_token,
    numbers,
)
from tests.surge import SECONDS, Json, Surge, batch, policy_text

T = TypeVar("T")

LATEST_SECONDS = 2.0
"""From the instant at which an episode is one to the episode in the database."""
AHEAD_SECONDS = 8.0
"""How far that instant lies ahead when its events are told: time to send them."""
FOLLOWED_SECONDS = 0.5
"""From a lock that is free to the next owner."""
SLACK_SECONDS = 0.5
"""What a machine that others use too may take longer."""


class Centre:
    """Processes on one database, and the day that they are told."""

    def __init__(self, server: Server, processes: Sequence[Process], token: str) -> None:
        self.server, self.processes, self.token = server, processes, token

    def send(self, process: Process, events: Sequence[Json]) -> None:
        kind = "application/cloudevents-batch+json"
        headers = {"authorization": f"Bearer {self.token}", "content-type": kind}
        url = f"{process.url}/v1/events"
        answer = httpx.post(url, content=batch(events), headers=headers, timeout=30)
        assert answer.status_code == 202, answer.text

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        async def read(tx: Transaction) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await tx.execute(text(query))]

        return self._asked(read)

    def standing(self) -> PoolStanding:
        return self._asked(pools.load_standings)[0]

    def broken(self) -> dict[str, int]:
        return self._asked(invariants.broken)

    def _asked(self, read: Callable[[Transaction], Awaitable[T]]) -> T:
        async def ask() -> T:
            db = open_database(self.server.url)
            try:
                async with db.begin() as tx:
                    return await read(tx)
            finally:
                await db.close()

        return asyncio.run(ask())

    def settle(self) -> None:
        """Return when everything that was sent is in what the pool stands at."""
        await_true("all is replayed", lambda: not self.rows("SELECT 1 FROM touched LIMIT 1"))
        known = "SELECT 1 FROM pool_news n JOIN pools p USING (team) WHERE n.taken_epoch < p.epoch"
        await_true("all is taken", lambda: not self.rows(known))
        since = read_clock()
        shown = f"SELECT 1 FROM pools WHERE standing_at > '{since.isoformat()}'"
        await_true("it is shown", lambda: bool(self.rows(shown)))

    def owner(self) -> Process:
        """The process that works the pool out."""
        series = "evenhand_process_pools_owned"

        def owning() -> list[Process]:
            pages = [(p, numbers(p.get("/metrics").text)) for p in self.processes]
            return [p for p, page in pages if page.get(series) == 1]

        await_true("somebody owns the pool", lambda: len(owning()) == 1)
        return owning()[0]

    def epoch(self) -> int:
        return int(self.rows("SELECT epoch FROM pools")[0][0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(policy_text())
    return tmp_path


@pytest.fixture
def centre(folder: Path) -> Iterator[Centre]:
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "postgres"))
        env = environment(database_url=server.url, policy_file=folder / "policy.yaml")
        command(env, "migrate")
        token = make_token(env)
        both = [Process(env, folder / f"{n}.log", free_port()) for n in (1, 2)]
        for process in both:
            stack.callback(process.close)
            process.launch()
        for process in both:
            process.await_well()
        yield Centre(server, both, token)


def _surge() -> Surge:
    """Today's, so that it ends about now."""
    return Surge.starting(read_clock() - timedelta(seconds=SECONDS))


def _assert_undisturbed(centre: Centre, surge: Surge) -> None:
    """What is stored is what one run over everything finds; nothing was applied twice."""
    found = centre.standing()
    expected = surge.standing(found.at)
    assert [(e.who, e.started_at, e.raised_at, e.ended_at) for e in found.episodes] == [
        (e.who, e.started_at, e.raised_at, e.ended_at) for e in expected.episodes
    ]
    assert [(r.customer, r.starts, r.out_of_turn) for r in found.rows] == [
        (r.customer, r.starts, r.out_of_turn) for r in expected.rows
    ]
    assert [r.favoured for r in found.rows] == pytest.approx([r.favoured for r in expected.rows])
    assert (found.too_late, centre.broken()) == (0, {})
    assert centre.rows("SELECT who, withdrawn_at FROM episodes") == [("Acme", None)]


def test_an_episode_is_stored_two_seconds_after_what_makes_it(centre: Centre):
    surge = _surge()
    whole = surge.standing((surge.start + timedelta(seconds=SECONDS)).timestamp())
    made = datetime.fromtimestamp(whole.episodes[0].raised_at, UTC)
    # The same again, so that it becomes true a little later than now.
    shifted = surge.start + (read_clock() + timedelta(seconds=AHEAD_SECONDS) - made)
    surge = Surge.starting(shifted, (made - surge.start).seconds + 1)

    centre.send(centre.processes[0], surge.events)
    await_true("there is an episode", lambda: bool(centre.rows("SELECT 1 FROM episodes")))

    ((raised_at,),) = centre.rows("SELECT raised_at FROM episodes")
    assert timedelta(0) <= read_clock() - raised_at <= timedelta(seconds=LATEST_SECONDS)


def test_a_killed_owner_is_followed_at_once_and_nothing_is_lost(centre: Centre):
    surge = _surge()
    half = surge.start + timedelta(seconds=SECONDS / 2)
    centre.send(centre.processes[0], surge.before(half))
    owner = centre.owner()
    (other,) = [p for p in centre.processes if p is not owner]
    epoch = centre.epoch()

    owner.kill()
    followed = await_true("it is followed", lambda: centre.epoch() > epoch)
    centre.send(other, surge.since(half))
    centre.settle()

    assert followed <= FOLLOWED_SECONDS + SLACK_SECONDS
    _assert_undisturbed(centre, surge)


def test_a_frozen_owner_is_followed_and_writes_nothing_when_it_wakes(centre: Centre):
    surge = _surge()
    half = surge.start + timedelta(seconds=SECONDS / 2)
    centre.send(centre.processes[0], surge.before(half))
    owner = centre.owner()
    (other,) = [p for p in centre.processes if p is not owner]
    epoch = centre.epoch()

    assert owner.child is not None
    owner.child.send_signal(signal.SIGSTOP)
    followed = await_true("it is followed", lambda: centre.epoch() > epoch)
    centre.send(other, surge.since(half))
    owner.child.send_signal(signal.SIGCONT)
    fenced = "evenhand_process_fairness_fenced_total"
    await_true("it noticed", lambda: numbers(owner.get("/metrics").text)[fenced] >= 1)
    centre.settle()

    assert followed <= SILENT_SECONDS + FOLLOWED_SECONDS + SLACK_SECONDS
    assert centre.epoch() == epoch + 1
    _assert_undisturbed(centre, surge)
