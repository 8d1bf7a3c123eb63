"""What deploy/compose.yaml runs of our own: scripts, checks of health, the demo's centre. All are run."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from app.settings import Settings
from app.store.migration import migrate
from deploy.postgres import postgres
from tests.composed import DEPLOY, PORTS, SCRIPTS, SECRETS, SERVICES
from tests.debian_tools import ROOT, run
from tests.prometheus import free_port, running_prometheus
from tests.readers import psql, psql_folder
from tests.serving import await_true, environment, serving

SH = "/bin/sh"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Secrets as up.sh makes them."""
    folder = tmp_path / "secrets"
    subprocess.run([SH, SCRIPTS / "secrets.sh", folder], check=True)
    return folder


def test_secrets_are_long_different_closed_to_others_and_made_once(secrets: Path):
    made = {file.name: file.read_text() for file in secrets.iterdir()}

    subprocess.run([SH, SCRIPTS / "secrets.sh", secrets], check=True)

    assert made.keys() == SECRETS.keys()
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in made.values())
    assert len(set(made.values())) == len(made)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == made
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in secrets.iterdir()} == {0o444}


def test_one_command_makes_the_secrets_and_starts_everything(tmp_path: Path):
    (tmp_path / "docker").write_text('#!/bin/sh\nfor word; do echo "<$word>"; done\n')
    (tmp_path / "docker").chmod(0o755)
    place = tmp_path / "a place" / "deploy"
    shutil.copytree(SCRIPTS, place / "compose", ignore=shutil.ignore_patterns("secrets"))
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    plain, demo = (
        subprocess.run(
            [SH, place / "compose" / "up.sh", *more], env=env, capture_output=True, check=False
        )
        for more in ([], ["demo"])
    )

    assert (plain.returncode, demo.returncode) == (0, 0), demo.stderr
    assert {file.name for file in (place / "compose" / "secrets").iterdir()} == SECRETS.keys()
    assert plain.stdout.count(b"<--file>") == 1
    assert f"<{place}/compose/demo.yaml>\n<up>".encode() in demo.stdout


def test_the_service_is_started_with_the_secrets_in_its_environment(secrets: Path):
    shown = subprocess.run(
        [SH, SCRIPTS / "with_secrets.sh", "env"],
        env={"SECRETS": str(secrets), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(line.split("=", 1) for line in shown.stdout.splitlines())
    settings = Settings(
        database_url=told["EVENHAND_DATABASE_URL"], alias_key=told["EVENHAND_ALIAS_KEY"]
    )

    url = make_url(settings.database_url.get_secret_value())
    assert url.password == (secrets / "database_password").read_text()
    assert (url.host, url.database) == ("postgres", "evenhand")
    assert url.username == "evenhand"
    for name in ("DEMO_PHONE_TOKEN", "DEMO_CHAT_SECRET", "DEMO_TRY_TOKEN"):
        assert told[name] == (secrets / name.lower()).read_text()
    assert "DATABASE_PASSWORD" not in told


def test_the_demos_centre_pushes_until_it_is_told_to_end(server: str, tmp_path: Path):
    migrate(server)
    demo = {"DEMO_PHONE_TOKEN": "a" * 24, "DEMO_CHAT_SECRET": "b" * 24, "DEMO_TRY_TOKEN": "c" * 24}
    files = {f"{kind}_file": DEPLOY / "demo" / f"{kind}.yaml" for kind in ("policy", "sources")}
    env = {**environment(database_url=server, **files), **demo, "PYTHONPATH": str(ROOT)}

    with serving(env, tmp_path / "log") as service:
        command = [sys.executable, str(DEPLOY / "centre.py"), service.url]
        with subprocess.Popen(command, env=env) as centre:
            try:
                await_true("somebody rang", lambda: _contacts(server) > 0)
            finally:
                centre.terminate()
            assert centre.wait(30) == 0


def _contacts(server: str) -> int:
    return int(psql(server, "-tAc", "SELECT count(*) FROM contacts").stdout)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL as the image leaves it: its own user, and nothing of ours."""
    with postgres(tmp_path_factory.mktemp("compose") / "data") as url:
        yield url


def test_the_database_is_owned_by_a_login_that_is_no_superuser_and_can_migrate(
    server: str, secrets: Path
):
    host = make_url(server).query["host"]
    env = {
        "SECRETS": str(secrets),
        "PATH": f"{psql_folder()}:/usr/bin:/bin",
        "PGHOST": str(host),
        "DATABASE_HOST": str(host),
        "DAY_ZONE": SERVICES["grafana-role"]["environment"]["DAY_ZONE"],
        "SCRIPT": "../grafana_role.sql",
    }
    ours = make_url(server).set(username="evenhand", database="evenhand")

    subprocess.run([SH, SCRIPTS / "database.sh"], env=env, check=True)
    migrate(ours.render_as_string(hide_password=False))
    for _ in range(2):
        subprocess.run([SH, SCRIPTS / "grafana_role.sh"], env=env, check=True)

    reader = ours.set(username="evenhand_grafana").render_as_string()
    assert psql(reader, "-c", "SELECT * FROM evenhand_views.contacts").returncode == 0
    assert psql(reader, "-c", "SELECT * FROM public.contacts").returncode == 1
    super_ = psql(server, "-tAc", "SELECT rolsuper FROM pg_roles WHERE rolname = 'evenhand'")
    assert super_.stdout.strip() == "f"


def test_prometheus_is_asked_for_its_health_in_a_way_that_it_answers(tmp_path: Path):
    _, program, *words, address, query = SERVICES["prometheus"]["healthcheck"]["test"]

    assert address == f"http://127.0.0.1:{PORTS['prometheus']}"
    with running_prometheus("global: {}\n", tmp_path) as url:
        assert run(program, *words, url, query).returncode == 0
    assert run(program, *words, url, query).returncode != 0


def test_messages_are_printed_with_who_gets_them():
    port = free_port()
    message = {
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "EvenhandOverdue", "team": "hotline"},
                "annotations": {"summary": "3 calls are late", "description": "Take them."},
            }
        ]
    }
    command = [sys.executable, str(DEPLOY / "messages.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = f"http://127.0.0.1:{port}/on-call"
            await_true("the receiver listens", lambda: _answers(address))
            answer = httpx.post(address, json=message)
        finally:
            process.terminate()
        assert process.stdout is not None
        printed = process.stdout.read()

    assert answer.status_code == 204
    assert "to on-call: firing EvenhandOverdue team=hotline\n" in printed
    assert "3 calls are late" in printed


def _answers(address: str) -> bool:
    try:
        return httpx.post(address, content=b"nonsense").status_code == 400
    except httpx.TransportError:
        return False
