"""What a policy file may hold, section by section: names, types and bounds. ``reading`` compiles it."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from app.core.events import Channel, WaitingFor
from app.core.hours.calendar import Span
from app.core.policy import (
    DEFAULT_CONDITIONS,
    AtEnd,
    ClockKind,
    Happening,
    OnReopen,
    Order,
    PauseEffect,
    StartOn,
    Target,
)
from app.core.policy_file.words import (
    days_or_duration,
    duration,
    duration_or_off,
    spans,
    target,
    weekdays,
)
from app.core.service_level import Variant

Duration = Annotated[timedelta, BeforeValidator(duration)]
SpanOrNone = Annotated[timedelta, BeforeValidator(duration_or_off)]
WallSpan = Annotated[timedelta, BeforeValidator(days_or_duration)]
Hours = Annotated[tuple[Span, ...], BeforeValidator(spans)]


def _known_days(hours: dict[str, tuple[Span, ...]]) -> dict[str, tuple[Span, ...]]:
    for days in hours:
        weekdays(days)
    return hours


Weekly = Annotated[dict[str, Hours], AfterValidator(_known_days)]
TargetText = Annotated[Target, BeforeValidator(target)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """Part of the file; an unknown word in it is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Holidays(Section):
    """The dates on which a calendar is closed all day."""

    country: str | None = None
    region: str | None = None
    categories: tuple[str, ...] = ("public",)
    also: frozenset[date] = frozenset()
    but_not: frozenset[date] = frozenset()


class Calendar(Section):
    """When people are there."""

    zone: str = "UTC"
    always_open: bool = False
    hours: Weekly = {}
    breaks: Weekly = {}
    special_days: dict[date, Hours] = {}
    holidays: Holidays = Holidays()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"expected a zone such as Europe/Copenhagen, got {zone!r}")
        return zone


class Tier(Section):
    """How a customer is ranked."""

    default: bool = False


def _several(value: object) -> object:
    return value if isinstance(value, list) else [value]


Names = Annotated[tuple[Name, ...], BeforeValidator(_several)]


class Notify(Section):
    """Who is told of a team's alerts."""

    pages: Names = ()
    tickets: Names = ()
    quiet_hours: Weekly = {}


class Team(Section):
    """Agents who share work."""

    name: str | None = None
    calendar: Name
    queues: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    notify: Notify = Notify()


class When(Section):
    """Which contacts a rule is about; nothing said fits all."""

    channel: Annotated[frozenset[Channel], BeforeValidator(_several)] = frozenset()
    team: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()
    tier: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()
    queue: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()


class Conditions(Section):
    """How a clock runs, as far as the file says; what it leaves out stays as it was."""

    start_on: StartOn | None = None
    stops_on: frozenset[Happening] | None = None
    pauses_in: frozenset[Name] | None = None
    pause_effect: PauseEffect | None = None
    ends_in: frozenset[Name] | None = None
    at_end: AtEnd | None = None
    on_reopen: OnReopen | None = None
    counts_before_first_response: bool | None = None
    cancel_on_customer_message: bool | None = None

    @property
    def told(self) -> dict[str, Any]:
        """The conditions that are said here, by name."""
        said = ((key, getattr(self, key)) for key in Conditions.model_fields)
        return {key: value for key, value in said if value is not None}


class Promised(Conditions):
    """A target, and how its clock runs where it is not as everywhere else."""

    target: TargetText


def _target_alone(value: object) -> object:
    return value if value is None or isinstance(value, dict) else {"target": target(value)}


TargetOrMore = Annotated[Promised, BeforeValidator(_target_alone)]


class Rule(Section):
    """What is promised to some contacts."""

    rule: Name
    when: When = When()
    first_response: TargetOrMore | None = None
    next_response: TargetOrMore | None = None
    resolution: TargetOrMore | None = None
    update: TargetOrMore | None = None
    ownership: TargetOrMore | None = None
    callback: TargetText | None = None
    target_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.9

    @property
    def promised(self) -> dict[ClockKind, Promised]:
        """What is promised of the contact's own clocks."""
        told = {kind: getattr(self, kind) for kind in DEFAULT_CONDITIONS}
        return {kind: found for kind, found in told.items() if found is not None}

    @property
    def targets(self) -> dict[ClockKind, Target]:
        """The target of each kind of clock that has one."""
        told = {kind: promised.target for kind, promised in self.promised.items()}
        return told | ({ClockKind.CALLBACK: self.callback} if self.callback else {})


class Clocks(Section):
    """How clocks run for everybody."""

    first_response: Conditions = Conditions()
    next_response: Conditions = Conditions()
    resolution: Conditions = Conditions()
    update: Conditions = Conditions()
    ownership: Conditions = Conditions()
    resolved_counts_as_reply: bool | None = None
    resolving_waives_unanswered: bool | None = None
    reopening_starts_anew: bool | None = None
    resolution_pauses_for: frozenset[WaitingFor] | None = None
    follow_up_kept_by: Literal["any_contact", "done"] = "any_contact"
    attempts_suffice: Annotated[int, Field(ge=0, le=20)] = 0
    text_exchange: Duration = timedelta(minutes=15)
    asks_again_within: Duration = timedelta(hours=48)
    turned_away_within: SpanOrNone = timedelta(seconds=60)
    short_abandon: SpanOrNone = timedelta(seconds=5)
    lost_track: dict[Channel, WallSpan] = {}


class Fairness(Section):
    """Whose turn it is."""

    order: Order | None = None
    head_start: Duration = timedelta(minutes=10)
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    chats_per_agent: Annotated[int, Field(ge=1, le=50)] = 3
    wrap_up: SpanOrNone = timedelta(seconds=60)
    pace: Annotated[float, Field(ge=1, le=1000)] = 1.0


class Policy(Section):
    """The whole file."""

    version: Annotated[int, Field(ge=1, le=2_147_483_647)] = 1
    effective_from: AwareDatetime | None = None
    purpose: str = "service, not appraisal"
    calendars: dict[Name, Calendar] = {}
    tiers: dict[Name, Tier | None] = {}
    new_for: WallSpan = timedelta(days=90)
    teams: dict[Name, Team] = {}
    targets: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    after_opening: SpanOrNone = timedelta(minutes=15)
    phone_service_level: Variant = Variant.ABANDONS_NEGATIVE
    clocks: Clocks = Clocks()
    fairness: Fairness = Fairness()
