"""Who is out of turn and who pays for it, under one order of turn: the rightful set and its clocks.

Of the contacts that wait, have a claim or are worked on out of turn, those with the K smallest turns
are *rightful*: K is the number of agents who are free or hold an out-of-turn contact. Deprived are
those of the rightful that hold no slot; surplus is out-of-turn work outside the rightful set. Slots
are zero-sum: deprived = neglected (a free agent could serve them) + starved, and starved <= surplus,
so that every starved second has a named holder. (Skips and slips: Larson 1987; fair start times:
Sabin, Kochhar and Sadayappan 2004; zero-sum accounts: Raz, Levy and Avi-Itzhak 2004.)

Amounts run on shared clocks: ``taken`` = integral of starved / surplus dt, ``denied`` = integral of
starved / deprived dt, ``pushed`` = integral of dt / agents on duty, ``delays`` = sum of 1 / agents
on duty over starts while idleness kept for somebody still costs time. An account is touched only when
its own counts change, so that a move costs O(log n).
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

import msgspec
from sortedcontainers import SortedList

from app.core.fairness.account import Account
from app.core.fairness.evidence import Contest, Contests
from app.core.fairness.tuning import Tuning
from app.core.fairness.turn import Line, State, Turn

Owners = tuple[Account, ...]
"""The accounts a contact counts on."""


# Looked up once: reaching a member through its class costs more than most of what is done with it.
_GONE, _WAITING, _CLAIM, _OUT_OF_TURN, _IN_TURN = State
SUSPECTED_GENERATIONS = 7
"""An account with evidence against it is kept so much longer."""
STALE_ALLOWED = 64
"""Of those in the heaps so many, and as many as are not, may have left already."""


class Start(msgspec.Struct, gc=False):
    """How a contact was started: contacts ahead of it, and the verdict. ``owners``: whose it is."""

    ahead: int
    is_contested: bool
    is_out_of_turn: bool
    owners: Owners


class Suspect(msgspec.Struct, array_like=True, gc=False):
    """Whose slots an account under suspicion holds: deprived slot-seconds by who was deprived."""

    clock: float = 0.0
    seen: dict[str, float] = {}
    taken_from: dict[str, float] = {}


class Ledger:
    """One pool's accounts under one order of turn."""

    def __init__(
        self, tuning: Tuning, overlays: frozenset[str], *, keeps_evidence: bool = True
    ) -> None:
        """Nobody waits. ``overlays`` are the tiers that have an account of their own.

        A ledger that only says what something costs, and accuses nobody, ``keeps`` no ``evidence``.
        """
        self.overlays = overlays
        self.keeps_evidence = keeps_evidence
        self.contests = Contests(tuning)
        self.accounts: dict[str, Account] = {}
        self.tiers: dict[str, Account] = {}
        self.lines: dict[Line, SortedList] = {}
        self.claims: dict[str, Turn] = {}
        self.suspects: dict[str, Suspect] = {}
        self.taken = self.denied = self.pushed = self.delays = 0.0
        self.starved_seconds = self.neglected_seconds = 0.0
        self.deprived = self.surplus = self.rightful = self.out_of_turn = 0
        self.neglected = self.starved = self.received = self.customers_waiting = 0
        self.overtaken_load = 0.0
        self.generation = 0
        self.out_of_turn_starts: dict[str, dict[str, int]] = {}
        self._inside: list[tuple[float, int, Turn]] = []
        self._outside: list[tuple[float, int, Turn]] = []
        self._outside_limit = STALE_ALLOWED

    def advance(self, seconds: float, on_duty: int) -> None:
        """Let time pass; nothing else changes meanwhile."""
        starved = self.starved
        if starved:
            denied = starved / self.deprived * seconds
            self.taken += starved / self.surplus * seconds
            self.denied += denied
            self.starved_seconds += starved * seconds
            for name, suspect in self.suspects.items():
                suspect.clock += self.named(name).surplus / self.surplus * denied
        if self.neglected:
            self.neglected_seconds += self.neglected * seconds
        if on_duty:
            self.pushed += seconds / on_duty

    def named(self, name: str) -> Account:
        """The account of a customer or, by ``tier:<name>``, of a tier."""
        return self.tiers.get(name) or self.accounts[name]

    def owners(self, turn: Turn) -> Owners:
        """The accounts that a contact counts on: its customer's, and its tier's where it has one."""
        account = self.accounts.get(turn.customer)
        if account is None:
            account = self._open(turn.customer, turn.tier, is_tier=False)
            self.accounts[turn.customer] = account
        if turn.tier not in self.overlays:
            return (account,)
        name = f"tier:{turn.tier}"
        tier = self.tiers.get(name)
        if tier is None:
            tier = self.tiers[name] = self._open(name, turn.tier, is_tier=True)
        return (account, tier)

    def _open(self, name: str, tier: str, *, is_tier: bool) -> Account:
        account = Account(name, tier, is_tier)
        account.taken_seen, account.denied_seen = self.taken, self.denied
        account.pushed_seen, account.opened = self.pushed, self.generation
        return account

    def leaving(self) -> set[str]:
        """Customers whose accounts are even and had no contact in the last whole generation."""
        oldest = self.generation - 1
        return {
            name
            for name, account in self.accounts.items()
            if account.used < oldest
            and account.is_even
            and (account.used < oldest - SUSPECTED_GENERATIONS or not _is_suspected(account))
        }

    def forget(self, names: Iterable[str]) -> None:
        """Close these accounts, and begin a new generation."""
        for name in names:
            del self.accounts[name]
            for suspect in self.suspects.values():
                suspect.seen.pop(name, None)
        self.generation += 1

    def receive(self, turn: Turn) -> None:
        """A contact came in and waits: each account's share in all of them matters."""
        self.received += 1
        owners = self.owners(turn)
        for account in owners:
            account.received += 1
            account.tier = turn.tier
        self._enter(turn, _WAITING, owners)

    def settle(self, account: Account) -> None:
        """Bring an account up to now. O(1)."""
        passed = self.taken - account.taken_seen
        if passed:
            if account.surplus:
                own = account.deprived / self.deprived if self.deprived else 0.0
                account.charge += account.surplus * passed
                taken = account.surplus_load * passed
                account.agent_seconds += taken
                account.from_others += taken * (1 - own)
            if account.deprived:
                account.denied += account.deprived * (self.denied - account.denied_seen)
            account.taken_seen, account.denied_seen = self.taken, self.denied
        if account.overtaken_load:
            account.extra_wait += account.overtaken_load * (self.pushed - account.pushed_seen)
        account.pushed_seen = self.pushed
        if account.kept:
            account.extra_wait += account.kept * (self.delays - account.delays_seen)
            account.delays_seen = self.delays
        evidence = account.evidence
        if evidence is not None and evidence.choices_seen != self.contests.choices:
            share = account.received / max(1, self.received)
            self.contests.weigh(evidence, account.name, account.waiting, share)

    def _settled(self, turn: Turn) -> Owners:
        """Whose a contact is, brought up to now: their counts may change."""
        owners = self.owners(turn)
        for account in owners:
            self.settle(account)
        return owners

    def attribute(self, account: Account) -> None:
        """A row of the matrix: of what an account was denied, who held the slots."""
        deprived = account.deprived
        for suspect in self.suspects.values():
            seen = suspect.seen.get(account.name, 0.0)
            suspect.seen[account.name] = suspect.clock
            if deprived and suspect.clock != seen:
                taken = suspect.taken_from.get(account.name, 0.0)
                suspect.taken_from[account.name] = taken + (suspect.clock - seen) * deprived

    def suspect(self, name: str) -> None:
        """Keep from now on who is deprived by an account."""
        self.suspects.setdefault(name, Suspect())

    def acquit(self, name: str) -> None:
        """Forget who was deprived by an account."""
        self.suspects.pop(name, None)

    def owe(self, seconds: float, customer: str) -> None:
        """A customer was told no: whoever holds slots out of turn made it wait that long."""
        for name in self.suspects:
            account = self.named(name)
            if account.surplus and name != customer:
                account.extra_wait += seconds * account.surplus / max(1, self.surplus)

    def wait(self, turn: Turn) -> None:
        """A contact waits for its turn, perhaps once more."""
        self._enter(turn, _WAITING, self.owners(turn))

    def claim(self, turn: Turn) -> None:
        """A contact was told no: its claim stands until it leaves."""
        self.claims[turn.contact] = turn
        self._enter(turn, _CLAIM, self.owners(turn))

    def _enter(self, turn: Turn, state: State, owners: Owners) -> None:
        turn.state = state
        turn.is_counted = True
        keys = self.lines.get(turn.line)
        if keys is None:
            keys = self.lines[turn.line] = SortedList()
        keys.add((turn.key, turn.number, turn))
        for account in owners:
            self.settle(account)
            account.used = self.generation
            account.waiting += 1
        self.customers_waiting += owners[0].waiting == 1
        self._insert(turn, owners)

    def leave(self, turn: Turn) -> None:
        """A contact waits, claims or is worked on no more."""
        if turn.state is not _IN_TURN and turn.state is not _GONE:
            self._leave(turn, self._settled(turn))
        turn.state = _GONE

    def _leave(self, turn: Turn, owners: Owners) -> None:
        if turn.is_counted:
            self._discount(turn, owners)
        self._count(turn, owners, -1)
        if turn.is_rightful:
            turn.is_rightful = False
            self.rightful -= 1
        if turn.state is _OUT_OF_TURN:
            self._forgive(turn, owners)
        elif turn.state is _CLAIM:
            del self.claims[turn.contact]

    def _discount(self, turn: Turn, owners: Owners) -> None:
        """It stands in its line no more. ``owners`` are brought up to now."""
        self.lines[turn.line].remove((turn.key, turn.number, turn))
        turn.is_counted = False
        for account in owners:
            account.used = self.generation
            account.waiting -= 1
        self.customers_waiting -= owners[0].waiting == 0

    def _forgive(self, turn: Turn, owners: Owners) -> None:
        """Out-of-turn work has ended."""
        load = turn.overtook * turn.load
        self.out_of_turn -= 1
        self.overtaken_load -= load
        for account in owners:
            account.used = self.generation
            account.out_of_turn_now -= 1
            account.overtaken_load -= load

    def start(self, turn: Turn, lines: Iterable[Line], free: int) -> Start:
        """A waiting contact is started by an agent who could have served ``lines`` (design 3.2).

        ``free``: idle agents before the start, 1 if this agent was not idle. Where only one
        customer waits there is nobody to favour it over, so that nothing is contested.
        """
        place = (turn.key, turn.number)
        ahead = waiting = 0
        for line in lines:
            keys = self.lines.get(line)
            if keys:
                waiting += len(keys)
                if keys[0] < place:
                    ahead += keys.bisect_left(place)
        contested = waiting > max(free, 1) and self.customers_waiting > 1
        owners = self.owners(turn)
        start = Start(ahead, contested, ahead >= free, owners)
        if contested and self.keeps_evidence:
            tier = "" if len(owners) == 1 else owners[1].name
            self.contests.note(Contest(turn.customer, tier, start.is_out_of_turn), waiting)
        if ahead and self.claims:
            self._pass_a_claim(place)
        for account in owners:
            self.settle(account)
            account.starts += 1
        self._leave(turn, owners)
        turn.state = _IN_TURN
        if start.is_out_of_turn:
            self._start_out_of_turn(turn, start)
        return start

    def _pass_a_claim(self, place: tuple[float, int]) -> None:
        """In turn a claim would have taken this slot; no later start is out of turn because of it."""
        standing = [claim for claim in self.claims.values() if claim.is_counted]
        oldest = min(standing, key=lambda claim: (claim.key, claim.number), default=None)
        if oldest is not None and (oldest.key, oldest.number) < place:
            self._discount(oldest, self._settled(oldest))

    def _start_out_of_turn(self, turn: Turn, start: Start) -> None:
        turn.state = _OUT_OF_TURN
        turn.overtook = start.ahead
        load = start.ahead * turn.load
        self.out_of_turn += 1
        self.overtaken_load += load
        by_tier = self.out_of_turn_starts.setdefault(turn.line[0], {})
        by_tier[turn.tier] = by_tier.get(turn.tier, 0) + 1
        for account in start.owners:
            account.out_of_turn += 1
            account.out_of_turn_now += 1
            account.overtaken_load += load
            if start.is_contested and self.keeps_evidence:
                if account.evidence is None:
                    account.evidence = self.contests.begin()
                self.contests.strengthen(account.evidence)
        self._insert(turn, start.owners)

    def _insert(self, turn: Turn, owners: Owners) -> None:
        """Take a contact into the rightful set where it belongs, else outside."""
        last = self._last_inside() if self.rightful else None
        if last is not None and (turn.key, turn.number) < (last.key, last.number):
            turn.is_rightful = True
            self.rightful += 1
        self._count(turn, owners, 1)
        self._push(turn)

    def _count(self, turn: Turn, owners: Owners, sign: int) -> None:
        """Count a contact as deprived or surplus (or no more). ``owners`` are brought up to now."""
        if turn.state is _OUT_OF_TURN:
            if not turn.is_rightful:
                for account in owners:
                    account.surplus += sign
                    account.surplus_load += sign * turn.load
                self.surplus += sign
        elif turn.is_rightful:
            if self.suspects:
                self.attribute(owners[0])
            for account in owners:
                account.deprived += sign
            self.deprived += sign

    def _push(self, turn: Turn) -> None:
        if turn.is_rightful:
            heappush(self._inside, (-turn.key, -turn.number, turn))
        else:
            heappush(self._outside, (turn.key, turn.number, turn))
            if len(self._outside) >= self._outside_limit:
                self._sweep_outside()

    def _sweep_outside(self) -> None:
        """Drop those who have left: nobody asks for them where nobody is free or out of turn."""
        self._outside = [entry for entry in self._outside if _stands_outside(entry[2])]
        heapify(self._outside)
        self._outside_limit = 2 * len(self._outside) + STALE_ALLOWED

    def restore_heaps(
        self, inside: list[tuple[float, int, Turn]], outside: list[tuple[float, int, Turn]]
    ) -> None:
        """Go on where another one stood: who is rightful by largest turn, the others by smallest."""
        heapify(inside)
        heapify(outside)
        self._inside, self._outside = inside, outside
        self._outside_limit = 2 * len(outside) + STALE_ALLOWED

    @property
    def remembered(self) -> int:
        """Places in the heaps, also of some who have left."""
        return len(self._inside) + len(self._outside)

    def _last_inside(self) -> Turn | None:
        """The rightful contact whose turn is last. What has left is dropped on the way."""
        heap = self._inside
        while heap:
            turn = heap[0][2]
            if turn.is_rightful:
                return turn
            heappop(heap)
        return None

    def _first_outside(self) -> Turn | None:
        """Of those outside the rightful set the one whose turn is first."""
        heap = self._outside
        while heap:
            turn = heap[0][2]
            if _stands_outside(turn):
                return turn
            heappop(heap)
        return None

    def balance(self, free: int) -> None:
        """Let the rightful set have as many places as there are free agents and out-of-turn slots."""
        places = free + self.out_of_turn
        while self.rightful > places:
            self._move(self._last_inside(), is_rightful=False)
        while self.rightful < places and (first := self._first_outside()) is not None:
            self._move(first, is_rightful=True)
        deprived = self.deprived
        self.neglected = min(deprived, free)
        self.starved = deprived - self.neglected
        assert self.starved <= self.surplus, "every deprived slot has a holder"

    def _move(self, turn: Turn | None, *, is_rightful: bool) -> None:
        assert turn is not None, "the rightful set counts its members"
        owners = self._settled(turn)
        self._count(turn, owners, -1)
        self.rightful += 1 if is_rightful else -1
        turn.is_rightful = is_rightful
        self._count(turn, owners, 1)
        self._push(turn)


def _stands_outside(turn: Turn) -> bool:
    return not turn.is_rightful and _GONE < turn.state < _IN_TURN


def _is_suspected(account: Account) -> bool:
    return account.evidence is not None and any(account.evidence.logs)
