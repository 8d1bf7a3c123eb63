"""who heard from us last is known, and a contact is found by its own id."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The column has a default, so that the version before this one can go on writing contacts.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "contacts",
        sa.Column("has_our_word", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    # What is open is worked out anew, so that the column becomes true where it has to be.
    op.execute("INSERT INTO touched (key) SELECT 'c:' || key FROM contacts WHERE NOT is_over")
    with op.get_context().autocommit_block():
        op.create_index(
            "contacts_by_subject",
            "contacts",
            ["subject"],
            unique=False,
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        op.create_index(
            "contacts_with_our_word",
            "contacts",
            ["key"],
            unique=False,
            if_not_exists=True,
            postgresql_where=sa.text("has_our_word"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("contacts_with_our_word", table_name="contacts")
    op.drop_index("contacts_by_subject", table_name="contacts")
    op.drop_column("contacts", "has_our_word")
