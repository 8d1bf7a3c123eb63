"""One configured sending system: what it tells, and how its queues map to our teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.core.events import HOOK_SOURCE_PREFIX, TYPES, Channel, ContactQueued

CANONICAL_KIND = "cloudevents"
"""The kind of source that sends canonical events itself."""
CANONICAL_KINDS = frozenset({CANONICAL_KIND, "standardwebhooks"})
"""All kinds that do: what they tell is up to the sender."""

DEFAULT_SILENCE = timedelta(minutes=30)
"""Open time without news after which a phone or chat source counts as silent."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source as the rules need it. ``teams`` maps the tool's own queue or team ids to ours.

    ``tells`` holds the event types it can send: a clock runs only where its start and its stop can
    be told. ``untold``: which of them it never sends of a channel; ``free``: which of them whoever
    sends them may leave out, so that nothing follows where they are missing. ``silence_limit`` is
    open time on the default team's calendar.
    """

    id: str
    kind: str
    channel: Channel | None = None
    tells: frozenset[str] = frozenset(TYPES)
    teams: Mapping[str, str] = field(default_factory=dict)
    default_team: str | None = None
    silence_limit: timedelta = DEFAULT_SILENCE
    untold: Mapping[str, frozenset[str]] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    def on(self, channel: str) -> "Source":
        """The source as far as it tells of contacts on ``channel``."""
        never = self.untold.get(channel)
        return replace(self, tells=self.tells - never) if never else self

    @property
    def event_source(self) -> str:
        """The ``source`` that its events bear."""
        return f"{HOOK_SOURCE_PREFIX}{self.id}"

    @property
    def tells_queued(self) -> bool:
        """Whether a contact that never was queued never came before a human.

        A sender of canonical events is free to leave it out, so nothing follows there.
        """
        is_free = self.kind in CANONICAL_KINDS or ContactQueued.type in self.free
        return not is_free and ContactQueued.type in self.tells


def together(sources: Sequence[Source]) -> Source:
    """What several sources are to a contact that all of them tell of; the first is meant first.

    A type that only senders of canonical events tell is not missed where the first is a tool.
    """
    first, *others = sources
    if not others:
        return first
    teams = {name: team for source in reversed(sources) for name, team in source.teams.items()}
    tells = first.tells.union(*(source.tells for source in others))
    tools = (source.tells for source in sources if source.kind not in CANONICAL_KINDS)
    channels = {channel for source in sources for channel in source.untold}
    return replace(
        first,
        channel=next((source.channel for source in sources if source.channel), None),
        tells=tells,
        untold={
            channel: tells.difference(*(source.on(channel).tells for source in sources))
            for channel in channels
        },
        teams=teams,
        default_team=next((source.default_team for source in sources if source.default_team), None),
        free=tells.difference(*tools),
    )
