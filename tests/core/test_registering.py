"""Who is registered as what: aliases told late, by tools, by tags, and customers that become one."""

from datetime import timedelta
from itertools import permutations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.aliases import pseudonymised
from app.core.registering import names_told, replay_registry
from app.core.registry import REGISTRY_SOURCE, Registry, alias_name, names_in
from tests.core.story import DESK, MONDAY, at, told
from tests.core.test_registry import merged, updated

KEY = b"a key of this test"
JO = {"kind": "email", "value": "jo@acme.test"}
ANN = {"kind": "email", "value": "ann@acme.test"}
NUMBER = {"kind": "phone", "value": "+4511223344"}
TWELVE = {"kind": "id", "value": "12"}
DOMAIN = {"kind": "domain", "value": "acme.test"}
PERSON = f"id:{DESK}:12"


def tagged(tier: str, when: str, *aliases: dict[str, str], by: str = PERSON) -> e.Event:
    """What a tool's tag says of whoever has these aliases."""
    return updated(by, when, tier=tier, inferred=True, aliases=list(aliases))


def in_any_order(*events: e.Event) -> Registry:
    """The registry, which must be the same whatever order its events came in."""
    found = [replay_registry(order) for order in permutations(events)]
    assert all(each == found[0] for each in found)
    return found[0]


def whose(registry: Registry, *aliases: dict[str, str], when: str = "mon 09:00") -> str | None:
    named = told(when, msgspec.convert({"aliases": list(aliases)}, e.ContactReceived))
    return registry.resolve(names_in(named), named.occurred_at)


def test_a_tag_on_an_alias_gives_its_tier_to_the_customer_whose_alias_it_is():
    registry = in_any_order(
        updated("acme", "wed 08:00", aliases=[JO]), tagged("important", "tue 08:00", TWELVE, JO)
    )

    assert registry.entry("acme").tiers == ((at("tue 08:00"), "important"),)
    assert (whose(registry, TWELVE, JO), PERSON in registry.entries) == ("acme", False)


def test_a_tag_reaches_the_customer_by_the_domain_of_the_address():
    registry = in_any_order(
        updated("acme", aliases=[DOMAIN]), tagged("important", "tue 08:00", TWELVE, JO)
    )

    assert registry.entry("acme").tier_at(at("wed 08:00")) == "important"


def test_a_tag_takes_no_alias_from_anybody():
    registry = in_any_order(
        updated("acme", aliases=[JO]),
        tagged("important", "tue 08:00", TWELVE, JO),
        updated("jensen", aliases=[TWELVE]),
    )

    assert (whose(registry, JO, when="thu 08:00"), whose(registry, TWELVE)) == ("acme", "jensen")
    assert registry.entry("jensen").tier_at(at("thu 08:00")) == "important"


def test_a_tag_on_somebody_unknown_describes_her_alone():
    registry = in_any_order(tagged("important", "tue 08:00", TWELVE, JO))

    assert registry.entry(PERSON).tier_at(at("wed 08:00")) == "important"
    assert whose(registry, TWELVE, JO) == PERSON
    assert whose(registry, ANN) == "email:ann@acme.test"


def test_that_a_tag_was_seen_does_not_make_an_alias_hers():
    registry = in_any_order(updated("acme", aliases=[JO]), tagged("important", "tue 08:00", TWELVE))

    assert whose(registry, TWELVE, JO, when="wed 08:00") == "acme"


def test_a_tier_that_people_told_is_not_undone_by_the_next_delivery():
    registry = in_any_order(
        tagged("important", "mon 08:00", JO),
        updated("acme", "tue 08:00", tier="standard", aliases=[JO]),
        tagged("important", "wed 08:00", JO),
    )
    tier_at = registry.entry("acme").tier_at

    told_at = [tier_at(at(f"{day} 12:00")) for day in ("mon", "tue", "wed")]
    assert told_at == ["important", "standard", "standard"]


def test_a_tag_that_is_told_again_is_no_news_and_another_one_is():
    registry = in_any_order(
        tagged("important", "mon 08:00", JO),
        tagged("important", "tue 08:00", JO),
        tagged("standard", "wed 08:00", JO),
        tagged("important", "thu 08:00", JO),
    )

    tiers = [tier for _, tier in registry.entry(PERSON).tiers]
    assert tiers == ["important", "standard", "important"]


