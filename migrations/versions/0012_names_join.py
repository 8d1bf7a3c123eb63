"""what is told of an alias reaches the customer whose it is, also where that was told before.

From now on the way in notes who is joined to whom by a name; here it is noted for the names there are.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        INSERT INTO links (key, other)
        SELECT DISTINCT 'r:' || customer, 'r:' || name FROM customer_names WHERE customer <> name
        ON CONFLICT DO NOTHING
    """)


def downgrade() -> None:
    """The joins do no harm to what does not ask for them."""
