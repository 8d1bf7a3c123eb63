"""The contacts and agents of a pool: who waits, who is worked on by whom, and how that changes.

Repairs what lost events would spoil: a start ends what the agent did before, a start of somebody
unknown is in turn, and a contact that many others passed by is forgotten.
"""

import msgspec

from app.core.fairness.custom import Custom
from app.core.fairness.floor import Agent, Floor
from app.core.fairness.history import History
from app.core.fairness.ledger import Ledger, Start
from app.core.fairness.moves import Demand
from app.core.fairness.tuning import Tuning
from app.core.fairness.turn import Line, State, Turn
from app.core.fairness.waiting import Waiting


class Contact(msgspec.Struct, array_like=True, gc=False):
    """One contact, with its turn in each ledger. ``agents`` are those who work on it."""

    id: str
    demand: Demand
    turns: list[Turn]
    agents: list[str] = []
    started_at: float = 0.0
    is_slow: bool = False
    passed_by: set[str] = set()

    @property
    def state(self) -> State:
        """Where it stands; whether it waits or is worked on is the same in all ledgers."""
        return self.turns[0].state


class Desk:
    """Everything that moves in a pool, without time: the instant is an argument."""

    def __init__(self, ledgers: list[Ledger], chats_per_agent: int, tuning: Tuning) -> None:
        """Nobody is there."""
        self.ledgers = ledgers
        self.chats_per_agent = chats_per_agent
        self.tuning = tuning
        self._chat_load = 1 / chats_per_agent
        self.floor = Floor()
        self.history = History([], {}, [])
        self.waiting = Waiting()
        self.custom = Custom()
        self.contacts: dict[str, Contact] = {}
        self.slow = 0
        self.forgotten = 0
        self.numbers = 0

    def open(self, id_: str, demand: Demand, now: float) -> Contact:
        """A contact begins to need somebody; it does not wait yet."""
        self.numbers += 1
        number, customer, tier = self.numbers, demand.customer, demand.tier
        load = self._chat_load if demand.channel == "chat" else 1.0
        line = (demand.channel, demand.skill)
        turns = [Turn(id_, customer, tier, line, demand.turn, number, load)]
        if len(self.ledgers) > 1:
            turns.append(Turn(id_, customer, tier, line, demand.even_turn, number, load))
        contact = self.contacts[id_] = Contact(id_, demand, turns)
        self.history.ready(id_, demand, now)
        return contact

    def receive(self, contact: Contact) -> None:
        """It came in, as far as anybody can tell in its proper place, and waits for its turn."""
        for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
            ledger.receive(turn)
        self._count_waiting(contact)

    def wait(self, contact: Contact) -> None:
        """It waits for its turn though it did not just come in."""
        for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
            ledger.wait(turn)
        self._count_waiting(contact)

    def _count_waiting(self, contact: Contact) -> None:
        self.custom.wait(contact.turns[0], contact.demand.other_turn)
        self.waiting.count(contact.demand, 1)

    def stop_waiting(self, contact: Contact, now: float, *, refused: bool) -> None:
        """It leaves the queue unserved."""
        for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
            ledger.leave(turn)
        self.custom.leave(contact.turns[0], contact.demand.other_turn)
        self.waiting.count(contact.demand, -1)
        self.history.left(contact.id, now, refused=refused)

    def claim(self, contact: Contact) -> None:
        """It was told no, and has a claim."""
        for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
            ledger.claim(turn)
        self.waiting.count_claim(contact.demand, 1)

    def drop_claim(self, contact: Contact) -> None:
        """Its claim stands no more."""
        for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
            ledger.leave(turn)
        self.waiting.count_claim(contact.demand, -1)

    def balance(self) -> None:
        """Work out who is rightful, now that somebody moved."""
        floor = self.floor
        free = len(floor.idle)
        if free and floor.has_skills:
            free = floor.free(line for line, keys in self.ledgers[0].lines.items() if keys)
        for ledger in self.ledgers:
            ledger.balance(free)

    def start(self, contact: Contact, agent: Agent, now: float) -> tuple[Start, float]:
        """A waiting contact is started: how, and the seconds the agent was kept free meanwhile."""
        was_idle = agent.name in self.floor.idle
        free = self.floor.alike(agent) if was_idle else 1
        lines = self._lines_of(agent, contact)
        self._pass_over(contact, lines, now)
        start = self.ledgers[0].start(contact.turns[0], lines, free)
        if len(self.ledgers) > 1:
            self.ledgers[1].start(contact.turns[1], lines, free)
        self._judge(contact, lines, free, start, now)
        self.waiting.count(contact.demand, -1)
        kept = self.floor.occupy(agent)
        self._work_on(contact, agent, now)
        return start, kept

    def _judge(
        self, contact: Contact, lines: list[Line], free: int, start: Start, now: float
    ) -> None:
        """Look at a start by the order that the policy does not say."""
        key = contact.demand.other_turn
        if key is None:
            return
        if start.is_contested:
            ahead = self.custom.ahead(contact.turns[0], key, lines)
            by_policy, by_other = start.is_out_of_turn, ahead >= free
            self.custom.note(now, by_policy=by_policy, by_other=by_other)
        self.custom.leave(contact.turns[0], key)

    def join(self, contact: Contact, agent: Agent, now: float) -> None:
        """An agent works on a contact that others work on already."""
        self.floor.occupy(agent)
        self._work_on(contact, agent, now)

    def _work_on(self, contact: Contact, agent: Agent, now: float) -> None:
        if not contact.agents:
            contact.started_at = now
            self.history.started(contact.id, agent.name, now)
        contact.agents.append(agent.name)
        self.floor.take(agent, contact.id, contact.demand.channel)

    def _lines_of(self, agent: Agent, contact: Contact) -> list[Line]:
        """What the slot could have served: an agent on chats could have taken chats only."""
        own = contact.turns[0].line
        lines = self.ledgers[0].lines
        if len(lines) == 1:
            return [own]
        chats_only = "chat" in agent.work.values()
        return [
            line
            for line in lines
            if line == own or ((not chats_only or line[0] == "chat") and agent.could_serve(line[1]))
        ]

    def end_what_is_over(self, agent: Agent, contact: Contact, now: float) -> None:
        """A start implies the end of what the agent did before; chats go side by side."""
        if not agent.work:
            return
        for other, channel in list(agent.work.items()):
            aside = channel == "chat" and contact.demand.channel == "chat"
            if not aside or len(agent.work) >= self.chats_per_agent:
                self.release(self.contacts[other], agent, now, is_over=True)

    def _pass_over(self, contact: Contact, lines: list[Line], now: float) -> None:
        """Who is passed over by many different customers was forgotten, and starves for nobody."""
        ledger = self.ledgers[0]
        if contact.demand.customer in ledger.suspects or contact.demand.tier in ledger.overlays:
            return
        heads = [keys[0] for line in lines if (keys := ledger.lines[line])]
        first = min(heads)[2] if len(heads) > 1 else heads[0][2]
        if first is contact.turns[0] or first.state is not State.WAITING:
            return
        passed = self.contacts[first.contact]
        passed.passed_by.add(contact.demand.customer)
        if len(passed.passed_by) >= self.tuning.forgotten_after:
            self.forgotten += 1
            self.stop_waiting(passed, now, refused=False)

    def release(self, contact: Contact, agent: Agent, now: float, *, is_over: bool) -> None:
        """An agent works on a contact no more; whether that is the end of it, or it waits on."""
        if agent.name in contact.agents:
            contact.agents.remove(agent.name)
        self.floor.release(agent, contact.id)
        if not contact.agents:
            self.slow -= contact.is_slow
            contact.is_slow = False
            for ledger, turn in zip(self.ledgers, contact.turns, strict=True):
                ledger.leave(turn)
            self.history.stopped(contact.id, now, is_over=is_over)
        self.floor.mark_idle(agent, now)

    def ring(self, contact: str, agents: tuple[str, ...]) -> None:
        """It rings at agents, who are not free meanwhile."""
        for name in agents:
            self.floor.ring(self.floor.agent(name), contact)
