"""views that dashboards may rely on, in a schema of their own; docs/views.md says what each column means.

Whoever may read them sees what the views show and no table: they run with the rights of their owner.
They hide no rows from anybody, so that they need be no barrier and conditions reach the indexes.
A later change of a column that a view names drops the view first and makes it anew.
"""

# ruff: noqa: S608 - what is put in are constants of this file

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "evenhand_views"

SILENCE = """
SELECT coalesce(
  max(convert_from(value, 'UTF8')), '{"phone": 7200, "chat": 43200, "email": 2592000}'
)::json AS after
FROM instance WHERE name = 'lost track'
"""
"""Seconds of silence by channel after which a contact is lost track of: one row, always."""

IS_LOST = """c.last_event_at <= now() - make_interval(secs => (silence.after ->>
    CASE WHEN c.channel IN ('phone', 'chat') THEN c.channel ELSE 'email' END)::double precision)"""

SHOWN_AS = """CASE
    WHEN u.public_name AND u.name <> '' THEN u.name
    WHEN c.masked IS NOT NULL THEN c.masked
    WHEN c.customer LIKE 'unknown:%' THEN 'customer not named'
    ELSE c.customer
  END AS shown_as"""
"""A name where it is public, else what is left of an address or number, else the id."""

LINK = "CASE WHEN c.link ~* '^https?://' THEN c.link END AS link"

OPEN = """
SELECT contacts.customer FROM contacts WHERE NOT contacts.is_over
UNION
SELECT contacts.customer FROM clocks JOIN contacts ON contacts.key = clocks.contact_key
WHERE clocks.ending IS NULL AND clocks.kind IN ('follow_up', 'callback')
"""
"""Who has an open contact, or is owed something after hers was over: nothing else runs on then."""

MASKED = """(
    SELECT few.masked FROM (
      SELECT contacts.masked FROM contacts WHERE contacts.customer = all_of.customer LIMIT 20
    ) AS few
    WHERE few.masked IS NOT NULL LIMIT 1
  )"""

CUSTOMERS = f"""
SELECT all_of.customer,
  CASE
    WHEN all_of.public_name AND all_of.name <> '' THEN all_of.name
    ELSE coalesce({MASKED}, all_of.customer)
  END AS shown_as,
  all_of.is_registered, all_of.since
FROM (
  SELECT id AS customer, name, public_name, true AS is_registered, since
  FROM customers WHERE merged_into IS NULL
  UNION ALL
  SELECT o.customer, NULL, false, false, NULL
  FROM ({OPEN}) AS o
  WHERE o.customer NOT LIKE 'unknown:%'
    AND NOT EXISTS (SELECT 1 FROM customers u WHERE u.id = o.customer)
) AS all_of
"""

CONTACTS = f"""
SELECT c.customer, {SHOWN_AS}, c.source, c.subject AS contact, c.team, c.channel, c.tier, {LINK},
  c.opened_at, c.last_event_at, c.resolved_at,
  CASE WHEN NOT c.is_over AND NOT ({IS_LOST}) THEN c.waiting_since END AS waiting_since,
  CASE
    WHEN c.is_over THEN 'over'
    WHEN {IS_LOST} THEN 'lost track of'
    WHEN c.waiting_since IS NOT NULL THEN 'waiting'
    ELSE 'open'
  END AS standing,
  NOT c.is_over AND NOT ({IS_LOST}) AS is_open,
  c.is_turned_away
FROM contacts c
LEFT JOIN customers u ON u.id = c.customer
CROSS JOIN ({SILENCE}) AS silence
WHERE NOT c.is_discarded
"""

IS_LATE = """coalesce(k.is_measurable AND k.ending IS DISTINCT FROM 'cancelled'
    AND k.breaches_at < coalesce(k.stopped_at, now()), false)"""
"""As ``Clock.is_breached`` says: more than the target had passed when it stopped, or by now."""

IS_ANSWERED = "k.is_measurable AND k.ending IN ('answered', 'resolved')"

VERDICT = f"""CASE
    WHEN NOT k.is_measurable THEN 'cannot be judged'
    WHEN {IS_LATE} THEN CASE WHEN k.ending IS NULL THEN 'late, still open' ELSE 'late' END
    WHEN k.ending IS NULL THEN CASE WHEN k.is_paused THEN 'paused' ELSE 'open' END
    WHEN k.ending IN ('answered', 'resolved') THEN 'kept'
    WHEN k.ending = 'waived' THEN 'no answer needed'
    ELSE 'does not count'
  END AS verdict"""

