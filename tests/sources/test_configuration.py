from datetime import timedelta
from pathlib import Path

import pytest

from app.core.marked_yaml import FaultyFile
from app.sources.adapter import TeamFrom
from app.sources.configuration import read_sources
from app.sources.kinds import ADAPTERS

EXAMPLE = Path(__file__).parents[2] / "deploy" / "sources.yaml"
REFERENCE = "{env: NAME} or {file: PATH}; a secret itself never stands in this file"
SECRETS = {
    "AIRCALL_TOKEN": "canary-aircall",
    "CHATWOOT_SECRET": "canary-chatwoot",
    "SHORT": "canary",
    "BLANK": " \n",
    "/run/token": "canary-token-of-some-length\n",
}


def read_secret(kind: str, name: str) -> str:
    return SECRETS[name]


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyFile) as refusal:
        read_sources(text, read_secret)
    assert "canary" not in str(refusal.value)
    return [str(fault) for fault in refusal.value.faults]


def test_the_example_can_be_used_as_it_stands():
    phone, chat = read_sources(EXAMPLE.read_text(), read_secret)

    assert (phone.source.kind, phone.secrets) == ("aircall", ("canary-aircall",))
    assert phone.source.teams == {"510001": "hotline", "510002": "support"}
    assert phone.follow_up_tags == {"Callback Request": timedelta(hours=4)}
    assert phone.turned_away_tags == {"no time", "turned away"}
    assert chat.turned_away_tags == {"no-time", "turned-away"}
    assert (chat.source.event_source, chat.secrets) == ("/hooks/chat", ("canary-chatwoot",))
    assert "contact.answered" in phone.source.tells - chat.source.tells


def test_a_source_never_shows_its_secrets():
    assert "canary" not in repr(read_sources(EXAMPLE.read_text(), read_secret))


def test_an_unsigned_source_has_its_token_and_its_options():
    text = """
sources:
  - {id: old-chat, kind: chatwoot, unsigned: true, token: {file: /run/token}, team_from: team}
"""

    (source,) = read_sources(text, read_secret)

    assert (source.unsigned, source.secrets) == (True, ("canary-token-of-some-length",))
    assert (source.team_from, source.source.silence_limit) == (TeamFrom.TEAM, timedelta(minutes=30))


def test_several_faults_are_told_at_once_each_with_its_line():
    text = """sources:
  - id: Phone!
    kind: aircall
    silence_limit: soon
    secrets: [canary-literal]
  - id: b
    kind: fax
    secrets: [{env: AIRCALL_TOKEN}]
"""

    assert faults_of(text) == [
        "line 2: sources.0.id: expected 1 to 64 small letters, digits and dashes, got 'Phone!'",
        "line 4: sources.0.silence_limit: expected a span such as 30m, 4h or 2d, got 'soon'",
        f"line 5: sources.0.secrets.0: expected {REFERENCE}",
        f"line 7: sources.1.kind: expected one of {', '.join(sorted(ADAPTERS))}, got 'fax'",
    ]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (
            "secrets: [{env: MISSING}]",
            "secrets.0: expected a secret in the variable MISSING, got none",
        ),
        (
            "secrets: [{file: /nowhere}]",
            "secrets.0: expected a secret in the file /nowhere, got none",
        ),
        (
            "secrets: [{env: BLANK}]",
            "secrets.0: expected a secret in the variable BLANK, got an empty",
        ),
        ("secrets: [{env: A, file: b}]", "secrets.0: expected {env: NAME}"),
        ("secrets: []", "secrets: expected at least one {env: NAME}"),
        ("secrets: {env: A}", "secrets: expected a list"),
        ("secret: canary", "secret: is not a known field here"),
        ("token: {env: SHORT}", "token: goes with unsigned: true only"),
        ("unsigned: true", "unsigned: expected a token beside it"),
        ("unsigned: true\n    token: {env: SHORT}", "token: expected a token of at least 16"),
        ("unsigned: true\n    token: canary", "token: expected {env: NAME}"),
        ("follow_up_tags: {Call: 4h}", "follow_up_tags: is not an option of the kind chatwoot"),
        ("turned_away: [no-time]", "turned_away: expected a mapping, got a list"),
        ("turned_away: {}", "turned_away.tags: is required"),
        ("turned_away: {tags: no-time}", "turned_away.tags: expected a list"),
        ("turned_away: {labels: [no-time]}", "turned_away.labels: is not a known field here"),
        ("silence_limit: 0m", "silence_limit: expected a span such as 30m"),
        ("silence_limit: 30", "silence_limit: expected a span such as 30m"),
        ("team_from: moon", "team_from: input should be 'inbox' or 'team', got 'moon'"),
        (
            "link: 'https://x.example'",
            "link: expected an address that begins with https:// and has {contact}",
        ),
        ("teams: [support]", "teams: expected a mapping, got a list"),
        ("region: Denmark", "region: string should match"),
        ("staff_domains: example.com", "staff_domains: expected a list"),
        ("connection: {host: h, port: 70000}", "connection.port: input should be less than"),
        ("verify_token: canary", "verify_token: expected {env: NAME}"),
        ("events: {Closed: closed}", "events.Closed: expected one of agent.available"),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(entry, fault):
    faults = faults_of(f"sources:\n  - id: chat\n    kind: chatwoot\n    {entry}\n")

    assert any(f"sources.0.{fault}" in told for told in faults), faults


def test_two_sources_cannot_have_one_id():
    entry = "  - {id: a, kind: aircall, secrets: [{env: AIRCALL_TOKEN}]}\n"

    assert faults_of("sources:\n" + entry * 2) == [
        "line 3: sources.1.id: expected an id of its own, got 'a'"
    ]


@pytest.mark.parametrize("text", ["", "[]", "sources: 3", "sources: []\nother: 1", "sources: [5]"])
def test_another_file_is_refused(text):
    assert faults_of(text)


def test_no_source_at_all_is_no_fault():
    assert read_sources("sources: []", read_secret) == ()
