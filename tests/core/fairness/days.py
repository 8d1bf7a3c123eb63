"""Days at a small contact centre, as moves: the material of the fairness laws."""

from dataclasses import dataclass, replace
from random import Random

from app.core.fairness.book import place_of
from app.core.fairness.moves import Demand, Move, MoveKind
from app.core.fairness.pool import Pool, PoolTerms
from app.core.fairness.tuning import Tuning

MAIL = 1e10
CHANNELS = ("phone", "phone", "chat", "email")


@dataclass(frozen=True)
class Manner:
    """How a team works: ``bias`` is how often Acme is taken first, ``noise`` how often anybody."""

    agents: int = 3
    contacts: int = 60
    bias: float = 0.0
    noise: float = 0.0
    refused: float = 0.0
    load: float = 1.1
    weight: float = 1.0


def demand_of(customer: str, channel: str, ready: float, weight: float = 1.0) -> Demand:
    tier = "important" if customer == "Acme" else "standard"
    behind = MAIL if channel == "email" else 0.0
    ahead = 600 * (1 - 1 / weight) if tier == "important" else 0.0
    return Demand(customer, tier, channel, "", ready, behind + ready - ahead, behind + ready)


def day(seed: int, manner: Manner = Manner()) -> list[Move]:
    """One day's moves in canonical order: live work one at a time, mail not interrupted."""
    draw = Random(seed)
    moves = [Move(0.0, MoveKind.AVAILABLE, f"a{i}", agent=f"a{i}") for i in range(manner.agents)]
    at, arrivals = 10.0, []
    for number in range(manner.contacts):
        at += draw.expovariate(manner.load * manner.agents / 200)
        customer = draw.choice(["Acme", "c1", "c2", "c3", "c4", "c5"])
        arrivals.append((round(at, 3), f"k{number}", customer, draw.choice(CHANNELS)))
    free = [(0.0, f"a{i}") for i in range(manner.agents)]
    waiting: list[tuple[str, Demand]] = []
    while arrivals or waiting:
        free.sort()
        now, agent = free[0]
        while arrivals and (arrivals[0][0] <= now or not waiting):
            ready, contact, customer, channel = arrivals.pop(0)
            demand = demand_of(customer, channel, ready, manner.weight)
            moves.append(Move(ready, MoveKind.READY, contact, contact, demand=demand))
            if draw.random() < manner.refused and customer != "Acme":
                refused = Move(ready, MoveKind.REFUSED, contact, contact)
                moves.append(refused)
                continue
            waiting.append((contact, demand))
            now = max(now, ready)
        if not waiting:
            continue
        contact, demand = waiting.pop(_picked(draw, waiting, manner))
        end = now + round(draw.lognormvariate(4.9, 0.7), 3)
        moves.append(Move(now, MoveKind.STARTED, contact, contact, agent, demand))
        moves.append(Move(end, MoveKind.ENDED, contact, contact, agent))
        moves.append(Move(end, MoveKind.GONE, contact, contact))
        free[0] = (end, agent)
    return sorted(moves, key=place_of)


def _picked(draw: Random, waiting: list[tuple[str, Demand]], manner: Manner) -> int:
    if draw.random() < manner.noise:
        return draw.randrange(len(waiting))
    places = range(len(waiting))
    if draw.random() < manner.bias:
        acme = [i for i in places if waiting[i][1].customer == "Acme"]
        if acme:
            return acme[0]
    return min(places, key=lambda i: (waiting[i][1].turn, i))


def played(moves: list[Move], until: float, tuning: Tuning | None = None, **terms: object) -> Pool:
    """A pool after these moves."""
    pool = Pool(terms_for(tuning, **terms))
    for move in moves:
        pool.apply(move)
    pool.run(until)
    for ledger in pool.ledgers:
        for account in [*ledger.accounts.values(), *ledger.tiers.values()]:
            ledger.settle(account)
    return pool


def terms_for(tuning: Tuning | None = None, **terms: object) -> PoolTerms:
    told = PoolTerms(overlays=frozenset({"important"}), **terms)  # type: ignore[arg-type]
    return replace(told, tuning=tuning or told.tuning)


def end_of(moves: list[Move]) -> float:
    return moves[-1].at + 1000.0


def amounts(pool: Pool) -> dict[str, tuple[float, ...]]:
    """Every account's amounts, by name."""
    ledger = pool.ledgers[0]
    return {
        name: tuple(
            round(amount, 6)
            for amount in (
                account.charge,
                account.agent_seconds,
                account.denied,
                account.extra_wait,
                account.reserved,
            )
        )
        for name, account in {**ledger.accounts, **ledger.tiers}.items()
    }
