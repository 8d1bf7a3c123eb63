"""The rules that a policy makes: they can be read whatever its names, and say what they mean."""

import json
import re

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.alerting.meaning import meaning, promised_shares
from app.core.alerting.rules import OUT_OF_DATE, rules
from app.core.hours.calendar import always_open
from app.core.policy import ClockKind, Measure, Policy, Rule, Target, Team
from tests.debian_tools import run

TARGETS = {ClockKind.FIRST_RESPONSE: Target(Measure.BUSINESS)}
NASTY = [
    'say "hi"',
    "back\\slash",
    "two\nlines",
    "{{ $labels.team }}",
    "a|b.*",
    "æøå 💬",
    "'",
    "# no",
]


def policy_of(*tiers: str, ratio: float = 0.9) -> Policy:
    teams = {"support": Team("support", "Support", always_open(), channels=frozenset({"phone"}))}
    return Policy(1, tiers=tiers, teams=teams, rules=(Rule("all", 1, TARGETS, target_ratio=ratio),))


def made(policy: Policy) -> list[dict[str, object]]:
    return [rule for group in rules(policy)["groups"] for rule in group["rules"]]


@given(st.lists(st.text(min_size=1, max_size=30), max_size=4, unique=True))
def test_every_query_can_be_read_and_asks_for_the_first_tier_by_its_exact_name(tiers):
    policy = policy_of(*tiers)
    first = (tiers or ["standard"])[0]

    for rule in made(policy):
        promql_parser.parse(str(rule["expr"]))

    asked = {
        rule["alert"]: re.search(r'tier(!?=)("(?:[^"\\]|\\.)*")', str(rule["expr"]))
        for rule in made(policy)
        if "alert" in rule
    }
    assert asked.pop("EvenhandMoreLateThanPromised") is None
    assert {
        (found[1], json.loads(found[2], strict=False)) for found in asked.values() if found
    } == {
        ("=", first),
        ("!=", first),
    }


@given(st.text(min_size=1), st.floats(min_value=0.01, max_value=0.99))
def test_only_queries_depend_on_the_names_of_tiers(tier, ratio):
    said = [rule.get("annotations") for rule in made(policy_of(tier, ratio=ratio))]

    assert said == [rule.get("annotations") for rule in made(policy_of("important"))]


@pytest.mark.requirement(32)
def test_promtool_reads_what_is_made_of_strange_names(tmp_path):
    files = []
    for number, name in enumerate(NASTY):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(json.dumps(rules(policy_of(name)), ensure_ascii=False))

    result = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)

    assert result.returncode == 0, result.stdout + result.stderr


def test_rules_know_the_tier_that_they_were_made_for_where_anything_is_promised_to_it():
    [known] = [
        rule for rule in made(policy_of("gold", "silver")) if rule.get("alert") == OUT_OF_DATE
    ]
    nothing = Policy(1, tiers=("gold",), teams={"a": Team("a", "A", always_open())})

    assert str(known["expr"]).startswith(
        'absent(max without (instance) (evenhand_target_ratio{tier="gold"}))'
    )
    assert OUT_OF_DATE not in [rule.get("alert") for rule in made(nothing)]


def test_the_first_tier_pages_and_the_others_are_tickets():
    told = [rule for rule in made(policy_of("gold", "silver")) if "alert" in rule]
    told = [rule for rule in told if rule["alert"] != OUT_OF_DATE]

    for rule in told:
        pages = 'tier="gold"' in str(rule["expr"])
        assert rule["labels"] == {"severity": "page" if pages else "ticket"}
        assert str(rule["alert"]).startswith("EvenhandImportant") == pages


@pytest.mark.requirement(36)
def test_the_numbers_are_said_in_plain_words():
    assert meaning(policy_of("important")) == [
        "phone, important, first response: 90 % promised",
        (
            "  Pages when more than 9 of 10 answered or overdue in the last hour were late, and of those in the last"
            " 5 minutes; there must be at least 10 of them."
        ),
        "    (Capped: 14.4 times the 1 of 10 that may be late is more than 9 of 10.)",
        (
            "  Pages when more than 6 of 10 answered or overdue in the last 6 hours were late, and of those in the"
            " last 30 minutes; there must be at least 20 of them."
        ),
        (
            "  Ticket when more than 1 of 10 answered or overdue in the last 3 days were late, and of those in the"
            " last 6 hours; there must be at least 30 of them."
        ),
    ]


def test_the_same_promise_is_said_once_for_all_who_have_it():
    lines = meaning(policy_of("important", "new\nones", "standard", ratio=0.8))

    assert [line for line in lines if "promised" in line] == [
        "phone, important, first response: 80 % promised",
        "phone, new ones, first response: 80 % promised",
        "phone, standard, first response: 80 % promised",
    ]
    assert sum(line.startswith("  Ticket") for line in lines) == 4


def test_several_promises_are_listed():
    two = dict.fromkeys(("first_response", "next_response", "callback"), Target(Measure.BUSINESS))
    rule = Rule("all", 1, {ClockKind(kind): target for kind, target in two.items()})
    policy = Policy(1, teams={"a": Team("a", "A", always_open())}, rules=(rule,))

    lines = meaning(policy)

    assert lines[0] == ("chat, standard, first response, next response and callback: 90 % promised")
    assert {line.partition(",")[0] for line in lines if "promised" in line} == {
        "chat",
        "email",
        "phone",
    }


def test_teams_that_are_promised_different_shares_stand_for_themselves():
    teams = {name: Team(name, name, always_open(), channels=frozenset({"chat"})) for name in "ab"}
    rule = (
        Rule("a", 1, TARGETS, teams=frozenset("a"), target_ratio=0.7),
        Rule("b", 2, TARGETS, teams=frozenset("b"), target_ratio=0.8),
    )

    shares = promised_shares(Policy(1, teams=teams, rules=rule))

    assert shares == {
        ("chat (a)", "standard", ClockKind.FIRST_RESPONSE): 0.7,
        ("chat (b)", "standard", ClockKind.FIRST_RESPONSE): 0.8,
    }


def test_without_promises_there_is_nothing_to_say():
    assert meaning(Policy(1, teams={"a": Team("a", "A", always_open())})) == []
