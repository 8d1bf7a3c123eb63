"""Note what became of each delivery, beside the door: gathered in memory, written once a second.

The door only puts values into lists. What is shown of an event is worked out when it is written. What
a process noted in its last second is lost with it; everything it stored is not.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.core import events as e
from app.core.aliases import classified
from app.core.deliveries import (
    MAX_REASON,
    MAX_TEXT,
    Arrival,
    Verdict,
    decoded,
    shown,
    told_of,
)
from app.core.events import Incoming
from app.operations.quarantine import MAX_KEPT, MAX_KEPT_BYTES
from app.operations.source_meaning import is_ours, named_by_us
from app.sources.adapter import MAX_BYTES, Delivery, SourceConfig
from app.sources.kinds import adapter_of, event_of
from app.store import deliveries as store
from app.store import quarantine
from app.store.deliveries import KEPT_DELIVERIES, Count, Word
from app.store.engine import AWAY, Database

STRETCH = timedelta(minutes=10)
"""Deliveries are counted by stretches of so much."""
MAX_LOOKED_INTO = 500
"""Deliveries of one second whose teams and agents are looked for; at more, most are the same."""
MAX_WORDS = 20_000
"""Words that wait to be written; the database has been away for long before it comes to that."""
BOTS = "bots"


@dataclass(frozen=True, slots=True)
class _Noted:
    """A delivery on its way to be remembered."""

    source: str
    received_at: datetime
    verdict: Verdict
    event: str | None = None
    reason: str | None = None
    events: Sequence[Incoming] = ()
    ours: frozenset[str] = frozenset()

    def arrival(self) -> Arrival:
        return Arrival(
            source=self.source,
            received_at=self.received_at,
            verdict=self.verdict,
            event=self.event,
            reason=self.reason,
            events=len(self.events),
            told=told_of(self.events, self.ours),
        )


@dataclass(slots=True)
class _Pending:
    """What waits to be written: the newest of each source, and all of them counted."""

    newest: dict[tuple[str, bool], deque[_Noted]] = field(default_factory=dict)
    counts: Counter[tuple[str, datetime, str]] = field(default_factory=Counter)
    words: dict[tuple[str, str, str], Word] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    to_look_into: list[tuple[SourceConfig, _Noted]] = field(default_factory=list)

    def note(self, noted: _Noted) -> None:
        place = (noted.source, noted.verdict is Verdict.REFUSED)
        newest = self.newest.get(place)
        if newest is None:
            newest = self.newest[place] = deque(maxlen=KEPT_DELIVERIES)
        newest.append(noted)
        self.counts[noted.source, _stretch(noted.received_at), noted.verdict] += 1

    def word(self, word: Word) -> bool:
        """Count a word in; whether there was room for it."""
        key = (word.source, word.what, word.name)
        known = self.words.get(key)
        if known is None and len(self.words) >= MAX_WORDS:
            return False
        self.words[key] = word if known is None else _both(known, word)
        return True

    def add_later(self, later: "_Pending") -> None:
        """Put what came later behind this."""
        for place, noted in later.newest.items():
            earlier = self.newest.get(place, ())
            self.newest[place] = deque((*earlier, *noted), maxlen=KEPT_DELIVERIES)
        self.counts.update(later.counts)
        for word in later.words.values():
            self.word(word)
        self.kept |= later.kept
        self.to_look_into += later.to_look_into

    @property
    def arrivals(self) -> list[Arrival]:
        """The newest deliveries, in the order in which they came."""
        noted = [each for place in self.newest.values() for each in place]
        return [each.arrival() for each in sorted(noted, key=lambda each: each.received_at)]


@dataclass(slots=True)
class Deliveries:
    """The ledger of one process.

    ``on_noted`` counts every delivery; ``on_dropped`` is told when a word did not fit, and
    ``on_kept_dropped`` when a source has so much kept that the oldest of it was deleted.
    """

    db: Database
    on_noted: Callable[[str, Verdict], None] = lambda _source, _verdict: None
    on_dropped: Callable[[], None] = lambda: None
    on_kept_dropped: Callable[[], None] = lambda: None
    _pending: _Pending = field(default_factory=_Pending)

    def taken(
        self, config: SourceConfig, delivery: Delivery, events: Sequence[Incoming], new: int
    ) -> None:
        """A delivery was read; ``new`` of its events were not known before."""
        source, at, event = config.source.id, delivery.received_at, _name_of(config, delivery)
        verdict = Verdict.NOTHING if not events else Verdict.TAKEN if new else Verdict.REPEATED
        noted = _Noted(source, at, verdict, event, events=events, ours=named_by_us(config))
        self._note(noted)
        self._word(noted, "event", event)
        for type_ in {each.type for each in events}:
            self._word(noted, "type", type_)
        if events and len(self._pending.to_look_into) < MAX_LOOKED_INTO:
            self._pending.to_look_into.append((config, noted))
        elif events:
            self.on_dropped()

    def kept(self, config: SourceConfig, delivery: Delivery, reason: str) -> None:
        """A delivery could not be read, and was kept."""
        source, at, event = config.source.id, delivery.received_at, _name_of(config, delivery)
        noted = _Noted(source, at, Verdict.KEPT, event, shown(reason, MAX_REASON))
        self._note(noted)
        self._word(noted, "event", event)
        self._pending.kept.add(source)

    def refused(self, source: str, received_at: datetime, reason: str) -> None:
        """Somebody sent what the source did not sign; nothing in it is looked at."""
        self._note(_Noted(source, received_at, Verdict.REFUSED, reason=shown(reason, MAX_REASON)))

    def tested(self, source: str, now: datetime, events: Sequence[Incoming]) -> None:
        """We sent a test contact ourselves."""
        self._note(_Noted(source, now, Verdict.TEST, events=events))

    def _note(self, noted: _Noted) -> None:
        self._pending.note(noted)
        self.on_noted(noted.source, noted.verdict)

    def _word(self, noted: _Noted, what: str, name: str | None) -> None:
        at = noted.received_at
        if name and not self._pending.word(Word(noted.source, what, name[:MAX_TEXT], 1, at, at)):
            self.on_dropped()

    async def write(self, now: datetime) -> None:
        """Write down what was noted since the last time; what cannot be written waits."""
        for config, noted in self._pending.to_look_into:
            for what, name in _names_in(config, noted.events):
                self._word(noted, what, name)
        self._pending.to_look_into.clear()
        if not self._pending.counts:
            return
        pending, self._pending = self._pending, _Pending()
        try:
            await self._write(pending, now)
        except BaseException:
            pending.add_later(self._pending)
            self._pending = pending
            raise

    async def _write(self, pending: _Pending, now: datetime) -> None:
        dropped = 0
        async with self.db.begin() as tx:
            await store.append(tx, pending.arrivals)
            await store.count(tx, [Count(*key, n) for key, n in pending.counts.items()], now)
            too_many = await store.remember(tx, pending.words.values())
            if pending.kept:
                limits = (MAX_KEPT, MAX_KEPT_BYTES)
                dropped = await quarantine.drop_too_many(tx, sorted(pending.kept), *limits)
        if too_many:
            self.on_dropped()
        if dropped:
            self.on_kept_dropped()

    async def write_last(self, now: datetime) -> None:
        """Write at the end of the process; if the database is away, the last second is lost."""
        with suppress(*AWAY):
            await self.write(now)


def _both(known: Word, other: Word) -> Word:
    return known._replace(
        n=known.n + other.n,
        first_at=min(known.first_at, other.first_at),
        last_at=max(known.last_at, other.last_at),
    )


def _stretch(at: datetime) -> datetime:
    begun = int(at.timestamp()) // int(STRETCH.total_seconds())
    return datetime.fromtimestamp(begun * STRETCH.total_seconds(), UTC)


def _name_of(config: SourceConfig, delivery: Delivery) -> str | None:
    """The tool's own name of what it sent, fit to be shown; not looked for in what is very large."""
    is_large = len(delivery.body) > MAX_BYTES
    name = None if is_large else event_of(delivery, config)
    return shown(name) if name else None


def _names_in(config: SourceConfig, events: Sequence[Incoming]) -> Iterator[tuple[str, str]]:
    """The teams and queues that a delivery names, once each, and who answered in it.

    Agents are remembered where one may be said to be a machine. An address or number is remembered
    only where it is a mailbox or number of ours.
    """
    found: dict[tuple[str, str], None] = {}
    has_bots = BOTS in adapter_of(config).options
    for event in events:
        data = decoded(event)
        if data is None:
            continue
        place = data.team or data.queue
        if place and (classified(place) is None or is_ours(config, place)):
            found["team", place] = None
        agent = data.agent if isinstance(data, e.AgentReplied | e.ContactAnswered) else None
        if has_bots and agent and classified(agent) is None and "@" not in agent:
            found["agent", agent] = None
    yield from found
