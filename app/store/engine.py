"""The way to PostgreSQL: one engine, transactions, and what counts as "the database is away"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

Transaction = AsyncConnection
"""A connection inside ``begin``: what every function of the store takes first."""

POOL_SIZE = 8
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30

AWAY = (OSError, DBAPIError, InterfaceError, OperationalError, TimeoutError)
"""What is raised while PostgreSQL is away, starting or in recovery."""

REFUSALS = frozenset({"21", "22", "23", "54"})
"""Classes of PostgreSQL's errors that the values themselves caused: they come again at every try."""


def is_refusal(error: BaseException) -> bool:
    """Whether PostgreSQL refused the values it was given; it is not away."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    return isinstance(error, DBAPIError) and state[:2] in REFUSALS


def is_fault(error: BaseException) -> bool:
    """Whether trying again cannot help: neither is the database away nor was it a deadlock."""
    return is_refusal(error) or not isinstance(error, AWAY)


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL, version 15 or newer."""

    engine: AsyncEngine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction; commit at the end, roll back on an error."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A transaction that sees one instant and changes nothing."""
        async with self.engine.connect() as connection:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            yield await connection.execution_options(**options)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Transaction]:
        """A connection where each statement is a transaction of its own: one round trip less."""
        async with self.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """Prepare the way to the database at ``url``; nothing is connected yet."""
    engine = create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=4,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=False,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS,
            "server_settings": {"application_name": "evenhand", "timezone": "UTC", "jit": "off"},
        },
    )
    return Database(engine)
