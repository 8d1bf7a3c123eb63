"""What a panel asks of PostgreSQL: the query as Grafana's own datasource keeps it, and its variables.

The SDK knows no queries of this datasource. Only the views of docs/views.md are asked. A variable
stands in quotes, because Grafana doubles the quotes in its value and adds none.
"""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import common, dashboard

PLUGIN = "grafana-postgresql-datasource"
DATABASE = common.DataSourceRef(type_val=PLUGIN, uid="${database}")
DATABASES: builder.Builder[dashboard.VariableModel] = (
    board.DatasourceVariable("database")
    .label("Database")
    .type(PLUGIN)
    .current(dashboard.VariableOption(text="PostgreSQL", value="evenhand-postgres"))
)
"""Which PostgreSQL the panels ask."""


@dataclass(frozen=True, slots=True)
class Query(variants.Dataquery, builder.Builder[variants.Dataquery]):
    """One query; ``format`` is ``table``, or ``time_series`` with a column ``time``."""

    sql: str
    format: str = "table"

    def build(self) -> variants.Dataquery:
        """Be its own model: there is nothing left to set."""
        return self

    def to_json(self) -> dict[str, object]:
        """Say it as the query editor would keep it, in its mode for code."""
        return {
            "datasource": DATABASE,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": "A",
        }


def drop_down(name: str, label: str, sql: str) -> board.QueryVariable:
    """One value of those that a query gives, by its text; what is typed narrows them down."""
    shown = board.QueryVariable(name).label(label).datasource(DATABASE).definition(sql).query(sql)
    shown = shown.multi(False).include_all(False).sort(dashboard.VariableSort.DISABLED)
    return shown.refresh(dashboard.VariableRefresh.ON_DASHBOARD_LOAD)
