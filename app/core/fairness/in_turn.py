"""What would have been in turn: the same contacts, agents and handling times, served strictly in turn.

A small contact centre is played from a moment when nobody waited: live contacts before mail, an agent
takes one call or mail, or several chats; mail is put aside for a caller. How long each contact would
have waited is its fair start time (Sabin, Kochhar and Sadayappan 2004); what it waited more is the
harm, what it waited less the gain. Handling times not known yet are the mean of their channel; how
long somebody who was served would have waited at most follows the rate at which others gave up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import inf, log1p
from typing import NamedTuple

import msgspec

from app.core.fairness.moves import LIVE
from app.core.fairness.turn import Line

UNTOLD_SECONDS = 900.0
"""An agent of whom no sign-in was told is gone after so long without work."""
GOLDEN = 0.6180339887498949
TYPICAL_SECONDS = {"phone": 300.0, "chat": 540.0, "email": 420.0}
"""Handling times before a team's own are known."""


class Phase(msgspec.Struct, array_like=True, gc=False):
    """One time that a contact needed somebody. ``work`` holds start and end of its stretches.

    ``given_up``: left without being served; ``refused``: was told no.
    """

    contact: str
    customer: str
    tier: str
    line: Line
    turn: float
    ready: float
    work: list[tuple[float, float]] = []
    since: float | None = None
    ended: float | None = None
    given_up: bool = False
    refused: bool = False
    agent: str = ""

    @property
    def started(self) -> float | None:
        """When it was first worked on."""
        return self.work[0][0] if self.work else self.since

    def waited(self, now: float) -> float:
        """Seconds until it was first worked on, left, or now."""
        until = self.started
        if until is None:
            until = self.ended if self.ended is not None else now
        return max(0.0, until - self.ready)

    def worked(self, now: float) -> float:
        """Seconds of work so far."""
        done = sum(end - start for start, end in self.work)
        return done + (max(0.0, now - self.since) if self.since is not None else 0.0)


class Presence(msgspec.Struct, array_like=True, gc=False):
    """An agent came or went. ``skills`` none means everything."""

    at: float
    agent: str
    is_there: bool
    skills: tuple[str, ...] | None = None


def typical_seconds(phases: Iterable[Phase], now: float) -> Mapping[str, float]:
    """Mean handling time by channel, of what was served to its end."""
    told: dict[str, list[float]] = defaultdict(list)
    for phase in phases:
        if phase.ended is not None and phase.work and not phase.refused:
            told[phase.line[0]].append(phase.worked(now))
    means = {channel: sum(each) / len(each) for channel, each in told.items()}
    return {**TYPICAL_SECONDS, **means}


def giving_up_rate(phases: Iterable[Phase], now: float) -> float:
    """Those who gave up per second that somebody waited on a live channel.

    The maximum-likelihood rate of an exponential patience where most were served before they lost
    it (Brown et al. 2005, section 6, found its hazard nearly constant after the first minute).
    """
    given_up, waited = 0, 0.0
    for phase in phases:
        if phase.line[0] in LIVE:
            given_up += phase.given_up
            waited += phase.waited(now)
    return given_up / waited if waited else 0.0


def patience_ends(index: int, phase: Phase, rate: float, now: float) -> float:
    """When somebody would have given up: known, or the actual wait and what patience was left.

    What was left is spread evenly over the quantiles of its distribution (golden ratio sequence).
    """
    if phase.given_up:
        return phase.ended if phase.ended is not None else inf
    if not rate or phase.line[0] not in LIVE:
        return inf
    quantile = (index + 1) * GOLDEN % 1.0
    return phase.ready + phase.waited(now) - log1p(-quantile) / rate


@dataclass(slots=True)
class _Agent:
    skills: tuple[str, ...] | None
    is_there: bool = True
    mail: int | None = None
    chats: int = 0
    calls: int = 0

    @property
    def is_idle(self) -> bool:
        return self.is_there and self.mail is None and not self.chats and not self.calls

    def serves(self, skill: str) -> bool:
        return self.skills is None or skill in self.skills


