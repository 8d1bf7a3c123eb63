"""When is a customer served first: debt that is material, and evidence that it is no accident.

Debt of an account grows by the agent-seconds it takes from others out of turn, and shrinks by what
is tolerated of any disorderly team; it never falls below zero (a CUSUM). An episode is raised when
debt, extra wait since the debt began, and evidence all are enough, and cleared when nothing
significant was taken for a while.
"""

from collections.abc import Callable
from math import log

import msgspec

from app.core.fairness.account import Account
from app.core.fairness.ledger import Ledger
from app.core.fairness.tuning import Tuning

TICKS_TO_ASK_AGAIN = 1
"""Playing everything in turn costs something: where it found no harm it is not done at each tick."""
SUSPICIOUS = log(100)
"""Evidence from which on it is kept who is deprived by an account: few ever come so far."""
PRIOR_CONTACTS = 50
"""Contacts of others that stand in before shares mean much."""


class Mark(msgspec.Struct, array_like=True, gc=False):
    """What an account had on it at an instant: amounts since then are differences."""

    at: float
    taken: float
    reserved: float
    extra_wait: float
    starts: int
    out_of_turn: int


class Watch(msgspec.Struct, array_like=True, gc=False):
    """An account that took something out of turn lately.

    ``onset`` is where its debt began; ``raised_at`` is set while its episode is open.
    """

    name: str
    seen_at_duty: float
    seen_taken: float
    onset: Mark
    debt: float = 0.0
    taken_in_tick: float = 0.0
    last_significant: float = 0.0
    raised_at: float | None = None
    ask_again_at: float = 0.0


class Verdict(msgspec.Struct):
    """What one look changed: episodes to raise, and those to clear with their ends."""

    raised: list[Watch]
    cleared: list[Watch]


