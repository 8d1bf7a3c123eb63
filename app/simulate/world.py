"""How a contact centre lives: customers reach out, wait, give up or are served, hour by hour.

A discrete-event simulation: seeded, without a network and without a clock. Contacts of important
clients are always taken first; that is harmless until one of them needs everybody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

from app.core.events import Channel
from app.simulate.facts import Agent, Contact, Customer, Fact, Kind, Promise
from app.simulate.people import IMPORTANT, agents, customers
from app.simulate.plan import (
    CALL_BACK_AHEAD,
    CHANNELS,
    CHAT_PATIENCE,
    DECLINED,
    HELD,
    PHONE_PATIENCE,
    PROMISES,
    SECOND_QUESTION,
    TEAMS,
    Plan,
)

Work = Callable[["_Task", Agent, float], float]
"""Plan what happens once an agent takes the task; returns when the agent is free again."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A contact, or a promise to keep, that waits for an agent."""

    contact: Contact
    since: float
    work: Work

    @property
    def turn(self) -> tuple[bool, float, int]:
        return (self.contact.customer.tier != IMPORTANT, self.since, self.contact.number)


class World:
    """A contact centre whose whole life follows from a plan and a seed.

    ``arrived`` counts the contacts so far.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self._random = Random(seed)
        self.customers = customers(self._random)
        self.agents = agents(plan.agents, self._random)
        self._idle = {team: [a for a in self.agents if a.team == team] for team in plan.agents}
        self._waiting: dict[str, list[_Task]] = {team: [] for team in plan.agents}
        self._agenda: list[tuple[float, int, Fact | Callable[[float], None]]] = []
        self._steps, self._facts, self._contacts, self._promises = (count(1) for _ in range(4))
        self.arrived = 0
        self._open: dict[int, Fact] = {}
        self._promised: dict[int, Fact] = {}
        self._plan(self._random.expovariate(plan.rate), self._calm_arrival)
        self._plan(plan.surge.first_at, self._surge_begins)

    def facts(self) -> Iterator[Fact]:
        """Tell what happens, in the order of time; ends when the last contact has ended."""
        while self._agenda:
            at, _, step = heappop(self._agenda)
            if isinstance(step, Fact):
                self._note(step)
                yield step
            else:
                step(at)

    def waiting(self, at: float, tier: str) -> tuple[int, float]:
        """How many of a tier wait for an agent, and for how many beats the first of them."""
        since = [
            task.since
            for tasks in self._waiting.values()
            for task in tasks
            if task.contact.customer.tier == tier
        ]
        return len(since), max((at - started for started in since), default=0.0)

    def closing(self, at: float) -> Iterator[Fact]:
        """End whatever is open, as a centre does that closes for good."""
        for told in list(self._open.values()):
            contact, agent = told.contact, told.agent or self.agents[0]
            if contact.channel is not Channel.PHONE:
                yield self._fact(at, Kind.AGENT_WROTE, contact, agent)
            elif told.kind is Kind.RECEIVED:
                yield self._fact(at, Kind.ABANDONED, contact)
                continue
            yield replace(self._fact(at, Kind.ENDED, contact, agent), answered_at=told.answered_at)
        for told in self._promised.values():
            yield replace(self._fact(at, Kind.CALLED_OFF, told.contact), promise=told.promise)
        self._open, self._promised, self._agenda = {}, {}, []

    # What comes in.

    def _calm_arrival(self, at: float) -> None:
        if self._is_over():
            return
        self._arrive(self._random.choice(self.customers), at)
        self._plan(at + self._random.expovariate(self.plan.rate), self._calm_arrival)

    def _surge_begins(self, at: float) -> None:
        if self._is_over():
            return
        self._surge_arrival(at)
        self._plan(at + self.plan.surge.every, self._surge_begins)

    def _surge_arrival(self, at: float) -> None:
        if self._is_over() or not self.plan.surge.is_on(at):
            return
        self._arrive(self.customers[0], at)
        self._plan(at + self._random.expovariate(self.plan.surge.rate), self._surge_arrival)

    def _is_over(self) -> bool:
        return self.plan.contacts is not None and self.arrived >= self.plan.contacts

    def _arrive(self, customer: Customer, at: float) -> None:
        self.arrived += 1
        channel = self._random.choices(list(CHANNELS), weights=list(CHANNELS.values()))[0]
        contact = Contact(next(self._contacts), channel, TEAMS[channel], customer, at)
        self._tell(at, Kind.RECEIVED, contact)
        works = {Channel.PHONE: self._call, Channel.CHAT: self._chat, Channel.EMAIL: self._mail}
        self._queue(_Task(contact, at, works[channel]), at)

    # Who takes what, and when.

    def _queue(self, task: _Task, at: float) -> None:
        self._waiting[task.contact.team].append(task)
        if not task.contact.outbound and task.contact.channel is not Channel.EMAIL:
            is_call = task.contact.channel is Channel.PHONE
            patience = PHONE_PATIENCE if is_call else CHAT_PATIENCE
            gives_up = at + self._random.expovariate(1 / patience) + 1.0
            self._plan(gives_up, partial(self._lose_patience, task))
        self._hand_out(task.contact.team, at)

    def _hand_out(self, team: str, at: float) -> None:
        waiting, idle = self._waiting[team], self._idle[team]
        while waiting and idle:
            task = min(waiting, key=lambda task: task.turn)
            waiting.remove(task)
            agent = idle.pop(0)
            self._plan(task.work(task, agent, at), partial(self._become_free, agent))

    def _become_free(self, agent: Agent, at: float) -> None:
        self._idle[agent.team].append(agent)
        self._hand_out(agent.team, at)

    def _lose_patience(self, task: _Task, at: float) -> None:
        waiting = self._waiting[task.contact.team]
        if task not in waiting:
            return
        if task.contact.channel is Channel.PHONE:
            waiting.remove(task)
            self._tell(at, Kind.ABANDONED, task.contact)
        else:
            self._tell(at, Kind.CUSTOMER_WROTE, task.contact)

    # What an agent does with it.

    def _call(self, task: _Task, agent: Agent, at: float) -> float:
        if not task.contact.outbound:
            self._tell(at, Kind.OFFERED, task.contact, agent)
        if not task.contact.outbound and self._random.random() < DECLINED:
            declined_at = at + self._random.uniform(1.0, 2.0)
            self._tell(declined_at, Kind.DECLINED, task.contact, agent)
            self._plan(declined_at, partial(self._queue, task))
            return declined_at + 3.0
        answered_at = at + self._random.uniform(0.3, 1.2)
        self._tell(answered_at, Kind.ANSWERED, task.contact, agent)
        ended_at = answered_at + self._random.gammavariate(3.0, 1.8)
        if self._random.random() < HELD:
            held_at = self._random.uniform(answered_at, ended_at)
            self._tell(held_at, Kind.HELD, task.contact, agent)
            self._tell(self._random.uniform(held_at, ended_at), Kind.RESUMED, task.contact, agent)
        ended = self._fact(ended_at, Kind.ENDED, task.contact, agent)
        self._plan(ended_at, replace(ended, answered_at=answered_at))
        self._perhaps_promise(task.contact, agent, ended_at)
        return ended_at + self._random.uniform(0.5, 1.5)

    def _chat(self, task: _Task, agent: Agent, at: float) -> float:
        self._tell(at, Kind.ASSIGNED, task.contact, agent)
        at += self._random.uniform(0.8, 2.5)
        self._tell(at, Kind.AGENT_WROTE, task.contact, agent)
        for _ in range(self._random.choice((0, 1, 1, 2))):
            at += self._random.uniform(0.8, 2.0)
            self._tell(at, Kind.CUSTOMER_WROTE, task.contact)
            at += self._random.uniform(0.8, 2.5)
            self._tell(at, Kind.AGENT_WROTE, task.contact, agent)
        self._perhaps_promise(task.contact, agent, at)
        at += self._random.uniform(0.5, 1.5)
        self._tell(at, Kind.ENDED, task.contact, agent)
        return at

    def _mail(self, task: _Task, agent: Agent, at: float) -> float:
        at += self._random.gammavariate(3.0, 1.2)
        self._tell(at, Kind.AGENT_WROTE, task.contact, agent)
        if task.work == self._mail and self._random.random() < SECOND_QUESTION:
            asked_at = at + self._random.uniform(4.0, 12.0)
            self._tell(asked_at, Kind.CUSTOMER_WROTE, task.contact)
            again = replace(task, since=asked_at, work=self._mail_again)
            self._plan(asked_at, partial(self._queue, again))
            return at
        self._perhaps_promise(task.contact, agent, at)
        self._tell(at + 0.3, Kind.ENDED, task.contact, agent)
        return at + 0.3

    def _mail_again(self, task: _Task, agent: Agent, at: float) -> float:
        return self._mail(task, agent, at)

    # Follow-ups.

    def _perhaps_promise(self, contact: Contact, agent: Agent, at: float) -> None:
        if contact.outbound or self._random.random() >= PROMISES:
            return
        due_at = at + self._random.uniform(15.0, 45.0)
        promise = Promise(next(self._promises), contact, due_at)
        self._plan(at, replace(self._fact(at, Kind.PROMISED, contact, agent), promise=promise))
        self._plan(due_at - CALL_BACK_AHEAD, partial(self._call_back, promise))

    def _call_back(self, promise: Promise, at: float) -> None:
        number, team = next(self._contacts), promise.contact.team
        customer = promise.contact.customer
        call = Contact(number, Channel.PHONE, team, customer, at, outbound=True)
        self._queue(_Task(call, at, partial(self._keep, promise)), at)

    def _keep(self, promise: Promise, task: _Task, agent: Agent, at: float) -> float:
        call = replace(task.contact, opened_at=at)
        self._tell(at, Kind.CALLED_OUT, call, agent)
        free_at = self._call(replace(task, contact=call), agent, at)
        kept = self._fact(free_at, Kind.KEPT, promise.contact, agent)
        self._plan(free_at, replace(kept, promise=promise))
        return free_at

    # The agenda.

    def _plan(self, at: float, step: Fact | Callable[[float], None]) -> None:
        heappush(self._agenda, (at, next(self._steps), step))

    def _tell(self, at: float, kind: Kind, contact: Contact, agent: Agent | None = None) -> None:
        self._plan(at, self._fact(at, kind, contact, agent))

    def _fact(self, at: float, kind: Kind, contact: Contact, agent: Agent | None = None) -> Fact:
        return Fact(at=at, number=next(self._facts), kind=kind, contact=contact, agent=agent)

    def _note(self, fact: Fact) -> None:
        """Keep what would have to be ended if the centre closed now."""
        match fact.kind:
            case Kind.PROMISED if fact.promise:
                self._promised[fact.promise.number] = fact
            case Kind.KEPT if fact.promise:
                self._promised.pop(fact.promise.number, None)
            case Kind.ENDED | Kind.ABANDONED:
                self._open.pop(fact.contact.number, None)
            case Kind.ANSWERED:
                self._open[fact.contact.number] = replace(fact, answered_at=fact.at)
            case Kind.RECEIVED | Kind.CALLED_OUT:
                self._open[fact.contact.number] = fact
            case _:
                pass
