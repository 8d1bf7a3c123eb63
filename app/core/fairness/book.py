"""One pool's moves of the last day: what arrives late, or turns out otherwise, changes the past.

The pool is worked out as moves come. Now and then it is kept as it stands; where a move arrives that
belongs before what was applied, or one that was applied turns out not to have been, the pool goes
back to the last such checkpoint and everything since is applied anew. So the outcome is that of the
moves in their order, whenever they came.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from math import inf

import msgspec
from sortedcontainers import SortedKeyList

from app.core.fairness.counted import Counted, counted_of
from app.core.fairness.freezing import UnknownVersion, freeze, thaw
from app.core.fairness.moves import UNNAMED, Move, MoveKind
from app.core.fairness.pool import Pool, PoolTerms
from app.core.fairness.shown import Totals

__all__ = ["Book", "UnknownVersion"]

HORIZON_SECONDS = 24 * 3600.0
"""Older moves change no episode any more."""
CHECKPOINT_SECONDS = 300.0
FINE_SECONDS = 3600.0
"""Checkpoints of the last hour are all kept, of the time before one an hour."""

OpenSeconds = Callable[[float, float], float]
Place = tuple[float, int, float, str]
"""Where a move stands among the others; of simultaneous starts the first in turn is first."""


class Known(msgspec.Struct, array_like=True, gc=False):
    """What is known of one contact or agent. ``members_only``: it counts if the agent works here."""

    moves: tuple[Move, ...]
    members_only: bool = False


class Checkpoint(msgspec.Struct, array_like=True, gc=False):
    """A pool as it stood before any move at or after ``at``."""

    at: float
    pool: bytes


class _Frozen(msgspec.Struct, array_like=True, gc=False):
    known: dict[str, Known]
    checkpoints: list[Checkpoint]
    members: set[str]
    too_late: int
    ran_until: float
    told_before: Totals = Totals()
    counted_again: Counted = msgspec.field(default_factory=Counted)


def place_of(move: Move) -> Place:
    """Where a move stands in the canonical order."""
    started = move.kind is MoveKind.STARTED and move.demand is not None
    return (move.at, move.kind, move.demand.turn if started and move.demand else 0.0, move.tie)


class Book:
    """One pool's moves and the pool as they leave it.

    ``told_before``: what was counted before the pool was begun anew, ``counted_again`` what of that
    is also counted since.
    """

    def __init__(
        self,
        team: str,
        terms: PoolTerms,
        open_seconds: OpenSeconds,
        told_before: Totals = Totals(),  # noqa: B008 - a frozen value
    ) -> None:
        """Nothing is known yet."""
        self.team, self.terms, self.open_seconds = team, terms, open_seconds
        self.told_before, self.counted_again = told_before, Counted()
        self.pool = Pool(terms, open_seconds)
        self.known: dict[str, Known] = {}
        self.members: set[str] = set()
        self.moves = SortedKeyList(key=place_of)
        self.checkpoints = [Checkpoint(-inf, zlib.compress(freeze(self.pool), 1))]
        self.too_late = 0
        self.rewinds = 0
        self._applied = 0
        self._last: Place | None = None
        self._back_to = inf
        self._settled: tuple[float, Pool] | None = None

    @property
    def begins(self) -> float:
        """Before this instant nothing changes any more."""
        return self.checkpoints[0].at

    def settled_pool(self) -> Pool | None:
        """The pool as it was a day ago, which nothing changes any more; none on its first day."""
        if self.begins == -inf or self.begins > self.pool.now - HORIZON_SECONDS:
            return None
        if self._settled is None or self._settled[0] != self.begins:
            told = zlib.decompress(self.checkpoints[0].pool)
            self._settled = (self.begins, thaw(Pool(self.terms, self.open_seconds), told))
        return self._settled[1]

    def learn(self, key: str, moves: Iterable[Move], *, members_only: bool = False) -> None:
        """All moves that a contact or agent makes here, as known now: in place of what was known."""
        known = self.known.get(key)
        before = known.moves if known is not None else ()
        told = tuple(moves)
        now = tuple(move for move in told if move.at >= self.begins)
        self.too_late += known is None and bool(told) and not now
        if now:
            self.known[key] = Known(now, members_only)
        else:
            self.known.pop(key, None)
        self._change(self._counting(before, members_only), self._counting(now, members_only))
        for agent in {move.agent for move in now if move.kind is MoveKind.STARTED}:
            self._meet(agent)

    def _counting(self, moves: Sequence[Move], members_only: bool) -> Sequence[Move]:  # noqa: FBT001 - of a record
        if not members_only:
            return moves
        return [move for move in moves if not self.members.isdisjoint({move.agent, *move.agents})]

    def _meet(self, agent: str) -> None:
        """An agent works here: what was told of it without naming a team counts from now on.

        Nothing else is ever told of one whom nobody named.
        """
        if agent in self.members or agent.startswith(UNNAMED):
            return
        self.members.add(agent)
        for known in self.known.values():
            if known.members_only:
                own = [move for move in known.moves if agent in {move.agent, *move.agents}]
                self._change((), own)

    def _change(self, before: Sequence[Move], now: Sequence[Move]) -> None:
        same = 0
        for old, new in zip(before, now, strict=False):
            if old != new:
                break
            same += 1
        for move in before[same:]:
            if move.at >= self.begins:
                self.moves.remove(move)
                self._changed(move)
        for move in now[same:]:
            self.moves.add(move)
            self._changed(move)

    def _changed(self, move: Move) -> None:
        """What lies behind what was worked out has to be worked out anew."""
        is_behind = self._last is not None and place_of(move) <= self._last
        if is_behind or move.at < self.pool.now:
            self._back_to = min(self._back_to, move.at)

    def run(self, now: float) -> None:
        """Apply what is due up to ``now``."""
        if self._back_to < inf:
            self._rewind(self._back_to)
        last: Move | None = None
        for move in self.moves.islice(self._applied):
            if move.at > now:
                break
            self._keep(move.at)
            self._note_counted_again(move.at)
            self.pool.apply(move)
            self._applied += 1
            last = move
        if last is not None:
            self._last = place_of(last)
        if now > self.pool.now:
            self._keep(now)
            self._note_counted_again(now)
            self.pool.run(now)
        self._forget(now)

    def _note_counted_again(self, at: float) -> None:
        """Remember what stands when the pool comes to where it had been before it began anew."""
        until = self.told_before.settled_at
        if until is not None and self.pool.now < until <= at:
            self.pool.run(until)
            self.counted_again = counted_of(self.pool)

    def _keep(self, at: float) -> None:
        """Keep the pool as it stands before anything happens at ``at``, now and then."""
        if at >= self.checkpoints[-1].at + CHECKPOINT_SECONDS:
            self.checkpoints.append(Checkpoint(at, zlib.compress(freeze(self.pool), 1)))

    def _rewind(self, at: float) -> None:
        self._back_to = inf
        self.rewinds += 1
        while len(self.checkpoints) > 1 and self.checkpoints[-1].at > at:
            self.checkpoints.pop()
        self._return_to(self.checkpoints[-1])

    def _return_to(self, checkpoint: Checkpoint) -> None:
        self.pool = thaw(Pool(self.terms, self.open_seconds), zlib.decompress(checkpoint.pool))
        self._applied = self.moves.bisect_key_left((checkpoint.at, -1, -inf, ""))
        self._last = place_of(self.moves[self._applied - 1]) if self._applied else None

    def _forget(self, now: float) -> None:
        """Drop what is older than the horizon, and thin out older checkpoints."""
        if len(self.checkpoints) < 2 or self.checkpoints[1].at > now - HORIZON_SECONDS:
            self._thin(now)
            return
        while len(self.checkpoints) > 1 and self.checkpoints[1].at <= now - HORIZON_SECONDS:
            self.checkpoints.pop(0)
        gone = self.moves.bisect_key_left((self.begins, -1, -inf, ""))
        del self.moves[:gone]
        self._applied -= gone
        self.known = {
            key: Known(kept, known.members_only)
            for key, known in self.known.items()
            if (kept := tuple(move for move in known.moves if move.at >= self.begins))
        }

    def _thin(self, now: float) -> None:
        fine = now - FINE_SECONDS
        kept: list[Checkpoint] = []
        for checkpoint in self.checkpoints:
            if (
                checkpoint.at < fine
                and len(kept) > 1
                and checkpoint.at - kept[-1].at < FINE_SECONDS
            ):
                continue
            kept.append(checkpoint)
        self.checkpoints = kept

    def frozen(self) -> bytes:
        """Everything, as bytes: the oldest and the newest checkpoint, and the moves since."""
        ends = [*self.checkpoints[:1], *self.checkpoints[1:][-1:]]
        told = _Frozen(
            self.known,
            ends,
            self.members,
            self.too_late,
            self.pool.now,
            self.told_before,
            self.counted_again,
        )
        return zlib.compress(msgspec.msgpack.encode(told), 1)

    @classmethod
    def thawed(cls, data: bytes, team: str, terms: PoolTerms, open_seconds: OpenSeconds) -> "Book":
        """The book that ``frozen`` wrote, at the instant it had come to.

        Raises ``UnknownVersion`` where another version of the service wrote it.
        """
        try:
            told = msgspec.msgpack.decode(zlib.decompress(data), type=_Frozen)
        except (msgspec.MsgspecError, zlib.error):
            raise UnknownVersion("expected a frozen book, got other bytes") from None
        book = cls(team, terms, open_seconds, told.told_before)
        book.counted_again = told.counted_again
        book.known, book.members, book.too_late = told.known, told.members, told.too_late
        book.checkpoints = told.checkpoints
        for known in told.known.values():
            book.moves.update(book._counting(known.moves, known.members_only))
        book._return_to(book.checkpoints[-1])
        if told.ran_until > -inf:
            book.run(told.ran_until)
        return book
