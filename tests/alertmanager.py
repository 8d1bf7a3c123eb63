"""A real Alertmanager on a free loopback port, and the alerts that it is sent."""

import json
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from tests.alert_rules import alerts
from tests.debian_tools import tool
from tests.prometheus import STOP_SECONDS, free_port

STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)
LASTING = timedelta(days=365_000)
ATTEMPTS = 500


@contextmanager
def running_alertmanager(config: Path, folder: Path) -> Iterator[str]:
    """Yield the address of the alerts of an Alertmanager; it ends with the block."""
    address = f"127.0.0.1:{free_port()}"
    command = [tool("alertmanager"), f"--config.file={config}", f"--storage.path={folder}"]
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


def begun(told: dict[str, Any]) -> dict[str, Any]:
    """Firing from the moment it arrives: what began earlier is sent without waiting for others."""
    return {key: told[key] for key in told if key not in {"startsAt", "endsAt"}}


def ended(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "endsAt": (STARTED + timedelta(hours=1)).isoformat()}


def post(url: str, told: list[dict[str, Any]]) -> None:
    httpx.post(url, json=told).raise_for_status()


def heard(url: str) -> list[str]:
    """The alerts that nothing silences at this moment."""
    return names(httpx.get(url, params={"inhibited": "false"}).raise_for_status().json())


def names(listed: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(item["labels"], sort_keys=True) for item in listed)


def left_after(url: str, sent: list[dict[str, Any]], left: list[dict[str, Any]]) -> bool:
    """Whether an Alertmanager that is sent all of them comes to tell only those left."""
    post(url, sent)
    # It takes note of a cause a moment after it answered.
    return any(heard(url) == names(left) for _ in range(ATTEMPTS))
