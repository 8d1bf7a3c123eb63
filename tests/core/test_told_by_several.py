"""One contact that several sources tell of: its teams, its clocks, and how it ended."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest

from app.core import events as e
from app.core.clocks.clock import Status
from app.core.policy import ClockKind
from app.core.replay import Contact, Terms, replay
from app.core.source import CANONICAL_KIND, CANONICAL_KINDS, Source, together
from app.core.working.unpromised import unpromised
from tests.core.story import FIRST, OFFICE, RESOLVED, at, call, contact_in, mail, terms, told

PHONE = Source(
    id="phone",
    kind="twilio-voice",
    tells=frozenset({"contact.received", "contact.resolved"}),
    teams={"+4570101010": "sales"},
)
DESK = Source(
    id="desk",
    kind="twilio-taskrouter",
    channel=e.Channel.PHONE,
    tells=frozenset({"contact.queued", "contact.answered"}),
    teams={"WQ1": "help", "+4570101010": "help"},
    default_team="help",
)
SEVERAL = Terms(terms().policies, {"/phone": PHONE, "/desk": DESK})
LINE = Source(
    id="phone",
    kind="aircall",
    tells=frozenset({"contact.received", "contact.answered"}),
    teams={"+4570101010": "help"},
)
QUEUES = replace(LINE, tells=LINE.tells | {"contact.queued"})
NOW = at("mon 12:00")
ABANDONED = e.ContactAbandoned()
PROMISED = e.FollowupPromised(due=at("tue 09:00"))
RECEIVED = e.ContactReceived(channel=e.Channel.PHONE, team="+4570101010")


def by_phone(when: str, data: e.Data) -> e.Event:
    return msgspec.structs.replace(told(when, data, "CA1"), source="/phone")


def by_desk(when: str, data: e.Data) -> e.Event:
    linked = msgspec.structs.replace(data, same_as="/phone CA1")
    return told(when, linked, "WT1")


def by_diary(when: str, data: e.Data) -> e.Event:
    linked = msgspec.structs.replace(data, same_as="/phone CA1")
    return msgspec.structs.replace(told(when, linked, "D1"), source="/diary")


def the_contact(events: Iterable[e.Event], by: Terms = SEVERAL) -> Contact:
    (contact,) = replay(events, by, NOW).contacts
    return contact


STORY = [
    by_phone("mon 09:00", RECEIVED),
    by_desk("mon 09:01", e.ContactQueued(team="WQ1")),
    by_desk("mon 09:02", e.ContactAnswered(agent="kim", team="WQ1")),
    by_phone("mon 09:10", e.ContactResolved(team="+4570101010")),
]


def test_a_source_that_names_its_team_again_takes_the_contact_from_nobody():
    contact = the_contact(STORY)

    assert contact.line.teams == [(at("mon 09:00"), "+4570101010"), (at("mon 09:01"), "WQ1")]
    assert contact.team == "help"


def test_a_team_is_mapped_by_whichever_source_knows_it_the_first_before_the_others():
    assert the_contact(STORY[:1]).team == "sales"
    assert the_contact(STORY[:2]).team == "help"


def test_a_clock_runs_that_one_source_starts_and_another_stops():
    (clock,) = [clock for clock in the_contact(STORY).clocks if clock.kind == FIRST]

    assert clock.status(at("mon 12:00")) is Status.MET


@pytest.mark.parametrize("kind", sorted(CANONICAL_KINDS))
def test_a_promise_that_another_source_tells_of_leaves_the_first_response_as_it_was(kind):
    diary = Source(id="diary", kind=kind)
    by = Terms(terms().policies, {"/phone": LINE, "/diary": diary})
    answered = [by_phone("mon 09:00", RECEIVED), by_phone("mon 09:02", e.ContactAnswered())]

    before, after = (
        [clock for clock in the_contact(events, by).clocks if clock.kind == FIRST]
        for events in (answered, [*answered, by_diary("mon 09:10", PROMISED)])
    )

    assert [clock.status(NOW) for clock in before] == [Status.MET]
    assert after == before


def test_who_never_was_queued_is_owed_nothing_whoever_else_tells_of_her():
    by = Terms(terms().policies, {"/phone": QUEUES, "/diary": Source("diary", CANONICAL_KIND)})

    contact = the_contact([by_phone("mon 09:00", RECEIVED), by_diary("mon 09:10", PROMISED)], by)

    assert FIRST not in {clock.kind for clock in contact.clocks}


def test_where_one_tool_of_several_tells_queues_nobody_is_owed_before_one():
    assert not PHONE.tells_queued
    assert together([PHONE, DESK]).tells_queued
    assert not together([LINE, Source("diary", CANONICAL_KIND)]).tells_queued


def test_why_there_is_no_first_response_is_told_of_all_sources():
    never_queued = [*STORY[:1], by_desk("mon 09:02", e.ContactAnswered(agent="kim", team="WQ1"))]
    contact = the_contact(never_queued)

    said = {each.kind: each.sentence for each in unpromised(contact, frozenset(), SEVERAL, NOW)}

    assert "tells when a human is owed, and never said so" in said[ClockKind.FIRST_RESPONSE]


def test_several_sources_tell_what_each_of_them_tells():
    both = together([PHONE, DESK])

    assert both.tells == PHONE.tells | DESK.tells
    assert both.teams == {"+4570101010": "sales", "WQ1": "help"}
    assert (both.id, both.channel, both.default_team) == ("phone", e.Channel.PHONE, "help")
    assert together([PHONE]) is PHONE


def test_a_hang_up_that_is_told_as_an_end_first_and_then_as_giving_up_is_giving_up():
    events = [call(), told("mon 09:30", RESOLVED), told("mon 09:30:02", ABANDONED)]

    contact = contact_in(events, "mon 12:00")

    assert contact.line.gone_at == at("mon 09:30")
    assert contact.resolved_at is None
    assert contact.line.sent_away == [at("mon 09:30")]
    assert {clock.stopped_at for clock in contact.clocks} == {at("mon 09:30")}


@pytest.mark.parametrize(
    "events",
    [
        [call(), told("mon 09:30", RESOLVED), told("mon 09:31:01", ABANDONED)],
        [mail(), told("mon 09:30", RESOLVED), told("mon 09:30:02", ABANDONED)],
        [
            call(),
            told("mon 09:10", e.ContactAnswered()),
            told("mon 09:30", RESOLVED),
            told("mon 09:30:02", ABANDONED),
        ],
        [
            call(),
            told("mon 09:30", e.ContactResolved(outcome=e.Outcome.NO_ANSWER_NEEDED)),
            told("mon 09:30:02", ABANDONED),
        ],
    ],
    ids=["long after", "a mail", "answered", "no answer needed"],
)
def test_what_was_over_for_another_reason_stays_as_it_was(events):
    contact = contact_in(events, "mon 12:00", terms(OFFICE))

    assert contact.resolved_at == at("mon 09:30")
    assert contact.line.sent_away == []
