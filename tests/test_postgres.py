"""The one launcher: starts as root and as anybody, keeps data over stops and power cuts."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from deploy.postgres import NoPostgres, Server, postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("launcher") / "postgres") as running:
        yield running


def sockets_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["host"][0]


async def run(url: str, *statements: str) -> object:
    """Execute the statements on one connection; gives the first value of the last."""
    connection = await asyncpg.connect(host=sockets_of(url), user="postgres", database="postgres")
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_it_is_durable_and_listens_on_no_port(server: Server) -> None:
    settings = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")

    values = [await run(server.url, f"SELECT current_setting('{name}')") for name in settings]

    assert values == ["on", "on", "on", ""]


async def test_data_and_address_stay_over_a_stop(server: Server) -> None:
    url = server.url
    await run(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1) RETURNING n")

    server.stop()
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await run(url, "SELECT 1")
    server.start()

    assert server.url == url
    assert await run(url, "SELECT count(*) FROM kept") == 1


async def test_what_was_committed_survives_a_power_cut(server: Server) -> None:
    holder = await asyncpg.connect(
        host=sockets_of(server.url), user="postgres", database="postgres"
    )
    await run(server.url, "CREATE TABLE cut (n int)", "INSERT INTO cut VALUES (7) RETURNING n")

    server.kill()
    server.start()

    assert await run(server.url, "SELECT n FROM cut") == 7
    holder.terminate()


def test_stopping_twice_does_no_harm_and_starting_twice_is_refused(server: Server) -> None:
    with pytest.raises(NoPostgres, match="already running"):
        server.start()

    server.stop()
    server.stop()

    with pytest.raises(NoPostgres, match="is not running"):
        _ = server.pid
    server.start()
    assert not server.has_ended


def test_a_server_that_died_is_noticed(tmp_path: Path) -> None:
    with Server(tmp_path / "postgres") as server:
        os.kill(server.pid, 9)
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)

        assert server.has_ended


async def test_a_second_run_finds_the_data_of_the_first(server: Server) -> None:
    await run(server.url, "CREATE TABLE first (n int)", "INSERT INTO first VALUES (5) RETURNING n")
    server.stop()

    with postgres(server.directory) as url:
        assert await run(url, "SELECT n FROM first") == 5

    server.start()


async def test_a_deep_directory_works_and_nothing_but_data_and_log_is_left(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)

    with postgres(deep / "postgres") as url:
        sockets = Path(sockets_of(url))
        assert await run(url, "SELECT 1") == 1
        assert is_private(sockets)

    assert names_in(sockets.parent) & {sockets.name} == set()
    assert names_in(deep) == {"postgres", "postgres.log"}


def is_private(directory: Path) -> bool:
    return directory.stat().st_mode & 0o077 == 0


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_two_servers_on_one_directory_are_refused_with_the_servers_own_words(
    server: Server,
) -> None:
    with pytest.raises(NoPostgres, match=r"postmaster\.pid.*already exists"):
        Server(server.directory).__enter__()


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    letters = tmp_path / "postgres" / "letters.txt"
    letters.parent.mkdir()
    letters.write_text("keep me")

    with pytest.raises(NoPostgres, match="neither empty nor"):
        Server(letters.parent).__enter__()

    assert letters.read_text() == "keep me"


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from deploy.postgres import Server\n"
        "server = Server(Path(sys.argv[1])); server.start()\n"
        "print(server.pid, server.url, flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "postgres"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        pid, url = parent.stdout.readline().split()
        gone = os.pidfd_open(int(pid))
        parent.kill()

    assert ended_within(gone, seconds=20)
    Path(sockets_of(url)).rmdir()


def ended_within(pidfd: int, seconds: float) -> bool:
    """Whether the process ends in time: its descriptor becomes readable then."""
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to run as")
async def test_where_user_namespaces_are_forbidden_nobody_runs_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.postgres._NAMESPACE", ("false",))

    with Server(tmp_path / "postgres") as server:
        assert await run(server.url, "SELECT 1") == 1
        assert owner_of(server.pid) == 65534


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid
