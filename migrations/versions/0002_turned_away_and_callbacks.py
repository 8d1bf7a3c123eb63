"""turned away is counted, and calls back that are owed are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "stopped_at IS NULL OR stopped_at >= started_at", name="callbacks_stop_after_start"
        ),
        sa.PrimaryKeyConstraint("contact_key", "number"),
    )
    op.create_index("callbacks_by_customer", "callbacks", ["customer"], unique=False)
    op.create_index(
        "callbacks_open",
        "callbacks",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "came_back",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_key"),
    )
    op.create_index("came_back_by_customer", "came_back", ["customer"], unique=False)
    op.create_table(
        "turned_away",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.Column("turned_away_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contact_key"),
    )
    # The columns have defaults, so that the version before this one can go on writing contacts.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "contacts",
        sa.Column("turned_away_inferred", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("contacts", sa.Column("turned_away_at", sa.DateTime(timezone=True)))
    op.add_column("contacts", sa.Column("brief_until", sa.DateTime(timezone=True)))
    op.add_column("contacts", sa.Column("dealing", sa.Text(), server_default="{}", nullable=False))
    with op.get_context().autocommit_block():
        op.create_index(
            "contacts_brief",
            "contacts",
            ["customer"],
            unique=False,
            postgresql_where=sa.text("brief_until IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "contacts_turned_away",
            "contacts",
            ["turned_away_at"],
            unique=False,
            postgresql_where=sa.text("is_turned_away"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("contacts_turned_away", table_name="contacts")
    op.drop_index("contacts_brief", table_name="contacts")
    op.drop_column("contacts", "dealing")
    op.drop_column("contacts", "brief_until")
    op.drop_column("contacts", "turned_away_at")
    op.drop_column("contacts", "turned_away_inferred")
    op.drop_table("turned_away")
    op.drop_table("came_back")
    op.drop_table("callbacks")
