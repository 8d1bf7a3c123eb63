"""Contacts by how they stand, a page at a time."""

import pytest

from app.operations.access import make_token
from tests.api.contact_desk import UNTOLD, Desk, minute, said
from tests.conftest import NOON
from tests.running import Running


@pytest.fixture
async def desk(service: Running) -> Desk:
    _, token = await make_token(service.db, {"read"}, "reader", service.clock.now)
    return Desk(service, token)


async def test_contacts_are_listed_by_how_they_stand(desk: Desk):
    await desk.mail("answered")
    await desk.tell(1, "agent.replied", "answered")
    await desk.mail("promised", 2)
    await desk.tell(3, "agent.replied", "promised")
    await desk.tell(3, "followup.promised", "promised", due=said(minute(600)))
    await desk.mail("waits", 4)
    await desk.mail("late", 4, team="hotline")
    await desk.pass_to(5)
    assert (await desk.service.metrics())[UNTOLD] == 1
    await desk.mail("fresh", 66)
    await desk.pass_to(67)

    assert await desk.listed("standing=waiting") == ["fresh", "late", "waits"]
    assert await desk.listed("standing=overdue") == ["late", "waits"]
    assert await desk.listed("standing=overdue&team=hotline") == ["late"]
    assert await desk.listed("standing=untold") == ["answered"]
    assert await desk.listed("standing=lost_track") == []
    assert await desk.listed("standing=not_measurable") == []
    await desk.pass_to(31 * 24 * 60)
    assert await desk.listed("standing=lost_track&team=support") == [
        *("answered", "fresh", "promised", "waits")
    ]
    assert await desk.listed("standing=overdue") == ["promised"]
    assert await desk.listed("standing=untold") == []


async def test_a_promise_that_was_kept_leaves_the_customer_untold_again(desk: Desk):
    await desk.mail("m1")
    await desk.tell(1, "agent.replied", "m1")
    await desk.tell(2, "followup.promised", "m1", promise="p1", due=said(minute(600)))
    await desk.pass_to(3)
    assert await desk.listed("standing=untold") == []

    await desk.tell(4, "followup.done", "m1", promise="p1")
    await desk.pass_to(5)

    assert await desk.listed("standing=untold") == ["m1"]
    assert (await desk.service.metrics())[UNTOLD] == 1


async def test_a_list_goes_on_where_it_ended(desk: Desk):
    for number in range(5):
        await desk.mail(f"m{number}")
    await desk.pass_to(1)

    first = await desk.get("/v1/contacts?standing=waiting&limit=2")
    second = await desk.get(f"/v1/contacts?standing=waiting&limit=2&after={first['next']}")
    third = await desk.get(f"/v1/contacts?standing=waiting&limit=2&after={second['next']}")

    pages = [[each["contact"] for each in page["contacts"]] for page in (first, second, third)]
    assert pages == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert third["next"] is None
    assert third["contacts"] == [
        {
            "contact": "m4",
            "source": "crm",
            "link": None,
            "customer": {"customer": "acme", "name": None},
            "tier": "standard",
            "team": "support",
            "channel": "email",
            "waiting_since": said(NOON),
            "last_event_at": said(NOON),
            "due_at": said(minute(60)),
            "breaches_at": said(minute(60)),
        }
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "standing"),
        ("standing=angry", "standing"),
        ("standing=waiting&limit=201", "limit"),
        ("standing=waiting&after=%25", "after"),
        ("standing=waiting&after=AA", "after"),
        ("standing=waiting&team=%00", "team"),
        ("standing=waiting&tema=support", "tema"),
    ],
)
async def test_a_list_that_cannot_be_understood_is_refused_by_name(desk: Desk, query, field):
    assert (await desk.get(f"/v1/contacts?{query}", 422))["field"] == field
