"""Write many rows in one statement: the columns go over as arrays and come out of ``unnest``."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql

from app.store.engine import Transaction

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_sql(table: Table, columns: Sequence[str]) -> str:
    """``INSERT`` of whole columns."""
    types = [table.c[name].type.compile(dialect=_DIALECT) for name in columns]
    arrays = ", ".join(
        f"CAST(:{name} AS {type_}[])" for name, type_ in zip(columns, types, strict=True)
    )
    return f"INSERT INTO {table.name} ({', '.join(columns)})\nSELECT * FROM unnest({arrays})"


def appending(table: Table) -> TextClause:
    """Append rows; the identity column numbers them."""
    return text(insert_sql(table, _written(table)))


def inserting(table: Table) -> TextClause:
    """Insert rows that are not there yet."""
    return text(f"{insert_sql(table, _written(table))}\nON CONFLICT DO NOTHING")


def upserting(table: Table) -> TextClause:
    """Insert rows, or replace those with the same primary key where anything differs."""
    keys = [column.name for column in table.primary_key]
    others = [name for name in _written(table) if name not in keys]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in others)
    old = ", ".join(f"{table.name}.{name}" for name in others)
    new = ", ".join(f"excluded.{name}" for name in others)
    return text(
        f"{insert_sql(table, _written(table))}\n"
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {assignments}\n"
        f"WHERE ({old}) IS DISTINCT FROM ({new})"
    )


def _written(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.identity is None]


async def write(
    tx: Transaction, statement: TextClause, table: Table, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run one of the statements above with rows in the order of the table's columns."""
    if not rows:
        return
    columns = zip(_written(table), zip(*rows, strict=True), strict=True)
    await tx.execute(statement, {name: list(values) for name, values in columns})
