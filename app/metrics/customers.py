"""Which customers are named on /metrics/customers, and how the others are added up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import islice, repeat

from app.core.snapshot import CustomerWaiting, Group, Snapshot
from app.metrics import families as f
from app.metrics.labels import customer_labels, info_labels
from app.metrics.negotiation import Format
from app.metrics.sheet import END, Sheet, Written

MAX_CUSTOMER_SERIES = 5_000
NAMED_FOR = timedelta(minutes=10)
"""Who was named keeps the place for so long: Prometheus pays for every newcomer for hours."""
MAX_PLACES_KEPT = 10_000
"""Customers whose place is remembered, the newest; more come and go only in a flood."""

_SERIES_A_ROW = 2


class Rank(IntEnum):
    """Who is named first: the policy's first tier, who has a place, then who is late next."""

    LISTED = 0
    HAS_A_PLACE = 1
    LATE_NEXT = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that are shown by name, those that are not, and how many customers these are."""

    named: tuple[CustomerWaiting, ...]
    others: tuple[CustomerWaiting, ...]
    customers_in_other: int


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """The page as it was written, and since when each customer has a place on it."""

    written: Written
    named_since: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claims:
    """What decides who is named, beside lateness: the tier that always is, and who has a place."""

    first_tier: str = ""
    named_since: Mapping[str, datetime] = field(default_factory=dict)

    def ranked(
        self, rows: Iterable[CustomerWaiting], customers: Iterable[str]
    ) -> Iterator[tuple[Rank, str]]:
        """Whom to name first; within a rank as they come."""
        listed = {row.customer for row in rows if row.tier == self.first_tier}
        by_rank: dict[Rank, list[str]] = {rank: [] for rank in Rank}
        first, placed, late = by_rank.values()
        for customer in customers:
            if customer in listed:
                first.append(customer)
            elif customer in self.named_since:
                placed.append(customer)
            else:
                late.append(customer)
        for rank, found in by_rank.items():
            yield from zip(repeat(rank), found, strict=False)


def _series_of(rows: Sequence[CustomerWaiting]) -> int:
    if len(rows) == 1:
        return _SERIES_A_ROW + 1
    return _SERIES_A_ROW * len(rows) + len({(row.tier, row.team) for row in rows})


def claims_at(snapshot: Snapshot, before: CustomerPage | None) -> Claims:
    """The claims that still hold when ``snapshot`` was taken."""
    since = before.named_since if before else {}
    expired = snapshot.taken_at - NAMED_FOR
    return Claims(snapshot.first_tier, {who: at for who, at in since.items() if at > expired})


def choose(customers: Sequence[CustomerWaiting], room: int, claims: Claims) -> Chosen:
    """Name customers by rank, and within it in the order given, while room lasts.

    A customer is shown with all of its rows or not at all. Of those who are late next nobody
    overtakes one who is late earlier but needs more room.
    """
    rows_of: dict[str, list[CustomerWaiting]] = {}
    for row in customers:
        if row.contacts > 0:
            rows_of.setdefault(row.customer, []).append(row)
    named: list[CustomerWaiting] = []
    others = rows_of.pop(f.OTHER, [])
    unnamed = 1 if others else 0
    for rank, customer in claims.ranked(customers, rows_of):
        rows = rows_of[customer]
        series = _series_of(rows)
        if series <= room:
            named += rows
            room -= series
        else:
            others += rows
            unnamed += 1
            room = 0 if rank is Rank.LATE_NEXT else room
    return Chosen(tuple(named), tuple(others), unnamed)


def _group(row: CustomerWaiting) -> Group:
    return Group(row.channel, row.team, row.tier)


def _rest(snapshot: Snapshot, chosen: Chosen) -> list[CustomerWaiting]:
    """One row a group for everyone not named: all that wait there, less those shown by name."""
    contacts = {group: waiting.contacts for group, waiting in snapshot.waiting.items()}
    for row in chosen.named:
        group = _group(row)
        contacts[group] = contacts.get(group, 0) - row.contacts
    soonest: dict[Group, datetime] = {}
    for row in chosen.others:
        group, at = _group(row), row.next_breach_at
        if at is not None:
            soonest[group] = min(soonest.get(group, at), at)
    return [
        CustomerWaiting(f.OTHER, group.tier, group.team, group.channel, left, soonest.get(group))
        for group, left in contacts.items()
        if left > 0
    ]


def _labels(row: CustomerWaiting) -> str:
    return customer_labels(row.customer, row.channel, row.team, row.tier)


def _places(chosen: Chosen, claims: Claims, now: datetime) -> Mapping[str, datetime]:
    """Who has a place from now on: whose time is not over, whether she waits or not, and newcomers."""
    since = {**claims.named_since}
    for row in chosen.named:
        since.setdefault(row.customer, now)
    return dict(islice(since.items(), max(len(since) - MAX_PLACES_KEPT, 0), None))


def write_customers(snapshot: Snapshot, cap: int, previous: CustomerPage | None) -> CustomerPage:
    """The families of /metrics/customers in at most ``cap`` series.

    Their sum over customers is ``evenhand_contacts_waiting``, whatever had to be left unnamed.
    """
    claims = claims_at(snapshot, previous)
    room = cap - 1 - _SERIES_A_ROW * len(snapshot.waiting)
    chosen = choose(snapshot.customers, room, claims)
    rows = [*_rest(snapshot, chosen), *chosen.named]
    labels = [_labels(row) for row in rows]
    known = dict.fromkeys((row.customer, row.tier, row.team) for row in chosen.named)
    sheet = Sheet(cap, previous.written if previous else None)
    sheet.add(f.CUSTOMERS_IN_OTHER, [""], [chosen.customers_in_other])
    sheet.add(f.CUSTOMER_WAITING, labels, [row.contacts for row in rows])
    sheet.add_instants(f.CUSTOMER_NEXT_BREACH, labels, [row.next_breach_at for row in rows])
    sheet.add(
        f.CUSTOMER_INFO,
        [info_labels(*key) for key in known],
        [1] * len(known),
    )
    return CustomerPage(sheet.written(), _places(chosen, claims, snapshot.taken_at))


def render_customers(snapshot: Snapshot, fmt: Format, cap: int) -> bytes:
    """The customers as one complete page."""
    return write_customers(snapshot, cap, None).written.text(fmt) + END[fmt]
