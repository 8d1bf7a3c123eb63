"""What the tools tell of a played world: canonical CloudEvents, ready for JSON."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

from app.core.events import (
    AgentAvailable,
    AgentReplied,
    AgentUnavailable,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
    CustomerUpdated,
    Data,
    DeclineReason,
    Outcome,
    QueuedVia,
    WorkEnded,
    WorkStarted,
)
from app.simulate.fairness.demand import Demand
from app.simulate.fairness.facts import Fact, Kind, Played
from app.simulate.fairness.plan import Plan, Tells
from app.simulate.fairness.policies import TEAM

BEGINNING = datetime.fromisoformat("2026-01-05T06:00:00+00:00")
"""Second 0 of every trace."""

ONE_TOOL = "centre"
ROSTER = "roster"

RINGS_AT_MOST = 8
"""Agents at whom a call rings at once."""

RING_SECONDS = 20.0
UNANSWERED_RINGS_SHARE = 0.2
DECLINES_TOLD_SHARE = 0.5

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Told:
    """One event before it is written: when, by which tool, about whom."""

    at: float
    source: str
    data: type[Data]
    subject: str
    fields: Mapping[str, Any]


def told_of(plan: Plan, played: Played) -> list[Json]:
    """The events of a playing in the order of their own clocks; the same for the same plan."""
    telling = _Telling(plan)
    told = [event for fact in _known_facts(plan, played.facts) for event in telling.of(fact)]
    kept = [event for event in told if 0.0 <= event.at <= plan.horizon and not telling.is_lost()]
    written = [_written(event, number, plan.manner.skews) for number, event in enumerate(kept, 1)]
    return sorted(written, key=itemgetter("time"))


def _known_facts(plan: Plan, facts: Sequence[Fact]) -> Iterator[Fact]:
    """Leave out the comings and goings that no tool reports."""
    first_came = {fact.agent: fact for fact in reversed(facts) if fact.kind is Kind.CAME}
    last_left = {fact.agent: fact for fact in facts if fact.kind is Kind.LEFT}
    for fact in facts:
        if fact.kind is Kind.CAME:
            is_known = plan.manner.breaks or first_came[fact.agent] is fact
        elif fact.kind is Kind.LEFT:
            is_last = last_left[fact.agent] is fact and fact.at >= plan.horizon
            is_known = plan.manner.signing_off and (plan.manner.breaks or is_last)
        else:
            yield fact
            continue
        if plan.manner.staffing and is_known:
            yield fact


def _written(told: _Told, number: int, skews: Mapping[str, float]) -> Json:
    at = BEGINNING + timedelta(seconds=round(told.at + skews.get(told.source, 0.0), 3))
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": told.source,
        "type": told.data.type,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "subject": told.subject,
        "data": {"team": TEAM, **told.fields},
    }


class _Telling:
    """How the tools of one plan put facts into events."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._manner = plan.manner
        self._random = Random(f"{plan.name}/{plan.seed}/telling")
        self._tiers_told: set[str] = set()

    def is_lost(self) -> bool:
        """Whether the next event never reaches us."""
        return self._random.random() < self._manner.lost_share

    def of(self, fact: Fact) -> Iterator[_Told]:
        """What is told of one fact."""
        if fact.demand is None:
            yield self._staffing(fact)
            return
        yield from self._registered(fact.at, fact.demand)
        if fact.kind in {Kind.STARTED, Kind.JOINED}:
            yield from self._started(fact, fact.demand)
        elif fact.kind in {Kind.ENDED, Kind.INTERRUPTED}:
            yield from self._stopped(fact, fact.demand)
        else:
            yield self._turned_up(fact, fact.demand)

    def _staffing(self, fact: Fact) -> _Told:
        agent = fact.agent or ""
        fields: Json = {"agent": agent}
        if fact.kind is Kind.CAME and self._plan.skills:
            fields["skills"] = sorted(self._plan.skills.get(agent, {""}))
        data = AgentAvailable if fact.kind is Kind.CAME else AgentUnavailable
        return _Told(fact.at, self._tool(None), data, agent, fields)

    def _registered(self, at: float, demand: Demand) -> Iterator[_Told]:
        """The customer's tier, before the first we hear of her."""
        customer = demand.customer
        if customer not in self._tiers_told:
            self._tiers_told.add(customer)
            fields = {"customer": customer, "tier": demand.tier}
            yield _Told(at, self._tool(demand.channel), CustomerUpdated, customer, fields)

    def _turned_up(self, fact: Fact, demand: Demand) -> _Told:
        match fact.kind:
            case Kind.RECEIVED:
                return self._about(fact.at, demand, ContactReceived)
            case Kind.OWED:
                via = QueuedVia.MENU if demand.channel is Channel.PHONE else QueuedVia.BOT
                return self._about(fact.at, demand, ContactQueued, via=via)
            case Kind.WROTE_AGAIN:
                return self._about(fact.at, demand, CustomerReplied)
            case _:
                return self._over(fact, demand)

    def _over(self, fact: Fact, demand: Demand) -> _Told:
        match fact.kind:
            case Kind.REFUSED:
                told: Json = {"agent": fact.agent, "reason": DeclineReason.REFUSED}
                return self._about(fact.at, demand, ContactDeclined, **told)
            case Kind.ABANDONED:
                return self._about(fact.at, demand, ContactAbandoned)
            case Kind.TURNED_AWAY:
                told = {"agent": fact.agent, "outcome": Outcome.TURNED_AWAY}
                return self._about(fact.at, demand, ContactResolved, **told)
            case _:
                return self._about(fact.at, demand, ContactResolved, outcome=Outcome.DONE)

    def _started(self, fact: Fact, demand: Demand) -> Iterator[_Told]:
        at, agent = fact.at, fact.agent
        is_live = demand.channel is not Channel.EMAIL
        if fact.kind is Kind.STARTED and self._rings(demand):
            at = yield from self._ringing(fact, demand)
        tells_pick_up = self._tells(demand) is not Tells.SPANS
        if fact.kind is Kind.STARTED and is_live and tells_pick_up and not demand.key.phase:
            yield self._about(at, demand, ContactAnswered, agent=agent)
        if self._tells(demand) is not Tells.MESSAGES:
            yield self._about(at, demand, WorkStarted, agent=agent)

    def _ringing(self, fact: Fact, demand: Demand) -> Generator[_Told, None, float]:
        """It rings at everybody who is free, at times twice; give back when it was picked up."""
        at, agents = fact.at, sorted([fact.agent or "", *fact.idle][:RINGS_AT_MOST])
        is_long_enough = demand.work_seconds > 3.0 * RING_SECONDS
        if is_long_enough and self._random.random() < UNANSWERED_RINGS_SHARE:
            yield self._about(at, demand, ContactOffered, agents=agents)
            at += RING_SECONDS
            for agent in agents:
                yield self._not_picked_up(at, demand, agent)
        yield self._about(at, demand, ContactOffered, agents=agents)
        at += min(self._random.uniform(2.0, 9.0), 0.2 * demand.work_seconds)
        for agent in agents:
            if agent != fact.agent and self._random.random() < DECLINES_TOLD_SHARE:
                yield self._not_picked_up(at, demand, agent)
        return at

    def _not_picked_up(self, at: float, demand: Demand, agent: str) -> _Told:
        reason = DeclineReason.NO_ANSWER
        return self._about(at, demand, ContactDeclined, agent=agent, reason=reason)

    def _stopped(self, fact: Fact, demand: Demand) -> Iterator[_Told]:
        tells, is_done = self._tells(demand), fact.kind is Kind.ENDED
        is_written = demand.channel is Channel.EMAIL or tells is Tells.MESSAGES
        if is_done and is_written and tells is not Tells.SPANS:
            yield self._about(fact.at, demand, AgentReplied, agent=fact.agent)
        if tells is not Tells.MESSAGES:
            why = {} if is_done else {"reason": "interrupted"}
            yield self._about(fact.at, demand, WorkEnded, agent=fact.agent, **why)

    def _about(self, at: float, demand: Demand, data: type[Data], **fields: object) -> _Told:
        told: Json = {"customer": demand.customer, "channel": str(demand.channel)}
        if demand.skill:
            told["skill"] = demand.skill
        told.update({name: value for name, value in fields.items() if value is not None})
        return _Told(at, self._tool(demand.channel), data, demand.key.contact, told)

    def _tool(self, channel: Channel | None) -> str:
        if not self._manner.skews:
            return ONE_TOOL
        return ROSTER if channel is None else str(channel)

    def _rings(self, demand: Demand) -> bool:
        return self._manner.rings_everybody and demand.channel is Channel.PHONE

    def _tells(self, demand: Demand) -> Tells:
        is_messaging = self._manner.tells is Tells.MESSAGES and demand.channel is not Channel.CHAT
        return Tells.ANSWERS if is_messaging else self._manner.tells
