"""A file of contacts that are open on the first day: one a line, read into the events they stand for.

What happened before nobody told us, so every event made here says that it is inferred. A contact that
a human had answered before begins in the middle: it has no first response to judge.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.core import events as e
from app.core.events import Alias, Channel, Incoming, WaitingFor
from app.core.source import CANONICAL_KIND, Source
from app.sources.adapter import FUTURE_LIMIT
from app.sources.refusal import Refused, RefusedValue
from app.sources.tables.backlog_rows import NOTHING, Row, UnreadableBacklog, rows_of

__all__ = ["OpenContact", "RefusedLine", "UnreadableBacklog", "read_backlog"]

STATES: Mapping[str, WaitingFor | None] = {
    "open": None,
    "waiting_for_customer": WaitingFor.CUSTOMER,
    "waiting_for_third_party": WaitingFor.THIRD_PARTY,
}
"""What ``state`` may say, and whom the contact waits for then."""
ANSWERS: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}

_INSTANT = "an instant with an offset such as 2026-12-01T09:00:00+01:00"


@dataclass(frozen=True, slots=True)
class OpenContact:
    """One good line: the contact it is about and its events, in the order in which they happened."""

    line: int
    source: Source
    team: str | None
    queue: str | None
    events: tuple[Incoming, ...]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One bad line; lines are counted from 1, the first one of a table holds its columns."""

    line: int
    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Say it as whoever mends the file reads it."""
        return f"line {self.line}: {self.field}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class _Story:
    """What a line says of a contact, each field read."""

    contact: str
    channel: Channel
    customer: dict[str, Any]
    team: str | None
    queue: str | None
    opened_at: datetime
    last_customer_at: datetime | None
    last_agent_at: datetime | None
    waiting_since: datetime | None
    state_since: datetime | None
    answered: bool
    waiting_for: WaitingFor | None
    owner: str | None
    link: str | None

    @property
    def last_at(self) -> datetime:
        """The last thing that is known of it."""
        known = (self.last_customer_at, self.last_agent_at, self.waiting_since, self.state_since)
        return max(at for at in (self.opened_at, *known) if at is not None)


def read_backlog(
    text: str, sources: Mapping[str, Source], now: datetime
) -> Iterator[OpenContact | RefusedLine]:
    """Read every line of NDJSON or CSV; ``sources`` are the configured ones by their id.

    Any other source is taken for one that sends canonical events under that name. Raises
    ``UnreadableBacklog`` where the columns of a table are not those of a backlog.
    """
    first_seen: dict[tuple[str, str], int] = {}
    for row in rows_of(text):
        if isinstance(row, Refused):
            yield RefusedLine(row.index, row.field, row.expected, row.got)
            continue
        try:
            found = _contact(row, sources, now)
            _check_once(found, first_seen)
            yield found
        except RefusedValue as refusal:
            yield RefusedLine(row.line, refusal.field, refusal.expected, refusal.got)


def _check_once(found: OpenContact, first_seen: dict[tuple[str, str], int]) -> None:
    key = (found.events[0].source, found.events[0].subject)
    if first_seen.setdefault(key, found.line) != found.line:
        again = f"{key[1]} of line {first_seen[key]} again"
        raise RefusedValue("contact", "each contact once", again)


def _contact(row: Row, sources: Mapping[str, Source], now: datetime) -> OpenContact:
    name = row.text("source")
    source = sources.get(name) or _canonical(name)
    story = _story(row, source, now)
    name = source.event_source if name in sources else name
    made = [
        _event(name, story.contact, (at, data), now)
        for at, data in sorted(_events(story, source), key=lambda told: told[0])
    ]
    return OpenContact(row.line, source, story.team, story.queue, tuple(made))


def _canonical(name: str) -> Source:
    if name.startswith(e.HOOK_SOURCE_PREFIX):
        raise RefusedValue("source", "the id of a source in sources.yaml", repr(name))
    return Source(id=name, kind=CANONICAL_KIND)


def _story(row: Row, source: Source, now: datetime) -> _Story:
    opened_at = _instant(row, "opened_at", None, now)
    if opened_at is None:
        raise RefusedValue("opened_at", _INSTANT, NOTHING)
    last_agent_at = _instant(row, "last_agent_at", opened_at, now)
    waiting_since = _instant(row, "waiting_since", opened_at, now)
    story = _Story(
        contact=row.text("contact"),
        channel=_channel(row, source),
        customer=_customer(row),
        team=row.optional("team"),
        queue=row.optional("queue"),
        opened_at=opened_at,
        last_customer_at=_instant(row, "last_customer_at", opened_at, now),
        last_agent_at=last_agent_at,
        waiting_since=waiting_since,
        state_since=_instant(row, "state_since", opened_at, now),
        answered=_answered(row, last_agent_at),
        waiting_for=_waiting_for(row),
        owner=row.optional("owner"),
        link=row.optional("link", e.Url),
    )
    if waiting_since and last_agent_at and waiting_since < last_agent_at:
        asked = f"an instant after last_agent_at {last_agent_at.isoformat()}"
        raise RefusedValue("waiting_since", asked, waiting_since.isoformat())
    return story


def _instant(row: Row, field: str, since: datetime | None, now: datetime) -> datetime | None:
    told = row.optional(field)
    if told is None:
        return None
    at = _in_utc(told)
    if at is None:
        raise RefusedValue(field, _INSTANT, repr(told))
    if at > now + FUTURE_LIMIT:
        raise RefusedValue(field, f"an instant before now, {now.isoformat()}", repr(told))
    if since is not None and at < since:
        raise RefusedValue(
            field, f"an instant not before opened_at {since.isoformat()}", repr(told)
        )
    return at


def _in_utc(told: str) -> datetime | None:
    """Read an instant; none where it is no instant, or nobody can tell in which zone."""
    try:
        at = datetime.fromisoformat(told)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _channel(row: Row, source: Source) -> Channel:
    told = row.optional("channel")
    if told is None and source.channel is not None:
        return source.channel
    if told not in {each.value for each in Channel}:
        raise RefusedValue("channel", f"one of {', '.join(Channel)}", repr(told or NOTHING))
    return Channel(told)


def _customer(row: Row) -> dict[str, Any]:
    """The customer by an alias (``email:``, ``phone:``, ``domain:``, ``id:``), else by her name."""
    told = row.optional("customer")
    if told is None:
        return {}
    kind, _, value = told.partition(":")
    if kind not in {each.value for each in e.AliasKind}:
        return {"customer": told}
    if not value.strip():
        raise RefusedValue("customer", f"a value after {kind}:", repr(told))
    return {"aliases": [Alias(e.AliasKind(kind), value.strip())]}


def _answered(row: Row, last_agent_at: datetime | None) -> bool:
    told = row.optional("answered")
    if told is None:
        return last_agent_at is not None
    answered = ANSWERS.get(told.lower())
    if answered is None:
        raise RefusedValue("answered", "yes or no", repr(told))
    if last_agent_at is not None and not answered:
        raise RefusedValue("answered", "yes, as last_agent_at says when", repr(told))
    return answered


def _waiting_for(row: Row) -> WaitingFor | None:
    told = row.optional("state") or "open"
    if told not in STATES:
        raise RefusedValue("state", f"one of {', '.join(STATES)}", repr(told))
    return STATES[told]


Told = tuple[datetime, e.Data]


def _events(story: _Story, source: Source) -> Iterator[Told]:
    """What must have happened for the contact to stand as the line says."""
    yield from _opening(story, source)
    if story.owner is not None:
        yield story.opened_at, e.ContactTransferred(agent=story.owner, inferred=True)
    if story.last_agent_at is not None:
        yield story.last_agent_at, e.AgentReplied(inferred=True)
    for at in sorted(_customers_messages(story)):
        yield at, e.CustomerReplied(inferred=True)
    if story.waiting_for is not None:
        held = e.ContactHeld(waiting_for=story.waiting_for, inferred=True)
        yield story.state_since or story.last_at, held


def _opening(story: _Story, source: Source) -> Iterator[Told]:
    told = {
        "channel": story.channel,
        "team": story.team,
        "queue": story.queue,
        "link": story.link,
        "inferred": True,
        **story.customer,
    }
    if story.answered:
        yield story.opened_at, msgspec.convert(told, e.ContactAnswered)
        return
    yield story.opened_at, msgspec.convert(told, e.ContactReceived)
    if source.tells_queued:
        yield story.opened_at, e.ContactQueued(inferred=True)


def _customers_messages(story: _Story) -> Iterable[datetime]:
    """Her messages after the last thing we said: the oldest that awaits an answer, and the last."""
    spoke_at = story.last_agent_at or story.opened_at
    told = (story.waiting_since, story.last_customer_at)
    return {at for at in told if at is not None and at > spoke_at}


def _event(source: str, contact: str, told: Told, now: datetime) -> Incoming:
    at, data = told
    return Incoming(
        source=source,
        id=_id(contact, data.type, at),
        type=data.type,
        occurred_at=at,
        received_at=now,
        subject=contact,
        body=msgspec.json.encode(data),
    )


def _id(contact: str, type_: str, at: datetime) -> str:
    """The same event has the same id, however often the file is imported."""
    told = msgspec.json.encode((contact, type_, at.isoformat()))
    return f"open:{hashlib.sha256(told).hexdigest()[:32]}"
