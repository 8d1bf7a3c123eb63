"""Twilio TaskRouter: what events about tasks and their reservations mean, however they come.

A task is a contact; who the customer is stands in the task's attributes by convention alone, and so
does the call or conversation behind it. A worker's reservation is an offer, its acceptance an answer.
The talk is over when the task wraps up, the work when it is completed. Several events tell one fact,
and an agent's part may end while others go on: then the task's status decides.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import (
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactDiscarded,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    CustomerUpdated,
    Data,
    DeclineReason,
    Direction,
    FollowupPromised,
    Outcome,
    QueuedVia,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import SourceConfig
from app.sources.reading import MAX_LISTED, MAX_NAME, known_as, later, vendor_id
from app.sources.telling import Telling, tier_told
from app.sources.twilio.deliveries import Fields, Notice, address, written

_CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        "voice": Channel.PHONE,
        "phone": Channel.PHONE,
        "callback": Channel.PHONE,
        "voicemail": Channel.PHONE,
        "email": Channel.EMAIL,
        "chat": Channel.CHAT,
        "web": Channel.CHAT,
        "sms": Channel.CHAT,
        "whatsapp": Channel.CHAT,
        "messenger": Channel.CHAT,
        "facebook": Channel.CHAT,
    }
)
_SAYS_ENOUGH = frozenset({"voice", "phone", "chat", "web", "email"})
_SID = re.compile(r"[\x21-\x7e]{2,128}")
_CONVERSATION = re.compile(r"(?:CA|CH|WT)[0-9A-Za-z]{1,64}")
_SKILL = re.compile(r"routing\.skills\s+has\s+[\"']([^\"']{1,256})[\"']", re.IGNORECASE)
_HUNG_UP = re.compile(r"hang|hung|abandon|disconnect|(?:caller|customer) (?:left|ended|gone)")
_ELSEWHERE = "redirected"
"""Why a task is cancelled whose caller was taken out of the queue: the call goes on."""
_IN_WRAP_UP = ("wrapping", "completed")
_ONCE = "task"


@dataclass(frozen=True, slots=True)
class _Told:
    """A task as one event tells it, its values read."""

    notice: Notice
    config: SourceConfig
    contact: str | None
    agent: str | None
    team: str | None
    reservation: str
    status: str
    direction: Direction | None
    channel: Channel | None
    via: str | None
    skill: str | None
    aliases: tuple[Alias, ...]
    same_as: str | None
    attributes: Mapping[str, Any]

    @property
    def fields(self) -> Fields:
        return self.notice.fields

    @property
    def at(self) -> datetime | None:
        return self.notice.at

    @property
    def moment(self) -> str:
        """Tell apart what may happen several times to one task."""
        return self.fields.text("Sid") or (self.at.isoformat() if self.at else self.notice.name)

    def tell(self, data: Data, fact: str) -> Telling:
        full = msgspec.structs.replace(
            data,
            channel=self.channel,
            team=data.team or self.team,
            skill=self.skill,
            aliases=self.aliases,
            same_as=self.same_as,
        )
        return Telling(subject=self.contact, data=full, at=self.at, fact=fact[:MAX_NAME])

    def words(self) -> tuple[str, ...]:
        """Tags, and what the agent chose as the outcome when she was done."""
        told = self.attributes
        tags = told.get("tags")
        listed = list(tags[:MAX_LISTED]) if isinstance(tags, list) else [tags]
        listed += [told.get(name) for name in ("outcome", "disposition", "dispositionCode")]
        listed += [_at(told, "conversations", name) for name in ("outcome", "disposition")]
        return tuple(word for word in listed if isinstance(word, str) and word)


def _at(value: object, *names: str) -> object:
    """What stands at a path in attributes that anybody may have shaped; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _sid(value: object) -> str | None:
    return value if isinstance(value, str) and _SID.fullmatch(value) else None


