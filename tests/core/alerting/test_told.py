"""Who is told of what, in lines that people read, and what in it may be a mistake."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.alerting.told import doubts, who_is_told
from app.core.hours.calendar import Calendar, Span, always_open
from app.core.policy import ClockKind, Measure, Notify, Policy, Rule, Target, Team

TARGETS = {ClockKind.FIRST_RESPONSE: Target(Measure.BUSINESS, timedelta(hours=1))}
QUIET = ((Span(0, 420),),) * 7
DAY = Span(480, 960)


def policy_of(*teams: Team, tiers: tuple[str, ...] = ("gold", "silver"), default: str = "silver"):
    return Policy(
        1,
        tiers=tiers,
        default_tier=default,
        teams={team.id: team for team in teams},
        rules=(Rule("All", 1, TARGETS),),
        after_opening=timedelta(minutes=15),
    )


def team(name: str, calendar: Calendar | None = None, **notify: tuple[object, ...]) -> Team:
    return Team(name, name, calendar or always_open(), notify=Notify(**notify))  # type: ignore[arg-type]


def open_for(*minutes: int, special: int = 480) -> Calendar:
    week = tuple((Span(480, 480 + span),) for span in minutes)
    days = {date(2026, 12, 24): (Span(480, 480 + special),)}
    return Calendar("office", ZoneInfo("UTC"), (*week, *((),) * (7 - len(week))), days)


def test_the_tiers_that_page_and_those_that_are_tickets_are_named():
    assert next(who_is_told(policy_of(tiers=("gold", "silver", "new")))) == (
        "pages for: gold; tickets for: silver, new"
    )
    assert next(who_is_told(policy_of(tiers=()))) == "pages for: silver; tickets for: no other tier"


def test_every_team_says_who_gets_its_pages_and_tickets():
    teams = (
        team("help"),
        team("sales", pages=("anna", "bo", "anna"), tickets=("cleo",)),
        team("night", pages=("dan",), quiet=QUIET),
    )

    assert [*who_is_told(policy_of(*teams))][1:] == [
        "help: pages to on-call, tickets to teams",
        "sales: pages to anna and bo, tickets to cleo",
        "night: pages to dan (in quiet hours to on-call), tickets to teams (after quiet hours)",
    ]


@pytest.mark.parametrize(
    "policy",
    [
        policy_of(team("help", open_for(15, 480)), team("night", pages=("dan",), quiet=QUIET)),
        policy_of(team("help"), tiers=("standard",), default="standard"),
        policy_of(team("closed", open_for())),
    ],
)
def test_what_is_usual_is_not_doubted(policy):
    assert [*doubts(policy)] == []


@pytest.mark.parametrize(
    ("policy", "doubt"),
    [
        (policy_of(team("help"), default="gold"), "Is everybody to page? gold is the default tier"),
        (
            policy_of(team("help", quiet=QUIET, tickets=("anna",))),
            "Who is to sleep in the quiet hours of help? Without notify.pages they change no page",
        ),
        (
            policy_of(team("help", open_for(480, 14))),
            "Is help to be told of so little? after_opening is 15 minutes, its shortest opening 14",
        ),
        (
            policy_of(team("help", open_for(480, special=10))),
            "Is help to be told of so little? after_opening is 15 minutes, its shortest opening 10",
        ),
        (policy_of(), "Is nobody to page? Nothing is promised to gold"),
    ],
)
def test_what_is_seldom_meant_is_asked(policy, doubt):
    [asked] = doubts(policy)

    assert asked.startswith(doubt)
