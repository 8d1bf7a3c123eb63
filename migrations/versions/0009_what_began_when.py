"""what began today is found exactly, and so are the promises that are still open.

A block range index reads most of a table whose free space is scattered, as a rebuild or months of
vacuuming leave it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "clocks_began",
            "clocks",
            ["started_at"],
            unique=False,
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        op.create_index(
            "promises_open",
            "promises",
            ["due_at"],
            unique=False,
            if_not_exists=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            postgresql_concurrently=True,
        )
        op.drop_index(
            "clocks_by_start", table_name="clocks", if_exists=True, postgresql_concurrently=True
        )


def downgrade() -> None:
    op.create_index(
        "clocks_by_start", "clocks", ["started_at"], unique=False, postgresql_using="brin"
    )
    op.drop_index("promises_open", table_name="promises")
    op.drop_index("clocks_began", table_name="clocks")
