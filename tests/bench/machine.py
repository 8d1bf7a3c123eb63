"""Processes of a benchmark: start them, wait for them, end them by their id, read their CPU time."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.postgres import Server

ROOT = Path(__file__).parents[2]
BENCH_POLICY = Path(__file__).with_name("policy.yaml")
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Child:
    """A server that was started for the benchmark, listening on ``port``."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/events"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@contextmanager
def started(
    command: Sequence[str], port: int, own: Mapping[str, str], log: Path
) -> Iterator[Child]:
    """Run a server with further environment variables for as long as the block runs."""
    told = [f"{name}={value}" for name, value in own.items()]
    setpriv = shutil.which("setpriv")
    bound = [setpriv, "--pdeathsig", "TERM"] if setpriv else []  # ends with us, however we end
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["/usr/bin/env", *told, *bound, *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_ready(process, port, log)
        yield Child(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.perf_counter() + READY_SECONDS
    while True:
        if process.poll() is not None or time.perf_counter() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"a server on port {port} is not ready; it said:\n{tail}")
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5.0)
            return
        time.sleep(0.1)


MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}


def command(own: Mapping[str, str], *arguments: str) -> str:
    """Run ``python -m app ...`` to its end and give the last word it printed."""
    told = [f"{name}={value}" for name, value in own.items()]
    done = subprocess.run(
        ["/usr/bin/env", *told, sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"python -m app {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return (done.stdout.split() or [""])[-1]


@contextmanager
def own_directory() -> Iterator[Path]:
    """A directory in the repository, for it must lie on a disk: a commit in memory proves nothing."""
    place = ROOT / ".demo"
    place.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=place))
    try:
        if file_system(directory) in MEMORY_FILE_SYSTEMS:
            raise RuntimeError(f"{directory} lies in memory: a commit there proves nothing")
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL of a benchmark's own."""
    with own_directory() as directory, Server(directory / "postgres") as server:
        yield server


def cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """CPU time that a process has used, and its living and its ended children where asked."""
    total = _ticks(pid, with_ended=with_children) * TICK_SECONDS
    if with_children:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        total += sum(_ticks(int(child), with_ended=False) for child in children) * TICK_SECONDS
    return total


def _ticks(pid: int, *, with_ended: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    own, ended = fields[11:13], fields[13:15]
    return sum(map(int, own + ended if with_ended else own))


def load_average() -> float:
    """How many processes wanted a core in the last minute."""
    return os.getloadavg()[0]


def file_system(directory: Path) -> str:
    """The kind of file system that a directory lies on."""
    found = subprocess.run(
        ["/usr/bin/env", "stat", "-f", "-c", "%T", str(directory)],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def processor() -> str:
    told = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} x {told[1] if told else 'unknown processor'}"
