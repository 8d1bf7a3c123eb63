"""The example says what it is meant to say."""

from datetime import datetime
from pathlib import Path

import msgspec

from app.core import events as e
from app.core.document import document
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from tests.core.story import at

EXAMPLES = Path(__file__).parents[1] / "examples"


class Envelope(msgspec.Struct):
    id: str
    source: str
    type: str
    time: datetime
    subject: str
    data: msgspec.Raw


def example_events() -> list[e.Event]:
    lines = (EXAMPLES / "events.jsonl").read_bytes().splitlines()
    return [
        e.Event(
            source=told.source,
            id=told.id,
            occurred_at=told.time,
            subject=told.subject,
            data=e.decode_data(told.type, bytes(told.data)),
        )
        for told in (msgspec.json.decode(line, type=Envelope) for line in lines)
    ]


def test_the_example_replays_to_one_broken_and_four_kept_promises():
    terms = Terms(Policies((read_policy((EXAMPLES / "policy.yaml").read_text()),)))

    told = document(replay(example_events(), terms, at("mon 14:05")), terms)

    clocks = {
        (contact["customer"], str(clock["kind"])): str(clock["status"])
        for contact in told["contacts"]
        for clock in contact["clocks"]
    }
    assert clocks == {
        ("jensen", "first_response"): "breached",
        ("acme", "first_response"): "met",
        ("acme", "resolution"): "met",
        ("acme", "next_response"): "met",
    }
    assert [promise["status"] for promise in told["promises"]] == ["met"]
