"""Read a policy as a manager writes it: a parsed YAML mapping in, a compiled ``Policy`` out.

``sections`` holds what may stand in the file. Every fault is reported with its line, its path,
what was expected and what came.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from pydantic import BaseModel, ValidationError

from app.core.events import Channel
from app.core.hours.calendar import Calendar, NeverOpen, Span, always_open, without
from app.core.hours.closures import Closures
from app.core.marked_yaml import FaultyFile, Marked, read_marked
from app.core.policy import (
    DEFAULT_CONDITIONS,
    OPEN_STATE,
    AtEnd,
    ClockKind,
    Conditions,
    FairnessTerms,
    Notify,
    OnReopen,
    Policy,
    Rule,
    Switches,
    Team,
)
from app.core.policy_file import sections
from app.core.policy_file.plain_words import explained
from app.core.policy_file.words import WEEKDAYS, duration, weekdays

MAX_SERIES_COMBINATIONS = 300
"""Channel, team and tier combinations that the metrics can carry (about 16 series each)."""
HOLIDAY_YEARS = range(2015, 2051)
"""Worked out when the file is read: later ones are as they are asked for, which no two threads may do
at once."""
PROBE = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""Where the check begins that a calendar opens at all."""


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
        told = sections.Policy.model_validate(marked.value)
    except ValidationError as error:
        for path, message in explained(error, marked.value):
            faults.add(path, message)
        raise FaultyFile(faults.found) from None
    calendars = dict(_calendars(told, faults))
    faults.stop_if_any()
    policy = _compiled(told, calendars, faults)
    faults.stop_if_any()
    return policy


def _calendars(told: sections.Policy, faults: _Faults) -> Iterator[tuple[str, Calendar]]:
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
    section: sections.Calendar, faults: _Faults, path: tuple[str, ...]
) -> tuple[tuple[Span, ...], ...]:
    week = _by_weekday(section.hours, faults, (*path, "hours"))
    for days, breaks in section.breaks.items():
        for day in weekdays(days):
            week[day] = tuple(without(week[day], breaks))
    return tuple(week)


def _by_weekday(
    hours_of: Mapping[str, tuple[Span, ...]], faults: _Faults, path: tuple[str, ...]
) -> list[tuple[Span, ...]]:
    """Monday to Sunday, from words such as mon-fri."""
    week: list[tuple[Span, ...]] = [()] * 7
    for days, hours in hours_of.items():
        for day in weekdays(days):
            if week[day]:
                faults.add((*path, days), f"{WEEKDAYS[day]} already has hours")
            week[day] = hours
    return week


def _closures(told: sections.Holidays, fault: Any) -> Closures:
    national = None
    if told.country is not None:
        try:
            national = holidays.country_holidays(
                told.country,
                subdiv=told.region,
                years=HOLIDAY_YEARS,
                categories=told.categories,
                language="en_US",
            )
        except (NotImplementedError, ValueError) as error:
            fault(f"unknown holidays: {str(error).splitlines()[0]}")
    elif told.region is not None:
        fault("a region needs a country")
    return Closures(national, told.also, told.but_not)


def _compiled(told: sections.Policy, calendars: Mapping[str, Calendar], faults: _Faults) -> Policy:
    _check_teams(told, calendars, faults)
    _check_rules(told, faults)
    _check_conditions(told, faults)
    conditions = _conditions(told.clocks)
    tiers = tuple(told.tiers) or tuple(told.fairness.weights)
    faults.stop_if_any()
    return Policy(
        version=told.version,
        effective_from=told.effective_from,
        tiers=tiers,
        default_tier=_default_tier(told, tiers, faults),
        teams={name: _team(name, team, calendars, faults) for name, team in told.teams.items()},
        default_calendar=next(iter(calendars.values()), always_open()),
        rules=tuple(_rules(told, faults.marked, conditions)),
        warn_at=tuple(_warnings(told, faults, before=True)),
        warn_after=tuple(timedelta(seconds=s) for s in _warnings(told, faults, before=False)),
        warn_before_closing=_before_closing(told, faults),
        after_opening=told.after_opening,
        conditions=conditions,
        switches=_switches(told.clocks),
        fairness=FairnessTerms(**dict(told.fairness)),
        new_for=told.new_for,
        phone_service_level=told.phone_service_level,
    )


