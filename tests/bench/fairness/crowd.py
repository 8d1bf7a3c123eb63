"""A contact centre with very many waiting contacts, and a simulated day: the moves that are timed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from app.core.fairness.book import place_of
from app.core.fairness.moves import Demand, Move, MoveKind
from app.core.fairness.pool import PoolTerms
from app.core.fairness.pools import terms_of
from app.core.fairness.reading import is_of_agent, moves_of_agent
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.registry import Registry
from app.core.replay import Judging, Terms, moves_in_pools, replay
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import play
from tests.bench.fairness.detection import decoded

TAKEN_FROM = 50
"""Who is taken out of turn stands so far from the front at most."""
STEP = 1 / 60
"""Seconds between two events."""


@dataclass(frozen=True)
class Crowd:
    """A team with so many waiting contacts, and how large a share of starts it takes out of turn."""

    open_contacts: int
    agents: int
    out_of_turn: float
    is_even: bool = True

    def terms(self) -> PoolTerms:
        """One ledger where nobody is entitled to more, else two."""
        return PoolTerms(overlays=frozenset({"important"}), is_even=self.is_even)

    def moves(self) -> Iterator[Move]:
        """First everybody comes, then one life after the other, without end."""
        day = Day(self)
        yield from day.begin()
        while True:
            yield from day.go_on()


class Day:
    """One crowd's day, move by move."""

    def __init__(self, crowd: Crowd) -> None:
        """Nobody is there yet."""
        self.crowd, self.draw = crowd, Random(1)
        self.at, self.number = 0.0, 0
        self.waiting: deque[Move] = deque()
        self.work: dict[int, str] = {}

    def begin(self) -> Iterator[Move]:
        """Everybody signs in, and the queue fills up."""
        for agent in range(self.crowd.agents):
            yield Move(self.at, MoveKind.AVAILABLE, f"a{agent}", agent=f"a{agent}")
        for _ in range(self.crowd.open_contacts + self.crowd.agents):
            yield self.arrival()
            if len(self.work) < self.crowd.agents:
                yield self.start(len(self.work))

    def go_on(self) -> Iterator[Move]:
        """One contact is done, one comes, one is started."""
        agent = self.draw.randrange(self.crowd.agents)
        self.at += STEP
        done = self.work[agent]
        yield Move(self.at, MoveKind.ENDED, done, done, f"a{agent}")
        yield Move(self.at, MoveKind.GONE, done, done)
        yield self.arrival()
        yield self.start(agent)

    def arrival(self) -> Move:
        """Somebody begins to wait."""
        self.at += STEP
        self.number += 1
        tier = "important" if self.draw.random() < 0.1 else "standard"
        customer = f"c{self.draw.randrange(self.crowd.open_contacts)}"
        ahead = 0.0 if self.crowd.is_even or tier == "standard" else STEP / 10
        demand = Demand(customer, tier, "phone", "", self.at, self.at - ahead, self.at)
        contact = f"k{self.number}"
        move = Move(self.at, MoveKind.READY, contact, contact, demand=demand)
        self.waiting.append(move)
        return move

    def start(self, agent: int) -> Move:
        """An agent takes the next, or one of the next."""
        self.at += STEP
        place = 0
        if self.draw.random() < self.crowd.out_of_turn:
            place = self.draw.randrange(min(TAKEN_FROM, len(self.waiting)))
        taken = self.waiting[place]
        del self.waiting[place]
        self.work[agent] = taken.contact
        return Move(self.at, MoveKind.STARTED, taken.tie, taken.contact, f"a{agent}", taken.demand)


@dataclass(frozen=True)
class Told:
    """A simulated day: how many events its sources send, and its moves in order."""

    events: int
    moves: list[Move]
    terms: PoolTerms


def simulated_day(name: str) -> Told:
    """The day of one team, read as the product reads it."""
    trace = play(name, 0)
    policy = read_policy(trace.policy)
    terms, until = Terms(Policies((policy,))), BEGINNING + timedelta(seconds=trace.truth.horizon)
    events = [decoded(event) for event in trace.events]
    judging = Judging(terms, Registry(), until)
    contacts = replay(events, terms, until).contacts
    moves = [move for contact in contacts for _, move in moves_in_pools(contact, judging)]
    moves += [move for event in events if is_of_agent(event) for move in moves_of_agent(event)]
    return Told(len(events), sorted(moves, key=place_of), terms_of(policy))
