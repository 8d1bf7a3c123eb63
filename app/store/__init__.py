"""All SQL: tables, engine, one file per table group."""
