"""Which customers are named on /metrics/customers, and how the others are added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.snapshot import CustomerWaiting, Group, Snapshot
from app.metrics import families as f
from app.metrics.exposition import END, Sheet, Written
from app.metrics.labels import customer_labels, label_text
from app.metrics.negotiation import Format

MAX_CUSTOMER_SERIES = 5_000

_SERIES_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that are shown by name, those that are not, and how many customers these are."""

    named: tuple[CustomerWaiting, ...]
    others: tuple[CustomerWaiting, ...]
    customers_in_other: int


def choose(customers: Sequence[CustomerWaiting], room: int) -> Chosen:
    """Name customers in the order given (whom to name first is decided there) while room lasts.

    A customer is shown with all of its rows or not at all. Who was named a moment ago has no
    claim to stay yet; the place for that is here.
    """
    rows_of: dict[str, list[CustomerWaiting]] = {}
    for row in customers:
        if row.contacts > 0:
            rows_of.setdefault(row.customer, []).append(row)
    named: list[CustomerWaiting] = []
    others: list[CustomerWaiting] = []
    unnamed = 0
    for customer, rows in rows_of.items():
        series = _SERIES_A_ROW * len(rows) + len({(row.tier, row.team) for row in rows})
        if series > room:
            room = 0  # nobody overtakes a customer who is late earlier but needs more room
        if series <= room and customer != f.OTHER:
            named.extend(rows)
            room -= series
        else:
            others.extend(rows)
            unnamed += 1
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


def write_customers(snapshot: Snapshot, cap: int, previous: Written | None) -> Written:
    """The families of /metrics/customers in at most ``cap`` series.

    Their sum over customers is ``evenhand_contacts_waiting``, whatever had to be left unnamed.
    """
    chosen = choose(snapshot.customers, cap - 1 - _SERIES_A_ROW * len(snapshot.waiting))
    rows = [*_rest(snapshot, chosen), *chosen.named]
    labels = [_labels(row) for row in rows]
    known = dict.fromkeys((row.customer, row.tier, row.team) for row in chosen.named)
    sheet = Sheet(cap, previous)
    sheet.add(f.CUSTOMERS_IN_OTHER, [""], [chosen.customers_in_other])
    sheet.add(f.CUSTOMER_WAITING, labels, [row.contacts for row in rows])
    sheet.add_instants(f.CUSTOMER_NEXT_BREACH, labels, [row.next_breach_at for row in rows])
    sheet.add(
        f.CUSTOMER_INFO,
        [label_text(f.CUSTOMER_INFO.labels, *key) for key in known],
        [1] * len(known),
    )
    return sheet.written()


def render_customers(snapshot: Snapshot, fmt: Format, cap: int) -> bytes:
    """The customers as one complete page."""
    return write_customers(snapshot, cap, None).text(fmt) + END[fmt]
