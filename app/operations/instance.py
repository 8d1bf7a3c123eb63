"""What must be so before the service serves: the right schema, and the key of this deployment."""

from app.store import instance, migration
from app.store.engine import Database

ALIAS_KEY = "alias key"


class WrongSchema(RuntimeError):  # noqa: N818 - named for the fact
    """The database stands at another migration than this version needs."""


async def check_schema(db: Database) -> None:
    """Raise ``WrongSchema`` unless every migration is applied, and no later one."""
    async with db.begin() as tx:
        is_new = not await instance.has_schema_version(tx)
        found = None if is_new else await instance.load_schema_version(tx)
    wanted = migration.expected_version()
    if found != wanted:
        raise WrongSchema(
            f"the database stands at {found or 'nothing'}, this version needs {wanted}: "
            "run `python -m app migrate`"
        )


async def alias_key_of(db: Database, fresh: bytes) -> bytes:
    """The key kept in the database; ``fresh`` becomes it where there is none yet."""
    async with db.begin() as tx:
        return await instance.load_or_keep(tx, ALIAS_KEY, fresh)
