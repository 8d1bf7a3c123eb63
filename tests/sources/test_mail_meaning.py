"""What one mail means: to which contact it belongs, who wrote it, and whether anybody waits."""

import pytest

from app.core.source import Source
from app.sources import kinds
from app.sources.adapter import Unreadable
from app.sources.configuration import read_sources
from tests.sources.mails import (
    ANNA,
    HER,
    OURS,
    SALES,
    SUPPORT,
    at,
    attachment,
    customer_of,
    data_of,
    desk,
    events,
    fetched,
    mail,
    told,
)

REPLY = {"References": "<root@x.example> <m0@x.example>", "In_Reply_To": "<m0@x.example>"}
BY_ANNA = {"From": ANNA, "To": HER, "Message_ID": "<a1@firm.example>"}


def test_a_mail_that_goes_on_from_nothing_opens_a_contact_of_its_own():
    assert told(mail()) == [("contact.received", "<m1@kunde.example>")]


@pytest.mark.parametrize(
    ("fields", "contact"),
    [
        (REPLY, "<root@x.example>"),
        ({"In_Reply_To": "<m0@x.example>"}, "<m0@x.example>"),
        ({"References": "root@x.example m0@x.example"}, "<root@x.example>"),
        ({"References": "\r\n <root@\r\n x.example>\r\n\t<m0@x.example>"}, "<root@x.example>"),
        ({"References": "", "In_Reply_To": "Mail of Monday <m0@x.example>"}, "<m0@x.example>"),
        ({"References": "<m1@kunde.example> <m0@x.example>"}, "<m0@x.example>"),
        ({"Subject": "Re: [#4711] Help"}, "4711"),
        ({"Subject": "=?utf-8?b?U1Y6IFsjNDcxMV0gSGrDpmxw?="}, "4711"),
    ],
)
def test_a_reply_belongs_to_the_contact_that_its_thread_began(fields, contact):
    assert told(mail(**fields)) == [("customer.replied", contact)]


def test_a_subject_that_names_a_contact_without_being_a_reply_may_open_it():
    assert told(mail(Subject="[#4711] Help")) == [("contact.received", "4711")]


def test_a_contact_that_a_subject_names_is_also_known_by_the_id_that_answers_refer_to():
    assert data_of(mail(Subject="[#4711] Help"))["same_as"] == "<m1@kunde.example>"


def test_a_mail_that_refers_to_itself_goes_on_from_nothing():
    itself = {"References": "<m1@kunde.example>", "In_Reply_To": "<m1@kunde.example>"}

    assert told(mail(**itself)) == [("contact.received", "<m1@kunde.example>")]


def test_a_tag_in_our_address_names_a_contact_only_where_the_configuration_says_so():
    sent = mail(To="support+t77@firm.example")
    tagged = frozenset({"support+*@firm.example"})

    assert told(sent) == [("contact.received", "<m1@kunde.example>")]
    assert told(sent, addresses=tagged) == [("customer.replied", "t77")]
    assert data_of(sent, addresses=tagged)["team"] == SUPPORT


def test_what_a_customer_forwards_to_us_begins_something():
    assert told(mail(Subject="Fwd: odd mail", **REPLY)) == [
        ("contact.received", "<root@x.example>")
    ]


@pytest.mark.parametrize(
    ("recipients", "team"),
    [
        ({"To": SUPPORT, "Cc": SALES}, SUPPORT),
        ({"To": f"Bo <bo@kunde.example>, {SALES}", "Cc": SUPPORT}, SALES),
        ({"To": "Support+web@Firm.Example"}, SUPPORT),
        ({"To": "undisclosed-recipients:;", "Delivered_To": SALES}, SALES),
        ({"To": "list@kunde.example", "X_Original_To": SALES, "Delivered_To": "x7@in"}, SALES),
        ({"To": f"All of us: {SALES}, bo@kunde.example;"}, SALES),
    ],
)
def test_the_team_is_the_first_mailbox_of_ours_that_it_was_sent_to(recipients, team):
    assert data_of(mail(**recipients))["team"] == team


def test_a_mailbox_that_teams_name_is_told_as_they_write_it():
    (event,) = events(mail(To="SALES@firm.example"), teams={"Sales@Firm.example": "sales"})

    assert b'"team":"Sales@Firm.example"' in event.body


def test_without_knowing_our_mailboxes_the_team_is_where_it_was_delivered():
    (event,) = events(mail(To="someone@else.example", Delivered_To="in@firm.example"))

    assert b'"team":"in@firm.example"' in event.body


def test_a_reply_to_somebody_of_ours_by_name_leaves_the_contact_with_its_team():
    assert "team" not in data_of(mail(To=ANNA, **REPLY))
    assert data_of(mail(To=ANNA))["team"] == "anna@firm.example"
    assert data_of(mail(To=ANNA, Cc=SALES, **REPLY))["team"] == SALES


