"""Twilio Voice: the status callbacks of calls and their legs."""

from typing import Final

from app.core.events import Channel
from app.sources.adapter import gives
from app.sources.twilio.calls import KIND, STATUSES
from app.sources.twilio.told import Twilio


class Voice(Twilio):
    """Telephone calls through Twilio, without an agent's name."""

    kind: Final = KIND
    channel: Final = Channel.PHONE
    tells: Final = frozenset(data.type for types in STATUSES.values() for data in types)
    options: Final = frozenset({"region"})
    events = gives(STATUSES)


ADAPTER: Final = Voice()
