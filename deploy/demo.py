"""``make demo``: PostgreSQL, the service and a simulated contact centre, until Ctrl-C.

Environment: ``PORT`` (else a free one), ``DEMO_SECONDS`` (else until Ctrl-C),
``EVENHAND_DATABASE_URL`` (else a PostgreSQL of its own in ``.demo``).
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from app.simulate.live import STORY, LiveCentre
from app.simulate.people import IMPORTANT_CLIENT
from app.simulate.request import Keys
from deploy.postgres import NoPostgres, Server, tail

ROOT = Path(__file__).parents[1]
DEMOS_AT_ONCE = 9
SEED = 20
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.5
"""How often the demo looks whether its children live."""

TRY_TOKEN = "try-it-out-in-the-demo"  # noqa: S105 - the README says it to everybody
"""What the curl of the README shows at the door of the source ``try``."""

TERMINAL_SECONDS = 0.5
PLAIN_SECONDS = 5.0
"""How often the progress line is written: to a terminal in place, elsewhere as a new line."""


class DemoEnded(Exception):  # noqa: N818 - named for the fact
    """The demo cannot go on; the message says why and shows the log."""


@dataclass(frozen=True)
class Wanted:
    """What the environment asks for."""

    port: int | None
    seconds: float | None
    database_url: str | None
    inherited: Mapping[str, str]


def wanted(environment: Mapping[str, str]) -> Wanted:
    """Read the environment; raises ``DemoEnded`` naming what is no number."""
    return Wanted(
        port=int(_number(environment, "PORT")) or None,
        seconds=_number(environment, "DEMO_SECONDS") or None,
        database_url=environment.get("EVENHAND_DATABASE_URL") or None,
        inherited=environment,
    )


def _number(environment: Mapping[str, str], name: str) -> float:
    text = environment.get(name) or "0"
    if not text.replace(".", "", 1).isdecimal():
        raise DemoEnded(f"{name} must be a number, got {text!r}")
    return float(text)


def say(text: str = "") -> None:
    """Print at once, wherever it goes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def own_directory() -> Iterator[Path]:
    """A directory that no other demo uses now: ``.demo``, else a further one."""
    elsewhere = Path(tempfile.gettempdir()) / f"evenhand-demo-{os.geteuid()}"
    for place in (ROOT / ".demo", elsewhere):
        for number in range(1, DEMOS_AT_ONCE + 1):
            directory = place if number == 1 else place / str(number)
            try:
                directory.mkdir(mode=0o755, parents=True, exist_ok=True)
                lock = (directory / "lock").open("w")
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # another demo runs in it, or another user made it
                continue
            with lock:
                if all(os.access(path, os.W_OK) for path in directory.iterdir()):
                    yield directory
                    return
    raise DemoEnded(f"no place to write: neither {ROOT / '.demo'} nor {elsewhere} can be used")


@dataclass
class Demo:
    """One run: what was started, where its logs are."""

    directory: Path
    port: int
    environment: dict[str, str]
    server: Server | None = None
    service: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the service is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def service_log(self) -> Path:
        """What the service prints."""
        return self.directory / "service.log"

    def command(self, *arguments: str) -> str:
        """Run ``python -m app ...`` to its end and give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        (self.directory / f"{arguments[0]}.log").write_text(done.stderr)
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
            raise DemoEnded(f"python -m app {' '.join(arguments)} failed:\n{said}")
        return done.stdout

    def start_service(self) -> None:
        """Start the service; it ends with us, whatever happens to us."""
        setpriv = shutil.which("setpriv")
        bound = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        with self.service_log.open("wb") as log:
            self.service = subprocess.Popen(
                [*bound, sys.executable, "-m", "app", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we end the service, then PostgreSQL
            )

    def stop_service(self) -> None:
        """Ask the service to end, and wait for it."""
        service, self.service = self.service, None
        if service is None:
            return
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()
            say(f"The service did not end within {STOP_SECONDS:.0f} s and was killed.")

    def check(self) -> None:
        """Raise ``DemoEnded`` if a child has died."""
        if self.server is not None and self.server.has_ended:
            raise DemoEnded(f"PostgreSQL died; {self.server.log} ends:\n{tail(self.server.log)}")
        if self.service is not None and self.service.poll() is not None:
            raise DemoEnded(
                f"The service died with status {self.service.returncode}; "
                f"{self.service_log} ends:\n{tail(self.service_log)}"
            )

    def await_ready(self) -> None:
        """Return when the service says it is well."""
        deadline = time.perf_counter() + READY_SECONDS
        answer = "nothing"
        while answer != "200":
            self.check()
            if time.perf_counter() > deadline:
                raise DemoEnded(
                    f"The service was not ready in {READY_SECONDS:.0f} s: {self.url}/healthz "
                    f"answered {answer}; {self.service_log} ends:\n{tail(self.service_log)}"
                )
            time.sleep(0.1)
            try:
                answer = str(httpx.get(f"{self.url}/healthz", timeout=5.0).status_code)
            except httpx.TransportError as error:
                answer = f"nothing ({type(error).__name__})"


def free_port(asked: int | None) -> int:
    """The port asked for, if it is free, else any free one."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", asked or 0))
        except (OSError, OverflowError) as error:
            raise DemoEnded(f"Port {asked} cannot be used ({error}); try another PORT.") from None
        port: int = trial.getsockname()[1]
        return port


