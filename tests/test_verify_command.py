"""``python -m app verify`` says whether a delivery would be let in, and why not."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new
from pathlib import Path

import pytest

from app.__main__ import main
from app.sources.adapter import SignedBy
from app.sources.kinds import ADAPTERS
from tests.sources.payloads import SHARED, shared_signatures

BODY = '{"event": "message_created"}'
SECRET = "canary-secret-of-this-test"  # noqa: S105
AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
Verify = Callable[..., int]
VECTORS = [
    pytest.param(kind, vector, id=f"{kind}/{vector['id']}") for kind, vector in shared_signatures()
]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "older").write_text("another-secret-before-it")
    file = tmp_path / "sources.yaml"
    file.write_text(
        "sources:\n  - {id: chat, kind: chatwoot, "
        f"secrets: [{{file: {tmp_path}/older}}, {{file: {tmp_path}/secret}}]}}\n"
    )
    return file


def signed(secret: str, at: datetime = AT) -> list[str]:
    stamp = str(int(at.timestamp()))
    digest = new(secret.encode(), f"{stamp}.{BODY}".encode(), sha256).hexdigest()
    told = (f"X-Chatwoot-Timestamp: {stamp}", f"X-Chatwoot-Signature: sha256={digest}")
    return [part for header in told for part in ("--header", header)]


def verify(sources: Path, *told: str) -> int:
    return main(["verify", "chat", "--sources", str(sources), "--at", AT.isoformat(), *told])


@pytest.mark.parametrize("way", ["text", "file", "@file"])
def test_a_signature_that_holds_is_said_to_hold_however_the_body_is_given(
    way: str, sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "body.json"
    file.write_text(BODY)
    body = {"text": BODY, "file": str(file), "@file": f"@{file}"}[way]

    assert verify(sources, "--body", body, *signed(SECRET)) == 0
    assert capsys.readouterr().out == (
        "accepted: the signature holds, by one of the 2 secrets of chat\n"
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (["--body", BODY], "missing"),
        (["--body", BODY, *signed("guessed")], "does not match"),
        (["--body", BODY + " ", *signed(SECRET)], "does not match"),
        (["--body", BODY, *signed(SECRET, datetime(2027, 3, 1, 11, tzinfo=UTC))], "300 s from now"),
        (["--header", "nonsense"], "expected a header such as"),
    ],
)
def test_a_refusal_says_why_and_never_a_secret(
    told: list[str], reason: str, sources: Path, capsys: pytest.CaptureFixture[str]
):
    assert verify(sources, *told) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert "canary" not in said


OTHERWISE = BODY.replace(" ", "")


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        (["--body", BODY + "\n", *signed(SECRET)], "signed without the line break at its end"),
        (["--body", OTHERWISE, *signed(SECRET)], "signed written with spaces"),
        (
            ["--body", BODY, *signed(SECRET, datetime(2027, 3, 1, 11, tzinfo=UTC))],
            "it was signed 60 min before that: a clock is wrong, or it is an old one",
        ),
        (["--body", BODY, *signed("a-secret-of-another-tool")], "a secret of the source tickets"),
    ],
)
def test_a_refusal_says_what_small_thing_is_to_blame(
    told: list[str], hint: str, sources: Path, capsys: pytest.CaptureFixture[str]
):
    (sources.parent / "third").write_text("a-secret-of-another-tool")
    with sources.open("a") as file:
        secret = f"{{file: {sources.parent}/third}}"
        file.write(f"  - {{id: tickets, kind: zendesk, secrets: [{secret}]}}\n")

    assert verify(sources, *told) == 1
    said = capsys.readouterr().err
    assert "it would hold if " in said
    assert hint in said
    assert "canary" not in said
    assert "secret-of-another" not in said


@pytest.mark.parametrize(
    ("posted_to", "came_to"),
    [
        ("https://desk.example/hooks/flex", "http://desk.example/hooks/flex"),
        ("https://desk.example/hooks/flex", "http://desk.example:8000/hooks/flex?token=canary"),
        ("https://desk.example/hooks/flex/", "https://user:canary@desk.example/hooks/flex"),
    ],
)
def test_the_address_that_was_signed_is_named_where_a_proxy_changed_it(
    posted_to: str, came_to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "secret").write_text(SECRET)
    file = tmp_path / "sources.yaml"
    secret = f"{{file: {tmp_path}/secret}}"
    file.write_text(f"sources: [{{id: flex, kind: twilio-taskrouter, secrets: [{secret}]}}]")
    signature = b64encode(new(SECRET.encode(), f"{posted_to}Ab".encode(), "sha1").digest()).decode()
    told = ["--url", came_to, "--header", f"X-Twilio-Signature: {signature}", "--body", "A=b"]

    assert main(["verify", "flex", "--sources", str(file), *told]) == 1
    said = capsys.readouterr().err
    assert "Twilio signed another address or with another secret. We checked http" in said
    assert f"it was posted to {posted_to}" in said
    assert "public_url" in said
    assert "canary" not in said


def test_an_unknown_source_is_named_beside_those_that_exist(
    sources: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["verify", "phone", "--sources", str(sources)]) == 1
    assert capsys.readouterr().err == (
        "expected a source out of sources.yaml (chat), got 'phone'\n"
    )


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize(("kind", "vector"), VECTORS)
def test_the_command_judges_a_shared_vector_as_expected(kind, vector, tmp_path: Path):
    certified = ADAPTERS[kind].signed_by is SignedBy.CERTIFICATE
    (tmp_path / "secret").write_text(vector["secret"])
    (tmp_path / "body").write_bytes(vector["body"].encode())
    entry = f"id: desk, kind: {kind}"
    if certified:
        entry += f", topics: ['{json.loads(vector['body'])['TopicArn']}']"
    else:
        entry += f", secrets: [{{file: {tmp_path}/secret}}]"
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - {{{entry}}}\n")
    told = [f"--body=@{tmp_path}/body", f"--url={vector['url'] or ''}"]
    told += [f"--header={name}: {value}" for name, value in vector["headers"].items()]
    if certified:
        told += [f"--certificate={tmp_path}/secret"]
    if vector["verify_at"] is not None:
        told += [f"--at={datetime.fromtimestamp(vector['verify_at'], UTC).isoformat()}"]

    status = main(["verify", "desk", "--sources", str(tmp_path / "sources.yaml"), *told])

    assert (status == 0) is vector["expected_valid"]
