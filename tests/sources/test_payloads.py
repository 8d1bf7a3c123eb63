"""What payloads of each kind mean, as they are and with every id, number and instant changed."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.core.document import document
from app.core.events import Event, Incoming, once_each, to_event
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay_clocks
from app.sources import kinds
from tests.sources.elsewhere import elsewhere
from tests.sources.payloads import (
    NOON,
    OPTIONAL,
    OWN_KINDS,
    SHARED,
    Case,
    all_own_cases,
    config,
    own_cases,
    shared_cases,
)

OWN_CASES, SHARED_CASES = all_own_cases(), shared_cases()
ALL_KINDS = sorted({case.kind for case in (*OWN_CASES, *SHARED_CASES)})
shared_folder = pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
POLICY = read_policy((Path(__file__).parents[2] / "deploy" / "policy.yaml").read_text())


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
    ]


def needed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the shared samples tell of: they leave out staffing, offers and queues."""
    return by_instant([event for event in events if event["type"] not in OPTIONAL])


def told_by(case: Case, later: timedelta = timedelta(0)) -> tuple[Incoming, ...]:
    if case.method == "OPTIONS":
        return ()
    delivery = replace(case.delivery, received_at=NOON + later)
    return kinds.translate(delivery, config(case.kind))


@pytest.mark.parametrize("case", OWN_CASES, ids=str)
def test_a_payload_means_exactly_what_is_written_beside_it(case: Case):
    assert by_instant(case.translated()) == by_instant(case.expected)


@shared_folder
@pytest.mark.parametrize("case", SHARED_CASES, ids=str)
def test_a_shared_sample_means_exactly_what_is_expected(case: Case):
    assert needed(case.translated()) == needed(case.expected)


@pytest.mark.parametrize("case", [*OWN_CASES, *SHARED_CASES], ids=str)
def test_with_every_id_number_and_instant_changed_a_payload_means_the_same(case: Case):
    text = elsewhere(case.body.decode("latin-1"))
    headers = {name: elsewhere(value) for name, value in case.headers.items()}
    moved = replace(case, body=text.encode("latin-1"), headers=headers)
    expected = json.loads(elsewhere(json.dumps(case.expected, ensure_ascii=False)))

    assert needed(moved.translated()) == needed(expected)


@pytest.mark.parametrize("case", OWN_CASES, ids=str)
def test_a_delivery_that_is_sent_again_later_has_the_same_ids_and_facts(case: Case):
    once, again = told_by(case), told_by(case, timedelta(hours=3))

    assert [(event.id, event.fact) for event in once] == [(e.id, e.fact) for e in again]
    assert len({event.id for event in once}) == len(once)


@pytest.mark.parametrize("case", [*OWN_CASES, *SHARED_CASES], ids=str)
def test_an_adapter_sends_only_what_it_says_it_tells(case: Case):
    adapter = kinds.ADAPTERS[case.kind]

    assert {event.type for event in told_by(case) if event.is_canonical} <= adapter.tells


@pytest.mark.parametrize("case", [*OWN_CASES, *SHARED_CASES], ids=str)
def test_a_delivery_names_its_event_and_the_event_may_give_what_it_gave(case: Case):
    adapter = kinds.ADAPTERS[case.kind]
    given = {event.type for event in told_by(case) if event.is_canonical}
    name = adapter.event_of(case.delivery)

    if given and adapter.events:
        assert name in adapter.events
        assert given <= frozenset().union(*adapter.events.values())


@pytest.mark.parametrize("case", OWN_CASES, ids=str)
def test_no_text_of_a_message_reaches_an_event(case: Case):
    assert not any(b"never stored" in event.body for event in told_by(case))


@pytest.mark.parametrize("kind", OWN_KINDS)
def test_every_type_that_an_adapter_tells_has_a_payload(kind: str):
    shown = {event.type for case in own_cases(kind) for event in told_by(case)}
    by_option = {"followup.promised", "followup.done", "contact.discarded", "customer.updated"}

    assert kinds.ADAPTERS[kind].tells - shown <= by_option


def clocks_of(events: list[Event]) -> dict[str, Any]:
    terms = Terms(Policies((POLICY,)))
    replayed, _ = replay_clocks([*once_each(events)], terms, NOON + timedelta(days=1))
    found = document(replayed, terms)
    return {**found, "contacts": sorted(found["contacts"], key=itemgetter("contact"))}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_retries_and_any_order_of_arrival_give_the_same_clocks(kind: str):
    cases = [case for case in (*OWN_CASES, *SHARED_CASES) if case.kind == kind]
    told = [to_event(event) for case in cases for event in told_by(case) if event.is_canonical]
    chance = Random(kind)
    again = told + chance.sample(told, len(told) // 2)
    chance.shuffle(again)

    assert clocks_of(again) == clocks_of(told)
