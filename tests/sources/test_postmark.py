import json
from typing import Any

import pytest

from app.core.events import Incoming
from app.sources import kinds, postmark
from app.sources.adapter import Unreadable
from app.sources.kinds import ADAPTERS
from tests.sources.mails import OURS
from tests.sources.payloads import config, delivery, own

FIRST: dict[str, Any] = json.loads(own("postmark", "first.json"))


def told(payload: dict[str, Any], **options: Any) -> list[Incoming]:
    return list(kinds.translate(delivery(payload), config("postmark", **options)))


def with_headers(*pairs: tuple[str, str]) -> dict[str, Any]:
    named = {name for name, _ in pairs}
    kept = [pair for pair in FIRST["Headers"] if pair["Name"] not in named]
    return FIRST | {"Headers": [*kept, *({"Name": name, "Value": value} for name, value in pairs)]}


def test_an_answer_of_ours_that_postmark_gets_a_copy_of_is_seen():
    answer = with_headers(("References", "<q1@x>"), ("Message-ID", "<a1@firm.example>")) | {
        "From": "anna@firm.example",
        "FromFull": {"Email": "anna@firm.example"},
        "ToFull": [{"Email": "hanne@kunde.example"}],
        "OriginalRecipient": "5f0e@inbound.example",
    }

    (event,) = told(answer, **OURS)

    assert (event.type, event.subject) == ("agent.replied", "<q1@x>")


def test_a_mailbox_of_ours_that_is_handed_on_to_postmark_is_the_team():
    (event,) = told(FIRST | {"OriginalRecipient": "5f0e@inbound.example"}, **OURS)

    assert json.loads(event.body)["team"] == "support@firm.example"


def test_a_tag_in_the_address_names_a_contact_where_the_configuration_says_so():
    tagged = FIRST | {"OriginalRecipient": "in+t77@inbound.example", "ToFull": [], "To": ""}

    (event,) = told(tagged, addresses=frozenset({"in+*@inbound.example"}))

    assert event.subject == "t77"


def test_the_mail_as_it_was_is_looked_through_for_who_wrote_what_is_handed_on():
    inner = "From: hanne@kunde.example\r\nMessage-ID: <q0@x>\r\n\r\nnever stored"
    raw = (
        "Content-Type: multipart/mixed; boundary=e\r\n\r\n"
        f"--e\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--e--"
    )
    handed_on = FIRST | {
        "From": "anna@firm.example",
        "FromFull": None,
        "ToFull": [{"Email": "support@firm.example"}],
        "RawEmail": raw,
    }

    (event,) = told(handed_on, **OURS)

    assert (event.type, event.subject) == ("contact.received", "<q0@x>")
    assert b"hanne@kunde.example" in event.body


def test_other_webhooks_are_named_and_tell_nothing():
    bounced = {"RecordType": "Bounce", "MessageID": "x", "From": 7}

    assert told(bounced) == []
    assert postmark.ADAPTER.event_of(delivery(bounced)) == "Bounce"
    assert postmark.ADAPTER.event_of(delivery(FIRST)) == "Inbound"
    assert postmark.ADAPTER.event_of(delivery(b"{")) is None


@pytest.mark.parametrize("payload", [{}, {"Headers": None}, {"RawEmail": "x"}])
def test_what_holds_no_mail_is_refused(payload):
    with pytest.raises(Unreadable, match="expected a message"):
        told(payload)


def test_postmark_wants_a_plain_200():
    reply = ADAPTERS["postmark"].answer(delivery(FIRST), config("postmark"))

    assert reply is not None
    assert reply.status == 200
