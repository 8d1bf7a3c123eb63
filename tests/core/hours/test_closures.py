"""Closures of the next days, and the days that lists of holidays treat differently."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from dateutil.easter import easter  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from app.core.hours.calendar import Calendar, Span, always_open
from app.core.hours.closures import Closures, Reason, closures, doubtful_days
from tests.core.calendars import NO_SPAN

OFFICE_HOURS = (Span(9 * 60, 17 * 60),)
MORNING = (Span(9 * 60, 12 * 60),)
WEEK = (*(OFFICE_HOURS,) * 5, NO_SPAN, NO_SPAN)
DECEMBER = date(2026, 12, 1)
NO_DATES: frozenset[date] = frozenset()


def closed(country: str | None, also=NO_DATES, but_not=NO_DATES) -> Closures:
    national = holidays.country_holidays(country, language="en_US") if country else None
    return Closures(national, also, but_not)


def office(closed_on: Closures, days=None) -> Calendar:
    return Calendar("office", ZoneInfo("Europe/Copenhagen"), WEEK, days or {}, closed_on)


def asked(country: str | None, first_day: date, days: int = 400) -> list[tuple[date, str]]:
    found = doubtful_days(office(closed(country)), first_day, days)
    return [(doubt.day, doubt.name) for doubt in found]


def test_a_date_is_closed_by_its_country_or_by_name_unless_excepted():
    told = closed("DK", frozenset({date(2026, 12, 24)}), frozenset({date(2026, 12, 26)}))

    days = [day for n in range(31) if (day := DECEMBER + timedelta(days=n)) in told]

    assert days == [date(2026, 12, 24), date(2026, 12, 25)]


def test_a_holiday_has_a_name_and_a_date_of_ones_own_has_none():
    own, excepted = date(2026, 12, 24), date(2026, 12, 26)
    told = closed("DK", frozenset({own}), frozenset({excepted}))

    assert told.name_of(date(2026, 12, 25)) == "Christmas Day"
    assert [told.name_of(day) for day in (own, excepted, DECEMBER)] == [None] * 3
    assert closed(None).name_of(date(2026, 12, 25)) is None


def test_a_closure_says_when_why_and_what_hours_remain():
    own = frozenset({date(2026, 12, 24)})
    calendar = office(closed("DK", own), {date(2026, 12, 31): MORNING})

    found = closures(calendar, DECEMBER)

    assert [(one.reason, one.is_closed) for one in found] == [
        (Reason.OWN_DATE, True),
        (Reason.HOLIDAY, True),
        (Reason.SPECIAL_DAY, False),
        (Reason.HOLIDAY, True),
    ]
    assert [str(one) for one in found] == [
        "Thursday 24 December 2026: closed (own date)",
        "Friday 25 December 2026: closed (Christmas Day)",
        "Thursday 31 December 2026: 09:00-12:00 (special day)",
        "Friday 1 January 2027: closed (New Year's Day)",
    ]


def test_a_day_that_is_as_its_weekday_is_no_closure():
    saturday, thursday = date(2026, 12, 26), date(2026, 12, 3)
    calendar = office(closed("DK"), {thursday: OFFICE_HOURS})

    assert closures(calendar, thursday, days=1) == []
    assert closures(calendar, saturday, days=1) == []


def test_a_saturday_with_hours_of_its_own_is_shown():
    calendar = office(closed(None), {date(2026, 12, 5): MORNING})

    assert [one.usual for one in closures(calendar, DECEMBER)] == [NO_SPAN]


def test_the_window_of_closures_ends_before_its_last_day():
    christmas = date(2026, 12, 25)

    assert closures(office(closed("DK")), christmas - timedelta(days=2), days=2) == []
    assert len(closures(office(closed("DK")), christmas, days=1)) == 1


def test_what_never_closes_has_no_closures_and_no_doubts():
    assert closures(always_open(), DECEMBER) == []
    assert doubtful_days(always_open(), DECEMBER) == []


def test_the_eves_are_asked_about_everywhere():
    eves = [(date(2026, 12, 24), "Christmas Eve"), (date(2026, 12, 31), "New Year's Eve")]

    assert asked(None, DECEMBER, 60) == eves
    assert asked("NL", DECEMBER, 60) == eves


@pytest.mark.parametrize(
    ("country", "days"),
    [
        ("DK", ["5 Jun", "7 May", "24 Dec", "31 Dec"]),
        ("NO", ["24 Mar", "24 Dec", "31 Dec"]),
        ("SE", ["5 Jan", "25 Mar", "30 Apr", "7 May", "25 Jun", "24 Dec", "31 Dec"]),
        ("DE", ["8 Feb", "27 May", "24 Dec", "31 Dec"]),
        ("GB", ["29 Mar", "24 Dec", "31 Dec"]),
    ],
)
def test_each_country_has_its_contested_days(country, days):
    found = asked(country, date(2027, 1, 1), 365)

    # Of those, 1 May and 5 June in Denmark and 2 January in Britain are Saturdays in 2027.
    told = [f"{day.day} {day:%b}" for day, _ in found]
    assert sorted(told) == sorted(day for day in days if day != "5 Jun")


def test_constitution_day_is_asked_about_in_denmark():
    assert (date(2029, 6, 5), "Constitution Day") in asked("DK", date(2029, 1, 1))


def test_doubts_come_in_order_and_only_for_days_that_would_be_open():
    found = [day for day, _ in asked("SE", DECEMBER)]

    assert found == sorted(found)
    assert all(day.weekday() < 5 for day in found)


@pytest.mark.parametrize("told", ["also", "but_not", "days"])
def test_a_day_that_the_policy_speaks_of_is_not_asked_about(told):
    eve = date(2026, 12, 24)
    dates = {told: frozenset({eve})} if told != "days" else {}
    calendar = office(closed("DK", **dates), {eve: MORNING} if told == "days" else {})

    assert [doubt.day for doubt in doubtful_days(calendar, DECEMBER, 60)] == [date(2026, 12, 31)]


def test_a_plain_set_of_dates_decides_for_its_days():
    plain = Calendar("plain", ZoneInfo("UTC"), WEEK, holidays=frozenset({date(2026, 12, 24)}))

    assert [doubt.day for doubt in doubtful_days(plain, DECEMBER, 60)] == [date(2026, 12, 31)]


def test_the_window_of_doubts_begins_with_its_first_day_and_ends_before_its_last():
    eve = date(2026, 12, 24)

    assert asked("DK", eve, 1) == [(eve, "Christmas Eve")]
    assert asked("DK", eve - timedelta(days=1), 1) == []


def test_the_question_says_what_the_list_says():
    (unnamed,) = doubtful_days(office(closed("DK")), date(2026, 12, 24), 1)
    (unset,) = doubtful_days(office(closed(None)), date(2026, 12, 24), 1)

    assert unnamed.question == (
        "Are you open on 24 December 2026 (Christmas Eve)?"
        " The list of public holidays of DK does not name it."
    )
    assert unset.question == (
        "Are you open on 24 December 2026 (Christmas Eve)?"
        " The calendar has no list of public holidays."
    )


def test_a_day_that_the_list_names_is_not_asked_about():
    assert asked("CZ", DECEMBER, 60) == [(date(2026, 12, 31), "New Year's Eve")]


@given(st.integers(1900, 2199))
def test_what_hangs_on_easter_hangs_on_the_right_day(year: int):
    """Would have caught: an Easter a week late in 1954, 1981 or 2049."""
    every_day = Calendar("c", ZoneInfo("UTC"), (OFFICE_HOURS,) * 7, holidays=closed("GB"))

    found = doubtful_days(every_day, date(year, 3, 1), 90)

    assert [doubt.day for doubt in found] == [easter(year) + timedelta(days=1)]
