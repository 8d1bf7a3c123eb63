"""What the service knows right now, in one read-only value: the source of /metrics and of the wallboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.core.fairness.identity import KnownEpisode
from app.core.fairness.shown import PoolStanding

Edge = float
"""The upper edge of a histogram's bucket, in seconds; ``inf`` is the last."""


class Group(NamedTuple):
    """Whose contacts: the labels of the business families. A tuple, for pages look up thousands."""

    channel: str
    team: str
    tier: str


class ClockGroup(NamedTuple):
    """Whose clocks, of which kind."""

    channel: str
    team: str
    tier: str
    clock: str


class ResponseGroup(NamedTuple):
    """The labels of the response-time histogram."""

    channel: str
    tier: str
    clock: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Contacts owed an answer by a human, inside their team's open hours."""

    contacts: int
    oldest_since: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """Running clocks: how many are overdue, and when the next one breaks its promise.

    ``pageable``: of the overdue what somebody should be told of now: teams that are open, clocks that
    are not paused, and just after an opening only what began since; ``at_opening``: the rest of those.
    ``late_soon``: overdue within a quarter of an hour. ``due_before_closing``: near the end of the
    day, those that would be late in the first second after it.
    """

    overdue: int
    next_breach_at: datetime | None
    pageable: int = 0
    late_soon: int = 0
    due_before_closing: int = 0
    at_opening: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since the service was first started; they never fall.

    ``unsettled`` takes back what was settled, ``withdrawn`` what had broken.
    """

    settled: int = 0
    breached: int = 0
    withdrawn: int = 0
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class Responses:
    """Response times: how many per bucket (not cumulated), and their sum in seconds."""

    counts: Mapping[Edge, int]
    sum_seconds: float


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One contact that stands for a bucket: its id, how long it took, and when it was answered."""

    contact: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Promises:
    """Follow-ups promised to customers and not yet kept, of one team and channel."""

    open: int
    due_today: int
    overdue: int


@dataclass(frozen=True, slots=True)
class SourceNews:
    """When a source was last heard, and when its silence becomes suspicious (on its own calendar)."""

    channel: str
    last_event_at: datetime | None
    silent_after: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingContact:
    """One contact on the wallboard: who waits, since when, and when the promise breaks.

    ``open_seconds_left`` is the open time to the target, negative when late; it stands still
    while ``is_open`` is false.
    """

    contact: str
    customer: str
    channel: str
    team: str
    tier: str
    clock: str
    waiting_since: datetime
    due_at: datetime
    breaches_at: datetime
    target_seconds: float
    open_seconds_left: float
    is_open: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PromiseDue:
    """One promised follow-up on the wallboard."""

    customer: str
    team: str
    channel: str
    due_at: datetime
    overdue: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class TeamDay:
    """One team's day so far, in its own calendar: kept and late promises, customers turned away."""

    team: str
    settled: int
    late: int
    is_open: bool
    opens_at: datetime | None
    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class Today:
    """Promises that began since the team's midnight; ``late_left``: see ``core.today``."""

    judged: int
    late: int
    late_left: int


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One contact whose customer was told no, or was not helped, and has not been called back.

    ``since`` is when she was turned away. ``due_at``: until when the policy wants her called; none
    where it says nothing. ``inferred``: no tool says so, but she came back soon after a brief call.
    """

    contact: str
    customer: str
    team: str
    channel: str
    since: datetime
    inferred: bool
    due_at: datetime | None = None
    link: str | None = None


class CustomerWaiting(NamedTuple):
    """One customer's waiting contacts, for /metrics/customers; ``customer`` is an opaque id."""

    customer: str
    tier: str
    team: str
    channel: str
    contacts: int
    next_breach_at: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that screens and scrapes show, taken at one instant.

    Groups that the policy gives a target are present with zeros; nothing waiting means that the
    group is absent from ``waiting`` and the instant absent from ``running``. Mappings by a pair are by
    team and channel. ``today``: by team, channel and clock. ``first_tier``: whose customers are always
    named. ``exemplars``: the newest first. ``oldest_touched_at``: since when the oldest
    news waits to be worked out. ``not_called_back``: the newest first. ``pool_names`` and ``pool_links``: how the
    customers, and where the contacts, that ``pools`` and ``episodes`` speak of are shown. ``episodes``:
    those of ``pools`` under the numbers that they keep.
    """

    taken_at: datetime
    waiting: Mapping[Group, Waiting] = field(default_factory=dict)
    running: Mapping[ClockGroup, Running] = field(default_factory=dict)
    tallies: Mapping[ClockGroup, Tally] = field(default_factory=dict)
    responses: Mapping[ResponseGroup, Responses] = field(default_factory=dict)
    exemplars: Mapping[ResponseGroup, tuple[Exemplar, ...]] = field(default_factory=dict)
    targets: Mapping[ClockGroup, float] = field(default_factory=dict)
    target_ratios: Mapping[ClockGroup, float] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    promises: Mapping[tuple[str, str], Promises] = field(default_factory=dict)
    callbacks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    turned_away: Mapping[tuple[str, str], int] = field(default_factory=dict)
    warnings: Mapping[tuple[ClockGroup, str], int] = field(default_factory=dict)
    calls: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    not_measurable: Mapping[tuple[str, str], int] = field(default_factory=dict)
    lost_track: Mapping[tuple[str, str], int] = field(default_factory=dict)
    untold: Mapping[tuple[str, str], int] = field(default_factory=dict)
    inferred: Mapping[tuple[str, str], int] = field(default_factory=dict)
    received: Mapping[tuple[str, str], int] = field(default_factory=dict)
    today: Mapping[tuple[str, str, str], Today] = field(default_factory=dict)
    sources: Mapping[str, SourceNews] = field(default_factory=dict)
    customers: tuple[CustomerWaiting, ...] = ()
    first_tier: str = ""
    late: tuple[WaitingContact, ...] = ()
    next_late: tuple[WaitingContact, ...] = ()
    promises_due: tuple[PromiseDue, ...] = ()
    not_called_back: tuple[TurnedAway, ...] = ()
    teams: tuple[TeamDay, ...] = ()
    pools: tuple[PoolStanding, ...] = ()
    pool_names: Mapping[str, str] = field(default_factory=dict)
    pool_links: Mapping[str, str] = field(default_factory=dict)
    episodes: tuple[KnownEpisode, ...] = ()
    quarantined: int = 0
    kept: Mapping[tuple[str, str], int] = field(default_factory=dict)
    set_aside: int = 0
    invariants_broken: int = 0
    policy_version: int = 0
    oldest_touched_at: datetime | None = None
    last_event_at: datetime | None = None