def test_a_person_by_name_is_no_mailbox_where_another_one_could_be():
    config = {"staff": frozenset({"anna@firm.example"}), "addresses": frozenset()}

    assert data_of(mail(To=f"{ANNA}, info@firm.example"), **config)["team"] == "info@firm.example"


def test_an_answer_of_one_of_us_that_we_get_a_copy_of_is_seen():
    sent = data_of(mail(**BY_ANNA, **REPLY, Delivered_To="journal@firm.example"))

    assert (sent["type"], sent["contact"]) == ("agent.replied", "<root@x.example>")
    assert sent["agent"] == "anna@firm.example"
    assert "aliases" not in sent  # Whether who it is written to is the customer nobody knows here.


def test_a_mail_that_we_begin_is_told_as_one_that_we_began_with_whom_we_wrote_to():
    sent = data_of(mail(**BY_ANNA))

    assert (sent["type"], sent["direction"]) == ("agent.replied", "outbound")
    assert [alias["value"] for alias in sent["aliases"]] == ["hanne@kunde.example"]


@pytest.mark.parametrize(
    ("fields", "agent"),
    [
        ({"From": SUPPORT, "Sender": ANNA}, "anna@firm.example"),
        ({"From": SUPPORT, "X_Authenticated_Sender": "anna@firm.example"}, "anna@firm.example"),
        ({"From": SUPPORT}, None),
    ],
)
def test_a_mailbox_that_several_share_is_no_agent(fields, agent):
    assert data_of(mail(**BY_ANNA | fields, **REPLY)).get("agent") == agent


def test_a_mail_in_the_folder_of_sent_mail_is_ours_whatever_the_configuration():
    (event,) = events(fetched(mail(**BY_ANNA, **REPLY), "sent"))

    assert (event.type, event.subject) == ("agent.replied", "<root@x.example>")


def test_in_the_folder_of_sent_mail_a_mail_to_a_colleague_tells_nothing():
    assert events(fetched(mail(From=ANNA, To="bo@firm.example"), "sent")) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"From": ANNA, "To": SUPPORT},
        {"From": ANNA, "To": "bo@firm.example", "Cc": SALES, **REPLY},
        {"From": SUPPORT, "To": ANNA, "Auto_Submitted": "auto-generated"},
    ],
)
def test_what_we_write_to_each_other_tells_nothing(fields):
    assert told(mail(**fields)) == []


@pytest.mark.parametrize("subject", ["Fwd: Help", "VS: Help", "WG: Help", "FW: [#7] Help"])
def test_what_we_forward_to_a_supplier_is_no_answer(subject):
    supplier = BY_ANNA | {"To": "parts@supplier.example", "Subject": subject}

    assert told(mail(**supplier, **REPLY)) == []


def test_what_danes_forward_finns_answer():
    finn = BY_ANNA | {"From": "Aino <aino@firma.fi>", "Subject": "VS: Help"}

    sent = told(mail(**finn, **REPLY), staff_domains=frozenset({"firma.fi"}))

    assert sent == [("agent.replied", "<root@x.example>")]


@pytest.mark.parametrize(
    "fields",
    [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}],
)
def test_an_automatic_answer_of_ours_is_none_of_a_human(fields):
    assert data_of(mail(**BY_ANNA, **REPLY, **fields))["actor"] == "system"


def test_a_help_desk_that_wants_no_automatic_answers_still_sends_those_of_people():
    sent = data_of(mail(**BY_ANNA, **REPLY, X_Auto_Response_Suppress="All"))

    assert "actor" not in sent


def test_an_answer_of_a_listed_machine_is_that_of_a_bot():
    assert (
        data_of(mail(**BY_ANNA, **REPLY), bots=frozenset({"anna@firm.example"}))["actor"] == "bot"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied; owner=x"},
        {"Precedence": "Junk"},
        {"Precedence": "list"},
        {"List_Id": "<news.kunde.example>"},
        {"X_Auto_Response_Suppress": "OOF"},
        {"X_Autorespond": "yes"},
        {"Return_Path": "<>"},
        {"From": "Mail Delivery <MAILER-DAEMON@kunde.example>"},
        {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"},
        {"X_Spam_Flag": "YES"},
        {"X_Spam_Status": "Yes, score=9.1"},
    ],
)
def test_nobody_waits_for_an_answer_to_a_machine(fields):
    assert told(mail(**fields)) == []


