"""The simulated contact centre: the same life for the same seed, and a surge that others pay for."""

from collections import Counter
from itertools import takewhile

import pytest

from app.simulate.facts import Fact, Kind
from app.simulate.people import IMPORTANT, STANDARD
from app.simulate.plan import DEMO, day
from app.simulate.world import World

SURGE_ENDS = DEMO.surge.first_at + DEMO.surge.lasts


def told_until(beats: float, seed: int = 1) -> list[Fact]:
    return list(takewhile(lambda fact: fact.at <= beats, World(DEMO, seed).facts()))


def waits(facts: list[Fact], tier: str, begin: float, end: float) -> list[float]:
    """Beats from arrival until an agent turns to it, of contacts that came in ``[begin, end)``."""
    turned_to: dict[int, float] = {}
    for fact in facts:
        if fact.agent:
            turned_to.setdefault(fact.contact.number, fact.at)
    return [
        turned_to[fact.contact.number] - fact.at
        for fact in facts
        if fact.kind is Kind.RECEIVED
        and fact.contact.customer.tier == tier
        and begin <= fact.at < end
        and fact.contact.number in turned_to
    ]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_the_same_seed_lives_the_same_life():
    assert told_until(150.0, seed=5) == told_until(150.0, seed=5)


def test_another_seed_lives_another_life():
    assert told_until(50.0, seed=5) != told_until(50.0, seed=6)


def test_facts_are_told_in_the_order_of_time_and_numbered_once():
    facts = told_until(300.0)

    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert len({fact.number for fact in facts}) == len(facts)


@pytest.mark.parametrize("seed", range(5))
def test_a_surge_makes_the_others_wait_and_not_the_important_client(seed: int):
    facts = told_until(SURGE_ENDS + 60.0, seed)
    begin = DEMO.surge.first_at

    calm = mean(waits(facts, STANDARD, 0.0, begin))
    surge = mean(waits(facts, STANDARD, begin, SURGE_ENDS))
    important = mean(waits(facts, IMPORTANT, begin, SURGE_ENDS))

    assert surge > 4 * calm
    assert surge > 2 * important


@pytest.mark.parametrize("seed", range(5))
def test_the_queue_is_empty_again_before_the_next_surge(seed: int):
    world = World(DEMO, seed)
    before_next = DEMO.surge.first_at + DEMO.surge.every - 1.0
    for fact in world.facts():
        if fact.at > before_next:
            break

    assert world.waiting(before_next, STANDARD)[1] < 20.0


def test_everything_that_matters_happens():
    kinds = Counter(fact.kind for fact in told_until(SURGE_ENDS))

    assert set(Kind) - set(kinds) == {Kind.CALLED_OFF}


def test_a_day_brings_as_many_contacts_as_asked_for_and_ends_them_all():
    facts = list(World(day(300), seed=3).facts())
    received = [fact for fact in facts if fact.kind is Kind.RECEIVED]
    ended = {fact.contact.number for fact in facts if fact.kind in (Kind.ENDED, Kind.ABANDONED)}

    assert len(received) == 300
    assert {fact.contact.number for fact in received} <= ended


def test_closing_ends_what_is_open():
    world = World(DEMO, seed=2)
    told = []
    for fact in world.facts():
        told.append(fact)
        if fact.at > SURGE_ENDS:
            break

    closing = list(world.closing(SURGE_ENDS + 1.0))

    over = (Kind.ENDED, Kind.ABANDONED)
    ended = {fact.contact.number for fact in [*told, *closing] if fact.kind in over}
    promised = {fact.promise for fact in told if fact.kind is Kind.PROMISED}
    settled = {fact.promise for fact in [*told, *closing] if fact.kind is not Kind.PROMISED}
    assert {fact.contact.number for fact in told} <= ended
    assert promised <= settled
    assert list(world.facts()) == []


def test_nobody_serves_two_contacts_at_once():
    busy: dict[int, int] = {}
    for fact in told_until(SURGE_ENDS):
        match fact.kind:
            case Kind.ANSWERED if fact.agent:
                assert fact.agent.number not in busy
                busy[fact.agent.number] = fact.contact.number
            case Kind.ENDED if fact.agent and busy.get(fact.agent.number) == fact.contact.number:
                del busy[fact.agent.number]
            case _:
                assert not fact.agent or busy.get(fact.agent.number) in {None, fact.contact.number}
