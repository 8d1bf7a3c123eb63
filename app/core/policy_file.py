"""Read a policy as a manager writes it: a parsed YAML mapping in, a compiled ``Policy`` out.

The only module of the core that uses pydantic. Every fault is reported with its line, its path,
what was expected and what came.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from app.core.calendar import Calendar, NeverOpen, Span, always_open
from app.core.events import Channel, WaitingFor
from app.core.marked_yaml import FaultyFile, Marked, read_marked
from app.core.policy import (
    ClockKind,
    FairnessTerms,
    Order,
    Policy,
    Rule,
    Switches,
    Target,
    Team,
)
from app.core.policy_words import (
    WEEKDAYS,
    days_or_duration,
    duration,
    duration_or_off,
    spans,
    target,
    weekdays,
)

MAX_SERIES_COMBINATIONS = 300
"""Channel, team and tier combinations that the metrics can carry (about 16 series each)."""
PROBE = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""Where the check begins that a calendar opens at all."""

Duration = Annotated[timedelta, BeforeValidator(duration)]
SpanOrNone = Annotated[timedelta, BeforeValidator(duration_or_off)]
WallSpan = Annotated[timedelta, BeforeValidator(days_or_duration)]
Hours = Annotated[tuple[Span, ...], BeforeValidator(spans)]
TargetText = Annotated[Target, BeforeValidator(target)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class _Holidays(_Section):
    country: str | None = None
    region: str | None = None
    categories: tuple[str, ...] = ("public",)
    also: frozenset[date] = frozenset()
    but_not: frozenset[date] = frozenset()


class _Calendar(_Section):
    zone: str = "UTC"
    always_open: bool = False
    hours: dict[str, Hours] = {}
    breaks: dict[str, Hours] = {}
    special_days: dict[date, Hours] = {}
    holidays: _Holidays = _Holidays()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"expected a zone such as Europe/Copenhagen, got {zone!r}")
        return zone

    @field_validator("hours", "breaks")
    @classmethod
    def _known_days(cls, hours: dict[str, tuple[Span, ...]]) -> dict[str, tuple[Span, ...]]:
        for days in hours:
            weekdays(days)
        return hours


class _Tier(_Section):
    default: bool = False


class _Team(_Section):
    name: str | None = None
    calendar: Name
    queues: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()


def _several(value: object) -> object:
    return value if isinstance(value, list) else [value]


class _When(_Section):
    channel: Annotated[frozenset[Channel], BeforeValidator(_several)] = frozenset()
    team: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()
    tier: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()
    queue: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()


class _Rule(_Section):
    rule: Name
    when: _When = _When()
    first_response: TargetText | None = None
    next_response: TargetText | None = None
    resolution: TargetText | None = None
    callback: TargetText | None = None
    target_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.9

    @property
    def targets(self) -> dict[ClockKind, Target]:
        told = {kind: getattr(self, kind, None) for kind in ClockKind}
        return {kind: found for kind, found in told.items() if found is not None}


class _Clocks(_Section):
    resolved_counts_as_reply: bool = False
    resolving_waives_unanswered: bool = True
    reopening_starts_anew: bool = False
    resolution_pauses_for: frozenset[WaitingFor] = frozenset({WaitingFor.CUSTOMER})
    follow_up_kept_by: Literal["any_contact", "done"] = "any_contact"
    text_exchange: Duration = timedelta(minutes=15)
    asks_again_within: Duration = timedelta(hours=48)
    turned_away_within: SpanOrNone = timedelta(seconds=60)
    short_abandon: SpanOrNone = timedelta(seconds=5)
    lost_track: dict[Channel, WallSpan] = {}


class _Fairness(_Section):
    order: Order | None = None
    head_start: Duration = timedelta(minutes=10)
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    chats_per_agent: Annotated[int, Field(ge=1, le=50)] = 3
    wrap_up: SpanOrNone = timedelta(seconds=60)
    pace: Annotated[float, Field(ge=1, le=1000)] = 1.0


