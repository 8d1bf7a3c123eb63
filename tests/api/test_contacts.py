"""What programs are told about contacts: one with every working, and lists by standing."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.api.problems import PROBLEM_TYPE
from app.core.events import HOOK_SOURCE_PREFIX
from app.operations.access import make_token
from tests.conftest import NOON
from tests.running import Running

UNTOLD = 'evenhand_contacts_untold{team="support",channel="email"}'
RULE: dict[str, Any] = {
    "name": "Everything else",
    "line": 16,
    "policy_version": 1,
    "fits": {},
    "above": [
        {"rule": "Phone", "line": 12, "attribute": "channel", "has": "email", "wanted": ["phone"]}
    ],
}
NO_SPANS: dict[str, Any] = {
    "seconds": 0.0,
    "first": [],
    "more": 0,
    "more_seconds": 0.0,
    "last": [],
}
NO_GAPS: dict[str, Any] = {"first": [], "more": 0, "last": []}
UNFIT = "'Phone' did not fit: the contact came by e-mail, not by phone."
CATCH_ALL = "(policy version 1, line 16), which is for whatever no rule above it fits."


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def said(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def span(start: datetime, end: datetime) -> dict[str, Any]:
    seconds = (end - start).total_seconds()
    told = {"start": said(start), "end": said(end), "seconds": seconds}
    return {**NO_SPANS, "seconds": seconds, "first": [told]}


class Desk:
    """The service, things that happen at the desk, and a client that may read."""

    def __init__(self, service: Running, token: str) -> None:
        self.service = service
        self.headers = {"authorization": f"Bearer {token}"}

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.service.client.get(path, headers=self.headers)
        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.headers["content-type"] == PROBLEM_TYPE
        return answer.json()

    async def tell(self, at: float, type_: str, contact: str, **data: Any) -> None:
        """Something happens so many minutes after noon, and is told at once."""
        self.service.clock.now = minute(at)
        answer = await self.service.send(type_, contact, **data)
        assert answer.status_code == 202, answer.text

    async def mail(self, contact: str, at: float = 0, **data: Any) -> None:
        told = {"channel": "email", "customer": "acme", "team": "support", **data}
        await self.tell(at, "contact.received", contact, **told)

    async def listed(self, query: str) -> list[str]:
        told = await self.get(f"/v1/contacts?{query}")
        return [each["contact"] for each in told["contacts"]]

    async def pass_to(self, at: float) -> None:
        """Move to so many minutes after noon with everything worked out."""
        self.service.clock.now = minute(at)
        await self.service.settle()


@pytest.fixture
async def desk(service: Running) -> Desk:
    _, token = await make_token(service.db, {"read"}, "reader", service.clock.now)
    return Desk(service, token)


async def test_a_contact_is_told_with_the_working_of_every_deadline(desk: Desk):
    await desk.tell(0, "customer.updated", "acme", name="Acme A/S")
    await desk.mail("m1", link="https://desk.example/m1", queue="support")
    await desk.tell(30, "agent.replied", "m1", agent="kim")
    await desk.pass_to(40)

    told = await desk.get("/v1/contacts/m1")

    first, resolution = told.pop("clocks")
    assert told == {
        "contact": "m1",
        "source": "crm",
        "also": [],
        "became_part_of": None,
        "link": "https://desk.example/m1",
        "customer": {"customer": "acme", "name": "Acme A/S"},
        "tier": "standard",
        "team": "support",
        "channel": "email",
        "queue": "support",
        "zone": "UTC",
        "as_of": said(minute(40)),
        "state": "open",
        "opened_at": said(NOON),
        "waiting_since": None,
        "resolved_at": None,
        "last_event_at": said(minute(30)),
        "self_service_seconds": None,
        "passed_on": 0,
        "turned_away": False,
        "turned_away_inferred": False,
        "history_missing": False,
        "is_being_worked_out": False,
        "sentences": [
            "Contact m1 of Acme A/S (standard), by e-mail, with support.",
            "All times are those of UTC, as of Monday 2 March 12:40.",
            "It is open, and no answer is owed.",
        ],
        "exchanges": [
            {
                "kind": "first_response",
                "status": "met",
                "cycles": 1,
                "missed": 0,
                "worst_seconds": 1800.0,
            },
            {
                "kind": "resolution",
                "status": "running",
                "cycles": 0,
                "missed": 0,
                "worst_seconds": None,
            },
        ],
        "without": [
            {
                "kind": "next_response",
                "sentence": "Next response: she has not asked again since we answered.",
            },
            {
                "kind": "update",
                "sentence": "Update: the rule 'Everything else' (line 16) promises nothing of this "
                "kind.",
            },
            {
                "kind": "follow_up",
                "sentence": "Follow-up: nothing was promised to the customer.",
            },
            {
                "kind": "callback",
                "sentence": "Call back: the rule 'Everything else' (line 16) promises nothing of "
                "this kind.",
            },
            {
                "kind": "ownership",
                "sentence": "Taking charge: the rule 'Everything else' (line 16) promises nothing "
                "of this kind.",
            },
        ],
        "clocks_left_out": 0,
        "promises": [],
        "callbacks": [],
        "events": [
            {
                "type": "contact.received",
                "time": said(NOON),
                "source": "crm",
                "id": "e2",
                "received_at": said(NOON),
                "inferred": False,
            },
            {
                "type": "agent.replied",
                "time": said(minute(30)),
                "source": "crm",
                "id": "e3",
                "received_at": said(minute(30)),
                "inferred": False,
            },
        ],
        "events_left_out": 0,
    }
    assert first == {
        "kind": "first_response",
        "cycle": 1,
        "status": "met",
        "overdue": False,
        "started_at": said(NOON),
        "due_at": said(minute(60)),
        "breaches_at": said(minute(60)),
        "stopped_at": said(minute(30)),
        "target_seconds": 3600.0,
        "elapsed_seconds": 1800.0,
        "team": "support",
        "tier": "standard",
        "channel": "email",
        "working": {
            "promised": "1h",
            "calendar": "always",
            "rule": RULE,
            "counted": span(NOON, minute(30)),
            "ahead": NO_SPANS,
            "left_out": NO_GAPS,
            "silent": NO_GAPS,
            "not_told": [],
        },
        "said": [],
        "sentences": [
            (
                f"First response, promised within 1 h (round the clock) by the rule 'Everything else' "
                f"{CATCH_ALL}"
            ),
            UNFIT,
            "Started Monday 2 March 12:00, with the customer's first message.",
            "Counted: Mon 2 Mar 12:00-12:30 (30 min).",
            "Due Monday 2 March 13:00.",
            "Answered Monday 2 March 12:30: kept, 30 min of 1 h used.",
        ],
    }
    assert (resolution["kind"], resolution["status"]) == ("resolution", "running")
    assert resolution["working"]["counted"] == span(NOON, minute(40))
    assert resolution["working"]["ahead"] == span(minute(40), minute(2 * 24 * 60))


async def test_a_contact_says_what_is_owed_and_what_was_said_of_it(desk: Desk):
    await desk.mail("m1")
    await desk.tell(10, "followup.promised", "m1", promise="p1", due=said(minute(90)))
    await desk.pass_to(61)
    await desk.tell(62, "contact.transferred", "m1", from_agent="kim", agent="lee")
    await desk.pass_to(65)

    told = await desk.get("/v1/contacts/m1")

    first, follow_up = told["clocks"][0], told["clocks"][2]
    assert told["promises"] == [
        {
            "promise": "p1",
            "promised_at": said(minute(10)),
            "due_at": said(minute(90)),
            "due_team": None,
            "moves": 0,
            "status": "running",
            "breached": False,
            "ended_at": None,
        }
    ]
    assert follow_up["sentences"][0] == (
        "Follow-up, promised to the customer for Monday 2 March 13:30."
    )
    assert (told["passed_on"], told["state"], first["overdue"]) == (1, "waiting", True)
    assert first["said"] == [
        {"what": "noted", "breached_at": said(minute(60)), "noted_at": said(minute(61))}
    ]
    assert first["sentences"][-2:] == [
        "Broken since Monday 2 March 13:00, and not answered yet: 1 h 5 min used of 1 h.",
        "We said that it was broken Monday 2 March 13:01.",
    ]


async def test_a_breach_that_was_taken_back_is_never_silent(desk: Desk):
    await desk.mail("m1")
    await desk.pass_to(61)
    await desk.service.send("agent.replied", "m1", minute(20))
    await desk.pass_to(63)

    told = await desk.get("/v1/contacts/m1")

    assert told["clocks"][0]["status"] == "met"
    assert [each["what"] for each in told["clocks"][0]["said"]] == ["noted", "withdrawn"]
    assert told["clocks"][0]["sentences"][-1] == (
        "We said that it was broken Monday 2 March 13:01, and took that back Monday 2 March 13:03: "
        "it is not broken after all."
    )


async def test_a_missed_call_says_that_a_call_back_is_owed(desk: Desk):
    await desk.tell(0, "contact.received", "c1", channel="phone", customer="acme", team="hotline")
    await desk.tell(1, "contact.missed", "c1")
    await desk.pass_to(2)

    told = await desk.get("/v1/contacts/c1")

    assert told["callbacks"] == [
        {
            "team": "hotline",
            "since": said(minute(1)),
            "called_at": None,
            "due_at": None,
            "status": None,
        }
    ]


async def test_what_is_not_worked_out_yet_is_told_all_the_same(desk: Desk):
    await desk.mail("m1")
    await desk.tell(5, "agent.replied", "m1")

    told = await desk.get("/v1/contacts/m1?source=crm")

    assert told["is_being_worked_out"] is True
    assert told["clocks"][0]["status"] == "met"


async def test_looking_at_a_contact_changes_nothing(desk: Desk):
    await desk.mail("m1")
    before = await desk.service.marks()

    await desk.get("/v1/contacts/m1?source=crm")

    assert before == await desk.service.marks() == 1


async def test_an_unknown_contact_is_a_problem(desk: Desk):
    problem = await desk.get("/v1/contacts/m9", 404)
    of_source = await desk.get("/v1/contacts/m9?source=/hooks/chat", 404)

    assert problem == {
        "type": "about:blank",
        "title": "There is no such thing",
        "status": 404,
        "detail": "no source told of a contact 'm9'",
    }
    assert of_source["detail"] == "no source told of a contact 'm9' of the source '/hooks/chat'"


async def test_ids_that_no_contact_can_have_are_harmless(desk: Desk):
    assert (await desk.get("/v1/contacts/%00", 404))["status"] == 404
    assert (await desk.get("/v1/contacts/m1?source=%00", 422))["field"] == "source"
    assert (await desk.get("/v1/contacts/%ED%A0%80", 404))["status"] == 404
    assert (await desk.get(f"/v1/contacts/{'x' * 5000}", 404))["status"] == 404


async def test_a_contact_of_several_sources_has_to_be_told_apart(desk: Desk):
    await desk.mail("m/1")
    await desk.pass_to(1)
    await copy_to_source(desk, "m/1", f"{HOOK_SOURCE_PREFIX}chat")

    problem = await desk.get("/v1/contacts/m/1", 409)
    addresses = [each["href"] for each in problem["candidates"]]
    found = [(await desk.get(address))["source"] for address in addresses]

    assert [each["source"] for each in problem["candidates"]] == ["/hooks/chat", "crm"]
    assert addresses == ["/v1/contacts/m/1?source=/hooks/chat", "/v1/contacts/m/1?source=crm"]
    assert found == ["/hooks/chat", "crm"]


async def copy_to_source(desk: Desk, subject: str, source: str) -> None:
    """Another source knows a contact of the same id, and has told the same of it."""
    async with desk.service.db.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO events (received_at, occurred_at, source, event_id, type, subject, "
                "contact_key, body) SELECT received_at, occurred_at, :source, event_id, type, "
                "subject, :key, body FROM events WHERE subject = :subject"
            ),
            {"source": source, "key": f"{source}\x1f{subject}", "subject": subject},
        )
        await tx.execute(
            text("INSERT INTO sources_heard VALUES (:source, :now) ON CONFLICT DO NOTHING"),
            {"source": source, "now": NOON},
        )


async def test_a_contact_that_became_one_with_another_is_found_under_both_names(desk: Desk):
    await desk.mail("m1")
    await desk.tell(1, "customer.replied", "m2", same_as="m1")
    await desk.pass_to(2)

    told = await desk.get("/v1/contacts/m2")

    assert (told["contact"], told["also"]) == ("m1", [{"source": "crm", "contact": "m2"}])


async def test_a_contact_that_was_merged_names_the_one_it_became_a_part_of(desk: Desk):
    await desk.mail("m1")
    await desk.mail("m2", 1)
    await desk.tell(2, "contact.merged", "m2", into="m1")
    await desk.pass_to(3)

    told = await desk.get("/v1/contacts/m2")

    assert (told["state"], told["became_part_of"]) == ("merged", "m1")
    assert "It became a part of contact m1, and counts there." in told["sentences"]


async def test_an_event_that_cannot_be_read_is_said(desk: Desk):
    await desk.mail("m1")
    async with desk.service.db.begin() as tx:
        await tx.execute(text("""UPDATE events SET body = '{"channel": "pigeon"}'"""))

    problem = await desk.get("/v1/contacts/m1?source=crm", 503)

    assert problem["detail"].startswith("an event of this contact cannot be read: ")


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


@pytest.mark.parametrize("path", ["/v1/contacts?standing=waiting", "/v1/contacts/m1"])
async def test_a_token_that_may_read_is_needed(desk: Desk, path: str):
    sender = {"authorization": f"Bearer {desk.service.token}"}

    for headers in ({}, sender):
        answer = await desk.service.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_failure_of_ours_is_a_problem_that_says_nothing_of_its_cause(desk: Desk):
    async def fails() -> None:
        raise RuntimeError("canary")

    desk.service.app.behind.add_api_route("/fails", fails)
    transport = httpx.ASGITransport(desk.service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/fails")

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM_TYPE)
    assert answer.json()["status"] == 500
    assert "canary" not in answer.text


async def test_the_routes_are_in_the_openapi(desk: Desk):
    document = (await desk.service.client.get("/openapi.json")).json()

    for path in ("/v1/contacts", "/v1/contacts/{contact}"):
        route = document["paths"][path]["get"]
        assert route["security"] == [{"bearer": []}]
        assert {"200", "401", "404", "409", "422", "503"} <= route["responses"].keys()
