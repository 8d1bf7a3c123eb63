"""The whole course of a correspondence, from mails to clocks, whatever the order of arrival."""

from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from app.core.document import document
from app.core.events import Event, to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.core.source import Source
from app.sources import rfc5322
from tests.sources.mails import (
    ANNA,
    HER,
    MORNING,
    OURS,
    SALES,
    SUPPORT,
    at,
    desk,
    events,
    fetched,
    mail,
)

POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())
DESK = Source(
    id="desk",
    kind="rfc5322",
    tells=rfc5322.ADAPTER.tells_with(desk(**OURS)),
    teams={SUPPORT: "support", SALES: "sales"},
)
ROOT = "<q1@kunde.example>"

HER_MAIL = mail(To=SUPPORT, Cc=SALES, Message_ID=ROOT, Date=at(0))
OUR_ANSWER = mail(
    From=ANNA,
    To=HER,
    Message_ID="<a1@firm.example>",
    Date=at(60),
    References=ROOT,
    In_Reply_To=ROOT,
)
HER_REPLY = mail(
    To=ANNA,
    Cc=SUPPORT,
    Message_ID="<q2@kunde.example>",
    Date=at(90),
    References=f"{ROOT} <a1@firm.example>",
)
OUR_SECOND_ANSWER = mail(
    From=ANNA,
    To=HER,
    Message_ID="<a2@firm.example>",
    Date=at(105),
    References=f"{ROOT} <a1@firm.example> <q2@kunde.example>",
)
COURSE = (HER_MAIL, OUR_ANSWER, HER_REPLY, OUR_SECOND_ANSWER)


def heard(*raws: bytes) -> list[Event]:
    return [to_event(event) for raw in raws for event in events(raw, **OURS)]


def told_by(happened: list[Event], until: datetime) -> dict[str, Any]:
    terms = Terms(Policies((POLICY,)), {DESK.event_source: DESK})
    return document(replay(happened, terms, until), terms)


def clocks(happened: list[Event]) -> dict[str, Any]:
    """The one contact: its key, its team, its customer, and its response clocks."""
    told = told_by(happened, MORNING + timedelta(hours=4))
    (contact,) = told["contacts"]
    responses = [
        (clock["kind"], clock["cycle"], clock["status"], clock["elapsed_seconds"])
        for clock in contact["clocks"]
        if clock["kind"] in ("first_response", "next_response")
    ]
    return {
        "contact": contact["contact"],
        "team": contact["team"],
        "customer": contact["customer"],
        "responses": sorted(responses),
    }


ANSWERED = {
    "contact": ROOT,
    "team": "support",
    "customer": "email:hanne@kunde.example",
    "responses": [("first_response", 1, "met", 3600), ("next_response", 1, "met", 900)],
}


def test_her_mail_our_answer_her_reply_and_our_second_answer_are_two_clocks_that_are_met():
    assert clocks(heard(*COURSE)) == ANSWERED


@pytest.mark.parametrize("order", list(permutations(COURSE)))
def test_the_order_of_arrival_and_repeats_change_nothing(order):
    assert clocks(heard(*order, *order[:3])) == ANSWERED


def test_the_same_mails_through_several_of_our_mailboxes_change_nothing():
    copies = [
        b"Delivered-To: " + box.encode() + b"\r\n" + raw
        for raw in COURSE
        for box in (SALES, SUPPORT, "journal@firm.example")
    ]

    assert clocks(heard(*copies)) == ANSWERED
    assert clocks(heard(*reversed(copies))) == ANSWERED


def test_where_our_mailboxes_are_not_known_two_copies_are_still_one_contact_of_one_team():
    copies = [
        to_event(event)
        for box in (SALES, SUPPORT)
        for event in events(mail(To=HER, Message_ID=ROOT, Delivered_To=box))
    ]

    assert clocks(copies) == clocks(copies[::-1])
    assert clocks(copies)["contact"] == ROOT


def test_a_copy_in_the_folder_of_sent_mail_is_the_same_answer():
    sent = events(fetched(OUR_ANSWER, "sent", "2027-03-01T09:00:02+00:00"), **OURS)

    assert clocks([*heard(*COURSE), *map(to_event, sent)]) == ANSWERED


def test_what_we_forward_to_a_supplier_and_our_automatic_reply_answer_nobody():
    forward = mail(
        From=ANNA,
        To="parts@supplier.example",
        Subject="FW: Help",
        Message_ID="<a0@firm.example>",
        Date=at(10),
        References=ROOT,
    )
    receipt = mail(
        From=SUPPORT,
        To=HER,
        Message_ID="<auto@firm.example>",
        Date=at(1),
        Auto_Submitted="auto-replied",
        References=ROOT,
    )

    assert clocks(heard(HER_MAIL, forward, receipt))["responses"] == [
        ("first_response", 1, "running", 12600)
    ]
    assert clocks(heard(*COURSE, forward, receipt)) == ANSWERED


def test_her_automatic_reply_while_away_starts_nothing():
    away = mail(
        To=ANNA,
        Message_ID="<away@kunde.example>",
        Date=at(106),
        Auto_Submitted="auto-replied",
        References=f"{ROOT} <a1@firm.example>",
    )

    assert clocks(heard(*COURSE, away)) == ANSWERED


def test_when_we_write_first_a_clock_runs_from_her_answer():
    ours = mail(From=ANNA, To=HER, Message_ID="<o1@firm.example>", Date=at(0))
    hers = mail(To=ANNA, Message_ID="<h1@x>", Date=at(30), References="<o1@firm.example>")
    again = mail(
        From=ANNA, To=HER, Message_ID="<o2@x>", Date=at(40), References="<o1@firm.example>"
    )

    found = clocks(heard(again, hers, ours))

    assert found["contact"] == "<o1@firm.example>"
    assert found["responses"] == [("first_response", 1, "met", 600)]


def test_a_mail_that_is_handed_on_and_comes_by_itself_is_one_question():
    handed_on = mail(
        From=ANNA,
        To=SALES,
        Subject="Fwd: Help",
        Message_ID="<f1@firm.example>",
        Date=at(5),
        References=ROOT,
        In_Reply_To=ROOT,
    )

    assert clocks(heard(handed_on, *COURSE)) == ANSWERED


def test_answers_reach_a_contact_that_a_subject_named_by_either_of_its_keys():
    hers = mail(Subject="[#0815] Help", Message_ID=ROOT, Date=at(0))
    by_subject = mail(From=ANNA, To=HER, Subject="Re: [#0815]", Message_ID="<a1@x>", Date=at(60))

    for answer in (by_subject, OUR_ANSWER):
        assert clocks(heard(hers, answer))["responses"] == [("first_response", 1, "met", 3600)]
