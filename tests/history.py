"""Three hours of a simulated contact centre as Prometheus would have scraped them.

The real service lives through ``tests.history_day`` on a real PostgreSQL, with a clock that goes as
fast as it can work. Every scrape is kept with its instant, and what our rules make of it as well.
"""

import asyncio
import json
import re
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from app.simulate.request import Keys, Request, headers_at
from app.store.due import load_agenda
from app.store.engine import Database
from tests.debian_tools import ROOT, run
from tests.history_day import BEFORE, LASTS, NEW_POLICY, SOURCES, policy_text, requests
from tests.prometheus import backfill, running_prometheus
from tests.running import HandClock, Running, running

RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))
CONFIG = "global: {scrape_interval: 15s}\n"
FORGETS = "--query.lookback-delta=29s"
"""Filled from a file Prometheus is not told that a series has ended: it must see by the next scrape."""
SECRET = "a-secret-of-the-simulation"  # noqa: S105
JOBS = {"/metrics": "evenhand", "/metrics/customers": "evenhand-customers"}
"""What deploy/prometheus/prometheus.yml calls each page."""
OPENMETRICS = {"accept": "application/openmetrics-text;version=1.0.0"}
SCRAPED_EVERY = timedelta(seconds=30)
ON_THE_WAY = timedelta(seconds=0.4)
ENDS_AT = 13
"""The hour on the walls of the contact centre when the three hours end, whatever it is here."""
RULE_STEP_SECONDS = 30
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

SENT_AT: ContextVar[datetime | None] = ContextVar("sent at", default=None)
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """The three hours, and where on earth they end at one o'clock.

    All is worked out after every ``step``; what fell due is noted within a ``look``.
    """

    end: datetime
    step: timedelta = timedelta(seconds=30)
    look: timedelta = timedelta(seconds=1)

    @property
    def start(self) -> datetime:
        return self.end - LASTS

    @property
    def over(self) -> datetime:
        return self.end + SCRAPED_EVERY

    def after(self, now: datetime) -> datetime:
        """The end of the next step; they are longer before the three hours begin."""
        return min(now + 4 * self.step, self.start) if now < self.start else now + self.step

    @property
    def zone(self) -> str:
        east = (ENDS_AT - self.end.astimezone(UTC).hour + 11) % 24 - 11
        return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


class ToldClock(HandClock):
    """A clock that shows every sender the instant at which it sends."""

    def __call__(self) -> datetime:
        return SENT_AT.get() or self.now


@dataclass(slots=True)
class Centre:
    """The service and what its tools are about to send."""

    service: Running
    to_send: list[Request]
    keys: Keys
    look: timedelta

    async def live_until(self, at: datetime) -> None:
        """Let everything happen that happens until then, and have it worked out."""
        clock, app = self.service.clock, self.service.app.service
        due = bisect_right(self.to_send, at, key=lambda request: request.at)
        async with asyncio.TaskGroup() as tasks:
            for request in self.to_send[:due]:
                tasks.create_task(self._send(request))
        del self.to_send[:due]
        began, clock.now = clock.now, at
        while await self.service.marks():
            await app.fold_once()
        async for clock.now in self._fall_due(began, at):
            await app.judge_once()
        clock.now = at
        await app.work_out_fairness()
        await app.take_snapshot()

    async def _send(self, request: Request) -> None:
        SENT_AT.set(request.at + ON_THE_WAY)
        headers = headers_at(request, self.keys, request.at)
        await self.service.client.post(request.door, content=request.body, headers=headers)

    async def _fall_due(self, began: datetime, at: datetime) -> AsyncIterator[datetime]:
        """When the service would have looked: as soon as something falls due."""
        while began < at:
            yield began
            async with self.service.db.begin() as tx:
                agenda = await load_agenda(tx, began)
            began = max(agenda.next_at or at, began) + self.look
        yield at

    async def scrape(self) -> list[str]:
        """Every sample of both pages, with the labels and the samples that Prometheus adds."""
        samples = []
        for page, job in JOBS.items():
            answer = await self.service.client.get(page, headers=OPENMETRICS)
            told = [line for line in answer.text.splitlines() if line[0] != "#"]
            told += ["up 1", f"scrape_samples_scraped {len(told)}"]
            samples += [_sample(line, f'job="{job}",instance="evenhand:8000"') for line in told]
        return samples


def _sample(line: str, target: str) -> str:
    series, _, value = line.partition(" # ")[0].rpartition(" ")
    name, _, rest = series.partition("{")
    labels = f"{target},{rest}" if rest else f"{target}}}"
    return f"{name}{{{labels} {value}"