CLOCKS = f"""
SELECT c.customer, {SHOWN_AS}, c.source, c.subject AS contact, k.team, k.channel, k.tier, {LINK},
  k.kind AS clock, k.number, k.started_at, k.due_at, k.breaches_at AS late_at, k.stopped_at,
  {VERDICT},
  k.ending IS NULL AND (k.kind IN ('follow_up', 'callback') OR NOT ({IS_LOST})) AS is_open,
  {IS_LATE} AS is_late,
  CASE WHEN {IS_LATE} THEN k.breaches_at WHEN {IS_ANSWERED} THEN k.stopped_at END AS decided_at,
  k.target_us / 1e6::double precision AS target_seconds,
  k.elapsed_us / 1e6::double precision AS elapsed_seconds,
  k.rule, k.policy_version
FROM clocks k
JOIN contacts c ON c.key = k.contact_key
LEFT JOIN customers u ON u.id = c.customer
CROSS JOIN ({SILENCE}) AS silence
"""

FOLLOW_UPS = f"""
SELECT p.customer, {SHOWN_AS}, c.source, c.subject AS contact, k.team, k.channel, k.tier, {LINK},
  p.promised_at, p.due_at, p.moves, p.ended_at, {VERDICT},
  p.ended_at IS NULL AS is_open,
  p.ended_at IS NULL AND p.due_at < now() AS is_overdue,
  {IS_LATE} AS is_late
FROM promises p
JOIN contacts c ON c.key = p.contact_key
JOIN clocks k ON k.contact_key = p.contact_key AND k.kind = 'follow_up' AND k.number = p.number
LEFT JOIN customers u ON u.id = c.customer
"""

CALLBACKS = f"""
SELECT b.customer, {SHOWN_AS}, c.source, c.subject AS contact, b.team, c.channel, c.tier, {LINK},
  b.started_at AS owed_since, k.due_at, b.stopped_at AS ended_at,
  b.stopped_at IS NULL AS is_open,
  coalesce({IS_LATE}, false) AS is_late
FROM callbacks b
JOIN contacts c ON c.key = b.contact_key
LEFT JOIN clocks k ON k.contact_key = b.contact_key AND k.kind = 'callback' AND k.number = b.number
LEFT JOIN customers u ON u.id = c.customer
"""

TURNED_AWAY = f"""
SELECT c.customer, {SHOWN_AS}, c.source, c.subject AS contact, c.team, c.channel, c.tier, {LINK},
  c.turned_away_at, c.turned_away_inferred AS is_inferred,
  EXISTS (
    SELECT 1 FROM callbacks b
    WHERE b.customer = c.customer AND b.team = c.team AND b.stopped_at IS NULL
      AND b.started_at <= c.turned_away_at
  ) AS waits_for_call
FROM contacts c
LEFT JOIN customers u ON u.id = c.customer
WHERE c.is_turned_away
"""

WAITED_FOR_OTHERS = """
SELECT harmed.customer, e.team, e.started_at, e.ended_at, harmed.seconds AS extra_wait_seconds
FROM episodes e
CROSS JOIN LATERAL json_to_recordset(e.revision::json -> 'harmed')
  AS harmed(customer text, seconds double precision)
WHERE e.withdrawn_at IS NULL
"""

DAYS = f"""
SELECT customer, day, clock,
  count(*) AS decided,
  count(*) FILTER (WHERE NOT is_late) AS kept,
  count(*) FILTER (WHERE is_late) AS late
FROM (
  SELECT customer, decided_at::date AS day, clock, is_late
  FROM {SCHEMA}.clocks WHERE decided_at IS NOT NULL
) AS judged
GROUP BY customer, day, clock
"""

VIEWS = {
    "customers": CUSTOMERS,
    "contacts": CONTACTS,
    "clocks": CLOCKS,
    "follow_ups": FOLLOW_UPS,
    "callbacks": CALLBACKS,
    "turned_away": TURNED_AWAY,
    "waited_for_others": WAITED_FOR_OTHERS,
    "days": DAYS,
}


def upgrade() -> None:
    op.execute(f"CREATE SCHEMA {SCHEMA}")
    op.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'For dashboards: see docs/views.md'")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {SCHEMA}.{name} AS {query}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {SCHEMA}.{name}")
    op.execute(f"DROP SCHEMA {SCHEMA}")
