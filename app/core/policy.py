"""What we promise: calendars, tiers, teams and the rules that give each kind of clock its target.

The compiled, frozen form; ``policy_file.reading`` reads it from text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from app.core.events import WaitingFor
from app.core.hours.calendar import Calendar, NeverOpen, Span, always_open
from app.core.service_level import Variant
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
ALWAYS_RUN = RESPONSES | {ClockKind.RESOLUTION}
"""What is followed without any target too: who waits and what is open follows from these."""


class Happening(StrEnum):
    """What may stop a clock, by the policy's word."""

    AGENT_MESSAGE = "agent_message"
    BOT_MESSAGE = "bot_message"
    AUTO_REPLY = "auto_reply"
    INTERNAL_NOTE = "internal_note"
    CUSTOMER_MESSAGE = "customer_message"
    ASSIGNED = "assigned"


class StartOn(StrEnum):
    """From when a clock runs: the contact's beginning, the rule's own, or her first message."""

    CREATED = "created"
    APPLIED = "applied"
    FIRST_CUSTOMER_MESSAGE = "first_customer_message"


class PauseEffect(StrEnum):
    """Whether a pause moves the deadline, or only keeps it silent while the time counts on."""

    EXCLUDE = "exclude"
    HIDE = "hide"


class AtEnd(StrEnum):
    """What becomes of a clock that runs when the contact reaches a state that ends it.

    Judged at that instant; suspended until the contact is reopened; waived, which is a breach where
    it was late by then; or cancelled, which is neither kept nor broken.
    """

    JUDGED = "judged"
    SUSPENDED = "suspended"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class OnReopen(StrEnum):
    """Whether a resolution that was over goes on, without the time between, or begins anew."""

    CONTINUE = "continue"
    NEW_CYCLE = "new_cycle"


RESOLVED_STATE = "resolved"
"""The state of a contact that its tool says is over, whatever else the tool calls it."""
OPEN_STATE = "open"
"""The state of a contact that is neither held nor over."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What starts, pauses and ends one kind of clock. States go by the tool's own name or by ours.

    Ours are ``customer`` and ``third_party`` (waited for) and ``resolved``; what is ``open`` runs.
    ``counts_before_first_response`` is about next responses alone, ``cancel_on_customer_message``
    about updates.
    """

    start_on: StartOn = StartOn.CREATED
    stops_on: frozenset[Happening] = frozenset()
    pauses_in: frozenset[str] = frozenset()
    pause_effect: PauseEffect = PauseEffect.EXCLUDE
    ends_in: frozenset[str] = frozenset({RESOLVED_STATE})
    at_end: AtEnd = AtEnd.JUDGED
    on_reopen: OnReopen = OnReopen.CONTINUE
    counts_before_first_response: bool = False
    cancel_on_customer_message: bool = True


_WAITING_FOR_HER = frozenset({WaitingFor.CUSTOMER.value})

DEFAULT_CONDITIONS: Mapping[ClockKind, Conditions] = MappingProxyType(
    {
        ClockKind.FIRST_RESPONSE: Conditions(
            stops_on=frozenset({Happening.AGENT_MESSAGE}), at_end=AtEnd.SUSPENDED
        ),
        ClockKind.NEXT_RESPONSE: Conditions(
            stops_on=frozenset({Happening.AGENT_MESSAGE, Happening.BOT_MESSAGE}),
            at_end=AtEnd.WAIVED,
        ),
        ClockKind.RESOLUTION: Conditions(
            start_on=StartOn.FIRST_CUSTOMER_MESSAGE, pauses_in=_WAITING_FOR_HER
        ),
        ClockKind.UPDATE: Conditions(
            stops_on=frozenset({Happening.AGENT_MESSAGE}),
            pauses_in=_WAITING_FOR_HER,
            at_end=AtEnd.WAIVED,
        ),
        ClockKind.OWNERSHIP: Conditions(
            stops_on=frozenset({Happening.ASSIGNED}), at_end=AtEnd.SUSPENDED
        ),
    }
)
"""How the clocks of a contact run where the policy says nothing else."""


class Measure(StrEnum):
    """In which time a target counts."""

    BUSINESS = "business"
    BUSINESS_DAYS = "business days"
    CALENDAR = "calendar"


