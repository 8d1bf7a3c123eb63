"""What is sent: single events with wrk, batches of prepared bodies over two connections."""

import asyncio
import http.client
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter

from tests.bench.machine import ROOT, Child

CONNECTIONS = 256
THREADS = 1
"""One thread of wrk makes more requests than any server here answers, and leaves a core to them."""
BATCH_CONNECTIONS = 2
BATCH_EVENTS = 1000
CUSTOMERS = 5000
TEAMS = 40
LATE_SECONDS = 10.0

_runs = count(1)


class Kind(StrEnum):
    """What the events tell: a contact each, or three events of each contact's life."""

    RECEIVED = "received"
    LIFE = "life"


class Form(StrEnum):
    """How a batch is written."""

    LINES = "application/x-ndjson"
    LIST = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Answered:
    """What one round of load got for answers. Latencies are wrk's, of every request."""

    answers: int
    seconds: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    refused: int = 0
    broken: int = 0

    @property
    def acknowledged(self) -> int:
        return self.answers - self.refused

    @property
    def rate(self) -> float:
        """Acknowledged events a second."""
        return self.acknowledged / self.seconds


def wrk() -> str:
    """Where wrk is; raises ``LookupError`` where it is not."""
    own = ROOT / ".tools" / "bin" / "wrk"
    found = str(own) if own.exists() else shutil.which("wrk")
    if not found:
        raise LookupError("wrk is not here: sh deploy/tools.sh wrk")
    return found


@dataclass(frozen=True)
class Singles:
    """One event a request at ``CONNECTIONS`` connections, as fast as answers come or at a rate."""

    target: Child
    kind: Kind
    token: str
    seconds: float
    rate: float = 0.0

    async def run(self) -> Answered:
        script = str(Path(__file__).with_name("load.lua"))
        process = await asyncio.create_subprocess_exec(
            *(wrk(), f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{self.seconds:.0f}s"),
            *("--timeout", f"{LATE_SECONDS:.0f}s", "-s", script, self.target.url, "--"),
            *(self.kind, self.token, f"r{next(_runs)}", f"{self.rate:.1f}"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        line = next((line for line in out.decode().splitlines() if line.startswith("DONE ")), None)
        if process.returncode or line is None:
            raise RuntimeError(f"wrk failed with status {process.returncode}:\n{out.decode()}")
        return Answered(**json.loads(line.removeprefix("DONE ")))


def batches(kind: Kind, number: int, since: datetime) -> list[list[dict[str, object]]]:
    """Batches of events with ids of their own, a second apart from one contact to the next."""
    run, steps = f"b{next(_runs)}", (1 if kind is Kind.RECEIVED else 3)
    total = BATCH_EVENTS * number
    events = []
    for place in range(total):
        contact, step = divmod(place, steps)
        at = since + timedelta(milliseconds=contact + 20 * step)
        events.append(_event(f"{run}-{place:012d}", f"{run}-{contact:012d}", contact, step, at))
    return [events[start : start + BATCH_EVENTS] for start in range(0, total, BATCH_EVENTS)]


STEPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("received", {"direction": "inbound"}),
    ("answered", {"agent": "agent-0001"}),
    ("resolved", {"outcome": "done"}),
)


def _event(id_: str, call: str, contact: int, step: int, at: datetime) -> dict[str, object]:
    type_, own = STEPS[step]
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "bench-telephony",
        "type": f"contact.{type_}",
        "time": at.isoformat(timespec="milliseconds"),
        "subject": f"call-{call}",
        "datacontenttype": "application/json",
        "data": {
            "channel": "phone",
            "customer": f"customer-{contact % CUSTOMERS:05d}",
            "team": f"team-{contact % TEAMS:02d}",
            "queue": f"queue-{contact % TEAMS:02d}",
            "skill": "billing",
            "link": f"https://telephony.example/calls/{call}",
            **own,
        },
    }


def written(form: Form, batch: Sequence[dict[str, object]]) -> bytes:
    lines = [json.dumps(event, separators=(",", ":")) for event in batch]
    text = "\n".join(lines) if form is Form.LINES else f"[{','.join(lines)}]"
    return text.encode()


@dataclass(frozen=True)
class Batched:
    """Prepared batches over ``BATCH_CONNECTIONS`` connections, each sent when the last is answered."""

    target: Child
    form: Form
    token: str
    bodies: Sequence[bytes]

    async def run(self) -> Answered:
        waiting: SimpleQueue[bytes] = SimpleQueue()
        for body in self.bodies:
            waiting.put(body)
        loop = asyncio.get_running_loop()
        began = perf_counter()
        with ThreadPoolExecutor(BATCH_CONNECTIONS) as threads:
            sent = [
                loop.run_in_executor(threads, self._send, waiting) for _ in range(BATCH_CONNECTIONS)
            ]
            accepted = sum(await asyncio.gather(*sent))
        return Answered(accepted, perf_counter() - began)

    def _send(self, waiting: SimpleQueue[bytes]) -> int:
        headers = {"authorization": f"Bearer {self.token}", "content-type": self.form}
        connection = http.client.HTTPConnection("127.0.0.1", self.target.port, timeout=60)
        accepted = 0
        while True:
            try:
                body = waiting.get_nowait()
            except Empty:
                connection.close()
                return accepted
            connection.request("POST", "/v1/events", body, headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status != 202:
                raise RuntimeError(f"a batch was answered {answer.status}: {told[:500]!r}")
            accepted += int(json.loads(told)["accepted"])
