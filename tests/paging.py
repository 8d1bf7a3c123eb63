"""The service, Prometheus and Alertmanager with our own rules and routes, in a hurry.

The delays of rules and routes are cut to a thirtieth, those of EvenhandAbsent and EvenhandPictureOld
are not: a restart takes as long as it takes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.alert_rules import PROMETHEUS, load, seconds
from tests.alertmanager import running_alertmanager
from tests.called import Receiver, listening
from tests.debian_tools import ROOT
from tests.prometheus import query_at, running_prometheus, values_of
from tests.serving import Process, numbers

HURRY = 30
SCRAPE_SECONDS = 1
EVALUATION_SECONDS = 1
GROUP_WAIT_SECONDS = 1
SLACK_SECONDS = 5
UNHURRIED = {"EvenhandAbsent", "EvenhandPictureOld"}
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"


def hurried(duration: str) -> str:
    return f"{max(round(seconds(duration) * 1000 / HURRY), 1)}ms"


def hurried_rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Our rule files by name, with their delays cut."""
    for path in sorted(PROMETHEUS.glob("*.rules.yml")):
        document = deepcopy(load(path))
        for group in document["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                if rule.get("alert") not in UNHURRIED:
                    for delay in {"for", "keep_firing_for"} & rule.keys():
                        rule[delay] = hurried(rule[delay])
        yield path.name, document


def hold_of(alert: str) -> float:
    """How long the cut rule waits before it fires, in seconds."""
    known = (r for _, document in hurried_rules() for g in document["groups"] for r in g["rules"])
    told: str = next(rule for rule in known if rule.get("alert") == alert)["for"]
    return float(told.removesuffix("ms")) / 1000


def hurried_routes(port: int) -> str:
    """Our Alertmanager's configuration with its waits cut, sending to a port of ours."""
    config = deepcopy(load(ALERTMANAGER))
    for route in (config["route"], *config["route"]["routes"]):
        if route.get("group_wait", "0s") != "0s":
            route["group_wait"] = f"{GROUP_WAIT_SECONDS}s"
        if "group_interval" in route:
            route["group_interval"] = hurried(route["group_interval"])
    return re.sub(r"http://127\.0\.0\.1:\d+/", f"http://127.0.0.1:{port}/", json.dumps(config))


def scraping(service: Process, alertmanager: str, folder: Path) -> str:
    """Our Prometheus's configuration with its intervals cut, for these addresses."""
    config = deepcopy(load(PROMETHEUS / "prometheus.yml"))
    config["global"] |= {
        "scrape_interval": f"{SCRAPE_SECONDS}s",
        "scrape_timeout": f"{SCRAPE_SECONDS}s",
        "evaluation_interval": f"{EVALUATION_SECONDS}s",
    }
    config["rule_files"] = []
    for name, document in hurried_rules():
        (folder / name).write_text(json.dumps(document))
        config["rule_files"].append(str(folder / name))
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
    ]
    config["scrape_configs"] = [
        {**scrape, "static_configs": [{"targets": [service.url.removeprefix("http://")]}]}
        for scrape in config["scrape_configs"]
        if scrape["job_name"].startswith("evenhand")
    ]
    return json.dumps(config)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches the service: a Prometheus, and whoever its Alertmanager calls."""

    prometheus: str
    receiver: Receiver

    def value(self, query: str) -> float | None:
        """What Prometheus says now, where it says anything."""
        found = query_at(self.prometheus, query)
        return values_of(found[0])[0] if found else None


@contextmanager
def watching(service: Process, folder: Path) -> Iterator[Watch]:
    """Watch the service until the block ends."""
    with ExitStack() as stack:
        receiver = stack.enter_context(listening())
        routes = folder / "alertmanager.yml"
        routes.write_text(hurried_routes(receiver.port))
        alerts = stack.enter_context(running_alertmanager(routes, folder / "alertmanager"))
        alertmanager = alerts.removesuffix("/api/v2/alerts")
        config = scraping(service, alertmanager, folder)
        prometheus = stack.enter_context(running_prometheus(config, folder / "prometheus"))
        yield Watch(prometheus, receiver)


def counters(page: str) -> Mapping[str, float]:
    """The counters of a page that describe the database, not the process."""
    told = numbers(page).items()
    return {name: n for name, n in told if "_total" in name and "_process_" not in name}
