"""When is somebody told that a promise is about to break, or has been broken for long.

Levels are shares of the target and spans after it, both in the time that the target counts in. What
is due at closing breaks in the first second of the next opening, when nobody can help it any more:
that is told before closing.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from app.core.clocks.clock import Clock, DueWarning, reached_at
from app.core.clocks.timeline import Ending, Stretch
from app.core.hours.calendar import Calendar, NeverOpen
from app.core.policy import Measure, Policy, Target

BEFORE_CLOSING = "before closing"
"""The level of what is due at closing; the policy says how much open time before."""


def levels_of(policy: Policy) -> tuple[str, ...]:
    """All levels that the policy can tell, in its own words, the earliest first."""
    shares = sorted({*policy.warn_at})
    spans = sorted({*policy.warn_after})
    closing = (BEFORE_CLOSING,) if policy.warn_before_closing else ()
    return (*map(_of_share, shares), *closing, *map(_of_span, spans))


def warnings_of(clock: Clock, calendar: Calendar, policy: Policy) -> tuple[DueWarning, ...]:
    """The levels that this clock reaches, in time, as far as is known now.

    ``calendar`` is the one that its target counts on. A level counts once its instant has come and
    the clock still ran then: one at the very stop does not. What was cancelled, or cannot be
    measured, tells nothing; a lasting pause holds back all that lies behind it. A pause that only
    hides lets time count, and the level is told when it ends.
    """
    if clock.ending is Ending.CANCELLED or not clock.is_measurable:
        return ()
    told = list(_by_amount(clock, calendar, policy))
    if policy.warn_before_closing:
        told += _before_closing(clock, calendar, policy.warn_before_closing)
    stopped_at = clock.stopped_at
    reached = (each for each in told if stopped_at is None or each.at < stopped_at)
    return tuple(sorted(reached, key=_place))


def fallen_due(clock: Clock, warned: Collection[str], now: datetime) -> tuple[DueWarning, ...]:
    """The levels that are to be told of at ``now``: those that were told already are not."""
    return tuple(
        warning for warning in clock.warnings if warning.at <= now and warning.level not in warned
    )


def next_warning_at(clock: Clock, warned: Collection[str]) -> datetime | None:
    """When the next level falls due that was not told yet; none where all were."""
    return next((each.at for each in clock.warnings if each.level not in warned), None)


def _place(warning: DueWarning) -> tuple[datetime, str]:
    return (warning.at, warning.level)


def _of_share(share: float) -> str:
    return f"{share * 100:g} %"


def _of_span(span: timedelta) -> str:
    return f"{Target(Measure.BUSINESS, span)} after"


def _by_amount(clock: Clock, calendar: Calendar, policy: Policy) -> Iterator[DueWarning]:
    for share in policy.warn_at:
        if at := _reached(clock, clock.target * share, calendar):
            yield DueWarning(_of_share(share), at)
    for span in policy.warn_after:
        if at := _reached(clock, clock.target + span, calendar):
            yield DueWarning(_of_span(span), at)


def _reached(clock: Clock, amount: timedelta, calendar: Calendar) -> datetime | None:
    """When so much has counted, or what hid it then has ended."""
    if clock.elapsed is not None and amount > clock.elapsed:
        return None  # most clocks stop early: what they never came to needs no calendar
    at = reached_at(clock, amount, calendar)
    return at and _after_pauses(at, (pause for pause in clock.pauses if pause.is_hidden))


def _before_closing(clock: Clock, calendar: Calendar, lead: timedelta) -> Iterator[DueWarning]:
    """``lead`` before a closing at which the target is used up; at the start if that is later."""
    due_at = clock.due_at
    if due_at is None or clock.breaches_at is None or calendar.is_open(due_at):
        return
    try:
        at = calendar.due_backward(due_at, lead)
    except NeverOpen:
        at = clock.started_at
    free = _after_pauses(max(at, clock.started_at), clock.pauses)
    if free is not None:
        yield DueWarning(BEFORE_CLOSING, free)


def _after_pauses(at: datetime, pauses: Iterable[Stretch]) -> datetime | None:
    """``at``, or the end of the pause that it lies in; none where that one lasts."""
    for pause in pauses:
        if pause.start <= at and (pause.end is None or at < pause.end):
            if pause.end is None:
                return None
            at = pause.end
    return at
