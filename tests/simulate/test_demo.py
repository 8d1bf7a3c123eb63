"""``make demo``, for real: everything starts, the tools push, everything ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 120.0


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A demo that runs until told to stop, with a PostgreSQL of its own."""
    for name in ("EVENHAND_DATABASE_URL", "DEMO_SECONDS", "PORT"):
        monkeypatch.delenv(name, raising=False)
    with started() as running:
        yield running
        if running.poll() is None:
            running.send_signal(signal.SIGINT)


def started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(running: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Read what the demo prints up to the line that matches."""
    assert running.stdout
    said = []
    for line in running.stdout:
        said.append(line)
        if found := re.search(pattern, line):
            return found
    raise AssertionError(f"{pattern!r} was never printed:\n{''.join(said)}")


def child_of(pid: int, word: str) -> int:
    """The child process whose command line holds ``word``."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
    return next(child for child, command in commands.items() if word in command.split("\0"))


def curl_of_the_readme(url: str) -> str:
    """What the README says to paste, for the port that this demo got."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"```sh\n(curl [^`]*?/hooks/try.*?)```", readme, re.DOTALL)
    assert found
    return found[1].replace("http://127.0.0.1:8000", url)


def test_it_pushes_to_a_service_that_takes_everything_and_ends_with_ctrl_c(demo):
    url = read_until(demo, r"http://127\.0\.0\.1:\d+")[0]
    taken = read_until(demo, r"([1-9]\d*) deliveries taken")

    pasted = subprocess.run(
        ["/bin/sh", "-c", curl_of_the_readme(url)], capture_output=True, text=True, check=False
    )
    answer = httpx.get(f"{url}/healthz")
    demo.send_signal(signal.SIGINT)
    rest = demo.stdout.read()

    assert pasted.stdout.startswith("HTTP/1.1 202"), pasted
    assert '"accepted":1' in pasted.stdout
    assert answer.status_code == 200
    assert "REFUSED" not in taken.string + rest
    assert rest.endswith("until the next demo.\n")
    assert demo.wait(LIMIT_SECONDS) == 0


def test_it_ends_by_itself_after_the_seconds_asked_for(monkeypatch):
    monkeypatch.delenv("EVENHAND_DATABASE_URL", raising=False)
    monkeypatch.setenv("DEMO_SECONDS", "1")

    with started() as running:
        read_until(running, "Ends after 1 s")
        began = time.perf_counter()
        said, _ = running.communicate(timeout=LIMIT_SECONDS)

    assert running.returncode == 0, said
    assert time.perf_counter() - began >= 1


def test_it_says_which_child_died_and_ends_with_status_1(demo):
    read_until(demo, r"deliveries taken")

    os.kill(child_of(demo.pid, "serve"), signal.SIGKILL)
    said = demo.stdout.read()

    assert demo.wait(LIMIT_SECONDS) == 1
    assert "The service died with status -9" in said


def test_a_port_in_use_is_named(monkeypatch):
    monkeypatch.delenv("EVENHAND_DATABASE_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with started() as running:
            said, _ = running.communicate(timeout=LIMIT_SECONDS)

    assert running.returncode == 1
    assert f"Port {port} cannot be used" in said
