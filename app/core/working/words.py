"""A deadline's working in sentences that a team lead can check with a calendar on the wall."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.clocks.clock import Status, reached_at
from app.core.clocks.timeline import Stretch
from app.core.hours.calendar import NeverOpen
from app.core.policy import UNASSIGNED, UNMAPPED, ClockKind, Measure
from app.core.promises import Promise
from app.core.replay import Contact
from app.core.working.counted import Counted, LeftOut, Why
from app.core.working.deadline import Working
from app.core.working.local_time import LocalTime, length, listed
from app.core.working.rule_words import above, because
from app.core.working.start_words import started
from app.core.working.verdict_words import CALLED, DONE, ended, not_told

KEPT_DAYS = 3
"""Days, at either end of a long stretch, that are told one by one."""

NOBODYS = {UNMAPPED: "no team that the policy knows", UNASSIGNED: "no team yet"}
WHY = {
    Why.CLOSED: "closed",
    Why.CUSTOMER: "waiting for the customer",
    Why.THIRD_PARTY: "waiting for somebody else",
    Why.RESOLVED: "resolved",
    Why.PAUSED: "paused",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How one contact's working is said: in whose time, with which names of teams and of its tool."""

    time: LocalTime
    contact: Contact
    teams: Mapping[str, str]
    tool: str

    def team(self, team: str) -> str:
        """What people call a team."""
        return NOBODYS.get(team) or self.teams.get(team, team)


def title(kind: ClockKind, number: int = 1) -> str:
    """What people call a clock: ``Next response``, and the second of them ``Next response 2``."""
    return CALLED[kind] if number == 1 else f"{CALLED[kind]} {number}"


def sentences(working: Working, by: Wording) -> tuple[str, ...]:
    """The working in words: what was promised and why, what was counted, and what became of it."""
    clock = working.clock
    said = (
        _promised(working, by),
        above(working.reason, by.team),
        f"Started {by.time.instant(clock.started_at)}{started(working, by.contact)}.",
        *_counted(working, by.time),
        _left_out(working.left_out, by.time),
        *_silent(working.silent, by.time),
        _due(working, by.time),
        _verdict(working, by),
    )
    return tuple(filter(None, said))


def _promised(working: Working, by: Wording) -> str:
    clock, reason = working.clock, working.reason
    name = title(clock.kind, clock.number)
    if working.promise is not None:
        return f"{name}, promised to the customer {_agreed(working.promise, by.time)}."
    if reason is None:
        return f"{name}, as agreed with the customer."
    source = f"by the rule '{reason.rule}' (policy version {reason.version}, line {reason.line})"
    return f"{name}, promised within {_target(working)} {source}, {because(reason, by.team)}."


def _agreed(promise: Promise, time: LocalTime) -> str:
    words = [f"for {time.instant(promise.due_at)}"]
    if promise.moves:
        words.append(f"moved {times(promise.moves)} with her consent")
    if promise.attempts:
        words.append(f"called in vain {times(promise.attempts)}")
    return ", ".join(words)


def times(count: int) -> str:
    """``once``, ``3 times``."""
    return "once" if count == 1 else f"{count} times"


def _target(working: Working) -> str:
    target, span = working.target, length(working.clock.target)
    if target is None or target.measure is Measure.CALENDAR:
        return f"{span} (by the clock on the wall)"
    if target.measure is Measure.BUSINESS_DAYS:
        return f"{target} (from this start {span} of open time)"
    return (
        f"{span} (round the clock)" if working.calendar.is_always_open else f"{span} of open time"
    )


def _counted(working: Working, time: LocalTime) -> Iterator[str]:
    is_open = working.clock.ending is None
    if working.counted:
        so_far = " so far" if is_open else ""
        yield f"Counted{so_far}: {_days(working.counted, time)}."
    else:
        yield "Nothing has counted yet." if is_open else "No time counted."
    if working.ahead:
        yield f"Still to come: {_days(working.ahead, time)}."


def _days(counted: Sequence[Counted], time: LocalTime) -> str:
    days: dict[date, list[Counted]] = {}
    for stretch in counted:
        days.setdefault(stretch.start.astimezone(time.zone).date(), []).append(stretch)
    told = list(days.values())
    if len(told) <= 2 * KEPT_DAYS + 1:
        return ", ".join(_day(day, time) for day in told)
    between = told[KEPT_DAYS:-KEPT_DAYS]
    parts = [
        *(_day(day, time) for day in told[:KEPT_DAYS]),
        f"and {_how_many(between)} more, {length(sum(map(_total, between), timedelta(0)))}",
        *(_day(day, time) for day in told[-KEPT_DAYS:]),
    ]
    return ", ".join(parts)


def _how_many(days: Sequence[Sequence[Counted]]) -> str:
    return "many days" if any(each.is_many for day in days for each in day) else f"{len(days)} days"


