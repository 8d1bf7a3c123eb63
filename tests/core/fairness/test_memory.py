"""What a pool remembers, and what it lets go: it must not grow with every customer there ever was."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.fairness.freezing import freeze, thaw
from app.core.fairness.moves import UNNAMED, Move, MoveKind
from app.core.fairness.pool import Pool
from app.core.fairness.showing import standing_of
from tests.core.fairness.days import Manner, day, demand_of, end_of, played, terms_for
from tests.core.fairness.test_book import by_key, new_book

DAY = 86_400.0
NOISY = Manner(agents=3, contacts=120, noise=1.0, load=1.3)


def test_customers_who_are_even_and_long_idle_leave():
    moves = day(1, NOISY)

    pool = played(moves, end_of(moves) + 10 * DAY, is_even=False)

    for ledger in pool.ledgers:
        assert ledger.accounts == {}
        assert list(ledger.tiers) == ["tier:important"]


def test_customers_stay_for_a_day_at_least():
    moves = day(1, NOISY)
    customers = {move.demand.customer for move in moves if move.demand is not None}

    pool = played(moves, end_of(moves) + DAY - 2000)

    assert pool.ledgers[0].accounts.keys() == customers


def test_a_customer_that_waits_never_leaves():
    waits = Move(0.0, MoveKind.READY, "k", "k", demand=demand_of("c1", "email", 0.0))

    pool = played([waits], 30 * DAY, is_even=False)

    assert [list(ledger.accounts) for ledger in pool.ledgers] == [["c1"], ["c1"]]


def test_evidence_against_a_customer_outlives_a_quiet_week():
    moves = day(1, Manner(agents=3, contacts=100, bias=1.0, load=1.2))

    pool = played(moves, end_of(moves) + 5 * DAY)

    account = pool.ledgers[0].accounts["Acme"]
    assert account.evidence is not None
    assert max(account.evidence.logs) > 0


def test_who_comes_back_is_shown_from_then_on():
    book = new_book()
    moves = day(1, NOISY)
    later = [_later(move, 8.75 * DAY) for move in day(2, NOISY)]
    for key, told in by_key([*moves, *later]).items():
        book.learn(key, told)

    shown: dict[bool, set[str]] = {False: set(), True: set()}
    for hours in range(1, 11 * 24, 2):
        now = hours * 3600.0
        book.run(now)
        rows = standing_of(book, "arrival", now).rows

        assert all(row.starts >= 0 and row.out_of_turn >= 0 for row in rows)
        assert all(row.denied >= 0 and row.favoured >= 0 and row.extra_wait >= 0 for row in rows)
        shown[now > 8 * DAY] |= {row.customer for row in rows}
    assert shown[True] == shown[False]


def test_agents_whom_nobody_named_leave():
    moves = [
        msgspec.structs.replace(move, agent=f"{UNNAMED}{move.contact}")
        for move in day(1, NOISY)
        if move.kind is not MoveKind.AVAILABLE
    ]

    pool = played(moves, end_of(moves) + DAY)

    assert pool.desk.floor.agents == {}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_a_pool_that_was_frozen_on_the_way_lets_the_same_go(seed, share):
    moves = day(seed, NOISY)
    moves += [_later(move, 1.4 * DAY) for move in day(seed + 1, NOISY)]
    cut = int(share * len(moves))
    first = Pool(terms_for(is_even=False))
    for move in moves[:cut]:
        first.apply(move)

    second = thaw(Pool(terms_for(is_even=False)), freeze(first))
    for move in moves[cut:]:
        second.apply(move)
    second.run(3 * DAY)

    whole = played(moves, 3 * DAY, is_even=False)
    for one, other in zip(whole.ledgers, second.ledgers, strict=True):
        assert one.accounts.keys() == other.accounts.keys()


def test_what_left_the_queue_is_not_kept_where_nobody_is_ever_free():
    """Would have caught: a heap of all contacts there ever were, in a team that nobody signs in to."""
    moves = [move for move in day(3, Manner(contacts=2000)) if move.kind is not MoveKind.AVAILABLE]

    pool = played(moves, end_of(moves))

    assert pool.ledgers[0].remembered < 200


def _later(move: Move, seconds: float) -> Move:
    demand = move.demand
    if demand is not None:
        demand = msgspec.structs.replace(
            demand,
            ready=demand.ready + seconds,
            turn=demand.turn + seconds,
            even_turn=demand.even_turn + seconds,
        )
    contact = f"{move.contact}-later" if move.contact else ""
    return msgspec.structs.replace(move, at=move.at + seconds, contact=contact, demand=demand)
