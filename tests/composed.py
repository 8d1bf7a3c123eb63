"""deploy/compose.yaml and its demo as they are read, for the tests of both."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.debian_tools import ROOT

DEPLOY = ROOT / "deploy"
SCRIPTS = DEPLOY / "compose"


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


COMPOSE = read(DEPLOY / "compose.yaml")
DEMO = read(SCRIPTS / "demo.yaml")
SERVICES: dict[str, dict[str, Any]] = {
    **COMPOSE["services"],
    "centre": DEMO["services"]["centre"],
    "evenhand in the demo": {**COMPOSE["services"]["evenhand"], **DEMO["services"]["evenhand"]},
}
SECRETS = {**COMPOSE["secrets"], **DEMO["secrets"]}
OURS = {name for name, each in SERVICES.items() if each["image"].startswith("evenhand:")}
SOURCES = [
    each
    for file in sorted((ROOT / "grafana" / "provisioning" / "datasources").iterdir())
    for each in read(file)["datasources"]
]
PORTS = {"evenhand": 8000, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}


def mounts(name: str) -> dict[str, str]:
    """What is mounted, by its place in the container."""
    told = (volume.split(":") for volume in SERVICES[name].get("volumes", []))
    return {target: source for source, target, *_ in told}
