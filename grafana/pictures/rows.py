"""What PostgreSQL answers, with the kinds of columns that Grafana's data source makes of it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("timestamptz", "timestamp"), "time"),
    **dict.fromkeys(("int2", "int4", "int8", "float4", "float8", "numeric"), "number"),
    "bool": "boolean",
}
TIME = "time"
"""A column of this name is one of instants, also where it counts seconds."""


async def rows_of(connection: asyncpg.Connection, statement: str) -> dict[str, Any]:
    """The columns and the rows of an answer; instants are Unix milliseconds."""
    prepared = await connection.prepare(statement)
    kinds = {each.name: TYPES.get(each.type.name, "string") for each in prepared.get_attributes()}
    seconds = {name for name, kind in kinds.items() if (name, kind) == (TIME, "number")}
    kinds |= dict.fromkeys(seconds, "time")
    rows = [
        [_plain(value * 1000 if name in seconds else value) for name, value in row.items()]
        for row in await prepared.fetch()
    ]
    return {"columns": [{"name": n, "type": kind} for n, kind in kinds.items()], "rows": rows}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.timestamp() * 1000
        case Decimal():
            return float(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
