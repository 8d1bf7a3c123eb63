"""What programs are told about contacts: one with every working, and lists by standing."""

import httpx
import pytest
from sqlalchemy import text

from app.api.problems import PROBLEM_TYPE
from app.core.events import HOOK_SOURCE_PREFIX
from app.operations.access import make_token
from tests.api.contact_desk import (
    CATCH_ALL,
    NO_GAPS,
    NO_SPANS,
    RULE,
    UNFIT,
    Desk,
    minute,
    said,
    span,
)
from tests.conftest import NOON
from tests.running import Running


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
            "inferred": False,
            "kept_inferred": False,
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
