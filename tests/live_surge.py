"""A surge that happens now, sixty times as fast as in life: told to a running service as it goes on."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx

from app.service import read_clock
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import play
from tests.surge import SEED, TEAM, Json

PACE = 60
RAISED_AT = timedelta(seconds=10_008) / PACE
"""When in its story the surge has become one that is served first."""
LEAD = timedelta(seconds=4)
"""So long before that the story goes over into the present."""
STEP_SECONDS = 0.2

POLICY = f"""
version: 1
calendars: {{always: {{always_open: true}}}}
tiers: {{important: , standard: {{default: true}}, new: }}
teams:
  {TEAM}: {{calendar: always}}
  hotline: {{calendar: always, channels: [phone]}}
targets:
  - rule: Hotline
    when: {{team: hotline}}
    first_response: 2s
  - rule: Nothing is promised to the others
    target_ratio: 0.9
fairness:
  order: arrival
  head_start: 10s
  weights: {{important: 1, standard: 1, new: 1}}
  chats_per_agent: 3
  wrap_up: 1s
  pace: {PACE}
"""


def _at(event: Json) -> datetime:
    return datetime.fromisoformat(event["time"])


@dataclass
class LiveSurge:
    """Tells a service what happens, from the past up to now and then on, until it is stopped.

    A service that does not answer is told again: nothing is left out.
    """

    url: str
    token: str
    start: datetime = field(default_factory=lambda: read_clock() + LEAD - RAISED_AT)
    told: list[Json] = field(default_factory=list)
    _left: list[Json] = field(default_factory=list)
    _stop: Signal = field(default_factory=Signal)
    _telling: Thread | None = None

    def begin(self) -> None:
        """Tell the past, then go on in the background."""
        events = play("captured-by-a-surge", SEED).events
        self._left = [
            {**event, "time": (self.start + (_at(event) - BEGINNING) / PACE).isoformat()}
            for event in events
        ]
        self._tell_due()
        self._telling = Thread(target=self._go_on)
        self._telling.start()

    def end(self) -> None:
        """Everybody hangs up, or was helped; then nothing happens any more."""
        self.stop()
        self.send(list(self._endings()))

    def stop(self) -> None:
        """Tell nothing more."""
        self._stop.set()
        if self._telling is not None:
            self._telling.join()

    def tell(self, type_: str, subject: str, **data: Any) -> datetime:
        """Send one event of now; gives its instant."""
        at = read_clock()
        self.send([_event(type_, subject, at, data)])
        return at

    def send(self, events: list[Json]) -> None:
        """Send a batch; again until it is taken."""
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/cloudevents-batch+json",
        }
        while not self._is_taken(json.dumps(events), headers):
            time.sleep(STEP_SECONDS)

    def _is_taken(self, body: str, headers: dict[str, str]) -> bool:
        try:
            answer = httpx.post(f"{self.url}/v1/events", content=body, headers=headers, timeout=10)
        except httpx.TransportError:
            return False
        assert answer.status_code in (202, 503), answer.text
        return answer.status_code == 202

    def _go_on(self) -> None:
        while not self._stop.wait(STEP_SECONDS):
            self._tell_due()

    def _tell_due(self) -> None:
        now = read_clock()
        due = [event for event in self._left if _at(event) <= now]
        self._left = self._left[len(due) :]
        for first in range(0, len(due), 500):
            self.send(due[first : first + 500])
        self.told += due

    def _endings(self) -> Iterable[Json]:
        at = read_clock()
        over = {
            e["subject"] for e in self.told if e["type"].startswith(("contact.res", "contact.ab"))
        }
        begun = {e["subject"] for e in self.told if e["type"] == "work.started"}
        for event in self.told:
            subject = event["subject"]
            if event["type"] == "contact.received" and subject not in over:
                ended = "contact.resolved" if subject in begun else "contact.abandoned"
                yield {**_event(ended, subject, at, {}), "source": event["source"]}


def _event(type_: str, subject: str, at: datetime, data: dict[str, Any]) -> Json:
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "centre",
        "type": type_,
        "time": at.isoformat(),
        "subject": subject,
        "data": data,
    }
