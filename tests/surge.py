"""A team in which one customer's surge is served first: its events at any time, and what to expect."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from app.core.clocks.standing import Place
from app.core.events import Event, SubjectOf, decode_data, subject_of
from app.core.fairness.book import HORIZON_SECONDS, Book
from app.core.fairness.moves import Move
from app.core.fairness.pools import open_seconds_of, terms_of
from app.core.fairness.reading import moves_of, moves_of_agent
from app.core.fairness.showing import standing_of
from app.core.fairness.shown import PoolStanding
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.registering import replay_registry
from app.core.replay import Terms, replay
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import Trace, play

Json = dict[str, Any]
TEAM = "support"
SEED = 1
SECONDS = 11_000.0
"""So much of the day is told: the episode has begun and is not over."""


@cache
def _trace() -> Trace:
    return play("captured-by-a-surge", SEED)


def policy_text() -> str:
    return f"version: 1\n{_trace().policy}"


@dataclass(frozen=True, slots=True)
class Surge:
    """The events of the day up to ``until``, the first of them at ``start``."""

    start: datetime
    events: Sequence[Json]

    @classmethod
    def starting(cls, start: datetime, seconds: float = SECONDS) -> "Surge":
        shift = start - BEGINNING
        told = [{**e, "time": (_at(e) + shift).isoformat()} for e in _trace().events]
        return cls(start, [e for e in told if _at(e) <= start + timedelta(seconds=seconds)])

    def before(self, at: datetime) -> list[Json]:
        return [event for event in self.events if _at(event) < at]

    def since(self, at: datetime) -> list[Json]:
        return [event for event in self.events if _at(event) >= at]

    def contacts_of(self, customer: str) -> list[str]:
        told = {e["subject"]: None for e in self.events if e["data"].get("customer") == customer}
        return [subject for subject in told if subject != customer]

    def standing(self, at: float) -> PoolStanding:
        """What an undisturbed run over all the events comes to."""
        return undisturbed(self.events, at)


def _at(event: Json) -> datetime:
    return datetime.fromisoformat(event["time"])


def batch(events: Iterable[Json]) -> str:
    return json.dumps(list(events))


def undisturbed(told: Iterable[Json], at: float) -> PoolStanding:
    """One book that is given everything at once."""
    policy = read_policy(policy_text())
    book = Book(TEAM, terms_of(policy), open_seconds_of(policy.calendar_of(TEAM)))
    book.run((at - HORIZON_SECONDS) // 3600 * 3600)
    events = [_event(event) for event in told]
    for key, moves in _moves(events, Terms(Policies((policy,))), at).items():
        book.learn(key, moves)
    book.run(at)
    return standing_of(book, "arrival", at)


def _event(told: Json) -> Event:
    data = decode_data(told["type"], json.dumps(told["data"]))
    return Event(
        source=told["source"],
        id=told["id"],
        occurred_at=_at(told),
        subject=told["subject"],
        data=data,
    )


def _moves(events: Sequence[Event], terms: Terms, at: float) -> Mapping[str, list[Move]]:
    known = replay_registry(e for e in events if subject_of(e) is SubjectOf.CUSTOMER)
    now = datetime.fromtimestamp(at, BEGINNING.tzinfo)
    found: dict[str, list[Move]] = defaultdict(list)
    for contact in replay(events, terms, now).contacts:
        source = terms.sources_of(contact.line.events)
        entry = known.entry(contact.customer)
        place = Place(contact.line, source, terms.policies, entry)
        told = moves_of(contact.line, place, contact.customer)
        found[contact.key] = [move for _, move in told]
    for event in events:
        if subject_of(event) is SubjectOf.AGENT:
            found[f"a:{event.subject}"].extend(moves_of_agent(event))
    return found
