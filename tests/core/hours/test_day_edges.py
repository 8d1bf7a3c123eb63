"""The edges of the open day: since when it is open, and whether it closes soon."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.hours.calendar import always_open
from app.core.hours.day_edges import closes_soon, day_edges, just_opened, midnight
from app.core.policy_file.reading import read_policy
from tests.core.calendars import calendars, instants

QUARTER = timedelta(minutes=15)
TICK = timedelta(microseconds=1)
OFFICE = """
version: 1
calendars: {office: {zone: Europe/Copenhagen, hours: {mon-fri: 08:00-16:00}, breaks: {mon-fri: 12:00-12:30}}}
teams: {support: {calendar: office}}
"""


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)


@given(st.data())
def test_the_opening_is_the_first_instant_of_the_open_time_that_holds_now(data: st.DataObject):
    calendar, around = data.draw(calendars())
    now = data.draw(instants(around))

    opened_at = calendar.opened_at(now)

    if opened_at is None:
        assert not calendar.is_open(now)
    else:
        assert opened_at <= now
        assert not calendar.is_open(opened_at - TICK)
        assert calendar.elapsed(opened_at, now) == now - opened_at


@given(st.data())
def test_an_opening_is_just_past_for_the_open_time_that_the_policy_says(data: st.DataObject):
    calendar, around = data.draw(calendars())
    now = data.draw(instants(around))

    found = just_opened(calendar, now, QUARTER)

    opened_at = calendar.opened_at(now)
    assert found == (opened_at if opened_at is not None and now < opened_at + QUARTER else None)


@pytest.mark.parametrize(
    ("now", "opened", "closes"),
    [
        ("2026-11-20T07:59:59", None, None),
        ("2026-11-20T08:00:00", "2026-11-20T08:00:00", None),
        ("2026-11-20T08:14:59", "2026-11-20T08:00:00", None),
        ("2026-11-20T08:15:00", None, None),
        ("2026-11-20T11:30:00", None, "2026-11-20T12:00:00"),
        ("2026-11-20T12:31:00", "2026-11-20T12:30:00", None),
        ("2026-11-20T15:29:59", None, None),
        ("2026-11-20T15:30:00", None, "2026-11-20T16:00:00"),
        ("2026-11-20T16:00:00", None, None),
    ],
)
def test_the_day_has_an_opening_and_a_closing_that_are_near(now, opened, closes):
    edges = next(iter(day_edges(read_policy(OFFICE), local(now))))

    assert edges.opened_at == (opened and local(opened))
    assert edges.closes_at == (closes and local(closes))


def test_what_never_closes_has_no_edges():
    calendar, now = always_open(), datetime(2026, 1, 1, tzinfo=UTC)

    assert just_opened(calendar, now, QUARTER) is None
    assert closes_soon(calendar, now, QUARTER) is None


def test_a_calendar_that_is_open_for_years_has_no_opening():
    text = OFFICE.replace("mon-fri: 08:00-16:00", "mon-sun: 00:00-24:00")
    calendar = read_policy(text.replace("mon-fri: 12:00-12:30", "")).teams["support"].calendar

    assert calendar.opened_at(local("2026-11-20T08:00:00")) is None


def test_last_week_is_the_same_local_day_also_over_a_change_of_clocks():
    [edges, *_] = day_edges(read_policy(OFFICE), local("2026-10-29T09:00:00"))

    assert edges.midnight == local("2026-10-29T00:00:00")
    summer = datetime(2026, 10, 22, 0, tzinfo=UTC) - timedelta(hours=2)
    assert edges.week_ago == (summer, summer + timedelta(days=1))


def test_a_day_is_as_long_as_its_midnights_are_apart():
    calendar = read_policy(OFFICE).teams["support"].calendar
    sunday = local("2026-10-25T12:00:00")

    assert midnight(calendar, sunday, days=1) - midnight(calendar, sunday) == timedelta(hours=25)
