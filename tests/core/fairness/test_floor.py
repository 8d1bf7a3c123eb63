"""Who does what: people on a contact, ringing, in wrap-up, free, away, or unknown."""

import pytest

from app.core.fairness.floor import AWAY_SECONDS, Agent, Floor

NOW = 1_000_000.0


def floor_with(*names: str) -> tuple[Floor, list[Agent]]:
    floor = Floor()
    agents = [floor.agent(name) for name in names]
    for agent in agents:
        floor.sign_in(agent, None)
    return floor, agents


def doings(floor: Floor, at: float = NOW) -> dict[str, int]:
    return {doing: count for doing, count in floor.doings(at).items() if count}


def test_everybody_who_signed_in_is_counted_once_by_what_they_do():
    floor, (busy, ringing, wrapping, _, leaving) = floor_with(*"abcde")
    floor.take(busy, "c-1", "phone")
    floor.ring(ringing, "c-2")
    floor.occupy(wrapping)
    wrapping.busy_until = NOW + 1
    floor.sign_out(leaving, NOW - 60)

    told = {"on_contact": 1, "ringing": 1, "wrap_up": 1, "free": 1, "away": 1}
    assert doings(floor) == told
    assert set(floor.doings(NOW)) == {*told, "unknown"}


def test_who_works_without_having_signed_in_is_on_a_contact_and_then_gone():
    floor = Floor()
    agent = floor.agent("a")
    floor.take(agent, "c-1", "chat")

    working = doings(floor)
    floor.release(agent, "c-1")

    assert working == {"on_contact": 1}
    assert doings(floor) == {}


def test_of_whom_nothing_tells_that_they_are_free_it_is_unknown():
    floor, [agent] = floor_with("a")
    floor.occupy(agent)

    assert doings(floor) == {"unknown": 1}


@pytest.mark.parametrize(
    ("seconds", "shown"), [(AWAY_SECONDS - 1, {"away": 1}), (AWAY_SECONDS, {})]
)
def test_who_left_is_away_for_a_working_day_and_then_home(seconds, shown):
    floor, [agent] = floor_with("a")
    floor.sign_out(agent, NOW - seconds)

    assert doings(floor) == shown


def test_who_comes_back_is_not_away():
    floor, [agent] = floor_with("a")
    floor.sign_out(agent, NOW - 60)
    floor.sign_in(agent, None)

    assert doings(floor) == {"free": 1}
