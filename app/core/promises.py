"""Was the customer followed up as promised: replayed per customer, across her contacts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.core import events as e
from app.core.clocks import Clock
from app.core.following import is_touch
from app.core.policy import ClockKind, Switches
from app.core.timeline import Ending, Timeline

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Promise:
    """A follow-up promised to a customer. ``moves`` counts the times it was re-dated.

    ``broken_at`` is the due instant that had passed before the promise was moved: moving a broken
    promise does not mend it.
    """

    id: str
    contact: str
    customer: str
    promised_at: datetime
    due_at: datetime
    due_team: str | None = None
    agent: str | None = None
    moves: int = 0
    broken_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    kept_by: str | None = None

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


def replay_promises(
    customer: str, contacts: Sequence[tuple[Timeline, str]], switches: Switches
) -> list[Promise]:
    """Replay one customer's promises from her contacts, each with the team it belonged to.

    A promise that gave no id of its own bears its event's.
    """
    book = _Book(customer, {line.key: (line, team) for line, team in contacts}, switches)
    told = [(event, line.key) for line, _ in contacts for event in line.events]
    for event, contact in sorted(told, key=lambda pair: pair[0].order):
        book.apply(event, contact)
    return sorted(book.promises.values(), key=_age)


def _age(promise: Promise) -> tuple[datetime, str]:
    return (promise.promised_at, promise.id)


@dataclass(slots=True)
class _Book:
    """The promises made so far, by source and id."""

    customer: str
    contacts: dict[str, tuple[Timeline, str]]
    switches: Switches
    promises: dict[_Key, Promise] = field(default_factory=dict)

    def apply(self, event: e.Event, contact: str) -> None:
        at = event.occurred_at
        match event.data:
            case e.FollowupPromised() as data:
                self._promised(event, data, contact)
            case e.FollowupMoved(promise=named, due=due):
                key = self._meant(event.source, named, contact)
                self._change(key, lambda promise: promise.moved(at, due))
            case e.FollowupDone(promise=named):
                key = self._meant(event.source, named, contact)
                self._change(key, lambda promise: promise.ended(at, Ending.ANSWERED, event.id))
            case e.FollowupCancelled(promise=named):
                key = self._meant(event.source, named, contact)
                self._change(key, lambda promise: promise.ended(at, Ending.GONE))
            case data if is_touch(data) and self.switches.kept_by_any_contact:
                kept = [key for key in self.promises if self._is_kept(key, at, contact)]
                self._change(kept, lambda promise: promise.ended(at, Ending.ANSWERED))
            case _:
                pass

    def _promised(self, event: e.Event, data: e.FollowupPromised, contact: str) -> None:
        promise = Promise(
            id=data.promise or event.id,
            contact=contact,
            customer=self.customer,
            promised_at=event.occurred_at,
            due_at=data.due,
            due_team=data.due_team,
            agent=data.agent,
        )
        self.promises.setdefault((event.source, promise.id), promise)

    def _change(self, keys: list[_Key], change: Callable[[Promise], Promise]) -> None:
        for key in keys:
            self.promises[key] = change(self.promises[key])

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
        after = _exchange_end(line, promise.promised_at, self.switches)
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
