"""What a contact's events mean for the pools it passes through: events in, moves out.

A human is owed from ``contact.queued`` where that is told, else from the first message, and again
when the customer writes after we had answered. Work is what the source calls so; where it tells no
work, an answered call is worked on until it is over, and a message from the pick-up (or the
customer's message, but at most a quarter of an hour) to the reply.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.core import events as e
from app.core.clocks.standing import Place
from app.core.clocks.timeline import Timeline
from app.core.clocks.words import is_touch
from app.core.fairness.moves import LIVE, UNHEARD, UNNAMED, Demand, Move, MoveKind
from app.core.fairness.order import Asking
from app.core.fairness.tuning import DEFAULT
from app.core.policy import ClockKind

WRAP_UP = "wrap_up"

Moves = list[tuple[str, Move]]
"""Moves with the team in whose pool they happen."""


def moves_of(line: Timeline, place: Place, customer: str) -> Moves:
    """What one contact does in pools, in order of time. What was discarded or merged did nothing."""
    if line.discarded or line.merged:
        return []
    walk = _Walk(line, place, customer)
    for event in line.events:
        walk.take(event)
    walk.finish()
    return sorted(walk.moves, key=lambda told: told[1].place)


def is_of_agent(event: e.Event) -> bool:
    """Whether an event tells of an agent and no contact."""
    return e.subject_of(event) is e.SubjectOf.AGENT


def moves_of_agent(event: e.Event) -> Iterator[Move]:
    """What an agent's own event means for a pool."""
    at, tie = event.occurred_at.timestamp(), _tie(event)
    match event.data:
        case e.AgentAvailable(agent=agent, skills=skills):
            told = None if skills is None else tuple(sorted(skills))
            yield Move(at, MoveKind.AVAILABLE, tie, agent=agent or event.subject, skills=told)
        case e.AgentUnavailable(agent=agent):
            yield Move(at, MoveKind.UNAVAILABLE, tie, agent=agent or event.subject)
        case e.WorkStarted(agent=str(agent)):
            yield Move(at, MoveKind.OFFERED, tie, contact=_wrapping(agent), agents=(agent,))
        case e.WorkEnded(agent=str(agent)):
            yield Move(at, MoveKind.DECLINED, tie, contact=_wrapping(agent), agent=agent)
            yield Move(at, MoveKind.ENDED, tie, contact=_wrapping(agent), agent=agent)
        case _:
            pass


def _wrapping(agent: str) -> str:
    """Wrap-up keeps an agent busy as ringing does, under a name of its own."""
    return f"{WRAP_UP} {agent}"


def _tie(event: e.Event) -> str:
    return f"{event.source}\x1f{event.id}"


