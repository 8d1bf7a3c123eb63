"""What an adapter is: a delivery and its source's configuration in, canonical events out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from app.core.events import Channel, Incoming
from app.core.source import Source

FUTURE_LIMIT = timedelta(minutes=5)
"""How far ahead of its arrival an event may be dated."""

YEARS = (2000, 2099)
"""The first and the last year that anything may be dated in: who has no date sends 1, 1970 or 9999."""
SINCE_YEARS = (1900, 2099)
"""The years since which somebody may be a customer."""


class BadSignature(Exception):  # noqa: N818 - named for the fact
    """The delivery is not from whom it claims to be. ``reason`` never holds a secret."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unreadable(Exception):  # noqa: N818 - named for the fact
    """The adapter cannot make sense of the delivery. ``reason`` names places and types only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came. Header names are in lower case; ``url`` holds the query string."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime
    url: str = field(default="", repr=False)


class TeamFrom(StrEnum):
    """What of the tool decides about the team."""

    INBOX = "inbox"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A configured source: what the rules know of it, its secrets and its options.

    Any one of ``secrets`` is accepted, so that they can be changed without a gap. ``unsigned``
    means that deliveries bear a token in the URL or the Authorization header and no signature.
    ``link`` is an address with ``{contact}`` in it. ``follow_up_tags`` says how soon somebody
    promised to come back who sets such a tag. ``turned_away_tags``, in small letters: who sets one of
    them on a contact could not help the customer. ``public_url`` is the address the tool posts to, for
    signatures that cover it.
    """

    source: Source
    secrets: tuple[str, ...] = field(default=(), repr=False)
    unsigned: bool = False
    public_url: str = ""
    link: str = ""
    follow_up_tags: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
    turned_away_tags: frozenset[str] = frozenset()
    archived_keeps_promise: bool = False
    team_from: TeamFrom = TeamFrom.INBOX

    def turns_away(self, tags: Iterable[str | None]) -> bool:
        """Whether one of a contact's tags says that its customer was turned away."""
        return any(tag and tag.strip().lower() in self.turned_away_tags for tag in tags)


class Adapter(Protocol):
    """One kind of sending system. Adapters hold no state and do no I/O."""

    @property
    def kind(self) -> str:
        """The name of the kind in sources.yaml."""
        ...

    @property
    def channel(self) -> Channel | None:
        """The channel of its contacts, where there is but one."""
        ...

    @property
    def tells(self) -> frozenset[str]:
        """The canonical types it can send."""
        ...

    @property
    def options(self) -> frozenset[str]:
        """The fields of ``SourceConfig`` that sources.yaml may set for this kind alone."""
        ...

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Return if any of ``secrets`` vouches for the delivery, else raise ``BadSignature``."""
        ...

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Give the canonical events, none for what means nothing to us, or raise ``Unreadable``."""
        ...
