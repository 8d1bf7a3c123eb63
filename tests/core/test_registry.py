"""Whose contact is it: aliases, merges and tiers, as of event time."""

import msgspec

from app.core import events as e
from app.core.registering import replay_registry
from app.core.registry import EMPTY, Registry, ends_of, names_in
from tests.core.story import DESK, at, told

EMAIL = {"kind": "email", "value": "jo@acme.test"}


def updated(customer: str, when: str = "mon 08:00", **more: object) -> e.Event:
    data = msgspec.convert(more, e.CustomerUpdated)
    return told(when, data, customer)


def merged(customer: str, into: str, when: str = "mon 08:00") -> e.Event:
    return told(when, e.CustomerMerged(into=into), customer)


def naming(**more: object) -> tuple[str, ...]:
    return names_in(told("mon 09:00", msgspec.convert(more, e.ContactReceived)))


def owner(registry: Registry, **more: object) -> str | None:
    return registry.resolve(naming(**more), at("mon 09:00"))


def alias(kind: str, value: str) -> dict[str, str]:
    return {"kind": kind, "value": value}


def test_an_alias_of_a_known_customer_is_that_customer():
    registry = replay_registry([updated("acme", aliases=[EMAIL])])

    assert owner(registry, aliases=[EMAIL]) == "acme"


def test_spelling_does_not_matter():
    registry = replay_registry([updated("acme", aliases=[alias("phone", "tel:+45 (11) 22-33-44")])])

    assert owner(registry, aliases=[alias("phone", "+4511223344")]) == "acme"


def test_a_number_without_its_country_is_somebody_else():
    registry = replay_registry([updated("acme", aliases=[alias("phone", "+5511223344")])])

    assert owner(registry, aliases=[alias("phone", "5511223344")]) == "phone:5511223344"


def test_an_address_tells_its_domain():
    registry = replay_registry([updated("acme", aliases=[alias("domain", "Acme.test")])])

    assert owner(registry, aliases=[EMAIL]) == "acme"


def test_an_exact_alias_decides_before_a_domain():
    events = [updated("acme", aliases=[alias("domain", "acme.test")])]
    events.append(updated("jo", aliases=[alias("id", "7")]))

    assert owner(replay_registry(events), aliases=[EMAIL, alias("id", "7")]) == "jo"


def test_one_persons_address_does_not_make_her_colleagues_the_same_customer():
    registry = replay_registry([updated("jo", aliases=[EMAIL])])

    assert owner(registry, aliases=[alias("email", "ann@acme.test")]) == "email:ann@acme.test"


def test_a_free_mail_domain_tells_nobody():
    assert naming(aliases=[alias("email", "jo@gmail.com")]) == ("email:jo@gmail.com",)


def test_an_id_belongs_to_the_source_that_gave_it():
    assert naming(aliases=[alias("id", "7")]) == (f"id:{DESK}:7",)


def test_our_own_id_comes_first_and_stays_as_it_was_written():
    assert naming(customer="Acme Ltd.", aliases=[EMAIL])[0] == "Acme Ltd."
    assert owner(EMPTY, customer="Acme Ltd.", aliases=[EMAIL]) == "Acme Ltd."


def test_a_customer_called_by_an_address_is_known_by_it_too():
    by_subject = replay_registry([updated("Jo@Acme.test")])
    by_alias = replay_registry([updated("acme", aliases=[EMAIL])])

    assert owner(by_subject, aliases=[EMAIL]) == "Jo@Acme.test"
    assert owner(by_alias, customer="Jo@Acme.test") == "acme"


def test_nobody_named_is_nobody():
    assert owner(EMPTY) is None


def test_an_alias_that_moved_belongs_to_whoever_had_it_then():
    moves = [
        updated("acme", "mon 08:00", aliases=[EMAIL]),
        updated("new", "wed 08:00", aliases=[EMAIL]),
    ]
    registry = replay_registry(moves)

    owners = [registry.owner_of("email:jo@acme.test", at(f"{day} 09:00")) for day in ("tue", "thu")]

    assert owners == ["acme", "new"]


def test_of_two_who_claim_an_alias_at_once_the_larger_id_has_it():
    claims = [updated(customer, aliases=[EMAIL]) for customer in ("b", "a")]
    claims[1] = msgspec.structs.replace(claims[1], id="z")

    assert owner(replay_registry(claims), aliases=[EMAIL]) == "b"


def test_an_alias_told_later_is_known_for_earlier_contacts():
    registry = replay_registry([updated("acme", "fri 08:00", aliases=[EMAIL])])

    assert owner(registry, aliases=[EMAIL]) == "acme"


def test_merged_customers_are_one():
    registry = replay_registry([updated("old", aliases=[EMAIL]), merged("old", "new")])

    assert owner(registry, aliases=[EMAIL]) == owner(registry, customer="old") == "new"


def test_a_merge_is_known_even_of_a_customer_never_described():
    registry = replay_registry([merged("old", "new"), updated("acme", aliases=[EMAIL])])

    assert owner(registry, customer="old", aliases=[EMAIL]) == "new"


def test_a_chain_of_merges_ends_at_the_last_and_a_circle_at_its_smallest():
    chain = replay_registry([merged("a", "b"), merged("b", "c")])
    circle = replay_registry([merged("b", "c"), merged("c", "b"), merged("a", "b")])

    assert [owner(chain, customer=name) for name in "abc"] == ["c"] * 3
    assert [owner(circle, customer=name) for name in "abc"] == ["b"] * 3


def test_a_customer_merged_into_itself_stays():
    assert owner(replay_registry([merged("a", "a")]), customer="a") == "a"


def test_what_was_told_last_stands_and_what_was_not_told_stays():
    first = updated("acme", "mon 08:00", name="Acme", tier="important", public_name=True)
    entry = replay_registry([updated("acme", "tue 08:00", since=at("mon 00:00")), first]).entry(
        "acme"
    )

    assert (entry.name, entry.public_name, entry.since) == ("Acme", True, at("mon 00:00"))


def test_a_tier_counts_from_when_it_was_told():
    entry = replay_registry([updated("acme", "tue 08:00", tier="important")]).entry("acme")

    assert [entry.tier_at(at(f"{day} 12:00")) for day in ("mon", "tue")] == [None, "important"]


def test_an_unknown_customer_has_nothing_but_its_id():
    assert EMPTY.entry("x").customer == "x"


def test_a_long_chain_of_merges_ends_at_its_last_and_a_circle_at_its_smallest():
    chain = {f"{n:05}": f"{n + 1:05}" for n in range(20_000)}
    circle = {"lead": "b", "b": "c", "c": "a", "a": "b"}

    assert set(ends_of(chain).values()) == {"20000"}
    assert ends_of(circle) == {"lead": "a", "b": "a", "c": "a", "a": "a"}
