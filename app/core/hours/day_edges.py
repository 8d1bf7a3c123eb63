"""The edges of the open day: has the team just opened, does it close soon, when did its day begin."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.hours.calendar import Calendar
from app.core.policy import UNASSIGNED, UNMAPPED, Policy

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DayEdges:
    """Where a team stands in its day.

    ``opened_at``: the opening after which it still works off what had waited; none later in the day.
    ``closes_at``: the closing ahead, once it is near. ``midnight``: when its date began;
    ``tomorrow``: when it ends.
    ``week_ago``: the midnights around the same day last week.
    """

    team: str
    is_open: bool
    opened_at: datetime | None
    closes_at: datetime | None
    midnight: datetime
    tomorrow: datetime
    week_ago: tuple[datetime, datetime]


def day_edges(policy: Policy, now: datetime) -> Iterator[DayEdges]:
    """Each team of the policy, and the two that stand for none."""
    for team in (*policy.teams, UNASSIGNED, UNMAPPED):
        calendar = policy.calendar_of(team)
        yield DayEdges(
            team=team,
            is_open=calendar.is_open(now),
            opened_at=just_opened(calendar, now, policy.after_opening),
            closes_at=closes_soon(calendar, now, policy.warn_before_closing),
            midnight=midnight(calendar, now),
            tomorrow=midnight(calendar, now, days=1),
            week_ago=(midnight(calendar, now - WEEK), midnight(calendar, now - WEEK, days=1)),
        )


def just_opened(calendar: Calendar, now: datetime, after: timedelta) -> datetime | None:
    """The opening, if less than ``after`` of open time has gone by since; none where it never closes."""
    opened_at = calendar.opened_at(now)
    return opened_at if opened_at is not None and now - opened_at < after else None


def closes_soon(calendar: Calendar, now: datetime, before: timedelta) -> datetime | None:
    """The closing, if it is not more than ``before`` ahead."""
    closes_at = calendar.closes_after(now)
    return closes_at if closes_at is not None and closes_at - now <= before else None


def midnight(calendar: Calendar, instant: datetime, days: int = 0) -> datetime:
    """When the local date that holds ``instant`` began, or the one so many ``days`` later."""
    local = instant.astimezone(calendar.zone) + timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(instant.tzinfo)
