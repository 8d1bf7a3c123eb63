"""What Grafana makes of a query before PostgreSQL gets it: variables, then macros."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MACRO = re.compile(r"\$(\w+)\(([^)]*)\)")
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class View:
    """What is chosen on a dashboard: the time range, the width of a point, and the variables."""

    start: datetime
    end: datetime
    interval: str = "5m"
    variables: Mapping[str, str] = ()  # type: ignore[assignment]

    def filled(self, sql: str) -> str:
        """The query as it is sent; an unknown variable or macro is a ``KeyError``."""
        return MACRO.sub(lambda m: self._macro(m[1], m[2]), self._with_variables(sql))

    def _with_variables(self, sql: str) -> str:
        """One value is put in as it is, with its quotes doubled: the query quotes it."""
        values = {"__interval": self.interval, "__searchFilter": "%", **dict(self.variables)}

        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if sql[found.end() : found.end() + 1] == "(":
                return found[0]
            return values[name].replace("'", "''")

        return VARIABLE.sub(value, sql)

    def _macro(self, name: str, told: str) -> str:
        arguments = [each.strip() for each in told.split(",")]
        start, end = _quoted(self.start), _quoted(self.end)
        match name:
            case "__timeFrom":
                return start
            case "__timeTo":
                return end
            case "__timeFilter":
                return f"{arguments[0]} BETWEEN {start} AND {end}"
            case "__timeGroupAlias":
                seconds = _seconds(arguments[1].strip("'"))
                return f'floor(extract(epoch from {arguments[0]})/{seconds})*{seconds} AS "time"'
            case _:
                raise KeyError(name)


def _quoted(at: datetime) -> str:
    return f"'{at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}'"


def _seconds(interval: str) -> int:
    return int(interval[:-1]) * SECONDS[interval[-1]]


def queries(dashboard: dict[str, Any]) -> dict[str, str]:
    """Every SQL of a dashboard, by the title of its panel or the name of its variable."""
    asked = {
        panel["title"]: target["rawSql"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    variables = dashboard["templating"]["list"]
    return asked | {each["name"]: each["query"] for each in variables if each["type"] == "query"}
