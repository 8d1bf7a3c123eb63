"""A real Alertmanager on a free loopback port, and a receiver that keeps what it is sent."""

import json
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import httpx

from tests.alert_rules import alerts
from tests.debian_tools import tool
from tests.prometheus import STOP_SECONDS, free_port

STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)
LASTING = timedelta(days=365_000)
ATTEMPTS = 500
PAGE_SECONDS = 15
"""How long a test waits for a message before it fails."""


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


@contextmanager
def listening() -> Iterator[tuple[str, SimpleQueue[tuple[str, Any]]]]:
    """Yield the root of a receiver's addresses, and what it was sent: path and body."""
    sent: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            sent.put((self.path.removeprefix("/"), json.loads(body)))

        def log_message(self, *_arguments: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()
            thread.join()


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
