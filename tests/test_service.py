"""Stories from POST to /metrics, on a real database."""

import pytest
from pydantic import SecretStr, ValidationError

from app.errands import rebuild_all
from app.operations.rebuild import MissingSources
from app.settings import Settings
from app.store import invariants
from app.store.engine import Database
from tests.running import HandClock, running

WAITING = 'evenhand_contacts_waiting{channel="phone",team="hotline",tier="standard"}'
OVERDUE = (
    'evenhand_clocks_overdue{channel="phone",team="hotline",tier="standard",clock="first_response"}'
)


def _settled(what: str) -> str:
    return f'evenhand_{what}_total{{channel="phone",team="hotline",tier="standard",clock="first_response"}}'


@pytest.mark.requirement(16, 20)
async def test_a_caller_who_waits_longer_than_promised_is_seen_while_she_waits(
    db: Database, database_url: str
) -> None:
    clock = HandClock()
    async with running(db, database_url, clock) as service:
        answer = await service.send("contact.received", "call-1", channel="phone", team="hotline")
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        await service.settle()
        assert (await service.metrics())[WAITING] == 1
        assert (await service.metrics())[_settled("clocks_breached")] == 0

        clock.pass_(seconds=21)
        await service.settle()

        after = await service.metrics()
        assert after[OVERDUE] == 1
        assert after[_settled("clocks_breached")] == 1
        assert after[_settled("clocks_settled")] == 1

        await service.send("contact.answered", "call-1", agent="a1")
        await service.settle()
        assert (await service.metrics())[OVERDUE] == 0
        assert WAITING not in await service.metrics() or (await service.metrics())[WAITING] == 0
        assert (await service.metrics())[_settled("clocks_settled")] == 1
        async with db.begin() as tx:
            assert await invariants.broken(tx) == {}


@pytest.mark.requirement(12)
async def test_customers_bear_opaque_ids_in_metrics(db: Database, database_url: str) -> None:
    async with running(db, database_url) as service:
        await service.send(
            "contact.received", "call-1", channel="phone", team="hotline", customer="Jensen VVS"
        )
        await service.settle()

        text = (await service.client.get("/metrics/customers")).text

    assert 'evenhand_customer_contacts_waiting{customer="c-' in text
    assert "Jensen" not in text


async def test_a_team_the_policy_does_not_name_is_nobodys(db: Database, database_url: str) -> None:
    async with running(db, database_url) as service:
        await service.send("contact.received", "call-1", channel="phone", team="orders")
        await service.settle()

        seen = await service.metrics()

    assert seen[WAITING.replace("hotline", "unmapped")] == 1


async def test_a_rebuild_without_the_sources_that_spoke_is_refused(
    db: Database, database_url: str
) -> None:
    async with running(db, database_url) as service:
        service.app.service.heard.last["/hooks/phone"] = service.clock.now
        await service.settle()

    with pytest.raises(MissingSources, match="phone"):
        await rebuild_all(Settings(database_url=SecretStr(database_url)), print)


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_a_database_url_of_another_form_is_said_with_the_right_form(url: str) -> None:
    with pytest.raises(ValidationError, match="postgresql\\+asyncpg://user"):
        Settings(database_url=SecretStr(url))