def _default_tier(told: sections.Policy, tiers: tuple[str, ...], faults: _Faults) -> str:
    chosen = [name for name, tier in told.tiers.items() if tier and tier.default]
    if len(chosen) > 1:
        faults.add(("tiers",), f"only one tier can be the default, got {', '.join(chosen)}")
    if chosen:
        return chosen[0]
    if not tiers or "standard" in tiers:
        return "standard"
    faults.add(("tiers",), "one tier needs `default: true`: what unknown customers are")
    return tiers[0]


def _check_teams(told: sections.Policy, calendars: Mapping[str, Calendar], faults: _Faults) -> None:
    claimed: dict[str, str] = {}
    for name, team in told.teams.items():
        if team.calendar not in calendars:
            faults.add(("teams", name, "calendar"), f"there is no calendar {team.calendar!r}")
        for queue in sorted(team.queues):
            if claimed.setdefault(queue, name) != name:
                faults.add(("teams", name, "queues"), f"{queue!r} belongs to {claimed[queue]} too")


def _check_rules(told: sections.Policy, faults: _Faults) -> None:
    names = [rule.rule for rule in told.targets]
    for i, rule in enumerate(told.targets):
        if rule.rule in names[:i]:
            faults.add(("targets", i, "rule"), f"{rule.rule!r} is the name of an earlier rule too")
        for tier in sorted(rule.when.tier - set(told.tiers)):
            faults.add(("targets", i, "when", "tier"), f"there is no tier {tier!r}")
        for team in sorted(rule.when.team - set(told.teams)):
            faults.add(("targets", i, "when", "team"), f"there is no team {team!r}")
    _check_order(told, faults)
    _check_size(told, faults)


def _check_order(told: sections.Policy, faults: _Faults) -> None:
    """The last rule fits everything, and no rule hides one below it."""
    last = len(told.targets) - 1
    catch_alls = [i for i, rule in enumerate(told.targets) if rule.when == sections.When()]
    if told.targets and last not in catch_alls:
        faults.add(("targets", last), "the last rule must fit everything: leave out `when`")
    for i in catch_alls:
        if i != last:
            faults.add(("targets", i), "fits everything, so the rules below it are never reached")
    for i, rule in enumerate(told.targets):
        same = next((each for each in told.targets[:i] if each.when == rule.when), None)
        if same is not None and i not in catch_alls:
            faults.add(("targets", i), f"is never reached: rule {same.rule!r} fits the same")


def _check_size(told: sections.Policy, faults: _Faults) -> None:
    combinations = (len(told.teams) + 2) * max(len(told.tiers), 1) * len(Channel)
    if combinations > MAX_SERIES_COMBINATIONS:
        faults.add(
            ("teams",),
            f"{len(told.teams)} teams, {len(told.tiers)} tiers and {len(Channel)} channels make "
            f"{combinations} combinations; at most {MAX_SERIES_COMBINATIONS} can be measured",
        )


def _team(
    name: str, team: sections.Team, calendars: Mapping[str, Calendar], faults: _Faults
) -> Team:
    path = ("teams", name, "notify", "quiet_hours")
    quiet = _by_weekday(team.notify.quiet_hours, faults, path)
    channels = frozenset(map(str, team.channels))
    return Team(
        id=name,
        name=team.name or name,
        calendar=calendars[team.calendar],
        queues=team.queues,
        channels=channels,
        notify=Notify(team.notify.pages, team.notify.tickets, tuple(quiet)),
    )


def _rules(
    told: sections.Policy, marked: Marked, conditions: Mapping[ClockKind, Conditions]
) -> Iterator[Rule]:
    for i, rule in enumerate(told.targets):
        other = {
            kind: replace(conditions[kind], **promised.told)
            for kind, promised in rule.promised.items()
            if promised.told
        }
        yield Rule(
            name=rule.rule,
            line=marked.line_of(("targets", i)),
            targets=rule.targets,
            channels=frozenset(map(str, rule.when.channel)),
            teams=rule.when.team,
            tiers=rule.when.tier,
            queues=rule.when.queue,
            target_ratio=rule.target_ratio,
            conditions={**conditions, **other} if other else conditions,
        )


def _conditions(told: sections.Clocks) -> Mapping[ClockKind, Conditions]:
    """How clocks run for everybody: what the file says over what holds by itself."""
    found = {
        kind: replace(conditions, **getattr(told, kind).told)
        for kind, conditions in DEFAULT_CONDITIONS.items()
    }
    for kind, short in _shorthands(told):
        found[kind] = replace(found[kind], **short)
    return DEFAULT_CONDITIONS if found == DEFAULT_CONDITIONS else found


