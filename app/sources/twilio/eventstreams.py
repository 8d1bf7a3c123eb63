"""Twilio Event Streams: lists of CloudEvents about tasks, workers, calls and messages."""

from typing import Final

from app.sources.adapter import gives
from app.sources.twilio import calls, tasks, workers
from app.sources.twilio.deliveries import TASKS
from app.sources.twilio.told import TASK_OPTIONS, Twilio

_BY_TASK_ROUTER = {**tasks.EVENTS, **workers.EVENTS}
_EVENTS = {f"{TASKS}{name}": types for name, types in _BY_TASK_ROUTER.items()}
_EVENTS |= calls.STREAMED


class EventStreams(Twilio):
    """A sink of Event Streams, and whatever else of Twilio is posted to it."""

    kind: Final = "twilio-eventstreams"
    channel: Final = None
    tells: Final = frozenset(data.type for types in _EVENTS.values() for data in types)
    options: Final = TASK_OPTIONS | {"bots", "staff", "staff_domains"}
    events = gives(_EVENTS)


ADAPTER: Final = EventStreams()
