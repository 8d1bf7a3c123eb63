"""A real Prometheus on a free loopback port, and the queries of a dashboard to ask it."""

import re
import socket
import ssl
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.debian_tools import run, tool

READY = "Server is ready to receive web requests"
STOP_SECONDS = 15
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback speaks no TLS, and to load certificates takes longer than most questions."""
VARIABLES = {"__rate_interval": "1m", "__range": "1h"}
VARIABLES |= dict.fromkeys(("job", "instance", "channel", "team"), ".+")
"""What Grafana would put in place of a variable when All is chosen."""

Series = dict[str, Any]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running_prometheus(config_text: str, data_dir: Path, *flags: str) -> Iterator[str]:
    """Yield the base URL of a Prometheus with this configuration; it ends with the block.

    ``data_dir`` is made where missing. Rule files in ``config_text`` need absolute paths.
    """
    program = tool("prometheus")
    data_dir.mkdir(parents=True, exist_ok=True)
    config = data_dir / "prometheus.yml"
    config.write_text(config_text)
    address = f"127.0.0.1:{free_port()}"
    command = [program, *flags]
    command += [f"--config.file={config}", f"--storage.tsdb.path={data_dir / 'tsdb'}"]
    command += [f"--web.listen-address={address}", "--storage.tsdb.retention.time=100y"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            log = []
            for line in process.stderr:
                log.append(line)
                if READY in line:
                    break
            else:
                pytest.fail("Prometheus did not start:\n" + "".join(log))
            # Somebody must go on reading, or Prometheus stands still when the pipe is full.
            drain = Thread(target=deque(maxlen=0).extend, args=(process.stderr,))
            drain.start()
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
        drain.join()


def backfill(openmetrics: str, data_dir: Path) -> None:
    """Put samples with their own instants where ``running_prometheus`` will look for them."""
    data_dir.mkdir(parents=True, exist_ok=True)
    text = data_dir / "samples.om"
    text.write_text(openmetrics)
    blocks = data_dir / "tsdb"
    result = run("promtool", "tsdb", "create-blocks-from", "openmetrics", text, blocks)
    assert result.returncode == 0, result.stderr


def _ask(url: str, parameters: dict[str, str | float]) -> list[Series]:
    answer = httpx.get(url, params=parameters, timeout=10, verify=NO_CERTIFICATES).json()
    assert answer["status"] == "success", (parameters, answer)
    result: list[Series] = answer["data"]["result"]
    return result


def query_at(url: str, expr: str, at: float | None = None) -> list[Series]:
    """The series of an instant query at the Unix time ``at``, or now."""
    instant = {} if at is None else {"time": at}
    return _ask(f"{url}/api/v1/query", {"query": expr, **instant})


def query_range(url: str, expr: str, start: float, end: float) -> list[Series]:
    """The series of a range query with one point a minute."""
    span: dict[str, str | float] = {"start": start, "end": end, "step": 60}
    return _ask(f"{url}/api/v1/query_range", {"query": expr, **span})


def values_of(series: Series) -> list[float]:
    points = [series["value"]] if "value" in series else series["values"]
    return [float(value) for _, value in points]


def substituted(expr: str) -> str:
    """``expr`` with every variable replaced as Grafana does it; an unknown one is an error."""
    return re.sub(r"\$(?:\{(\w+)\}|([a-z_]\w*))", lambda m: VARIABLES[m[1] or m[2]], expr)


def panel_queries(panel: dict[str, Any]) -> list[str]:
    """What a panel asks Prometheus; nothing where it asks a database."""
    return [substituted(target["expr"]) for target in panel["targets"] if "expr" in target]


def variable_queries(dashboard: dict[str, Any]) -> list[str]:
    """What the drop-downs ask, as PromQL: a series for each value."""
    shown = dashboard["templating"]["list"]
    queries = [variable["query"] for variable in shown if variable["type"] == "query"]
    asked = [query["query"] for query in queries if isinstance(query, dict)]
    parts = [re.fullmatch(r"label_values\((.+), (\w+)\)", query) for query in asked]
    return [f"group by ({part[2]}) ({substituted(part[1])})" for part in parts if part]


def annotation_queries(dashboard: dict[str, Any]) -> list[str]:
    """What marks pages on the panels; without a firing page these have no series."""
    return [substituted(note["expr"]) for note in dashboard["annotations"].get("list", [])]


def dashboard_queries(dashboard: dict[str, Any]) -> list[str]:
    """Every query of every panel and variable, with the variables substituted."""
    asked = [query for panel in dashboard["panels"] for query in panel_queries(panel)]
    return asked + variable_queries(dashboard)
