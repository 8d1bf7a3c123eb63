"""What is taken for work where a tool tells none, and that it is known to be concluded."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.events import once_each
from app.core.fairness.moves import MoveKind
from app.core.registry import EMPTY
from app.core.replay import Judging, moves_in_pools, replay_clocks
from tests.core.histories import histories
from tests.core.story import MONDAY, RESOLVED, at, call, contact_in, mail, replayed, terms, told

WORK = (MoveKind.STARTED, MoveKind.ENDED)


def work(*events: e.Event) -> list[tuple[MoveKind, float, bool, float]]:
    """Who worked: what began or ended, so many minutes after nine, concluded, with its wrap-up."""
    contact = contact_in(events, "tue 09:00")
    moves = moves_in_pools(contact, Judging(terms(), EMPTY, at("tue 09:00")))
    nine = (MONDAY + timedelta(hours=9)).timestamp()
    return [
        (move.kind, (move.at - nine) / 60, move.inferred, move.wrap_up)
        for _, move in moves
        if move.kind in WORK
    ]


def test_an_answered_call_is_worked_on_until_it_is_over_and_written_up_for_a_while():
    taken = told("mon 09:01", e.ContactAnswered(agent="kim"))

    assert work(call(), taken, told("mon 09:05", RESOLVED)) == [
        (MoveKind.STARTED, 1, False, 0),
        (MoveKind.ENDED, 5, False, 60),
    ]


def test_a_mail_is_worked_on_for_at_most_a_quarter_of_an_hour_before_its_answer():
    soon, late = (told(f"mon 09:{m}", e.AgentReplied(agent="kim")) for m in ("05", "50"))

    assert work(mail(), soon) == [(MoveKind.STARTED, 0, True, 0), (MoveKind.ENDED, 5, False, 0)]
    assert work(mail(), late) == [(MoveKind.STARTED, 35, True, 0), (MoveKind.ENDED, 50, False, 0)]


def test_where_the_tool_tells_of_work_nothing_is_concluded():
    events = [
        told("mon 09:01", e.ContactAnswered(agent="kim")),
        told("mon 09:02", e.WorkStarted(agent="kim")),
        told("mon 09:06", RESOLVED),
        told("mon 09:08", e.WorkEnded(agent="kim")),
    ]

    assert [(kind, minute) for kind, minute, _, _ in work(call(), *events)] == [
        (MoveKind.STARTED, 2),
        (MoveKind.ENDED, 8),
    ]


def test_wrap_up_that_the_tool_tells_takes_the_place_of_the_one_we_assume():
    events = [
        call(),
        told("mon 09:01", e.ContactAnswered(agent="kim", team="help")),
        told("mon 09:05", RESOLVED),
        told("mon 09:05:10", e.WorkStarted(agent="kim", kind="wrap_up", team="help"), "kim"),
        told("mon 09:05:20", e.WorkEnded(agent="kim", kind="wrap_up", team="help"), "kim"),
        told("mon 09:00", e.AgentAvailable(agent="kim", team="help"), "kim"),
    ]

    def busy_until(*more: e.Event) -> float:
        pool = replayed([*events[:3], events[5], *more], "mon 09:05:30").pools["help"]
        return pool.desk.floor.agents["kim"].busy_until

    assert busy_until() == at("mon 09:06").timestamp()
    assert busy_until(*events[3:5]) == 0.0


@given(histories(registry=False, ending=False), st.randoms())
def test_what_is_taken_for_work_does_not_depend_on_the_order_of_arrival(events, random):
    """Would have caught: a pick-up taken from whichever message came first."""
    shuffled = [*events]
    random.shuffle(shuffled)

    def worked(told_: list[e.Event]) -> list[object]:
        judging = Judging(terms(), EMPTY, at("fri 09:00"))
        contacts = replay_clocks([*once_each(told_)], terms(), at("fri 09:00"))[0].contacts
        return [moves_in_pools(contact, judging) for contact in contacts]

    assert worked(shuffled) == worked(events)
