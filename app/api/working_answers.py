"""The shapes of a clock and its working in answers, and how they are filled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from app.core.working import deadline as w
from app.core.working.account import Account
from app.core.working.counted import Counted, LeftOut
from app.core.working.rule_reason import Passed
from app.core.working.verdict_words import noted
from app.store.lookup import Noted


class Stretch(Protocol):
    """A stretch of time, or one that stands for many."""

    @property
    def is_many(self) -> bool:
        """Whether it stands for many."""
        ...


T = TypeVar("T", bound=Stretch)

SPANS_AT_EACH_END = 10
"""Stretches, at either end of a long list of them, that are told one by one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that counts."""

    start: datetime
    end: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches that count, and what they add up to; ``more`` in the middle are only added up.

    ``more`` is null where they are too many to be numbered.
    """

    seconds: float
    first: list[Span]
    more: int | None
    more_seconds: float
    last: list[Span]


@dataclass(frozen=True, slots=True)
class Holiday:
    """A closed date, and what it is called."""

    day: date
    name: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that does not count, and why; it lasts while ``end`` is null."""

    start: datetime
    end: datetime | None
    why: str
    holidays: list[Holiday]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Stretches that do not count; ``more`` in the middle are only numbered.

    ``more`` is null where they are too many for that.
    """

    first: list[Gap]
    more: int | None
    last: list[Gap]


@dataclass(frozen=True, slots=True)
class Unfit:
    """A rule above the one that decides, and the first of its conditions that does not fit."""

    rule: str
    line: int
    attribute: str
    has: str | None
    wanted: list[str]


@dataclass(frozen=True, slots=True)
class RuleUsed:
    """The rule that decides, by which attributes, and the rules above it."""

    name: str
    line: int
    policy_version: int
    fits: dict[str, str]
    above: list[Unfit]


@dataclass(frozen=True, slots=True)
class Working:
    """How a deadline came about. ``ahead`` is what still has to pass until it is due."""

    promised: str | None
    calendar: str
    rule: RuleUsed | None
    counted: Spans
    ahead: Spans
    left_out: Gaps
    silent: Gaps
    not_told: list[str]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a clock: that it broke (``noted``), or that it had not after all."""

    what: str
    breached_at: datetime
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class ContactClock:
    """One measured promise, with its working and the same in sentences."""

    kind: str
    cycle: int
    status: str
    overdue: bool
    started_at: datetime
    due_at: datetime | None
    breaches_at: datetime | None
    stopped_at: datetime | None
    target_seconds: float
    elapsed_seconds: float
    team: str
    tier: str
    channel: str
    working: Working
    said: list[Said]
    sentences: list[str]


def clock_of(working: w.Working, account: Account, noted_of: Sequence[Noted]) -> ContactClock:
    """Say everything about one clock; ``noted_of`` is what was said of the contact's clocks."""
    clock = working.clock
    said = [each for each in noted_of if (each.kind, each.number) == (clock.kind, clock.number)]
    return ContactClock(
        kind=clock.kind,
        cycle=clock.number,
        status=working.status,
        overdue=working.is_overdue,
        started_at=clock.started_at,
        due_at=clock.due_at,
        breaches_at=clock.breaches_at,
        stopped_at=clock.stopped_at,
        target_seconds=clock.target.total_seconds(),
        elapsed_seconds=working.elapsed.total_seconds(),
        team=clock.team,
        tier=clock.tier,
        channel=clock.channel,
        working=_working(working),
        said=[Said(each.what, each.breached_at, each.noted_at) for each in said],
        sentences=[*account.sentences_of(working), *_said(said, account)],
    )


def _said(said: Sequence[Noted], account: Account) -> list[str]:
    found: list[str] = []
    broken = [each for each in said if each.what == "noted"]
    taken_back = [each for each in said if each.what == "withdrawn"]
    for i, each in enumerate(broken):
        withdrawn_at = taken_back[i].noted_at if i < len(taken_back) else None
        found.append(noted(each.noted_at, withdrawn_at, account.wording.time))
    return found


def _working(working: w.Working) -> Working:
    reason = working.reason
    return Working(
        promised=None if working.target is None else str(working.target),
        calendar=working.calendar.name,
        rule=None
        if reason is None
        else RuleUsed(
            name=reason.rule,
            line=reason.line,
            policy_version=reason.version,
            fits={str(attribute): value for attribute, value in reason.fits},
            above=[_unfit(passed) for passed in reason.above],
        ),
        counted=_spans(working.counted),
        ahead=_spans(working.ahead),
        left_out=_gaps(working.left_out),
        silent=_gaps(working.silent),
        not_told=[str(end) for end in working.untold],
    )


def _unfit(passed: Passed) -> Unfit:
    return Unfit(passed.rule, passed.line, str(passed.attribute), passed.has, list(passed.wanted))


def _spans(counted: Sequence[Counted]) -> Spans:
    first, between, last = _cut(counted)
    return Spans(
        seconds=_seconds(counted),
        first=[_span(each) for each in first],
        more=_number(between),
        more_seconds=_seconds(between),
        last=[_span(each) for each in last],
    )


def _seconds(counted: Sequence[Counted]) -> float:
    return sum(each.span.total_seconds() for each in counted)


def _span(counted: Counted) -> Span:
    return Span(counted.start, counted.end, counted.span.total_seconds())


def _gaps(left_out: Sequence[LeftOut]) -> Gaps:
    first, between, last = _cut(left_out)
    return Gaps([_gap(each) for each in first], _number(between), [_gap(each) for each in last])


def _gap(gap: LeftOut) -> Gap:
    return Gap(gap.start, gap.end, gap.why, [Holiday(day.day, day.name) for day in gap.holidays])


def _cut(told: Sequence[T]) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    """Both ends of a long list, and what lies between; what stands for many is never at an end."""
    many = [i for i, each in enumerate(told) if each.is_many]
    if not many and len(told) <= 2 * SPANS_AT_EACH_END:
        return told, (), ()
    after = min([SPANS_AT_EACH_END, *many])
    before = max([len(told) - SPANS_AT_EACH_END, *(i + 1 for i in many)])
    return told[:after], told[after:before], told[before:]


def _number(between: Sequence[Stretch]) -> int | None:
    return None if any(each.is_many for each in between) else len(between)
