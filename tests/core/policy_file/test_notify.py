"""Who is told of a team's alerts, and when not, as the policy file says it."""

from datetime import timedelta

import pytest

from app.core.hours.calendar import Span
from app.core.marked_yaml import FaultyFile
from app.core.policy import Notify
from app.core.policy_file.reading import read_policy

TEXT = """
version: 1
calendars: {office: {zone: UTC, hours: {mon-fri: 08:00-16:00}}}
teams: {support: {calendar: office, notify: %s}}
"""
NOT = ()


def notify(text: str) -> Notify:
    return read_policy(TEXT % text).teams["support"].notify


def test_a_team_that_says_nothing_names_nobody_and_is_never_quiet():
    assert notify("{}") == Notify()


def test_one_name_may_stand_without_a_list():
    assert notify("{pages: lead, tickets: [desk, lead]}") == Notify(("lead",), ("desk", "lead"))


def test_quiet_hours_are_told_by_weekday_as_opening_hours_are():
    told = '{quiet_hours: {mon-thu: "20:00-24:00, 00:00-07:00", sat: 00:00-24:00}}'

    nights = (Span(0, 7 * 60), Span(20 * 60, 24 * 60))
    assert [tuple(sorted(spans)) for spans in notify(told).quiet] == [
        *[nights] * 4,
        NOT,
        (Span(0, 24 * 60),),
        NOT,
    ]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            "{quiet_hours: {mon-fri: 20:00-24:00, fri: 00:00-07:00}}",
            "line 4: teams.support.notify.quiet_hours.fri: fri already has hours",
        ),
        ("{pages: ['']}", "line 4: teams.support.notify.pages.0: "),
        ("{quiet_hours: {someday: 20:00-24:00}}", "line 4: teams.support.notify.quiet_hours"),
    ],
)
def test_what_means_nothing_is_refused_with_its_line(told: str, said: str):
    with pytest.raises(FaultyFile, match=said):
        read_policy(TEXT % told)


@pytest.mark.parametrize(("told", "span"), [("20m", timedelta(minutes=20)), ("off", timedelta(0))])
def test_the_policy_says_for_how_long_after_an_opening_nobody_is_paged(told: str, span: timedelta):
    text = TEXT % "{}"

    assert read_policy(text).after_opening == timedelta(minutes=15)
    assert read_policy(f"{text}after_opening: {told}\n").after_opening == span
