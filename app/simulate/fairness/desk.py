"""The agents: who is there, who is free for whom, who works on what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.core.events import Channel
from app.simulate.fairness.demand import CHATS_PER_AGENT, Demand, DemandKey
from app.simulate.fairness.lines import Line, Precedence


@dataclass(eq=False, slots=True)
class Stint:
    """An agent works on a demand; ``second`` is the colleague who joined."""

    agent: str
    demand: Demand
    started_at: float
    second: str | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Whose time it takes."""
        return (self.agent,) if self.second is None else (self.agent, self.second)


class Desk:
    """The agents of one team. ``skills`` is empty where there are no desks."""

    def __init__(self, skills: Mapping[str, frozenset[str]]):
        self._skills = skills
        self._idle_since: dict[str, float] = {}
        self._with_room: dict[str, None] = {}
        self._stints: dict[str, dict[DemandKey, Stint]] = {}
        self._mail: dict[str, Stint] = {}
        self.on_duty: set[str] = set()
        self.reserved: set[str] = set()

    @property
    def idle(self) -> tuple[str, ...]:
        """Who has nothing to do."""
        return tuple(self._idle_since)

    @property
    def stints(self) -> Iterator[Stint]:
        """All work going on, once for each of its agents."""
        for of_agent in self._stints.values():
            yield from of_agent.values()

    def works_on(self, stint: Stint) -> bool:
        """Whether the work has not been interrupted meanwhile."""
        return self._stints.get(stint.agent, {}).get(stint.demand.key) is stint

    def is_working(self, agent: str) -> bool:
        """Whether the agent has anything in hand."""
        return bool(self._stints.get(agent))

    def mail_of(self, agent: str) -> Stint | None:
        """The mail that the agent could put aside."""
        return self._mail.get(agent)

    def reserve(self, agent: str, *, only_favoured: bool) -> None:
        """Tell an agent to work for those served first only, or for everybody again."""
        (self.reserved.add if only_favoured else self.reserved.discard)(agent)
        self._with_room.pop(agent, None)

    def come(self, agent: str, at: float) -> None:
        """An agent is there."""
        self.on_duty.add(agent)
        self._settle(agent, at)

    def leave(self, agent: str) -> None:
        """An agent takes nothing more; what is in hand goes on."""
        self.on_duty.discard(agent)
        self._idle_since.pop(agent, None)
        self._with_room.pop(agent, None)

    def occupy(self, stint: Stint) -> None:
        """Begin work."""
        for agent in stint.agents:
            self._idle_since.pop(agent, None)
            self._stints.setdefault(agent, {})[stint.demand.key] = stint
        if stint.demand.channel is Channel.EMAIL:
            self._mail[stint.agent] = stint
        self._with_room.pop(stint.agent, None)
        if stint.demand.channel is Channel.CHAT and self._has_room(stint.agent):
            self._with_room[stint.agent] = None

    def put_down(self, stint: Stint, at: float) -> None:
        """End work; the agents take the next."""
        for agent in stint.agents:
            del self._stints[agent][stint.demand.key]
            if self._mail.get(agent) is stint:
                del self._mail[agent]
            self._settle(agent, at)

    def free_for(self, line: Line) -> str | None:
        """The agent who takes the next of a line: one who chats, one idle, one at a mail."""
        for choice in (self._chatting_for, self._idle_for, self._interrupted_for):
            agent = choice(line)
            if agent is not None:
                return agent
        return None

    def longest_idle(self, line: Line) -> str | None:
        """The colleague who could join."""
        return self._idle_for(line)

    def _settle(self, agent: str, at: float) -> None:
        if agent not in self.on_duty:
            return
        if not self._stints.get(agent):
            self._with_room.pop(agent, None)
            self._idle_since[agent] = at
        elif self._has_room(agent):
            self._with_room[agent] = None

    def _has_room(self, agent: str) -> bool:
        stints = self._stints[agent].values()
        return (
            agent in self.on_duty
            and agent not in self.reserved
            and len(stints) < CHATS_PER_AGENT
            and all(stint.demand.channel is Channel.CHAT for stint in stints)
        )

    def _serves(self, agent: str, line: Line) -> bool:
        return not self._skills or line.skill in self._skills.get(agent, frozenset({""}))

    def _chatting_for(self, line: Line) -> str | None:
        if line.channel is not Channel.CHAT or self._reserved_idle_for(line):
            return None
        return next((agent for agent in self._with_room if self._serves(agent, line)), None)

    def _reserved_idle_for(self, line: Line) -> bool:
        return line.precedence is Precedence.FAVOURED and any(
            agent in self.reserved for agent in self._idle_since
        )

    def _idle_for(self, line: Line) -> str | None:
        found = [agent for agent in self._idle_since if self._may_take(agent, line)]
        if line.precedence is Precedence.FAVOURED:
            found = [agent for agent in found if agent in self.reserved] or found
        return min(found, key=self._idle_since.__getitem__, default=None)

    def _may_take(self, agent: str, line: Line) -> bool:
        reserved_for_others = agent in self.reserved and line.precedence is Precedence.ORDINARY
        return not reserved_for_others and self._serves(agent, line)

    def _interrupted_for(self, line: Line) -> str | None:
        """Callers come before mail, but not before the mail of those served first."""
        if line.channel is Channel.EMAIL:
            return None
        may_interrupt_all = line.precedence is Precedence.TURNED_AWAY
        for agent, stint in self._mail.items():
            if (may_interrupt_all or not stint.demand.is_favoured) and self._may_take(agent, line):
                return agent
        return None
