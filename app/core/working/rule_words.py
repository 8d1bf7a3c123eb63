"""Why a rule decides, and why those above it do not, in words."""

from collections.abc import Callable

from app.core.working.local_time import listed
from app.core.working.rule_reason import Attribute, Passed, Reason

MAX_RULES = 8
"""Rules above that are told one by one."""

CHANNELS = {"phone": "by phone", "chat": "by chat", "email": "by e-mail"}
Naming = Callable[[str], str]
"""What people call a team."""


def because(reason: Reason, named: Naming) -> str:
    """What of the rule fits the contact."""
    if not reason.fits:
        return "which is for whatever no rule above it fits" if reason.above else "which is for all"
    return "because " + listed([_has(*fit, named) for fit in reason.fits])


def _has(attribute: Attribute, value: str, named: Naming) -> str:
    match attribute:
        case Attribute.CHANNEL:
            return f"the contact came {CHANNELS.get(value, f'by {value}')}"
        case Attribute.TEAM:
            return f"its team is {named(value)}"
        case Attribute.TIER:
            return f"its customer is {value}"
        case Attribute.QUEUE:  # pragma: no branch
            return f"its queue is {value}"


def above(reason: Reason | None, named: Naming) -> str:
    """Why the rules above it do not fit; nothing where there are none."""
    if reason is None or not reason.above:
        return ""
    told = [_unfit(passed, named) for passed in reason.above[:MAX_RULES]]
    more = len(reason.above) - MAX_RULES
    return " ".join([*told, f"Nor did {more} rules more."] if more > 0 else told)


def _unfit(passed: Passed, named: Naming) -> str:
    wanted = sorted(
        named(name) if passed.attribute is Attribute.TEAM else name for name in passed.wanted
    )
    match passed.attribute:
        case Attribute.CHANNEL:
            wanted = [CHANNELS.get(name, f"by {name}") for name in wanted]
        case Attribute.QUEUE if passed.has is None:
            return f"'{passed.rule}' did not fit: it has no queue, and not {listed(wanted, 'or')}."
        case _:
            pass
    has = _has(passed.attribute, passed.has or "unknown", named)
    return f"'{passed.rule}' did not fit: {has}, not {listed(wanted, 'or')}."
