"""Whole stories of other systems' tests: their contacts and clocks, judged by our replay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from app.core.clocks.clock import Status
from app.core.clocks.record import Record, record_of
from app.core.policy import Policies, Policy
from app.core.replay import Terms, elapsed_at, replay
from tests.conformance.cases import Case, cases_of
from tests.conformance.desk import KINDS, events_of, instant, policies_of

WORDS = {Status.BREACHED: "missed", Status.CANCELLED: "none"}
"""Where the cases have another word than we."""


@pytest.mark.parametrize("case", cases_of("timeline"), ids=lambda case: case.id)
def test_a_story_comes_out_as_it_should(case: Case):
    for checkpoint in case.expected["checkpoints"]:
        for name, expected in checkpoint["clocks"].items():
            found = _found(case, name, instant(checkpoint["as_of"]))

            assert {key: found[key] for key in expected} == _expected(expected), (
                f"{name} as of {checkpoint['as_of']}"
            )


def _expected(told: Mapping[str, Any]) -> dict[str, Any]:
    due = told.get("due")
    return {**told, "due": instant(due) if due else None} if "due" in told else dict(told)


def _found(case: Case, name: str, now: datetime) -> dict[str, Any]:
    """What our replay says of one clock of the case, in the words of the case."""
    specs = _specs(case.input, name)
    if not specs:
        return _in_words(Record(Status.NONE), Terms(Policies((Policy(version=1),))), now)
    kind = KINDS[specs[0]["kind"]]
    told = _without_rivals(case.input, name, specs[0]["kind"])
    terms = Terms(policies_of(told, case.calendar))
    contacts = replay(events_of(told), terms, now).contacts
    clocks = contacts[0].clocks if contacts else ()
    record = record_of(kind, clocks, now)
    if record.status is Status.IDLE and not terms.policies.in_force(now).promises(kind):
        record = Record(Status.NONE)
    return _in_words(record, terms, now)


def _specs(told: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Every spec of the clock, as it changes."""
    later = [event["clocks"] for event in told["events"] if event["type"] == "policy"]
    found = [clocks.get(name) for clocks in (told["clocks"], *later)]
    return [spec for spec in found if spec is not None]


def _without_rivals(told: Mapping[str, Any], name: str, kind: str) -> dict[str, Any]:
    """The clock with those of other kinds: of one kind our policy promises one thing at a time."""

    def left(clocks: Mapping[str, Any]) -> dict[str, Any]:
        others = ((other, _specs(told, other)) for other in clocks)
        rivals = {other for other, specs in others if specs and specs[0]["kind"] == kind} - {name}
        return {other: spec for other, spec in clocks.items() if other not in rivals}

    events = [
        {**event, "clocks": left(event["clocks"])} if event["type"] == "policy" else event
        for event in told["events"]
    ]
    return {**told, "clocks": left(told["clocks"]), "events": events}


def _in_words(record: Record, terms: Terms, now: datetime) -> dict[str, Any]:
    clock = record.clock
    idle = record.status is Status.IDLE
    runs = clock is not None and clock.ending is None
    elapsed = elapsed_at(clock, terms, now) if clock is not None else None
    target = clock.target.total_seconds() if clock is not None else 0.0
    return {
        "status": WORDS.get(record.status, str(record.status)),
        "due": clock.due_at if clock is not None and runs else None,
        "breached": clock is not None and not idle and clock.is_breached(now),
        "elapsed_seconds": elapsed,
        "overdue_seconds": 0.0 if idle else max(0.0, (elapsed or 0.0) - target),
        "cycles": record.cycles,
        "misses": record.misses,
        "worst_elapsed_seconds": record.worst.total_seconds() if record.worst else None,
    }