NEVER = timedelta(days=3650)
"""The span of a target that cannot be used up: the calendar has no such day."""


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
        try:
            due = calendar.business_days_after(started_at, self.days, end_of_day=self.end_of_day)
        except NeverOpen:
            return NEVER
        return calendar.elapsed(started_at, due)

    def __str__(self) -> str:
        """Write the target as the policy file does."""
        if self.measure is Measure.BUSINESS_DAYS:
            days = "business day" if self.days == 1 else "business days"
            return f"{self.days} {days}" + (", end of day" if self.end_of_day else "")
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
    conditions: Mapping[ClockKind, Conditions] = field(default_factory=lambda: DEFAULT_CONDITIONS)

    def fits(self, channel: str, team: str, tier: str, queue: str | None) -> bool:
        """Whether a contact with these attributes is what the rule is about."""
        return (
            (not self.channels or channel in self.channels)
            and (not self.teams or team in self.teams)
            and (not self.tiers or tier in self.tiers)
            and (not self.queues or queue in self.queues)
        )


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told of a team's alerts, by Alertmanager's names for them; nobody named: all alike.

    ``quiet``: Monday to Sunday, the local hours of the team's zone in which they are not disturbed.
    """

    pages: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    quiet: tuple[tuple[Span, ...], ...] = ((),) * 7


@dataclass(frozen=True, slots=True)
class Team:
    """The agents who share work, and when they are there."""

    id: str
    name: str
    calendar: Calendar
    queues: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    notify: Notify = field(default_factory=Notify)


@dataclass(frozen=True, slots=True)
class Switches:
    """Where good organisations differ; the defaults need not be written.

    ``text_exchange``: how long after a promise by text an answer still belongs to the promising
    exchange. ``attempts_suffice``: so many unanswered calls keep a promise; zero means that none do.
    ``lost_track``: silence per channel after which a contact leaves all counts.
    ``turned_away_within``: an answered call or chat that is over sooner, and whose customer comes
    back, was no help; zero switches that off. ``short_abandon``: who hangs up sooner is owed no call.
    """

    kept_by_any_contact: bool = True
    attempts_suffice: int = 0
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
    """One version of what we promise. ``effective_from`` none means always.

    ``after_opening``: open time in which nobody is paged for what began before the opening.
    """

    version: int
    effective_from: datetime | None = None
    tiers: tuple[str, ...] = ()
    default_tier: str = "standard"
    teams: Mapping[str, Team] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    default_calendar: Calendar = field(default_factory=always_open)
    warn_at: tuple[float, ...] = ()
    warn_after: tuple[timedelta, ...] = ()
    warn_before_closing: timedelta = timedelta(minutes=30)
    after_opening: timedelta = timedelta(minutes=15)
    conditions: Mapping[ClockKind, Conditions] = field(default_factory=lambda: DEFAULT_CONDITIONS)
    switches: Switches = field(default_factory=Switches)
    fairness: FairnessTerms = field(default_factory=FairnessTerms)
    new_for: timedelta = timedelta(days=90)
    phone_service_level: Variant = Variant.ABANDONS_NEGATIVE
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

    def switches_at(self, at: datetime) -> Switches:
        """How the version in force at ``at`` decides where good organisations differ."""
        return self.in_force(at).switches

    @cached_property
    def only_conditions(self) -> Mapping[ClockKind, Conditions] | None:
        """How clocks run for everybody at any time; none where that depends on rule or version."""
        told = [policy.conditions for policy in self.versions]
        told += [rule.conditions for policy in self.versions for rule in policy.rules]
        return told[0] if all(conditions is told[0] for conditions in told) else None

    @cached_property
    def kinds(self) -> frozenset[ClockKind]:
        """The clocks of a contact that run: of updates and owners only where any are promised."""
        promised = {kind for kind in ClockKind if any(p.promises(kind) for p in self.versions)}
        return ALWAYS_RUN | promised

    def changes_until(self, now: datetime) -> list[datetime]:
        """When a version began to hold, up to ``now``; the first one always did."""
        began = (policy.effective_from for policy in self.versions[1:])
        return sorted(at for at in began if at is not None and at <= now)

    @property
    def newest(self) -> Policy:
        """The version that began last."""
        return self.versions[-1]
