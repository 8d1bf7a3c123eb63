"""Bring the database to the schema that this version of the service expects."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


class NoSuchMigration(ValueError):  # noqa: N818 - named for the fact
    """No migration has this number."""


def configuration(url: str) -> Config:
    """Alembic's configuration for a database; no file is needed."""
    config = Config()
    root = Path(str(files("app"))).parent
    config.set_main_option("script_location", str(root / "migrations"))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Apply every migration that is not applied yet."""
    command.upgrade(configuration(url), "head")


def migrate_back(url: str, to: str) -> None:
    """Take back every migration after ``to``, for a version of the service that is older.

    Raises ``NoSuchMigration``. Views, columns and indexes that came later are dropped; no event is.
    """
    known = [
        each.revision for each in ScriptDirectory.from_config(configuration("")).walk_revisions()
    ]
    if to not in known:
        raise NoSuchMigration(f"expected one of {', '.join(sorted(known))}, got {to!r}")
    command.downgrade(configuration(url), to)


def expected_version() -> str:
    """The migration that this version of the service needs."""
    head = ScriptDirectory.from_config(configuration("")).get_current_head()
    assert head is not None  # noqa: S101 - the folder ships with the service
    return head
