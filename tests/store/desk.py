"""A desk for tests: events go in as intake writes them, and are replayed and judged on demand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.core.events import TYPES, Event, Incoming, to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.operations.fold import Folded, fold
from app.operations.intake import Appended, record_events
from app.operations.judge import note_due
from app.store import invariants
from app.store.engine import Database, Transaction
from tests.conftest import NOON
from tests.running import ROOT

POLICY = (ROOT / "tests" / "examples" / "policy.yaml").read_text()
ROUNDS = 200
"""Rounds of replay after which a test gives up: something touches itself for ever."""

CLOCKS = """
SELECT contact_key, kind, number, channel, team, tier, started_at, target_us, due_at, breaches_at,
  stopped_at, ending, elapsed_us, pauses, is_paused, is_measurable, rule
FROM clocks ORDER BY contact_key, kind, number
"""
CONTACTS = "SELECT * FROM contacts ORDER BY key"
PROMISES = "SELECT * FROM promises ORDER BY contact_key, number"
CUSTOMERS = "SELECT * FROM customers ORDER BY id"
CUSTOMER_NAMES = "SELECT * FROM customer_names ORDER BY name, since, customer"
NOTED = "SELECT contact_key, kind, number FROM clocks WHERE noted ORDER BY 1, 2, 3"
PROJECTIONS = (CONTACTS, CLOCKS, PROMISES, CUSTOMERS, CUSTOMER_NAMES, NOTED)


def terms(policy: str = POLICY) -> Terms:
    return Terms(Policies((read_policy(policy),)))


def event(type_: str, subject: str, at: datetime, id_: str, **data: Any) -> Incoming:
    """A canonical event as it is stored; ``source`` may stand among the data."""
    source = data.pop("source", "crm")
    return Incoming(
        source=source,
        id=id_,
        type=type_,
        occurred_at=at,
        received_at=at,
        subject=subject,
        body=json.dumps(data).encode(),
    )


async def rows(tx: Transaction, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await tx.execute(text(query))]


@dataclass(slots=True)
class Desk:
    """One database, one policy, a present that moves on by hand."""

    db: Database
    terms: Terms = field(default_factory=terms)
    now: datetime = NOON
    sent: int = 0

    def event(self, type_: str, subject: str, seconds: float = 0, **data: Any) -> Incoming:
        self.sent += 1
        at = NOON + timedelta(seconds=seconds)
        return event(type_, subject, at, f"e{self.sent:05d}", **data)

    async def tell(self, type_: str, subject: str, seconds: float = 0, **data: Any) -> None:
        """Store one event that happened ``seconds`` after noon."""
        await self.store([self.event(type_, subject, seconds, **data)])

    async def store(self, events: Sequence[Incoming]) -> Appended:
        self.now = max(self.now, *(event.occurred_at for event in events))
        return (await record_events(self.db, [events]))[0]

    def at(self, seconds: float) -> datetime:
        """Move the present to so many seconds after noon."""
        self.now = NOON + timedelta(seconds=seconds)
        return self.now

    async def settle(self) -> Folded:
        """Replay until nothing is left; the sums of all rounds."""
        total = Folded()
        for _ in range(ROUNDS):
            done = await fold(self.db, self.terms, self.now)
            total.keys += done.keys
            total.failed.update(done.failed)
            total.breaches_noted += done.breaches_noted
            total.breaches_withdrawn += done.breaches_withdrawn
            if not await self.rows("SELECT 1 FROM touched LIMIT 1"):
                return total
        raise AssertionError(f"still not settled: {await self.rows('SELECT * FROM touched')}")

    async def judge(self) -> int:
        return (await note_due(self.db, self.now)).noted

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.db.begin() as tx:
            return await rows(tx, query)

    async def run(self, statement: str, **values: Any) -> None:
        async with self.db.begin() as tx:
            await tx.execute(text(statement), values)

    async def tallied(self, what: str) -> int:
        found = await self.rows(f"""
            SELECT coalesce(sum(n), 0) FROM (
              SELECT n FROM tallies WHERE what = '{what}'
              UNION ALL SELECT n FROM totals WHERE what = '{what}'
            ) AS counted""")
        return int(found[0][0])

    async def projections(self) -> list[list[tuple[Any, ...]]]:
        return [await self.rows(query) for query in PROJECTIONS]

    async def assert_sound(self) -> None:
        """Every invariant holds, and the tables say what a replay of all events says."""
        async with self.db.begin() as tx:
            broken = await invariants.broken(tx)
        stored, replayed = await self.stored_clocks(), await self.replayed_clocks()
        only_stored = [clock for clock in stored if clock not in replayed]
        only_replayed = [clock for clock in replayed if clock not in stored]
        assert (broken, only_stored, only_replayed) == ({}, [], []), (only_stored, only_replayed)

    async def stored_clocks(self) -> list[tuple[Any, ...]]:
        found = await self.rows("""
            SELECT contact_key, customer, kind, number, k.team, k.tier, started_at, due_at,
              breaches_at, stopped_at, ending
            FROM clocks k JOIN contacts c ON c.key = k.contact_key""")
        return sorted(found, key=repr)

    async def replayed_clocks(self) -> list[tuple[Any, ...]]:
        """What the pure replay of everything makes of it, without a database."""
        replayed = replay(await self.events(), self.terms, self.now)
        told = [(c.key, c.customer, clock) for c in replayed.contacts for clock in c.clocks]
        told += [(p.contact, p.customer, clock) for p, clock in replayed.promises]
        clocks = [
            (
                *(key, customer, c.kind.value, c.number, c.team, c.tier),
                *(c.started_at, c.due_at, c.breaches_at, c.stopped_at),
                c.ending and c.ending.value,
            )
            for key, customer, c in told
        ]
        return sorted(clocks, key=repr)

    async def events(self) -> list[Event]:
        found = await self.rows(
            "SELECT source, event_id, type, occurred_at, received_at, subject, body, fact"
            " FROM events ORDER BY seq"
        )
        return [
            to_event(
                Incoming(
                    source=s,
                    id=i,
                    type=t,
                    occurred_at=o,
                    received_at=r,
                    subject=u,
                    body=b.encode(),
                    fact=f,
                )
            )
            for s, i, t, o, r, u, b, f in found
            if t in TYPES
        ]
