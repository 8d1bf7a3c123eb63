"""The table of how far each source that is fetched was read."""

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from app.store.schema import INSTANT, metadata

positions = Table(
    "positions",
    metadata,
    Column("source", Text, nullable=False),
    Column("feed", Text, nullable=False),
    # Whoever reads the feed alone knows what it means.
    Column("position", Text, nullable=False),
    Column("moved_at", INSTANT),
    # When it was last looked at well, and what went wrong since.
    Column("polled_at", INSTANT),
    Column("error", Text),
    # One process at a time reads a feed: until then, by the database's clock.
    Column("holder", Text, nullable=False),
    Column("held_until", INSTANT, nullable=False),
    PrimaryKeyConstraint("source", "feed"),
)
