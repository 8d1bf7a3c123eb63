"""Mails of our own making, and what a source makes of them."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from app.core.events import Incoming
from app.core.source import Source
from app.sources import kinds
from app.sources.adapter import Delivery, SourceConfig
from app.sources.rfc5322 import FOLDER, INTERNAL_DATE
from tests.sources.payloads import NOON

MORNING = datetime(2027, 3, 1, 8, tzinfo=UTC)
HER = "Hanne <hanne@kunde.example>"
SUPPORT = "support@firm.example"
SALES = "sales@firm.example"
ANNA = "Anna <anna@firm.example>"
OURS: dict[str, Any] = {
    "staff_domains": frozenset({"firm.example"}),
    "addresses": frozenset({SUPPORT, SALES}),
}


def mail(text: str = "never stored", **fields: str | list[str] | None) -> bytes:
    """A message; a field that is None is left out, one that is a list stands several times."""
    told: dict[str, Any] = {
        "From": HER,
        "To": SUPPORT,
        "Date": at(0),
        "Message-ID": "<m1@kunde.example>",
        "Subject": "Help",
    }
    told |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [
        f"{name}: {value}"
        for name, values in told.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]
    return "\r\n".join([*lines, "", text]).encode()


def at(minutes: int) -> str:
    """A Date, so many minutes after eight."""
    return format_datetime(MORNING + timedelta(minutes=minutes))


def attachment(inner: bytes, *before: str) -> tuple[str, str]:
    """A Content-Type and a body of text and an attached message."""
    parts = [*before, f"Content-Type: message/rfc822\r\n\r\n{inner.decode()}"]
    body = "".join(f"--edge\r\n{part}\r\n" for part in parts) + "--edge--\r\n"
    return 'multipart/mixed; boundary="edge"', body


def desk(**options: Any) -> SourceConfig:
    teams = options.pop("teams", {})
    return SourceConfig(source=Source(id="desk", kind="rfc5322", teams=teams), **options)


def fetched(raw: bytes, folder: str = "", internal_date: str = "") -> Delivery:
    """A message as a mailbox is read."""
    told = {FOLDER: folder, INTERNAL_DATE: internal_date}
    return Delivery({name: value for name, value in told.items() if value}, raw, NOON)


def events(raw: bytes | Delivery, **options: Any) -> tuple[Incoming, ...]:
    sent = raw if isinstance(raw, Delivery) else fetched(raw)
    return kinds.translate(sent, desk(**options))


def told(raw: bytes | Delivery, **options: Any) -> list[tuple[str, str]]:
    """Type and contact of what a message tells to a firm whose people and mailboxes are known."""
    return [(event.type, event.subject) for event in events(raw, **OURS | options)]


def data_of(raw: bytes | Delivery, **options: Any) -> dict[str, Any]:
    """The one event that a message tells to such a firm, with its type, time and contact."""
    (event,) = events(raw, **OURS | options)
    return {
        "type": event.type,
        "at": f"{event.occurred_at:%H:%M}",
        "contact": event.subject,
        **json.loads(event.body),
    }


def customer_of(raw: bytes | Delivery, **options: Any) -> str | None:
    """What the customer is known by first."""
    aliases = data_of(raw, **options).get("aliases", [])
    return aliases[0]["value"] if aliases else None
