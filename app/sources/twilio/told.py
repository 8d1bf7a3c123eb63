"""Twilio: a delivery of any of its products made into events, and what every such kind answers.

Each kind understands the deliveries of all, so that one source may take everything Twilio sends, and
one fact that two products tell counts once there.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from app.core.events import Incoming
from app.sources.adapter import Adapter, Delivery, Reply, SourceConfig, Unreadable
from app.sources.telling import Telling, stable_id, tell
from app.sources.twilio.calls import told_of_call, told_of_message
from app.sources.twilio.deliveries import CALL, Notice, check_signature, notices
from app.sources.twilio.tasks import told_of_task
from app.sources.twilio.workers import told_of_worker

TASK_OPTIONS: Final = frozenset(
    {"calls_from", "discard_tags", "events", "follow_up_tags", "region", "tier_tags", "turned_away"}
)

_TAKEN: Final = Reply(204, b"", "application/json")


class Twilio(Adapter):
    """What the kinds of Twilio have in common; each says what it ``tells``."""

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing signs a time
        """Check the signature of address and body; ``now`` does not matter."""
        check_signature(delivery, secrets)

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate what is about calls, tasks, workers and messages; all else means nothing."""
        return tuple(
            chain.from_iterable(
                tell(delivery, config, stable_id(*notice.key), self._told(notice, config))
                for notice in notices(delivery)
            )
        )

    def _told(self, notice: Notice, config: SourceConfig) -> Iterator[Telling]:
        found = chain(
            told_of_call(notice, config) if notice.name == CALL else told_of_task(notice, config),
            told_of_worker(notice, config),
            told_of_message(notice, config),
        )
        return (each for each in found if each.data.type in self.tells)

    def event_of(self, delivery: Delivery) -> str | None:
        """The event type, the status of the call, or the type of the first of several events."""
        try:
            first = next(notices(delivery), None)
        except Unreadable:
            return None
        return first.tool_name or None if first else None

    def answer(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """What TaskRouter asks for: nothing, as JSON. Voice and Event Streams ask for any success."""
        return _TAKEN
