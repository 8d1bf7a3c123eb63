"""how far each source that is fetched was read, and by whom.

A table of its own: the version before this one does not know it and needs nothing of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "positions",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True)),
        sa.Column("polled_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "feed"),
    )


def downgrade() -> None:
    op.drop_table("positions")
