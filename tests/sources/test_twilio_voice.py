"""What the status of a call means: its legs, its directions, and who is called by what."""

import json
from typing import Any

import pytest

from app.sources import kinds
from tests.sources.payloads import config
from tests.sources.twilio import at, of_call, posted

LEG = {"CallSid": "CA02", "ParentCallSid": "CA01", "Direction": "outbound-dial"}
OURS = {"Direction": "outbound-api", "From": "+4570101010", "To": "+4520304050"}


def told(status: str, kind: str = "twilio-voice", **more: str) -> list[dict[str, Any]]:
    values = {name: value for name, value in of_call(status, "10:00:00", **more).items() if value}
    return [
        {"type": each.type, "contact": each.subject, "fact": each.fact, **json.loads(each.body)}
        for each in kinds.translate(posted(values), config(kind))
    ]


def types(status: str, **more: str) -> list[str]:
    return [each["type"] for each in told(status, **more)]


def test_the_statuses_before_a_call_is_taken_tell_one_fact():
    first, second = told("initiated"), told("ringing")

    assert [(each["type"], each["fact"]) for each in (*first, *second)] == [
        ("contact.received", "call")
    ] * 2


def test_that_twilio_picked_up_is_no_answer():
    assert types("in-progress") == []


@pytest.mark.parametrize("status", ["in-progress", "completed"])
def test_a_leg_that_the_call_dialled_was_answered_as_long_ago_as_the_talk_lasted(status):
    dialled = {"DialCallStatus": "completed", "DialCallSid": "CA02", "DialCallDuration": "200"}
    sent = posted(of_call(status, "10:04:00", **dialled))

    answered, *_ = kinds.translate(sent, config("twilio-voice"))
    [by_itself] = told("in-progress", **LEG)

    assert (answered.type, answered.occurred_at) == ("contact.answered", at("10:00:40"))
    assert answered.fact == by_itself["fact"]


def test_a_leg_that_the_call_dialled_in_vain_is_no_answer():
    assert types("in-progress", DialCallStatus="no-answer", DialCallSid="CA02") == []


def test_a_leg_at_one_of_us_is_of_the_call_it_belongs_to_and_names_no_customer():
    [answered] = told("in-progress", From="+4570101010", To="+4529998877", **LEG)

    assert (answered["type"], answered["contact"]) == ("contact.answered", "CA01")
    assert "aliases" not in answered
    assert "agent" not in answered


def test_legs_that_ring_at_several_of_us_are_several_facts():
    [one] = told("no-answer", **LEG)
    [other] = told("no-answer", **{**LEG, "CallSid": "CA03"})

    assert one["fact"] != other["fact"]
    assert one["reason"] == "no_answer"


def test_a_parent_that_is_the_call_itself_is_no_parent():
    assert types("ringing", ParentCallSid="CA01") == ["contact.received"]


def test_a_call_from_a_browser_of_ours_is_our_own():
    browser = {"From": "client:jo", "To": "+4520304050"}
    begun, attempt = told("ringing", **browser)

    assert (begun["type"], begun["direction"]) == ("contact.received", "outbound")
    assert (attempt["type"], attempt["direction"]) == ("agent.replied", "outbound")
    assert [alias["value"] for alias in attempt["aliases"]] == ["+4520304050"]
    assert types("in-progress", **browser) == [], "Twilio picked up, not she"
    assert types("completed", **browser) == ["work.ended", "contact.resolved"]


@pytest.mark.parametrize("called", ["client:jo", "sip:jo@pbx.example", "SIP:jo@pbx.example"])
def test_a_leg_to_one_of_us_without_a_parent_is_nobodys_call(called):
    assert types("ringing", **{**OURS, "To": called}) == []


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_whom_we_rang_in_vain_is_owed_nothing_new(status):
    events = told(status, **OURS)

    assert [each["type"] for each in events] == ["agent.replied", "contact.resolved"]
    assert all(each["direction"] == "outbound" for each in events)


def test_her_answering_machine_is_not_she():
    assert types("in-progress", AnsweredBy="human", **OURS) == ["contact.answered"]
    assert types("in-progress", AnsweredBy="machine_end_beep", **OURS) == []
    assert types("in-progress", AnsweredBy="fax", **OURS) == []


@pytest.mark.parametrize("number", ["+266696687", "+7378742833", "anonymous", ""])
def test_a_withheld_number_is_nobodys(number):
    [received] = told("ringing", From=number)

    assert "aliases" not in received


def test_the_number_that_was_rung_is_the_team_unless_tasks_say_where_the_call_ended():
    assert told("ringing")[0]["team"] == "+4570101010"
    assert told("completed")[0]["team"] == "+4570101010"
    assert told("ringing", kind="twilio-eventstreams")[0]["team"] == "+4570101010"
    assert "team" not in told("completed", kind="twilio-eventstreams")[0]
    assert "team" not in told("completed", **OURS)[0]


def test_a_source_of_tasks_tells_of_calls_what_it_says_it_tells():
    assert [each["type"] for each in told("no-answer", kind="twilio-taskrouter", **OURS)] == [
        "contact.resolved"
    ]
