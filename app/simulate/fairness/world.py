"""A team plays a plan from beginning to end: calls one at a time, chats several, mail in between.

One engine plays what happened and what would have happened in turn; only the plan differs.
"""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from app.core.events import Channel
from app.simulate.fairness.demand import Demand, DemandKey, Denial
from app.simulate.fairness.desk import Desk, Stint
from app.simulate.fairness.facts import End, Fact, Kind, Outcome, Played
from app.simulate.fairness.lines import Line, Lines, Precedence
from app.simulate.fairness.plan import Plan, Reserved, Span

NO_TIME_SECONDS = 20.0
"""How long it takes to say that there is no time."""

PICK_UP_SECONDS = (2.0, 6.0)
"""How soon whoever is turned away is answered."""


class World:
    """One playing of a plan."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._random = Random(f"{plan.name}/{plan.seed}/conduct")
        skills = {demand.skill for demand in plan.demands} | {""}
        conduct = plan.conduct
        self._lines = Lines(skills, conduct.picking, conduct.disorder, self._random)
        self._desk = Desk(plan.skills)
        self._left_to_do: dict[DemandKey, float] = {}
        self._outcomes: dict[DemandKey, Outcome] = {}
        self._facts: list[Fact] = []
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self._steps = count()
        self._fill_agenda()

    def play(self) -> Played:
        """Play until the horizon; what is in hand then counts as served."""
        while self._agenda and self._agenda[0][0] <= self._plan.horizon:
            at, _, step = heappop(self._agenda)
            step(at)
            self._hand_out(at)
        self._close(self._plan.horizon)
        return Played(tuple(self._facts), self._outcomes)

    def _fill_agenda(self) -> None:
        for demand in self._plan.demands:
            self._at(demand.received_at, partial(self._receive, demand))
        for reserved in self._plan.conduct.reserved:
            self._at(reserved.span.start, partial(self._reserve, reserved, only_favoured=True))
            self._at(reserved.span.end, partial(self._reserve, reserved, only_favoured=False))
        for agent, shifts in self._plan.shifts.items():
            for shift in shifts:
                self._at(shift.start, partial(self._come, agent))
                self._at(shift.end, partial(self._leave, agent))

    def _at(self, at: float, step: Callable[[float], None]) -> None:
        heappush(self._agenda, (at, next(self._steps), step))

    def _tell(self, at: float, kind: Kind, demand: Demand, agent: str | None = None) -> None:
        idle = self._desk.idle if kind is Kind.STARTED else ()
        self._facts.append(Fact(at, kind, demand, agent, idle))

    # What customers do.

    def _receive(self, demand: Demand, at: float) -> None:
        if demand.key.phase == 0:
            self._tell(at, Kind.RECEIVED, demand)
        if demand.ready_at > at:
            self._at(demand.ready_at, partial(self._owe, demand))
        else:
            self._owe(demand, at)

    def _owe(self, demand: Demand, at: float) -> None:
        """From now on the customer waits for a human."""
        if demand.key.phase > 0:
            self._tell(at, Kind.WROTE_AGAIN, demand)
        elif demand.received_at < at:
            self._tell(at, Kind.OWED, demand)
        self._outcomes[demand.key] = Outcome(demand)
        self._left_to_do[demand.key] = demand.work_seconds
        if demand.denial is Denial.TURNED_AWAY:
            self._left_to_do[demand.key] = NO_TIME_SECONDS
            pick_up_at = at + self._random.uniform(*PICK_UP_SECONDS)
            self._at(pick_up_at, partial(self._line_up, demand))
        else:
            self._line_up(demand, at)

    def _line_up(self, demand: Demand, at: float) -> None:
        self._queue(demand)
        self._hand_out(at)
        if demand.key not in self._lines.waiting:
            return
        if demand.denial is Denial.REFUSED:
            self._give_up(demand, at, End.REFUSED, Kind.REFUSED)
        elif demand.patience_seconds < inf:
            self._at(at + demand.patience_seconds, partial(self._lose_patience, demand))

    def _queue(self, demand: Demand) -> None:
        precedence = Precedence.FAVOURED if demand.is_favoured else Precedence.ORDINARY
        if demand.denial is Denial.TURNED_AWAY:
            precedence = Precedence.TURNED_AWAY
        turn = self._plan.agreement.turn(demand, self._plan.conduct.order)
        self._lines.add(demand, precedence, turn)

    def _lose_patience(self, demand: Demand, at: float) -> None:
        never_started = self._outcomes[demand.key].wait_seconds is None
        if never_started and demand.key in self._lines.waiting:
            self._give_up(demand, at, End.ABANDONED, Kind.ABANDONED)

    def _give_up(self, demand: Demand, at: float, end: End, kind: Kind) -> None:
        self._lines.strike_off(demand)
        outcome = self._outcomes[demand.key]
        outcome.wait_seconds, outcome.end = at - demand.ready_at, end
        self._tell(at, kind, demand, self._who_refused() if end is End.REFUSED else None)

    def _who_refused(self) -> str | None:
        """Whoever works for those served first says no, if anybody does."""
        agents = [stint.agent for stint in self._desk.stints if stint.demand.is_favoured]
        return self._random.choice(agents) if agents else None

    # What agents do.

    def _come(self, agent: str, at: float) -> None:
        self._facts.append(Fact(at, Kind.CAME, agent=agent))
        self._desk.come(agent, at)

    def _leave(self, agent: str, at: float) -> None:
        self._desk.leave(agent)
        mail = self._desk.mail_of(agent)
        if mail is not None:
            self._interrupt(mail, at)
        elif not self._desk.is_working(agent):
            self._facts.append(Fact(at, Kind.LEFT, agent=agent))

    def _reserve(self, reserved: Reserved, _at: float, *, only_favoured: bool) -> None:
        self._desk.reserve(reserved.agent, only_favoured=only_favoured)

    def _hand_out(self, at: float) -> None:
        """Start whatever can be started."""
        while (choice := self._choice()) is not None:
            line, agent = choice
            mail = self._desk.mail_of(agent)
            if mail is not None:
                self._interrupt(mail, at)
            self._start(self._lines.take(line), agent, at)

    def _choice(self) -> tuple[Line, str] | None:
        for precedence in Precedence:
            for _, line in self._lines.heads(precedence):
                agent = self._desk.free_for(line)
                if agent is not None:
                    return line, agent
        return None

    def _start(self, demand: Demand, agent: str, at: float) -> None:
        outcome = self._outcomes[demand.key]
        if outcome.wait_seconds is None:
            outcome.wait_seconds = at - demand.ready_at
        stint = Stint(agent, demand, at)
        self._desk.occupy(stint)
        self._tell(at, Kind.STARTED, demand, agent)
        if demand.needs_two:
            self._join(stint, at)
        self._at(at + self._left_to_do[demand.key], partial(self._end, stint))

    def _join(self, stint: Stint, at: float) -> None:
        line = Line(Precedence.ORDINARY, Channel.PHONE, stint.demand.skill)
        second = self._desk.longest_idle(line)
        if second is not None:
            stint.second = second
            self._desk.occupy(stint)
            self._tell(at, Kind.JOINED, stint.demand, second)

    def _interrupt(self, stint: Stint, at: float) -> None:
        """Put a mail aside; its customer keeps her place."""
        self._note_work(stint, at)
        self._left_to_do[stint.demand.key] -= at - stint.started_at
        self._tell(at, Kind.INTERRUPTED, stint.demand, stint.agent)
        self._queue(stint.demand)
        self._put_down(stint, at)

    def _end(self, stint: Stint, at: float) -> None:
        if not self._desk.works_on(stint):
            return
        demand = stint.demand
        self._note_work(stint, at)
        for agent in stint.agents:
            self._tell(at, Kind.ENDED, demand, agent)
        is_denied = demand.denial is Denial.TURNED_AWAY
        self._outcomes[demand.key].end = End.TURNED_AWAY if is_denied else End.SERVED
        if demand.follow_ups and not is_denied:
            later = demand.next_phase(at)
            self._at(later.ready_at, partial(self._receive, later))
        else:
            self._tell(at, Kind.TURNED_AWAY if is_denied else Kind.RESOLVED, demand, stint.agent)
        if demand.wrap_up_seconds and not is_denied:
            self._at(at + demand.wrap_up_seconds, partial(self._put_down, stint))
        else:
            self._put_down(stint, at)

    def _put_down(self, stint: Stint, at: float) -> None:
        self._desk.put_down(stint, at)
        for agent in stint.agents:
            if agent not in self._desk.on_duty and not self._desk.is_working(agent):
                self._facts.append(Fact(at, Kind.LEFT, agent=agent))

    def _note_work(self, stint: Stint, until: float) -> None:
        work = self._outcomes[stint.demand.key].work
        work.extend((agent, Span(stint.started_at, until)) for agent in stint.agents)

    def _close(self, at: float) -> None:
        for outcome in self._outcomes.values():
            if outcome.wait_seconds is None:
                outcome.wait_seconds = at - outcome.ready_at
        for stint in {id(one): one for one in self._desk.stints}.values():
            outcome = self._outcomes[stint.demand.key]
            if outcome.end is End.STILL_WAITING:
                self._note_work(stint, at)
                outcome.end = End.SERVED


def play_both(plan: Plan) -> tuple[Played, Played]:
    """What happened, and what would have happened in turn."""
    return World(plan).play(), World(plan.in_turn()).play()
