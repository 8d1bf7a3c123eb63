"""Every alert reaches the right people, and causes silence their consequences."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.alerting.routes import NEEDED, routes
from app.core.policy_file.reading import read_policy
from tests.alert_rules import alerts, earliest, load, seconds, steps
from tests.alertmanager import (
    alert,
    begun,
    ended,
    left_after,
    post,
    running_alertmanager,
)
from tests.called import Message, Received, listening
from tests.debian_tools import ROOT, run

CONFIG = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
SHARES = {"EvenhandFarTooManyLate", "EvenhandTooManyLate"}
IMPORTANT_SHARES = {"EvenhandImportantFarTooManyLate", "EvenhandImportantTooManyLate"}
NOW = {
    f"Evenhand{rank}{what}"
    for rank in ("", "Important")
    for what in ("Overdue", "PromiseBroken", "CallbackMissed")
}
DAYS = "EvenhandMoreLateThanPromised"
SOON = {"EvenhandPromiseDueSoon", "EvenhandDueBeforeClosing", "EvenhandTurnedAway"}
LATE = NOW | SHARES | IMPORTANT_SHARES | {DAYS} | SOON
TURNS = {"EvenhandServedFirst", "EvenhandFreeWhileOthersWait"}
TOLD_ANYHOW = {"EvenhandAbsent", "EvenhandWatchdog", "EvenhandRulesFailing"}
CONSEQUENCES = {
    "EvenhandAbsent": alerts().keys() - TOLD_ANYHOW,
    "EvenhandPictureOld": LATE | TURNS | {"EvenhandWorkBehind", "EvenhandSourceSilent"},
    "EvenhandWorkBehind": LATE | TURNS,
    "EvenhandSourceSilent": LATE | TURNS,
    "EvenhandServedFirst": {"EvenhandOverdue", DAYS} | SHARES,
    "EvenhandImportantOverdue": IMPORTANT_SHARES,
    "EvenhandImportantFarTooManyLate": {"EvenhandImportantTooManyLate", DAYS},
    "EvenhandImportantTooManyLate": {DAYS},
    "EvenhandOverdue": SHARES,
    "EvenhandFarTooManyLate": {"EvenhandTooManyLate", DAYS},
    "EvenhandTooManyLate": {DAYS},
}
GROUP = {"channel": "phone", "clock": "first_response", "team": "support", "tier": "standard"}
POLICY = """
version: 1
calendars: {always: {zone: Europe/Copenhagen, always_open: true}}
tiers: {important: {}, standard: {default: true}}
teams:
  support: {calendar: always}
  calm:
    calendar: always
    notify: {pages: calm-lead, tickets: calm-lead, quiet_hours: {mon-sun: "00:00-24:00"}}
  awake:
    calendar: always
    notify: {pages: [awake-lead, awake-deputy], tickets: awake-lead}
