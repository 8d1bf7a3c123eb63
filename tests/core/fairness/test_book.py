"""A pool's moves as they come in: late, in pieces, told anew, across a restart."""

from collections import defaultdict
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.fairness.book import Book, UnknownVersion
from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.pool import Pool, wall_seconds
from app.core.fairness.showing import standing_of
from tests.core.fairness.days import Manner, amounts, day, end_of, played, terms_for

few = settings(max_examples=8, deadline=None)
SURGE = Manner(agents=3, contacts=100, bias=1.0, load=1.2)


def new_book() -> Book:
    return Book("support", terms_for(), wall_seconds)


def by_key(moves: list[Move]) -> dict[str, list[Move]]:
    told: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        told[move.contact or f"agent {move.agent}"].append(move)
    return told


def settled(pool: Pool) -> dict[str, tuple[float, ...]]:
    for account in pool.ledgers[0].accounts.values():
        pool.ledgers[0].settle(account)
    for account in pool.ledgers[0].tiers.values():
        pool.ledgers[0].settle(account)
    return amounts(pool)


def same(book: Book, moves: list[Move]) -> None:
    whole = played(moves, end_of(moves))
    assert settled(book.pool) == amounts(whole)
    assert book.pool.all_episodes() == whole.all_episodes()
    assert book.pool.desk.waiting.seconds == whole.desk.waiting.seconds


@few
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_order_of_arrival_does_not_matter(seed, order):
    moves = day(seed, SURGE)
    told = by_key(moves)
    draw = Random(order)
    known: dict[str, list[Move]] = defaultdict(list)
    late = [(move.at + draw.choice([0, 0, 0, 5, 400, 3000]), i) for i, move in enumerate(moves)]
    book = new_book()

    for at, i in sorted(late):
        key = moves[i].contact or f"agent {moves[i].agent}"
        known[key] = [move for move in told[key] if move in [*known[key], moves[i]]]
        book.learn(key, known[key])
        book.run(at)
    book.run(end_of(moves))

    same(book, moves)


@few
@given(st.integers(0, 1000), st.floats(0.1, 0.9))
def test_a_book_that_was_frozen_on_the_way_ends_the_same(seed, share):
    moves = day(seed, SURGE)
    cut = moves[int(share * len(moves))].at
    first = new_book()
    for key, told in by_key([move for move in moves if move.at <= cut]).items():
        first.learn(key, told)
    first.run(cut)

    second = Book.thawed(first.frozen(), "support", terms_for(), wall_seconds)
    for key, told in by_key(moves).items():
        second.learn(key, told)
    second.run(end_of(moves))

    same(second, moves)


def test_what_is_told_again_changes_nothing():
    moves = day(3, SURGE)
    book = new_book()

    for _ in range(2):
        for key, told in by_key(moves).items():
            book.learn(key, told)
        book.run(end_of(moves))

    assert book.rewinds == 0
    same(book, moves)


def test_a_contact_that_turns_out_to_be_spam_never_was():
    moves = day(4, SURGE)
    book = new_book()
    for key, told in by_key(moves).items():
        book.learn(key, told)
    book.run(end_of(moves))

    book.learn("k17", ())
    book.run(end_of(moves))

    assert book.rewinds == 1
    same(book, [move for move in moves if move.contact != "k17"])


def test_a_customer_learned_late_owns_what_was_done_before():
    moves = day(5, SURGE)
    renamed = [
        msgspec.structs.replace(
            move, demand=msgspec.structs.replace(move.demand, customer="Late Ltd")
        )
        if move.demand is not None and move.demand.customer == "Acme"
        else move
        for move in moves
    ]
    book = new_book()
    for key, told in by_key(moves).items():
        book.learn(key, told)
    book.run(end_of(moves))

    for key, told in by_key(renamed).items():
        book.learn(key, told)
    book.run(end_of(moves))

    same(book, renamed)


def test_an_agent_without_a_team_counts_where_it_works():
    moves = day(6, SURGE)
    signed = [move for move in moves if move.kind is MoveKind.AVAILABLE]
    book = new_book()
    for move in signed:
        book.learn(f"agent {move.agent}", [move], members_only=True)
    book.learn("agent x", [Move(0.0, MoveKind.AVAILABLE, "x", agent="x")], members_only=True)
    for key, told in by_key([move for move in moves if move not in signed]).items():
        book.learn(key, told)

    book.run(end_of(moves))

    assert "x" not in book.pool.desk.floor.agents
    same(book, moves)


def test_moves_older_than_a_day_change_no_episode():
    moves = day(7, SURGE)
    book = new_book()
    for key, told in by_key(moves).items():
        book.learn(key, told)
    later = end_of(moves)
    for hour in range(1, 60):
        book.run(later + hour * 3600.0)
    episodes = book.pool.all_episodes()

    book.learn("k17", ())
    book.run(later + 61 * 3600.0)

    assert book.rewinds == 0
    assert book.pool.all_episodes() == episodes
    assert len(book.checkpoints) < 50


def test_bytes_of_another_version_are_refused():
    with pytest.raises(UnknownVersion):
        Book.thawed(b"something else", "support", terms_for(), wall_seconds)


def test_what_is_shown_and_stored_of_a_pool_names_no_agent():
    book = new_book()
    moves = [
        msgspec.structs.replace(move, agent=f"anna {move.agent}") if move.agent else move
        for move in day(3, SURGE)
    ]
    for key, told in by_key(moves).items():
        book.learn(key, told)
    book.run(end_of(moves))

    standing = standing_of(book, "arrival", end_of(moves))

    assert standing.episodes
    assert b"anna" not in msgspec.json.encode(standing)