@dataclass(slots=True)
class _World:
    """The centre as it would have run."""

    phases: Sequence[Phase]
    needed: list[float]
    chats_per_agent: int
    started: dict[int, float] = field(default_factory=dict)
    lines: dict[Line, list[tuple[float, float, int]]] = field(default_factory=dict)
    agents: dict[str, _Agent] = field(default_factory=dict)
    idle: dict[str, None] = field(default_factory=dict)
    room: dict[str, None] = field(default_factory=dict)
    on_mail: dict[str, None] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    since: dict[int, float] = field(default_factory=dict)
    ends: list[tuple[float, int, str, float]] = field(default_factory=list)

    def wait(self, index: int) -> None:
        phase = self.phases[index]
        self.waiting.add(index)
        line = self.lines.setdefault(phase.line, [])
        heappush(line, (phase.turn, phase.ready, index))

    def take(self, todo: "_Todo", presences: Sequence[Presence]) -> None:
        match todo.kind:
            case 0:
                self.note(presences[todo.which])
            case 1:
                self.wait(todo.which)
            case _:
                self.waiting.discard(todo.which)

    def note(self, presence: Presence) -> None:
        agent = self.agents.get(presence.agent)
        if agent is None:
            agent = self.agents[presence.agent] = _Agent(presence.skills)
        agent.is_there, agent.skills = presence.is_there, presence.skills
        self._place(presence.agent, agent)

    def _place(self, name: str, agent: _Agent) -> None:
        """Keep the lists of who can take what in step with an agent."""
        for listed, belongs in (
            (self.idle, agent.is_idle),
            (self.room, agent.is_there and 0 < agent.chats < self.chats_per_agent),
            (self.on_mail, agent.is_there and agent.mail is not None),
        ):
            if belongs:
                listed[name] = None
            else:
                listed.pop(name, None)

    def finish(self, index: int, name: str, started: float) -> None:
        if self.since.get(index) != started:
            return
        del self.since[index]
        agent = self.agents[name]
        match self.phases[index].line[0]:
            case "chat":
                agent.chats -= 1
            case "email":
                agent.mail = None
            case _:
                agent.calls -= 1
        self._place(name, agent)

    def dispatch(self, now: float) -> None:
        """Start whoever can be started, the first in turn first."""
        while True:
            best: tuple[tuple[float, float, int], str] | None = None
            for line, waiting in self.lines.items():
                while waiting and waiting[0][2] not in self.waiting:
                    heappop(waiting)
                if waiting and (best is None or waiting[0] < best[0]):
                    name = self._slot(line)
                    if name is not None:
                        best = (waiting[0], name)
            if best is None:
                return
            self._start(best[0][2], best[1], now)

    def _slot(self, line: Line) -> str | None:
        channel, skill = line
        lists = [self.idle]
        if channel == "chat":
            lists.insert(0, self.room)
        if channel in LIVE:
            lists.append(self.on_mail)
        for listed in lists:
            for name in listed:
                if self.agents[name].serves(skill):
                    return name
        return None

    def _start(self, index: int, name: str, now: float) -> None:
        agent = self.agents[name]
        if agent.mail is not None:
            self._put_aside(agent, now)
        self.waiting.discard(index)
        self.started.setdefault(index, now)
        self.since[index] = now
        match self.phases[index].line[0]:
            case "chat":
                agent.chats += 1
            case "email":
                agent.mail = index
            case _:
                agent.calls += 1
        self._place(name, agent)
        heappush(self.ends, (now + self.needed[index], index, name, now))

    def _put_aside(self, agent: _Agent, now: float) -> None:
        assert agent.mail is not None
        index, agent.mail = agent.mail, None
        self.needed[index] -= now - self.since.pop(index)
        self.wait(index)


def waits_in_turn(
    phases: Sequence[Phase], presences: Sequence[Presence], now: float, chats_per_agent: int
) -> list[float]:
    """Seconds that each phase would have waited in turn, up to ``now``.

    ``phases`` and ``presences`` are in order of time; whoever was already worked on when the first
    of them begins is ready when that work began.
    """
    typical = typical_seconds(phases, now)
    rate = giving_up_rate(phases, now)
    needed = [_needed(phase, typical, now) for phase in phases]
    patience = [patience_ends(index, phase, rate, now) for index, phase in enumerate(phases)]
    world = _World(phases, needed, chats_per_agent)
    todo = _todo(phases, presences, patience)
    while todo or world.ends:
        if world.ends and (not todo or world.ends[0][0] <= todo[0].at):
            at, index, name, started = heappop(world.ends)
            world.finish(index, name, started)
        else:
            at = todo[0].at
            world.take(heappop(todo), presences)
        if at > now:
            break
        if not todo or todo[0].at > at:
            world.dispatch(at)
    return [
        max(0.0, min(world.started.get(index, inf), patience[index], now) - phase.ready)
        for index, phase in enumerate(phases)
    ]


class _Todo(NamedTuple):
    """Somebody comes or goes (0), gets ready (1) or gives up (2)."""

    at: float
    kind: int
    which: int


def _todo(
    phases: Sequence[Phase], presences: Sequence[Presence], patience: Sequence[float]
) -> list[_Todo]:
    todo = [_Todo(presence.at, 0, index) for index, presence in enumerate(presences)]
    todo += [_Todo(phase.ready, 1, index) for index, phase in enumerate(phases)]
    todo += [_Todo(ends, 2, index) for index, ends in enumerate(patience) if ends < inf]
    heapify(todo)
    return todo


def with_the_untold(
    phases: Iterable[Phase], presences: Sequence[Presence], now: float
) -> list[Presence]:
    """Also agents of whom no sign-in was told: there from their first work to their last."""
    told = {presence.agent for presence in presences}
    seen: dict[str, tuple[float, float]] = {}
    for phase in phases:
        start = phase.started
        if start is not None and phase.agent not in told:
            end = phase.work[-1][1] if phase.since is None else now
            first, last = seen.get(phase.agent, (start, end))
            seen[phase.agent] = (min(first, start), max(last, end))
    untold = [
        presence
        for agent, (first, last) in sorted(seen.items())
        for presence in (
            Presence(first, agent, is_there=True),
            Presence(last if last < now - UNTOLD_SECONDS else inf, agent, is_there=False),
        )
    ]
    return sorted([*presences, *untold], key=lambda presence: presence.at)


def _needed(phase: Phase, typical: Mapping[str, float], now: float) -> float:
    worked = phase.worked(now)
    if phase.ended is not None and phase.work and not phase.refused:
        return worked
    return max(worked, typical.get(phase.line[0], TYPICAL_SECONDS["phone"]))
