"""One connection of its own, whose session holds locks: whoever falls silent loses it, and them.

PostgreSQL ends a session that does nothing for a while, also one that stops amid a transaction. So
what is owned by a lock of this session is free again soon after its owner froze, died or lost its
way to the database.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.store.engine import AWAY, CONNECT_SECONDS, Database, Transaction

SILENT_SECONDS = 2
"""After so long without a word the session ends; its holder must speak more often."""
STATEMENT_SECONDS = 30

STILL_THERE = text("SELECT 1")


@dataclass(slots=True)
class Lease:
    """A session that is connected when first used. After any error it has to be dropped.

    To be used by one at a time.
    """

    engine: AsyncEngine
    _connection: AsyncConnection | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction in the session; locks that are taken outlive it."""
        if self._connection is None:
            self._connection = await self.engine.connect()
        async with self._connection.begin():
            yield self._connection

    async def say_still_there(self) -> None:
        """Keep the session while there is nothing to ask."""
        async with self.begin() as tx:
            await tx.execute(STILL_THERE)

    async def drop(self) -> None:
        """End the session and with it all locks; the next use begins another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await connection.invalidate()
            with suppress(*AWAY):
                await connection.close()

    async def close(self) -> None:
        """End the session for good."""
        await self.drop()
        await self.engine.dispose()


def open_lease(db: Database) -> Lease:
    """Prepare a session beside the pool of ``db``; nothing is connected yet."""
    silent = str(SILENT_SECONDS * 1000)
    engine = create_async_engine(
        db.engine.url,
        poolclass=NullPool,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS,
            "server_settings": {
                "application_name": "evenhand lease",
                "timezone": "UTC",
                "jit": "off",
                "idle_session_timeout": silent,
                "idle_in_transaction_session_timeout": silent,
            },
        },
    )
    return Lease(engine)
