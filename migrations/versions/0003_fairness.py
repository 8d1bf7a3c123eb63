"""who is served first: pools, their news, and episodes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pools",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("frozen", sa.LargeBinary(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marks_awaited", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("standing", sa.Text(), nullable=True),
        sa.Column("standing_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(standing IS NULL) = (standing_at IS NULL)", name="pools_stand_at_an_instant"
        ),
        sa.PrimaryKeyConstraint("team"),
    )
    op.create_table(
        "pool_news",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("moves", sa.LargeBinary(), nullable=False),
        sa.Column("members_only", sa.Boolean(), nullable=False),
        sa.Column("taken_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("pool_news_to_take", "pool_news", ["team", "taken_epoch"], unique=False)
    op.create_table(
        "pools_passed",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_key", "team"),
    )
    op.create_table(
        "episodes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= started_at", name="episodes_end_after_start"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("episodes_by_team", "episodes", ["team", "ended_at"], unique=False)
    op.create_index("episodes_by_end", "episodes", ["ended_at"], unique=False)
    _index_agents()


def _index_agents() -> None:
    """One partition after the other, so that events are taken meanwhile."""
    told = "(subject) WHERE contact_key IS NULL AND (type LIKE 'agent.%' OR type LIKE 'work.%')"
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"CREATE INDEX events_of_agents ON ONLY events {told}")
    partitions = op.get_bind().execute(
        sa.text(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
        )
    )
    names = list(partitions.scalars())
    with op.get_context().autocommit_block():
        for name in names:
            index = f"{name}_of_agents"
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {name} {told}")
            op.execute(f"ALTER INDEX events_of_agents ATTACH PARTITION {index}")


def downgrade() -> None:
    op.drop_index("events_of_agents", table_name="events")
    op.drop_table("episodes")
    op.drop_table("pools_passed")
    op.drop_table("pool_news")
    op.drop_table("pools")