def started(want: Wanted, running: ExitStack) -> tuple[Demo, Keys]:
    """Start everything, saying what is done; ``running`` ends it in the right order."""
    directory = running.enter_context(own_directory())
    database_url = want.database_url
    server = None
    if database_url is None:
        # The desk of the demo before would look broken: its contacts wait for ever.
        shutil.rmtree(directory / "postgres", ignore_errors=True)
        server = Server(directory / "postgres")
        say(f"Starting PostgreSQL in {directory / 'postgres'} ...")
        running.enter_context(server)
        database_url = server.url
    else:
        say("Using the database of EVENHAND_DATABASE_URL (invented contacts go into it) ...")
    phone_token, chat_secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    port = free_port(want.port)
    own = {
        "EVENHAND_DATABASE_URL": database_url,
        "EVENHAND_HOST": "127.0.0.1",
        "EVENHAND_PORT": str(port),
        "EVENHAND_POLICY_FILE": str(ROOT / "deploy" / "demo" / "policy.yaml"),
        "EVENHAND_SOURCES_FILE": str(ROOT / "deploy" / "demo" / "sources.yaml"),
        "DEMO_TRY_TOKEN": TRY_TOKEN,
        "DEMO_PHONE_TOKEN": phone_token,
        "DEMO_CHAT_SECRET": chat_secret,
        "PYTHONUNBUFFERED": "1",
    }
    demo = Demo(directory, port, {**want.inherited, **own}, server)
    running.callback(demo.stop_service)
    say("Bringing the tables up to date ...")
    demo.command("migrate")
    token = demo.command("token", "create", "--scope", "send", "--scope", "admin").split()[-1]
    say("Starting the service ...")
    demo.start_service()
    demo.await_ready()
    return demo, Keys(phone_token, chat_secret, token)


async def show(demo: Demo, keys: Keys, seconds: float | None) -> None:
    """Run the contact centre until Ctrl-C or for ``seconds``; raises where a child dies."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(wish, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    async with httpx.AsyncClient(base_url=demo.url, timeout=10.0) as client:
        centre = LiveCentre(client, keys, lambda: datetime.now(UTC), SEED)
        async with asyncio.TaskGroup() as tasks:
            watching = [
                tasks.create_task(watch(demo)),
                tasks.create_task(tell(centre)),
            ]
            await tasks.create_task(centre.run(stop))
            for task in watching:
                task.cancel()
    finish_line(centre)


async def watch(demo: Demo) -> None:
    """Look after the children for as long as it is not cancelled."""
    while True:
        demo.check()
        await asyncio.sleep(LOOK_SECONDS)


async def tell(centre: LiveCentre) -> None:
    """Say how the story goes for as long as it is not cancelled."""
    is_terminal, was_surging = sys.stdout.isatty(), False
    while True:
        if centre.is_surging != was_surging:
            was_surging = not was_surging
            finish_line(None)
            say(
                f"*** {IMPORTANT_CLIENT} needs everybody now: watch who waits for it."
                if was_surging
                else f"*** {IMPORTANT_CLIENT} is served; the others get their turn again."
            )
        if is_terminal:
            sys.stdout.write(f"\r\x1b[K{centre.line()}")
            sys.stdout.flush()
        else:
            say(centre.line())
        await asyncio.sleep(TERMINAL_SECONDS if is_terminal else PLAIN_SECONDS)


def finish_line(centre: LiveCentre | None) -> None:
    """Leave the line that is written in place, and write the last one."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K")
    if centre is not None:
        say(centre.line())
        if centre.refusal:
            say(f"Refused: {centre.refusal}")


def run(want: Wanted) -> None:
    """The whole demo, from nothing to nothing left running."""
    with ExitStack() as running:
        demo, keys = started(want, running)
        say()
        say(f"  {demo.url}            who waits, against what was promised")
        say(f"  {demo.url}/metrics    what Prometheus reads")
        say(f"  {demo.url}/openapi.json   what the service can be asked")
        if demo.server is not None:
            say(f"  EVENHAND_DATABASE_URL='{demo.server.url}'   for python -m app token create")
        say()
        say(STORY)
        say("Ctrl-C ends it." if want.seconds is None else f"Ends after {want.seconds:.0f} s.")
        say()
        try:
            asyncio.run(show(demo, keys, want.seconds))
        except ExceptionGroup as group:
            ended = group.subgroup(DemoEnded)
            raise (ended or group).exceptions[0] from None
        say("Ending the service and PostgreSQL ...")
    say(f"Done. Data and logs stay in {demo.directory} until the next demo.")


def main() -> int:
    """Run the demo; the status is 0 unless something died."""
    for wish in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, signal.default_int_handler)
    try:
        run(wanted(os.environ))
    except KeyboardInterrupt:
        say("\nEnded before it began.")
    except (DemoEnded, NoPostgres) as error:
        say(f"\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
