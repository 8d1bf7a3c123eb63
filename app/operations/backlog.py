"""Load what was open on the first day through the usual way in; loading it twice changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from app.core.aliases import pseudonymised
from app.core.policy import UNASSIGNED, UNMAPPED, Policy
from app.operations.intake import record_events
from app.sources.tables.backlog import OpenContact, RefusedLine
from app.store.engine import Database

CONTACTS_A_BATCH = 500
"""Contacts that go into one transaction."""
MAX_REFUSED = 1_000
"""Bad lines that are listed; beyond that they are only counted."""


@dataclass(slots=True)
class Loaded:
    """What became of a backlog. ``nobodys``: contacts whose team or queue the policy does not have.

    ``told_otherwise``: events that an earlier file told with another content, which stays.
    """

    contacts: int = 0
    known: int = 0
    events: int = 0
    told_otherwise: int = 0
    nobodys: int = 0
    refused_lines: int = 0
    refused: list[RefusedLine] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines have been read."""
        return self.contacts + self.known + self.refused_lines


@dataclass(frozen=True, slots=True)
class Loading:
    """Where contacts go: the key that hides addresses, the policy, and who is told how far it is."""

    db: Database
    alias_key: bytes
    policy: Policy
    on_progress: Callable[[Loaded], None]


async def load_backlog(told: Iterable[OpenContact | RefusedLine], loading: Loading) -> Loaded:
    """Store the events of every good line, batch by batch; bad lines are gathered."""
    done = Loaded()
    good = _good(told, done)
    while batch := list(islice(good, CONTACTS_A_BATCH)):
        await _store(batch, loading, done)
        loading.on_progress(done)
    return done


def _good(told: Iterable[OpenContact | RefusedLine], done: Loaded) -> Iterator[OpenContact]:
    for one in told:
        if isinstance(one, RefusedLine):
            done.refused_lines += 1
            if len(done.refused) < MAX_REFUSED:
                done.refused.append(one)
        else:
            yield one


async def _store(batch: list[OpenContact], loading: Loading, done: Loaded) -> None:
    requests = [
        [pseudonymised(event, loading.alias_key) for event in contact.events] for contact in batch
    ]
    for contact, stored in zip(batch, await record_events(loading.db, requests), strict=True):
        done.events += stored.new
        done.told_otherwise += stored.conflicts
        if stored.new:
            done.contacts += 1
        else:
            done.known += 1
        team = loading.policy.team_of(contact.source, contact.team, contact.queue)
        done.nobodys += team in (UNMAPPED, UNASSIGNED)
