import pytest

from app.core.events import Incoming, decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, Connection, Unreadable
from app.sources.asterisk.ami import ADAPTER, MAX_EVENTS, MAX_FIELDS
from tests.sources.payloads import NOON, config, delivery, own

KIND, LOG = "asterisk-ami", "asterisk-queue_log"
HANG_UP = "contact.abandoned"


def told(body: bytes) -> tuple[Incoming, ...]:
    return kinds.translate(delivery(body), config(KIND))


def facts(*bodies: bytes) -> set[tuple[str, str, str | None]]:
    """What counts once on one source."""
    return {(e.subject, e.type, e.fact) for body in bodies for e in told(body)}


CALL = (
    "joined.txt",
    "connected.txt",
    "completed_by_agent.txt",
)


def test_the_log_and_the_events_of_one_call_are_the_same_facts():
    events = facts(*(own(KIND, file) for file in CALL))
    lines = facts(own(LOG, "answered.txt"))

    assert {fact for fact in lines if fact[1] != "contact.offered"} == events


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"1803808820|1803808800.11|sales|Anna Berg|RINGNOANSWER|15000", "not_answered.txt"),
        (b"1803808820|1803808800.11|sales|Anna Berg|AGENTDUMP|", "dumped.txt"),
        (b"1803808845|1803808800.11|sales|NONE|ABANDON|1|3|45", "abandoned.txt"),
        (b"1803808890|1803808800.11|sales|Anna Berg|BLINDTRANSFER|3|c|12|78|1", "transferred.txt"),
        (b"1803808800|NONE|sales|Anna Berg|PAUSE|lunch", "paused.txt"),
        (b"1803808800|NONE|sales|Anna Berg|UNPAUSE|", "unpaused.txt"),
    ],
)
def test_a_line_and_an_event_that_tell_the_same_are_one_fact(line, event):
    assert facts(own(KIND, event)) <= facts(line)


def test_a_call_that_goes_on_in_another_channel_is_the_same_contact():
    (received, _) = told(own(KIND, "joined_from_another_call.txt"))

    assert decode_data(received.type, received.body).same_as == "1803808740.3"


def test_two_holds_of_one_call_are_two_facts():
    first = own(KIND, "held.txt")
    second = first.replace(b"1803808860.250000", b"1803808861.250000")

    assert len(facts(first, second)) == 2


def test_a_caller_whose_own_phone_holds_is_nobodys_agent():
    assert told(own(KIND, "held_by_the_caller.txt")) == ()


def test_a_source_tells_more_where_the_log_is_followed_too():
    alone = config(KIND, connection=Connection(host="pbx"))
    both = config(KIND, connection=Connection(host="pbx", path="/var/log/asterisk/queue_log"))

    assert "contact.missed" not in ADAPTER.tells_with(alone)
    assert "contact.missed" in ADAPTER.tells_with(both)


@pytest.mark.parametrize(
    "body",
    [
        b"what is this",
        b"Uniqueid: 1\r\nQueue: sales\r\n\r\n",
        b"Event: Join\r\n" + b"A: b\r\n" * (MAX_FIELDS + 1),
        b"Event: Join\r\n\r\n" * (MAX_EVENTS + 2),
        b"Event: Join\r\nUniqueid: " + b"1" * 300,
        b"Event: Join\r\nTimestamp: noon",
        b"Event: QueueEntry\r\nTimestamp: -62135596800\r\nUniqueid: 1",
        b"Event: Join\r\nUniqueid: a\0b",
    ],
)
def test_what_is_no_event_is_refused(body):
    with pytest.raises(Unreadable):
        told(body)


def test_answers_to_our_own_questions_mean_nothing():
    assert told(b"Response: Success\r\nPing: Pong\r\n\r\n") == ()


def test_unknown_values_are_none():
    (received, _) = told(
        b"Event: QueueCallerJoin\r\nUniqueid: 1\r\nCallerIDNum: <unknown>\r\nQueue: \r\n\r\n"
    )

    data = decode_data(received.type, received.body)
    assert (data.aliases, data.team) == ((), None)


def test_an_event_that_names_no_call_is_a_contact_of_its_own():
    (first, _) = told(b"Event: QueueCallerJoin\r\nQueue: sales\r\n\r\n")

    assert first.subject.startswith("unnamed:")


def test_nothing_can_be_posted_to_a_server_that_we_log_in_to():
    with pytest.raises(BadSignature):
        kinds.verify(delivery(b""), config(KIND, secrets=("x",)), NOON)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"Event: agentconnect\r\n\r\n", "AgentConnect"),
        (b"Event: Newchannel\r\n\r\n", "Newchannel"),
        (own(LOG, "timed_out.txt"), "EXITWITHTIMEOUT"),
        (b"x", None),
        (b"", None),
    ],
)
def test_an_event_bears_its_own_name(body, name):
    assert ADAPTER.event_of(delivery(body)) == name