targets: [{rule: All, first_response: 1h}]
"""


def test_amtool_accepts_the_configuration():
    result = run("amtool", "check-config", CONFIG)

    assert result.returncode == 0, result.stdout + result.stderr


def receivers_of(config: Path, *labels: str) -> str:
    result = run("amtool", "config", "routes", "test", f"--config.file={config}", *labels)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


@pytest.mark.requirement(32, 33)
@pytest.mark.parametrize(
    ("receivers", "labels"),
    [
        ("dead-mans-switch", ["alertname=EvenhandWatchdog", "severity=none"]),
        ("on-call", ["alertname=EvenhandImportantOverdue", "severity=page", "team=support"]),
        ("on-call", ["alertname=EvenhandServedFirst", "severity=page", "team=support"]),
        ("teams", ["alertname=EvenhandFreeWhileOthersWait", "severity=ticket", "team=support"]),
        ("on-call", ["alertname=EvenhandSourceSilent", "severity=page", "channel=phone"]),
        ("on-call", ["alertname=EvenhandAbsent", "severity=page"]),
        ("teams", ["alertname=EvenhandOverdue", "severity=ticket", "team=support"]),
        # A team that names people: they by day, whoever is on call in its quiet hours.
        (
            "hotline-lead,on-call",
            ["alertname=EvenhandServedFirst", "severity=page", "team=hotline"],
        ),
        ("hotline-lead", ["alertname=EvenhandOverdue", "severity=ticket", "team=hotline"]),
        ("operators", ["alertname=EvenhandOverdue", "severity=ticket", "team=unmapped"]),
        ("operators", ["alertname=EvenhandOverdue", "severity=ticket", "team=unassigned"]),
        ("operators", ["alertname=EvenhandSeriesDropped", "severity=ticket"]),
        ("operators", ["alertname=SomethingElse"]),
    ],
)
def test_an_alert_is_sent_to_those_who_can_act(receivers, labels):
    assert receivers_of(CONFIG, *labels) == receivers


@pytest.mark.requirement(41, 42)
def test_the_watchdog_is_sent_every_minute_and_messages_are_few_and_bounded():
    config = load(CONFIG)
    told = [config["route"], *config["route"]["routes"]]
    hooks = [hook for receiver in config["receivers"] for hook in receiver["webhook_configs"]]

    assert told[1]["matchers"] == ['alertname="EvenhandWatchdog"']
    # It is looked at every group_interval, and left out where repeat_interval is not over by then.
    assert told[1]["group_interval"] == "1m"
    assert seconds(told[1]["repeat_interval"]) < seconds(told[1]["group_interval"])
    assert all("customer" not in route.get("group_by", []) for route in told)
    assert all(hook["max_alerts"] > 0 for hook in hooks)
    assert all(hook["url"].startswith("http://127.0.0.1:") for hook in hooks)


def fits(matchers: list[str], name: str) -> bool:
    """Whether an alert of this name can be meant; other labels are taken to fit."""
    for matcher in matchers:
        if told := re.fullmatch(r'alertname(=~|!~|=)"(.+)"', matcher):
            is_one = bool(re.fullmatch(told[2], name))
            if is_one == (told[1] == "!~"):
                return False
    return True


def pairs() -> Iterator[tuple[str, str]]:
    """Every cause and consequence that the configuration names."""
    for rule in load(CONFIG)["inhibit_rules"]:
        for cause in alerts():
            if fits(rule["source_matchers"], cause):
                targets = (name for name in alerts() if fits(rule["target_matchers"], name))
                yield from ((cause, name) for name in targets)


def test_what_explains_what_is_as_thought():
    silenced: dict[str, set[str]] = {}
    for cause, consequence in pairs():
        silenced.setdefault(cause, set()).add(consequence)

    assert silenced == CONSEQUENCES


@pytest.mark.requirement(39)
def test_a_cause_fires_before_its_consequences_and_is_known_when_they_are_sent():
    config, known = load(CONFIG), alerts()
    told = [config["route"] | route for route in ({}, *config["route"]["routes"])]
    waits = [seconds(route["group_wait"]) for route in told if "dead" not in route["receiver"]]

    assert min(waits) >= 10
    for cause, consequence in pairs():
        # The cause is seen at its next evaluation, and told once it is old enough and its `for` over.
        latest = earliest(known[cause]) + steps()[cause]
        assert earliest(known[consequence]) > latest, (cause, consequence)


@pytest.mark.requirement(44)
def test_a_cause_outlasts_what_it_explains():
    known = alerts()

    for cause, consequence in pairs():
        if consequence != DAYS:  # three days are told anyhow when the cause is over
            stays = seconds(known[consequence]["keep_firing_for"])
            assert seconds(known[cause]["keep_firing_for"]) >= stays, (cause, consequence)


@pytest.mark.requirement(38)
def test_three_hundred_customers_late_for_one_served_first_are_one_page(tmp_path):
    page = alert("EvenhandServedFirst", job="evenhand", team="support")
    late = [alert("EvenhandOverdue", **{**GROUP, "clock": f"clock {n}"}) for n in range(300)]
    late += [alert(name, **GROUP) for name in (*SHARES, DAYS)]
    important = {**GROUP, "tier": "important"}
    told = [
        alert("EvenhandImportantOverdue", **{**important, "channel": "chat"}),
        *(
            alert(name, **important)
            for name in ("EvenhandImportantFarTooManyLate", "EvenhandPromiseBroken")
        ),
        alert("EvenhandOverdue", **{**GROUP, "team": "sales"}),
        alert("EvenhandFreeWhileOthersWait", job="evenhand", team="support"),
        page,
    ]

    with running_alertmanager(CONFIG, tmp_path) as url:
        assert left_after(url, [*late, *told], told)


def everything(name_of_channel: str) -> list[dict[str, Any]]:
    """Alerts about lateness on a channel that do not explain each other."""
    labels = {**GROUP, "channel": name_of_channel}
    names = sorted(NOW | SOON | {DAYS})
    return [alert(name, **labels) for name in names]


@pytest.mark.requirement(38, 40, 42)
@pytest.mark.parametrize(
    ("cause", "heard_channels", "heard_teams"),
    [
        (alert("EvenhandAbsent"), set(), set()),
        (alert("EvenhandPictureOld", job="evenhand"), set(), set()),
        (alert("EvenhandWorkBehind", job="evenhand"), set(), set()),
        # Who takes the phone only cannot be judged without news of the phone.
        (alert("EvenhandSourceSilent", channel="phone", source="aircall"), {"chat"}, {"support"}),
        (
            alert("EvenhandSourceSilent", channel="chat", source="c"),
            {"phone"},
            {"support", "hotline"},
        ),
        (alert("EvenhandSourceSilent", channel="any", source="crm"), set(), set()),
        (alert("EvenhandSourceSilent", source="crm"), set(), set()),
    ],
)
def test_a_cause_silences_what_it_explains_and_nothing_else(
    tmp_path, cause, heard_channels, heard_teams
):
    late = {channel: everything(channel) for channel in ("phone", "chat")}
    turns = {
        team: [alert("EvenhandFreeWhileOthersWait", team=team)] for team in ("support", "hotline")
    }
    always = [alert("EvenhandWatchdog"), alert("EvenhandRulesFailing", rule_group="x"), cause]
    sent = [one for many in (*late.values(), *turns.values()) for one in many]

    expected = [one for channel in heard_channels for one in late[channel]]
    expected += [one for team in heard_teams for one in turns[team]]

    with running_alertmanager(CONFIG, tmp_path) as url:
        assert left_after(url, [*sent, *always], [*expected, *always])


@pytest.mark.requirement(38)
def test_who_was_called_for_late_customers_is_not_called_for_their_share_too(tmp_path):
    important = {**GROUP, "tier": "important"}
    silenced = [
        *(alert(name, **important) for name in (*IMPORTANT_SHARES, DAYS)),
        *(alert(name, **GROUP) for name in (*SHARES, DAYS)),
    ]
    told = [
        alert("EvenhandImportantOverdue", **important),
        alert("EvenhandOverdue", **GROUP),
        # Another promise, another channel: nobody was called for these.
        alert("EvenhandImportantFarTooManyLate", **{**important, "clock": "next_response"}),
        alert("EvenhandFarTooManyLate", **{**GROUP, "channel": "chat"}),
    ]

    with running_alertmanager(CONFIG, tmp_path) as url:
        assert left_after(url, [*silenced, *told], told)


def hurried(root: str) -> dict[str, Any]:
    """The configuration for POLICY, with receivers at ``root`` and seconds instead of minutes."""
    names = (*NEEDED, "calm-lead", "awake-lead", "awake-deputy")
    receivers = [
        {"name": name, "webhook_configs": [{"url": f"{root}/{name}", "max_alerts": 200}]}
        for name in names
    ]
    config = routes(read_policy(POLICY), {"receivers": receivers})
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
    return config


def told_of(received: Received) -> tuple[str, Message]:
    return received.path, received.message


@pytest.mark.requirement(38, 41)
def test_a_receiver_is_sent_one_message_for_many_with_the_next_step_and_told_when_it_is_over(
    tmp_path,
):
    said = {"summary": "31 wait", "description": "31 wait for it. Next step: open the wallboard."}
    page = {**alert("EvenhandServedFirst", team="support", job="evenhand"), "annotations": said}
    silenced = [alert("EvenhandOverdue", **{**GROUP, "clock": f"c{n}"}) for n in range(50)]
    many = [alert("EvenhandPromiseBroken", **{**GROUP, "clock": f"c{n}"}) for n in range(300)]
    teams = [
        alert(name, **{**GROUP, "team": team})
        for name in ("EvenhandImportantOverdue", "EvenhandOverdue")
        for team in ("calm", "awake")
    ]

    with listening() as receiver:
        config = tmp_path / "alertmanager.yml"
        config.write_text(json.dumps(hurried(f"http://127.0.0.1:{receiver.port}")))
        with running_alertmanager(config, tmp_path / "data") as url:
            post(url, [begun(told) for told in (page, *silenced, *many, *teams)])
            first = [told_of(receiver.next()) for _ in range(6)]
            post(url, [ended(page)])
            after = dict(told_of(receiver.next()) for _ in range(2))
        assert len(receiver.messages) == len(first) + len(after)

    got = {(to, body["groupLabels"]["alertname"]): body for to, body in first}
    # In quiet hours whoever is on call has the page, and the ticket waits; else the team has both.
    assert Counter(
        (to, b["groupLabels"]["alertname"], b["groupLabels"]["team"]) for to, b in first
    ) == {
        ("on-call", "EvenhandServedFirst", "support"): 1,
        ("teams", "EvenhandPromiseBroken", "support"): 1,
        ("on-call", "EvenhandImportantOverdue", "calm"): 1,
        ("awake-lead", "EvenhandImportantOverdue", "awake"): 1,
        ("awake-deputy", "EvenhandImportantOverdue", "awake"): 1,
        ("awake-lead", "EvenhandOverdue", "awake"): 1,
    }
    served = got["on-call", "EvenhandServedFirst"]
    assert served["groupLabels"] == {"alertname": "EvenhandServedFirst", "team": "support"}
    assert [one["annotations"] for one in served["alerts"]] == [said]
    broken = got["teams", "EvenhandPromiseBroken"]
    assert broken["groupLabels"].keys() == {"alertname", "channel", "team"}
    assert (len(broken["alerts"]), broken["truncatedAlerts"]) == (200, 100)
    # When the cause is over, what it explained is told if it still holds.
    assert after["on-call"]["status"] == "resolved"
    assert after["on-call"]["groupKey"] == served["groupKey"]
    assert after["teams"]["groupLabels"]["alertname"] == "EvenhandOverdue"
    assert len(after["teams"]["alerts"]) == len(silenced)
