"""Who is there and who is free: the agents of a pool, by what the sources told of them.

Free needs evidence: signed in, not ringing, not in wrap-up, not away. An agent of whom no sign-in was
told is on duty while working and never counts as free.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from app.core.fairness.moves import UNNAMED
from app.core.fairness.turn import Line

AWAY_SECONDS = 8 * 3600.0
"""Whoever signed out longer ago has gone home."""


class Doing(StrEnum):
    """What an agent does; unknown: signed in, but nothing tells that it is free."""

    ON_CONTACT = "on_contact"
    RINGING = "ringing"
    WRAP_UP = "wrap_up"
    FREE = "free"
    AWAY = "away"
    UNKNOWN = "unknown"


class Agent(msgspec.Struct, array_like=True, gc=False):
    """One agent; ``work`` maps contacts to their channel. ``skills`` none means everything.

    ``busy_until``: end of the wrap-up that follows the last work. ``tells_work``: what the agent did
    last was told when it began (none: it did nothing yet); else nobody knows when it is free.
    ``left_at``: when it signed out, while it is gone.
    """

    name: str
    skills: frozenset[str] | None = None
    is_signed_in: bool = False
    busy_until: float = 0.0
    tells_work: bool | None = None
    work: dict[str, str] = {}
    ringing: set[str] = set()
    left_at: float | None = None

    @property
    def is_on_duty(self) -> bool:
        """Whether anything tells that the agent is there."""
        return self.is_signed_in or bool(self.work)

    def could_serve(self, skill: str) -> bool:
        """Whether contacts of a skill are among what the agent serves."""
        return self.skills is None or skill in self.skills


class Floor:
    """All agents of a pool. ``idle`` holds those believed free, with the neglect clock since when.

    The neglect clock runs by the share of the free who are needed, the waiting clock whenever anybody
    waits. ``doubted`` are believed free no more: what they were kept free until then, and the
    waiting clock when it ended.
    """

    def __init__(self) -> None:
        """Nobody is there."""
        self.agents: dict[str, Agent] = {}
        self.idle: dict[str, float] = {}
        self.ringing: dict[str, set[str]] = {}
        self.on_duty = 0
        self.on_live = 0
        self.has_staffing = False
        self.has_skills = False
        self.infers = False
        self.neglect_clock = 0.0
        self.waiting_clock = 0.0
        self.doubted: dict[str, tuple[float, float]] = {}

    def agent(self, name: str) -> Agent:
        """An agent; a new one where the name is."""
        agent = self.agents.get(name)
        if agent is None:
            agent = self.agents[name] = Agent(name)
        return agent

    def restore(self, agents: Iterable[Agent], idle: dict[str, float]) -> None:
        """Go on where another one stood."""
        self.agents = {agent.name: agent for agent in agents}
        self.idle = idle
        self.on_duty = sum(agent.is_on_duty for agent in self.agents.values())
        self.on_live = sum(map(_is_live, self.agents.values()))
        for agent in self.agents.values():
            for contact in agent.ringing:
                self.ringing.setdefault(contact, set()).add(agent.name)

    def sign_in(self, agent: Agent, skills: Collection[str] | None) -> None:
        """The agent can take contacts from now on."""
        self.has_staffing = True
        if skills is not None:
            self.has_skills = True
            agent.skills = frozenset(skills)
        self.on_duty += not agent.is_on_duty
        agent.is_signed_in, agent.busy_until, agent.left_at = True, 0.0, None
        self._silence(agent)
        self.doubted.pop(agent.name, None)
        self.mark_idle(agent, 0.0)

    def _silence(self, agent: Agent) -> None:
        for contact in agent.ringing:
            self.ringing[contact].discard(agent.name)
        agent.ringing.clear()

    def sign_out(self, agent: Agent, now: float) -> None:
        """The agent takes no contacts from now on."""
        was_on_duty = agent.is_on_duty
        agent.is_signed_in, agent.left_at = False, now
        self._silence(agent)
        self.on_duty -= was_on_duty and not agent.is_on_duty
        self.idle.pop(agent.name, None)
        self.doubted.pop(agent.name, None)

    def mark_idle(self, agent: Agent, now: float) -> None:
        """Count the agent as free where everything speaks for it."""
        if (
            agent.is_signed_in
            and not agent.work
            and not agent.ringing
            and agent.busy_until <= now
            and self._is_told(agent)
            and agent.name not in self.idle
            and agent.name not in self.doubted
        ):
            self.idle[agent.name] = self.neglect_clock

    def _is_told(self, agent: Agent) -> bool:
        """Whether its work would be told: where some of it is inferred here, only if some was."""
        return agent.tells_work if agent.tells_work is not None else not self.infers

    def note_work(self, agent: Agent, *, is_inferred: bool) -> None:
        """Work begins, as the tool tells it or as we infer it afterwards."""
        agent.tells_work = not is_inferred
        if is_inferred and not self.infers:
            self.infers = True
            for name in [name for name in self.idle if not self._is_told(self.agents[name])]:
                del self.idle[name]

    def occupy(self, agent: Agent) -> float:
        """The agent is free no more; the seconds it was kept free while others waited."""
        since = self.idle.pop(agent.name, None)
        if since is not None:
            return self.neglect_clock - since
        kept, doubted_at = self.doubted.pop(agent.name, (0.0, self.waiting_clock))
        return kept + self.waiting_clock - doubted_at

    def take(self, agent: Agent, contact: str, channel: str) -> None:
        """Work on a contact begins."""
        work = agent.work
        if not (work or agent.is_signed_in):
            self.on_duty += 1
        if channel != "email" and not (work and _is_live(agent)):
            self.on_live += 1
        work[contact] = channel

    def release(self, agent: Agent, contact: str) -> None:
        """Work on a contact ends."""
        work = agent.work
        channel = work.pop(contact, None)
        if channel is None:
            return
        if channel != "email" and not (work and _is_live(agent)):
            self.on_live -= 1
        if not (work or agent.is_signed_in):
            self.on_duty -= 1

    def forget_unnamed(self) -> None:
        """Agents whom nobody named do not come back under the same name."""
        gone = [
            name
            for name, agent in self.agents.items()
            if name.startswith(UNNAMED) and not (agent.is_on_duty or agent.ringing)
        ]
        for name in gone:
            del self.agents[name]
            self.doubted.pop(name, None)

    def disbelieve(self, limit: float) -> bool:
        """Who gives no sign though others waited ``limit`` seconds for somebody free is not there."""
        since = self.neglect_clock - limit
        away = [name for name, marked in self.idle.items() if marked < since]
        for name in away:
            self.doubted[name] = (self.neglect_clock - self.idle.pop(name), self.waiting_clock)
        return bool(away)

    def ring(self, agent: Agent, contact: str) -> None:
        """A contact rings at an agent, who is not free meanwhile."""
        agent.ringing.add(contact)
        self.ringing.setdefault(contact, set()).add(agent.name)
        self.occupy(agent)

    def stop_ringing(self, contact: str, now: float, agent: str) -> None:
        """A contact rings no more, at one agent or (no name) at all."""
        at = self.ringing.get(contact)
        if at is None:
            return
        for name in [agent] if agent else sorted(at):
            at.discard(name)
            who = self.agent(name)
            who.ringing.discard(contact)
            self.mark_idle(who, now)
        if not at:
            del self.ringing[contact]

    def doings(self, now: float) -> dict[str, int]:
        """How many agents do what, by ``Doing``; whoever left long ago is not counted."""
        counts = dict.fromkeys(Doing, 0)
        for agent in self.agents.values():
            doing = self._doing(agent, now)
            if doing is not None:
                counts[doing] += 1
        return {str(doing): count for doing, count in counts.items()}

    def _doing(self, agent: Agent, now: float) -> Doing | None:
        if agent.work:
            return Doing.ON_CONTACT
        if agent.ringing:
            return Doing.RINGING
        if not agent.is_signed_in:
            is_away = agent.left_at is not None and now - agent.left_at < AWAY_SECONDS
            return Doing.AWAY if is_away else None
        if agent.busy_until > now:
            return Doing.WRAP_UP
        return Doing.FREE if agent.name in self.idle else Doing.UNKNOWN

    def free(self, lines: Iterable[Line]) -> int:
        """Free agents who could serve somebody who waits; ``lines`` are those that are not empty."""
        if not self.has_skills or not self.idle:
            return len(self.idle)
        skills = {skill for _, skill in lines}
        if not skills:
            return len(self.idle)
        return sum(self._serves_any(name, skills) for name in self.idle)

    def _serves_any(self, name: str, skills: Collection[str]) -> bool:
        served = self.agents[name].skills
        return served is None or not served.isdisjoint(skills)

    def alike(self, agent: Agent) -> int:
        """Idle agents who serve the same."""
        if not self.has_skills:
            return len(self.idle)
        return sum(self.agents[name].skills == agent.skills for name in self.idle)


def _is_live(agent: Agent) -> bool:
    return any(channel != "email" for channel in agent.work.values())
