"""Mail is read from a real IMAP server (Dovecot): once, headers only, and nobody sees that it was."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.pollers import mailbox
from app.pollers.mail import MailPoller
from app.sources.adapter import Connection
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.pollers.desk import Desk, source

AT_NOON = "02-Mar-2026 12:00:00 +0000"
LONG_AGO = "01-Jan-2026 12:00:00 +0000"
HEADER = """
From: Maria <maria@example.org>
To: help@desk.example
Subject: never stored
Date: Mon, 2 Mar 2026 11:59:00 +0000
Message-ID: <{id}@example.org>
"""
ANSWER = """
From: Help <help@desk.example>
To: maria@example.org
Subject: never stored
Date: Mon, 2 Mar 2026 12:30:00 +0000
Message-ID: <{id}@desk.example>
In-Reply-To: <{to}@example.org>
References: <{to}@example.org>
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def box(server: Dovecot) -> Dovecot:
    """The server, with two folders that are new and empty."""
    with server.owner() as client:
        for folder in ("INBOX", "Sent"):
            if client.select(folder)[1] != [b"0"]:
                client.store("1:*", "+FLAGS", "\\Deleted")
                client.expunge()
    return server


def poller(box: Dovecot, feed: str = "inbox", password: str = PASSWORD, **told: str) -> MailPoller:
    connection = Connection(host="127.0.0.1", port=box.port, user=USER, tls=False, **told)
    known = replace(
        source("rfc5322", connection, password), addresses=frozenset({"help@desk.example"})
    )
    folder = connection.folder if feed == "inbox" else connection.sent or None
    return MailPoller(known, connection, feed, folder)


async def came(desk: Desk) -> list[str]:
    told = await desk.rows(
        "SELECT type FROM events WHERE type <> 'contact.queued' ORDER BY occurred_at, type"
    )
    return [kind for (kind,) in told]


async def test_new_mail_is_stored_once_with_the_instant_at_which_it_came(desk: Desk, box: Dovecot):
    async with desk.polling(poller(box)) as rests:
        box.put(HEADER.format(id="one"), at=AT_NOON)
        await rests.over()
        await rests.over()

    told = "SELECT type, occurred_at::text, body LIKE '%never stored%' FROM events WHERE type = "
    assert await desk.rows(told + "'contact.received'") == [
        ("contact.received", "2026-03-02 12:00:00+00", False)
    ]
    assert desk.counted("process_events_duplicate_total") == 0


async def test_an_answer_in_the_sent_folder_is_found_and_seen(desk: Desk, box: Dovecot):
    box.put(HEADER.format(id="two"), at=AT_NOON)
    desk.clock.pass_(hours=1)
    box.put(ANSWER.format(id="answer", to="two"), "Sent", at="02-Mar-2026 12:30:05 +0000")

    async with desk.polling(poller(box)):
        pass
    async with desk.polling(poller(box, "sent")):
        pass

    assert await came(desk) == ["contact.received", "agent.replied"]
    assert await desk.rows("SELECT count(DISTINCT subject) FROM events") == [(1,)]


async def test_reading_marks_nothing_as_read(desk: Desk, box: Dovecot):
    box.put(HEADER.format(id="three"), at=AT_NOON)

    async with desk.polling(poller(box)):
        pass

    with box.owner() as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "UNSEEN") == ("OK", [b"1"])


async def test_a_process_that_was_started_anew_goes_on_where_the_last_one_stopped(
    desk: Desk, box: Dovecot
):
    box.put(HEADER.format(id="four"), at=AT_NOON)
    async with desk.polling(poller(box)):
        pass
    box.put(HEADER.format(id="five"), at=LONG_AGO)  # moved here from elsewhere

    async with desk.polling(poller(box)):
        pass

    assert await came(desk) == ["contact.received", "contact.received"]
    assert desk.counted("process_events_duplicate_total") == 0


