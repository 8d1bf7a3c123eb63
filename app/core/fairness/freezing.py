"""A pool as bytes, and back: the same pool goes on from them exactly where it stood.

The form is versioned; what follows from the rest (lines, heaps, counts by customer) is worked out
anew.
"""

from collections import deque
from math import inf

import msgspec
from sortedcontainers import SortedList

from app.core.fairness.account import Account
from app.core.fairness.causes import Queue
from app.core.fairness.custom import Judged
from app.core.fairness.desk import Contact, Desk
from app.core.fairness.detector import Watch
from app.core.fairness.episode import Episode
from app.core.fairness.evidence import Contest
from app.core.fairness.floor import Agent
from app.core.fairness.history import History
from app.core.fairness.in_turn import Phase, Presence
from app.core.fairness.ledger import Ledger, Suspect
from app.core.fairness.pool import Due, Pool, generation_end
from app.core.fairness.staffing import Staffing
from app.core.fairness.turn import State, Turn

VERSION = 1
"""Raised whenever the meaning of the bytes changes; others are not read."""


class UnknownVersion(ValueError):  # noqa: N818 - named for the fact
    """The bytes were written by another version of the service: build the pool anew."""


class _Ledger(msgspec.Struct, array_like=True, gc=False):
    accounts: list[Account]
    tiers: list[Account]
    claims: list[str]
    suspects: dict[str, Suspect]
    taken: float
    denied: float
    pushed: float
    starved_seconds: float
    neglected_seconds: float
    counts: tuple[int, int, int, int, int, int, int]
    overtaken_load: float
    choices: float
    starts: int
    recent: list[Contest]
    out_of_turn_starts: dict[str, dict[str, int]]
    delays: float = 0.0
    generation: int = 0


class _Desk(msgspec.Struct, array_like=True, gc=False):
    contacts: list[Contact]
    agents: list[Agent]
    idle: dict[str, float]
    doubted: dict[str, tuple[float, float]]
    neglect_clock: float
    waiting_clock: float
    has_staffing: bool
    has_skills: bool
    infers: bool
    phases: list[Phase]
    open: dict[str, int]
    presences: list[Presence]
    queues: dict[str, Queue]
    of_customer: dict[str, int]
    seconds: dict[str, list[float]]
    slow: int
    forgotten: int
    numbers: int
    judged: list[Judged]


class _Pool(msgspec.Struct, array_like=True, gc=False):
    version: int
    now: float
    ledgers: list[_Ledger]
    desk: _Desk
    watches: list[Watch]
    staffing: Staffing
    episodes: list[Episode]
    due: list[Due]
    next_tick: float
    last_tick: float
    duty: float
    kept_idle: dict[str, float]
    neglected_since: float | None


def freeze(pool: Pool) -> bytes:
    """Everything about a pool that does not follow from its terms."""
    told = _Pool(
        VERSION,
        pool.now,
        [_frozen_ledger(ledger) for ledger in pool.ledgers],
        _frozen_desk(pool.desk),
        list(pool.detector.watches.values()),
        pool.staffing,
        pool.episodes,
        sorted(pool.due),
        pool.next_tick,
        pool.last_tick,
        pool.duty,
        pool.kept.idle,
        pool.neglected_since,
    )
    return msgspec.msgpack.encode(told)


def _frozen_ledger(ledger: Ledger) -> _Ledger:
    contests = ledger.contests
    return _Ledger(
        list(ledger.accounts.values()),
        list(ledger.tiers.values()),
        list(ledger.claims),
        ledger.suspects,
        ledger.taken,
        ledger.denied,
        ledger.pushed,
        ledger.starved_seconds,
        ledger.neglected_seconds,
        (
            ledger.deprived,
            ledger.surplus,
            ledger.rightful,
            ledger.out_of_turn,
            ledger.neglected,
            ledger.starved,
            ledger.received,
        ),
        ledger.overtaken_load,
        contests.choices,
        contests.starts,
        list(contests.recent),
        ledger.out_of_turn_starts,
        ledger.delays,
        ledger.generation,
    )


