"""Save clocks that changed, and write down what is to be said of them: settled, broken, warned of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.core.clocks.clock import Clock
from app.core.clocks.noting import NOTHING_SAID, Said, said_of
from app.core.clocks.warnings import fallen_due
from app.core.policy import ClockKind
from app.core.replay import Terms
from app.metrics.families import edge_of, response_edges
from app.operations.rounds import Round
from app.store import contacts as contact_store
from app.store import ledgers
from app.store.contacts import Stored
from app.store.engine import Transaction
from app.store.ledgers import BREACHED, RESPONSE, SETTLED, UNSETTLED, WITHDRAWN, Noted, Tally, Told

ClockId = tuple[str, ClockKind, int]


async def save_clocks(
    tx: Transaction,
    keys: Sequence[str],
    clocks: Mapping[ClockId, Clock],
    kinds: frozenset[ClockKind],
    round_: Round,
) -> None:
    """Save clocks that differ, remove those that are gone, and say what there is to say of them.

    ``clocks`` are all of these ``kinds`` on the contacts ``keys``; the keys have to be locked.
    """
    loaded = await contact_store.load_clocks(tx, keys)
    before = {id_: stored for id_, stored in loaded.items() if stored.clock.kind in kinds}
    ledger = _Ledger(round_.now, response_edges(_thresholds(round_.terms)))
    changed: list[Stored] = []
    for id_, clock in clocks.items():
        old = before.get(id_)
        said = said_of(clock, _said(old), round_.now)
        ledger.note(id_[0], old, clock, said)
        warned = ledger.warn(id_[0], clock, old.warned if old else ())
        new = Stored(id_[0], clock, said.settled, said.noted, said.observed, warned)
        if new != old:
            changed.append(new)
    gone = [id_ for id_ in before if id_ not in clocks]
    for id_ in gone:
        old = before[id_]
        ledger.note(id_[0], old, old.clock, said_of(None, _said(old), round_.now))
    await contact_store.save_clocks(tx, sorted(changed, key=lambda stored: stored.id))
    await contact_store.remove_clocks(tx, gone)
    await ledgers.append_breaches(tx, ledger.breaches)
    await ledgers.append_warnings(tx, ledger.warnings)
    await ledgers.append_tallies(tx, ledger.tallies)
    round_.done.breaches_noted += sum(noted.what == "noted" for noted in ledger.breaches)
    round_.done.breaches_withdrawn += sum(noted.what == "withdrawn" for noted in ledger.breaches)


def _said(stored: Stored | None) -> Said:
    if stored is None:
        return NOTHING_SAID
    return Said(stored.settled, stored.noted, stored.observed)


def _thresholds(terms: Terms) -> set[float]:
    return {
        target.amount.total_seconds()
        for rule in terms.policies.newest.rules
        for target in rule.targets.values()
        if target.amount
    }


@dataclass(slots=True)
class _Ledger:
    """The lines to append, gathered clock by clock."""

    now: datetime
    edges: tuple[float, ...]
    breaches: list[Noted] = field(default_factory=list)
    warnings: list[Told] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)

    def note(self, key: str, old: Stored | None, clock: Clock, after: Said) -> None:
        """Write down the difference between what was said and what is to be said.

        What is taken back is counted where it was counted, and dated as it was.
        """
        before, said_of_clock = _said(old), old.clock if old else clock
        if after.settled and not before.settled:
            self._count(SETTLED, clock)
        if before.settled and not after.settled:
            self._count(UNSETTLED, said_of_clock)
        if after.noted and not before.noted:
            self._count(BREACHED, clock)
            self.breaches.append(
                Noted(key, clock, "noted", clock.breaches_at or self.now, self.now)
            )
        if before.noted and not after.noted:
            self._count(WITHDRAWN, said_of_clock)
            dated = said_of_clock.breaches_at or self.now
            self.breaches.append(Noted(key, said_of_clock, "withdrawn", dated, self.now))
        if after.observed and not before.observed and clock.elapsed is not None:
            seconds = clock.elapsed.total_seconds()
            edge = edge_of(seconds, self.edges)
            self._count(RESPONSE, clock, edge, seconds)

    def warn(self, key: str, clock: Clock, warned: tuple[str, ...]) -> tuple[str, ...]:
        """Write down the levels that fell due; all that were told of the clock by now."""
        if not clock.warnings:
            return warned
        due = fallen_due(clock, warned, self.now)
        self.warnings += [Told(key, clock, warning, self.now) for warning in due]
        return (*warned, *(warning.level for warning in due))

    def _count(self, what: str, clock: Clock, le: float = 0.0, seconds: float = 0.0) -> None:
        # Response times are told by channel and tier alone: a team's own would be too many series.
        team = "" if what == RESPONSE else clock.team
        tally = Tally(what, clock.channel, team, clock.tier, clock.kind, le, 1, seconds)
        self.tallies.append(tally)