def _read(notice: Notice, config: SourceConfig) -> _Told:
    fields = notice.fields
    attributes = fields.inside("TaskAttributes")
    direction = _direction(attributes)
    channel, via = _channel(fields, attributes)
    contact = fields.text("TaskSid")
    same_as = _same_as(attributes, direction, config)
    return _Told(
        notice=notice,
        config=config,
        contact=contact,
        agent=fields.text("WorkerSid"),
        team=_team(fields, "TaskQueue", config),
        reservation=fields.text("ReservationSid") or "",
        status=fields.word("TaskAssignmentStatus"),
        direction=direction,
        channel=channel,
        via=via,
        skill=_skill(fields),
        aliases=_aliases(attributes, direction),
        same_as=same_as if same_as != contact else None,
        attributes=attributes,
    )


def _direction(attributes: Mapping[str, Any]) -> Direction | None:
    told, by = attributes.get("direction"), attributes.get("initiated_by")
    outbound = isinstance(told, str) and told.lower().startswith("outbound")
    return Direction.OUTBOUND if outbound or (told is None and by == "agent") else None


def _channel(fields: Fields, attributes: Mapping[str, Any]) -> tuple[Channel | None, str | None]:
    """Our channel, and Twilio's own word where it says more."""
    own, told = fields.word("TaskChannelUniqueName"), attributes.get("channelType")
    word = told.lower()[:MAX_NAME] if isinstance(told, str) and told.lower() in _CHANNELS else own
    channel = _CHANNELS.get(word) or _CHANNELS.get(own)
    if channel is None and _sid(attributes.get("call_sid")):
        channel = Channel.PHONE
    return channel, word if word in _CHANNELS and word not in _SAYS_ENOUGH else None


def _team(fields: Fields, name: str, config: SourceConfig) -> str | None:
    """The queue by its id, or by its name where that is what the administrator mapped."""
    sid, called = fields.text(f"{name}Sid"), fields.text(f"{name}Name")
    mapped = config.source.teams
    return called if called in mapped and sid not in mapped else sid


def _skill(fields: Fields) -> str | None:
    """The one skill that the queue asks for, where its expression says no more than that."""
    expression = fields.long_text("TaskQueueTargetExpression")[:MAX_NAME]
    found = _SKILL.findall(expression)
    return found[0] if len(found) == 1 and " or " not in expression.lower() else None


def _aliases(attributes: Mapping[str, Any], direction: Direction | None) -> tuple[Alias, ...]:
    ours = ("outbound_to", "to", "called") if direction else ("from", "caller")
    told = [attributes.get(name) for name in (*ours, "customerAddress")]
    told += [_at(attributes, "customers", name) for name in ("phone", "email")]
    told += [attributes.get("email"), _at(attributes, "pre_engagement_data", "email")]
    if not any(map(address, told)):
        told.append(attributes.get("name"))
    ids = [_at(attributes, "customers", name) for name in ("customer_id", "external_id")]
    own = (vendor_id(_sid(written(value)), "customers") for value in ids)
    return known_as(*map(address, told), *own)


def _same_as(
    attributes: Mapping[str, Any], direction: Direction | None, config: SourceConfig
) -> str | None:
    """The call behind a task, in the source that tells of calls, or the conversation it is of."""
    leg = _sid(_at(attributes, "conference", "participants", "customer"))
    call = _sid(attributes.get("call_sid"))
    first, second = (leg, call) if direction else (call, leg)
    found = first or second or _sid(attributes.get("conversationSid"))
    if found is None:
        told = _at(attributes, "conversations", "conversation_id")
        found = told if isinstance(told, str) and _CONVERSATION.fullmatch(told) else None
    if found is None or not config.calls_from or found.startswith(("CH", "WT")):
        return found
    return f"/hooks/{config.calls_from} {found}"


def _created(told: _Told) -> Iterator[Telling]:
    received = ContactReceived(direction=told.direction or Direction.INBOUND, via=told.via)
    yield told.tell(received, _ONCE)
    if told.direction is None:
        # A queue that is told anew by task-queue.entered moves nothing while she waits.
        yield told.tell(ContactQueued(priority=told.fields.number("TaskPriority")), _ONCE)
    yield from _updated(told)


def _tier(told: _Told) -> Iterator[Telling]:
    names = ("organization", "organisation", "category", "business_value", "tier")
    words = (_at(told.attributes, "customers", name) for name in names)
    tags = [*told.words(), *(word for word in words if isinstance(word, str))]
    yield from tier_told(told.config, tags, told.aliases, told.at)


