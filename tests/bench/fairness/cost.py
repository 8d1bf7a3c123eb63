"""How fast a pool is: events a second of one core, at ten thousand open contacts and at a hundred thousand.

``python -m tests.bench.fairness.cost``

A *move* is one thing that a pool is told (``app.core.fairness.moves``), an *event* what a source
sends. In a crowd a contact's life is three events and four moves: received (it is ready), answered
(it is started), resolved (its work ends, and it is gone). They lie at different instants, 60 a
second. Of a simulated day events and moves are counted as they come.

The floor does with the same moves what nobody can do without: it keeps those who wait in order, and
looks up how many a start passes over. It is timed in turn with the pool.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

from sortedcontainers import SortedList

from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.pool import Pool
from tests.bench.fairness.crowd import Crowd, simulated_day

ROUNDS = 5
LIVES = 3_000
EVENTS_OF_A_LIFE, MOVES_OF_A_LIFE = 3, 4
WANTED = 100_000
WANTED_GROWTH = 2.0
CROWDS = tuple(
    Crowd(size, size // 50, share, is_even)
    for size in (10_000, 100_000)
    for share, is_even in ((0.0, True), (0.0, False), (0.3, True))
)
DAYS = ("overload", "captured-by-a-surge", "picks-at-random")


class Floor:
    """Who waits, in order, and who is worked on: nothing else."""

    def __init__(self) -> None:
        """Nobody is there."""
        self.waiting = SortedList()
        self.places: dict[str, tuple[float, str]] = {}
        self.work: dict[str, str] = {}

    def apply(self, move: Move) -> None:
        """Keep who waits, and look up how many are passed over."""
        if move.kind is MoveKind.READY and move.demand is not None:
            if move.contact not in self.places:
                place = self.places[move.contact] = (move.demand.turn, move.contact)
                self.waiting.add(place)
        elif move.kind is MoveKind.STARTED:
            started = self.places.pop(move.contact, None)
            if started is not None:
                self.waiting.bisect_left(started)
                self.waiting.remove(started)
            self.work[move.contact] = move.agent
        elif move.kind is MoveKind.ENDED:
            self.work.pop(move.contact, None)


@dataclass(frozen=True)
class Found:
    """What one round told: moves a second of the pool and of the floor, the share out of turn."""

    pool: float
    floor: float
    out_of_turn: float


@dataclass(frozen=True)
class Row:
    """A line of the table: what was played, events to a move, and what the rounds told."""

    name: str
    events_a_move: float
    rounds: Sequence[Found]

    @property
    def events(self) -> list[float]:
        """Events a second of the pool, by round."""
        return [found.pool * self.events_a_move for found in self.rounds]

    def line(self) -> str:
        """As the table has it."""
        events, moves = self.events, median(found.pool for found in self.rounds)
        floor = median(found.floor / found.pool for found in self.rounds)
        return (
            f"| {self.name} | {self.rounds[0].out_of_turn:.0%} | {median(events):,.0f} "
            f"({min(events):,.0f}-{max(events):,.0f}) | {moves:,.0f} | {floor:.1f} |"
        )


def seconds_of(work: Callable[[Move], None], moves: Sequence[Move]) -> float:
    """Processor time for these moves; what was there before is not looked through meanwhile."""
    gc.collect()
    gc.freeze()
    began = process_time()
    for move in moves:
        work(move)
    spent = process_time() - began
    gc.unfreeze()
    return spent


def timed(pool: Pool, floor: Floor, moves: Sequence[Move]) -> Found:
    """The same moves for the floor and for the pool."""
    before, starts = out_of_turn(pool), sum(move.kind is MoveKind.STARTED for move in moves)
    floored = seconds_of(floor.apply, moves)
    spent = seconds_of(pool.apply, moves)
    share = (out_of_turn(pool) - before) / starts
    return Found(len(moves) / spent, len(moves) / floored, share)


def out_of_turn(pool: Pool) -> int:
    """Starts out of turn so far, as the pool judged them."""
    return sum(sum(tiers.values()) for tiers in pool.ledgers[0].out_of_turn_starts.values())


def crowded(crowd: Crowd) -> Found:
    """One round of a crowd, once everybody is there."""
    moves = crowd.moves()
    pool, floor = Pool(crowd.terms()), Floor()
    while len(pool.desk.contacts) < crowd.open_contacts + crowd.agents:
        move = next(moves)
        pool.apply(move)
        floor.apply(move)
    return timed(pool, floor, [next(moves) for _ in range(MOVES_OF_A_LIFE * LIVES)])


def rows() -> Iterator[Row]:
    """Every crowd and every day, some rounds of each."""
    for crowd in CROWDS:
        ledgers = "one ledger" if crowd.is_even else "two ledgers"
        name = f"{crowd.open_contacts:,} open, {crowd.agents:,} agents, {ledgers}"
        found = [crowded(crowd) for _ in range(ROUNDS)]
        yield Row(name, EVENTS_OF_A_LIFE / MOVES_OF_A_LIFE, found)
    for name in DAYS:
        day = simulated_day(name)
        found = [timed(Pool(day.terms), Floor(), day.moves) for _ in range(ROUNDS)]
        yield Row(f"the day {name}", day.events / len(day.moves), found)


def main() -> None:
    """Print the table, and what was wanted beside what came out."""
    print("| | out of turn | events/s of one core, median (min-max) | moves/s | times the floor |")
    print("| --- | ---: | ---: | ---: | ---: |")
    told: list[Row] = []
    for row in rows():
        told.append(row)
        print(row.line(), flush=True)
    small, large = (median(row.events) for row in (told[0], told[len(CROWDS) // 2]))
    print(
        f"\nwanted: {WANTED:,} events/s at 10,000 open: {small:,.0f}; "
        f"at most {WANTED_GROWTH:.0f} times slower at 100,000: {small / large:.1f} times"
    )


if __name__ == "__main__":
    main()