def test_an_alias_that_moves_takes_the_tags_of_its_time_along():
    registry = in_any_order(
        updated("acme", "mon 08:00", aliases=[JO]),
        updated("new", "wed 08:00", aliases=[JO]),
        tagged("important", "tue 08:00", JO),
        tagged("gold", "thu 08:00", JO),
    )

    assert registry.entry("acme").tiers == ((at("tue 08:00"), "important"),)
    assert registry.entry("new").tiers == ((at("thu 08:00"), "gold"),)


def test_aliases_that_a_tool_tells_together_are_one_person():
    registry = in_any_order(updated(PERSON, "mon 08:00", aliases=[JO]))

    assert whose(registry, JO) == whose(registry, TWELVE) == PERSON


def test_aliases_told_together_are_the_customers_who_has_one_of_them():
    registry = in_any_order(
        updated(PERSON, "mon 08:00", aliases=[JO, NUMBER]), updated("acme", aliases=[JO])
    )

    assert [whose(registry, one) for one in (JO, NUMBER, TWELVE)] == ["acme"] * 3


def test_a_tool_takes_no_alias_from_a_customer_of_our_own():
    registry = in_any_order(
        updated("acme", "mon 08:00", aliases=[JO]), updated(PERSON, "tue 08:00", aliases=[JO])
    )

    assert whose(registry, JO, when="wed 08:00") == "acme"


def test_aliases_that_are_each_others_are_one_customer():
    registry = in_any_order(
        updated("email:jo@acme.test", "mon 08:00", aliases=[NUMBER]),
        updated("phone:+4511223344", "mon 08:00", aliases=[JO]),
    )

    assert whose(registry, JO) == whose(registry, NUMBER)


def test_one_who_is_described_by_her_address_is_herself_at_a_customers_domain():
    registry = in_any_order(
        updated("acme", aliases=[DOMAIN]), updated("email:jo@acme.test", tier="important")
    )

    assert [whose(registry, one) for one in (JO, ANN)] == ["email:jo@acme.test", "acme"]


def test_what_was_told_of_an_address_is_told_of_whoever_it_turns_out_to_be():
    registry = in_any_order(
        updated("email:jo@acme.test", "mon 08:00", tier="important", name="Jo"),
        updated("acme", "tue 08:00", aliases=[JO]),
    )

    assert (whose(registry, JO), registry.entry("acme").name) == ("acme", "Jo")
    assert registry.entry("acme").tier_at(at("mon 09:00")) == "important"


def test_a_number_that_changed_does_not_rename_its_customer():
    registry = in_any_order(
        updated("acme", aliases=[NUMBER]), merged("phone:+4511223344", "phone:+4599887766")
    )

    new = {"kind": "phone", "value": "+4599887766"}
    assert whose(registry, NUMBER) == whose(registry, new) == "acme"


def test_nobody_is_who_she_was_said_to_be():
    registry = in_any_order(merged("unknown:/desk:c1", "acme"), updated("acme", name="Acme"))

    assert registry.nobodys(DESK, "c1") == "acme"
    assert registry.nobodys(DESK, "c2") == "unknown:/desk:c2"


def test_nobody_never_takes_in_a_customer():
    registry = in_any_order(merged("acme", "unknown:/desk:c1"))

    assert (registry.nobodys(DESK, "c1"), whose(registry)) == ("acme", None)


def test_a_merge_is_taken_back_by_becoming_herself_again():
    events = [merged("old", "acme", "mon 08:00"), updated("acme"), updated("old")]
    registry = in_any_order(*events, merged("old", "old", "tue 08:00"))

    assert (registry.merged, set(registry.entries)) == ({}, {"acme", "old"})


def test_an_id_means_whoever_has_the_alias_that_it_is_and_whom_she_became():
    registry = in_any_order(
        updated("acme", aliases=[JO]), merged("acme", "new"), merged("jensen", "new")
    )

    ids = ("acme", "jensen", "jo@acme.test", "email:jo@acme.test", "other", "phone:+4599887766")
    assert [registry.meant_by(each, at("tue 08:00")) for each in ids] == [
        *["new"] * 4,
        *("other", "phone:+4599887766"),
    ]


def test_a_public_name_can_be_taken_back_and_a_name_be_cleared():
    registry = in_any_order(
        updated("acme", "mon 08:00", name="Acme", public_name=True),
        updated("acme", "tue 08:00", name="", public_name=False),
    )

    assert (registry.entry("acme").name, registry.entry("acme").public_name) == (None, False)


