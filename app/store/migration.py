"""Bring the database to the schema that this version of the service expects."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


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


def expected_version() -> str:
    """The migration that this version of the service needs."""
    head = ScriptDirectory.from_config(configuration("")).get_current_head()
    assert head is not None  # noqa: S101 - the folder ships with the service
    return head
