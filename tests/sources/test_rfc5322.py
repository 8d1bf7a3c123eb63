import pytest

from app.sources import kinds, rfc5322
from app.sources.adapter import BadSignature, Connection
from app.sources.translation import translate
from tests.sources.mails import data_of, desk, fetched, mail
from tests.sources.payloads import NOON, config, delivery


def test_a_mail_is_posted_with_a_token():
    sent = delivery(mail(), authorization="Bearer our-invented-token")

    kinds.verify(sent, config("rfc5322", secrets=("our-invented-token",), unsigned=True), NOON)


def test_without_a_token_nothing_vouches_for_a_mail():
    with pytest.raises(BadSignature, match="unsigned: true"):
        kinds.verify(delivery(mail()), config("rfc5322", secrets=("canary-secret",)), NOON)


@pytest.mark.parametrize(("folder", "event"), [("", "inbox"), ("INBOX", "inbox"), ("sent", "sent")])
def test_the_event_is_the_folder(folder, event):
    assert rfc5322.ADAPTER.event_of(fetched(mail(), folder)) == event


def test_who_reads_a_mailbox_says_when_a_mail_came_and_where_it_lay():
    headers = {"X-Evenhand-Internaldate": "2027-03-01T08:00:09+00:00", "X-Evenhand-Folder": "sent"}
    (found,) = translate("rfc5322", mail(To="jo@else.example"), headers, NOON)

    assert (found["type"], found["time"]) == ("agent.replied", "2027-03-01T08:00:09Z")


def test_answers_are_told_where_the_folder_of_sent_mail_is_read():
    inbox = desk(connection=Connection(host="imap.firm.example", user="support@firm.example"))
    both = desk(connection=Connection(host="imap.firm.example", sent="Sent"))

    assert "agent.replied" not in rfc5322.ADAPTER.tells_with(inbox)
    assert "agent.replied" in rfc5322.ADAPTER.tells_with(both)


def test_the_mailbox_that_we_log_in_to_is_ours():
    inbox = Connection(host="imap.firm.example", user="desk@firm.example")
    told = data_of(
        mail(To="x@kunde.example, Desk@firm.example"), addresses=frozenset(), connection=inbox
    )

    assert told["team"] == "desk@firm.example"
