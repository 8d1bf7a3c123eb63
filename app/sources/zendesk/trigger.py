"""What a Zendesk trigger or automation says in a body of our own: see docs/sources/zendesk.md.

Events cannot say what a customer thought of it, or that she was promised to hear from us; triggers
can. Placeholders arrive as text, and as empty text where there is nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.events import (
    ContactDiscarded,
    ContactResolved,
    CustomerRated,
    Data,
    FollowupCancelled,
    FollowupDone,
    FollowupMoved,
    FollowupPromised,
    Outcome,
)
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.sources.reading import Id, Moment, instant, read_json
from app.sources.telling import Telling
from app.sources.zendesk.payload import Changed, Detail, Notice, Tags, Thing, Via
from app.sources.zendesk.ticket import Ticket

FACES: Final = MappingProxyType({"good": 2.0, "bad": 1.0})
"""What the older survey knows, out of ``FACES_SCALE``."""
FACES_SCALE = 2.0
STARS_SCALE = 5.0
"""The scale of numbers that come without one."""
_MAX_NUMBER = 16


class _Body(msgspec.Struct, frozen=True):
    evenhand: str
    ticket: Id = None
    at: Moment = None
    requester: Id = None
    email: str | None = None
    phone: str | None = None
    assignee: Id = None
    group: Id = None
    organization: Id = None
    channel: str | None = None
    tags: Tags = None
    score: float | str | None = None
    scale: float | str | None = None
    due: Moment = None
    due_in: str | None = None
    outcome: str | None = None
    reason: str | None = None


_BODY = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class Told:
    """What a trigger says, and whether it says when."""

    tellings: list[Telling]
    has_time: bool


def told(delivery: Delivery, config: SourceConfig) -> Told:
    """Read the body of a trigger; raises ``Unreadable`` for a word that no trigger can say."""
    body = read_json(_BODY, delivery.body)
    make = _MEANINGS.get(body.evenhand)
    if make is None:
        raise Unreadable(f"expected one of {', '.join(_MEANINGS)} - at `$.evenhand`")
    detail = Detail(
        id=body.ticket,
        assignee_id=body.assignee,
        group_id=body.group,
        organization_id=body.organization,
        requester_id=body.requester,
        tags=body.tags,
        via=Via(body.channel),
    )
    ticket = Ticket(Notice(time=body.at, detail=detail), config, delivery.received_at)
    ticket.addresses = (body.email, body.phone)
    tellings = [ticket.tell(data, fact) for data, fact in make(ticket, body)]
    return Told(tellings, ticket.at is not None)


def score_of(told: Changed, scale: float | None = None) -> tuple[float, float] | None:
    """Read a score and its scale: ``good`` or ``bad``, or a number, also written as text."""
    value = told
    if isinstance(told, Thing):
        value = told.rating if told.score is None else told.score
    if isinstance(value, str):
        word = value.strip().lower().partition("_")[0].partition(",")[0]
        if word in FACES:
            return FACES[word], FACES_SCALE
    score = _number(value)
    if score is None:
        return None
    scale = scale or STARS_SCALE
    if not 0 <= score <= scale:
        raise Unreadable(f"expected a score from 0 to {scale:g}")
    return score, scale


def _number(value: Changed) -> float | None:
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value[:_MAX_NUMBER] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_Facts = Iterator[tuple[Data, str | None]]


def _rated(ticket: Ticket, body: _Body) -> _Facts:
    scale = _number(body.scale)
    if scale is not None and scale <= 0:
        raise Unreadable("expected a scale above 0 - at `$.scale`")
    found = score_of(body.score, scale)
    if found is None:
        raise Unreadable("expected good, bad or a number - at `$.score`")
    score, out_of = found
    rated = CustomerRated(score=score, scale=out_of, agent=ticket.agent)
    yield rated, f"{score:g} of {out_of:g}"


def _due(body: _Body) -> tuple[datetime | None, str | None]:
    due, due_in = instant(body.due, "$.due"), (body.due_in or "").strip() or None
    if due is None and due_in is None:
        raise Unreadable("expected due or due_in - at `$.due`")
    return due, None if due else due_in


def _promised(ticket: Ticket, body: _Body) -> _Facts:
    due, due_in = _due(body)
    yield FollowupPromised(due=due, due_in=due_in, agent=ticket.agent), _when(ticket, due)


def _moved(ticket: Ticket, body: _Body) -> _Facts:
    due, due_in = _due(body)
    yield FollowupMoved(due=due, due_in=due_in, agent=ticket.agent), _when(ticket, due)


def _when(ticket: Ticket, due: datetime | None) -> str | None:
    return due.isoformat() if due else ticket.now


def _done(ticket: Ticket, _: _Body) -> _Facts:
    yield FollowupDone(agent=ticket.agent), ticket.now


def _cancelled(ticket: Ticket, _: _Body) -> _Facts:
    yield FollowupCancelled(), ticket.now


def _discarded(_: Ticket, body: _Body) -> _Facts:
    yield ContactDiscarded(reason=body.reason or None), "trigger"


def _resolved(ticket: Ticket, body: _Body) -> _Facts:
    outcome = body.outcome or Outcome.UNKNOWN
    if outcome not in set(Outcome):
        raise Unreadable(f"expected one of {', '.join(Outcome)} - at `$.outcome`")
    yield ContactResolved(agent=ticket.agent, outcome=Outcome(outcome)), f"{outcome} trigger"


_MEANINGS: Final[Mapping[str, Callable[[Ticket, _Body], _Facts]]] = MappingProxyType(
    {
        CustomerRated.type: _rated,
        FollowupPromised.type: _promised,
        FollowupMoved.type: _moved,
        FollowupDone.type: _done,
        FollowupCancelled.type: _cancelled,
        ContactResolved.type: _resolved,
        ContactDiscarded.type: _discarded,
    }
)
