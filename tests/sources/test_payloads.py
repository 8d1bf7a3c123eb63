from datetime import datetime
from typing import Any

import pytest

from app.sources import kinds
from app.sources.translation import translate, translate_request
from tests.sources.payloads import (
    NOON,
    OPTIONAL,
    SHARED,
    config,
    delivery,
    headers_of,
    own,
    own_cases,
    shared_cases,
)

OWN_CASES = [
    (kind, file, expected) for kind in ("aircall", "chatwoot") for file, expected in own_cases(kind)
]


def by_instant(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same instant may be written with or without a fraction."""
    return [
        {
            name: datetime.fromisoformat(value).isoformat()
            if name in ("time", "due") and value != "RECEIVE_TIME"
            else value
            for name, value in event.items()
        }
        for event in events
        if event["type"] not in OPTIONAL
    ]


@pytest.mark.parametrize(("kind", "file", "expected"), OWN_CASES)
def test_a_payload_means_exactly_what_is_written_beside_it(kind, file, expected):
    assert translate(kind, own(kind, file), {}, NOON) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize("case", list(shared_cases()), ids=lambda case: case["file"])
def test_a_shared_sample_means_exactly_what_is_expected(case):
    raw = (SHARED / case["file"]).read_bytes()
    headers = {"Content-Type": case["content_type"], **headers_of(case)}

    if case["file"].endswith(".http.txt"):
        events = translate_request(case["source"], raw, NOON)
    else:
        events = translate(case["source"], raw, headers, NOON)

    assert by_instant(events) == by_instant(case["expected"])


@pytest.mark.parametrize(("kind", "file", "expected"), OWN_CASES)
def test_a_repeated_delivery_has_the_same_ids_and_facts(kind, file, expected):
    once = kinds.translate(delivery(own(kind, file)), config(kind))
    again = kinds.translate(delivery(own(kind, file)), config(kind))

    assert once == again
    assert len({event.id for event in once}) == len(once)


@pytest.mark.parametrize(("kind", "file", "expected"), OWN_CASES)
def test_an_adapter_sends_only_what_it_says_it_tells(kind, file, expected):
    assert {event["type"] for event in expected} <= kinds.ADAPTERS[kind].tells


@pytest.mark.parametrize(("kind", "file", "expected"), OWN_CASES)
def test_no_text_of_a_message_reaches_an_event(kind, file, expected):
    events = kinds.translate(delivery(own(kind, file)), config(kind))

    assert not any(b"never stored" in event.body for event in events)


@pytest.mark.parametrize("kind", ["aircall", "chatwoot"])
def test_every_type_that_an_adapter_tells_has_a_payload(kind):
    shown = {event["type"] for _, expected in own_cases(kind) for event in expected}

    assert kinds.ADAPTERS[kind].tells - shown <= {"followup.promised", "followup.done"}
