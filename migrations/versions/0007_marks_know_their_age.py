"""a mark of something new knows since when it waits."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The column has a default, so that the version before this one can go on marking.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "touched",
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("touched", "touched_at")
