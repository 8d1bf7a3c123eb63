"""A file of open contacts is read line by line into what must have happened before."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import TYPES, Channel, ContactQueued, Incoming, to_event
from app.core.policy import ClockKind, Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Contact, Terms, replay
from app.core.source import Source
from app.sources.tables.backlog import OpenContact, RefusedLine, UnreadableBacklog, read_backlog

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OPENED = NOW - timedelta(days=3)
CHAT = Source(id="chat", kind="chatwoot", teams={"61": "support"}, default_team="support")
PHONE = Source(
    id="phone", kind="aircall", channel=Channel.PHONE, tells=frozenset(TYPES), default_team="help"
)
SOURCES = {"chat": CHAT, "phone": PHONE}
POLICY = read_policy("""
targets:
  - {rule: all, first_response: 4h, next_response: 4h, resolution: 2 business days}
""")


def at(hours: float) -> str:
    """So many hours after the contact came in."""
    return (OPENED + timedelta(hours=hours)).isoformat()


def line(**told: Any) -> dict[str, Any]:
    return {"contact": "7", "source": "crm", "opened_at": at(0), "channel": "email", **told}


def read(*lines: dict[str, Any]) -> list[OpenContact | RefusedLine]:
    return list(read_backlog("\n".join(map(json.dumps, lines)), SOURCES, NOW))


def events(**told: Any) -> tuple[Incoming, ...]:
    (found,) = read(line(**told))
    assert isinstance(found, OpenContact), found
    return found.events


def types(**told: Any) -> list[tuple[str, float]]:
    """What happened, and how many hours after the contact came in."""
    hour = timedelta(hours=1)
    return [(event.type, (event.occurred_at - OPENED) / hour) for event in events(**told)]


def contact(**told: Any) -> Contact:
    """The contact as of now, by its events."""
    replayed = replay(map(to_event, events(**told)), Terms(Policies((POLICY,))), NOW)
    (found,) = replayed.contacts
    return found


def clocks_running(**told: Any) -> dict[str, float]:
    """The clocks, all of which run, and how many hours after the contact came in they began."""
    found = contact(**told).clocks
    assert all(clock.stopped_at is None for clock in found), found
    return {c.kind.value: (c.started_at - OPENED) / timedelta(hours=1) for c in found}


def refused(**told: Any) -> str:
    (found,) = read({key: value for key, value in line(**told).items() if value != "gone"})
    assert isinstance(found, RefusedLine), found
    return str(found)


def test_a_contact_that_nobody_answered_waits_since_it_came_in():
    assert clocks_running(last_customer_at=at(5)) == {"first_response": 0, "resolution": 0}


def test_a_contact_that_was_answered_has_no_first_response_to_judge():
    assert clocks_running(answered="yes") == {"resolution": 0}
    assert types(answered="yes") == [("contact.answered", 0)]


def test_what_she_wrote_after_our_answer_waits_since_then():
    told = {"last_agent_at": at(2), "last_customer_at": at(6)}

    assert clocks_running(**told) == {"next_response": 6, "resolution": 0}
    assert types(**told)[-2:] == [("agent.replied", 2), ("customer.replied", 6)]


def test_the_oldest_message_that_awaits_an_answer_counts_where_it_is_told():
    told = {"last_agent_at": at(2), "waiting_since": at(3), "last_customer_at": at(6)}

    assert clocks_running(**told) == {"next_response": 3, "resolution": 0}


def test_where_we_spoke_last_nobody_waits_for_an_answer():
    told = {"last_agent_at": at(6), "last_customer_at": at(2)}

    assert clocks_running(**told) == {"resolution": 0}


def test_a_contact_that_waits_for_the_customer_is_paused_since_then():
    told = {"last_agent_at": at(6), "state": "waiting_for_customer"}

    assert types(**told)[-1] == ("contact.held", 6)
    assert types(**told, state_since=at(8))[-1] == ("contact.held", 8)
    resolution = contact(**told).clocks[-1]
    assert (resolution.kind, resolution.is_paused) == (ClockKind.RESOLUTION, True)


def test_an_owner_is_the_first_one_and_was_there_from_the_start():
    (_, owned) = events(owner="agent-3")

    assert (owned.type, owned.occurred_at) == ("contact.transferred", OPENED)
    assert json.loads(owned.body) == {"agent": "agent-3", "inferred": True}


def test_where_the_tool_tells_who_is_owed_a_human_an_open_contact_was_put_before_one():
    found = [type_ for type_, _ in types(source="phone", channel=None)]

    assert found == ["contact.received", ContactQueued.type]
    assert [type_ for type_, _ in types(source="crm")] == ["contact.received"]


def test_all_that_is_told_is_marked_inferred_and_names_its_source():
    told = events(
        source="chat", customer="email:jo@x.dk", owner="a", last_agent_at=at(1), team="61"
    )

    assert all(json.loads(event.body)["inferred"] for event in told)
    assert {event.source for event in told} == {"/hooks/chat"}
    (alias,) = json.loads(told[0].body)["aliases"]
    assert (alias["kind"], alias["value"]) == ("email", "jo@x.dk")
    assert json.loads(told[0].body)["team"] == "61"


def test_a_customer_may_go_by_her_name():
    (received,) = events(customer="Jensen: VVS")

    assert json.loads(received.body)["customer"] == "Jensen: VVS"


@given(st.permutations(["contact", "source", "opened_at", "channel", "last_agent_at"]))
def test_the_same_line_makes_the_same_events_in_whatever_order_it_says_it(order: list[str]):
    told = line(last_agent_at=at(1))
    (found,) = read({field: told[field] for field in order})

    assert isinstance(found, OpenContact)
    assert found.events == events(last_agent_at=at(1))
    assert len({event.id for event in found.events}) == len(found.events)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"contact": "gone"}, "contact: expected text, got nothing"),
        ({"source": ""}, "source: expected text, got nothing"),
        ({"source": "/hooks/mail"}, "source: expected the id of a source in sources.yaml"),
        ({"opened_at": "gone"}, "opened_at: expected an instant with an offset"),
        ({"opened_at": "2026-03-01T09:00:00"}, "opened_at: expected an instant with an offset"),
        ({"opened_at": "0001-01-01T00:00:00+14:00"}, "opened_at: expected an instant with"),
        ({"opened_at": "2027-03-01T09:00:00Z"}, "opened_at: expected an instant before now"),
        ({"last_customer_at": at(-1)}, "last_customer_at: expected an instant not before"),
        ({"channel": "fax"}, "channel: expected one of phone, chat, email, got 'fax'"),
        ({"channel": "gone"}, "channel: expected one of phone, chat, email, got 'nothing'"),
        ({"customer": "email: "}, "customer: expected a value after email:"),
        ({"answered": "perhaps"}, "answered: expected yes or no, got 'perhaps'"),
        ({"answered": "no", "last_agent_at": at(1)}, "answered: expected yes, as last_agent_at"),
        ({"state": "closed"}, "state: expected one of open, waiting_for_customer"),
        ({"waiting_since": at(1), "last_agent_at": at(2)}, "waiting_since: expected an instant"),
        ({"team": "a\0b"}, "team: expected text without the character U+0000"),
        ({"team": "x" * 300}, "team: expected"),
        ({"last_costumer_at": at(1)}, "last_costumer_at: expected a field of contact, source"),
        ({"owner": ["a"]}, "owner: expected text, got list"),
    ],
)
def test_a_bad_line_says_its_number_the_field_what_was_expected_and_what_came(
    told: dict[str, Any], said: str
):
    assert refused(**told).startswith("line 1: ")
    assert said in refused(**told)


def test_bad_lines_do_not_keep_good_ones_out():
    lines = [json.dumps(line()), "nonsense", "", '{"contact": 8}', json.dumps(line())]

    found = list(read_backlog("\n".join(lines), SOURCES, NOW))

    assert isinstance(found[0], OpenContact)
    assert [str(one)[:17] for one in found[1:]] == [
        *("line 2: $: expect", "line 4: source: e", "line 5: contact: ")
    ]
    assert str(found[-1]).endswith("expected each contact once, got 7 of line 1 again")


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_may_come_from_a_spreadsheet(separator: str):
    rows = [
        ["\ufeffcontact", "Source", "opened_at", "channel", "answered", "customer"],
        ["7", "crm", at(0), "email", "yes", '"Jensen, Larsen; and ""sons"""'],
        ["", "crm", at(0), "email", "no", ""],
        ["8", "crm", at(0), "email", "no", "", "one too many"],
        [],
        ["9", "crm", at(0), "email"],
    ]

    found = list(
        read_backlog("\r\n".join(separator.join(row) for row in rows) + "\r\n", SOURCES, NOW)
    )

    good = [one for one in found if isinstance(one, OpenContact)]
    assert [str(one)[:24] for one in found if isinstance(one, RefusedLine)] == [
        *("line 3: contact: expecte", "line 4: line: expected 6")
    ]
    assert [(one.line, one.events[0].subject) for one in good] == [(2, "7"), (6, "9")]
    assert json.loads(good[0].events[0].body)["customer"] == 'Jensen, Larsen; and "sons"'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got an empty file"),
        ("contact,source\n1,crm\n", "got no column opened_at"),
        ("contact,source,opened_at,colour\n", "got a column 'colour'"),
        ("contact,source,opened_at,contact\n", "each once, got the columns"),
    ],
)
def test_a_file_that_is_no_backlog_is_refused_as_a_whole(text: str, said: str):
    with pytest.raises(UnreadableBacklog, match=said):
        list(read_backlog(text, SOURCES, NOW))


