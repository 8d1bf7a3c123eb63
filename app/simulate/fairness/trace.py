"""One scenario played with one seed: its events, its policy, and the truth about it."""

from dataclasses import dataclass
from typing import Any

from app.simulate.fairness.policies import policy_text
from app.simulate.fairness.scenarios import find_scenario
from app.simulate.fairness.telling import told_of
from app.simulate.fairness.truth import Truth, truth_of
from app.simulate.fairness.world import World


@dataclass(frozen=True, slots=True)
class Trace:
    """What a detector gets, ``events`` and ``policy`` (YAML), and what it should find."""

    name: str
    events: list[dict[str, Any]]
    policy: str
    truth: Truth


def play(name: str, seed: int) -> Trace:
    """Play a scenario; the same name and seed give the same trace.

    Where nobody is served first there is nothing to find, whatever the day was like. Raises
    ``UnknownScenario``.
    """
    plan = find_scenario(name).plan(seed)
    actual = World(plan).play()
    truth = Truth(plan.horizon)
    if plan.favoured:
        truth = truth_of(plan, actual, World(plan.in_turn()).play())
    return Trace(plan.name, told_of(plan, actual), policy_text(plan.agreement), truth)
