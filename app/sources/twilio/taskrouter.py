"""Twilio TaskRouter: the event callbacks of a workspace, as Flex has one."""

from typing import Final

from app.sources.adapter import gives
from app.sources.twilio import tasks, workers
from app.sources.twilio.told import TASK_OPTIONS, Twilio

_EVENTS = {**tasks.EVENTS, **workers.EVENTS}


class TaskRouter(Twilio):
    """Tasks, their reservations and workers, posted by a workspace of TaskRouter."""

    kind: Final = "twilio-taskrouter"
    channel: Final = None
    tells: Final = frozenset(data.type for types in _EVENTS.values() for data in types)
    options: Final = TASK_OPTIONS
    events = gives(_EVENTS)


ADAPTER: Final = TaskRouter()