def test_nobody_waits_for_an_answer_to_a_listed_machine_or_to_a_thumb():
    thumb = "--e\r\nContent-Type: text/vnd.google.email-reaction+json\r\n\r\n{}\r\n--e--"

    assert told(mail(), bots=frozenset({"hanne@kunde.example"})) == []
    assert told(mail(thumb, Content_Type="multipart/alternative; boundary=e", **REPLY)) == []


@pytest.mark.parametrize(
    "fields", [{"Auto_Submitted": "no"}, {"X_Spam_Flag": "NO"}, {"X_Autoreply": "no"}]
)
def test_a_header_that_denies_it_changes_nothing(fields):
    assert told(mail(**fields)) == [("contact.received", "<m1@kunde.example>")]


def test_a_list_that_is_a_mailbox_of_ours_hands_on_what_customers_write():
    group = {"List_Id": "<support.firm.example>", "Precedence": "list"}
    rewritten = {"From": f"'Hanne' via Support <{SUPPORT}>", "X_Original_From": HER}

    assert customer_of(mail(**group)) == "hanne@kunde.example"
    assert customer_of(mail(**group, **rewritten, Cc="bo@kunde.example")) == "hanne@kunde.example"


@pytest.mark.parametrize(
    "fields", [{"Resent_From": HER}, {"X_Forwarded_For": f"{HER} {SUPPORT}"}, {"Reply_To": HER}]
)
def test_what_one_of_us_hands_on_is_the_mail_of_who_wrote_it(fields):
    handed_on = mail(From=ANNA, To=SUPPORT, Subject="Fwd: Help", **fields)

    assert data_of(handed_on)["type"] == "contact.received"
    assert customer_of(handed_on) == "hanne@kunde.example"


def test_a_form_on_our_own_pages_is_the_mail_of_who_filled_it_in():
    form = mail(From="web@firm.example", Reply_To=HER)

    assert customer_of(form) == "hanne@kunde.example"


def test_what_is_handed_on_without_its_writer_waits_to_be_told_whose_it_is():
    handed_on = data_of(mail(From=ANNA, To=SUPPORT, Subject="Fwd: Help"))

    assert handed_on["type"] == "contact.received"
    assert handed_on["inferred"]
    assert "aliases" not in handed_on


def test_a_mail_handed_on_as_an_attachment_tells_what_it_would_have_told_itself():
    content_type, body = attachment(mail(To=ANNA), "Content-Type: text/plain\r\n\r\nnever stored")
    outer = mail(
        body, From=ANNA, To=SALES, Message_ID="<f@x>", Date=at(60), Content_Type=content_type
    )

    handed_on = data_of(outer)
    (direct,) = events(mail(), **OURS)
    (same,) = events(outer, **OURS)

    assert (handed_on["at"], handed_on["team"]) == ("08:00", SALES)
    assert handed_on["aliases"][0]["value"] == "hanne@kunde.example"
    assert (same.subject, same.type, same.fact) == (direct.subject, direct.type, direct.fact)


def test_a_forward_within_her_thread_tells_the_fact_of_the_mail_that_it_forwards():
    (direct,) = events(mail(), **OURS)
    forward = {"References": "<m1@kunde.example>", "In_Reply_To": "<m1@kunde.example>"}
    (again,) = events(mail(From=ANNA, To=SALES, Subject="FW: Help", **forward), **OURS)

    assert (again.subject, again.type, again.fact) == (direct.subject, direct.type, direct.fact)


def test_a_report_to_a_journal_holds_the_mail_and_names_hidden_recipients():
    report = (
        "Content-Type: text/plain\r\n\r\nSender: anna@firm.example\r\nSubject: never stored\r\n"
        "Recipient: bo@firm.example\r\nBcc: hanne@kunde.example, Expanded: all@firm.example"
    )
    inner = mail(From=ANNA, To="bo@firm.example", Message_ID="<a1@firm.example>", **REPLY)
    content_type, body = attachment(inner, report)
    outer = mail(
        body,
        From="journal@firm.example",
        To="archive@vault.example",
        X_MS_Journal_Report="",
        Content_Type=content_type,
    )

    sent = data_of(outer)

    assert (sent["type"], sent["contact"]) == ("agent.replied", "<root@x.example>")
    assert sent["agent"] == "anna@firm.example"


def test_a_report_to_a_journal_of_which_only_the_header_came_tells_nothing():
    assert told(mail(From="journal@kunde.example", X_MS_Journal_Report="")) == []


