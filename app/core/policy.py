"""What we promise: calendars, tiers, teams and the rules that give each kind of clock its target.

The compiled, frozen form; ``policy_file`` reads it from text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from app.core.calendar import Calendar, always_open
from app.core.events import WaitingFor
from app.core.source import Source

UNASSIGNED = "unassigned"
"""The team of a contact that nothing assigns to one."""
UNMAPPED = "unmapped"
"""The team of a contact whose tool names a team or queue that the policy does not know."""


class ClockKind(StrEnum):
    """The seven kinds of promise."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    UPDATE = "update"
    FOLLOW_UP = "follow_up"
    CALLBACK = "callback"
    OWNERSHIP = "ownership"


RESPONSES = frozenset({ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE})


class Measure(StrEnum):
    """In which time a target counts."""

    BUSINESS = "business"
    BUSINESS_DAYS = "business days"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Target:
    """How long it may take: open time, wall-clock time, or the Nth day with hours."""

    measure: Measure
    amount: timedelta = timedelta(0)
    days: int = 0
    end_of_day: bool = False

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar on which the target counts."""
        return _WALL_CLOCK if self.measure is Measure.CALENDAR else calendar

    def from_start(self, calendar: Calendar, started_at: datetime) -> timedelta:
        """The target as a span of the time it counts in, for a clock started at ``started_at``."""
        if self.measure is not Measure.BUSINESS_DAYS:
            return self.amount
        due = calendar.business_days_after(started_at, self.days, end_of_day=self.end_of_day)
        return calendar.elapsed(started_at, due)

    def __str__(self) -> str:
        """Write the target as the policy file does."""
        if self.measure is Measure.BUSINESS_DAYS:
            return f"{self.days} business days" + (", end of day" if self.end_of_day else "")
        wall = " calendar" if self.measure is Measure.CALENDAR else ""
        minutes, seconds = divmod(self.amount.total_seconds(), 60)
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
        return " ".join(f"{count:g}{unit}" for count, unit in parts if count) + wall


_WALL_CLOCK = always_open("wall clock")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which contacts it is about, and what they are promised. An empty condition fits everything."""

    name: str
    line: int
    targets: Mapping[ClockKind, Target]
    channels: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    target_ratio: float = 0.9

    def fits(self, channel: str, team: str, tier: str, queue: str | None) -> bool:
        """Whether a contact with these attributes is what the rule is about."""
        return (
            (not self.channels or channel in self.channels)
            and (not self.teams or team in self.teams)
            and (not self.tiers or tier in self.tiers)
            and (not self.queues or queue in self.queues)
        )


@dataclass(frozen=True, slots=True)
class Team:
    """The agents who share work, and when they are there."""

    id: str
    name: str
    calendar: Calendar
    queues: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Switches:
    """Where good organisations differ; the defaults need not be written.

    ``resolution_pauses_for``: whom a contact may wait for without its resolution clock running.
    ``text_exchange``: how long after a promise by text an answer still belongs to the promising
    exchange. ``lost_track``: silence per channel after which a contact leaves all counts.
    ``turned_away_within``: an answered call or chat that is over sooner, and whose customer comes
    back, was no help; zero switches that off. ``short_abandon``: who hangs up sooner is owed no call.
    """

    resolved_counts_as_reply: bool = False
    resolving_waives: bool = True
    reopening_starts_anew: bool = False
    resolution_pauses_for: frozenset[WaitingFor] = frozenset({WaitingFor.CUSTOMER})
    kept_by_any_contact: bool = True
    text_exchange: timedelta = timedelta(minutes=15)
    asks_again_within: timedelta = timedelta(hours=48)
    turned_away_within: timedelta = timedelta(seconds=60)
    short_abandon: timedelta = timedelta(seconds=5)
    lost_track: Mapping[str, timedelta] = field(
        default_factory=lambda: MappingProxyType(
            {
                "phone": timedelta(hours=2),
                "chat": timedelta(hours=12),
                "email": timedelta(days=30),
            }
        )
    )


class Order(StrEnum):
    """Whose turn it is; two more (``fair_share``, ``tool``) have their places here."""

    DUE = "due"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class FairnessTerms:
    """What the policy says about turns; wall time. Weights are by tier.

    No ``order`` means by deadline where deadlines differ, else by arrival. ``wrap_up``: how long an
    agent is busy after a call or chat where no tool tells it. ``pace``: how many times faster than
    in life everything happens, for demonstrations.
    """

    order: Order | None = None
    head_start: timedelta = timedelta(minutes=10)
    weights: Mapping[str, float] = field(default_factory=dict)
    chats_per_agent: int = 3
    wrap_up: timedelta = timedelta(seconds=60)
    pace: float = 1.0


@dataclass(frozen=True, eq=False)
class Policy:
    """One version of what we promise. ``effective_from`` none means always."""

    version: int
    effective_from: datetime | None = None
    tiers: tuple[str, ...] = ()
    default_tier: str = "standard"
    teams: Mapping[str, Team] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    default_calendar: Calendar = field(default_factory=always_open)
    warn_at: tuple[float, ...] = ()
    warn_after: tuple[timedelta, ...] = ()
    switches: Switches = field(default_factory=Switches)
    fairness: FairnessTerms = field(default_factory=FairnessTerms)
    new_for: timedelta = timedelta(days=90)
    _team_of_queue: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Index queues by team; the reader has refused a queue that two teams claim."""
        for team in self.teams.values():
            self._team_of_queue.update(dict.fromkeys(team.queues, team.id))

    def calendar_of(self, team: str) -> Calendar:
        """When the team is open; a team that the policy does not name has its first calendar."""
        known = self.teams.get(team)
        return known.calendar if known else self.default_calendar

    def tier_of(self, told: str | None) -> str:
        """The tier a customer counts as; the default for one that the policy does not name."""
        if told is not None and (told in self.tiers or not self.tiers):
            return told
        return self.default_tier

    def team_of(self, source: Source, told: str | None, queue: str | None) -> str:
        """Our team for what the tool said: its own id, the queue, or the source's default."""
        for name in (told, queue):
            if name is None:
                continue
            known = source.teams.get(name) or self._team_of_queue.get(name)
            if known:
                return self._known(known)
            if name == told and (told in self.teams or not self.teams):
                return told
        if source.default_team:
            return self._known(source.default_team)
        return UNASSIGNED if told is None and queue is None else UNMAPPED

    def _known(self, team: str) -> str:
        """A team that the policy does not name is nobody's: it has no hours and no promises."""
        return team if team in self.teams or not self.teams else UNMAPPED

    def promises(self, kind: ClockKind) -> bool:
        """Whether any rule gives this kind of clock a target."""
        return any(kind in rule.targets for rule in self.rules)

    def rule_for(self, channel: str, team: str, tier: str, queue: str | None) -> Rule | None:
        """The first rule in written order that fits; ``None`` means no promise."""
        for rule in self.rules:
            if rule.fits(channel, team, tier, queue):
                return rule
        return None


@dataclass(frozen=True, eq=False)
class Policies:
    """All versions, oldest first. One of them is in force at any instant."""

    versions: tuple[Policy, ...]

    def __post_init__(self) -> None:
        """There is always a policy."""
        assert self.versions, "at least one version is needed"

    def in_force(self, at: datetime) -> Policy:
        """The version in force at ``at``; the oldest one before any began."""
        found = self.versions[0]
        for policy in self.versions[1:]:
            if policy.effective_from is None or policy.effective_from <= at:
                found = policy
        return found

    @property
    def newest(self) -> Policy:
        """The version that began last."""
        return self.versions[-1]
