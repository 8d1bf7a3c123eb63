"""Stands in for a relay: prints what Alertmanager sends, a line an alert. Standard library only."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = ("127.0.0.1", 9095)
MOST_BYTES = 1_000_000


class Receiver(BaseHTTPRequestHandler):
    """Takes a webhook; the last part of its path is the receiver's name."""

    def do_POST(self) -> None:
        """Print the alerts of one message."""
        size = min(int(self.headers.get("content-length", 0)), MOST_BYTES)
        try:
            message = json.loads(self.rfile.read(size))
            lines = [_line(self.path.strip("/"), alert) for alert in message["alerts"]]
        except (ValueError, KeyError, TypeError):
            self.send_error(400, "expected a message of Alertmanager")
            return
        sys.stdout.write("".join(lines))
        sys.stdout.flush()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Leave out the library's own line a request."""


def _line(receiver: str, alert: dict[str, dict[str, str]]) -> str:
    labels, words = alert["labels"], alert["annotations"]
    where = " ".join(f"{key}={labels[key]}" for key in ("team", "channel", "tier") if key in labels)
    return (
        f"to {receiver}: {alert['status']} {labels['alertname']} {where}\n"
        f"    {words.get('summary', '')}\n    {words.get('description', '')}\n"
    )


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else ADDRESS[1]
    with ThreadingHTTPServer((ADDRESS[0], port), Receiver) as server:
        server.serve_forever()
