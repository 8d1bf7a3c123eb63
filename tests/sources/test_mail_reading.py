"""Headers, addresses, parts and forms, as they should be written and as they are."""

from base64 import encodebytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sources import kinds
from app.sources.adapter import Delivery, Unreadable
from app.sources.mail.addresses import MAX_CHARACTERS, addresses_in
from app.sources.mail.form import read_form
from app.sources.mail.header import MAX_EDGE, MAX_LINES, decoded, of_pairs, read_header
from app.sources.mail.parts import attached_message, parts_of, read_part, unpacked
from tests.sources.mails import OURS, attachment, desk, events, fetched, mail
from tests.sources.payloads import NOON

IN_PARTS = (
    b'--E\r\nContent-Disposition: form-data; name="a"\r\n\r\n1+ \xc3\xa6\r\n--E\r\n'
    b'content-disposition: form-data; name="b"; filename="f"\r\n\r\n=\n\r\n--E--'
)
PIECES = st.sampled_from(
    [
        *(b"From: ", b"To: ", b"Message-ID: ", b"References: ", b"Subject: ", b"Date: ", b"Cc: "),
        *(b"Content-Type: multipart/mixed; boundary=e", b"X-MS-Journal-Report:", b"--e", b"--e--"),
        *(b"Content-Type: message/rfc822", b"Content-Transfer-Encoding: base64", b"=?utf-8?b?"),
        *(b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b"\xff", b"<", b">", b"@", b"(", b'"', b"\\"),
        *(b"a@firm.example", b"<m@x>", b",", b";", b":", b"?=", b"[#1]", b"Fwd: ", b"9" * 40),
    ]
)


@given(st.lists(PIECES, max_size=60).map(b"".join), st.sampled_from(["", "inbox", "sent"]))
@settings(max_examples=400, deadline=None)
def test_whatever_a_mail_looks_like_it_is_refused_or_gives_sound_events(raw, folder):
    for options in ({}, OURS):
        try:
            told = events(fetched(raw, folder, "2027-03-01T08:00:00Z"), **options)
        except Unreadable:
            continue
        assert all(event.type in kinds.ADAPTERS["rfc5322"].tells for event in told)


@pytest.mark.parametrize(
    "raw",
    [
        b"a:\n" * 300_000,
        b"\r\n " * 300_000,
        b"From: " + b"(" * 900_000,
        b"From: " + b"<" * 900_000,
        b"To: " + b'"\\' * 450_000,
        b"".join(name + b": " + b"@," * 8_000 + b"\n" for name in (b"To", b"Cc", b"Bcc") * 20),
        b"Subject: " + b"=?utf-8?q?=41?= " * 60_000,
        b"Message-ID: " + b"<a" * 450_000,
        b"From: a@b\nX-MS-Journal-Report:\nContent-Type: multipart/mixed; boundary=e\n\n"
        + b"--e\nContent-Type: multipart/mixed; boundary=e\n\n" * 18_000,
        b"From: a@b\nX-MS-Journal-Report:\nContent-Type: multipart/mixed; boundary=e\n\n"
        + b"--e\n" * 240_000,
        b"\0" * 900_000,
        b"\r" * 900_000,
    ],
)
def test_a_mail_without_measure_is_read_within_limits(raw):
    try:
        told = events(raw, **OURS)
    except Unreadable:
        told = ()

    assert len(told) <= 1


def test_of_ten_thousand_references_the_first_one_is_the_thread():
    many = "".join(f"\r\n <{i:030d}@x.example>" for i in range(10_000))

    (event,) = events(mail(References=many))

    assert event.subject == f"<{0:030d}@x.example>"
    assert read_header(mail(References=many)).first("from")  # What stands after it is read as well.


def test_lines_and_fields_beyond_the_limits_are_not_read():
    assert "from" not in read_header(b"x:\r\n" * MAX_LINES + b"From: a@b")
    assert len(read_header(b"To: " + b"x" * 900_000).first("to")) <= 2 * MAX_EDGE + 1


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        (b"SUBJECT : a\r\n\tb", "subject", "a\tb"),
        (b"\r\n\r\nSubject: a\r\n\r\nSubject: b", "subject", "a"),
        (b"From x Mon Mar 1\nSubject: a", "subject", "a"),
        (b"Subject: a\rFrom: b@c\r\rText: c", "from", "b@c"),
        (b"no field at all\nSubject: a", "subject", "a"),
        ("Subject: æ".encode(), "subject", "æ"),
        ("Subject: æ".encode("latin-1"), "subject", "æ"),
        (b"Subject: a\0b\x07c", "subject", "abc"),
        (b"Subject:\nSubject: b", "subject", "b"),
    ],
)
def test_a_header_is_read_as_it_comes(raw, name, value):
    assert read_header(raw).first(name) == value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?Q?[=234711]?= Help", "[#4711] Help"),
        ("=?iso-8859-1?B?WyM0NzEx?=\t=?us-ascii?q?]_Help?=", "[#4711] Help"),
        ("=?no-such?q?a?=", "a"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
    ],
)
def test_encoded_words_of_a_subject_are_read_as_far_as_they_can(written, read):
    assert decoded(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a@b, C <c@d>", ["a@b", "c@d"]),
        ('"a, b" <a@b> (said "(she)", c@d), e@f', ["a@b", "e@f"]),
        ("Doe, Jane <a@b>", ["a@b"]),
        ("Us: a@b, c@d; e@f", ["a@b", "c@d", "e@f"]),
        ("undisclosed-recipients:;", []),
        ("a@b, A@B", ["a@b"]),
        ('"never closed <a@b>', ["a@b"]),
        ("<a@b", ["a@b"]),
        ("a@b =?utf-8?q?=2C?= C <c@d>", ["a@b", "c@d"]),
        ('J <"a b"@c>, K < d @ e >, <mailto:f@g>', ['"a b"@c', "d@e", "f@g"]),
        ("Jane a@b", ["a@b"]),
        ("mail to a@b.", ["a@b"]),
        ("@b, a@, @", []),
        (f"{'x' * 250}@b.example", []),
    ],
)
def test_addresses_are_found_among_names_comments_and_groups(written, read):
    assert list(addresses_in(written)) == read


