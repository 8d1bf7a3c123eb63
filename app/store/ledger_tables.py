"""The tables of what we said and when: only ever appended to, and kept when all else is made anew."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from app.store.schema import INSTANT, metadata

breaches = Table(
    "breaches",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("contact_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("breached_at", INSTANT, nullable=False),
    Column("noted_at", INSTANT, nullable=False),
    Column("channel", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("tier", Text, nullable=False),
    CheckConstraint("what IN ('noted', 'withdrawn')", name="breaches_are_noted_or_withdrawn"),
    Index("breaches_by_clock", "contact_key", "kind", "number"),
    Index("breaches_by_time", "noted_at"),
)

warnings = Table(
    "warnings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("contact_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("fell_due_at", INSTANT, nullable=False),
    Column("noted_at", INSTANT, nullable=False),
    Column("channel", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("tier", Text, nullable=False),
    # judge and fold: no level is told twice of one clock, whoever looks
    UniqueConstraint("contact_key", "kind", "number", "level", name="warnings_once_each"),
    Index("warnings_by_time", "noted_at"),
)

turned_away = Table(
    "turned_away",
    metadata,
    Column("contact_key", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("inferred", Boolean, nullable=False),
    Column("turned_away_at", INSTANT, nullable=False),
    Column("counted_at", INSTANT, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("contact_key", Text, primary_key=True),
    Column("team", Text, nullable=False),
    Column("tier", Text, nullable=False),
    # the names of the counters that the call moved
    Column("counters", ARRAY(Text), nullable=False),
    Column("counted_at", INSTANT, nullable=False),
)

TALLY_KEY = ("what", "channel", "team", "tier", "clock", "le")


def _tally_columns() -> list[Column[object]]:
    return [
        Column("what", Text, nullable=False),
        Column("channel", Text, nullable=False),
        Column("team", Text, nullable=False),
        Column("tier", Text, nullable=False),
        Column("clock", Text, nullable=False),
        Column("le", Double, nullable=False),
        Column("n", BigInteger, nullable=False),
        # Exact: rounding in another order would let a counter fall by a hair.
        Column("seconds", Numeric, nullable=False),
    ]


tallies = Table(
    "tallies",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *_tally_columns(),
)

totals = Table("totals", metadata, *_tally_columns(), PrimaryKeyConstraint(*TALLY_KEY))
