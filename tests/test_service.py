"""Stories from POST to /metrics, on a real database."""

from app.store import invariants
from app.store.engine import Database
from tests.running import HandClock, running

WAITING = 'evenhand_contacts_waiting{channel="phone",team="hotline",tier="standard"}'
OVERDUE = (
    'evenhand_clocks_overdue{channel="phone",team="hotline",tier="standard",clock="first_response"}'
)


def _settled(what: str) -> str:
    return f'evenhand_{what}_total{{channel="phone",team="hotline",tier="standard",clock="first_response"}}'


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
