"""Row F: what a snapshot and a scrape cost after ten days and after three years of the same work.

``python -m tests.bench.history [CONTACTS]``: two databases in one server, with so many contacts that
are over in the one and a hundredth of them in the other, both a thousand a day, and the same open
ones. In turn with both, the best SQL that an exporter of one's own would run on the larger one.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from time import perf_counter
from typing import NamedTuple

import asyncpg
from sqlalchemy import make_url

from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.metrics.families import CLOCKS_SETTLED
from app.metrics.page import Pages, Which, answer, build
from app.metrics.process import ProcessMetrics
from app.operations.present import Presenter
from app.store.engine import Database, open_database
from app.store.migration import migrate
from tests.bench.filling import Filling
from tests.bench.machine import BENCH_POLICY, load_average, own_postgres
from tests.bench.table import Row, spread

CONTACTS = 1_000_000
SHARE = 100
"""How many times more history the larger database has."""
OPEN_CONTACTS = 2_000
ROUNDS = 5
SNAPSHOTS = 15
"""Snapshots a round, a second apart: in one of fifteen the day is counted anew."""
GROWS = 1.2
CHEAPER = 100.0
PERIOD = timedelta(days=1) / 1_000
"""A thousand contacts a day."""

OVER = """
INSERT INTO contacts
  (key, source, subject, customer, tier, team, channel, queue, link, opened_at, waiting_since,
   resolved_at, last_event_at, is_over, is_worked_on, is_discarded, is_turned_away,
   history_missing, names, dealing)
SELECT 'over' || chr(31) || 'call-' || n, 'over', 'call-' || n, 'customer-' || n % 5000,
  CASE WHEN n % 5 = 0 THEN 'important' ELSE 'standard' END, 'team-' || lpad((n % 40)::text, 2, '0'),
  'email', 'queue', NULL, at, NULL, at + interval '5 hours', at + interval '5 hours',
  true, false, false, false, false, '[]', '{}'
FROM (
  SELECT n, $2::timestamptz - n * $3::interval AS at
  FROM generate_series($1::int, 1, -1) AS n
) AS over
"""
JUDGED = """
INSERT INTO clocks
  (contact_key, kind, number, channel, team, tier, started_at, target_us, due_at, breaches_at,
   stopped_at, ending, elapsed_us, pauses, is_paused, is_measurable, rule, policy_version,
   settled, noted, observed)
SELECT key, kind, 1, channel, team, tier, opened_at, 14400000000, opened_at + interval '4 hours',
  opened_at + interval '4 hours', opened_at + took, ending, extract(epoch FROM took) * 1000000,
  '[]', false, true, 'Everything else', 1, true, took > interval '4 hours', true
FROM (
  SELECT *, CASE WHEN hashtext(key) % 10 = 0 THEN interval '5 hours' ELSE interval '1 hour' END AS took
  FROM contacts WHERE source = 'over'
) AS answered
CROSS JOIN (VALUES ('first_response', 'answered'), ('resolution', 'resolved')) AS told (kind, ending)
ORDER BY opened_at, kind
"""
KEPT = """
INSERT INTO promises
  (contact_key, number, id, customer, promised_at, due_at, moves, ended_at, ending)
SELECT key, 1, 'p', customer, opened_at, opened_at + interval '4 hours', 0,
  opened_at + interval '2 hours', 'kept'
FROM contacts WHERE source = 'over' AND hashtext(key) % 10 = 1
"""
COUNTED = """
INSERT INTO totals (what, channel, team, tier, clock, le, n, seconds)
SELECT what, channel, team, tier, kind, 0, count(*), 0
FROM clocks CROSS JOIN LATERAL
  (SELECT 'settled' AS what WHERE settled UNION ALL SELECT 'breached' WHERE noted) AS said
GROUP BY what, channel, team, tier, kind
"""
COVERING = """
CREATE INDEX rival_clocks ON clocks (channel, team, tier, kind)
INCLUDE (settled, noted, ending, breaches_at)
"""
"""What an exporter of one's own would want: its query never looks at the table."""

BY_TEAM = """
SELECT channel, team, tier, kind, count(*) FILTER (WHERE settled) AS settled,
  count(*) FILTER (WHERE noted) AS breached, count(*) FILTER (WHERE ending IS NULL) AS running,
  count(*) FILTER (WHERE ending IS NULL AND breaches_at < now()) AS overdue,
  min(breaches_at) FILTER (WHERE ending IS NULL) AS next_breach_at
FROM clocks
GROUP BY channel, team, tier, kind
"""
BY_CUSTOMER = """
SELECT c.customer, c.tier, count(*) FILTER (WHERE k.settled) AS settled,
  count(*) FILTER (WHERE k.noted) AS breached, count(*) FILTER (WHERE k.ending IS NULL) AS running
FROM clocks k JOIN contacts c ON c.key = k.contact_key
GROUP BY c.customer, c.tier
"""


class Shown(NamedTuple):
    """Seconds that a snapshot, its pages and a scrape of each took, and those scrapes of it."""

    all_of_it: float
    scraped: float