@dataclass(slots=True)
class _Walk:
    """One contact on its way through its events."""

    line: Timeline
    place: Place
    customer: str
    moves: Moves = field(default_factory=list)
    demand: Demand | None = None
    is_waiting: bool = False
    team: str | None = None
    working: dict[str, datetime] = field(default_factory=dict)
    offered: int = 0
    was_answered: bool = False
    tells_work: bool = False
    tells_queued: bool = False
    last: e.Event | None = None

    def __post_init__(self) -> None:
        """What the source tells of this contact decides what stands for work and for being owed."""
        types = {event.type for event in self.line.events}
        self.tells_work = any(
            isinstance(event.data, e.WorkStarted)
            and event.data.kind is None
            and event.data.agent is not None
            for event in self.line.events
        )
        self.tells_queued = self.place.source.tells_queued or e.ContactQueued.type in types

    @property
    def longest_reply(self) -> timedelta:
        """A message occupies an agent so long at most."""
        pace = self.place.standing(self.line.events[-1].occurred_at).policy.fairness.pace
        return timedelta(seconds=DEFAULT.longest_reply / pace)

    @property
    def is_live(self) -> bool:
        return self.place.channel in LIVE

    def add(
        self, kind: MoveKind, event: e.Event, at: datetime | None = None, agent: str = ""
    ) -> None:
        """A move of this contact, in the pool it is in."""
        self.moves.append((self._team_at(event.occurred_at), self._move(kind, event, at, agent)))

    def _move(self, kind: MoveKind, event: e.Event, at: datetime | None, agent: str) -> Move:
        instant = (at or event.occurred_at).timestamp()
        return Move(instant, kind, _tie(event), self.line.key, agent)

    def _team_at(self, at: datetime) -> str:
        team = self.place.standing(at).team
        if self.team is not None and team != self.team:
            self._changed_pool(self.team, team, at)
        self.team = team
        return team

    def _changed_pool(self, before: str, after: str, at: datetime) -> None:
        """It leaves one pool, and waits on in the next with its old turn."""
        if self.last is None:
            return
        instant = at.timestamp()
        gone = Move(instant, MoveKind.GONE, _tie(self.last), self.line.key)
        self.moves.append((before, gone))
        was_worked_on, self.working = bool(self.working), {}
        if self.is_waiting or (was_worked_on and self.is_live):
            self.is_waiting = True
            assert self.demand is not None
            ready = Move(instant, MoveKind.READY, _tie(self.last), self.line.key, "", self.demand)
            self.moves.append((after, ready))

    def take(self, event: e.Event) -> None:  # noqa: C901, PLR0912 - one arm a kind of event
        """What one event means."""
        self.last = event
        match event.data:
            case e.ContactReceived(direction=e.Direction.OUTBOUND):
                pass
            case e.ContactReceived() | e.CustomerReplied():
                self._wrote(event)
            case e.ContactQueued(not_before=not_before):
                self._queued(event, not_before)
            case e.ContactOffered(agent=agent, agents=agents):
                self._offered(event, agents or ((agent,) if agent else ()))
            case e.ContactAnswered(agent=agent):
                self.was_answered = True
                if not self.tells_work:
                    self._start(event, agent)
            case e.WorkStarted(agent=str(agent), kind=None):
                self._start(event, agent)
            case e.WorkStarted() | e.WorkEnded(kind=str()):
                self.moves.extend(
                    (self._team_at(event.occurred_at), m) for m in moves_of_agent(event)
                )
            case e.WorkEnded(agent=str(agent), reason=reason):
                self._end(event, agent, is_interrupted=reason == "interrupted")
            case e.AgentReplied(agent=agent) as data if is_touch(data) and not self.tells_work:
                self._replied(event, agent)
            case e.ContactTransferred():
                self._team_at(event.occurred_at)
            case e.ContactDeclined(reason=reason, agent=agent):
                self._declined(event, agent, is_refusal=reason is e.DeclineReason.REFUSED)
            case e.ContactAbandoned() | e.ContactMissed():
                self._over(event)
            case e.ContactResolved(outcome=outcome):
                self._resolved(event, outcome)
            case _:
                pass

    def _wrote(self, event: e.Event) -> None:
        if self.is_waiting or self.working or (self.tells_queued and self.demand is None):
            return
        if self.is_live and self.was_answered and self.line.connected and not self.tells_work:
            return
        self._ready(event, event.occurred_at)

    def _queued(self, event: e.Event, not_before: datetime | None) -> None:
        if self.is_waiting:
            self._team_at(event.occurred_at)
            return
        again = self.demand if self.is_live and self.working else None
        for agent in list(self.working):
            self._end(event, agent, is_interrupted=False)
        at = max(event.occurred_at, not_before or event.occurred_at)
        self._ready(event, at, again)

    def _ready(self, event: e.Event, at: datetime, again: Demand | None = None) -> None:
        team = self._team_at(event.occurred_at)
        self.demand = again or self._demand(event, at)
        self.is_waiting = True
        move = Move(at.timestamp(), MoveKind.READY, _tie(event), self.line.key, "", self.demand)
        self.moves.append((team, move))

    def _demand(self, event: e.Event, ready: datetime) -> Demand:
        standing = self.place.standing(event.occurred_at)
        queue = self.line.queue_at(event.occurred_at)
        asking = Asking(standing.policy, standing.team, self.place.channel, queue)
        kind = ClockKind.NEXT_RESPONSE if self.was_answered else ClockKind.FIRST_RESPONSE
        return Demand(
            self.customer,
            standing.tier,
            self.place.channel,
            self.line.skill or "",
            ready.timestamp(),
            asking.turn(standing.tier, ready, kind),
            asking.even_turn(ready, kind),
            asking.other_turn(standing.tier, ready, kind),
        )

    def _offered(self, event: e.Event, agents: tuple[str, ...]) -> None:
        self.offered = len(agents)
        if self.is_waiting and agents:
            team = self._team_at(event.occurred_at)
            at = event.occurred_at.timestamp()
            move = Move(at, MoveKind.OFFERED, _tie(event), self.line.key, agents=agents)
            self.moves.append((team, move))

    def _start(self, event: e.Event, agent: str | None, at: datetime | None = None) -> None:
        name = agent or f"{UNNAMED}{self.line.key}"
        if name in self.working:
            return
        team = self._team_at(event.occurred_at)
        instant = at or event.occurred_at
        demand = self.demand
        if demand is None:
            told = self._demand(event, event.occurred_at)
            demand = self.demand = Demand(
                told.customer, told.tier, told.channel, told.skill, UNHEARD, UNHEARD, UNHEARD
            )
        move = Move(
            instant.timestamp(),
            MoveKind.STARTED,
            _tie(event),
            self.line.key,
            name,
            demand,
            inferred=at is not None,
        )
        self.moves.append((team, move))
        self.working[name] = instant
        self.is_waiting = False

    def _end(self, event: e.Event, agent: str, *, is_interrupted: bool) -> None:
        if agent not in self.working:
            return
        del self.working[agent]
        if is_interrupted and not self.working:
            self.is_waiting = True
            self.add(MoveKind.PAUSED, event, agent=agent)
            return
        team = self._team_at(event.occurred_at)
        fairness = self.place.standing(event.occurred_at).policy.fairness
        wrap_up = fairness.wrap_up.total_seconds() if self.is_live else 0.0
        at = event.occurred_at.timestamp()
        ended = Move(at, MoveKind.ENDED, _tie(event), self.line.key, agent, wrap_up=wrap_up)
        self.moves.append((team, ended))
        if self.line.is_over and not self.working and not self.line.turned_away:
            self.add(MoveKind.GONE, event)

    def _replied(self, event: e.Event, agent: str | None) -> None:
        """Messages: the work is done with the reply, and began a while before."""
        self.was_answered = True
        if self.is_waiting:
            assert self.demand is not None
            asked = datetime.fromtimestamp(self.demand.ready, UTC)
            self._start(event, agent, max(asked, event.occurred_at - self.longest_reply))
        if self.place.channel != "phone":
            for name in list(self.working):
                self._end(event, name, is_interrupted=False)

    def _declined(self, event: e.Event, agent: str | None, *, is_refusal: bool) -> None:
        if is_refusal and self.offered <= 1 and self.is_waiting:
            self.is_waiting = False
            self.add(MoveKind.REFUSED, event)
        else:
            self.add(MoveKind.DECLINED, event, agent=agent or "")

    def _over(self, event: e.Event) -> None:
        self.is_waiting = False
        for agent in list(self.working):
            self._end(event, agent, is_interrupted=False)
        self.add(MoveKind.GONE, event)

    def _resolved(self, event: e.Event, outcome: e.Outcome) -> None:
        """Where work is told, its end is told too, and may come after."""
        self.is_waiting = False
        if outcome is e.Outcome.TURNED_AWAY:
            return
        if self.tells_work and self.working:
            return
        self._over(event)

    def finish(self) -> None:
        """What is known of the whole: who was turned away has a claim, who fell silent is gone."""
        if self.line.turned_away_at is not None and self.last is not None:
            at = self.line.turned_away_at
            self.add(MoveKind.TURNED_AWAY, self.last, at)
            return
        limits = self.place.standing(self.line.events[-1].occurred_at).policy.switches.lost_track
        limit = limits.get(self.place.channel)
        if limit is None or self.last is None or not (self.is_waiting or self.working):
            return
        self.add(MoveKind.GONE, self.last, self.last.occurred_at + limit)