def test_into_whom_somebody_merged_is_known_before_an_alias_is_looked_at():
    registry = in_any_order(merged("old", "new"), updated("other", aliases=[JO]))
    named = msgspec.convert({"customer": "new", "aliases": [JO]}, e.ContactReceived)

    assert registry.resolve(names_in(told("mon 09:00", named)), at("mon 09:00")) == "new"


def test_an_id_that_people_tell_bears_the_source_that_gave_it():
    told_by_us = msgspec.structs.replace(
        updated("acme", aliases=[{"kind": "id", "value": f"{DESK}:12"}]), source=REGISTRY_SOURCE
    )

    assert whose(in_any_order(told_by_us), TWELVE) == "acme"


def test_an_alias_is_told_from_an_id_of_our_own():
    assert alias_name("Acme: Ltd.") is None
    assert alias_name("unknown:/desk:c1") is None
    assert alias_name(PERSON) == PERSON
    assert alias_name("Jo@Acme.test") == "email:jo@acme.test"


def test_an_event_joins_the_names_it_tells():
    assert names_told(updated("acme", aliases=[JO])) == ("email:jo@acme.test",)
    assert names_told(merged("acme", "new")) == ("new",)
    assert names_told(tagged("gold", "mon 08:00", JO)) == (
        *(PERSON, "email:jo@acme.test", "domain:acme.test"),
    )
    assert names_told(told("mon 08:00", e.ContactReceived())) == ()


ALIASES = (JO, ANN, NUMBER, TWELVE, DOMAIN)
SUBJECTS = ("acme", "jensen", PERSON, "email:jo@acme.test", "phone:+4511223344", "Ann@acme.test")

changes = st.builds(
    e.CustomerUpdated,
    tier=st.sampled_from([None, "important", "standard"]),
    name=st.sampled_from([None, "", "A"]),
    inferred=st.booleans(),
    aliases=st.lists(st.sampled_from(ALIASES), max_size=2).map(
        lambda told: tuple(msgspec.convert(each, e.Alias) for each in told)
    ),
) | st.builds(e.CustomerMerged, into=st.sampled_from(SUBJECTS))


@st.composite
def registries(draw: st.DrawFn) -> list[e.Event]:
    """Events about customers at full hours, so that ties abound."""
    drawn = draw(
        st.lists(st.tuples(st.integers(0, 8), st.sampled_from(SUBJECTS), changes), max_size=8)
    )
    return [
        e.Event(
            source=DESK,
            id=str(number),
            occurred_at=MONDAY + timedelta(hours=hour),
            subject=subject,
            data=data,
        )
        for number, (hour, subject, data) in enumerate(drawn)
    ]


@given(registries(), st.randoms())
def test_the_registry_is_the_same_in_any_order_and_with_repeats(events, random):
    """Would have caught: whoever's event came last owning an alias."""
    shuffled = [*events, *events[:3]]
    random.shuffle(shuffled)

    assert replay_registry(shuffled) == replay_registry(events)


@given(registries())
def test_a_tag_never_moves_an_alias(events):
    """Would have caught: a tag on a person's id that takes her address from her company."""
    people = [event for event in events if not event.data.inferred]
    with_tags, without = replay_registry(events), replay_registry(people)

    assert (with_tags.owners, with_tags.merged) == (without.owners, without.merged)


@given(registries())
def test_everybody_named_is_one_customer_at_any_time(events):
    """Would have caught: aliases of aliases followed in a circle for ever."""
    registry = replay_registry(events)

    for hour in range(9):
        for one in ALIASES:
            when = f"mon {hour:02}:00"
            customer = whose(registry, one, when=when)
            assert customer is not None
            assert registry.merged.get(customer, customer) == customer


@given(registries())
def test_hidden_addresses_give_the_same_registry(events):
    """Would have caught: a tier that reaches a customer in a file and not in the service."""
    hidden = [_hidden(event) for event in events]
    clear, kept = replay_registry(events), replay_registry(hidden)

    assert sorted(_tiers(clear)) == sorted(_tiers(kept))


def _tiers(registry: Registry) -> list[str]:
    return [repr(entry.tiers) for entry in registry.entries.values()]


def _hidden(event: e.Event) -> e.Event:
    incoming = e.Incoming(
        source=event.source,
        id=event.id,
        type=event.type,
        occurred_at=event.occurred_at,
        received_at=event.occurred_at,
        subject=event.subject,
        body=msgspec.json.encode(event.data),
    )
    return e.to_event(pseudonymised(incoming, KEY))
