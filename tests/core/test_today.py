"""How many more may be late today."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.today import PartOfDay, late_left

PARTS = st.builds(
    PartOfDay,
    judged=st.integers(0, 500),
    late=st.integers(0, 500),
    running=st.integers(0, 500),
    week_ago=st.integers(0, 500),
    target_ratio=st.sampled_from([0.5, 0.75, 0.8, 0.9, 0.95]),
)


@given(PARTS)
def test_so_many_more_may_be_late_and_the_share_is_still_made_and_not_one_more(part: PartOfDay):
    late = part.late + late_left([part])

    share, one_more = (1 - n / max(part.expected, 1) for n in (late, late + 1))
    assert part.expected == 0 or share >= part.target_ratio - 1e-9
    assert part.expected == 0 or one_more < part.target_ratio


def test_what_is_allowed_is_not_lost_to_binary_fractions():
    assert late_left([PartOfDay(30, 0, 0, 0, 0.9)]) == 3


def test_a_day_that_begins_is_expected_to_bring_as_much_as_the_same_day_last_week():
    assert late_left([PartOfDay(0, 0, 0, 0, 0.8)]) == 0
    assert late_left([PartOfDay(0, 0, 0, 40, 0.8)]) == 8
    assert late_left([PartOfDay(50, 4, 10, 40, 0.8)]) == 12 - 4


def test_more_late_than_allowed_is_missed_by_so_many():
    assert late_left([PartOfDay(10, 5, 0, 10, 0.8)]) == -3


def test_tiers_with_other_targets_share_one_allowance():
    parts = [PartOfDay(10, 2, 0, 0, 0.9), PartOfDay(10, 0, 0, 0, 0.8)]

    assert late_left(parts) == 1 + 2 - 2
