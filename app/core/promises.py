"""Was the customer followed up as promised: replayed per customer, across her contacts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from app.core import events as e
from app.core.clocks.clock import Clock
from app.core.clocks.timeline import Ending, Timeline
from app.core.clocks.words import ATTEMPT, is_touch
from app.core.policy import ClockKind, Switches

_Key = tuple[str, str]
DueAt = Callable[[datetime | None, str | None, datetime, str], datetime]
"""When something promised at an instant is due: that instant itself, or how soon for a team."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A follow-up promised to a customer. ``moves`` counts the times it was re-dated.

    ``broken_at`` is the due instant that had passed before the promise was moved: moving a broken
    promise does not mend it. ``attempts``: calls that she did not take. ``inferred``: no tool says
    that it was promised; ``kept_inferred``: or that it was kept.
    """

    id: str
    contact: str
    customer: str
    promised_at: datetime
    due_at: datetime
    due_team: str | None = None
    agent: str | None = None
    moves: int = 0
    attempts: int = 0
    broken_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    kept_by: str | None = None
    inferred: bool = False
    kept_inferred: bool = False

    def as_clock(self, number: int, *, team: str, tier: str, channel: str, version: int) -> Clock:
        """The promise as a clock: wall time from the promise to its due instant."""
        breaches_at = max(self.broken_at or self.due_at, self.promised_at)
        elapsed = None if self.ended_at is None else self.ended_at - self.promised_at
        return Clock(
            kind=ClockKind.FOLLOW_UP,
            number=number,
            started_at=self.promised_at,
            target=breaches_at - self.promised_at,
            due_at=max(self.due_at, self.promised_at),
            breaches_at=breaches_at,
            stopped_at=self.ended_at,
            ending=self.ending,
            elapsed=elapsed,
            team=team,
            tier=tier,
            channel=channel,
            rule="as promised",
            policy_version=version,
        )

    def moved(self, at: datetime, due: datetime) -> "Promise":
        """Another due instant was agreed on at ``at``."""
        broken_at = self.broken_at or (self.due_at if at > self.due_at else None)
        return replace(self, due_at=due, moves=self.moves + 1, broken_at=broken_at)

    def ended(self, at: datetime, ending: Ending, kept_by: str | None = None) -> "Promise":
        """The promise was kept, or no longer holds, from ``at``."""
        return replace(self, ended_at=at, ending=ending, kept_by=kept_by)

    def concluded(self, at: datetime, kept_by: str | None = None) -> "Promise":
        """It seems that the promise was kept: nobody says so."""
        return replace(self.ended(at, Ending.ANSWERED, kept_by), kept_inferred=True)


def replay_promises(
    customer: str,
    contacts: Sequence[tuple[Timeline, str]],
    switches_at: Callable[[datetime], Switches],
    due_at: DueAt,
) -> list[Promise]:
    """Replay one customer's promises from her contacts, each with the team it belonged to.

    A promise that gave no id of its own bears its event's.
    """
    book = _Book(customer, {line.key: (line, team) for line, team in contacts}, switches_at, due_at)
    told = [(event, line.key) for line, _ in contacts for event in line.events]
    for event, contact in sorted(told, key=lambda pair: pair[0].order):
        book.apply(event, contact)
    return sorted(map(book.as_it_counts, book.promises.values()), key=_age)


def _done(promise: Promise, event: e.Event, *, inferred: bool) -> Promise:
    """An adapter may have concluded it, or the tool said so."""
    if inferred:
        return promise.concluded(event.occurred_at, event.id)
    return promise.ended(event.occurred_at, Ending.ANSWERED, event.id)


def _age(promise: Promise) -> tuple[datetime, str]:
    return (promise.promised_at, promise.id)


@dataclass(slots=True)
class _Book:
    """The promises made so far, by source and id."""

    customer: str
    contacts: dict[str, tuple[Timeline, str]]
    switches_at: Callable[[datetime], Switches]
    due_at: DueAt
    promises: dict[_Key, Promise] = field(default_factory=dict)

    def apply(self, event: e.Event, contact: str) -> None:
        at = event.occurred_at
        match event.data:
            case e.FollowupPromised() as data:
                self._promised(event, data, contact)
            case e.FollowupMoved() as data:
                key = self._meant(event.source, data.promise, contact)
                self._change(key, partial(self._moved, data, at))
            case e.FollowupDone(promise=named, inferred=inferred):
                key = self._meant(event.source, named, contact)
                self._change(key, lambda promise: _done(promise, event, inferred=inferred))
            case e.FollowupCancelled(promise=named):
                key = self._meant(event.source, named, contact)
                self._change(key, lambda promise: promise.ended(at, Ending.GONE))
            case data if is_touch(data) and self.switches_at(at).kept_by_any_contact:
                kept = [key for key in self.promises if self._is_kept(key, at, contact)]
                self._change(kept, lambda promise: promise.concluded(at))
            case e.AgentReplied(reason=reason) if reason == ATTEMPT:
                tried = [key for key in self.promises if self._is_kept(key, at, contact)]
                self._change(tried, lambda promise: self._tried(promise, at))
            case _:
                pass

    def _moved(self, data: e.FollowupMoved, at: datetime, promise: Promise) -> Promise:
        team = promise.due_team or self.contacts[promise.contact][1]
        return promise.moved(at, self.due_at(data.due, data.due_in, at, team))

    def _promised(self, event: e.Event, data: e.FollowupPromised, contact: str) -> None:
        team = data.due_team or self.contacts[contact][1]
        promise = Promise(
            id=data.promise or event.id,
            contact=contact,
            customer=self.customer,
            promised_at=event.occurred_at,
            due_at=self.due_at(data.due, data.due_in, event.occurred_at, team),
            due_team=data.due_team,
            agent=data.agent,
            inferred=data.inferred,
        )
        self.promises.setdefault((event.source, promise.id), promise)

    def _change(self, keys: list[_Key], change: Callable[[Promise], Promise]) -> None:
        for key in keys:
            self.promises[key] = change(self.promises[key])

    def as_it_counts(self, promise: Promise) -> Promise:
        """A promise on a contact that was discarded leaves all counts, kept or broken."""
        line, _ = self.contacts[promise.contact]
        if not line.discarded:
            return promise
        ended_at = promise.ended_at or line.last_event_at
        cancelled = replace(promise, kept_by=None, kept_inferred=False)
        return replace(cancelled, ended_at=ended_at, ending=Ending.CANCELLED)

    def _tried(self, promise: Promise, at: datetime) -> Promise:
        """She did not take the call: so many of them keep the promise as the policy says."""
        tried = replace(promise, attempts=promise.attempts + 1)
        switches = self.switches_at(at)
        enough = switches.attempts_suffice if switches.kept_by_any_contact else 0
        return tried.concluded(at, "attempts") if 0 < enough <= tried.attempts else tried

    def _meant(self, source: str, named: str | None, contact: str) -> list[_Key]:
        """The open promise that an event is about; without an id the contact's oldest one."""
        open_ones = [
            key
            for key, promise in self.promises.items()
            if promise.ending is None
            and (key == (source, named) if named else promise.contact == contact)
        ]
        return sorted(open_ones, key=lambda key: _age(self.promises[key]))[:1]

    def _is_kept(self, key: _Key, at: datetime, contact: str) -> bool:
        """Whether a human touch at ``at`` keeps the promise.

        It has to be on the same contact or of the same team, and to begin after the exchange in
        which the promise was made had ended.
        """
        promise = self.promises[key]
        if promise.ending is not None:
            return False
        line, own_team = self.contacts[promise.contact]
        team = promise.due_team or own_team
        if contact != promise.contact and self.contacts[contact][1] != team:
            return False
        after = _exchange_end(line, promise.promised_at, self.switches_at(promise.promised_at))
        return after is not None and at > after


def _exchange_end(line: Timeline, promised_at: datetime, switches: Switches) -> datetime | None:
    """When the exchange in which it was promised ended; none while the call still goes on."""
    if line.channel != "phone":
        return promised_at + switches.text_exchange
    ended = next((at for at in line.exchange_ends if at >= promised_at), None)
    if ended is not None:
        return ended
    if line.connected:
        return None
    return promised_at if line.exchange_ends else promised_at + switches.text_exchange
