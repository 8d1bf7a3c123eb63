"""Run migrations over an asyncpg connection; the URL comes from the caller."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.store.all_tables import metadata


def is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:  # noqa: FBT001 - alembic's signature
    """Leave the monthly partitions of ``events`` out of comparisons."""
    return not (
        kind in {"table", "index"}
        and name is not None
        and name.startswith(("events_0", "events_2"))
    )


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, include_object=is_ours)
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_run(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    asyncio.run(_connect_and_run(context.config.attributes["url"]))
