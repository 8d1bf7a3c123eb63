"""The states that a policy names and that are not ours: a tool's own, or a slip of the pen."""

from app.core.events import WaitingFor
from app.core.policy import OPEN_STATE, RESOLVED_STATE, Policy

_OURS = frozenset({OPEN_STATE, RESOLVED_STATE, *map(str, WaitingFor)})


def strange_states(policy: Policy) -> list[str]:
    """The states, by name, that pause or end a clock only where a tool calls them so."""
    held = [policy.conditions, *(rule.conditions for rule in policy.rules)]
    named = {
        state
        for conditions in held
        for each in conditions.values()
        for state in each.pauses_in | each.ends_in
    }
    return sorted(named - _OURS)
