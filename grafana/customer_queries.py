"""What the dashboard "Customer" asks, of the views of docs/views.md and of nothing else.

All ask for one customer, so that `contacts_by_customer`, `promises_by_customer` or
`callbacks_by_customer` serves them, and from there `clocks_pkey`. Where they are not known they give no
row, so that a panel shows its own words.
"""

# ruff: noqa: S608 - what is put in are constants of this file

HERS = "customer = '$customer'"
ANSWERS = "clock IN ('first_response', 'next_response')"
MOST_ROWS = 100

CUSTOMERS = """\
SELECT customer AS __value, CASE
    WHEN count(*) OVER (PARTITION BY shown_as) > 1 THEN shown_as || ' ...' || right(customer, 6)
    ELSE shown_as
  END AS __text
FROM evenhand_views.customers
WHERE shown_as ILIKE '%$__searchFilter'
ORDER BY lower(shown_as), customer
LIMIT 1000"""
"""Grafana keeps one of two equal texts, so that those who look alike get the end of their ids."""

WAITING = f"""\
SELECT count(waiting_since) AS waiting,
  extract(epoch FROM now() - min(waiting_since))::float8 AS longest,
  (
    SELECT target_seconds FROM evenhand_views.clocks
    WHERE {HERS} AND is_open AND {ANSWERS} AND verdict <> 'cannot be judged'
    ORDER BY started_at LIMIT 1
  ) AS promised
FROM evenhand_views.contacts
WHERE {HERS}
HAVING count(*) > 0"""

LATE = f"""\
SELECT count(*) FILTER (WHERE is_open AND is_late) AS late
FROM evenhand_views.clocks
WHERE {HERS}
HAVING count(*) > 0"""

KEPT = f"""\
SELECT count(*) FILTER (WHERE NOT is_late) AS kept, count(*) AS decided
FROM evenhand_views.clocks
WHERE {HERS} AND $__timeFilter(decided_at)
HAVING count(*) > 0"""

LONGEST = f"""\
SELECT elapsed_seconds AS waited, target_seconds AS promised
FROM evenhand_views.clocks
WHERE {HERS} AND {ANSWERS} AND verdict IN ('kept', 'late') AND $__timeFilter(stopped_at)
ORDER BY elapsed_seconds DESC
LIMIT 1"""

PROMISED = f"""\
SELECT count(*) FILTER (WHERE is_open) AS open, count(*) FILTER (WHERE is_overdue) AS overdue
FROM evenhand_views.follow_ups
WHERE {HERS}
HAVING count(*) > 0"""

OTHERS_FIRST = f"""\
SELECT waited.times, waited.seconds, told.no AS told_no
FROM (
  SELECT count(*) AS times, coalesce(sum(extra_wait_seconds), 0) AS seconds
  FROM evenhand_views.waited_for_others
  WHERE {HERS} AND started_at <= $__timeTo() AND coalesce(ended_at, now()) >= $__timeFrom()
) AS waited
CROSS JOIN (
  SELECT count(*) AS no FROM evenhand_views.turned_away
  WHERE {HERS} AND $__timeFilter(turned_away_at)
) AS told
WHERE (SELECT count(*) FROM evenhand_views.contacts WHERE {HERS}) > 0"""

OPEN = f"""\
SELECT c.contact, c.channel, c.team, c.waiting_since, k.clock, k.target_seconds, k.late_at,
  coalesce(k.verdict, 'nothing is due') AS verdict, c.source, c.link
FROM evenhand_views.contacts c
LEFT JOIN LATERAL (
  SELECT clock, target_seconds, late_at, verdict FROM evenhand_views.clocks
  WHERE customer = c.customer AND source = c.source AND contact = c.contact AND is_open
  ORDER BY late_at LIMIT 1
) AS k ON true
WHERE c.{HERS} AND c.is_open
ORDER BY k.late_at, c.contact
LIMIT {MOST_ROWS}"""

FOLLOW_UPS = f"""\
SELECT due_at, verdict, promised_at, moves, team, contact, source, link
FROM evenhand_views.follow_ups
WHERE {HERS} AND (is_open OR $__timeFilter(due_at))
ORDER BY is_open DESC, due_at
LIMIT {MOST_ROWS}"""

ANSWERED = f"""\
SELECT $__timeGroupAlias(stopped_at, $__interval), channel AS metric,
  max(elapsed_seconds / nullif(target_seconds, 0)) AS share
FROM evenhand_views.clocks
WHERE {HERS} AND {ANSWERS} AND verdict IN ('kept', 'late') AND $__timeFilter(stopped_at)
GROUP BY 1, 2
ORDER BY 1, 2"""

DAYS = f"""\
SELECT day::timestamptz AS time, sum(kept)::int AS kept, sum(late)::int AS late
FROM evenhand_views.days
WHERE {HERS}
  AND day BETWEEN ($__timeFrom()::timestamptz)::date AND ($__timeTo()::timestamptz)::date
GROUP BY 1
ORDER BY 1"""

WERE_LATE = f"""\
SELECT late_at, clock, target_seconds, elapsed_seconds, verdict, rule, channel, team, contact,
  source, link
FROM evenhand_views.clocks
WHERE {HERS} AND is_late AND $__timeFilter(late_at)
ORDER BY late_at DESC
LIMIT {MOST_ROWS}"""

BESIDES = f"""\
SELECT turned_away_at AS since, 'told no' AS happened, NULL::timestamptz AS until,
  NULL::float8 AS seconds, team, contact, source, link
FROM evenhand_views.turned_away
WHERE {HERS} AND $__timeFilter(turned_away_at)
UNION ALL
SELECT owed_since, CASE WHEN is_open THEN 'to call back' ELSE 'called back' END, ended_at,
  NULL, team, contact, source, link
FROM evenhand_views.callbacks
WHERE {HERS} AND (is_open OR $__timeFilter(owed_since))
UNION ALL
SELECT started_at, 'others taken first', ended_at, extra_wait_seconds, team, NULL, NULL, NULL
FROM evenhand_views.waited_for_others
WHERE {HERS} AND started_at <= $__timeTo() AND coalesce(ended_at, now()) >= $__timeFrom()
ORDER BY since DESC
LIMIT {MOST_ROWS}"""