def test_a_table_that_breaks_off_says_so():
    found = list(read_backlog('contact,source,opened_at\n"7,crm\n', SOURCES, NOW))

    assert [str(one)[:30] for one in found] == ["line 2: line: expected a table"]


@given(st.text(max_size=200))
def test_arbitrary_text_is_refused_in_words_or_read(text: str):
    with suppress(UnreadableBacklog):
        found = list(read_backlog(text, SOURCES, NOW))

        assert all(isinstance(one, RefusedLine) for one in found)


EVERY_KIND = read_policy("""
targets:
  - {rule: all, first_response: 4h, next_response: 4h, resolution: 9h, update: 1h, ownership: 30m}
""")


@pytest.mark.parametrize("owner", [{}, {"owner": "agent-3"}])
def test_when_we_first_answered_nobody_knows_so_nothing_is_judged_by_it(owner: dict[str, str]):
    told = {"answered": "yes", "last_agent_at": at(25), "last_customer_at": at(26), **owner}
    replayed = replay(map(to_event, events(**told)), Terms(Policies((EVERY_KIND,))), NOW)
    (found,) = replayed.contacts

    began = {c.kind.value: (c.started_at - OPENED) / timedelta(hours=1) for c in found.clocks}
    assert began == {"resolution": 0, "update": 25, "next_response": 26}
    assert found.history_missing


def test_answered_some_time_is_no_news_since_it_came_in():
    replayed = replay(map(to_event, events(answered="yes")), Terms(Policies((EVERY_KIND,))), NOW)
    (found,) = replayed.contacts

    assert [clock.kind for clock in found.clocks] == [ClockKind.RESOLUTION]
