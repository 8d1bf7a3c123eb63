"""The pages that scrapers get: made once for each snapshot, handed out as they are."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.core.snapshot import Snapshot
from app.metrics.customers import MAX_CUSTOMER_SERIES, CustomerPage, write_customers
from app.metrics.exemplars import with_exemplars
from app.metrics.exposition import MAX_SERIES, write
from app.metrics.negotiation import Format, negotiate
from app.metrics.process import ProcessMetrics
from app.metrics.sheet import END, Written

STALE_AFTER = timedelta(seconds=300)
"""Older numbers are refused: a missing scrape pages somebody, an old one misleads everybody."""

GZIP_LEVEL = 1
RETRY_SECONDS = 5
_PLAIN = "text/plain; charset=utf-8"


class Which(StrEnum):
    """The pages there are."""

    METRICS = "/metrics"
    CUSTOMERS = "/metrics/customers"


@dataclass(frozen=True, slots=True)
class Body:
    """One page in one format, as it is and packed."""

    plain: bytes
    gzipped: bytes


@dataclass(frozen=True, slots=True)
class Pages:
    """Both pages of one snapshot in every form a scraper may ask for."""

    taken_at: datetime
    bodies: Mapping[tuple[Which, Format], Body]
    business: Written
    customers: CustomerPage

    def is_stale(self, now: datetime) -> bool:
        """Whether the numbers are too old to be handed out."""
        return now - self.taken_at > STALE_AFTER


class Answer(NamedTuple):
    """What the route sends; ``headers`` are those besides Content-Type."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes


def _body(text: bytes) -> Body:
    return Body(text, gzip.compress(text, compresslevel=GZIP_LEVEL, mtime=0))


def build(snapshot: Snapshot, process: ProcessMetrics, previous: Pages | None) -> Pages:
    """Make every form of both pages; call it off the event loop, once for each snapshot.

    ``previous`` saves writing what has not changed, and carries on the count of dropped series.
    """
    counted = process.written()
    business = write(snapshot, MAX_SERIES - counted.series, previous.business if previous else None)
    customers = write_customers(
        snapshot, MAX_CUSTOMER_SERIES, previous.customers if previous else None
    )
    shown = {Format.TEXT: business, Format.OPENMETRICS: with_exemplars(business, snapshot)}
    bodies = {}
    for fmt in Format:
        end = END[fmt]
        bodies[Which.METRICS, fmt] = _body(shown[fmt].text(fmt) + counted.text(fmt) + end)
        bodies[Which.CUSTOMERS, fmt] = _body(customers.written.text(fmt) + end)
    return Pages(snapshot.taken_at, bodies, business, customers)


def _refusal(reason: str) -> Answer:
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Answer(503, _PLAIN, headers, f"{reason}\n".encode())


def answer(
    pages: Pages | None,
    which: Which,
    accept: str | None,
    accept_encoding: str | None,
    now: datetime,
) -> Answer:
    """What a GET or HEAD of ``which`` gets at ``now``: a page, or 503 while there is none to trust."""
    if pages is None:
        return _refusal("The numbers have not been read yet.")
    if pages.is_stale(now):
        return _refusal(f"The numbers are from {pages.taken_at.isoformat()}: too old to show.")
    choice = negotiate(accept, accept_encoding)
    body = pages.bodies[which, choice.format]
    headers = {"Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
    if choice.gzip:
        headers["Content-Encoding"] = "gzip"
    return Answer(200, choice.content_type, headers, body.gzipped if choice.gzip else body.plain)
