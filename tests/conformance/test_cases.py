"""Reading cases: which files, and what becomes of those that two files tell."""

import json
import os
from pathlib import Path

import pytest

from tests.conformance.calendars import calendar_of
from tests.conformance.cases import OWN, read, told_files

CASE: dict[str, object] = {
    "id": "a",
    "kind": "between",
    "calendar": {},
    "input": {},
    "expected": {"seconds": 1},
}


def written(path: Path, *cases: dict[str, object]) -> Path:
    path.write_text(json.dumps(cases))
    return path


def test_the_files_are_those_named_or_else_our_own_first():
    named = told_files(os.pathsep.join(("one.json", "two.json")))

    assert named == [Path("one.json"), Path("two.json")]
    assert told_files(None)[0] == told_files("")[0] == OWN


def test_what_two_files_say_alike_is_one_case(tmp_path):
    ours = written(tmp_path / "ours.json", CASE)
    theirs = written(tmp_path / "theirs.json", CASE | {"source": "elsewhere", "note": "why"})

    assert [case.id for case in read((ours, theirs))] == ["a"]


def test_another_case_of_the_same_name_is_kept_under_a_name_of_its_own(tmp_path):
    ours = written(tmp_path / "ours.json", CASE)
    theirs = written(tmp_path / "theirs.json", CASE | {"expected": {"seconds": 2}}, CASE)

    assert [case.id for case in read((ours, theirs))] == ["a", "a#2"]


def test_a_file_that_is_no_list_of_cases_is_refused(tmp_path):
    path = tmp_path / "odd.json"
    path.write_text("{}")

    with pytest.raises(TypeError, match="expected a list of cases"):
        read((path,))


@pytest.mark.parametrize(
    "told",
    [
        {"timezone": "Europe/Atlantis"},
        {"timezone": "UTC", "hours": {"mon": [["09:00", "08:00"]]}},
        {"timezone": "UTC", "hours": {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}},
        {"timezone": "UTC", "breaks": [{"date": "2026-01-05", "from": "10:00", "to": "25:00"}]},
    ],
)
def test_a_calendar_that_a_policy_file_may_not_have_is_refused(told):
    with pytest.raises(ValueError, match=r"expected|must|overlap|no such"):
        calendar_of(told)
