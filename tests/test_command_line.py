"""The command line says what is wrong in plain words, and its status tells whether it was done."""

from pathlib import Path

import pytest

from app.__main__ import main

EXAMPLE = Path(__file__).parents[1] / "deploy" / "policy.yaml"


def test_a_policy_is_read_back_in_the_words_of_its_file(capsys: pytest.CaptureFixture[str]):
    status = main(["policy", "check", str(EXAMPLE)])

    told = capsys.readouterr().out
    assert status == 0
    assert "Everything else: first_response 4h, next_response 4h, resolution 2 business" in told


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    status = main(["policy", "check", str(tmp_path / "none.yaml")])

    assert status == 1
    assert f"{tmp_path}/none.yaml cannot be used" in capsys.readouterr().err


def test_a_folder_is_not_taken_for_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    status = main(["replay", "--policy", str(EXAMPLE), "--events", str(tmp_path)])

    assert status == 1
    assert "database" not in capsys.readouterr().err


def test_a_file_in_another_encoding_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "policy.yaml"
    file.write_bytes("teams: {ø: }".encode("latin-1"))

    assert main(["policy", "check", str(file)]) == 1
    assert capsys.readouterr().err == "expected a file of UTF-8 text\n"


def test_a_payload_that_is_understood_and_tells_nothing_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "user.json"
    file.write_text('{"event": "user.created", "timestamp": 1700000000, "data": {"id": 1}}')

    assert main(["translate", "aircall", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_a_payload_that_is_not_understood_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "call.json"
    file.write_text("{}")

    assert main(["translate", "aircall", str(file)]) == 1
    assert "expected the name of an event" in capsys.readouterr().err
