"""How detections are judged against the truth, and the table that says so."""

from dataclasses import replace

import pytest

from app.simulate.fairness.plan import HOUR
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import play
from app.simulate.fairness.truth import Interval, Truth
from tests.bench.fairness.__main__ import judge, judge_all, names, seeds
from tests.bench.fairness.detection import Detection, as_if_found, decoded, detections
from tests.bench.fairness.score import Score, score
from tests.bench.fairness.table import table

INTERVAL = Interval(3600.0, 7200.0, ("Acme",), ("one", "two"), 1000.0, 5000.0)
GREY = replace(INTERVAL, start=20_000.0, end=21_000.0)
TRUTH = Truth(10 * HOUR, (INTERVAL,), (GREY,))
RIGHT = Detection(3600.0, 7200.0, 3900.0, "Acme", frozenset({"one", "two"}), 1000.0, 5000.0)


@pytest.mark.parametrize(
    ("name", "seed"), [("captured-by-a-surge", 0), ("two-served-first", 0), ("no-time", 0)]
)
def test_the_truth_itself_is_perfect(name, seed):
    truth = play(name, seed).truth

    found = score(truth, as_if_found(truth))

    assert (found.recall, found.precision, found.false) == (1.0, 1.0, 0)
    assert (found.delay_minutes, found.culprit, found.victims) == (0.0, 1.0, 1.0)
    assert found.overlap == 1.0
    assert found.agent_error == pytest.approx(0.0)
    assert found.wait_error == pytest.approx(0.0)


def test_saying_nothing_finds_nothing_and_accuses_nobody():
    found = score(TRUTH, [])

    assert (found.recall, found.precision, found.false_a_day) == (0.0, None, 0.0)
    assert found.overlap is None


def test_an_episode_at_another_time_is_false():
    found = score(TRUTH, [replace(RIGHT, start=30_000.0, end=31_000.0, raised_at=30_100.0)])

    assert (found.found, found.right, found.false) == (0, 0, 1)
    assert found.false_a_day == pytest.approx(2.4)
    assert found.precision == 0.0


def test_an_episode_over_little_harm_is_neither_right_nor_false():
    found = score(TRUTH, [replace(RIGHT, start=20_000.0, end=20_500.0, raised_at=20_100.0)])

    assert (found.right, found.false, found.recall) == (0, 0, 0.0)


@pytest.mark.parametrize(("start", "is_found"), [(7500.0, True), (7501.0, False)])
def test_five_minutes_off_still_hits(start, is_found):
    found = score(TRUTH, [replace(RIGHT, start=start, end=9000.0, raised_at=7600.0)])

    assert (found.recall, found.false) == ((1.0, 0) if is_found else (0.0, 1))


@pytest.mark.parametrize(("raised_at", "recall"), [(7800.0, 1.0), (7801.0, 0.0)])
def test_an_episode_raised_too_late_finds_nothing_but_is_not_false(raised_at, recall):
    found = score(TRUTH, [replace(RIGHT, raised_at=raised_at)])

    assert (found.recall, found.false) == (recall, 0)


def test_delay_is_counted_from_the_start_of_the_harm():
    assert score(TRUTH, [RIGHT]).delay_minutes == 5.0
    assert score(TRUTH, [replace(RIGHT, raised_at=3000.0)]).delay_minutes == 0.0


def test_overlap_is_common_time_of_all_time():
    found = score(TRUTH, [replace(RIGHT, end=5400.0)])

    assert found.overlap == pytest.approx(0.5)


def test_the_largest_episode_says_who():
    wrong = replace(RIGHT, culprit="Bolt", agent_seconds=2000.0)

    assert score(TRUTH, [RIGHT, wrong]).culprit == 0.0
    assert score(TRUTH, [RIGHT, replace(wrong, agent_seconds=1.0)]).culprit == 1.0


def test_a_tier_may_be_named_only_where_many_are_served_first():
    many = replace(INTERVAL, culprits=tuple(f"leader-{n}" for n in range(6)))
    tier = replace(RIGHT, culprit="tier:important")

    assert score(TRUTH, [tier]).culprit == 0.0
    assert score(replace(TRUTH, intervals=(many,)), [tier]).culprit == 1.0


def test_who_waited_leaves_out_whoever_was_served_first():
    named = frozenset({"one", "three", "Acme"})

    assert score(TRUTH, [replace(RIGHT, victims=named)]).victims == pytest.approx(1 / 3)


def test_amounts_are_compared_for_the_whole_trace():
    half = replace(RIGHT, agent_seconds=600.0, extra_wait_seconds=2000.0)

    found = score(TRUTH, [half, replace(half, culprit="Bolt")])

    assert found.agent_error == pytest.approx(0.2)
    assert found.wait_error == pytest.approx(-0.2)


def test_scores_add_up():
    both = score(TRUTH, [RIGHT]) + score(TRUTH, [])

    assert (both.hours, both.to_find, both.found, both.recall) == (20.0, 2, 1, 0.5)
    assert both + Score() == both


def test_an_episode_without_an_end_lasts_until_the_horizon():
    episode = {
        "pool": "support",
        "culprit": "Acme",
        "started_at": "2026-01-05T07:00:00Z",
        "raised_at": "2026-01-05T07:05:00Z",
        "ended_at": None,
        "agent_seconds": 1000.0,
        "extra_wait_seconds": 5000.0,
        "victims": ["one", "two"],
        "sentence": "",
    }
    ended = {**episode, "ended_at": "2026-01-05T08:00:00Z"}

    assert detections([episode, ended], TRUTH.horizon) == [
        replace(RIGHT, end=TRUTH.horizon),
        RIGHT,
    ]


def test_a_trace_is_judged_by_our_own_replay():
    name, found = judge("small-team", 1)

    assert (name, found.hours, found.to_find) == ("small-team", 12.0, 1)


def test_the_table_has_a_row_a_scenario_and_adds_up():
    lines = list(table({"small-team": score(TRUTH, [RIGHT]), "quiet-three": Score(hours=48.0)}))

    rows = [line.split(" | ")[0] for line in lines if line.startswith("|")]
    assert rows[2:] == ["| small-team (S13)", "| quiet-three", "| **S1 to S16**", "| **all**"]
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    assert "0 false episodes in 48 h" in lines[-1]


def test_a_run_is_chosen_by_scenarios_and_seeds():
    assert seeds("0-2,7") == [0, 1, 2, 7]
    assert names("S13,no-time") == ["small-team", "no-time"]
    assert judge_all(["small-team"], [0, 1], jobs=1)["small-team"].hours == 24.0


def test_events_are_decoded_as_they_were_told():
    event = play("small-team", 1).events[0]

    assert decoded(event).occurred_at >= BEGINNING
    assert decoded(event).type == event["type"]
