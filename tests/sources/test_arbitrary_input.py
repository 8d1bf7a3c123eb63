"""Whatever comes, an adapter answers with events or with its one refusal."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import Incoming, decode_data
from app.sources import kinds
from app.sources.adapter import MAX_BYTES, BadSignature, Delivery, SourceConfig, Unreadable
from app.sources.cloudevents import read
from app.sources.refusal import CannotRead
from tests.sources.payloads import NOON, Case, all_own_cases, config, shared_cases

CANARY = "canary-secret-0123456789"
KINDS = st.sampled_from(sorted(kinds.ADAPTERS))
SPLINTERS = [b"\0", b"\xff", b"%00", b"%", b"&&", b"=", b"\r\n\r\n", b"|" * 30, b"9" * 400, b": "]
HELPSCOUT_EVENTS = ["convo.created", "convo.status", "convo.tags", "satisfaction.ratings", "æ"]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            ["application/json", "application/cloudevents+json", "application/x-ndjson"]
        ),
        "authorization": st.text(max_size=40),
        "x-chatwoot-signature": st.text(max_size=80).map(lambda text: f"sha256={text}"),
        "x-chatwoot-timestamp": st.text(max_size=14),
        "x-chatwoot-delivery": st.text(max_size=300),
        "x-helpscout-event": st.sampled_from(HELPSCOUT_EVENTS),
        "x-helpscout-signature": st.text(max_size=40),
        "ce-specversion": st.just("1.0"),
        "ce-id": st.text(max_size=10),
    },
)
NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**40, -(10**30), 1e308, -1e308, 1e-300, 0, -1, 253402300800, 1e14]),
    st.text(max_size=8),
    st.sampled_from(["\0", "x" * 300, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "NaN"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "name", "status"]), st.integers(), max_size=2),
)


def json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


CASES = [*all_own_cases(), *shared_cases()]
WRITTEN = [case for case in CASES if isinstance(json_of(case.body), dict | list)]
OTHERS = [case for case in CASES if case not in WRITTEN]


def refusal_of(step: Callable[[], object]) -> str:
    """What is said to a delivery that is not taken; anything else than a refusal is raised."""
    try:
        step()
    except (BadSignature, Unreadable) as refusal:
        return repr(refusal) + refusal.reason
    return ""


def answered(config_: SourceConfig, body: bytes, headers: Mapping[str, str]) -> None:
    sent = Delivery(headers, body, NOON, "/hooks/desk?token=x")
    events: list[Incoming] = []

    refusals = refusal_of(lambda: kinds.verify(sent, config_, NOON))
    refusals += refusal_of(lambda: events.extend(kinds.translate(sent, config_)))
    kinds.event_of(sent, config_)
    kinds.answer(sent, config_)
    refusals += refusal_of(lambda: kinds.certificate(sent, config_))
    kinds.visit(sent, config_)
    for method in ("GET", "HEAD", "OPTIONS"):
        kinds.greet(replace(sent, method=method), config_)

    assert CANARY not in refusals
    assert all(event.source == config_.source.event_source for event in events)
    for event in events:
        if event.is_canonical:
            decode_data(event.type, event.body)


def changed(payload: Any, data: st.DataObject) -> Any:
    """Delete or replace something at a random place of ``payload``."""
    root = node = copy.deepcopy(payload)
    while True:
        places = sorted(node) if isinstance(node, dict) else range(len(node))
        if not places:
            return root
        place = data.draw(st.sampled_from(list(places)))
        if isinstance(node[place], dict | list) and data.draw(st.booleans()):
            node = node[place]
            continue
        if data.draw(st.booleans()):
            del node[place]
        else:
            node[place] = data.draw(NONSENSE)
        return root


@given(kind=KINDS, body=st.binary(max_size=200), headers=HEADERS, unsigned=st.booleans())
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_refused_or_mean_nothing(kind, body, headers, unsigned):
    answered(config(kind, secrets=(CANARY,), unsigned=unsigned), body, headers)


@given(case=st.sampled_from(WRITTEN), data=st.data())
@settings(max_examples=1500, deadline=None)
def test_a_damaged_payload_is_refused_or_still_gives_sound_events(case: Case, data):
    damaged = json_of(case.body)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged = changed(damaged, data)

    answered(config(case.kind, secrets=(CANARY,)), json.dumps(damaged).encode(), case.headers)


@given(case=st.sampled_from(OTHERS), data=st.data())
@settings(max_examples=600, deadline=None)
def test_a_damaged_text_is_refused_or_still_gives_sound_events(case: Case, data):
    body = case.body
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(body)))
        last = min(len(body), first + data.draw(st.integers(0, 40)))
        put = data.draw(st.one_of(st.binary(max_size=12), st.sampled_from(SPLINTERS)))
        body = body[:first] + put + body[last:]

    answered(config(case.kind, secrets=(CANARY,)), body, case.headers)


@pytest.mark.parametrize("kind", sorted(kinds.ADAPTERS))
@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b'{"event": NaN}',
        b'{"event": "call.created", "timestamp": 1e999, "data": {"id": 1}}',
        b'{"event": "message_created", "id": ' + b"9" * 100_000 + b"}",
        b'{"event": "call.created", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"event": "conversation_updated", "changed_attributes": ' + b"[" * 100_000,
        b'{"event": "call.created\\ud800"}',
        b'{"token": "' + b"x" * 900_000 + b'"}',
    ],
)
def test_numbers_and_depths_beyond_measure_are_refused_or_mean_nothing(kind, body):
    answered(config(kind, secrets=(CANARY,)), body, {"content-type": "application/json"})


SWOLLEN = {
    "lists in lists": b"[" * 20_001,
    "a list of lists": b"[" + b'[""],' * 20_001 + b"0]",
    "a list of objects": b'{"data": [' + b"{}," * 20_001 + b"{}]}",
    "a list of numbers": b"[" + b"0," * 100_001 + b"0]",
}


@pytest.mark.parametrize("what", SWOLLEN)
@pytest.mark.parametrize("kind", sorted(kinds.ADAPTERS))
def test_a_body_of_little_but_brackets_is_refused_before_it_is_read(kind: str, what: str):
    sent = Delivery({"content-type": "application/json"}, SWOLLEN[what], NOON)
    config_ = config(kind, secrets=(CANARY,))

    if kinds.ADAPTERS[kind].max_bytes == MAX_BYTES:  # in a mail they may be the customer's
        with pytest.raises(Unreadable, match="expected at most 20000 objects"):
            kinds.translate(sent, config_)
        assert kinds.event_of(sent, config_) is None
        assert kinds.visit(sent, config_) is None
    answered(config_, sent.body, sent.headers)


def test_a_word_that_is_very_long_is_refused_by_its_place_and_its_beginning():
    body = json.dumps(ENVELOPE | {"specversion": "1.0" + "\r\n a" * 100_000}).encode()

    [refused] = read({"content-type": "application/cloudevents+json"}, body, NOON).refused

    assert (refused.field, refused.expected) == ("$.specversion", "1.0")
    assert len(refused.got) < 200


ENVELOPE = {
    "specversion": "1.0",
    "id": "e",
    "source": "/x",
    "type": "followup.promised",
    "time": "2027-03-01T11:00:00Z",
    "subject": "c",
    "data": {"due": "2027-03-01T15:00:00Z", "aliases": [{"kind": "phone", "value": "+45"}]},
}


@given(data=st.data(), headers=HEADERS)
@settings(max_examples=400, deadline=None)
def test_a_damaged_cloud_event_is_read_refused_or_malformed(data, headers):
    body = json.dumps(changed(ENVELOPE, data)).encode()

    try:
        batch = read({"content-type": "application/cloudevents+json"} | headers, body, NOON)
    except CannotRead:
        return

    assert len(batch.events) + len(batch.refused) == 1
    assert all(refused.field.startswith("$") for refused in batch.refused)