def _day(day: Sequence[Counted], time: LocalTime) -> str:
    later = (time.times(each.start, each.end) for each in day[1:])
    stretches = [
        time.stretch(day[0].start, day[0].end),
        *(
            times or time.stretch(each.start, each.end)
            for times, each in zip(later, day[1:], strict=True)
        ),
    ]
    return f"{listed(stretches)} ({length(_total(day))})"


def _total(day: Sequence[Counted]) -> timedelta:
    return sum((stretch.span for stretch in day), timedelta(0))


def _left_out(stretches: Sequence[LeftOut], time: LocalTime) -> str:
    if not stretches:
        return ""
    told = [_gap(stretch, time) for stretch in stretches]
    if len(told) > 2 * KEPT_DAYS + 1:
        is_many = any(stretch.is_many for stretch in stretches[KEPT_DAYS:-KEPT_DAYS])
        more = "many" if is_many else str(len(told) - 2 * KEPT_DAYS)
        told = [*told[:KEPT_DAYS], f"and {more} stretches more", *told[-KEPT_DAYS:]]
    return f"Left out: {'; '.join(told)}."


def _gap(stretch: LeftOut, time: LocalTime) -> str:
    names = [
        time.plain_day(holiday.day) + f", {holiday.name or 'own date'}"
        for holiday in stretch.holidays
    ]
    why = WHY[stretch.why] + (f" ({'; '.join(names)})" if names else "")
    if stretch.end is None:
        return f"from {time.short(stretch.start)} on, {why}"
    return f"{time.stretch(stretch.start, stretch.end)}, {why}"


def _silent(stretches: Sequence[LeftOut], time: LocalTime) -> Iterator[str]:
    if stretches:
        told = "; ".join(_gap(stretch, time) for stretch in stretches[: 2 * KEPT_DAYS])
        yield f"Counted, but without an alarm: {told}."


def _due(working: Working, time: LocalTime) -> str:
    clock = working.clock
    if clock.due_at is None:
        if not clock.is_paused and clock.breaches_at is None:
            return "It never falls due: its calendar does not open any more."
        return ""
    said = f"Due {time.instant(clock.due_at)}."
    if clock.breaches_at is not None and clock.breaches_at > clock.due_at:
        until = time.instant(clock.breaches_at)
        return f"{said} No time counts from then on until {until}, so it is kept until then."
    return said


def _verdict(working: Working, by: Wording) -> str:
    clock, time = working.clock, by.time
    match working.status:
        case Status.NOT_MEASURABLE:
            missing = listed([not_told(clock.kind, end) for end in working.untold])
            return (
                f"It cannot be measured: {by.tool} does not tell {missing}. It counts neither way."
            )
        case Status.PAUSED:
            return _paused(working, time)
        case Status.RUNNING:
            return _running(working, time)
        case _:
            return ended(working, by.contact, time)


def _paused(working: Working, time: LocalTime) -> str:
    last: Stretch = working.clock.pauses[-1]
    stretches = working.silent if last.is_hidden else working.left_out
    why = next((WHY[gap.why] for gap in stretches if gap.end is None), WHY[Why.PAUSED])
    if last.is_hidden and not working.is_overdue and working.elapsed > working.clock.target:
        return f"Paused since {time.instant(last.start)}, {why}: {_was_due(working, time)}."
    moves = "nobody is called meanwhile" if last.is_hidden else "the deadline moves meanwhile"
    said = f"Paused since {time.instant(last.start)}, {why}: {_used(working)}; {moves}."
    broken_at = working.clock.breaches_at
    if working.is_overdue and broken_at is not None:
        return (
            f"{said} It was broken before that, {time.instant(broken_at)}: waiting mends nothing."
        )
    return said


def _was_due(working: Working, time: LocalTime) -> str:
    """Its time is up, though a pause that only hides keeps silent about it."""
    due_at = reached_at(working.clock, working.clock.target, working.calendar)
    assert due_at is not None, "more than the target has passed"
    return f"it was due {time.instant(due_at)}; silent until it is back with us"


def _running(working: Working, time: LocalTime) -> str:
    clock = working.clock
    done = DONE[clock.kind].lower()
    if working.is_overdue and clock.breaches_at is not None:
        since = time.instant(clock.breaches_at)
        used = f"{length(working.elapsed)} used of {length(clock.target)}"
        return f"Broken since {since}, and not {done} yet: {used}."
    said = f"Not {done} yet: {_used(working)}, {length(working.left)} left."
    return said + _closed_now(working, time)


def _used(working: Working) -> str:
    return f"{length(working.elapsed)} of {length(working.clock.target)} used"


def _closed_now(working: Working, time: LocalTime) -> str:
    """Time stands still while the team is closed."""
    if working.calendar.is_open(time.now):
        return ""
    try:
        opens = working.calendar.next_opening(time.now)
    except NeverOpen:
        return ""
    return f" Closed until {time.instant(opens)}."