def test_addresses_beyond_the_limit_are_not_read():
    assert len(addresses_in(*["a1@b.example, " * 10_000])) == 1
    assert addresses_in("x@y," + " " * MAX_CHARACTERS, "a@b") == ("x@y",)


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_an_attached_mail_is_found_however_it_is_encoded(encoding):
    inner = mail(Subject="inner")
    content = {
        "7bit": inner,
        "base64": encodebytes(inner),
        "quoted-printable": inner.replace(b"=", b"=3D"),
    }[encoding]
    head = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    body = b"--e\r\n\r\ntext\r\n--e\r\n" + head.encode() + content + b"\r\n--e--"
    outer = b"Content-Type: multipart/mixed; boundary=e\r\n\r\n" + body

    found = attached_message(read_part(outer))

    assert found is not None
    assert found.header.first("subject") == "inner"


@pytest.mark.parametrize(
    ("packed", "read"),
    [(b"SGVs\r\nbG8h", b"Hello!"), (b"SGVsbG8", b"Hel"), (b"A===", b""), (b"\xff", b"")],
)
def test_what_is_packed_is_read_as_far_as_it_goes(packed, read):
    assert unpacked(packed) == read


def test_what_is_empty_is_taken_from_where_it_is_told():
    told = of_pairs([("To", ""), ("X-Mark", ""), ("From", "a@b")])

    filled = told.filled(of_pairs([("to", "c@d"), ("from", "e@f")]))

    assert (filled.first("to"), filled.first("from"), "x-mark" in filled) == ("c@d", "a@b", True)


def test_parts_in_parts_are_looked_through_only_so_deep():
    nested = b"Content-Type: text/plain\r\n\r\nx"
    for i in range(9):
        edge = f"e{i}".encode()
        nested = (
            b"Content-Type: multipart/mixed; boundary=" + edge
            + b"\r\n\r\n--" + edge + b"\r\n" + nested + b"\r\n--" + edge + b"--"
        )  # fmt: skip

    assert [part.kind for part in parts_of(read_part(nested))] == ["multipart/mixed"]


def test_a_boundary_that_begins_like_another_one_is_another_one():
    content_type, body = attachment(mail(), "\r\nbefore\r\n--edgeless\r\nstill before")
    raw = mail(body, Content_Type=content_type)

    assert len(list(parts_of(read_part(raw)))) == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=1%2B+%C3%A6&b=%3D%0A&a=2&=&%61%62=x", "application/x-www-form-urlencoded"),
        (IN_PARTS, "multipart/form-data; boundary=E"),
        (IN_PARTS.replace(b'"', b""), ""),
    ],
)
def test_a_form_is_read_in_either_way_that_it_is_posted(body, content_type):
    form = read_form(Delivery({"content-type": content_type}, body, NOON))

    assert (form["a"].decode(), form["b"]) == ("1+ æ", b"=\n")


def test_a_form_in_parts_needs_a_boundary():
    with pytest.raises(Unreadable, match="boundary"):
        read_form(Delivery({"content-type": "multipart/form-data"}, b"", NOON))


def test_any_byte_in_a_form_comes_through():
    raw = bytes(range(256))
    quoted = b"".join(b"%%%02X" % byte for byte in raw)

    assert read_form(Delivery({}, b"a=" + quoted, NOON))["a"] == raw
    assert read_form(Delivery({}, b"a=1%&b=%zz%", NOON))["a"] == b"1"


def test_only_wanted_fields_of_a_form_are_read():
    assert dict(read_form(Delivery({}, b"a=1&b=2", NOON), ("b",))) == {"b": b"2"}


def test_our_own_configuration_needs_no_mailboxes():
    assert kinds.translate(fetched(mail()), desk())[0].subject == "<m1@kunde.example>"
