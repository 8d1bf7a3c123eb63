"""A pool that is begun anew goes on counting from what was told of it, and counts nothing twice."""

from app.core.fairness.book import Book
from app.core.fairness.pool import wall_seconds
from app.core.fairness.showing import standing_of
from app.core.fairness.shown import PoolStanding, Totals
from tests.core.fairness.days import Manner, day, end_of, terms_for
from tests.core.fairness.test_book import by_key

DAY = 86_400.0
SURGE = Manner(agents=3, contacts=100, bias=1.0, load=1.2, refused=0.1)
MOVES = day(1, SURGE)
LATER = end_of(MOVES) + 1.2 * DAY


def standing(book: Book, at: float) -> PoolStanding:
    for key, told in by_key(MOVES).items():
        book.learn(key, told)
    for hour in range(int(at // 3600) + 1):
        book.run(hour * 3600.0)
    book.run(at)
    return standing_of(book, "arrival", at)


def totals(told: PoolStanding) -> Totals:
    return Totals(told.wait_seconds_total, told.starts_out_of_turn_total, told.settled_at)


def test_what_is_told_again_is_not_counted_again():
    before = standing(Book("support", terms_for(), wall_seconds), LATER)

    anew = Book("support", terms_for(), wall_seconds, totals(before))
    after = standing(anew, LATER)

    assert sum(sum(own.values()) for own in before.wait_seconds_total.values()) > 0
    assert totals(after) == totals(before)


def test_what_was_told_before_survives_though_nothing_of_it_is_told_again():
    before = standing(Book("support", terms_for(), wall_seconds), LATER)

    anew = Book("support", terms_for(), wall_seconds, totals(before))
    anew.run(LATER + 2 * DAY)
    after = standing_of(anew, "arrival", LATER + 2 * DAY)

    assert after.wait_seconds_total == before.wait_seconds_total
    assert after.starts_out_of_turn_total == before.starts_out_of_turn_total


def test_what_was_told_before_is_frozen_with_the_book():
    before = standing(Book("support", terms_for(), wall_seconds), LATER)
    anew = Book("support", terms_for(), wall_seconds, totals(before))
    standing(anew, LATER)

    thawed = Book.thawed(anew.frozen(), "support", terms_for(), wall_seconds)

    assert totals(standing_of(thawed, "arrival", LATER)) == totals(before)