def _entered(told: _Told) -> Iterator[Telling]:
    if told.direction is None:
        yield told.tell(ContactQueued(priority=told.fields.number("TaskPriority")), told.moment)


def _moved(told: _Told) -> Iterator[Telling]:
    before = _team(told.fields, "PreviousTaskQueue", told.config)
    if told.direction is None and told.team != before:
        yield told.tell(ContactTransferred(from_team=before), told.moment)
        queued = ContactQueued(via=QueuedVia.OVERFLOW, priority=told.fields.number("TaskPriority"))
        yield told.tell(queued, told.moment)


def _offered(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactOffered(agent=told.agent), told.reservation or told.moment)


def _accepted(told: _Told) -> Iterator[Telling]:
    """An agent took it; that a mail is answered with it is concluded.

    Of our own calls the customer's leg says better whether she was reached.
    """
    fact, way = told.reservation or told.moment, told.direction
    if way is None or not told.config.calls_from or told.channel is not Channel.PHONE:
        concluded = told.channel is Channel.EMAIL
        answered = ContactAnswered(agent=told.agent, direction=way, inferred=concluded)
        yield told.tell(answered, fact)
    yield told.tell(WorkStarted(agent=told.agent, direction=way), fact)


def _declined(reason: DeclineReason) -> Callable[[_Told], Iterator[Telling]]:
    def tell(told: _Told) -> Iterator[Telling]:
        declined = ContactDeclined(agent=told.agent, reason=reason)
        yield told.tell(declined, told.reservation or told.moment)

    return tell


def _wrapped_up(told: _Told) -> Iterator[Telling]:
    """The talk is over. One of several agents may leave it, and the others go on."""
    if told.status in ("", *_IN_WRAP_UP):
        yield told.tell(ContactResolved(agent=told.agent, direction=told.direction), _ONCE)
    yield from _updated(told)


def _completed(told: _Told) -> Iterator[Telling]:
    yield told.tell(ContactResolved(agent=told.agent, direction=told.direction), _ONCE)
    yield told.tell(WorkEnded(agent=told.agent, direction=told.direction), told.agent or _ONCE)
    yield from _updated(told)


def _work_ended(told: _Told) -> Iterator[Telling]:
    """An agent's work is done; the last one's is told by ``task.completed`` too."""
    last = told.status == "completed" or not told.reservation
    fact = (told.agent or _ONCE) if last else told.reservation
    yield told.tell(WorkEnded(agent=told.agent, direction=told.direction), fact)
    yield from _updated(told)


def _canceled(told: _Told) -> Iterator[Telling]:
    reason = told.fields.text("TaskCanceledReason") or told.fields.text("Reason")
    yield from _gave_up(told, reason)
    yield from _updated(told)


def _gave_up(told: _Told, reason: str | None) -> Iterator[Telling]:
    word = (reason or "").lower()
    if told.direction is not None:
        yield told.tell(ContactResolved(agent=told.agent, direction=told.direction), _ONCE)
    elif not word or _HUNG_UP.search(word):
        yield told.tell(ContactAbandoned(), _ONCE)
    elif word != _ELSEWHERE:
        yield told.tell(ContactMissed(reason=reason), _ONCE)


def _deleted(told: _Told) -> Iterator[Telling]:
    """Nobody will take what is deleted while it waits; what was taken is over."""
    match told.status:
        case "pending" | "reserved":
            yield from _gave_up(told, "deleted")
        case "assigned" | "wrapping":
            yield told.tell(ContactResolved(agent=told.agent, direction=told.direction), _ONCE)
        case _:
            pass


def _updated(told: _Told) -> Iterator[Telling]:
    """What the agent chose as the outcome, and tags: they may come with any event."""
    words, config = told.words(), told.config
    if told.status in _IN_WRAP_UP and told.direction is None and config.turns_away(words):
        resolved = ContactResolved(agent=told.agent, outcome=Outcome.TURNED_AWAY)
        yield told.tell(resolved, "turned_away")
    if config.discards(words):
        yield told.tell(ContactDiscarded(), _ONCE)
    for word in words:
        span = config.follow_up_tags.get(word)
        if span and told.at:
            due = later(told.at, span, "TaskAttributes")
            promised = FollowupPromised(due=due, agent=told.agent, inferred=True)
            yield told.tell(promised, f"tag {word}")
    yield from _tier(told)


