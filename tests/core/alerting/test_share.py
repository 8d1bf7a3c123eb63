"""When too large a part is late: every limit can be passed, whatever is promised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.alerting.share import FAST, MOST, PACES, PROMISED, SLOW, in_numbers
from app.core.alerting.wording import asked


@pytest.mark.requirement(36)
@given(st.floats(min_value=0.001, max_value=0.999))
def test_a_share_can_pass_every_limit(ratio):
    for pace in PACES:
        assert 0 < pace.limit(ratio) <= MOST < 1
        assert pace.is_capped(ratio) == (pace.limit(ratio) < pace.factor * (1 - ratio) - 1e-8)


@pytest.mark.requirement(36)
@pytest.mark.parametrize(
    ("pace", "ratio", "limit"),
    [
        (FAST, 0.8, 0.9),
        (FAST, 0.9, 0.9),
        (FAST, 0.95, 0.72),
        (SLOW, 0.8, 0.9),
        (SLOW, 0.9, 0.6),
        (SLOW, 0.85, 0.9),
        (PROMISED, 0.9, 0.1),
        (PROMISED, 0.05, 0.9),
    ],
)
def test_the_limit_is_a_multiple_of_what_may_be_late_and_never_above_nine_of_ten(
    pace, ratio, limit
):
    assert pace.limit(ratio) == limit


def test_a_limit_that_is_just_nine_of_ten_was_not_lowered():
    assert not SLOW.is_capped(0.85)


@pytest.mark.requirement(37)
def test_the_longer_the_time_the_more_must_have_been_decided():
    assert [(pace.factor, pace.long, pace.short, pace.at_least) for pace in PACES] == [
        (14.4, "1h", "5m", 10),
        (6, "6h", "30m", 20),
        (1, "3d", "6h", 30),
    ]


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.9, "9 of 10"), (0.72, "72 of 100"), (0.144, "14.4 of 100"), (0.1, "1 of 10")],
)
def test_a_share_is_said_as_people_count(share, said):
    assert in_numbers(share) == said


def test_a_number_is_asked_for_by_the_labels_of_the_alert():
    assert asked("sum(x{})", ("team",), " Here: #.") == (
        '{{ with printf "sum(x{team=%q})" $labels.team | query }} Here: '
        '{{ . | first | value | printf "%.0f" }}.{{ end }}'
    )
