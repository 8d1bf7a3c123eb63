"""Tables of events, of what follows from them, and of the service itself; durations in microseconds."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    func,
)

from app.store.schema import INSTANT, metadata

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("occurred_at", INSTANT, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("contact_key", Text),
    Column("fact", Text),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("received_at", "seq"),
    # fold: all events of the touched contacts
    Index("events_by_contact", "contact_key", postgresql_where="contact_key IS NOT NULL"),
    # fold of the registry: all events about the touched customers
    Index("events_of_registry", "subject", postgresql_where="type LIKE 'customer.%'"),
    # fold of agents: their comings and goings, and work that names no contact
    Index(
        "events_of_agents",
        "subject",
        postgresql_where="contact_key IS NULL AND (type LIKE 'agent.%' OR type LIKE 'work.%')",
    ),
    postgresql_partition_by="RANGE (received_at)",
)

seen = Table(
    "seen",
    metadata,
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("source", "event_id"),
)

touched = Table(
    "touched",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("touched_at", INSTANT, nullable=False, server_default=func.now()),
    # fold: the marks of a claimed key; judge: whether a key is about to be replayed
    Index("touched_by_key", "key"),
    # fold: the few marks of other kinds among many of contacts
    Index("touched_beside_contacts", "id", postgresql_where="key NOT LIKE 'c:%'"),
)

links = Table(
    "links",
    metadata,
    Column("key", Text, nullable=False),
    Column("other", Text, nullable=False),
    PrimaryKeyConstraint("key", "other"),
    Index("links_by_other", "other"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("queue", Text),
    Column("link", Text),
    Column("opened_at", INSTANT),
    Column("waiting_since", INSTANT),
    Column("resolved_at", INSTANT),
    Column("last_event_at", INSTANT, nullable=False),
    Column("is_over", Boolean, nullable=False),
    Column("is_worked_on", Boolean, nullable=False),
    Column("is_discarded", Boolean, nullable=False),
    Column("is_turned_away", Boolean, nullable=False),
    Column("history_missing", Boolean, nullable=False),
    Column("names", Text, nullable=False),
    Column("masked", Text),
    Column("turned_away_inferred", Boolean, nullable=False, server_default=false()),
    Column("turned_away_at", INSTANT),
    Column("brief_until", INSTANT),
    Column("dealing", Text, nullable=False, server_default="{}"),
    # She heard from a human of ours last, and it is not her turn.
    Column("has_our_word", Boolean, nullable=False, server_default=false()),
    # promises and registry changes: a customer's contacts
    Index("contacts_by_customer", "customer"),
    # snapshot and policy changes: what is still open, and of whom
    Index("contacts_open_by_customer", "customer", "key", postgresql_where="NOT is_over"),
    # fold: whether a customer who reached out had been taken up only briefly before
    Index("contacts_brief", "customer", postgresql_where="brief_until IS NOT NULL"),
    # snapshot: who was turned away today
    Index("contacts_turned_away", "turned_away_at", postgresql_where="is_turned_away"),
    # whoever asks for a contact by the id that its tool gave it
    Index("contacts_by_subject", "subject"),
    # snapshot: whom nobody told when she hears from us again
    Index("contacts_with_our_word", "key", postgresql_where="has_our_word"),
)

contact_names = Table(
    "contact_names",
    metadata,
    Column("name", Text, nullable=False),
    Column("contact_key", Text, nullable=False),
    PrimaryKeyConstraint("name", "contact_key"),
)

clocks = Table(
    "clocks",
    metadata,
    Column("contact_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("target_us", BigInteger, nullable=False),
    Column("due_at", INSTANT),
    Column("breaches_at", INSTANT),
    Column("stopped_at", INSTANT),
    Column("ending", Text),
    Column("elapsed_us", BigInteger),
    Column("pauses", Text, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("is_measurable", Boolean, nullable=False),
    Column("rule", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    # What the ledgers already say of this clock.
    Column("settled", Boolean, nullable=False),
    Column("noted", Boolean, nullable=False),
    Column("observed", Boolean, nullable=False),
    # The levels of warning that it comes to, those that were told, and when the next one is due.
    Column("warnings", Text, nullable=False, server_default="[]"),
    Column("warned", ARRAY(Text), nullable=False, server_default="{}"),
    Column("next_warning_at", INSTANT),
    PrimaryKeyConstraint("contact_key", "kind", "number"),
    CheckConstraint(
        "stopped_at IS NULL OR stopped_at >= started_at", name="clocks_stop_after_start"
    ),
    CheckConstraint("(ending IS NULL) = (stopped_at IS NULL)", name="clocks_end_with_a_stop"),
    CheckConstraint("target_us >= 0", name="clocks_have_a_target"),
    CheckConstraint("NOT noted OR settled", name="clocks_noted_are_settled"),
    # judge: what fell due and is not noted yet
    Index(
        "clocks_to_note",
        "breaches_at",
        postgresql_where="ending IS NULL AND NOT noted AND is_measurable AND breaches_at IS NOT NULL",
    ),
    # judge: which levels of warning fell due
    Index(
        "clocks_to_warn",
        "next_warning_at",
        postgresql_where="next_warning_at IS NOT NULL",
    ),
    # snapshot: today's figures of a team, and those of the same day last week
    Index("clocks_began", "started_at"),
    # snapshot: what still runs
    Index("clocks_running", "breaches_at", postgresql_where="ending IS NULL"),
)

promises = Table(
    "promises",
    metadata,
    Column("contact_key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("promised_at", INSTANT, nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Column("due_team", Text),
    Column("agent", Text),
    Column("moves", Integer, nullable=False),
    Column("ended_at", INSTANT),
    Column("ending", Text),
    PrimaryKeyConstraint("contact_key", "number"),
    # fold: whether a customer has a promise that an answer may keep
    Index("promises_by_customer", "customer"),
    # snapshot: the promises that are due next
    Index("promises_open", "due_at", postgresql_where="ended_at IS NULL"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("contact_key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("customer", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("stopped_at", INSTANT),
    PrimaryKeyConstraint("contact_key", "number"),
    CheckConstraint(
        "stopped_at IS NULL OR stopped_at >= started_at", name="callbacks_stop_after_start"
    ),
    # fold: whether a customer has a callback that an answer may end
    Index("callbacks_by_customer", "customer"),
    # snapshot and policy changes: what is still owed
    Index("callbacks_open", "started_at", postgresql_where="stopped_at IS NULL"),
)

came_back = Table(
    "came_back",
    metadata,
    Column("contact_key", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Index("came_back_by_customer", "customer"),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("public_name", Boolean, nullable=False),
    Column("since", INSTANT),
    Column("tiers_since", ARRAY(INSTANT), nullable=False),
    Column("tiers", ARRAY(Text), nullable=False),
    Column("merged_into", Text),
)

customer_names = Table(
    "customer_names",
    metadata,
    Column("name", Text, nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("customer", Text, nullable=False),
    PrimaryKeyConstraint("name", "since", "customer"),
    Index("customer_names_by_customer", "customer"),
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("key", Text, primary_key=True),
    Column("error", Text, nullable=False),
    Column("set_aside_at", INSTANT, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("quarantine_by_source", "source", "received_at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
)

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("effective_from", INSTANT, nullable=False),
    Column("activated_at", INSTANT, nullable=False),
    Column("text", Text, nullable=False),
)

sources_heard = Table(
    "sources_heard",
    metadata,
    Column("source", Text, primary_key=True),
    Column("last_event_at", INSTANT, nullable=False),
)

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

pools = Table(
    "pools",
    metadata,
    Column("team", Text, primary_key=True),
    # Whoever takes the pool over raises it; writes of an earlier owner are refused.
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("frozen", LargeBinary),
    Column("frozen_at", INSTANT),
    # Marks up to this one must be gone before the news are complete.
    Column("marks_awaited", BigInteger, nullable=False, server_default="0"),
    Column("standing", Text),
    Column("standing_at", INSTANT),
    CheckConstraint("(standing IS NULL) = (standing_at IS NULL)", name="pools_stand_at_an_instant"),
)

pool_news = Table(
    "pool_news",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("team", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("moves", LargeBinary, nullable=False),
    Column("members_only", Boolean, nullable=False),
    Column("taken_epoch", BigInteger, nullable=False, server_default="0"),
    # owner: what this epoch has not taken yet
    Index("pool_news_to_take", "team", "taken_epoch"),
)

pools_passed = Table(
    "pools_passed",
    metadata,
    Column("contact_key", Text, nullable=False),
    Column("team", Text, nullable=False),
    PrimaryKeyConstraint("contact_key", "team"),
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("team", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("raised_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("revision", Text, nullable=False),
    Column("withdrawn_at", INSTANT),
    CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="episodes_end_after_start"),
    # owner: which of the stored ones are those worked out now
    Index("episodes_by_team", "team", "ended_at"),
    # snapshot: what lasts, and the newest of what is over
    Index("episodes_by_end", "ended_at"),
)
