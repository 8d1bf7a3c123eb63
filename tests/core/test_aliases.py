"""Addresses and numbers: one spelling, a mask for people, and nothing to search for in the store."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.aliases import (
    FREE_MAIL,
    classified,
    domain_alias,
    masked,
    normalised,
    pseudonym,
    pseudonymised,
)
from app.core.events import Alias, AliasKind, Incoming, to_event
from app.core.registering import replay_registry
from app.core.registry import names_in

KEY = b"a key of this test"
EMAIL, PHONE, DOMAIN, ID = AliasKind.EMAIL, AliasKind.PHONE, AliasKind.DOMAIN, AliasKind.ID
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def incoming(body: object, type_: str = "contact.received", subject: str = "c1") -> Incoming:
    return Incoming(
        source="/desk",
        id="1",
        type=type_,
        occurred_at=NOON,
        received_at=NOON,
        subject=subject,
        body=msgspec.json.encode(body),
    )


def stored(body: object, type_: str = "contact.received", subject: str = "c1") -> Any:
    return msgspec.json.decode(pseudonymised(incoming(body, type_, subject), KEY).body)


def with_alias(kind: str, value: str) -> dict[str, object]:
    return {"aliases": [{"kind": kind, "value": value}]}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("jo@acme.test", EMAIL),
        ("mailto:Jo.Ann+x@mail.acme.test", EMAIL),
        ("sip:jo@acme.test", EMAIL),
        ("+45 11 22 33 44", PHONE),
        ("tel:+1-(555)-010-2030", PHONE),
        ("sip:+4511223344@carrier.test", PHONE),
        ("tel:+4511223344;ext=7", PHONE),
        ("5511223344", None),
        ("+45", None),
        ("acme", None),
        ("jo@localhost", None),
        ("two jo@acme.test", None),
    ],
)
def test_addresses_and_international_numbers_are_told_apart(text, kind):
    assert classified(text) is kind


@pytest.mark.parametrize(
    ("kind", "spelled", "normal"),
    [
        (EMAIL, " Jo@ACME.test ", "jo@acme.test"),
        (PHONE, "tel:+45 (11) 22-33 44", "+4511223344"),
        (PHONE, "11 22 33 44", "11223344"),
        (DOMAIN, "@Acme.Test.", "acme.test"),
        (ID, " As It Is ", " As It Is "),
        (PHONE, "()", "()"),
    ],
)
def test_an_alias_has_one_spelling_and_no_country_is_guessed(kind, spelled, normal):
    assert normalised(Alias(kind, spelled)).value == normal


def test_an_address_tells_its_domain_unless_everybody_has_one_there():
    assert domain_alias(Alias(EMAIL, "Jo@Acme.test")) == Alias(DOMAIN, "acme.test", "acme.test")
    assert all(domain_alias(Alias(EMAIL, f"jo@{domain}")) is None for domain in FREE_MAIL)
    assert domain_alias(Alias(PHONE, "+4511223344")) is None
    assert domain_alias(Alias(EMAIL, "no address")) is None


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (EMAIL, "Jo@acme.test", "j•••@acme.test"),
        (PHONE, "+45 11 22 33 12", "+45 •• •• •• 12"),
        (PHONE, "112233", "••••33"),
        (PHONE, "112", "••••"),
        (ID, "customer-77", "••••77"),
        (DOMAIN, "Acme.test", "acme.test"),
    ],
)
def test_a_mask_is_enough_to_recognise_and_too_little_to_search(kind, value, shown):
    assert masked(Alias(kind, value)) == shown


local_parts = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=2, max_size=12)
digits = st.text("0123456789", min_size=7, max_size=12).map(lambda text: "+4" + text)


@given(local_parts, st.sampled_from([str.upper, str.title, " {} ".format, "mailto:{}".format]))
def test_the_same_address_is_the_same_value_whatever_the_spelling(local, spell):
    """Would have caught: a customer whose tool writes capitals being two customers."""
    address = f"{local}@acme.test"

    assert (
        pseudonym(Alias(EMAIL, spell(address)), KEY).value
        == pseudonym(Alias(EMAIL, address), KEY).value
    )


@given(digits, st.sampled_from(["{0}", "tel:{0}", "sip:{0}@carrier.test"]), st.sampled_from(" -./"))
def test_the_same_number_is_the_same_value_whatever_the_spelling(number, form, gap):
    """Would have caught: a number with spaces that the registry does not know."""
    spaced = form.format(f"{number[:3]}{gap}({number[3:5]}){gap}{number[5:]}")

    assert pseudonym(Alias(PHONE, spaced), KEY).value == pseudonym(Alias(PHONE, number), KEY).value


@given(local_parts, digits, st.booleans())
def test_the_clear_value_is_nowhere_in_what_is_stored(local, number, by_customer):
    """Would have caught: an address left in ``customer``, ``into`` or the subject."""
    address = f"{local}@acme.test"
    named: dict[str, object] = {"customer": address} if by_customer else {}
    body = {**named, "into": number, **with_alias("phone", number)}

    after = pseudonymised(incoming(body, "customer.merged", address), KEY)

    text = f"{after.subject} {after.body.decode()}"
    assert address not in text
    assert number not in text


@given(local_parts)
def test_without_the_key_nothing_can_be_matched(local):
    """Would have caught: a plain hash, which is searched in seconds."""
    alias = Alias(EMAIL, f"{local}@acme.test")

    assert pseudonym(alias, KEY).value != pseudonym(alias, b"another key").value


@given(local_parts, digits)
def test_hiding_twice_is_hiding_once(local, number):
    """Would have caught: a payload tried again after a fix that became another customer."""
    body = {"customer": f"{local}@acme.test", **with_alias("phone", number)}

    once = pseudonymised(incoming(body), KEY)

    assert pseudonymised(once, KEY) is once


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), st.text())
def test_no_body_makes_it_stumble(value, text):
    """Would have caught: a crash in the way of an event that should be refused politely."""
    pseudonymised(incoming(value), KEY)
    pseudonymised(incoming({"aliases": value, "customer": text, "into": value}), KEY)


@pytest.mark.parametrize(
    "body", [{"customer": "acme", "link": "https://x.test"}, {}, {"note": "a@b"}, ["@"], "a@b.test"]
)
def test_what_names_nobody_by_address_or_number_is_left_untouched(body):
    told = incoming(body)

    assert pseudonymised(told, KEY) is told


def test_ids_and_domains_are_left_as_they_came():
    told = incoming(
        {"aliases": [{"kind": "id", "value": "7"}, {"kind": "domain", "value": "A.test"}]}
    )

    assert pseudonymised(told, KEY) is told


def test_an_address_is_stored_as_hash_mask_and_domain():
    first, second = stored(with_alias("email", "Jo@acme.test"))["aliases"]

    assert (first["kind"], len(first["value"]), first["masked"]) == ("email", 32, "j•••@acme.test")
    assert second == {"kind": "domain", "value": "acme.test", "masked": "acme.test"}


def test_no_domain_is_told_of_a_free_mail_address():
    assert len(stored(with_alias("email", "jo@gmail.com"))["aliases"]) == 1


def test_a_customer_event_claims_no_domain_for_one_persons_address():
    assert len(stored(with_alias("email", "jo@acme.test"), "customer.updated")["aliases"]) == 1


def test_a_customer_named_by_number_moves_to_the_front_of_the_aliases():
    body = {"customer": "+4511223344", "aliases": [{"kind": "id", "value": "7"}], "extra": None}

    after = stored(body)

    assert [alias["kind"] for alias in after["aliases"]] == ["phone", "id"]
    assert set(after) == {"aliases", "extra"}


def test_a_person_told_as_customer_and_alias_stands_once():
    after = stored({"customer": "JO@gmail.com", **with_alias("email", "jo@gmail.com")})

    assert len(after["aliases"]) == 1


def test_an_id_that_is_an_address_is_hidden_like_one():
    (alias,) = stored(with_alias("id", "jo@gmail.com"))["aliases"]

    assert alias["kind"] == "email"


def test_an_escaped_address_is_found():
    told = incoming({})
    escaped = msgspec.structs.replace(told, body=rb'{"customer": "jo\u0040gmail.com"}')

    assert b"customer" not in pseudonymised(escaped, KEY).body


def test_a_malformed_alias_is_left_for_the_reader_to_refuse():
    assert stored({"aliases": [{"kind": "smoke"}], "x": "@"})["aliases"] == [{"kind": "smoke"}]


def test_registry_and_contacts_meet_under_the_same_hidden_name():
    registered = pseudonymised(
        incoming({"tier": "important"}, "customer.updated", "jo@acme.test"), KEY
    )
    merged = pseudonymised(incoming({"into": "Jo@acme.test"}, "customer.merged", "old"), KEY)
    rang = pseudonymised(incoming({"customer": "Jo@acme.test"}), KEY)

    registry = replay_registry([to_event(registered)])

    assert registered.subject.startswith("email:")
    assert registry.resolve(names_in(to_event(rang)), NOON) == registered.subject
    assert msgspec.json.decode(merged.body)["into"] == registered.subject


@pytest.mark.parametrize(
    "subject", ["email:jo@acme.test", "email: Jo@Acme.test", "id:/hooks/chat:jo@acme.test"]
)
def test_a_name_made_of_an_address_is_hidden_as_the_address_is(subject):
    plain = pseudonymised(incoming({}, "customer.updated", "jo@acme.test"), KEY)
    named = pseudonymised(incoming({}, "customer.updated", subject), KEY)
    into = stored({"into": subject}, "customer.merged", "old")["into"]

    assert named.subject == plain.subject == into
    assert pseudonymised(named, KEY) is named


@pytest.mark.parametrize("number", ["+4511223344", "11 22 33 44", "112"])
def test_a_name_made_of_a_number_is_hidden_wherever_it_stands(number):
    named = pseudonymised(incoming({}, "customer.updated", f"phone:{number}"), KEY)
    into = stored({"into": f"phone:{number}"}, "customer.merged", "old")["into"]

    rang = stored(with_alias("phone", number))["aliases"][0]
    assert named.subject == into == f"phone:{rang['value']}"


@pytest.mark.parametrize("subject", ["acme", "id:crm:12", "domain:acme.test", "unknown:/desk:+45"])
def test_names_that_are_no_address_stay_as_they_are(subject):
    told = incoming({}, "customer.updated", subject)

    assert pseudonymised(told, KEY) is told


def test_what_is_inferred_of_a_customer_says_who_is_meant_by_domain_too():
    after = stored({"inferred": True, **with_alias("email", "jo@acme.test")}, "customer.updated")

    assert [alias["kind"] for alias in after["aliases"]] == ["email", "domain"]