def _frozen_desk(desk: Desk) -> _Desk:
    history, floor, waiting = desk.history, desk.floor, desk.waiting
    places = {id(phase): index for index, phase in enumerate(history.phases)}
    return _Desk(
        list(desk.contacts.values()),
        list(floor.agents.values()),
        floor.idle,
        floor.doubted,
        floor.neglect_clock,
        floor.waiting_clock,
        floor.has_staffing,
        floor.has_skills,
        floor.infers,
        history.phases,
        {contact: places[id(phase)] for contact, phase in history.open.items()},
        history.presences,
        waiting.queues,
        waiting.of_customer,
        waiting.seconds,
        desk.slow,
        desk.forgotten,
        desk.numbers,
        list(desk.custom.judged),
    )


def thaw(pool: Pool, data: bytes) -> Pool:
    """Fill a new pool with what ``freeze`` wrote. Raises ``UnknownVersion``."""
    try:
        version = msgspec.msgpack.decode(data, type=list)[0]
    except (msgspec.MsgspecError, IndexError):
        raise UnknownVersion("expected a frozen pool, got other bytes") from None
    if version != VERSION:
        raise UnknownVersion(f"expected version {VERSION}, got {version}")
    told = msgspec.msgpack.decode(data, type=_Pool)
    if len(told.ledgers) != len(pool.ledgers):
        raise UnknownVersion(f"expected {len(pool.ledgers)} ledgers, got {len(told.ledgers)}")
    pool.now, pool.duty = told.now, told.duty
    pool.next_tick, pool.last_tick = told.next_tick, told.last_tick
    pool.staffing, pool.episodes, pool.due = told.staffing, told.episodes, told.due
    pool.neglected_since = told.neglected_since
    _thaw_desk(pool.desk, told.desk)
    for place, (ledger, frozen) in enumerate(zip(pool.ledgers, told.ledgers, strict=True)):
        turns = {contact.id: contact.turns[place] for contact in pool.desk.contacts.values()}
        _thaw_ledger(ledger, frozen, turns)
    pool.generation_ends = generation_end(told.now) if told.now > -inf else -inf
    pool.kept.restore(told.kept_idle)
    pool.detector.watches = {watch.name: watch for watch in told.watches}
    return pool


def _thaw_ledger(ledger: Ledger, told: _Ledger, turns: dict[str, Turn]) -> None:
    ledger.accounts = {account.name: account for account in told.accounts}
    ledger.tiers = {account.name: account for account in told.tiers}
    ledger.claims = {contact: turns[contact] for contact in told.claims}
    ledger.suspects = told.suspects
    ledger.taken, ledger.denied, ledger.pushed = told.taken, told.denied, told.pushed
    ledger.delays, ledger.generation = told.delays, told.generation
    ledger.starved_seconds = told.starved_seconds
    ledger.neglected_seconds = told.neglected_seconds
    (
        ledger.deprived,
        ledger.surplus,
        ledger.rightful,
        ledger.out_of_turn,
        ledger.neglected,
        ledger.starved,
        ledger.received,
    ) = told.counts
    ledger.overtaken_load = told.overtaken_load
    ledger.customers_waiting = sum(account.waiting > 0 for account in told.accounts)
    ledger.out_of_turn_starts = told.out_of_turn_starts
    ledger.contests.restore(told.choices, told.starts, deque(told.recent))
    inside, outside = [], []
    for turn in turns.values():
        if turn.is_counted:
            ledger.lines.setdefault(turn.line, SortedList()).add((turn.key, turn.number, turn))
        if turn.is_rightful:
            inside.append((-turn.key, -turn.number, turn))
        elif State.GONE < turn.state < State.IN_TURN:
            outside.append((turn.key, turn.number, turn))
    ledger.restore_heaps(inside, outside)


def _thaw_desk(desk: Desk, told: _Desk) -> None:
    desk.contacts = {contact.id: contact for contact in told.contacts}
    desk.slow, desk.forgotten, desk.numbers = told.slow, told.forgotten, told.numbers
    open_ = {contact: told.phases[index] for contact, index in told.open.items()}
    desk.history = History(told.phases, open_, told.presences)
    desk.floor.restore(told.agents, told.idle)
    desk.floor.doubted = told.doubted
    desk.floor.neglect_clock, desk.floor.waiting_clock = told.neglect_clock, told.waiting_clock
    desk.floor.has_staffing, desk.floor.has_skills = told.has_staffing, told.has_skills
    desk.floor.infers = told.infers
    desk.custom.judged.extend(told.judged)
    for contact in desk.contacts.values():
        if contact.state is State.WAITING:
            desk.custom.wait(contact.turns[0], contact.demand.other_turn)
    desk.waiting.restore(told.queues, told.of_customer, told.seconds)
