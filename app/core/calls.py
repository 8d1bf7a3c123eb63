"""What became of one phone contact, for the phone's service level; none while that is open."""

from app.core import events as e
from app.core.clocks.clock import Clock
from app.core.clocks.timeline import Ending
from app.core.policy import ClockKind, Policies
from app.core.replay import Contact
from app.core.service_level import Counters, Offered, outcome_of


def call_of(contact: Contact, policies: Policies) -> Counters | None:
    """Count a call once it was answered, given up or over; against the target it was promised.

    None for what is no call of hers, counts no more, was promised nothing or cannot be measured.
    Who hung up to be called when it is her turn is counted as such, whatever came of it later.
    """
    line = contact.line
    if contact.channel != e.Channel.PHONE or line.discarded or line.merged:
        return None
    clock = next((c for c in contact.clocks if c.kind is ClockKind.FIRST_RESPONSE), None)
    if clock is None or not clock.is_measurable:
        return None
    offered = _offered(contact, clock)
    if offered is None:
        return None
    short_abandon = policies.in_force(clock.started_at).switches.short_abandon
    return outcome_of(offered, clock.target, short_abandon)


def _offered(contact: Contact, clock: Clock) -> Offered | None:
    line, waited = contact.line, clock.elapsed
    is_abandoned = any(isinstance(event.data, e.ContactAbandoned) for event in line.events)
    kept = line.keeps_place and is_abandoned
    if waited is None or clock.ending is Ending.CANCELLED:
        if not kept and not line.is_over:
            return None
        return Offered(clock.target, answered=False, abandoned=False, keeps_place=kept)
    answered = line.first_human_at is not None and line.first_human_at <= (
        clock.stopped_at or line.first_human_at
    )
    return Offered(waited, answered=answered, abandoned=is_abandoned, keeps_place=kept)
