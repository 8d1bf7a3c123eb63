"""The schema that editors check policies by says what the reader says, and is the committed one."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from app.core.marked_yaml import FaultyFile, read_marked
from app.core.policy_file import words as policy_words
from app.core.policy_file.reading import policy_model, read_policy
from app.core.policy_file.schema import WORDS, Undescribed, policy_schema
from tests.json_schema import faults
from tests.running import ROOT

SCHEMA = policy_schema(policy_model())
EXAMPLE = (ROOT / "deploy" / "policy.yaml").read_text()
SHIPPED = sorted(ROOT.glob("deploy/**/policy.yaml")) + sorted(ROOT.glob("tests/**/policy.yaml"))

ALPHABET = "0123456789.smh ,:-%\t"
WORDS_OF_SPANS = ["off", "business day", "business days", "end of day", "calendar", "day", "days"]
NEAR = st.lists(
    st.sampled_from([*ALPHABET, *WORDS_OF_SPANS, "1h", "30m", " calendar", "08:00", "closed"]),
    max_size=7,
).map("".join)
TOO_LARGE = ("3650 days", "overlap", "must end after it starts")
"""What no pattern can say."""


def plain(value: Any) -> Any:
    """The value as editors see it: dates and keys are text."""
    match value:
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case date() | datetime():
            return value.isoformat()
        case _:
            return value


def told_of(text: str) -> list[str]:
    return faults(plain(read_marked(text).value), SCHEMA)


def test_the_committed_schema_is_fresh():
    committed = (ROOT / "deploy" / "policy.schema.json").read_text()

    assert committed == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


def test_the_example_tells_editors_where_the_schema_is():
    assert EXAMPLE.startswith("# yaml-language-server: $schema=policy.schema.json\n")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_policy_that_we_ship_is_valid(file):
    assert told_of(file.read_text()) == []


@pytest.mark.parametrize(
    ("right", "wrong", "path"),
    [
        ("version: 1", "version: none", "$.version"),
        ("version: 1", "version: 0", "$.version"),
        ("purpose:", "porpoise:", "$.porpoise"),
        ("mon-thu: 08:00-16:00", "mon-thu: 8 to 4", "$.calendars.office.hours.mon-thu"),
        ("mon-thu: 08:00-16:00", "mon-thu: 08:00-24:30", "$.calendars.office.hours.mon-thu"),
        ("fri: 08:00-15:30", "friday: 08:00-15:30", "$.calendars.office.hours.friday"),
        ("2026-12-23: 08", "christmas: 08", "$.calendars.office.special_days.christmas"),
        ("[2026-12-24, 2026-12-31]", "[24 December]", "$.calendars.office.holidays.also[0]"),
        ("zone: Europe/Copenhagen", "zone: 3", "$.calendars.office.zone"),
        ("{default: true}", "{default: maybe}", "$.tiers.standard"),
        ("new_for: 90 days", "new_for: 90", "$.new_for"),
        ("channels: [phone]", "channels: [telephone]", "$.teams.hotline.channels[0]"),
        ("    calendar: phones\n", "", "$.teams.hotline: lacks calendar"),
        ("first_response: 20s", "first_response: soon", "$.targets[1].first_response"),
        ("first_response: 20s", "first_response: 1 day", "$.targets[1].first_response"),
        ("first_response: 20s", "first_response: 0s", "$.targets[1].first_response"),
        ("target_ratio: 0.8", "target_ratio: 80", "$.targets[1].target_ratio"),
        ("{channel: chat}", "{chanel: chat}", "$.targets[2].when.chanel"),
        ("warnings: [50 %,", "warnings: [50,", "$.warnings[0]"),
        ("warnings: [50 %,", "warnings: [1h late,", "$.warnings[0]"),
        ("short_abandon: 5s", "short_abandon: never", "$.clocks.short_abandon"),
        ("lost_track: {phone: 2h", "lost_track: {fax: 2h", "$.clocks.lost_track.fax"),
    ],
)
def test_a_wrong_file_fails_where_it_is_wrong(right: str, wrong: str, path: str):
    assert EXAMPLE.count(right) >= 1
    text = EXAMPLE.replace(right, wrong, 1)

    found = told_of(text)

    assert found
    assert all(one.startswith(path) for one in found)
    with pytest.raises(FaultyFile):
        read_policy(text)


@pytest.mark.parametrize("word", sorted(WORDS))
@given(text=NEAR)
def test_a_pattern_takes_what_its_reader_takes_and_nothing_else(word: str, text: str):
    try:
        getattr(policy_words, word)(text)
    except ValueError as error:
        is_read, is_beyond = False, any(known in str(error) for known in TOO_LARGE)
    else:
        is_read, is_beyond = True, False

    is_valid = not faults(text, WORDS[word])

    assert is_valid == is_read or (is_valid and is_beyond)


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_examples_beside_a_word_can_be_read(word: str):
    for example in WORDS[word]["examples"]:
        getattr(policy_words, word)(example)
        assert faults(example, WORDS[word]) == []


@given(st.lists(st.sampled_from(["mon", "Fri", "sun", "-", ",", " ", "x"]), max_size=6))
def test_the_pattern_of_weekdays_takes_what_the_reader_takes(parts: list[str]):
    text = "".join(parts)
    pattern = SCHEMA["$defs"]["Calendar"]["properties"]["hours"]["propertyNames"]["pattern"]
    is_valid = re.search(pattern, text) is not None
    if _is_read(policy_words.weekdays, text):
        assert is_valid
    elif is_valid:
        with pytest.raises(ValueError, match="in order"):
            policy_words.weekdays(text)


def _is_read(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


def objects(schema: Any) -> list[Any]:
    """Every part of the schema that describes a section."""
    return [part for part in [schema, *schema["$defs"].values()] if "properties" in part]


def test_every_key_is_described_in_plain_words_and_no_other_is_taken():
    for section in objects(SCHEMA):
        assert section["additionalProperties"] is False
        for key, told in section["properties"].items():
            assert told["description"].endswith((".", '."')), key
    assert "`" not in json.dumps(SCHEMA)
    assert "#/$defs/_" not in json.dumps(SCHEMA)


def test_a_key_that_nobody_described_is_said():
    class Policy(BaseModel):
        shoe_size: int = 42

    with pytest.raises(Undescribed, match="shoe_size"):
        policy_schema(Policy)


def test_a_description_beside_the_field_will_do():
    class Policy(BaseModel):
        shoe_size: int = Field(42, description="How large the shoes are.")

    told = policy_schema(Policy)["properties"]["shoe_size"]

    assert told == {"description": "How large the shoes are.", "type": "integer", "default": 42}
