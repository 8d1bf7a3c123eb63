import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Connection, Unreadable
from app.sources.asterisk.queue_log import ADAPTER, MAX_LINES
from tests.sources.payloads import NOON, config, delivery, own

KIND = "asterisk-queue_log"
LINE = b"1803808800|1803808800.11|sales|NONE|ENTERQUEUE||4520304050|1\n"
TOKEN = "a token of the tests"  # noqa: S105


def told(*lines: bytes):
    return kinds.translate(delivery(b"".join(lines)), config(KIND))


def test_a_line_is_the_same_event_whatever_it_is_read_with():
    other = LINE.replace(b".11", b".12")

    alone, together = told(LINE), told(other, LINE)

    assert together[-len(alone) :] == alone


def test_two_equal_lines_are_one():
    assert len({event.id for event in told(LINE, LINE)}) == len(told(LINE))


def test_the_caller_is_known_to_the_lines_of_her_call_alone():
    connect = b"1803808812|1803808800.%d|sales|Anna|CONNECT|12|1803808808.12|4\n"

    events = told(LINE, connect % 11, connect % 99)

    known = {
        event.subject: decode_data(event.type, event.body).aliases
        for event in events
        if event.type == "contact.answered"
    }
    assert [alias.value for alias in known["1803808800.11"]] == ["4520304050"]
    assert known["1803808800.99"] == ()


def test_two_times_in_the_same_queue_are_two_waits_of_one_call():
    later = LINE.replace(b"1803808800|", b"1803808900|")

    facts = {(event.type, event.fact) for event in told(LINE, later)}

    assert sorted(kind for kind, _ in facts) == [
        "contact.queued",
        "contact.queued",
        "contact.received",
    ]


def test_windows_line_ends_and_empty_lines_mean_nothing():
    assert told(LINE.replace(b"\n", b"\r\n"), b"\n \n") == told(LINE)


@pytest.mark.parametrize(
    "body",
    [
        b"what is this",
        b"1803808800|call|sales|NONE",
        b"noon|call|sales|NONE|ENTERQUEUE||1|1",
        b"0|call|sales|NONE|ENTERQUEUE||1|1",
        b"9" * 5000 + b"|call|sales|NONE|ENTERQUEUE||1|1",
        b"1803808800|" + b"x" * 300 + b"|sales|NONE|ENTERQUEUE||1|1",
        b"1803808800|ca\0ll|sales|NONE|ENTERQUEUE||1|1",
        b"1803808800|call|sales|NONE|ENTERQUEUE||" + b"1" * 10_000,
        b"1|call|sales|A|RINGNOANSWER|999999999",
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_number(body):
    with pytest.raises(Unreadable) as refusal:
        told(LINE, body)

    assert "line 2" in refusal.value.reason


def test_spans_beyond_measure_are_none():
    (declined,) = told(b"1803808800|call|sales|Anna|RINGNOANSWER|" + b"9" * 50)

    assert declined.type == "contact.declined"


def test_more_lines_than_anybody_sends_at_once_are_refused():
    assert len(told(*[LINE] * MAX_LINES)) == 2 * MAX_LINES
    with pytest.raises(Unreadable):
        told(*[LINE] * (MAX_LINES + 2))


def test_nothing_can_be_posted_to_a_log_that_is_read_where_it_lies():
    with pytest.raises(BadSignature):
        kinds.verify(delivery(LINE), config(KIND, connection=Connection(path="/x")), NOON)


def test_lines_may_be_posted_with_a_token_where_the_source_says_so():
    open_to_token = config(KIND, unsigned=True, secrets=(TOKEN,))

    kinds.verify(delivery(LINE, authorization=f"Bearer {TOKEN}"), open_to_token, NOON)

    with pytest.raises(BadSignature):
        kinds.verify(delivery(LINE, authorization="Bearer guessed"), open_to_token, NOON)


@pytest.mark.parametrize(
    ("body", "name"),
    [(own(KIND, "timed_out.txt"), "EXITWITHTIMEOUT"), (b"x", None), (b"1|2|3|4|5\n", "5")],
)
def test_an_event_bears_its_own_name(body, name):
    assert ADAPTER.event_of(delivery(body)) == name


def test_whoever_took_a_call_worked_on_it_where_the_member_is_not_named_too():
    connect = b"1803808812|1803808800.11|sales|NONE|CONNECT|12|1803808801.12\n"
    complete = b"1803809000|1803808800.11|sales|NONE|COMPLETECALLER|12|188|1\n"

    types = [event.type for event in told(connect, complete)]

    assert types == ["contact.answered", "work.started", "work.ended", "contact.resolved"]