async def scraped(db: Database, url: str, folder: Path, span: Span) -> str:
    """Live through the hours in steps, with the scrapes of them; the database must be empty.

    Scrapes between two steps get the page of the step before. An hour before comes along, because
    panels compare with it.
    """
    policy, sources = folder / "policy.yaml", folder / "sources.yaml"
    policy.write_text(policy_text(1, span.zone))
    for source in ("phone", "chat"):
        (folder / source).write_text(SECRET)
    sources.write_text(SOURCES.replace("FOLDER", str(folder)))
    clock = ToldClock(span.start - BEFORE)
    files = {"policy_file": policy, "sources_file": sources}
    async with running(db, url, clock, **files) as service:
        keys = Keys(SECRET, SECRET, service.token)
        centre = Centre(service, requests(span.start, keys), keys, span.look)
        loops = service.app.service.loops
        loops["judge"].gather_seconds = 60  # it looks when we say so
        loops["fairness"].gather_seconds = 0.5  # often enough to keep its session
        lines: list[str] = []
        while clock.now < span.end:
            await centre.live_until(span.after(clock.now))
            samples = await centre.scrape()
            for at in _scrapes(clock.now, min(span.after(clock.now), span.over)):
                lines += [f"{sample} {at}\n" for sample in samples]
            if clock.now - span.step < span.start + NEW_POLICY <= clock.now:
                policy.write_text(policy_text(2, span.zone))
                await service.app.service.read_policy_file()
                await service.app.service.load_terms()
    return "".join(lines)


def _scrapes(begin: datetime, end: datetime) -> Iterator[float]:
    while begin < end:
        yield begin.timestamp()
        begin += SCRAPED_EVERY


@contextmanager
def prometheus(samples: str, folder: Path, span: Span) -> Iterator[str]:
    """A Prometheus that has scraped ``samples`` and evaluated our rules all the while."""
    backfill(f"{samples}# EOF\n", folder)
    with running_prometheus(CONFIG, folder, FORGETS) as url:
        _record_rules(url, folder, span)
    with running_prometheus(CONFIG, folder, FORGETS) as url:
        alerts = "".join(_alerts(url, span))
    backfill(f"{alerts}# EOF\n", folder)
    with running_prometheus(CONFIG, folder, FORGETS) as url:
        yield url


def _record_rules(url: str, folder: Path, span: Span) -> None:
    asked = [f"--start={span.start.isoformat()}", f"--end={span.end.isoformat()}", f"--url={url}"]
    asked += [f"--eval-interval={RULE_STEP_SECONDS}s", f"--output-dir={folder / 'tsdb'}"]
    file = folder / "recorded.yml"
    groups = [{"name": "recorded", "rules": [rule for rule in _rules() if "record" in rule]}]
    file.write_text(json.dumps({"groups": groups}))
    result = run("promtool", "tsdb", "create-blocks-from", "rules", *asked, file)
    assert result.returncode == 0, result.stderr


def _alerts(url: str, span: Span) -> Iterator[str]:
    """The series by which Prometheus says what fires."""
    asked = {"start": span.start.timestamp(), "end": span.end.timestamp()}
    for rule in (rule for rule in _rules() if "alert" in rule):
        query = {"query": rule["expr"], "step": RULE_STEP_SECONDS, **asked}
        answer = httpx.get(f"{url}/api/v1/query_range", params=query, timeout=30).json()
        assert answer["status"] == "success", (rule["alert"], answer)
        for series in answer["data"]["result"]:
            told = {**series["metric"], **rule["labels"], "alertname": rule["alert"]}
            told.pop("__name__", None)
            yield from _firing(told, [at for at, _ in series["values"]], rule)


def _rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES for group in YAML(typ="safe").load(file)["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def _firing(told: Labels, true_at: Sequence[float], rule: Mapping[str, Any]) -> Iterator[str]:
    """Samples from when it has been true for long enough until it has long enough not been."""
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(told.items()))
    wait, keep = (_seconds(rule.get(key, "0s")) for key in ("for", "keep_firing_for"))
    since = last = true_at[0]
    for at in [*true_at, float("inf")]:
        if at > last + RULE_STEP_SECONDS + keep:
            begins, ends = since + wait, last + keep
            if since + wait <= last:
                yield from _every_step(labels, begins, ends)
            since = at
        last = at


def _every_step(labels: str, begins: float, ends: float) -> Iterator[str]:
    steps = int((ends - begins) // RULE_STEP_SECONDS) + 1
    for number in range(steps):
        at = begins + number * RULE_STEP_SECONDS
        yield f'ALERTS{{alertstate="firing",{labels}}} 1 {at}\n'


def _seconds(text: str) -> int:
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", text))
