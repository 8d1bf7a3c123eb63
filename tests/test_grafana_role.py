"""The role for Grafana reads the views of docs/views.md, and can do nothing else."""

from collections.abc import Iterator

import asyncpg
import pytest

from tests.customer_story import told_aside
from tests.readers import PASSWORD, ROLE, SCRIPT, make_role, psql, reading_as_grafana

VIEWS = "SELECT viewname FROM pg_views WHERE schemaname = 'evenhand_views'"
MAY = """
SELECT n.nspname || '.' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE')
    ELSE has_table_privilege(c.oid, $1) OR has_any_column_privilege(c.oid, 'SELECT') END
"""
WRITES = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"


@pytest.fixture(scope="module")
def url(database_url: str) -> Iterator[str]:
    """A database with a story in it, so that every view has something to show."""
    with told_aside(database_url) as kept:
        make_role(kept.url)
        yield kept.url


async def test_the_role_reads_every_view(url: str):
    async with reading_as_grafana(url) as reader:
        views = [row[0] for row in await reader.fetch(VIEWS)]
        counts = {view: len(await reader.fetch(f"SELECT * FROM {view}")) for view in views}

    assert len(views) == 8
    assert [view for view, n in counts.items() if not n] == []


async def test_the_role_may_read_nothing_but_the_views_and_write_nothing(url: str):
    async with reading_as_grafana(url) as reader:
        readable = {row[0] for row in await reader.fetch(MAY, "SELECT")}
        views = {f"evenhand_views.{row[0]}" for row in await reader.fetch(VIEWS)}
        (may,) = await reader.fetch(
            "SELECT has_schema_privilege('public', 'CREATE') AS in_public,"
            " has_schema_privilege('evenhand_views', 'CREATE') AS in_views,"
            " has_database_privilege(current_database(), 'CREATE') AS in_database"
        )
        writable = await reader.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'evenhand_views'::regnamespace"
            " AND has_table_privilege(oid, $1)",
            WRITES,
        )

    assert readable == views
    assert dict(may) == {"in_public": False, "in_views": False, "in_database": False}
    assert writable == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM public.events",
        "SELECT name FROM public.customers",
        "SELECT value FROM public.instance",
        "SELECT digest FROM public.tokens",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE postgres",
        "DELETE FROM public.clocks",
        "CREATE TABLE evenhand_views.mine (a int)",
        "CREATE VIEW public.mine AS SELECT 1",
    ],
)
async def test_the_role_is_refused_whatever_it_sets(url: str, statement: str):
    async with reading_as_grafana(url) as reader:
        await reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(statement)


async def test_the_role_begins_read_only_with_a_limit_to_what_it_may_cost(url: str):
    async with reading_as_grafana(url) as reader:
        found = {
            name: await reader.fetchval("SELECT current_setting($1)", name)
            for name in ("default_transaction_read_only", "statement_timeout", "search_path")
        }
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.execute("CREATE TEMPORARY TABLE mine (a int); CREATE TABLE t (a int)")

    assert found == {
        "default_transaction_read_only": "on",
        "statement_timeout": "10s",
        "search_path": "evenhand_views",
    }


async def test_the_views_run_with_their_owners_rights_and_hide_no_rows(url: str):
    async with reading_as_grafana(url) as reader:
        options = await reader.fetch(
            "SELECT relname, reloptions FROM pg_class"
            " WHERE relnamespace = 'evenhand_views'::regnamespace AND reloptions IS NOT NULL"
        )

    assert options == []


async def test_a_view_that_is_made_anew_is_for_the_role_too(url: str):
    owner = psql(url, "-c", "CREATE VIEW evenhand_views.newer AS SELECT 1 AS a")
    assert owner.returncode == 0, owner.stderr

    async with reading_as_grafana(url) as reader:
        found = await reader.fetchval("SELECT a FROM newer")

    assert psql(url, "-c", "DROP VIEW evenhand_views.newer").returncode == 0
    assert found == 1


async def test_the_day_begins_in_the_zone_that_the_script_was_given(url: str):
    make_role(url, "-v", "zone=Europe/Copenhagen")

    async with reading_as_grafana(url) as reader:
        zone = await reader.fetchval("SELECT current_setting('timezone')")

    assert zone == "Europe/Copenhagen"


def test_without_a_password_no_role_is_made(database_url: str):
    made = psql(database_url, "-f", str(SCRIPT), "-v", "role=nobody_yet")
    found = psql(database_url, "-tAc", "SELECT count(*) FROM pg_roles WHERE rolname = 'nobody_yet'")

    assert made.returncode == 3
    assert "GRAFANA_DB_PASSWORD" in made.stderr
    assert found.stdout.strip() == "0"


def test_a_role_that_may_do_more_already_is_not_taken_over(database_url: str):
    assert psql(database_url, "-c", "CREATE ROLE mighty CREATEROLE").returncode == 0

    made = psql(database_url, "-f", str(SCRIPT), "-v", "role=mighty", **PASSWORD)

    assert psql(database_url, "-c", "DROP ROLE mighty").returncode == 0
    assert made.returncode == 3
    assert "already do more" in made.stderr


@pytest.mark.parametrize(
    "more",
    [
        "GRANT SELECT ON public.events TO nosy",
        "GRANT UPDATE (name) ON public.customers TO nosy",
        "GRANT INSERT ON evenhand_views.contacts TO nosy",
        "CREATE TABLE public.hers (a int); ALTER TABLE public.hers OWNER TO nosy",
    ],
)
def test_a_role_that_may_see_more_than_the_views_is_not_taken_over(database_url: str, more: str):
    told = psql(database_url, "-c", "CREATE ROLE nosy", "-c", more)
    assert told.returncode == 0, told.stderr

    made = psql(database_url, "-f", str(SCRIPT), "-v", "role=nosy", **PASSWORD)
    can_log_in = psql(database_url, "-tAc", "SELECT rolcanlogin FROM pg_roles WHERE rolname='nosy'")

    assert psql(database_url, "-c", "DROP OWNED BY nosy", "-c", "DROP ROLE nosy").returncode == 0
    assert made.returncode == 3
    assert "may already do more than read the views, with" in made.stderr
    assert can_log_in.stdout.strip() == "f"


def test_no_password_stands_in_the_script():
    text = SCRIPT.read_text()

    assert "PASSWORD :'password'" in text
    assert ROLE in text
