"""Laws of the measure: what holds whatever a team does, each named after the fault it would catch."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.fairness.causes import CAUSES, Cause
from app.core.fairness.freezing import freeze, thaw
from app.core.fairness.ledger import Ledger
from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.pool import Pool
from app.core.fairness.tuning import DEFAULT
from app.core.fairness.turn import State
from tests.core.fairness.days import Manner, amounts, day, demand_of, end_of, played, terms_for

SEEDS = st.integers(0, 10_000)
MANNERS = st.builds(
    Manner,
    agents=st.integers(1, 6),
    bias=st.sampled_from([0.0, 0.5, 1.0]),
    noise=st.sampled_from([0.0, 0.3, 1.0]),
    refused=st.sampled_from([0.0, 0.2]),
    load=st.sampled_from([0.6, 1.1, 2.0]),
)
few = settings(max_examples=40, deadline=None)


def by_sorting(pool: Pool, ledger: Ledger, place: int) -> tuple[int, int]:
    """Deprived and surplus worked out from the definition."""
    turns = [contact.turns[place] for contact in pool.desk.contacts.values()]
    told = [turn for turn in turns if State.GONE < turn.state < State.IN_TURN]
    told.sort(key=lambda turn: (turn.key, turn.number))
    out_of_turn = sum(turn.state is State.OUT_OF_TURN for turn in told)
    places = len(pool.desk.floor.idle) + out_of_turn
    deprived = sum(turn.state is not State.OUT_OF_TURN for turn in told[:places])
    return deprived, sum(turn.state is State.OUT_OF_TURN for turn in told[places:])


@few
@given(SEEDS, MANNERS)
def test_every_starved_second_has_a_holder_and_a_sufferer(seed, manner):
    moves = day(seed, manner)

    ledger = played(moves, end_of(moves)).ledgers[0]

    charge = sum(account.charge for account in ledger.accounts.values())
    denied = sum(account.denied for account in ledger.accounts.values())
    assert charge == pytest.approx(ledger.starved_seconds, rel=1e-6, abs=1e-6)
    assert denied == pytest.approx(ledger.starved_seconds, rel=1e-6, abs=1e-6)


@few
@given(SEEDS, MANNERS, st.sampled_from([1.0, 2.0]))
def test_the_rightful_set_is_that_of_the_definition(seed, manner, weight):
    moves = day(seed, replace(manner, weight=weight))
    pool = Pool(terms_for(is_even=False))

    for move in moves:
        pool.apply(move)

        for place, ledger in enumerate(pool.ledgers):
            assert (ledger.deprived, ledger.surplus) == by_sorting(pool, ledger, place)
            assert ledger.starved <= ledger.surplus


@few
@given(SEEDS, MANNERS)
def test_who_serves_in_turn_owes_nobody_anything_however_long_they_wait(seed, manner):
    moves = day(seed, replace(manner, bias=0.0, noise=0.0, refused=0.0))

    pool = played(moves, end_of(moves))

    assert pool.ledgers[0].starved_seconds == 0
    assert not pool.all_episodes()


@few
@given(SEEDS, MANNERS)
def test_amounts_never_fall(seed, manner):
    pool = Pool(terms_for())
    before: dict[str, tuple[float, ...]] = {}

    for move in day(seed, manner):
        pool.apply(move)
        for account in pool.ledgers[0].accounts.values():
            pool.ledgers[0].settle(account)
        now = amounts(pool)

        for name, told in before.items():
            assert all(x <= y + 1e-6 for x, y in zip(told, now[name], strict=True))
        before = now


@few
@given(SEEDS, MANNERS)
def test_names_do_not_matter(seed, manner):
    moves = day(seed, manner)
    renamed = [
        msgspec.structs.replace(
            move,
            contact=move.contact[::-1],
            demand=move.demand
            and msgspec.structs.replace(move.demand, customer=f"z{move.demand.customer}"),
        )
        for move in moves
    ]

    told = amounts(played(moves, end_of(moves)))
    other = amounts(played(renamed, end_of(moves)))

    assert other == {
        name if name.startswith("tier:") else f"z{name}": t for name, t in told.items()
    }


@few
@given(SEEDS, MANNERS)
def test_twice_as_slow_a_clock_doubles_every_amount(seed, manner):
    moves = day(seed, replace(manner, refused=0.0))
    tuning = replace(
        DEFAULT,
        tick=60.0,
        debt=2 * DEFAULT.debt,
        extra_wait=2 * DEFAULT.extra_wait,
        claim=1800.0,
        believed_free=1800.0,
        slow={channel: 2 * seconds for channel, seconds in DEFAULT.slow.items()},
    )
    slow = [_slower(move) for move in moves]

    told = amounts(played(moves, end_of(moves)))
    doubled = amounts(played(slow, 2 * end_of(moves), tuning))

    for name, told_amounts in told.items():
        for once, twice in zip(told_amounts, doubled[name], strict=True):
            assert twice == pytest.approx(2 * once, rel=1e-6, abs=1e-4)


def _slower(move: Move) -> Move:
    demand = move.demand
    if demand is not None:
        behind = 1e10 if demand.channel == "email" else 0.0
        ready = 2 * demand.ready
        demand = msgspec.structs.replace(
            demand, ready=ready, turn=behind + ready, even_turn=behind + ready
        )
    return msgspec.structs.replace(move, at=2 * move.at, demand=demand)


@few
@given(SEEDS, MANNERS)
def test_a_customer_split_in_two_is_charged_the_same_in_all(seed, manner):
    moves = day(seed, manner)
    split = [
        msgspec.structs.replace(
            move,
            demand=msgspec.structs.replace(
                move.demand, customer=f"Acme/{int(move.contact[1:]) % 2}"
            ),
        )
        if move.demand is not None and move.demand.customer == "Acme"
        else move
        for move in moves
    ]

    whole = amounts(played(moves, end_of(moves)))
    parts = amounts(played(split, end_of(moves)))

    if "Acme" in whole:
        for place in range(3):
            told = sum(parts[name][place] for name in parts if name.startswith("Acme/"))
            assert told == pytest.approx(whole["Acme"][place], rel=1e-6, abs=1e-4)


@few
@given(SEEDS, MANNERS, st.floats(0, 1))
def test_a_pool_that_was_frozen_on_the_way_ends_the_same(seed, manner, share):
    moves = day(seed, manner)
    cut = int(share * len(moves))
    first = Pool(terms_for(is_even=False))
    for move in moves[:cut]:
        first.apply(move)

    second = thaw(Pool(terms_for(is_even=False)), freeze(first))
    for move in moves[cut:]:
        second.apply(move)
    second.run(end_of(moves))

    whole = played(moves, end_of(moves), is_even=False)
    assert freeze(thaw(Pool(terms_for(is_even=False)), freeze(second))) == freeze(second)
    assert second.all_episodes() == whole.all_episodes()
    assert second.desk.waiting.seconds == whole.desk.waiting.seconds


@few
@given(SEEDS, MANNERS, st.booleans())
def test_causes_divide_all_waiting_and_nothing_else(seed, manner, told):
    moves = day(seed, manner)
    if not told:
        moves = [move for move in moves if move.kind is not MoveKind.AVAILABLE]
    pool = Pool(terms_for(is_even=False))
    last = 0.0

    for move in moves:
        pool.apply(move)
        last = move.at

    by_cause = pool.desk.waiting.seconds.values()
    waited = waiting_seconds(moves, last)
    assert sum(map(sum, by_cause)) == pytest.approx(waited, rel=1e-6, abs=1e-3)
    assert all(seconds >= -1e-9 for tier in by_cause for seconds in tier)
    if not told:
        unknowable = {"neglect", "understaffed", "overload"}
        places = [place for place, cause in enumerate(CAUSES) if cause in unknowable]
        assert all(tier[place] == 0 for tier in by_cause for place in places)


def waiting_seconds(moves: list[Move], until: float) -> float:
    """Seconds that contacts waited, and claims stood, counted one by one."""
    begun: dict[str, float] = {}
    total = 0.0
    for move in moves:
        if move.kind is MoveKind.READY:
            begun[move.contact] = move.at
        elif move.kind is MoveKind.STARTED and move.contact in begun:
            total += move.at - begun.pop(move.contact)
        elif move.kind is MoveKind.REFUSED and move.contact in begun:
            total += move.at - begun.pop(move.contact)
            total += min(DEFAULT.claim, until - move.at)
    return total + sum(until - since for since in begun.values())


KINDS = st.sampled_from(list(MoveKind))
NONSENSE = st.lists(
    st.tuples(st.floats(0, 5000), KINDS, st.integers(0, 5), st.integers(0, 3)), max_size=60
)


@few
@given(NONSENSE)
def test_nonsense_never_breaks_a_pool(told):
    pool = Pool(terms_for(is_even=False))
    moves = sorted(told)

    for number, (at, kind, contact, agent) in enumerate(moves):
        channel = ("phone", "chat", "email")[contact % 3]
        demand = demand_of(f"c{contact % 4}", channel, at)
        asks = kind in (MoveKind.READY, MoveKind.STARTED)
        is_agents = kind in (MoveKind.AVAILABLE, MoveKind.UNAVAILABLE)
        pool.apply(
            Move(
                at,
                kind,
                str(number),
                "" if is_agents else f"k{contact}",
                f"a{agent}",
                demand if asks else None,
                (f"a{agent}",) if kind is MoveKind.OFFERED else (),
            )
        )

        for place, ledger in enumerate(pool.ledgers):
            assert (ledger.deprived, ledger.surplus) == by_sorting(pool, ledger, place)
    pool.run(20_000.0)
    assert pool.desk.waiting.claims == 0


def test_time_passes_at_any_pace_and_on_any_date():
    """Would have caught: a tick that falls on the instant it comes after, for ever."""
    tuning = DEFAULT.at_pace(60)
    begin = 1_795_330_427.660002
    moves = [
        msgspec.structs.replace(
            move,
            at=begin + move.at / 60,
            demand=move.demand
            and msgspec.structs.replace(
                move.demand,
                ready=begin + move.demand.ready / 60,
                turn=(1e10 if move.demand.channel == "email" else 0.0)
                + begin
                + move.demand.ready / 60,
            ),
        )
        for move in day(1, Manner(agents=3, contacts=100, bias=1.0, load=1.2))
    ]

    pool = played(moves, end_of(moves), tuning)

    assert [episode.who for episode in pool.all_episodes()] == ["Acme"]


def test_agreed_priority_is_told_as_its_price_and_never_as_an_episode():
    """Would have caught: a head start that the policy gives, blamed on the customer who has it."""
    moves = day(2, Manner(agents=3, contacts=200, load=1.3, weight=2.0))

    pool = played(moves, end_of(moves), is_even=False)

    by_policy, as_if_even = pool.ledgers
    assert by_policy.starved_seconds == 0
    assert pool.all_episodes() == []
    assert as_if_even.accounts["Acme"].agent_seconds > 0
    by_cause = [dict(zip(CAUSES, told, strict=True)) for told in pool.desk.waiting.seconds.values()]
    assert sum(told[Cause.ENTITLED] for told in by_cause) > 0
    assert sum(told[Cause.FAVOURED] for told in by_cause) == 0
