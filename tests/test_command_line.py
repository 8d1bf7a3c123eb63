"""The command line says what is wrong in plain words, and its status tells whether it was done."""

from pathlib import Path

import pytest

from app.__main__ import main

EXAMPLE = Path(__file__).parents[1] / "deploy" / "policy.yaml"
SOURCES = EXAMPLE.parent / "sources.yaml"


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


def test_a_checked_policy_shows_when_people_are_away_and_asks_about_doubtful_days(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["policy", "check", str(EXAMPLE)]) == 0

    told = capsys.readouterr().out
    assert "  pages for: important; tickets for: standard\n" in told
    assert "  hotline: pages to hotline-lead (in quiet hours to on-call), tickets to hot" in told
    assert "calendar office, the next 60 days:" in told
    assert "? Are you open on 24 December" in told
    assert "what cannot be measured" not in told


def test_a_checked_policy_says_what_its_sources_cannot_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "sources: [{id: desk, kind: chatwoot, secrets: [{env: X}], default_team: moon}]"
    )

    assert main(["policy", "check", str(EXAMPLE), "--sources", str(sources)]) == 0
    assert "desk names the team moon, which the policy does not have" in capsys.readouterr().out

    assert main(["policy", "check", str(EXAMPLE), "--sources", str(SOURCES)]) == 0
    assert "nothing: the sources tell the start and the stop" in capsys.readouterr().out


def test_a_source_that_nothing_protects_is_named_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sources = tmp_path / "sources.yaml"
    rule = "{tell: contact.received, subject: $.id, channel: chat}"
    sources.write_text(
        f"sources: [{{id: open, kind: mapping, mapping: {{verify: none, rules: [{rule}]}}}}]"
    )

    assert main(["sources", "check", str(sources)]) == 0
    assert "NOT PROTECTED: anybody who reaches its address" in capsys.readouterr().out


def test_faults_of_a_checked_file_of_sources_are_said_with_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sources = tmp_path / "sources.yaml"
    sources.write_text("sources: [{id: desk, kind: fax}]")

    assert main(["policy", "check", str(EXAMPLE), "--sources", str(sources)]) == 1
    assert f"{sources}, line 1" in capsys.readouterr().err


def test_the_schema_of_the_policy_is_the_one_beside_the_example(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["policy", "schema"]) == 0
    assert capsys.readouterr().out == (EXAMPLE.parent / "policy.schema.json").read_text()
