"""The document that replay prints, and its table."""

import msgspec

from app.core import events as e
from app.core.document import document, table
from tests.core.story import DESK, OFFICE, at, mail, replayed, terms, told

STORY = (
    mail("mon 09:00", customer="Acme Ltd."),
    told("mon 10:30", e.AgentReplied()),
    told("mon 11:00", e.FollowupPromised(due=at("tue 10:00"), promise="p1")),
    told("mon 12:00", e.ContactReceived(channel=e.Channel.PHONE), "c2"),
)


def documented(events=STORY, now: str = "tue 11:00", policy: str = OFFICE):
    by = terms(policy)
    return document(replayed(events, now, by), by)


def test_a_clock_tells_its_facts_and_its_verdict():
    (clock, _) = documented()["contacts"][0]["clocks"]

    assert clock == {
        "kind": "first_response",
        "cycle": 1,
        "status": "breached",
        "started_at": "2026-03-02T09:00:00Z",
        "due_at": "2026-03-02T10:00:00Z",
        "breaches_at": "2026-03-02T10:00:00Z",
        "stopped_at": "2026-03-02T10:30:00Z",
        "elapsed_seconds": 5400.0,
        "target_seconds": 3600.0,
        "breached": True,
        "rule": "everyone",
    }


def test_customers_stand_as_they_were_told_and_nobody_is_null():
    contacts = documented()["contacts"]

    assert [(each["contact"], each["source"]) for each in contacts] == [("c1", DESK), ("c2", DESK)]
    assert [each["customer"] for each in contacts] == ["Acme Ltd.", None]


def test_a_promise_tells_what_became_of_it():
    (promise,) = documented()["promises"]

    assert promise == {
        "promise": "p1",
        "contact": "c1",
        "customer": "Acme Ltd.",
        "team": "help",
        "promised_at": "2026-03-02T11:00:00Z",
        "due_at": "2026-03-03T10:00:00Z",
        "moves": 0,
        "status": "running",
        "ended_at": None,
        "breached": True,
    }


def test_the_service_level_counts_what_is_settled():
    level = documented()["service_level"]

    assert level["email"]["first_response"] == {
        "settled": 1,
        "met": 0,
        "breached": 1,
        "share_in_time": 0.0,
    }
    assert level["email"]["follow_up"]["breached"] == 1
    assert level["email"]["resolution"]["share_in_time"] == 0.0


def test_a_share_of_nothing_is_null():
    level = documented([mail("mon 09:00")], "mon 09:10")["service_level"]

    assert level["email"]["first_response"]["settled"] == 0
    assert level["email"]["first_response"]["share_in_time"] is None


def test_the_document_is_json_as_of_its_instant():
    told_again = msgspec.json.decode(msgspec.json.encode(documented()))

    assert told_again["as_of"] == "2026-03-03T11:00:00Z"
    assert told_again["episodes"] == []


def test_an_instant_keeps_its_microseconds():
    (contact,) = documented([mail("mon 09:00:00.25")])["contacts"]

    assert contact["waiting_since"] == "2026-03-02T09:00:00.250000Z"


def test_the_table_has_a_line_for_each_promise():
    lines = table(documented()).splitlines()

    assert lines[0].split() == [
        "contact", "customer", "team", "promise", "stands", "started", "due", "took", "target",
    ]  # fmt: skip
    assert "breached" in lines[1]
    assert "1:30:00" in lines[1]
    assert "running, late" in lines[5]


def test_the_table_gives_counts_and_a_share_only_of_many():
    many = [event for n in range(30) for event in answered(f"m{n}")]

    assert "email, first response: 0 of 1 kept\n" in table(documented())
    assert "email, first response: 30 of 30 kept (100.0%)" in table(documented(many))


def answered(contact: str) -> list[e.Event]:
    return [mail("mon 09:00", contact), told("mon 09:10", e.AgentReplied(), contact)]


def test_a_second_cycle_bears_its_number_and_a_paused_clock_no_due_instant():
    events = [mail(), told("mon 09:10", e.AgentReplied())]
    for hour in (10, 11):
        events += [told(f"mon {hour}:00", e.CustomerReplied())]
        events += [told(f"mon {hour}:01", e.AgentReplied())]
    events.append(told("mon 12:00", e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER)))

    text = table(documented(events))

    assert "next response 2" in text
    assert "paused" in text
