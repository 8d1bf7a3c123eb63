"""Who is told, for one policy: the receivers that teams name, and when they are not disturbed."""

import json
from typing import Any

import pytest

from app.core.alerting.quiet import quiet_times
from app.core.alerting.routes import NEEDED, NoReceivers, UnknownReceiver, routes
from app.core.hours.calendar import Span, always_open
from app.core.policy import Notify, Policy, Team
from tests.debian_tools import run

EVENING, NIGHT, ALL_DAY = Span(1200, 1440), Span(0, 420), Span(0, 1440)
WEEK = ((NIGHT, EVENING),) * 5 + ((ALL_DAY,),) * 2


def team(name: str, notify: Notify, *channels: str) -> Team:
    return Team(name, name, always_open(), channels=frozenset(channels), notify=notify)


def policy_of(*teams: Team) -> Policy:
    return Policy(1, tiers=("important", "standard"), teams={each.id: each for each in teams})


def receivers(*more: str) -> dict[str, Any]:
    return {"receivers": [{"name": name} for name in (*NEEDED, *more)]}


def told(policy: Policy, *more: str) -> list[dict[str, Any]]:
    """The routes of teams, without those that every installation has."""
    made = routes(policy, receivers(*more))["route"]["routes"]
    return [route for route in made if any('team="' in matcher for matcher in route["matchers"])]


def test_a_team_that_names_nobody_has_no_route_of_its_own():
    assert told(policy_of(team("support", Notify()))) == []


def test_pages_and_tickets_go_to_everyone_named_and_nowhere_else():
    named = Notify(pages=("anna", "bo", "anna"), tickets=("cleo",))

    sent = told(policy_of(team("support", named)), "anna", "bo", "cleo")

    assert [(route["receiver"], route.get("continue", False)) for route in sent] == [
        ("anna", True),
        ("bo", False),
        ("cleo", False),
    ]
    assert [route["matchers"][0] for route in sent] == ['severity="page"'] * 2 + [
        'severity="ticket"'
    ]


def test_in_quiet_hours_pages_go_to_whoever_is_on_call_and_tickets_wait():
    sent = told(policy_of(team("support", Notify(("anna",), ("bo",), WEEK))), "anna", "bo")

    quiet = ["quiet hours of support"]
    assert [
        (route["receiver"], route.get("mute_time_intervals"), route.get("active_time_intervals"))
        for route in sent
    ] == [("anna", quiet, None), ("on-call", None, quiet), ("bo", quiet, None)]
    assert [route.get("continue", False) for route in sent] == [True, False, False]


def test_a_team_with_quiet_hours_alone_has_its_tickets_kept_for_the_morning():
    [only] = told(policy_of(team("support", Notify(quiet=WEEK))))

    assert (only["receiver"], only["mute_time_intervals"]) == ("teams", ["quiet hours of support"])


def test_quiet_hours_are_local_and_end_the_week_on_saturday_as_alertmanager_does():
    assert quiet_times(team("support", Notify(quiet=WEEK))) == {
        "name": "quiet hours of support",
        "time_intervals": [
            {
                "weekdays": ["monday:friday"],
                "times": [
                    {"start_time": "00:00", "end_time": "07:00"},
                    {"start_time": "20:00", "end_time": "24:00"},
                ],
                "location": "UTC",
            },
            {
                "weekdays": ["saturday", "sunday"],
                "times": [{"start_time": "00:00", "end_time": "24:00"}],
                "location": "UTC",
            },
        ],
    }


@pytest.mark.parametrize(
    ("quiet_days", "weekdays"),
    [
        ((0, 1, 2, 3, 4, 5, 6), [["monday:saturday", "sunday"]]),
        ((6,), [["sunday"]]),
        ((2,), [["wednesday"]]),
        ((0, 2, 3), [["monday"], ["wednesday:thursday"]]),
        ((), None),
    ],
)
def test_days_in_a_row_are_said_together(quiet_days, weekdays):
    quiet = tuple((ALL_DAY,) if day in quiet_days else () for day in range(7))

    times = quiet_times(team("support", Notify(quiet=quiet)))

    assert (times and [each["weekdays"] for each in times["time_intervals"]]) == weekdays


def test_a_receiver_that_is_not_there_is_refused_with_both_names():
    policy = policy_of(team("support", Notify(("ana",), ("bo",))))

    with pytest.raises(UnknownReceiver) as refused:
        routes(policy, receivers("anna"))

    there = "there is 'operators', 'on-call', 'teams', 'dead-mans-switch', 'anna'"
    assert str(refused.value) == (
        f"teams.support.notify.pages needs the receiver 'ana'; {there}\n"
        f"teams.support.notify.tickets needs the receiver 'bo'; {there}"
    )


def test_what_every_installation_needs_must_be_there():
    with pytest.raises(UnknownReceiver, match="every installation needs the receiver 'on-call'"):
        routes(policy_of(), {"receivers": []})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "expected `receivers:` and a list of them"),
        ({"receivers": {}}, "expected `receivers:` and a list of them"),
        (
            {**receivers(), "route": {}},
            "expected nothing but global, templates, receivers, got route",
        ),
        ({"receivers": ["on-call"]}, "expected a receiver with a name, got 'on-call'"),
        ({"receivers": [{"webhook_configs": []}]}, "expected a receiver with a name"),
        (receivers("anna", "bo", "anna"), "expected every receiver once, got two named 'anna'"),
    ],
)
def test_a_file_that_is_none_of_receivers_is_refused(given, message):
    with pytest.raises(NoReceivers, match=message):
        routes(policy_of(), given)


def test_settings_that_stand_with_the_receivers_are_kept():
    made = routes(
        policy_of(),
        {**receivers(), "global": {"smtp_from": "a@b.test"}, "templates": ["*.tmpl"]},
    )

    assert made["global"] == {"resolve_timeout": "5m", "smtp_from": "a@b.test"}
    assert made["templates"] == ["*.tmpl"]
    assert "time_intervals" not in made


@pytest.mark.requirement(40)
def test_turns_of_a_team_are_silenced_with_the_only_channel_it_takes():
    policy = policy_of(
        team("hotline", Notify(), "phone"),
        team("support", Notify(), "phone", "chat"),
        team("all", Notify()),
    )

    made = routes(policy, receivers())["inhibit_rules"]

    assert [rule for rule in made if any("team=" in one for one in rule["target_matchers"])] == [
        {
            "source_matchers": ['alertname="EvenhandSourceSilent"', 'channel="phone"'],
            "target_matchers": [
                'alertname=~"EvenhandServedFirst|EvenhandFreeWhileOthersWait"',
                'team="hotline"',
            ],
        }
    ]


@pytest.mark.requirement(32)
def test_alertmanager_reads_what_is_made_of_strange_names(tmp_path):
    names = ['say "hi"', "back\\slash", "two\nlines", "{{ .x }}", "a|b.*", "æøå 💬", "'", "# no"]
    teams = [team(name, Notify((name,), (name,), WEEK), "phone") for name in names]
    made = routes(policy_of(*teams), receivers(*names))
    config = tmp_path / "alertmanager.yml"
    config.write_text(json.dumps(made, ensure_ascii=False))

    result = run("amtool", "check-config", config)
    sent = run(
        "amtool",
        "config",
        "routes",
        "test",
        f"--config.file={config}",
        "severity=ticket",
        "team=a|b.*",
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert sent.stdout.strip() == "a|b.*"