class _Policy(_Section):
    version: Annotated[int, Field(ge=1)] = 1
    effective_from: AwareDatetime | None = None
    purpose: str = "service, not appraisal"
    calendars: dict[Name, _Calendar] = {}
    tiers: dict[Name, _Tier | None] = {}
    new_for: WallSpan = timedelta(days=90)
    teams: dict[Name, _Team] = {}
    targets: tuple[_Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    clocks: _Clocks = _Clocks()
    fairness: _Fairness = _Fairness()


@dataclass(frozen=True, slots=True)
class _Closures:
    """Dates on which a calendar is closed: national holidays, own dates, and exceptions."""

    national: Any
    also: frozenset[date]
    but_not: frozenset[date]

    def __contains__(self, day: object) -> bool:
        if day in self.but_not:
            return False
        return day in self.also or (self.national is not None and day in self.national)


@dataclass(slots=True)
class _Faults:
    """What is wrong, gathered so that one look at the file mends it all."""

    marked: Marked
    found: list[Any] = field(default_factory=list)

    def add(self, path: Sequence[str | int], message: str) -> None:
        self.found.append(self.marked.fault(path, message))

    def stop_if_any(self) -> None:
        if self.found:
            raise FaultyFile(self.found)


def read_policy(text: str) -> Policy:
    """Read and compile a policy file. Raises ``FaultyFile`` with every fault and its line."""
    marked = read_marked(text)
    faults = _Faults(marked)
    if not isinstance(marked.value, dict):
        came = "nothing" if marked.value is None else type(marked.value).__name__
        faults.add((), f"expected a policy, got {came}")
    faults.stop_if_any()
    try:
        told = _Policy.model_validate(marked.value)
    except ValidationError as error:
        for path, message in _explained(error):
            faults.add(path, message)
        raise FaultyFile(faults.found) from None
    calendars = dict(_calendars(told, faults))
    faults.stop_if_any()
    policy = _compiled(told, calendars, faults)
    faults.stop_if_any()
    return policy


def _explained(error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Say pydantic's findings in plain words: what was expected, and what came."""
    for found in error.errors(include_url=False):
        path = tuple(step for step in found["loc"] if step != "[key]")
        match found["type"]:
            case "extra_forbidden":
                message = "is not a word of this file here; see the example policy"
            case "missing":
                message = "is missing"
            case "value_error":
                message = str(found["ctx"]["error"])
            case _:
                message = (
                    f"{found['msg'].replace('Input should', 'should')}, got {found['input']!r}"
                )
        yield path, message[:300]


def _calendars(told: _Policy, faults: _Faults) -> Iterator[tuple[str, Calendar]]:
    for name, section in told.calendars.items():
        path = ("calendars", name)
        closures = _closures(section.holidays, partial(faults.add, (*path, "holidays")))
        if section.always_open:
            if section.hours or section.special_days:
                faults.add((*path, "hours"), "always_open needs no hours")
            yield name, always_open(name)
            continue
        calendar = Calendar(
            name=name,
            zone=ZoneInfo(section.zone),
            week=_week(section, faults, path),
            days=section.special_days,
            holidays=closures,
        )
        try:
            calendar.next_opening(PROBE)
        except NeverOpen:
            faults.add(path, "never opens: give it hours, or always_open: true")
        yield name, calendar


def _week(
    section: _Calendar, faults: _Faults, path: tuple[str, ...]
) -> tuple[tuple[Span, ...], ...]:
    week: list[tuple[Span, ...]] = [()] * 7
    for days, hours in section.hours.items():
        for day in weekdays(days):
            if week[day]:
                faults.add((*path, "hours", days), f"{WEEKDAYS[day]} already has hours")
            week[day] = hours
    for days, breaks in section.breaks.items():
        for day in weekdays(days):
            week[day] = tuple(_without(week[day], breaks))
    return tuple(week)


def _without(hours: tuple[Span, ...], breaks: tuple[Span, ...]) -> Iterator[Span]:
    for span in hours:
        start = span.start
        for gap in breaks:
            if gap.start >= span.end or gap.end <= start:
                continue
            if gap.start > start:
                yield Span(start, gap.start)
            start = gap.end
        if start < span.end:
            yield Span(start, span.end)


def _closures(told: _Holidays, fault: Any) -> _Closures:
    national = None
    if told.country is not None:
        try:
            national = holidays.country_holidays(
                told.country, subdiv=told.region, categories=told.categories
            )
        except (NotImplementedError, ValueError) as error:
            fault(f"unknown holidays: {str(error).splitlines()[0]}")
    elif told.region is not None:
        fault("a region needs a country")
    return _Closures(national, told.also, told.but_not)


def _compiled(told: _Policy, calendars: Mapping[str, Calendar], faults: _Faults) -> Policy:
    _check_teams(told, calendars, faults)
    _check_rules(told, faults)
    tiers = tuple(told.tiers) or tuple(told.fairness.weights)
    faults.stop_if_any()
    return Policy(
        version=told.version,
        effective_from=told.effective_from,
        tiers=tiers,
        default_tier=_default_tier(told, tiers, faults),
        teams={name: _team(name, team, calendars) for name, team in told.teams.items()},
        default_calendar=next(iter(calendars.values()), always_open()),
        rules=tuple(_rules(told, faults.marked)),
        warn_at=tuple(_warnings(told, faults, before=True)),
        warn_after=tuple(timedelta(seconds=s) for s in _warnings(told, faults, before=False)),
        switches=_switches(told.clocks),
        fairness=FairnessTerms(**dict(told.fairness)),
        new_for=told.new_for,
    )


def _default_tier(told: _Policy, tiers: tuple[str, ...], faults: _Faults) -> str:
    chosen = [name for name, tier in told.tiers.items() if tier and tier.default]
    if len(chosen) > 1:
        faults.add(("tiers",), f"only one tier can be the default, got {', '.join(chosen)}")
    if chosen:
        return chosen[0]
    if not tiers or "standard" in tiers:
        return "standard"
    faults.add(("tiers",), "one tier needs `default: true`: what unknown customers are")
    return tiers[0]


def _check_teams(told: _Policy, calendars: Mapping[str, Calendar], faults: _Faults) -> None:
    claimed: dict[str, str] = {}
    for name, team in told.teams.items():
        if team.calendar not in calendars:
            faults.add(("teams", name, "calendar"), f"there is no calendar {team.calendar!r}")
        for queue in sorted(team.queues):
            if claimed.setdefault(queue, name) != name:
                faults.add(("teams", name, "queues"), f"{queue!r} belongs to {claimed[queue]} too")


def _check_rules(told: _Policy, faults: _Faults) -> None:
    names = [rule.rule for rule in told.targets]
    for i, rule in enumerate(told.targets):
        if rule.rule in names[:i]:
            faults.add(("targets", i, "rule"), f"{rule.rule!r} is the name of an earlier rule too")
        for tier in sorted(rule.when.tier - set(told.tiers)):
            faults.add(("targets", i, "when", "tier"), f"there is no tier {tier!r}")
        for team in sorted(rule.when.team - set(told.teams)):
            faults.add(("targets", i, "when", "team"), f"there is no team {team!r}")
    last = len(names) - 1
    catch_alls = [i for i, rule in enumerate(told.targets) if rule.when == _When()]
    if told.targets and last not in catch_alls:
        faults.add(("targets", last), "the last rule must fit everything: leave out `when`")
    for i in catch_alls:
        if i != last:
            faults.add(("targets", i), "fits everything, so the rules below it are never reached")
    _check_size(told, faults)


def _check_size(told: _Policy, faults: _Faults) -> None:
    combinations = (len(told.teams) + 2) * max(len(told.tiers), 1) * len(Channel)
    if combinations > MAX_SERIES_COMBINATIONS:
        faults.add(
            ("teams",),
            f"{len(told.teams)} teams, {len(told.tiers)} tiers and {len(Channel)} channels make "
            f"{combinations} combinations; at most {MAX_SERIES_COMBINATIONS} can be measured",
        )


def _team(name: str, team: _Team, calendars: Mapping[str, Calendar]) -> Team:
    channels = frozenset(map(str, team.channels))
    return Team(name, team.name or name, calendars[team.calendar], team.queues, channels)


def _rules(told: _Policy, marked: Marked) -> Iterator[Rule]:
    for i, rule in enumerate(told.targets):
        yield Rule(
            name=rule.rule,
            line=marked.line_of(("targets", i)),
            targets=rule.targets,
            channels=frozenset(map(str, rule.when.channel)),
            teams=rule.when.team,
            tiers=rule.when.tier,
            queues=rule.when.queue,
            target_ratio=rule.target_ratio,
        )


def _warnings(told: _Policy, faults: _Faults, *, before: bool) -> Iterator[float]:
    for i, text in enumerate(told.warnings):
        share = re.fullmatch(r"(\d{1,2}) ?%", text.strip())
        after = re.fullmatch(r"(.+) after", text.strip())
        try:
            if share and before:
                yield int(share[1]) / 100
            elif after and not before:
                yield duration(after[1]).total_seconds()
        except ValueError as error:
            faults.add(("warnings", i), str(error))
        if not share and not after and before:
            faults.add(("warnings", i), f"expected a share such as 80 %, or 1h after, got {text!r}")


def _switches(told: _Clocks) -> Switches:
    defaults = Switches()
    return Switches(
        resolved_counts_as_reply=told.resolved_counts_as_reply,
        resolving_waives=told.resolving_waives_unanswered,
        reopening_starts_anew=told.reopening_starts_anew,
        resolution_pauses_for=told.resolution_pauses_for,
        kept_by_any_contact=told.follow_up_kept_by == "any_contact",
        text_exchange=told.text_exchange,
        asks_again_within=told.asks_again_within,
        turned_away_within=told.turned_away_within,
        short_abandon=told.short_abandon,
        lost_track={**defaults.lost_track, **{str(k): v for k, v in told.lost_track.items()}},
    )