async def test_of_a_folder_that_was_never_read_old_mail_is_passed_over(desk: Desk, box: Dovecot):
    box.put(HEADER.format(id="old"), at=LONG_AGO)

    async with desk.polling(poller(box)) as rests:
        await rests.over()
        box.put(HEADER.format(id="six"), at=AT_NOON)
        await rests.over()

    assert await came(desk) == ["contact.received"]


async def test_a_folder_that_was_made_anew_is_read_anew_and_nothing_counts_twice(
    desk: Desk, box: Dovecot
):
    with box.owner() as client:
        client.create("Desk")
    box.put(HEADER.format(id="seven"), "Desk", at=AT_NOON)
    async with desk.polling(poller(box, folder="Desk")):
        pass
    with box.owner() as client:
        client.delete("Desk")
        client.create("Desk")
    box.put(HEADER.format(id="seven"), "Desk", at=AT_NOON)
    box.put(HEADER.format(id="eight"), "Desk", at=AT_NOON)

    async with desk.polling(poller(box, folder="Desk")):
        pass

    assert await came(desk) == ["contact.received", "contact.received"]


async def test_many_messages_come_in_several_batches(desk: Desk, box: Dovecot, monkeypatch):
    monkeypatch.setattr("app.pollers.mail.BATCH", 2)
    for number in range(5):
        box.put(HEADER.format(id=f"many-{number}"), at=AT_NOON)

    async with desk.polling(poller(box)):
        pass

    assert await came(desk) == ["contact.received"] * 5


async def test_a_wrong_password_is_said_without_it_and_not_tried_again_soon(
    desk: Desk, box: Dovecot
):
    async with desk.polling(poller(box, password="canary-wrong")) as rests:  # noqa: S106
        standing = await desk.standing("inbox")

    assert standing.error == (
        f"127.0.0.1:{box.port} refused the login of desk; expected its password, or one made for"
        " programs where the provider wants that"
    )
    assert rests.spans == [mailbox.REST_AFTER_REFUSAL]


async def test_a_folder_that_is_not_there_is_named(desk: Desk, box: Dovecot):
    async with desk.polling(poller(box, folder="Støtte")):
        standing = await desk.standing("inbox")

    assert standing.error == 'there is no folder "St&APg-tte"'


async def test_a_server_that_is_away_is_said_and_the_mail_is_read_later(desk: Desk, box: Dovecot):
    gone = poller(box)
    gone.connection = replace(gone.connection, port=1)

    async with desk.polling(gone) as rests:
        standing = await desk.standing("inbox")
        gone.connection = replace(gone.connection, port=box.port)
        box.put(HEADER.format(id="nine"), at=AT_NOON)
        await rests.over()

    assert standing.error == "127.0.0.1:1 cannot be reached or understood: ConnectionRefusedError"
    assert await came(desk) == ["contact.received"]


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (b'1 (UID 7 INTERNALDATE " 2-Mar-2026 12:00:00 +0100" BODY[HEADER]<0> {4}', "11:00"),
        (b'1 (INTERNALDATE "02-MAR-2026 12:00:00 -0030" UID 7 BODY[HEADER]<0> {4}', "12:30"),
        (b'1 (UID 7 INTERNALDATE "99-Foo-2026 12:00:00 +0000" BODY[HEADER]<0> {4}', None),
        (b"1 (UID 7 BODY[HEADER]<0> {4}", None),
    ],
)
def test_the_instant_at_which_mail_came_is_read_or_left_out(around, expected):
    (mail,) = mailbox.mails([(around, b"A: b"), b")"])

    assert (mail.uid, mail.header) == (7, b"A: b")
    assert (mail.came_at.strftime("%H:%M") if mail.came_at else None) == expected


def test_what_stands_behind_the_header_belongs_to_it():
    told = [
        (b"1 (BODY[HEADER]<0> {4}", b"A: b"),
        b' UID 7 INTERNALDATE "02-Mar-2026 12:00:00 +0000")',
    ]

    (mail,) = mailbox.mails(told)

    assert (mail.uid, mail.came_at is None) == (7, False)