class Detector:
    """Watches one ledger's accounts; instants and agent-seconds of duty are the pool's."""

    def __init__(self, ledger: Ledger, tuning: Tuning, is_harmful: Callable[[Watch], bool]) -> None:
        """Nobody is under suspicion. ``is_harmful`` has the last word before an episode is raised."""
        self.ledger, self.tuning, self.is_harmful = ledger, tuning, is_harmful
        self.watches: dict[str, Watch] = {}
        self._enough = log(tuning.between_false_alarms)
        self._onset = tuning.debt * tuning.onset_share
        self._material = tuning.debt / 4
        self._most = tuning.debt_cap * tuning.debt

    def is_favoured(self, account: Account) -> bool:
        """Whether an account is served like an important customer, whatever it is called."""
        return self._has_evidence(account, self._enough)

    def _has_evidence(self, account: Account, limit: float) -> bool:
        evidence = account.evidence
        return evidence is not None and self.ledger.contests.reaches(evidence, limit)

    def watch(self, account: Account, now: float, duty: float) -> Watch:
        """Look at an account from now on: it was just served out of turn."""
        watch = self.watches.get(account.name)
        if watch is None:
            watch = Watch(account.name, duty, _taken(account), mark(account, now))
            self.watches[account.name] = watch
        return watch

    @property
    def is_ripe(self) -> bool:
        """Whether some evidence is enough and only more debt is awaited: it may come any second."""
        return any(
            watch.raised_at is None
            and watch.debt >= self._material
            and self.is_favoured(self.ledger.named(watch.name))
            for watch in self.watches.values()
        )

    def look(self, now: float, duty: float, on_duty: int, *, tick: float) -> Verdict:
        """Weigh everybody under suspicion, ``tick`` seconds after the last time."""
        found = Verdict([], [])
        significant = self.tuning.significant_share * on_duty * tick
        for watch in list(self.watches.values()):
            account = self.ledger.named(watch.name)
            self._weigh(watch, account, duty)
            if watch.taken_in_tick:
                if watch.taken_in_tick >= significant:
                    watch.last_significant = now
                watch.taken_in_tick = 0.0
            if watch.raised_at is None:
                self._look_at(watch, account, now, found)
            elif now - watch.last_significant > self.tuning.clear:
                found.cleared.append(watch)
        return found

    def consider(self, account: Account, now: float, duty: float) -> Watch | None:
        """Between ticks: whether the latest start makes it an episode."""
        watch = self.watches.get(account.name)
        if watch is None or watch.raised_at is not None:
            return None
        self._weigh(watch, account, duty)
        return watch if self._raise(watch, account, now) else None

    def _weigh(self, watch: Watch, account: Account, duty: float) -> None:
        ledger, tuning = self.ledger, self.tuning
        ledger.settle(account)
        taken = account.from_others + account.reserved
        gained = taken - watch.seen_taken
        share = (account.received + 1) / (ledger.received + PRIOR_CONTACTS)
        tolerated = tuning.tolerated_share * share + tuning.tolerated_floor
        debt = watch.debt + gained - tolerated * (duty - watch.seen_at_duty)
        watch.debt = min(max(0.0, debt), self._most)
        watch.taken_in_tick += gained
        watch.seen_taken, watch.seen_at_duty = taken, duty

    def _look_at(self, watch: Watch, account: Account, now: float, found: Verdict) -> None:
        if watch.debt < self._onset:
            watch.onset = mark(account, now)
        elif (
            watch.debt >= self._material
            and watch.name not in self.ledger.suspects
            and self._has_evidence(account, SUSPICIOUS)
        ):
            self.ledger.suspect(watch.name)
        if watch.debt <= 0 and not account.out_of_turn_now:
            del self.watches[watch.name]
            self.ledger.acquit(watch.name)
        elif self._raise(watch, account, now):
            found.raised.append(watch)

    def _raise(self, watch: Watch, account: Account, now: float) -> bool:
        if (
            now < watch.ask_again_at
            or watch.debt < self.tuning.debt
            or account.extra_wait - watch.onset.extra_wait < self.tuning.extra_wait
            or not self.is_favoured(account)
            or not self._is_named(watch, account)
        ):
            return False
        watch.raised_at = now
        if not self.is_harmful(watch):
            watch.raised_at = None
            watch.ask_again_at = now + TICKS_TO_ASK_AGAIN * self.tuning.tick
            return False
        watch.last_significant = now
        return True

    def _is_named(self, watch: Watch, account: Account) -> bool:
        """A tier is named only where no member explains most of it, else the member is."""
        share = self.tuning.member_share
        if account.is_tier:
            return not any(
                member.raised_at is not None or member.debt >= share * watch.debt
                for member in self.watches.values()
                if member.debt > 0 and self._is_member(member, account)
            )
        tier = self.watches.get(f"tier:{account.tier}")
        if tier is None or tier.raised_at is None:
            return True
        whole = self.ledger.named(tier.name)
        return since(watch.onset, account) >= share * since(tier.onset, whole)

    def _is_member(self, watch: Watch, tier: Account) -> bool:
        account = self.ledger.named(watch.name)
        return not account.is_tier and account.tier == tier.tier

    def close(self, watch: Watch, now: float) -> None:
        """An episode is over: neither it nor those it explains owe anything any more."""
        account = self.ledger.named(watch.name)
        self._start_afresh(watch, account, now)
        watch.raised_at = None
        for other in self.watches.values():
            whose = self.ledger.named(other.name)
            related = (
                self._is_member(other, account)
                if account.is_tier
                else (whose.is_tier and whose.tier == account.tier)
            )
            if related and other.raised_at is None:
                self._start_afresh(other, whose, now)

    def _start_afresh(self, watch: Watch, account: Account, now: float) -> None:
        watch.debt = 0.0
        watch.seen_taken = _taken(account)
        watch.onset = mark(account, now)
        self.ledger.acquit(watch.name)


def mark(account: Account, now: float) -> Mark:
    """What an account has on it now."""
    return Mark(
        now,
        account.agent_seconds,
        account.reserved,
        account.extra_wait,
        account.starts,
        account.out_of_turn,
    )


def since(begun: Mark, account: Account) -> float:
    """Agent-seconds taken out of turn and kept idle since a mark."""
    return account.agent_seconds + account.reserved - begun.taken - begun.reserved


def _taken(account: Account) -> float:
    """What counts as debt: taken from others, and idleness kept for it."""
    return account.from_others + account.reserved
