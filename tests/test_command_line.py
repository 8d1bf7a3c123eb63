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
    assert "this does not look like Aircall: is another tool posting" in capsys.readouterr().err


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


def _checked(sources: Path, text: str, *told: str) -> int:
    sources.write_text(text)
    return main(["sources", "check", str(sources), *told])


@pytest.mark.parametrize("named", ["on the command line", "in the environment"])
def test_a_team_or_tier_that_the_policy_lacks_is_a_fault_of_the_sources(
    named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    told = ["--policy", str(EXAMPLE)] if named == "on the command line" else []
    monkeypatch.setenv("EVENHAND_POLICY_FILE", str(EXAMPLE if not told else tmp_path / "none"))
    text = """sources:
  - id: desk
    kind: zendesk
    secrets: [{env: X}]
    default_team: suport
    teams: {1: support, Sales: sales}
    tier_tags: {vip: gold, plus: important}
"""

    assert _checked(tmp_path / "s.yaml", text, "--without-secrets", *told) == 1
    assert [line.partition(", ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "line 5: sources.0.default_team: policy.yaml has no team 'suport'; it has hotline, support",
        "line 6: sources.0.teams.Sales: policy.yaml has no team 'sales'; it has hotline, support",
        "line 7: sources.0.tier_tags.vip: policy.yaml has no tier 'gold'; it has important, standard",
    ]


def test_the_sources_that_are_shipped_name_the_teams_of_the_policy_that_is(
    capsys: pytest.CaptureFixture[str],
):
    told = ["--without-secrets", "--policy", str(EXAMPLE)]

    assert main(["sources", "check", str(SOURCES), *told]) == 0
    assert "the file can be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "{id: flex, kind: twilio-voice, public_url: 'https://h.example/hooks/flexx', secrets: [{env: X}]}",
            "public_url ends in flexx, the source is flex",
        ),
        ("{id: wa, kind: whatsapp, secrets: [{env: X}]}", "without verify_token Meta cannot save"),
    ],
)
def test_what_can_be_used_and_is_a_mistake_is_said(
    entry: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    right = entry.replace("flexx", "flex").replace("whatsapp,", "whatsapp, verify_token: {env: Y},")

    assert _checked(tmp_path / "s.yaml", f"sources: [{entry}]", "--without-secrets") == 0
    assert said in capsys.readouterr().out
    assert _checked(tmp_path / "s.yaml", f"sources: [{right}]", "--without-secrets") == 0
    assert said not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "sources: [{id: a, kind: zendesk, secrets: [{env: EVENHAND_NOWHERE}]}]",
            "got none\nto check the rest alone: --without-secrets\n",
        ),
        (
            "sources: [{id: a, kind: zendesk, public_url: desk.example, secrets: [{env: PATH}]}]",
            "expected an address that begins with https://, got 'desk.example'\n",
        ),
        (
            "sources:\n  - id: a\n      kind: zendesk\n    secrets: []\n",
            "a line too far to the right; put a text with a colon in quotes\n",
        ),
        (
            "sources:\n  - id: a\n   kind: zendesk\n",
            "expected a line as far to the right as those beside it\n",
        ),
    ],
)
def test_faults_of_sources_end_where_people_stop_understanding_them(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert _checked(tmp_path / "s.yaml", text) == 1
    assert capsys.readouterr().err.endswith(said)


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
