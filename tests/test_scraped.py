"""What a scraper sees of a whole service on a real database: nothing missing, nothing twice, nothing false."""

import subprocess
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from app.core.policy import ClockKind
from app.metrics.negotiation import Format
from app.operations.present import opaque
from app.store.engine import Database
from tests.debian_tools import tool
from tests.metrics.desk import READERS, read, values
from tests.running import HandClock, Running, running

OPENMETRICS = {"accept": "application/openmetrics-text;version=1.0.0"}
PAGES = ["/metrics", "/metrics/customers"]
INFO = "evenhand_customer_info"
NAMED = "evenhand_customer_contacts_waiting"
GONE = ("events", "seen", "touched", "contacts", "clocks", "promises", "callbacks", "links")
"""What an erasure may take away of a customer; the ledgers stay."""


def counters(page: dict[str, float]) -> dict[str, float]:
    """What may never fall, of the database."""
    endings = ("_total", "_bucket", "_count", "_sum")
    return {
        name: value
        for name, value in page.items()
        if name.partition("{")[0].endswith(endings) and "_process_" not in name
    }


def fallen(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in before.items() if after.get(name, -1.0) < value}


async def busy(service: Running) -> None:
    """Two customers: one answered late, merged and resolved; one who waits."""
    call: dict[str, Any] = {"channel": "phone", "team": "hotline", "customer": "Acme"}
    await service.send("contact.received", "call-1", **call)
    await service.send("contact.received", "call-2", **call)
    service.clock.pass_(seconds=30)
    await service.send("contact.answered", "call-1", agent="a1")
    await service.send(
        "contact.received", "mail-1", channel="email", team="support", customer="Birk"
    )
    await service.settle()
    service.clock.pass_(seconds=5)
    await service.send("contact.resolved", "call-1", agent="a1")
    await service.settle()


async def customers(service: Running) -> set[str]:
    page = (await service.client.get("/metrics/customers")).content
    return {dict(key)["customer"] for key in values(page, NAMED)}


def called(service: Running, *names: str) -> set[str]:
    return {opaque(name, service.app.service.presenter.key) for name in names}


@pytest.mark.requirement(17)
async def test_all_that_the_policy_promises_stands_at_zero_before_anything_happens(
    db: Database, database_url: str
):
    async with running(db, database_url) as service:
        page = await service.metrics()

    phone = product(["phone"], ["hotline"], ["first_response", "next_response"])
    kinds = ["first_response", "next_response", "resolution"]
    promised = [*phone, *product(["chat", "email"], ["support"], kinds)]
    for (channel, team, clock), tier in product(promised, ["important", "standard"]):
        labels = f'channel="{channel}",team="{team}",tier="{tier}"'
        for name in ("clocks_settled_total", "clocks_breached_total", "clocks_overdue"):
            assert page[f'evenhand_{name}{{{labels},clock="{clock}"}}'] == 0
        bucket = f'channel="{channel}",tier="{tier}",clock="{clock}"'
        assert page[f"evenhand_response_seconds_count{{{bucket}}}"] == 0
    assert sum("evenhand_clocks_settled_total" in name for name in page) == 2 * len(promised)


@pytest.mark.requirement(6, 7, 15)
async def test_the_pages_of_a_busy_service_read_well_in_both_formats(
    db: Database, database_url: str
):
    async with running(db, database_url, exemplars=True) as service:
        await busy(service)
        for path in PAGES:
            plain = (await service.client.get(path)).content
            opened = (await service.client.get(path, headers=OPENMETRICS)).content

            samples = read(plain)
            assert said_by_promtool(plain) == (0, b"")
            assert sorted(samples, key=str) == sorted(read(opened, Format.OPENMETRICS), key=str)
            assert not [name for name, _, _ in samples if name.endswith("_created")]
            kinds = {dict(key)["clock"] for _, key, _ in samples if "clock" in dict(key)}
            assert kinds <= set(ClockKind)


