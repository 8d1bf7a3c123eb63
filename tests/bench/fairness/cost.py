"""How fast a pool is: moves a second of one core, at ten thousand open contacts and at a hundred thousand.

``python -m tests.bench.fairness.cost``
"""

import gc
from collections import deque
from collections.abc import Iterator
from random import Random
from statistics import median
from time import process_time

from app.core.fairness.moves import Demand, Move, MoveKind
from app.core.fairness.pool import Pool, PoolTerms

ROUNDS = 5
MOVES = 12_000
WANTED = 100_000


def crowd(open_contacts: int, agents: int, out_of_turn: float) -> Iterator[Move]:
    """Moves of a team with so many waiting contacts, each of another customer."""
    draw = Random(1)
    at, number = 0.0, 0
    waiting: deque[Move] = deque()
    for agent in range(agents):
        yield Move(at, MoveKind.AVAILABLE, f"a{agent}", agent=f"a{agent}")

    def arrival() -> Move:
        nonlocal number
        number += 1
        tier = "important" if draw.random() < 0.1 else "standard"
        customer = f"c{draw.randrange(open_contacts)}"
        demand = Demand(customer, tier, "phone", "", at, at, at)
        move = Move(at, MoveKind.READY, f"k{number}", f"k{number}", demand=demand)
        waiting.append(move)
        return move

    def start(agent: int) -> Move:
        if draw.random() < out_of_turn:
            waiting.rotate(-draw.randrange(50))
        taken = waiting.popleft()
        work[agent] = taken.contact
        return Move(at, MoveKind.STARTED, taken.tie, taken.contact, f"a{agent}", taken.demand)

    work: dict[int, str] = {}
    for _ in range(open_contacts):
        at += 0.01
        yield arrival()
    for agent in range(agents):
        at += 0.01
        yield start(agent)
    while True:
        at += 0.05
        agent = draw.randrange(agents)
        yield Move(at, MoveKind.ENDED, work[agent], work[agent], f"a{agent}")
        yield Move(at, MoveKind.GONE, work[agent], work[agent])
        yield arrival()
        yield start(agent)


def moves_a_second(open_contacts: int, agents: int, out_of_turn: float) -> float:
    """Moves a second of processor time, once everybody is there."""
    moves = crowd(open_contacts, agents, out_of_turn)
    pool = Pool(PoolTerms(overlays=frozenset({"important"})))
    for _ in range(open_contacts + 2 * agents):
        pool.apply(next(moves))
    told = [next(moves) for _ in range(MOVES)]
    gc.collect()
    gc.freeze()
    began = process_time()
    for move in told:
        pool.apply(move)
    return MOVES / (process_time() - began)


def main() -> None:
    print("| open contacts | agents | out of turn | moves/s of one core, median (min-max) |")
    print("| ---: | ---: | ---: | ---: |")
    found: dict[int, float] = {}
    for size, agents in ((10_000, 200), (100_000, 2_000)):
        for share in (0.0, 0.3):
            rates = [moves_a_second(size, agents, share) for _ in range(ROUNDS)]
            found.setdefault(size, median(rates))
            print(
                f"| {size:,} | {agents:,} | {share:.0%} | "
                f"{median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f}) |"
            )
    print(
        f"\nwanted: {WANTED:,} at 10,000, and at most twice as slow at 100,000: "
        f"{found[10_000] / found[100_000]:.1f} times"
    )


if __name__ == "__main__":
    main()
