"""Every alert reaches the right people, and causes silence their consequences."""

import json
import re
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.alert_rules import STEP_SECONDS, alerts, load, seconds
from tests.debian_tools import ROOT, run, tool
from tests.prometheus import STOP_SECONDS, free_port

CONFIG = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
CONSEQUENCES = {
    "EvenhandAbsent": alerts().keys()
    - {"EvenhandAbsent", "EvenhandWatchdog", "EvenhandRulesFailing"},
    "EvenhandPictureOld": {
        *("EvenhandServedFirst", "EvenhandFreeWhileOthersWait", "EvenhandSourceSilent"),
        *("EvenhandImportantOverdue", "EvenhandOverdue"),
    },
    "EvenhandSourceSilent": {"EvenhandImportantOverdue", "EvenhandOverdue"},
    "EvenhandServedFirst": {"EvenhandOverdue"},
}
STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)
LASTING = timedelta(days=365_000)
ATTEMPTS = 500


def names_in(matcher: str) -> set[str]:
    return set(re.findall(r"Evenhand\w+", matcher))


def test_amtool_accepts_the_configuration():
    result = run("amtool", "check-config", CONFIG)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("receiver", "labels"),
    [
        ("dead-mans-switch", ["alertname=EvenhandWatchdog", "severity=none"]),
        ("on-call", ["alertname=EvenhandImportantOverdue", "severity=page", "team=support"]),
        ("on-call", ["alertname=EvenhandServedFirst", "severity=page", "team=support"]),
        ("teams", ["alertname=EvenhandFreeWhileOthersWait", "severity=ticket", "team=support"]),
        ("on-call", ["alertname=EvenhandSourceSilent", "severity=page", "channel=phone"]),
        ("on-call", ["alertname=EvenhandAbsent", "severity=page"]),
        ("teams", ["alertname=EvenhandOverdue", "severity=ticket", "team=support"]),
        ("operators", ["alertname=EvenhandSeriesDropped", "severity=ticket"]),
        ("operators", ["alertname=SomethingElse"]),
    ],
)
def test_an_alert_is_sent_to_those_who_can_act(receiver, labels):
    options = [f"--config.file={CONFIG}", f"--verify.receivers={receiver}"]

    result = run("amtool", "config", "routes", "test", *options, *labels)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_watchdog_is_sent_every_minute_and_messages_are_few_and_bounded():
    config = load(CONFIG)
    routes = [config["route"], *config["route"]["routes"]]
    hooks = [hook for receiver in config["receivers"] for hook in receiver["webhook_configs"]]

    assert routes[1]["repeat_interval"] == "1m"
    assert all("customer" not in route.get("group_by", []) for route in routes)
    assert all(hook["max_alerts"] > 0 for hook in hooks)
    assert all(hook["url"].startswith("http://127.0.0.1:") for hook in hooks)


def test_a_cause_fires_before_its_consequences_and_is_known_when_they_are_sent():
    config, known = load(CONFIG), alerts()
    waits = [route["group_wait"] for route in (config["route"], *config["route"]["routes"][1:2])]
    silenced = {
        cause: names_in(rule["target_matchers"][0])
        for rule in config["inhibit_rules"]
        for cause in names_in(rule["source_matchers"][0])
    }

    assert silenced == CONSEQUENCES
    assert min(map(seconds, waits)) >= 10
    for cause, consequences in silenced.items():
        soonest = seconds(known[cause]["for"]) + STEP_SECONDS
        assert all(seconds(known[name]["for"]) > soonest for name in consequences), cause


@contextmanager
def running_alertmanager(folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    command = [tool("alertmanager"), f"--config.file={CONFIG}", f"--storage.path={folder}"]
    command += [f"--web.listen-address={address}", "--cluster.listen-address="]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            assert any("Listening on" in line for line in process.stderr)
            drain = Thread(target=deque(maxlen=0).extend, args=(process.stderr,))
            drain.start()
            yield f"http://{address}/api/v2/alerts"
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
        drain.join()


def alert(name: str, **labels: str) -> dict[str, Any]:
    severity = alerts()[name]["labels"]["severity"]
    ends = {"startsAt": STARTED.isoformat(), "endsAt": (STARTED + LASTING).isoformat()}
    return {"labels": {"alertname": name, "severity": severity, **labels}, **ends}


def heard(url: str) -> list[str]:
    """The alerts that nothing silences at this moment."""
    listed = httpx.get(url).raise_for_status().json()
    return names([item for item in listed if not item["status"]["inhibitedBy"]])


def names(listed: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(item["labels"], sort_keys=True) for item in listed)


def told_after(folder: Path, sent: list[dict[str, Any]], left: list[dict[str, Any]]) -> bool:
    """Whether a real Alertmanager that was sent all of them comes to tell only those left."""
    with running_alertmanager(folder) as url:
        httpx.post(url, json=sent).raise_for_status()
        # It takes note of a cause a moment after it answered.
        return any(heard(url) == names(left) for _ in range(ATTEMPTS))


def test_three_hundred_customers_late_for_one_served_first_are_one_page(tmp_path):
    page = alert("EvenhandServedFirst", job="evenhand", team="support")
    known = {"channel": "phone", "team": "support", "tier": "standard"}
    late = [alert("EvenhandOverdue", clock=f"clock {n}", **known) for n in range(300)]
    told = [
        alert("EvenhandImportantOverdue", channel="phone", team="support", tier="important"),
        alert("EvenhandOverdue", channel="phone", team="sales", tier="standard"),
        alert("EvenhandFreeWhileOthersWait", job="evenhand", team="support"),
        page,
    ]

    assert told_after(tmp_path, [*late, *told], told)


@pytest.mark.parametrize(
    ("cause", "left"),
    [
        (alert("EvenhandAbsent"), set()),
        (alert("EvenhandPictureOld", job="evenhand"), set()),
        (alert("EvenhandSourceSilent", channel="phone", source="aircall"), {"chat"}),
    ],
)
def test_a_cause_silences_what_it_explains_and_nothing_else(tmp_path, cause, left):
    late = [
        alert(name, channel=channel, team="support", tier=tier)
        for channel in ("phone", "chat")
        for name, tier in (("EvenhandImportantOverdue", "important"), ("EvenhandOverdue", "new"))
    ]
    always = [alert("EvenhandWatchdog"), cause]

    expected = [a for a in late if a["labels"]["channel"] in left] + always

    assert told_after(tmp_path, [*late, *always], expected)
