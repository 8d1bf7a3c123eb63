"""Three hours through the real service, and every query of every committed dashboard asked of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

import pytest

from app.store.engine import Database
from tests.dashboards.files import BOARDS
from tests.history import Span, prometheus, scraped
from tests.prometheus import annotation_queries, dashboard_queries, query_range, values_of

SPAN = Span(
    datetime(2026, 3, 2, 12, tzinfo=UTC),
    step=timedelta(minutes=4),
    look=timedelta(minutes=2),
)
QUERIES = dict.fromkeys(
    query
    for board in BOARDS.values()
    for query in (*dashboard_queries(board), *annotation_queries(board))
)


@pytest.mark.requirement(48)
async def test_every_query_of_every_dashboard_gives_numbers_from_three_hours_of_the_service(
    db: Database, database_url: str, tmp_path: Path
):
    samples = await scraped(db, database_url, tmp_path, SPAN)

    with prometheus(samples, tmp_path / "prometheus", SPAN) as url:
        answers = dict(_answers(url))

    # One of the queries of a tile may leave it to another to speak.
    silent = [q for q, values in answers.items() if not values and "unless on ()" not in q]
    assert silent == []
    assert [q for q, values in answers.items() if not all(map(isfinite, values))] == []


def _answers(url: str) -> Iterator[tuple[str, list[float]]]:
    begin, end = SPAN.start.timestamp(), SPAN.end.timestamp()
    for query in QUERIES:
        series = query_range(url, query, begin, end)
        yield query, [value for each in series for value in values_of(each)]
