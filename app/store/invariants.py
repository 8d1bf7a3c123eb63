"""Facts that always hold in the database; each query returns the rows that break one."""

from collections.abc import Mapping

from sqlalchemy import text

from app.store.engine import Transaction

INVARIANTS: Mapping[str, str] = {
    "noted minus withdrawn is what is noted now": """
        SELECT coalesce(l.contact_key, c.contact_key) AS contact_key
        FROM (
          SELECT contact_key, kind, number,
            sum(CASE what WHEN 'noted' THEN 1 ELSE -1 END) AS noted
          FROM breaches GROUP BY contact_key, kind, number
        ) AS l
        FULL JOIN (
          SELECT contact_key, kind, number, 1 AS noted FROM clocks WHERE noted
        ) AS c USING (contact_key, kind, number)
        WHERE coalesce(l.noted, 0) <> coalesce(c.noted, 0)
    """,
    "tallies of breaches are the ledger's": """
        SELECT n FROM (
          SELECT coalesce(sum(n), 0) AS n FROM (
            SELECT CASE what WHEN 'breached' THEN n WHEN 'withdrawn' THEN -n END AS n FROM totals
            WHERE what IN ('breached', 'withdrawn')
            UNION ALL
            SELECT CASE what WHEN 'breached' THEN n WHEN 'withdrawn' THEN -n END FROM tallies
            WHERE what IN ('breached', 'withdrawn')
            UNION ALL
            SELECT CASE what WHEN 'noted' THEN -1 ELSE 1 END FROM breaches
          ) AS all_of_them
        ) AS s WHERE n <> 0
    """,
    "tallies of warnings are the ledger's": """
        SELECT n FROM (
          SELECT coalesce(sum(n), 0) AS n FROM (
            SELECT n FROM totals WHERE what LIKE 'warned %'
            UNION ALL SELECT n FROM tallies WHERE what LIKE 'warned %'
            UNION ALL SELECT -1 FROM warnings
          ) AS all_of_them
        ) AS s WHERE n <> 0
    """,
    "what was warned of is in the ledger": """
        SELECT k.contact_key FROM clocks k, unnest(k.warned) AS level
        LEFT JOIN LATERAL (
          SELECT 1 AS found FROM warnings w
          WHERE w.contact_key = k.contact_key AND w.kind = k.kind AND w.number = k.number
            AND w.level = level
        ) AS told ON true
        WHERE told.found IS NULL
    """,
    "a waiting contact is not over": """
        SELECT key FROM contacts WHERE waiting_since IS NOT NULL AND is_over
    """,
    "every stored event was seen": """
        SELECT e.seq FROM events e LEFT JOIN seen s USING (source, event_id) WHERE s.source IS NULL
    """,
    "every promise has its clock": """
        SELECT p.contact_key FROM promises p
        LEFT JOIN clocks k ON k.contact_key = p.contact_key
          AND k.kind = 'follow_up' AND k.number = p.number
        WHERE k.contact_key IS NULL
    """,
    "nobody is served first twice at once": """
        SELECT team, who FROM episodes WHERE ended_at IS NULL AND withdrawn_at IS NULL
        GROUP BY team, who HAVING count(*) > 1
    """,
    "news are of a team that has a pool": """
        SELECT n.id FROM pool_news n LEFT JOIN pools p USING (team) WHERE p.team IS NULL
    """,
    "no news were taken by an owner yet to come": """
        SELECT n.id FROM pool_news n JOIN pools p USING (team) WHERE n.taken_epoch > p.epoch
    """,
}


async def broken(tx: Transaction) -> dict[str, int]:
    """How many rows break each invariant; empty when all hold."""
    counts = {}
    for name, query in INVARIANTS.items():
        rows = (await tx.execute(text(f"SELECT count(*) FROM ({query}) AS broken"))).scalar_one()  # noqa: S608 - our own text
        if rows:
            counts[name] = int(rows)
    return counts