def _shorthands(told: sections.Clocks) -> Iterator[tuple[ClockKind, dict[str, Any]]]:
    """Four words of earlier files; each says one condition of one kind."""
    if told.resolved_counts_as_reply is not None:
        at_end = AtEnd.JUDGED if told.resolved_counts_as_reply else AtEnd.SUSPENDED
        yield ClockKind.FIRST_RESPONSE, {"at_end": at_end}
    if told.resolving_waives_unanswered is not None:
        at_end = AtEnd.WAIVED if told.resolving_waives_unanswered else AtEnd.JUDGED
        yield ClockKind.NEXT_RESPONSE, {"at_end": at_end}
    if told.reopening_starts_anew is not None:
        on_reopen = OnReopen.NEW_CYCLE if told.reopening_starts_anew else OnReopen.CONTINUE
        yield ClockKind.RESOLUTION, {"on_reopen": on_reopen}
    if told.resolution_pauses_for is not None:
        yield ClockKind.RESOLUTION, {"pauses_in": frozenset(map(str, told.resolution_pauses_for))}


_ONLY_OF = {
    "counts_before_first_response": ClockKind.NEXT_RESPONSE,
    "cancel_on_customer_message": ClockKind.UPDATE,
    "on_reopen": ClockKind.RESOLUTION,
}
"""Conditions that mean something for one kind of clock alone."""


def _check_conditions(told: sections.Policy, faults: _Faults) -> None:
    for kind in DEFAULT_CONDITIONS:
        _check_words(getattr(told.clocks, kind), kind, ("clocks", kind), faults)
    for i, rule in enumerate(told.targets):
        for kind, promised in rule.promised.items():
            _check_words(promised, kind, ("targets", i, kind), faults)
    said = [(kind, *short) for kind, short in _shorthands(told.clocks)]
    for short_of, word in said:
        if getattr(getattr(told.clocks, short_of), word) is not None:
            faults.add(("clocks", short_of, word), "is said twice, here and by an older word")


def _check_words(
    told: sections.Conditions, kind: ClockKind, path: tuple[str | int, ...], faults: _Faults
) -> None:
    for word, only in _ONLY_OF.items():
        if getattr(told, word) is not None and kind is not only:
            faults.add((*path, word), f"is a word of {only} alone")
    for name in ("pauses_in", "ends_in"):
        if OPEN_STATE in (getattr(told, name) or ()):
            faults.add((*path, name), f"{OPEN_STATE!r} is the state in which clocks run")
    for state in sorted((told.pauses_in or frozenset()) & (told.ends_in or frozenset())):
        faults.add((*path, "pauses_in"), f"{state!r} ends the clock, so it cannot pause it")


def _warnings(told: sections.Policy, faults: _Faults, *, before: bool) -> Iterator[float]:
    for i, text in enumerate(told.warnings):
        share = re.fullmatch(r"(\d{1,2}) ?%", text.strip())
        after = re.fullmatch(r"(.+) after", text.strip())
        if _BEFORE_CLOSING.fullmatch(text.strip()):
            continue
        try:
            if share and before:
                yield int(share[1]) / 100
            elif after and not before:
                yield duration(after[1]).total_seconds()
        except ValueError as error:
            faults.add(("warnings", i), str(error))
        if not share and not after and before:
            wanted = "a share such as 80 %, or 1h after, or 30m before closing"
            faults.add(("warnings", i), f"expected {wanted}, got {text!r}")


_BEFORE_CLOSING = re.compile(r"(.+) before closing")


def _before_closing(told: sections.Policy, faults: _Faults) -> timedelta:
    """How long before closing to warn of what is due by then."""
    lead = Policy.warn_before_closing
    for i, text in enumerate(told.warnings):
        if said := _BEFORE_CLOSING.fullmatch(text.strip()):
            try:
                lead = duration(said[1])
            except ValueError as error:
                faults.add(("warnings", i), str(error))
    return lead


def _switches(told: sections.Clocks) -> Switches:
    defaults = Switches()
    return Switches(
        kept_by_any_contact=told.follow_up_kept_by == "any_contact",
        attempts_suffice=told.attempts_suffice,
        text_exchange=told.text_exchange,
        asks_again_within=told.asks_again_within,
        turned_away_within=told.turned_away_within,
        short_abandon=told.short_abandon,
        lost_track={**defaults.lost_track, **{str(k): v for k, v in told.lost_track.items()}},
    )


def policy_model() -> type[BaseModel]:
    """What a policy file may hold, for whoever describes it: the schema that editors read."""
    return sections.Policy
