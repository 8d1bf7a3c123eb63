"""Every promise of docs/observability.md has a test that bears its number, and the page says where."""

from tests.requirements import LINE, NUMBERS, PAGE, marked, with_proofs


def test_every_promise_is_proven_by_a_test_that_bears_its_number():
    assert sorted(set(NUMBERS) - set(marked())) == []


def test_the_page_lists_every_promise_once_in_order():
    numbers = [int(line[1]) for line in LINE.finditer(PAGE.read_text())]

    assert numbers == list(NUMBERS)


def test_the_page_says_where_each_promise_is_proven():
    page = PAGE.read_text()

    assert page == with_proofs(page), "run: python -m tests.requirements"
