"""What every step of a round of replay is given, does with its marks, and answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.core.events import Event
from app.core.registry import names_in, nobodys_name
from app.core.replay import Terms
from app.store import touched
from app.store.engine import Transaction

GROUPS_AT_ONCE = 25
"""Contacts that are replayed before requests get their turn."""


@dataclass(slots=True)
class Folded:
    """What one round did.

    ``failed``: keys that could not be worked out; ``untold``: those that could, but not their turns.
    """

    keys: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    breaches_noted: int = 0
    breaches_withdrawn: int = 0

    def add(self, other: "Folded") -> None:
        """Count what another part of the round did."""
        self.keys += other.keys
        self.failed.update(other.failed)
        self.untold.update(other.untold)
        self.breaches_noted += other.breaches_noted
        self.breaches_withdrawn += other.breaches_withdrawn


@dataclass(frozen=True, slots=True)
class Round:
    """What every step of one round is given."""

    terms: Terms
    now: datetime
    done: Folded = field(default_factory=Folded)


def names_of(told: Iterable[Sequence[Event]]) -> set[str]:
    """The names by which each contact's events call its customer, or nobody's where none does."""
    names: set[str] = set()
    for events in told:
        own = {name for event in events for name in names_in(event)}
        names |= own or {nobodys_name(event.source, event.subject) for event in events}
    return names


async def settle_marks(
    tx: Transaction,
    keys: Sequence[str],
    marks: Sequence[int],
    failed: Mapping[str, str],
    now: datetime,
) -> None:
    """Delete exactly the marks that were read; remember what failed, forget what no longer does."""
    await touched.forget(tx, marks)
    if failed:
        await touched.put_aside(tx, failed, now)
    await touched.bring_back(tx, [key for key in keys if key not in failed])
