"""The tables of what sources sent, how it was understood, and what an admin said of their words."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from app.store.schema import INSTANT, metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("event", Text),
    Column("reason", Text),
    Column("events", Integer, nullable=False),
    # What was understood, as JSON: never text of a message, a secret, an address or a number.
    Column("told", Text, nullable=False),
    # the page of a source: its newest ones; writing: those that are too many
    Index("deliveries_by_source", "source", "id"),
)

delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("source", Text, nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "since", "verdict"),
)

source_told = Table(
    "source_told",
    metadata,
    Column("source", Text, nullable=False),
    # 'event': the tool's own name of one; 'type': ours; 'team', 'agent': the tool's own ids.
    Column("what", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("first_at", INSTANT, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    PrimaryKeyConstraint("source", "what", "name"),
    CheckConstraint("what IN ('event', 'type', 'team', 'agent')", name="source_told_what"),
)

source_words = Table(
    "source_words",
    metadata,
    Column("source", Text, nullable=False),
    # 'team': the tool's id is the team ``means``; 'machine': the tool's agent is no human.
    Column("what", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("said_at", INSTANT, nullable=False),
    PrimaryKeyConstraint("source", "what", "name"),
    CheckConstraint("what IN ('team', 'machine')", name="source_words_what"),
)
