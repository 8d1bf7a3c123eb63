"""All scenarios by name: what they are called, and whether anybody may be found on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.simulate.fairness import families, habits
from app.simulate.fairness.draft import Draft
from app.simulate.fairness.plan import Plan


class Group(StrEnum):
    """What a scenario is for."""

    FAMILY = "family"
    HABIT = "habit"
    STORY = "story"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of day. ``number`` is S1 to S16 for a family."""

    name: str
    group: Group
    write: Callable[[Draft], None]
    number: str = ""

    def plan(self, seed: int) -> Plan:
        """The scenario with its dice thrown."""
        draft = Draft(self.name, seed)
        self.write(draft)
        return draft.plan()


class UnknownScenario(Exception):  # noqa: N818 - named for the fact
    """There is no scenario of that name."""


_FAMILIES = (
    families.fair_and_steady,
    families.overload,
    families.fewer_agents,
    families.favoured_without_harm,
    families.captured_by_a_surge,
    families.creeping_capture,
    families.reserved_agent,
    families.captured_without_a_label,
    families.one_very_long_call,
    families.mail_backlog,
    families.two_served_first,
    families.refusals,
    families.small_team,
    families.large_team,
    families.nights,
    families.head_start,
)

_HABITS = (
    habits.recognised_callers,
    habits.silent_wrap_up,
    habits.no_staffing_told,
    habits.breaks_not_told,
    habits.works_by_deadline,
    habits.works_by_arrival,
    habits.by_arrival_though_due_agreed,
    habits.by_deadline_though_arrival_agreed,
    habits.picks_at_random,
    habits.newest_first,
    habits.shortest_first,
    habits.lost_events,
    habits.skewed_clock,
    habits.never_sign_off,
    habits.two_on_a_call,
    habits.ring_all,
    habits.chats_for_days,
    habits.declared_desk,
    habits.quiet_three,
)


def _named(write: Callable[[Draft], None]) -> str:
    return write.__name__.replace("_", "-")


def _all() -> Mapping[str, Scenario]:
    found = [
        Scenario(_named(write), Group.FAMILY, write, f"S{number}")
        for number, write in enumerate(_FAMILIES, start=1)
    ]
    found.append(Scenario(_named(families.no_time), Group.STORY, families.no_time))
    found.extend(Scenario(_named(write), Group.HABIT, write) for write in _HABITS)
    return MappingProxyType({scenario.name: scenario for scenario in found})


SCENARIOS = _all()
"""By name, in the order in which they are reported."""


def find_scenario(name: str) -> Scenario:
    """The scenario of that name or number. Raises ``UnknownScenario``."""
    for scenario in SCENARIOS.values():
        if name in {scenario.name, scenario.number or None}:
            return scenario
    raise UnknownScenario(f"expected one of {', '.join(SCENARIOS)}, got {name!r}")
