"""States in a policy that are not ours are named, so that a slip of the pen shows."""

from app.core.policy_file.reading import read_policy
from app.core.policy_file.states import strange_states

NAMED = """
targets:
  - rule: all
    resolution: {target: 8h, pauses_in: [custmer, third_party], ends_in: [resolved, done]}
clocks: {update: {pauses_in: [on_hold, customer]}}
"""


def test_states_that_are_not_ours_are_named_once_and_in_order():
    assert strange_states(read_policy(NAMED)) == ["custmer", "done", "on_hold"]


def test_a_policy_that_names_our_states_alone_has_none_that_are_strange():
    assert strange_states(read_policy("clocks: {update: {pauses_in: [third_party]}}")) == []
