"""The policy's page says what the engine does: every story, refusal, default and word in it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from app.core.events import IN_ORDER
from app.core.marked_yaml import FaultyFile, read_marked
from app.core.policy import DEFAULT_CONDITIONS, ClockKind, FairnessTerms, Policy, Switches
from app.core.policy_file import sections
from app.core.policy_file.reading import policy_model, read_policy
from app.core.service_level import Counters, Variant, service_level
from tests.doc_phrases import PHRASES, event_type
from tests.doc_stories import Desk, policies_of, read_story
from tests.policy_page import (
    PAGE,
    Told,
    base_policy,
    blocks,
    completed,
    fragments,
    refusals,
    rows,
    stories,
)

TEXT = PAGE.read_text()
BLOCKS = blocks(TEXT)
STORIES = list(stories(BLOCKS))
OLDER = {
    "resolved_counts_as_reply",
    "resolving_waives_unanswered",
    "reopening_starts_anew",
    "resolution_pauses_for",
}
"""Words of the file that say what another one says too."""
DEPLOYED = (PAGE.parents[1] / "deploy" / "policy.yaml").read_text()


@pytest.mark.parametrize("told", STORIES, ids=str)
def test_a_story_comes_out_as_the_page_says(told: Told):
    policies = policies_of(told.versions)
    desk = Desk(read_story(told.lines, policies), policies)

    found = [(asked.line, asked.said, answer) for asked, answer in desk.answers()]

    assert [(line, said) for line, said, _ in found] == [(line, told) for line, _, told in found]


@pytest.mark.parametrize(("text", "said"), list(refusals(BLOCKS)))
def test_what_is_refused_is_refused_in_these_words(text: str, said: str):
    with pytest.raises(FaultyFile) as refused:
        read_policy(text)

    assert str(refused.value) == said.strip()


def test_the_defaults_on_the_page_are_the_defaults():
    (written,) = [block.text for block in BLOCKS if block.info == "yaml defaults"]

    policy = read_policy(written)

    assert policy.conditions == DEFAULT_CONDITIONS
    assert policy.switches == Switches()
    assert policy.fairness == FairnessTerms()
    for name in ("new_for", "phone_service_level", "warn_before_closing", "after_opening"):
        assert getattr(policy, name) == getattr(Policy, name)


def test_every_option_stands_among_the_defaults():
    (written,) = [block.text for block in BLOCKS if block.info == "yaml defaults"]
    told = read_marked(written).value
    kinds = [told["clocks"][kind] for kind in DEFAULT_CONDITIONS]

    assert {key for kind in kinds for key in kind} == set(sections.Conditions.model_fields)
    assert set(told["clocks"]) == set(sections.Clocks.model_fields) - OLDER
    assert set(told["fairness"]) == set(sections.Fairness.model_fields) - {"order"}


# Every word of the language.


def test_every_key_and_word_of_the_policy_language_is_in_an_example():
    said = {
        word
        for text in (*fragments(BLOCKS), DEPLOYED)
        for word in words_in(policy_model(), read_marked(text).value)
    }
    said |= {("Variant", variant) for variant, *_ in rows(TEXT, "phone_service_level")}

    assert sorted(set(words_of(policy_model())) - said) == []


def words_in(kind: Any, value: Any) -> Iterator[tuple[str, str]]:
    """The keys and words of a parsed part of a file, by the model or enumeration they belong to."""
    if _is(kind, BaseModel) and isinstance(value, dict):
        for key in value.keys() & kind.model_fields.keys():
            yield _home(kind, key), key
            yield from words_in(kind.model_fields[key].annotation, value[key])
    elif _is(kind, StrEnum) and isinstance(value, str):
        yield kind.__name__, value
    elif get_origin(kind) is Literal:
        yield "Literal", str(value)
    else:
        for part, item in _parts(kind, value):
            yield from words_in(part, item)


def _parts(kind: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """What a value may be, or holds: both sides of a mapping, each of several, any of a choice."""
    if get_origin(kind) is dict and isinstance(value, dict):
        for key, item in value.items():
            yield from zip(get_args(kind), (key, item), strict=True)
    else:
        is_several = get_origin(kind) in (tuple, frozenset) and isinstance(value, list)
        yield from product(get_args(kind), value if is_several else [value])


def words_of(kind: Any) -> Iterator[tuple[str, str]]:
    """All keys and words that a model has, and those of what it holds."""
    if _is(kind, BaseModel):
        for key, field in kind.model_fields.items():
            yield _home(kind, key), key
            yield from words_of(field.annotation)
    elif _is(kind, StrEnum):
        yield from ((kind.__name__, word.value) for word in kind)
    elif get_origin(kind) is Literal:
        yield from (("Literal", str(word)) for word in get_args(kind))
    else:
        for part in get_args(kind):
            yield from words_of(part)


def _home(model: type[BaseModel], key: str) -> str:
    """The model that a key was first written in: a rule says of a clock what all clocks know."""
    return next(
        each.__name__
        for each in reversed(model.__mro__)
        if issubclass(each, BaseModel) and key in each.model_fields
    )


def _is(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def test_every_model_of_the_policy_is_walked():
    found = {name for name, _ in words_of(policy_model())}
    models = {
        name
        for name, each in vars(sections).items()
        if _is(each, sections.Section) and each is not sections.Section
    }

    assert models - found <= {"Conditions"}, "its keys are those of Promised"


def test_every_fragment_is_a_policy_once_completed():
    base = base_policy(BLOCKS)

    for text in fragments(BLOCKS):
        assert isinstance(read_policy(completed(base, text)), Policy), text


# The tables.


def test_the_phrases_on_the_page_are_the_phrases_of_the_stories():
    written = defaultdict(list)
    for phrase in PHRASES:
        written[event_type(phrase)].append(phrase.words)

    assert rows(TEXT, "event") == [(name, "; ".join(words)) for name, words in written.items()]


def test_every_phrase_is_used_by_a_story():
    page = "\n".join(line for told in STORIES for _, line in told.lines)

    unused = [phrase.words for phrase in PHRASES if not re.search(phrase.pattern, page)]

    assert unused == []


def test_the_service_level_of_each_definition_is_as_written():
    counts = re.findall(r"(\w+) (\d+)", next(b.text for b in BLOCKS if b.info == "counts"))
    counters = Counters(**{name: int(number) for name, number in counts})

    found = [(variant, f"{service_level(counters, variant):.1%}") for variant in Variant]

    assert {(name, share) for name, _, share in rows(TEXT, "phone_service_level")} == set(found)


def test_the_order_that_breaks_ties_is_as_written():
    (written,) = [block.text.split() for block in BLOCKS if block.info == "ties"]

    assert written == [data.type for data in IN_ORDER]


def test_every_kind_of_clock_has_a_heading():
    headings = re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)

    for kind in ClockKind:
        assert any(f"`{kind}`" in heading for heading in headings), kind


def test_every_link_leads_somewhere():
    anchors = {
        re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }

    for file, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", TEXT):
        assert (PAGE.parent / file).exists() if file else anchor in anchors, (file, anchor)
