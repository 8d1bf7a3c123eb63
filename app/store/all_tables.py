"""Every table there is, for whoever creates, empties or compares them all."""

from app.store import ledger_tables, position_tables, source_tables, tables
from app.store.schema import metadata

__all__ = ["ledger_tables", "metadata", "position_tables", "source_tables", "tables"]
