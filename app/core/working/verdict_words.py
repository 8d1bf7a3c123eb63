"""What became of a clock, in words: from the events of its contact."""

from collections.abc import Mapping
from datetime import datetime

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.clocks.timeline import Ending
from app.core.policy import ClockKind
from app.core.replay import Contact
from app.core.working.deadline import Untold, Working
from app.core.working.local_time import LocalTime, length
from app.core.working.start_words import data_at

CALLED: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "First response",
    ClockKind.NEXT_RESPONSE: "Next response",
    ClockKind.RESOLUTION: "Resolution",
    ClockKind.UPDATE: "Update",
    ClockKind.FOLLOW_UP: "Follow-up",
    ClockKind.CALLBACK: "Call back",
    ClockKind.OWNERSHIP: "Taking charge",
}
DONE: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "Answered",
    ClockKind.NEXT_RESPONSE: "Answered",
    ClockKind.RESOLUTION: "Resolved",
    ClockKind.UPDATE: "Heard from us",
    ClockKind.FOLLOW_UP: "Followed up",
    ClockKind.CALLBACK: "Called back",
    ClockKind.OWNERSHIP: "Taken on",
}
_STARTS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "when the customer reaches out",
    ClockKind.NEXT_RESPONSE: "when the customer writes again",
    ClockKind.RESOLUTION: "when the customer reaches out",
    ClockKind.UPDATE: "when a human answers",
    ClockKind.FOLLOW_UP: "what was promised",
    ClockKind.CALLBACK: "who did not get through",
    ClockKind.OWNERSHIP: "when the customer reaches out",
}
_STOPS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "when a human answers",
    ClockKind.NEXT_RESPONSE: "when a human answers",
    ClockKind.RESOLUTION: "when it is resolved",
    ClockKind.UPDATE: "when a human answers",
    ClockKind.FOLLOW_UP: "whether it was done",
    ClockKind.CALLBACK: "when she is called back",
    ClockKind.OWNERSHIP: "who takes charge",
}


def not_told(kind: ClockKind, end: Untold) -> str:
    """What a tool does not tell, so that a kind of clock cannot be measured."""
    return (_STARTS if end is Untold.START else _STOPS)[kind]


def ended(working: Working, contact: Contact, time: LocalTime) -> str:
    """How a clock stopped, and the verdict."""
    clock = working.clock
    how = _how(clock, contact, time) + _concluded(working)
    broken = working.status is Status.BREACHED
    match clock.ending:
        case Ending.CANCELLED:
            return how
        case Ending.WAIVED if not broken:
            return f"{how}: waived, which is neither kept nor broken."
        case Ending.GONE if not broken and _was_met(clock, contact):
            return f"{how}: neither kept nor broken."
        case Ending.GONE if not broken:
            return f"{how}, before the promise broke: neither kept nor broken."
        case _ if broken:
            return f"{how}: {_broken(working, time)}."
        case _:
            return f"{how}: kept, {length(working.elapsed)} of {length(clock.target)} used."


def _concluded(working: Working) -> str:
    """What is said where nobody told that a promise was kept."""
    promise = working.promise
    if promise is None or not promise.kept_inferred:
        return ""
    tried = " tried as often as the policy asks" if promise.kept_by == "attempts" else " reached"
    return f", as we conclude: she was{tried}"


def _broken(working: Working, time: LocalTime) -> str:
    clock = working.clock
    assert clock.breaches_at is not None, "nothing breaks that is never due"
    said = f"broken since {time.instant(clock.breaches_at)}"
    over = working.elapsed - clock.target
    used = f"{length(working.elapsed)} used of {length(clock.target)}"
    return f"{said}, {used}, {length(over)} too much" if over else f"{said}, {used}"


def _how(clock: Clock, contact: Contact, time: LocalTime) -> str:
    assert clock.stopped_at is not None, "it still runs"
    at = time.instant(clock.stopped_at)
    match clock.ending:
        case Ending.ANSWERED:
            return f"{DONE[clock.kind]} {at}"
        case Ending.RESOLVED:
            return f"Resolved {at}"
        case Ending.WAIVED:
            return f"Over {at} without another answer"
        case Ending.CANCELLED:
            return _cancelled(contact, at)
        case _:
            if _was_met(clock, contact) and contact.turned_away_at is not None:
                away = time.instant(contact.turned_away_at)
                return f"Answered {at} and turned away {away}, so the answer does not count"
            return _gone(clock, contact, at)


def _cancelled(contact: Contact, at: str) -> str:
    if contact.is_discarded:
        return (
            f"The contact was discarded {at} (spam, a test or the like), so nothing of it counts."
        )
    if contact.line.merged:
        return f"The contact became a part of another one {at}, and counts there."
    return f"Called off {at}: neither kept nor broken."


def _was_met(clock: Clock, contact: Contact) -> bool:
    """Whether a human answered first, and turned her away later."""
    if clock.kind is not ClockKind.FIRST_RESPONSE or not contact.is_turned_away:
        return False
    later = contact.turned_away_at
    return later is not None and clock.stopped_at is not None and clock.stopped_at < later


def _gone(clock: Clock, contact: Contact, at: str) -> str:
    if contact.is_turned_away and clock.kind is ClockKind.FIRST_RESPONSE:
        return f"Turned away {at}, which is no answer"
    for data in data_at(contact, clock.stopped_at):
        match data:
            case e.ContactAbandoned():
                return f"She gave up waiting {at}"
            case e.ContactMissed():
                return f"Nobody took it until it was over {at}"
            case e.FollowupCancelled():
                return f"Called off {at}"
            case _:
                pass
    return f"Turned away {at}, which is no answer" if contact.is_turned_away else f"Over {at}"


def noted(noted_at: datetime, withdrawn_at: datetime | None, time: LocalTime) -> str:
    """What we said of a broken promise, and when."""
    said = f"We said that it was broken {time.instant(noted_at)}"
    if withdrawn_at is None:
        return f"{said}."
    return f"{said}, and took that back {time.instant(withdrawn_at)}: it is not broken after all."
