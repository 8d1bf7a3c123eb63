"""A table of customers: what its columns may be called, and what is wrong with a line."""

import re

import pytest

from app.core.events import Alias, AliasKind
from app.sources.refusal import RefusedValue
from app.sources.tables.backlog import RefusedLine
from app.sources.tables.customers import (
    Customer,
    Reading,
    Table,
    UnreadableCustomers,
    read_customers,
)
from app.sources.tables.spelled_aliases import Spelling

EMAIL, PHONE, DOMAIN, ID = AliasKind.EMAIL, AliasKind.PHONE, AliasKind.DOMAIN, AliasKind.ID
TIERS = ("important", "standard")


def table(text: str | bytes, region: str = "") -> Table:
    raw = text.encode() if isinstance(text, str) else text
    spelling = Spelling(region, {"chat": "/hooks/chat"})
    return read_customers(raw, Reading(spelling, TIERS))


def good(text: str | bytes, region: str = "") -> Customer:
    (line,) = table(text, region).lines
    assert isinstance(line, Customer), line
    return line


def refused(text: str | bytes) -> RefusedLine:
    (line,) = table(text).lines
    assert isinstance(line, RefusedLine), line
    return line


def test_a_line_tells_who_she_is_and_what_is_known_of_her():
    line = good(
        "id,name,tier,since,public name,email,phone,domain,id:chat\n"
        "acme,Acme A/S,important,2019-05-01,yes,jo@acme.test;ann@acme.test,+45 11 22 33 44,"
        "acme.test,12\n"
    )

    told = line.told
    assert (line.line, line.id, told.name, told.tier) == (2, "acme", "Acme A/S", "important")
    assert (told.since and told.since.isoformat(), told.public_name) == (
        *("2019-05-01T00:00:00+00:00", True),
    )
    assert [(alias.kind, alias.value) for alias in told.aliases] == [
        (EMAIL, "jo@acme.test"),
        (EMAIL, "ann@acme.test"),
        (PHONE, "+4511223344"),
        (DOMAIN, "acme.test"),
        (ID, "/hooks/chat:12"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Customer ID;Company Name;Customer-Tier;E-mail",
        "account_number;ACCOUNT NAME;segment;Primary Email",
        "\ufeffKundenr.;Firma;Level;Mail",
    ],
)
def test_columns_may_be_called_what_other_systems_call_them(header: str):
    line = good(f"{header}\r\n1001;Acme;important;jo@acme.test\r\n")

    told = line.told
    assert (line.id, told.name, told.tier) == ("1001", "Acme", "important")
    assert told.aliases == (Alias(EMAIL, "jo@acme.test"),)


def test_columns_that_mean_nothing_here_are_named_and_left_alone():
    found = table("id,Favourite colour,name\nacme,blue,Acme\n")

    assert (found.ignored, len(list(found.lines))) == (("Favourite colour",), 1)


def test_without_an_id_the_first_alias_names_her():
    assert good("email,tier\nJo@Acme.test,important\n").id == "email:jo@acme.test"
    assert good("domain,tier\nacme.test,important\n").id == "domain:acme.test"


def test_numbers_without_a_country_need_a_region():
    assert good("id,phone\nacme,20 12 34 56\n", "DK").told.aliases[0].value == "+4520123456"
    assert good("id,phone\nacme,0045 20123456\n").told.aliases[0].value == "+4520123456"
    assert refused("id,phone\nacme,20 12 34 56\n").expected.startswith("a number with its country")


def test_any_alias_can_say_what_it_is():
    told = "jo@acme.test | +4511223344 | domain:acme.test | id:chat:12 | id:crm:7"
    line = good(f"id,aliases\nacme,{told}\n")

    assert [alias.value for alias in line.told.aliases] == [
        *("jo@acme.test", "+4511223344", "acme.test", "/hooks/chat:12", "crm:7"),
    ]


def test_a_tools_id_that_is_an_address_is_one():
    assert good("id,id:chat\nacme,jo@acme.test\n").told.aliases == (Alias(EMAIL, "jo@acme.test"),)


@pytest.mark.parametrize(
    ("text", "field", "got"),
    [
        ("id,tier\nacme,gold\n", "tier", "'gold'"),
        ("id,tier\n,important\n", "id", "nothing"),
        ("id,tier\nunknown:x,important\n", "id", "'unknown:x'"),
        ("id,email\nacme,jo at acme\n", "email", "'jo at acme'"),
        ("id,domain\nacme,gmail.com\n", "domain", "'gmail.com'"),
        ("id,domain\nacme,https://acme.test/\n", "domain", "'https://acme.test/'"),
        ("id,since\nacme,last year\n", "since", "'last year'"),
        ("id,since\nacme,1600-01-01\n", "since", "'1600-01-01'"),
        ("id,since\nacme,2024-01-31T08:00\n", "since", "'2024-01-31T08:00'"),
        ("id,public\nacme,perhaps\n", "public name", "'perhaps'"),
        ("id,aliases\nacme,somebody\n", "aliases", "'somebody'"),
        ("id,aliases\nacme,id:12\n", "aliases", "'12'"),
        ("id,aliases\nacme,email:\n", "aliases", "'email:'"),
        ("id,name\nacme,Acme,more\n", "line", "3"),
        (f"id,name\nacme,{'x' * 257}\n", "name", "257"),
        (f"id,name\n{'x' * 257},Acme\n", "id", "257"),
        ("id,email\nacme," + "|".join(f"a{n}@b.test" for n in range(61)), "line", "61"),
    ],
)
def test_a_bad_line_says_what_was_expected_where(text: str, field: str, got: str):
    line = refused(text)

    assert (line.line, line.field, line.got) == (2, field, got)


def test_a_tier_that_is_refused_names_those_there_are():
    assert (
        refused("id,tier\nacme,gold\n").expected == "one of the policy's tiers, important, standard"
    )


def test_a_bad_line_keeps_its_number_and_the_others_are_read():
    text = 'id,name\nacme,"two\nlines"\n\njensen,"no end"x\nquill,Quill\n,Nobody\n'

    lines = list(table(text).lines)

    assert [line.line for line in lines] == [2, 5, 6, 7]
    assert [isinstance(line, Customer) for line in lines] == [True, False, True, False]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"id,name\nacme,Acme\njensen,S\xf8rensen\n", "line 3: expected UTF-8"),
        (b"", "got nothing"),
        (b"\xef\xbb\xbf \n", "got nothing"),
        ("id,name\n1,2\n".encode("utf-16"), "expected UTF-8"),
        ("id,name\n1,2\n".encode("utf-16-le"), "U+0000"),
        (b"name,tier\nAcme,important\n", "a column that says who"),
        (b"id,account,name\n1,2,Acme\n", "expected one column for id, got 'id' and 'account'"),
        (b'"id\nacme\n', "line 1: expected a table"),
        (b"," * 600, "at most 500 columns"),
    ],
)
def test_what_is_no_table_of_customers_is_refused_as_a_whole(raw: bytes, said: str):
    with pytest.raises(UnreadableCustomers, match=re.escape(said)):
        read_customers(raw, Reading())


def test_without_a_policy_any_tier_is_taken():
    assert Reading().tier("gold") == "gold"
    with pytest.raises(RefusedValue):
        Reading(tiers=TIERS).tier("gold")


def test_a_guess_needs_a_region_in_which_it_is_a_number():
    assert Spelling("DK").read("20123456", "alias") == Alias(PHONE, "+4520123456")
    with pytest.raises(RefusedValue):
        Spelling("DK").read("112", "alias")
