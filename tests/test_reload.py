"""SIGHUP has a running service read its policy file again; the other replica follows."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.store.engine import Database
from tests.prometheus import free_port
from tests.running import ROOT
from tests.serving import Process, await_true, environment, numbers

TEXT = (ROOT / "tests" / "examples" / "policy.yaml").read_text()
REFUSED = "evenhand_process_policy_refused_total"
TARGETS = "evenhand_target_seconds{"
CALLS = ('tier="standard"', 'channel="phone"', 'clock="first_response"')


@pytest.fixture
def replicas(db: Database, database_url: str, tmp_path: Path) -> Iterator[list[Process]]:
    """Two services that share a database and a policy file."""
    file = tmp_path / "policy.yaml"
    file.write_text(TEXT)
    env = environment(database_url=database_url, policy_file=file)
    with ExitStack() as stack:
        both = [Process(env, tmp_path / f"{n}.log", free_port()) for n in (1, 2)]
        for process in both:
            stack.callback(process.close)
            process.start()
        yield both


def _write(process: Process, text: str) -> None:
    """Write the policy file and tell the service."""
    Path(process.env["EVENHAND_POLICY_FILE"]).write_text(text)
    assert process.child is not None
    process.child.send_signal(signal.SIGHUP)


def _said(process: Process, event: str) -> list[dict[str, Any]]:
    lines = (line for line in process.log.read_text().splitlines() if line.startswith("{"))
    return [told for told in map(json.loads, lines) if told["event"] == event]


def _promises(process: Process, seconds: float) -> Callable[[], bool]:
    def shown() -> set[float]:
        found = numbers(process.get("/metrics").text).items()
        return {
            value
            for series, value in found
            if series.startswith(TARGETS) and all(label in series for label in CALLS)
        }

    return lambda: shown() == {seconds}


def test_a_hang_up_brings_a_new_version_to_both_replicas(replicas: list[Process]):
    first, _ = replicas
    await_true("the old target is shown", _promises(first, 20))

    _write(first, TEXT.replace("version: 1", "version: 2").replace("20s", "10s"))

    for process in replicas:
        await_true("the new target is shown", _promises(process, 10))
    assert [told["became"] for told in _said(first, "policy_read")] == ["new", "new"]
    assert {process.stop() for process in replicas} <= {0, -signal.SIGTERM}


def test_a_bad_file_changes_nothing_and_says_why(replicas: list[Process]):
    first, _ = replicas
    _write(first, TEXT.replace("version: 1", "version: 2").replace("20s", "soon"))

    await_true("it is refused", lambda: bool(_said(first, "policy_refused")))

    (told,) = _said(first, "policy_refused")
    (fault,) = told["faults"]
    assert (told["level"], fault["path"], fault["came"]) == (
        *("error", "targets.0.first_response"),
        "'soon'",
    )
    assert "first_response: soon" in TEXT.replace("20s", "soon").splitlines()[fault["line"] - 1]
    await_true("it is counted", lambda: numbers(first.get("/metrics").text)[REFUSED] == 1)
    assert _promises(first, 20)()

    _write(first, TEXT.replace("version: 1", "version: 3").replace("20s", "15s"))
    await_true("a good file is read after a bad one", _promises(first, 15))