def _transferred(told: _Told) -> Iterator[Telling]:
    """A cold transfer leaves her waiting at once; a warm one is one when the colleague is there."""
    warm = told.fields.word("TransferMode") == "warm"
    if warm and told.notice.name.endswith("initiated"):
        return
    fact = told.fields.text("TaskTransferSid") or told.moment
    to = told.fields.text("TransferTo") or told.fields.text("TransferToSid")
    to_queue = told.fields.word("TransferType") in ("queue", "taskqueue", "task-queue")
    transferred = ContactTransferred(
        agent=None if to_queue else to or told.agent,
        from_agent=_initiator(told),
        team=to if to_queue else None,
        from_team=told.team if to_queue and told.team != to else None,
        warm=warm,
    )
    yield told.tell(transferred, fact)
    if told.notice.name.endswith("initiated") and told.direction is None:
        yield told.tell(ContactQueued(via=QueuedVia.TRANSFER, team=transferred.team), fact)


def _not_transferred(told: _Told) -> Iterator[Telling]:
    """Who wanted to pass it on has it again; of a warm transfer nothing was told before."""
    by = _initiator(told)
    if by and told.fields.word("TransferMode") == "cold" and told.status != "canceled":
        back = ContactTransferred(agent=by, warm=True, inferred=True)
        yield told.tell(back, f"{told.fields.text('TaskTransferSid') or told.moment} back")


def _initiator(told: _Told) -> str | None:
    return told.fields.text("TransferInitiatingWorkerSid")


_Meaning = tuple[Callable[[_Told], Iterator[Telling]], tuple[type[Data], ...]]
_BY_OPTION = (ContactResolved, ContactDiscarded, FollowupPromised, CustomerUpdated)
_MOVES = (ContactTransferred, ContactQueued)

_TASKS: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "task.created": (_created, (ContactReceived, ContactQueued, *_BY_OPTION)),
        "task.updated": (_updated, _BY_OPTION),
        "task.canceled": (_canceled, (ContactAbandoned, ContactMissed, *_BY_OPTION)),
        "task.wrapup": (_wrapped_up, _BY_OPTION),
        "task.completed": (_completed, (WorkEnded, *_BY_OPTION)),
        "task.deleted": (_deleted, (ContactMissed, ContactResolved)),
        "task.transfer-initiated": (_transferred, _MOVES),
        "task.transfer-completed": (_transferred, _MOVES),
        "task.transfer-failed": (_not_transferred, (ContactTransferred,)),
        "task.transfer-canceled": (_not_transferred, (ContactTransferred,)),
        "task-queue.entered": (_entered, (ContactQueued,)),
        "task-queue.moved": (_moved, _MOVES),
        "reservation.created": (_offered, (ContactOffered,)),
        "reservation.accepted": (_accepted, (ContactAnswered, WorkStarted)),
        "reservation.rejected": (_declined(DeclineReason.REFUSED), (ContactDeclined,)),
        "reservation.timeout": (_declined(DeclineReason.TIMEOUT), (ContactDeclined,)),
        "reservation.failed": (_declined(DeclineReason.NO_ANSWER), (ContactDeclined,)),
        "reservation.wrapup": (_wrapped_up, _BY_OPTION),
        "reservation.completed": (_work_ended, (WorkEnded, *_BY_OPTION)),
    }
)


def told_of_task(notice: Notice, config: SourceConfig) -> Iterator[Telling]:
    """What an event about a task means; a task that is not named is a contact of its own."""
    if notice.name in _TASKS:
        yield from _TASKS[notice.name][0](_read(notice, config))


EVENTS: Final[Mapping[str, tuple[type[Data], ...]]] = MappingProxyType(
    {name: types for name, (_, types) in _TASKS.items()}
)
"""TaskRouter's own names of the events about tasks, and what each can give."""
