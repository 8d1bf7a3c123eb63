"""Where Debian's tools are: Prometheus, Alertmanager, wrk, Dovecot (deploy/tools.sh unpacks them)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEBIAN_NAMES = {"alertmanager": "prometheus-alertmanager"}


def tool(name: str) -> str:
    """The path of ``name``, from .tools first, then PATH.

    Where it is missing the calling test fails by that name, or is skipped if the comma-separated
    environment variable ALLOW_MISSING names it.
    """
    found = shutil.which(name, path=str(ROOT / ".tools" / "bin")) or shutil.which(name)
    found = found or shutil.which(DEBIAN_NAMES.get(name, name))
    if found is not None:
        return found
    allowed = os.environ.get("ALLOW_MISSING", "").split(",")  # noqa: TID251 - a switch of the tests
    if name in allowed:
        pytest.skip(f"{name} is missing, and ALLOW_MISSING names it")
    pytest.fail(f"{name} is missing: run `sh deploy/tools.sh`, or set ALLOW_MISSING={name}")


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end; the caller looks at ``returncode``."""
    return subprocess.run(
        [tool(name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )
