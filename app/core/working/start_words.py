"""What made a clock begin, in words: from those events alone that begin clocks of its kind."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from app.core import events as e
from app.core.clocks.clock import Clock
from app.core.clocks.timeline import LIVE
from app.core.clocks.words import ATTEMPT, NOTE, VOICEMAIL
from app.core.policy import ClockKind
from app.core.replay import Contact
from app.core.working.deadline import Working

_CAME_IN = (e.ContactReceived, e.ContactReopened, e.CustomerReplied, e.ContactQueued)
_WE_SPOKE = (e.AgentReplied, e.ContactAnswered)
_STARTS: Mapping[ClockKind, tuple[type[e.Data], ...]] = {
    ClockKind.FIRST_RESPONSE: (e.ContactQueued, e.ContactReceived, e.CustomerReplied),
    ClockKind.NEXT_RESPONSE: (
        *(e.CustomerReplied, e.ContactTransferred, e.ContactQueued, e.ContactReceived),
    ),
    ClockKind.RESOLUTION: (*_CAME_IN, *_WE_SPOKE),
    ClockKind.UPDATE: (*_WE_SPOKE, e.ContactReopened, e.CustomerReplied, e.ContactTransferred),
    ClockKind.FOLLOW_UP: (e.FollowupPromised,),
    ClockKind.CALLBACK: (
        *(e.ContactMissed, e.ContactAbandoned, e.ContactResolved, e.CustomerReplied),
    ),
    ClockKind.OWNERSHIP: (*_CAME_IN, *_WE_SPOKE, e.ContactTransferred),
}
"""What can begin a clock of a kind; where several come at one instant, the first that stands here."""


def started(working: Working, contact: Contact) -> str:
    """What made a clock begin, as the end of a sentence; nothing where no event says so."""
    clock = working.clock
    data = _beginner(clock, contact)
    if data is not None:
        return f", {_beginning(data, clock, contact)}"
    if clock.kind is ClockKind.FIRST_RESPONSE and _is_agreed(clock, contact):
        return ", the time that was agreed with her"
    return ", when this rule began to apply" if working.is_of_rule else ""


def data_at(contact: Contact, at: datetime | None) -> Iterator[e.Data]:
    """What happened to a contact at an instant."""
    return (event.data for event in contact.line.events if event.occurred_at == at)


def _beginner(clock: Clock, contact: Contact) -> e.Data | None:
    kinds = _STARTS[clock.kind]
    told = [
        data
        for data in data_at(contact, clock.started_at)
        if isinstance(data, kinds) and _can_begin(data, clock, contact)
    ]
    return min(told, key=lambda data: kinds.index(type(data)), default=None)


def _can_begin(data: e.Data, clock: Clock, contact: Contact) -> bool:
    match data:
        case e.ContactTransferred() if clock.kind is ClockKind.NEXT_RESPONSE:
            return contact.channel in LIVE
        case e.CustomerReplied(reason=reason) if clock.kind is ClockKind.CALLBACK:
            return reason == VOICEMAIL
        case e.AgentReplied(reason=reason):
            return reason != ATTEMPT
        case _:
            return True


def _is_agreed(clock: Clock, contact: Contact) -> bool:
    queued = (event.data for event in contact.line.events)
    return any(isinstance(q, e.ContactQueued) and q.not_before == clock.started_at for q in queued)


def _beginning(data: e.Data, clock: Clock, contact: Contact) -> str:  # noqa: PLR0911 - one arm a way
    if clock.kind is ClockKind.OWNERSHIP:
        return "when nobody had charge of it"
    if clock.kind is ClockKind.UPDATE:
        return _since_our_word(data)
    match data:
        case e.ContactMissed():
            return "when nobody took it"
        case e.ContactAbandoned():
            return "when she gave up waiting"
        case e.ContactResolved():
            return "when she was turned away" if contact.is_turned_away else "when it was over"
        case e.FollowupPromised(inferred=inferred):
            return "when it was promised, as we conclude" if inferred else "when it was promised"
        case e.CustomerReplied() if clock.kind is ClockKind.CALLBACK:
            return "when she left a voicemail"
        case _:
            return _coming_in(data, clock, contact)


def _since_our_word(data: e.Data) -> str:
    """Since when she is owed news."""
    match data:
        case e.AgentReplied(reason=reason) if reason == NOTE:
            return "when a colleague noted something"
        case e.AgentReplied(actor=actor) if actor is not e.Actor.HUMAN:
            return "when a machine of ours wrote to her"
        case e.ContactTransferred():
            return "when somebody took charge of it"
        case e.ContactReopened() | e.CustomerReplied():
            return "when it was reopened"
        case _:
            return "when she heard from us"


def _coming_in(data: e.Data, clock: Clock, contact: Contact) -> str:  # noqa: C901, PLR0911 - one arm a way
    match data:
        case e.ContactQueued():
            return "when it was put before a human"
        case e.ContactTransferred():
            return "when it was passed on and she waited again"
        case e.ContactAnswered(inferred=True):
            return "when it came in"
        case e.AgentReplied() | e.ContactAnswered():
            return "when she heard from us"
        case e.ContactReceived(direction=e.Direction.OUTBOUND):
            return "when we turned to her"
        case e.ContactReopened():
            return "when it was reopened"
        case _ if clock.kind is ClockKind.NEXT_RESPONSE:
            return "with her oldest message that was not answered"
        case _ if clock.kind is ClockKind.RESOLUTION and clock.number > 1:
            return "when it was reopened"
        case _ if contact.channel == e.Channel.PHONE:
            return "when the call came in"
        case e.CustomerReplied() if contact.history_missing:
            return "with the first of her messages that is known"
        case _:
            return "with the customer's first message"
