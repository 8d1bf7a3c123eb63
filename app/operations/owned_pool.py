"""One pool in the memory of its owner: what it knows, what it said last, and when it has to again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from app.core.fairness.book import HORIZON_SECONDS, Book
from app.core.fairness.order import order_of
from app.core.fairness.pools import open_seconds_of, terms_of
from app.core.fairness.showing import standing_of
from app.core.fairness.shown import PoolStanding
from app.core.policy import Policy
from app.store.pool_news import TakenNews
from app.store.pools import Frozen, Standing, Taken

TOLD_EVERY = timedelta(seconds=1)
"""How often a pool is worked out and shown, if there is anything new."""
QUIET_TOLD_EVERY = timedelta(seconds=10)
"""The same where nothing is new and nobody waits."""
EPISODES_EVERY = timedelta(seconds=10)
"""How often the amounts of episodes are written; that one begins or ends is written at once."""
FROZEN_EVERY = timedelta(seconds=60)

Outline = tuple[tuple[str, float, float, float | None], ...]
"""Whose episodes there are, and when they began, were raised and ended."""


@dataclass(slots=True)
class OwnedPool:
    """A pool of ours. Its methods compute for long: call them in a thread, one at a time.

    While it ``is_behind`` not all of its news have come, and nothing is worked out. ``contained``
    are the news that its book knows and that are not dropped yet.
    """

    team: str
    epoch: int
    order: str
    book: Book
    marks_awaited: int
    frozen_at: datetime
    is_behind: bool = True
    has_news: bool = False
    contained: list[int] = field(default_factory=list)
    newest: float = 0.0
    standing: PoolStanding | None = None
    worked_out_at: datetime | None = None
    _outline: Outline = ()
    _outlined_at: datetime | None = None

    @classmethod
    def thawed(cls, taken: Taken, policy: Policy, now: datetime) -> "OwnedPool":
        """Go on from what the owner before left. Raises ``UnknownVersion``."""
        terms, team = terms_of(policy), taken.team
        open_seconds = open_seconds_of(policy.calendar_of(team))
        if taken.frozen is not None:
            book = Book.thawed(taken.frozen, team, terms, open_seconds)
        else:
            book = Book(team, terms, open_seconds, taken.told_before)
            book.run(_beginning(now))
        order = str(order_of(policy, team))
        return cls(team, taken.epoch, order, book, taken.marks_awaited, now)

    def learn(self, news: Iterable[TakenNews]) -> None:
        """Take in news; they are worked out when it is next time to."""
        for each in news:
            moves = each.moves
            self.book.learn(each.key, moves, members_only=each.members_only)
            self.contained.append(each.id)
            self.newest = max(self.newest, max((move.at for move in moves), default=0.0))
        self.has_news = True

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to work out where the pool stands."""
        if self.is_behind:
            return False
        if self.worked_out_at is None or now < self.worked_out_at:
            return True
        every = TOLD_EVERY if self.has_news or not self._is_quiet() else QUIET_TOLD_EVERY
        return now >= self.worked_out_at + every

    def _is_quiet(self) -> bool:
        told = self.standing
        return (
            told is not None
            and not told.waiting
            and not told.claims
            and all(each.ended_at is not None for each in told.episodes)
        )

    def work_out(self, now: datetime) -> Standing | None:
        """Work out where the pool stands; what is to be written, if anything changed."""
        at = now.timestamp()
        self.book.run(at)
        before, standing = self.standing, standing_of(self.book, self.order, at)
        self.standing, self.worked_out_at, self.has_news = standing, now, False
        if before is not None and msgspec.structs.replace(before, at=at) == standing:
            return None
        return Standing(self.team, self.epoch, msgspec.json.encode(standing).decode())

    def are_episodes_due(self, now: datetime) -> bool:
        """Whether the episodes are to be written: one is new or over, or amounts are old."""
        outline = self.outline()
        if outline != self._outline or self._outlined_at is None or now < self._outlined_at:
            return True
        return bool(outline) and now >= self._outlined_at + EPISODES_EVERY

    def outline(self) -> Outline:
        """The episodes there are, without their amounts."""
        shown = self.standing.episodes if self.standing else ()
        return tuple((each.who, each.started_at, each.raised_at, each.ended_at) for each in shown)

    def episodes_written(self, now: datetime) -> None:
        """Remember what was written."""
        self._outline, self._outlined_at = self.outline(), now

    def is_to_freeze(self, now: datetime) -> bool:
        """Whether there is enough new to keep."""
        is_worked_out = not self.is_behind and not self.has_news
        return bool(self.contained) and is_worked_out and now >= self.frozen_at + FROZEN_EVERY

    def frozen(self, now: datetime) -> Frozen:
        """The pool as bytes, with everything that it has learnt worked out."""
        if self.has_news:
            self.book.run(now.timestamp())
        return Frozen(self.team, self.epoch, self.book.frozen(), tuple(self.contained))

    def was_frozen(self, told: Frozen, now: datetime) -> None:
        """Remember what was kept."""
        del self.contained[: len(told.contained)]
        self.frozen_at = now


def _beginning(now: datetime) -> float:
    """Where a new pool begins: a day ago, on the hour, so that it is the same for every owner.

    What happened later may come in any order.
    """
    return (now.timestamp() - HORIZON_SECONDS) // 3600.0 * 3600.0
