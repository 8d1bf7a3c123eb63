"""What metrics are called, and what may be told apart."""

import pytest

from app.metrics import families, process_families
from app.metrics.family import Kind


@pytest.mark.requirement(14, 15)
def test_the_names_keep_the_rules_of_prometheus():
    known = [*families.BUSINESS, *process_families.PROCESS, *families.CUSTOMERS]

    assert len({family.name for family in known}) == len(known)
    for family in known:
        assert family.name.startswith("evenhand_")
        assert family.name.replace("_", "").isalpha()
        assert family.name.islower()
        assert family.help.endswith(".")
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
        assert not family.name.endswith(("_minutes", "_percent", "_ms"))
        clash = {"type", "region", "service", "env", "owner", "stage", "instance", "job"}
        assert not clash & set(family.labels)


@pytest.mark.requirement(14)
def test_no_name_says_what_a_label_says():
    """But where the label is the noun that the whole family is about: a customer's, a source's."""
    known = [*families.BUSINESS, *process_families.PROCESS, *families.CUSTOMERS]

    for family in known:
        words = family.name.removeprefix("evenhand_").split("_")
        assert not set(family.labels) & set(words[1:])
        assert not {*family.labels} - {"customer", "source"} & set(words)


@pytest.mark.requirement(15)
def test_labels_are_a_closed_list():
    """Each is bounded by the policy, by sources.yaml or by the code; customers by the page's cap."""
    by_policy = {"channel", "team", "tier", "clock", "level"}
    by_code = {"cause", "reason", "state", "door", "code", "feed", "limit", "version"}

    used = {
        label
        for family in (*families.BUSINESS, *process_families.PROCESS)
        for label in family.labels
    }

    assert used <= by_policy | by_code | {"source"}
    assert {label for family in families.CUSTOMERS for label in family.labels} - used == {
        "customer"
    }


@pytest.mark.requirement(16)
def test_settled_and_broken_are_two_counters_and_no_label_of_one():
    for family in (families.CLOCKS_SETTLED, families.CLOCKS_BREACHED):
        assert family.kind is Kind.COUNTER
        assert family.labels == ("channel", "team", "tier", "clock")


@pytest.mark.requirement(20)
def test_no_age_is_told_where_an_instant_can_be():
    """What says how long something took is the past, and does not grow while nobody reads it."""
    spans = {family.name for family in families.BUSINESS if family.name.endswith("_seconds")}

    assert {name for name in spans if not name.endswith("timestamp_seconds")} == {
        "evenhand_response_seconds",
        "evenhand_target_seconds",
        "evenhand_starvation_extra_wait_seconds",
    }
