"""The real service as a child process on a free loopback port, started and ended by its pid."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.simulate.request import Keys
from tests.prometheus import free_port
from tests.running import ROOT

PHONE_TOKEN = "canary-phone-token-5b1c"  # noqa: S105
CHAT_SECRET = "canary-chat-secret-77aa"  # noqa: S105
DESK_TOKEN = "canary-desk-token-90ef"  # noqa: S105
POLICY_FILE = ROOT / "deploy" / "demo" / "policy.yaml"
SOURCES = """
sources:
  - {id: phone, kind: aircall, secrets: [{file: DIRECTORY/phone}],
     teams: {"501": hotline, "502": support}, default_team: hotline}
  - {id: chat, kind: chatwoot, secrets: [{file: DIRECTORY/chat}],
     teams: {"61": support}, default_team: support}
  - {id: desk, kind: cloudevents, secrets: [{file: DIRECTORY/desk}], default_team: support}
"""

READY_SECONDS = 40.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.05


class NotInTime(AssertionError):  # noqa: N818 - named for the fact
    """What was waited for did not happen; the message says what it was."""


def await_true(what: str, is_so: Callable[[], bool], seconds: float = 30.0) -> float:
    """Look again and again until ``is_so``; gives the seconds it took, raises ``NotInTime``."""
    began = time.perf_counter()
    while not is_so():
        if time.perf_counter() - began > seconds:
            raise NotInTime(f"not within {seconds:g} s: {what}")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def sources_file(directory: Path) -> Path:
    """Three sources with known secrets, as a file that the service reads."""
    for name, secret in (("phone", PHONE_TOKEN), ("chat", CHAT_SECRET), ("desk", DESK_TOKEN)):
        (directory / name).write_text(secret)
    file = directory / "sources.yaml"
    file.write_text(SOURCES.replace("DIRECTORY", str(directory)))
    return file


def keys(api_token: str) -> Keys:
    """What the simulated tools need to be let in."""
    return Keys(PHONE_TOKEN, CHAT_SECRET, api_token)


def environment(**settings: object) -> dict[str, str]:
    """Our own environment, and settings of the service: ``database_url=...``."""
    own = {f"EVENHAND_{name.upper()}": str(value) for name, value in settings.items()}
    return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}  # noqa: TID251 - handed to the child


def command(env: Mapping[str, str], *arguments: str) -> str:
    """Run ``python -m app ...`` to its end and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def make_token(env: Mapping[str, str]) -> str:
    """A token that may send."""
    return command(env, "token", "create", "--scope", "send").strip()


@dataclass
class Process:
    """One running service; ``log`` holds everything it and its forerunners printed."""

    env: Mapping[str, str]
    log: Path
    port: int
    child: subprocess.Popen[bytes] | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(verify=False, timeout=5))  # noqa: S501 - plain HTTP; reading certificates takes longer than the request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns once it says that it is well."""
        self.launch()
        self.await_well()

    def launch(self) -> None:
        """Start it; does not wait."""
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"],
                cwd=ROOT,
                env={**self.env, "EVENHAND_PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def await_well(self) -> None:
        """Return once it says that it is well."""
        try:
            await_true("the service is well", self.is_well, READY_SECONDS)
        except NotInTime as late:
            pytest.fail(f"{late}; it printed:\n{self.log.read_text()[-4000:]}")

    def get(self, path: str) -> httpx.Response:
        """Ask it."""
        return self.client.get(f"{self.url}{path}")

    def is_well(self) -> bool:
        """Whether /healthz says so."""
        if self.child is not None and self.child.poll() is not None:
            pytest.fail(f"it died ({self.child.returncode}):\n{self.log.read_text()[-4000:]}")
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self.client.close()

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        assert self.child is not None
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(STOP_SECONDS)
        finally:
            self.kill()


@contextmanager
def serving(env: Mapping[str, str], log: Path) -> Iterator[Process]:
    """Run the service for as long as the block lasts."""
    process = Process(env, log, free_port())
    try:
        process.start()
        yield process
    finally:
        process.close()


def numbers(page: str) -> dict[str, float]:
    """What a page of metrics says, by series."""
    lines = (line.rpartition(" ") for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
