"""Append events durably: concurrent requests share one transaction, and nothing is lost after 202.

Requests join the open batch; the one writer takes the whole batch whenever it is free. No timer.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import MsgspecError

from app.core import events as e
from app.core.events import Incoming, SubjectOf
from app.core.registering import names_told
from app.core.replay import contact_key, links_of
from app.store import events as event_store
from app.store.engine import AWAY, Database, is_refusal
from app.store.events import Row

MAX_WAITING_EVENTS = 50_000
"""Events that may wait for the writer; beyond that callers are told to come back."""
MAX_BATCH_EVENTS = 5_000
"""Events that go into one transaction."""

CONTACT_MARK = "c:"
REGISTRY_MARK = "r:"
CUSTOMER_MARK = "p:"
AGENT_MARK = "a:"

TEST_CONTACT = "evenhand-test-"
"""Begins the id of a contact that we sent ourselves: it is no news of its source."""


class StoreAway(RuntimeError):  # noqa: N818 - named for the fact
    """The database cannot be reached: nothing was stored, send it again."""


class CannotStore(ValueError):  # noqa: N818 - named for the fact
    """The events hold what cannot be stored: sending them again does not help."""


class IntakeFull(RuntimeError):  # noqa: N818 - named for the fact
    """Too many events wait for the database: nothing was stored, send it again."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a request's events: how many were new, known, or known and different."""

    new: int
    duplicates: int
    conflicts: int


@dataclass(slots=True)
class _Request:
    events: Sequence[Incoming]
    prepared: "_Prepared"
    stored: asyncio.Future[Appended]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request's events as rows, by (source, id): what belongs to what is worked out beforehand."""

    rows: Mapping[tuple[str, str], Row]
    links: Sequence[tuple[str, str]]
    marks: Sequence[str]


