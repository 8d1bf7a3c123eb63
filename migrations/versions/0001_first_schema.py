"""the first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breaches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "what IN ('noted', 'withdrawn')", name="breaches_are_noted_or_withdrawn"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "breaches_by_clock", "breaches", ["contact_key", "kind", "number"], unique=False
    )
    op.create_index("breaches_by_time", "breaches", ["noted_at"], unique=False)
    op.create_table(
        "clocks",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_us", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breaches_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("elapsed_us", sa.BigInteger(), nullable=True),
        sa.Column("pauses", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_measurable", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("noted", sa.Boolean(), nullable=False),
        sa.Column("observed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(ending IS NULL) = (stopped_at IS NULL)", name="clocks_end_with_a_stop"
        ),
        sa.CheckConstraint("NOT noted OR settled", name="clocks_noted_are_settled"),
        sa.CheckConstraint(
            "stopped_at IS NULL OR stopped_at >= started_at", name="clocks_stop_after_start"
        ),
        sa.CheckConstraint("target_us >= 0", name="clocks_have_a_target"),
        sa.PrimaryKeyConstraint("contact_key", "kind", "number"),
    )
    op.create_index(
        "clocks_by_start", "clocks", ["started_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "clocks_running", "clocks", ["breaches_at"], unique=False, postgresql_where="ending IS NULL"
    )
    op.create_index(
        "clocks_to_note",
        "clocks",
        ["breaches_at"],
        unique=False,
        postgresql_where="ending IS NULL AND NOT noted AND is_measurable AND breaches_at IS NOT NULL",
    )
    op.create_table(
        "contact_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "contact_key"),
    )
    op.create_table(
        "contacts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("is_worked_on", sa.Boolean(), nullable=False),
        sa.Column("is_discarded", sa.Boolean(), nullable=False),
        sa.Column("is_turned_away", sa.Boolean(), nullable=False),
        sa.Column("history_missing", sa.Boolean(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("masked", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("contacts_by_customer", "contacts", ["customer"], unique=False)
    op.create_index(
        "contacts_open", "contacts", ["key"], unique=False, postgresql_where="NOT is_over"
    )
    op.create_table(
        "customer_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "since", "customer"),
    )
    op.create_index("customer_names_by_customer", "customer_names", ["customer"], unique=False)
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("public_name", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tiers_since", sa.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("tiers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=True),
        sa.Column("fact", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("received_at", "seq"),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index(
        "events_by_contact",
        "events",
        ["contact_key"],
        unique=False,
        postgresql_where="contact_key IS NOT NULL",
    )
    op.create_index(
        "events_of_registry",
        "events",
        ["subject"],
        unique=False,
        postgresql_where="type LIKE 'customer.%'",
    )
    op.create_table(
        "instance",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "links",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "other"),
    )
    op.create_index("links_by_other", "links", ["other"], unique=False)
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "promises",
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_team", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("contact_key", "number"),
    )
    op.create_index("promises_by_customer", "promises", ["customer"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("quarantine_by_source", "quarantine", ["source", "received_at"], unique=False)
    op.create_table(
        "seen",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id"),
    )
    op.create_table(
        "set_aside",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "sources_heard",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("le", sa.Double(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "totals",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("le", sa.Double(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("what", "channel", "team", "tier", "clock", "le"),
    )
    op.create_table(
        "touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("touched_by_key", "touched", ["key"], unique=False)
    op.create_index(
        "touched_beside_contacts",
        "touched",
        ["id"],
        unique=False,
        postgresql_where="key NOT LIKE 'c:%'",
    )

    # Rows change a few times and then never: room on the page keeps those changes out of the indexes.
    op.execute("ALTER TABLE contacts SET (fillfactor = 70)")
    op.execute("ALTER TABLE clocks SET (fillfactor = 70)")
    # What no month's partition takes: events that arrive before their partition is made.
    op.execute("CREATE TABLE events_0 PARTITION OF events DEFAULT")


def downgrade() -> None:
    op.drop_index("touched_by_key", table_name="touched")
    op.drop_table("touched")
    op.drop_table("totals")
    op.drop_table("tokens")
    op.drop_table("tallies")
    op.drop_table("sources_heard")
    op.drop_table("set_aside")
    op.drop_table("seen")
    op.drop_index("quarantine_by_source", table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_index("promises_by_customer", table_name="promises")
    op.drop_table("promises")
    op.drop_table("policies")
    op.drop_index("links_by_other", table_name="links")
    op.drop_table("links")
    op.drop_table("instance")
    op.drop_index(
        "events_of_registry", table_name="events", postgresql_where="type LIKE 'customer.%'"
    )
    op.drop_index(
        "events_by_contact", table_name="events", postgresql_where="contact_key IS NOT NULL"
    )
    op.drop_table("events")
    op.drop_table("customers")
    op.drop_index("customer_names_by_customer", table_name="customer_names")
    op.drop_table("customer_names")
    op.drop_index("contacts_open", table_name="contacts", postgresql_where="NOT is_over")
    op.drop_index("contacts_by_customer", table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("contact_names")
    op.drop_index(
        "clocks_to_note",
        table_name="clocks",
        postgresql_where="ending IS NULL AND NOT noted AND is_measurable AND breaches_at IS NOT NULL",
    )
    op.drop_index("clocks_running", table_name="clocks", postgresql_where="ending IS NULL")
    op.drop_table("clocks")
    op.drop_index("breaches_by_time", table_name="breaches")
    op.drop_index("breaches_by_clock", table_name="breaches")
    op.drop_table("breaches")
