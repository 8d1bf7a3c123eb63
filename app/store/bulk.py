"""Write many rows in one statement: they go over as one JSON text.

Measured against one array a column: a fifth of the time in this process, and less in PostgreSQL.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql

from app.store.engine import Transaction

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def columns_of(table: Table) -> list[str]:
    """The columns that are written; the identity numbers itself."""
    return [column.name for column in table.columns if column.identity is None]


def insert_sql(table: Table) -> str:
    """``INSERT`` of the rows in the parameter ``rows``."""
    names = columns_of(table)
    types = [f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in names]
    return (
        f"INSERT INTO {table.name} ({', '.join(names)})\n"
        f"SELECT {', '.join(names)}\n"
        f"FROM json_to_recordset(CAST(:rows AS json)) AS t({', '.join(types)})"
    )


def appending(table: Table) -> TextClause:
    """Append rows; the identity column numbers them."""
    return text(insert_sql(table))


def inserting(table: Table) -> TextClause:
    """Insert rows that are not there yet."""
    return text(f"{insert_sql(table)}\nON CONFLICT DO NOTHING")


def upserting(table: Table) -> TextClause:
    """Insert rows, or replace those with the same primary key where anything differs."""
    keys = [column.name for column in table.primary_key]
    others = [name for name in columns_of(table) if name not in keys]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in others)
    old = ", ".join(f"{table.name}.{name}" for name in others)
    new = ", ".join(f"excluded.{name}" for name in others)
    return text(
        f"{insert_sql(table)}\n"
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {assignments}\n"
        f"WHERE ({old}) IS DISTINCT FROM ({new})"
    )


def packed(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    """Rows as the JSON text that the statements take. Infinity goes as the text ``Infinity``."""
    return msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()


async def write(
    tx: Transaction, statement: TextClause, table: Table, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run one of the statements above with rows in the order of the table's columns."""
    if rows:
        await tx.execute(statement, {"rows": packed(columns_of(table), rows)})