@dataclass(slots=True)
class Intake:
    """The way in. ``on_stored`` is told of every commit (batch size) and wakes the replay."""

    db: Database
    on_stored: Callable[[Sequence[Incoming]], None]
    _open: list[_Request] = field(default_factory=list)
    _waiting_events: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def append(self, events: Sequence[Incoming]) -> Appended:
        """Store events; returns when they are durable.

        Raises ``StoreAway`` or ``IntakeFull``, after which the caller may send them again, and
        ``CannotStore`` where that would not help.
        """
        if not events:
            return Appended(0, 0, 0)
        if self._waiting_events + len(events) > MAX_WAITING_EVENTS:
            raise IntakeFull(f"{self._waiting_events} events wait to be stored")
        try:
            prepared = _prepared(events)
        except MsgspecError as error:
            raise CannotStore(str(error)) from None
        request = _Request(events, prepared, asyncio.get_running_loop().create_future())
        self._open.append(request)
        self._waiting_events += len(events)
        self._wake.set()
        return await request.stored

    async def write_forever(self) -> None:
        """Be the one writer: take whatever has gathered, store it, answer, again."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._open:
                await self._write(self._taken())

    def _taken(self) -> list[_Request]:
        taken: list[_Request] = []
        size = 0
        while self._open and (not taken or size + len(self._open[0].events) <= MAX_BATCH_EVENTS):
            request = self._open.pop(0)
            size += len(request.events)
            taken.append(request)
        self._waiting_events -= size
        return taken

    async def _write(self, requests: list[_Request]) -> None:
        try:
            answers = await _record(self.db, requests)
        except AWAY as error:
            if not is_refusal(error):
                _refuse(requests, StoreAway(type(error).__name__))
            elif len(requests) == 1:
                _refuse(requests, CannotStore("the database refuses a value in it"))
            else:
                for request in requests:  # one of them is at fault, the others are not
                    await self._write([request])
            return
        except BaseException:
            _refuse(requests, StoreAway("stopped"))
            raise
        for request, answer in zip(requests, answers, strict=True):
            if not request.stored.done():
                request.stored.set_result(answer)
        self.on_stored([event for request in requests for event in request.events])


def _refuse(requests: list[_Request], error: Exception) -> None:
    for request in requests:
        if not request.stored.done():
            request.stored.set_exception(error)


async def record_events(db: Database, requests: Sequence[Sequence[Incoming]]) -> list[Appended]:
    """Store the events of several requests in one transaction; one answer for each request."""
    loop = asyncio.get_running_loop()
    told = [_Request(events, _prepared(events), loop.create_future()) for events in requests]
    return await _record(db, told)


async def _record(db: Database, requests: Sequence[_Request]) -> list[Appended]:
    rows: dict[tuple[str, str], Row] = {}
    for request in requests:
        for key, row in request.prepared.rows.items():
            rows.setdefault(key, row)
    links = [link for request in requests for link in request.prepared.links]
    marks = [mark for request in requests for mark in request.prepared.marks]
    async with db.single() as tx:
        known = await event_store.append(tx, list(rows.values()), links, marks)
    known_before = {(row.source, row.event_id): row.conflicts for row in known}
    first = {key: row.event for key, row in rows.items()}
    taken: set[tuple[str, str]] = set()
    return [_answer(request.events, first, known_before, taken) for request in requests]


def _prepared(events: Sequence[Incoming]) -> _Prepared:
    rows: dict[tuple[str, str], Row] = {}
    for event in events:
        if (event.source, event.id) not in rows:
            rows[event.source, event.id] = _row(event)
    links, marks = _joins(row.event for row in rows.values())
    return _Prepared(rows, links, marks)


def _answer(
    events: Sequence[Incoming],
    first: dict[tuple[str, str], Incoming],
    known_before: dict[tuple[str, str], bool],
    taken: set[tuple[str, str]],
) -> Appended:
    new = conflicts = 0
    for event in events:
        key = (event.source, event.id)
        if key in known_before:
            conflicts += known_before[key] or _differs(event, first[key])
        elif key not in taken:
            taken.add(key)
            new += 1
        else:
            conflicts += _differs(event, first[key])
    return Appended(new, len(events) - new, conflicts)


def _differs(event: Incoming, other: Incoming) -> bool:
    return event is not other and event_store.digest_of(event) != event_store.digest_of(other)


CONTACT_TYPES = (
    frozenset(e.TYPES)
    - e.REGISTRY_TYPES
    - e.STAFF_TYPES
    - {
        e.WorkStarted.type,
        e.WorkEnded.type,
    }
)
"""Types whose subject is a contact whatever the data says: nearly all events."""


def _row(event: Incoming) -> Row:
    if event.type in CONTACT_TYPES:
        key = contact_key(event.source, event.subject)
        return Row(event, key, CONTACT_MARK + key)
    match _subject_of(event):
        case None:
            return Row(event, None, None)
        case SubjectOf.CONTACT:
            key = contact_key(event.source, event.subject)
            return Row(event, key, CONTACT_MARK + key)
        case SubjectOf.CUSTOMER:
            return Row(event, None, REGISTRY_MARK + event.subject)
        case SubjectOf.AGENT:
            return Row(event, None, AGENT_MARK + contact_key(event.source, event.subject))


def _subject_of(event: Incoming) -> SubjectOf | None:
    """What the event is about; a wrap-up alone needs its data to say."""
    if not event.is_canonical:
        return None
    if event.type in e.REGISTRY_TYPES:
        return SubjectOf.CUSTOMER
    if event.type in e.STAFF_TYPES:
        return SubjectOf.AGENT
    if event.type in (e.WorkStarted.type, e.WorkEnded.type):
        return e.subject_of(_decoded(event))
    return SubjectOf.CONTACT


def _joins(events: Iterable[Incoming]) -> tuple[list[tuple[str, str]], list[str]]:
    """Links that merges, names and ``same_as`` make, and the marks of contacts at the other ends."""
    contacts: list[tuple[str, str]] = []
    customers: list[tuple[str, str]] = []
    for event in events:
        if not event.is_canonical:
            continue
        if event.type in e.REGISTRY_TYPES:
            customers.extend(_customers_joined(_decoded(event)))
        elif event.type == e.ContactMerged.type or b'"same_as"' in event.body:
            own = contact_key(event.source, event.subject)
            contacts.extend((own, other) for other in links_of(_decoded(event)) if other != own)
    return contacts + customers, [CONTACT_MARK + other for _, other in contacts]


def _customers_joined(event: e.Event) -> Iterable[tuple[str, str]]:
    """What is told of one may decide about the other: merges, and the names that aliases make."""
    for name in names_told(event):
        if name != event.subject:
            yield REGISTRY_MARK + event.subject, REGISTRY_MARK + name


def _decoded(event: Incoming) -> e.Event:
    return e.Event(
        source=event.source,
        id=event.id,
        occurred_at=event.occurred_at,
        subject=event.subject,
        data=e.decode_data(event.type, event.body),
        fact=event.fact,
    )


@dataclass(slots=True)
class Heard:
    """When each source last told of something, until it is written down."""

    last: dict[str, datetime] = field(default_factory=dict)

    def note(self, events: Sequence[Incoming]) -> None:
        """Remember the newest instant of each source."""
        for event in events:
            if event.subject.startswith(TEST_CONTACT):
                continue
            known = self.last.get(event.source)
            if known is None or known < event.occurred_at:
                self.last[event.source] = event.occurred_at
