"""What a report on a source holds; shown on the page of sources and given by the API alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.deliveries import Arrival
from app.core.gaps import Gap
from app.store.quarantine import KeptReason


class State(StrEnum):
    """How a source does, in a word."""

    NOTHING_YET = "nothing yet"
    WORKS = "works"
    SILENT = "silent"
    REFUSED = "refused"
    UNREADABLE = "not understood"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source in the list."""

    id: str
    kind: str
    channel: str | None
    state: State
    sentence: str
    last_delivery_at: datetime | None
    last_event_at: datetime | None
    silent_after: datetime | None
    last_hour: int
    refused_last_hour: int
    kept: int
    unmapped: int
    broken: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of the tool's events: what it can tell, how often it came, and when last."""

    name: str
    types: tuple[str, ...]
    n: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class NamedTeam:
    """One of the tool's ids of a queue or team, and what it means. ``said_by``: file, click, policy.

    ``shown``: the same where everybody may read it.
    """

    name: str
    shown: str
    n: int
    last_at: datetime | None
    team: str | None
    said_by: str | None


@dataclass(frozen=True, slots=True)
class NamedAgent:
    """Somebody who answers, as the tool calls them; never how often."""

    name: str
    is_machine: bool
    said_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """Everything about one source.

    ``tool`` and ``menu``: what it is called, and where in it an address is pasted. ``goes_to``: the
    team of ids that mean none of ours.
    """

    line: SourceLine
    tool: str
    menu: str
    path: str
    public_url: str
    signed_by: str
    has_token: bool
    tells: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    others: tuple[Wanted, ...]
    gaps: tuple[Gap, ...]
    skew_seconds: float | None
    dated_ahead: int
    deliveries: tuple[Arrival, ...]
    counted: Mapping[str, int]
    kept: tuple[KeptReason, ...]
    teams: tuple[NamedTeam, ...]
    agents: tuple[NamedAgent, ...]
    takes_machines: bool
    goes_to: str
    our_teams: Mapping[str, str]
