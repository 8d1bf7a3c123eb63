"""One configured sending system: what it tells, and how its queues map to our teams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.events import HOOK_SOURCE_PREFIX, TYPES, Channel, ContactQueued

CANONICAL_KIND = "cloudevents"
"""The kind of source that sends canonical events itself."""

DEFAULT_SILENCE = timedelta(minutes=30)
"""Open time without news after which a phone or chat source counts as silent."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source as the rules need it. ``teams`` maps the tool's own queue or team ids to ours.

    ``tells`` holds the event types it can send: a clock runs only where its start and its stop can
    be told. ``silence_limit`` is open time on the default team's calendar.
    """

    id: str
    kind: str
    channel: Channel | None = None
    tells: frozenset[str] = frozenset(TYPES)
    teams: Mapping[str, str] = field(default_factory=dict)
    default_team: str | None = None
    silence_limit: timedelta = DEFAULT_SILENCE

    @property
    def event_source(self) -> str:
        """The ``source`` that its events bear."""
        return f"{HOOK_SOURCE_PREFIX}{self.id}"

    @property
    def tells_queued(self) -> bool:
        """Whether a contact that never was queued never came before a human.

        A sender of canonical events is free to leave it out, so nothing follows there.
        """
        return self.kind != CANONICAL_KIND and ContactQueued.type in self.tells
