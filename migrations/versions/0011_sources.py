"""what sources sent lately, the words they used, and what an admin said those mean."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("event", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deliveries_by_source", "deliveries", ["source", "id"], unique=False)
    op.create_table(
        "delivery_counts",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "since", "verdict"),
    )
    op.create_table(
        "source_told",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('event', 'type', 'team', 'agent')", name="source_told_what"),
        sa.PrimaryKeyConstraint("source", "what", "name"),
    )
    op.create_table(
        "source_words",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('team', 'machine')", name="source_words_what"),
        sa.PrimaryKeyConstraint("source", "what", "name"),
    )


def downgrade() -> None:
    op.drop_table("source_words")
    op.drop_table("source_told")
    op.drop_table("delivery_counts")
    op.drop_table("deliveries")
