"""levels of warning are told once each; open contacts are found by their customer."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "warnings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("fell_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contact_key", "kind", "number", "level", name="warnings_once_each"),
    )
    op.create_index("warnings_by_time", "warnings", ["noted_at"], unique=False)
    # The columns have defaults, so that the version before this one can go on writing clocks.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("clocks", sa.Column("warnings", sa.Text(), server_default="[]", nullable=False))
    op.add_column(
        "clocks", sa.Column("warned", sa.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("clocks", sa.Column("next_warning_at", sa.DateTime(timezone=True)))
    with op.get_context().autocommit_block():
        op.create_index(
            "clocks_to_warn",
            "clocks",
            ["next_warning_at"],
            unique=False,
            postgresql_where=sa.text("next_warning_at IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "contacts_open_by_customer",
            "contacts",
            ["customer", "key"],
            unique=False,
            postgresql_where=sa.text("NOT is_over"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.drop_index(
            "contacts_open",
            table_name="contacts",
            postgresql_concurrently=True,
            if_exists=True,
        )


def downgrade() -> None:
    op.create_index(
        "contacts_open", "contacts", ["key"], unique=False, postgresql_where=sa.text("NOT is_over")
    )
    op.drop_index("contacts_open_by_customer", table_name="contacts")
    op.drop_index("clocks_to_warn", table_name="clocks")
    op.drop_column("clocks", "next_warning_at")
    op.drop_column("clocks", "warned")
    op.drop_column("clocks", "warnings")
    op.drop_table("warnings")
