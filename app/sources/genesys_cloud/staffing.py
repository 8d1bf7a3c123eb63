"""Who of Genesys Cloud's users takes what the queues give: their routing status and presence."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from app.core.events import AgentAvailable, AgentUnavailable, Data
from app.sources.eventbridge import joined, set_at, shaped
from app.sources.reading import Moment
from app.sources.telling import Telling

_AT_DESK: Final = frozenset({"IDLE", "INTERACTING"})
"""Routing statuses of somebody who takes what the queues give, now or when this is over."""
_ON_QUEUE = "ON_QUEUE"


class _Struct(msgspec.Struct, frozen=True, rename=joined):
    """Keys in small letters, as ``eventbridge`` gives them."""


class _Routing(_Struct, frozen=True):
    status: str | None = None
    start_time: Moment = None


class _Definition(_Struct, frozen=True):
    system_presence: str | None = None


class _Presence(_Struct, frozen=True):
    presence_definition: _Definition | None = None
    modified_date: Moment = None
    primary: bool | None = None


class _User(_Presence, frozen=True):
    routing_status: _Routing | None = None
    presence: _Presence | None = None


def staffing(user: str, body: Mapping[str, Any], sent_at: datetime | None) -> Iterator[Telling]:
    """Say whether a user is there: on queue, and not busy elsewhere."""
    told = shaped(body, _User)
    presence = told.presence or told
    if told.routing_status and told.routing_status.status:
        status = told.routing_status.status.upper()
        is_there = status in _AT_DESK
        at = set_at(told.routing_status.start_time, "$.eventBody.routingStatus.startTime")
    elif presence.primary is False or presence.presence_definition is None:
        return
    else:
        told_of = presence.presence_definition.system_presence or ""
        status = told_of.upper().replace(" ", "_")
        is_there = status == _ON_QUEUE
        at = set_at(presence.modified_date, "$.eventBody.modifiedDate")
    at = at or sent_at
    data: Data = AgentAvailable(agent=user)
    if not is_there:
        data = AgentUnavailable(agent=user, reason=status.lower() or None)
    yield Telling(subject=user, data=data, at=at, fact=f"{at.isoformat() if at else ''} {status}")