def said_by_promtool(page: bytes) -> tuple[int, bytes]:
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=page, capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.requirement(30)
@pytest.mark.parametrize(("wanted", "expected"), [(False, set()), (True, {"call-1"})])
async def test_a_bucket_names_the_contact_behind_it_where_that_is_wanted(
    db: Database, database_url: str, *, wanted: bool, expected: set[str]
):
    async with running(db, database_url, exemplars=wanted) as service:
        await busy(service)
        for seconds in (15, 3600):
            service.clock.pass_(seconds=seconds)
            await service.settle()
            page = (await service.client.get("/metrics", headers=OPENMETRICS)).text

            found = {
                (sample.exemplar.labels["contact"], sample.exemplar.value, sample.labels["le"])
                for family in READERS[Format.OPENMETRICS](page)
                for sample in family.samples
                if sample.exemplar
            }
            assert found == {(contact, 30.0, "30.0") for contact in expected}


@pytest.mark.requirement(18)
async def test_no_counter_falls_when_customers_are_merged_or_erased_or_the_service_restarts(
    db: Database, database_url: str
):
    clock = HandClock()
    async with running(db, database_url, clock) as service:
        await busy(service)
        before = counters(await service.metrics())
        await service.send("customer.merged", "Acme", into="Birk")
        await service.send("contact.merged", "call-2", into="call-1")
        await service.settle()
        merged = counters(await service.metrics())
        await erase(db, GONE)
        await service.settle()
        erased = counters(await service.metrics())
    async with running(db, database_url, clock) as service:
        restarted = counters(await service.metrics())

    assert sum(before.values()) > 0
    assert [
        fallen(*pair) for pair in ((before, merged), (merged, erased), (erased, restarted))
    ] == [
        {},
        {},
        {},
    ]


async def erase(db: Database, tables: Iterable[str]) -> None:
    async with db.begin() as tx:
        for table in tables:
            await tx.execute(text(f"DELETE FROM {table}"))


@pytest.mark.requirement(29)
async def test_a_customer_who_is_gone_is_gone_from_the_next_page(db: Database, database_url: str):
    async with running(db, database_url) as service:
        await busy(service)
        assert await customers(service) == called(service, "Acme", "Birk")

        await erase(db, GONE)
        await service.settle()

        assert await customers(service) == set()


@pytest.mark.requirement(3)
async def test_customers_who_wait_for_nothing_cost_the_pages_nothing(
    db: Database, database_url: str
):
    async with running(db, database_url) as service:
        await busy(service)
        few = [(await service.client.get(path)).content for path in PAGES]
        async with db.begin() as tx:
            await tx.execute(
                text(
                    "INSERT INTO customers (id, public_name, tiers_since, tiers)"
                    " SELECT 'k' || n, false, '{}', '{}' FROM generate_series(1, 100000) AS n"
                )
            )
        await service.settle()
        many = [(await service.client.get(path)).content for path in PAGES]

    names = [
        [{(name, key) for name, key, _ in read(page)} for page in pages] for pages in (few, many)
    ]
    assert names[0] == names[1]


@pytest.mark.requirement(25, 27)
async def test_customers_of_the_first_tier_are_always_named_with_their_tier(
    db: Database, database_url: str
):
    async with running(db, database_url) as service:
        await service.send("customer.updated", "Acme", tier="important")
        await busy(service)
        page = (await service.client.get("/metrics/customers")).content
        pages = service.app.service.newest.pages
        presenter, terms = service.app.service.presenter, service.app.service.known_terms()
        snapshot = await presenter.take(terms, {}, service.clock.now)

    assert snapshot.first_tier == "important"
    assert pages is not None
    assert pages.customers.named_since.keys() == called(service, "Acme", "Birk")
    (acme,), (birk,) = called(service, "Acme"), called(service, "Birk")
    info = {(dict(key)["customer"], dict(key)["tier"]) for key in values(page, INFO)}
    assert info == {(acme, "important"), (birk, "standard")}