@dataclass
class Desk:
    """One database, and what the service makes of it second by second."""

    db: Database
    presenter: Presenter
    terms: Terms
    now: datetime
    process: ProcessMetrics = field(default_factory=lambda: ProcessMetrics("1", []))
    pages: Pages | None = None

    async def shown(self) -> Shown:
        """Take one snapshot, make its pages, and scrape each."""
        self.now += timedelta(seconds=1)
        began = perf_counter()
        snapshot = await self.presenter.take(self.terms, {}, self.now)
        self.pages = build(snapshot, self.process, self.pages)
        made = perf_counter()
        for which in Which:
            answer(self.pages, which, None, "gzip", self.now)
        ended = perf_counter()
        return Shown(ended - began, ended - made)

    def settled(self) -> int:
        """What the page says was judged, all groups together."""
        assert self.pages is not None
        return sum(self.pages.business.columns[CLOCKS_SETTLED.name].values)


async def filled(url: str, contacts: int, now: datetime) -> None:
    """A desk at work: so many contacts are over, and as many open as anywhere."""
    await asyncio.to_thread(migrate, url)  # it has an event loop of its own
    connection = await asyncpg.connect(dsn_of(url))
    try:
        await connection.execute(OVER, contacts, now, PERIOD)
        await connection.execute(JUDGED)
        await connection.execute(KEPT)
        await Filling(OPEN_CONTACTS, now, now + timedelta(hours=1)).fill(connection)
        await connection.execute(COUNTED)
        await connection.execute(COVERING)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def dsn_of(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def _two(server_url: str, contacts: int, now: datetime) -> list[str]:
    """The two databases, the smaller history first."""
    connection = await asyncpg.connect(dsn_of(server_url))
    for name in ("days", "years"):
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    urls = [make_url(server_url).set(database=name) for name in ("days", "years")]
    told = [url.render_as_string(hide_password=False) for url in urls]
    for url, size in zip(told, (contacts // SHARE, contacts), strict=True):
        await filled(url, size, now)
    return told


@dataclass
class Found:
    """Seconds, round by round: after days, after years, scrapes alone, the two queries.

    ``settled``: what both sides say was judged.
    """

    days: list[float] = field(default_factory=list)
    years: list[float] = field(default_factory=list)
    scraped: list[float] = field(default_factory=list)
    by_team: list[float] = field(default_factory=list)
    by_customer: list[float] = field(default_factory=list)
    settled: tuple[int, int] = (0, 0)


async def compared(urls: Sequence[str], rounds: int, now: datetime) -> Found:
    """Everything in turn, so that all meet the same machine."""
    terms = Terms(Policies((read_policy(BENCH_POLICY.read_text()),)))
    found = Found()
    async with AsyncExitStack() as open_:
        desks = []
        for url in urls:
            db = open_database(url)
            open_.push_async_callback(db.close)
            desks.append(Desk(db, Presenter(db, ()), terms, now))
        rival = await asyncpg.connect(dsn_of(urls[1]))
        open_.push_async_callback(rival.close)
        for desk in desks:
            await desk.shown()
        for _ in range(rounds):
            days, years = desks
            pairs = [(await days.shown(), await years.shown()) for _ in range(SNAPSHOTS)]
            found.days.append(fmean(first.all_of_it for first, _ in pairs))
            found.years.append(fmean(second.all_of_it for _, second in pairs))
            found.scraped.append(fmean(second.scraped for _, second in pairs))
            for query, into in ((BY_TEAM, found.by_team), (BY_CUSTOMER, found.by_customer)):
                began = perf_counter()
                rows = await rival.fetch(query)
                into.append(perf_counter() - began)
                found.settled = (years.settled(), sum(row["settled"] for row in rows))
    return found


def measure(contacts: int, rounds: int) -> Iterator[Row]:
    """Fill both, then compare."""
    now = datetime.now(UTC)  # noqa: TID251 - the rival's query asks the database for the present
    began = perf_counter()
    with own_postgres() as server:
        urls = asyncio.run(_two(server.url, contacts, now))
        seconds = perf_counter() - began
        found = asyncio.run(compared(urls, rounds, now))
    assert found.settled[0] == found.settled[1], found.settled
    grows = [after / before for before, after in zip(found.days, found.years, strict=True)]
    yield Row(
        f"F snapshot and scrape, {contacts // SHARE:,} to {contacts:,} contacts",
        f"<= {GROWS} x",
        spread(grows),
        f"{_ms(found.days)} to {_ms(found.years)} with {OPEN_CONTACTS:,} open;"
        f" filled in {seconds:.0f} s",
        median(grows) <= GROWS,
    )
    yield from _against(found)


def _against(found: Found) -> Iterator[Row]:
    for label, seconds in (("team", found.by_team), ("customer", found.by_customer)):
        times = [theirs / own for own, theirs in zip(found.years, seconds, strict=True)]
        yield Row(
            f"F against the best SQL, attainment by {label}",
            f">= {CHEAPER:.0f} x",
            spread(times, 1),
            f"SQL {_ms(seconds)}, ours {_ms(found.years)}",
            median(times) >= CHEAPER,
        )
    times = [theirs / own for own, theirs in zip(found.scraped, found.by_team, strict=True)]
    told = f"{spread([one * 1e6 for one in found.scraped], 0)} us for both pages"
    yield Row("  the scrapes alone against the first", "", spread(times, 0), told, None)


def _ms(seconds: Sequence[float]) -> str:
    return f"{spread([one * 1e3 for one in seconds], 1)} ms"


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else CONTACTS
    print(f"load average {load_average():.1f}")
    for row in measure(contacts, ROUNDS):
        print(row.text(), flush=True)
    print(f"load average {load_average():.1f}")


if __name__ == "__main__":
    main()