@pytest.mark.parametrize(
    ("fields", "customer"),
    [
        ({"From": '"Doe, Jane (at work)" <Jane@Kunde.Example>'}, "jane@kunde.example"),
        ({"From": "jane@kunde.example (Jane)"}, "jane@kunde.example"),
        ({"From": '"jane doe"@kunde.example'}, '"jane doe"@kunde.example'),
        ({"From": "=?iso-8859-1?q?J=E6ne=2C_Doe?= <jane@kunde.example>"}, "jane@kunde.example"),
        ({"From": "'jane@kunde.example'"}, "jane@kunde.example"),
        ({"From": "Jane <@a.example,@b.example:jane@kunde.example>"}, "jane@kunde.example"),
        ({"From": "No Reply <no-reply@shop.example>", "Reply_To": HER}, "hanne@kunde.example"),
        ({"From": "broken", "Sender": HER}, "hanne@kunde.example"),
        ({"From": None, "Return_Path": "<hanne@kunde.example>"}, "hanne@kunde.example"),
    ],
)
def test_the_customer_is_who_wrote_it(fields, customer):
    assert customer_of(mail(**fields)) == customer


def test_without_a_writer_it_waits_to_be_told_whose_it_is():
    nobody = data_of(mail(From="nobody"))

    assert nobody["inferred"]
    assert "aliases" not in nobody


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (mail(), "08:00"),
        (fetched(mail(), internal_date="2027-03-01T08:30:00+00:00"), "08:30"),
        (fetched(mail(), internal_date="yesterday"), "08:00"),
        (fetched(mail(), internal_date="2027-03-01T12:00:01Z"), "08:00"),
        (mail(Date="Mon, 1 Mar 2027 09:30:00 +0200 (CEST)"), "07:30"),
        (mail(Date="Mon, 1 Mar 2027 08:15:00 -0000"), "08:15"),
        (mail(Date="2027-03-01T08:20:00Z"), "08:20"),
        (mail(Date=None), "12:00"),
        (mail(Date="soon"), "12:00"),
        (mail(Date="Mon, 1 Mar 2027 12:00:01 +0000"), "12:00"),
        (mail(Date="Thu, 1 Jan 1970 00:00:00 +0000"), "12:00"),
        (mail(Date="0001-01-01T00:00:00+23:59"), "12:00"),
    ],
)
def test_it_was_written_when_the_mailbox_says_or_its_sender_but_never_after_it_came(sent, expected):
    assert data_of(sent)["at"] == expected


def test_a_mail_without_an_id_is_known_by_what_its_header_says():
    one, again = (events(mail(Message_ID=None))[0] for _ in range(2))
    other = events(mail(Message_ID=None, Subject="Other"))[0]

    assert one.subject == again.subject
    assert one.subject != other.subject


@pytest.mark.parametrize(
    ("written", "known_as"),
    [
        ("m1@x", "<m1@x>"),
        (" < m1@x > ", "<m1@x>"),
        ("<m1@x> <m2@x>", "<m1@x>"),
        (["", "<m2@x>"], "<m2@x>"),
    ],
)
def test_an_id_that_is_badly_written_is_read_as_answers_will_write_it(written, known_as):
    assert data_of(mail(Message_ID=written))["contact"] == known_as


def test_an_id_without_measure_is_known_by_its_digest():
    long = f"<{'x' * 900}@x.example>"

    assert data_of(mail(Message_ID=long))["contact"] == data_of(mail(References=long))["contact"]


def test_the_same_mail_through_two_of_our_mailboxes_is_one_fact():
    copies = [mail(To=HER, Delivered_To=box) for box in (SUPPORT, SALES)]

    told_twice = [events(copy)[0] for copy in copies]

    assert len({event.id for event in told_twice}) == 2
    assert len({(event.subject, event.type, event.fact) for event in told_twice}) == 1


def test_what_is_no_mail_is_refused():
    with pytest.raises(Unreadable, match="expected a message"):
        events(b"never stored")


def test_text_of_a_mail_is_never_told():
    content_type, body = attachment(mail(), "Content-Type: text/plain\r\n\r\nnever stored")
    sent = [
        mail(Subject="never stored"),
        mail(body, From=ANNA, Subject="Fwd: never stored", Content_Type=content_type),
        mail(**BY_ANNA, **REPLY),
    ]

    assert not any(b"never stored" in event.body for raw in sent for event in events(raw, **OURS))


def test_answers_are_told_only_where_it_is_known_who_is_one_of_us():
    adapter = kinds.ADAPTERS["mailgun"]
    config = desk()

    assert "agent.replied" not in adapter.tells_with(config)
    assert "agent.replied" in adapter.tells_with(desk(staff=frozenset({"anna@firm.example"})))


def test_a_mailbox_with_a_star_can_be_configured():
    text = """
sources:
  - id: post
    kind: mailgun
    secrets: [{env: KEY}]
    addresses: [support+*@Firm.example]
    staff_domains: [firm.example]
"""
    (config,) = read_sources(text, lambda *_: "key")

    assert isinstance(config.source, Source)
    assert config.addresses == {"support+*@firm.example"}
    assert "agent.replied" in config.source.tells
