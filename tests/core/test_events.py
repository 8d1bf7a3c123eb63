"""The canonical events: what their subject names, their order, their schema."""

from datetime import UTC, datetime

import msgspec
import pytest

from app.core import events as e
from tests.core.story import told

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "subject", "named"),
    [
        (e.CustomerUpdated(), "acme", e.SubjectOf.CUSTOMER),
        (e.AgentAvailable(), "kim", e.SubjectOf.AGENT),
        (e.WorkEnded(agent="kim", kind="wrap_up"), "kim", e.SubjectOf.AGENT),
        (e.WorkStarted(agent="kim"), "c1", e.SubjectOf.CONTACT),
        (e.ContactReceived(), "c1", e.SubjectOf.CONTACT),
    ],
)
def test_the_type_says_what_the_subject_names(data, subject, named):
    assert e.subject_of(told("mon 09:00", data, subject)) is named


def test_ties_in_time_are_broken_by_kind_then_by_source_and_id():
    first = told("mon 09:00", e.ContactReceived(), id="9")
    answers = [told("mon 09:00", e.ContactAnswered(), id=id_) for id_ in ("1", "2")]
    resolved = told("mon 09:00", e.ContactResolved(), id="0")

    ordered = e.in_canonical_order([resolved, *reversed(answers), first])

    assert ordered == [first, *answers, resolved]


def incoming(type_: str, body: bytes) -> e.Incoming:
    return e.Incoming(
        source="/desk",
        id="1",
        type=type_,
        occurred_at=NOON,
        received_at=NOON,
        subject="c1",
        body=body,
        fact="f",
    )


def test_an_incoming_event_is_read_with_unknown_keys_ignored():
    event = e.to_event(incoming("contact.answered", b'{"agent": "kim", "mood": "good"}'))

    assert event == e.Event(
        source="/desk",
        id="1",
        occurred_at=NOON,
        subject="c1",
        data=e.ContactAnswered(agent="kim"),
        fact="f",
    )


def test_a_wrong_field_is_named_with_what_was_expected():
    with pytest.raises(msgspec.ValidationError, match=r"\$\.due"):
        e.to_event(incoming("followup.promised", b'{"due": "2026-03-02T12:00:00"}'))


def test_an_unknown_type_is_not_canonical():
    assert not incoming("weather.changed", b"{}").is_canonical
    assert incoming("contact.answered", b"{}").is_canonical


@pytest.mark.parametrize("name", e.TYPES)
def test_every_type_has_a_schema_and_a_place_in_the_order(name):
    assert e.schema_of(name)["$ref"].endswith(e.TYPES[name].__name__)
