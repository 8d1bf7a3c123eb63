"""Whom Alertmanager calls: a receiver on a free loopback port that keeps what it is sent, and when."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

from app.service import read_clock

Message = dict[str, Any]
MESSAGE_SECONDS = 15
"""How long a test waits for a message before it fails."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message: to whom, when it came, and what it says."""

    path: str
    at: datetime
    message: Message

    def is_about(self, alertname: str, status: str) -> bool:
        """Whether any of its alerts has this name and status."""
        return any(
            (alert["labels"]["alertname"], alert["status"]) == (alertname, status)
            for alert in self.message["alerts"]
        )


@dataclass(slots=True)
class Receiver:
    """Keeps every message."""

    port: int = 0
    messages: list[Received] = field(default_factory=list)
    _arrived: SimpleQueue[Received] = field(default_factory=SimpleQueue)

    def note(self, message: Received) -> None:
        """A message came."""
        self.messages.append(message)
        self._arrived.put(message)

    def next(self) -> Received:
        """The message that came after the one asked for before; waits for it."""
        return self._arrived.get(timeout=MESSAGE_SECONDS)

    def about(self, alertname: str, status: str = "firing") -> list[Received]:
        """The messages about an alert, in the order they came."""
        return [each for each in list(self.messages) if each.is_about(alertname, status)]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Receive until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = read_clock()
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.note(Received(self.path.removeprefix("/"), at, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        serving = Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            serving.join()
