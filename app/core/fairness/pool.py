"""A pool as a state machine: contacts and agents of one team, moved in order of time.

``Pool.apply`` takes moves in canonical order; everything else follows from them, so that the same
moves give the same accounts and episodes whenever and by whom they are applied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf

import msgspec

from app.core.fairness.causes import Load, divide
from app.core.fairness.desk import Contact, Desk
from app.core.fairness.detector import Detector, Watch
from app.core.fairness.episode import Episode, continues
from app.core.fairness.floor import Agent
from app.core.fairness.in_turn import Presence
from app.core.fairness.kept import KeptIdleness
from app.core.fairness.ledger import Ledger
from app.core.fairness.moves import Move, MoveKind
from app.core.fairness.report import Reporter
from app.core.fairness.staffing import QUARTER, Staffing, quarter_end
from app.core.fairness.tuning import DEFAULT, Tuning
from app.core.fairness.turn import State


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What the policy says about one pool's turns.

    ``overlays`` are the tiers that can be served first as a whole. ``is_even``: nobody is entitled
    to more than others, so that one ledger says it all.
    """

    chats_per_agent: int = 3
    overlays: frozenset[str] = frozenset()
    is_even: bool = True
    tuning: Tuning = DEFAULT


class Due(msgspec.Struct, array_like=True, order=True, gc=False):
    """Something that happens by itself: the end of a claim or a wrap-up, work becoming slow."""

    at: float
    number: int
    kind: str
    name: str
    since: float


LOOKS_A_TICK = 30
"""How often more is looked while an episode may begin any second."""
SHORTEST_TICK_SECONDS = 0.25
GENERATION_SECONDS = 86_400.0
"""Who had no contact for a whole one of these leaves: the last day is all that is shown of anybody."""
EPISODES_KEPT_SECONDS = 90 * 86_400.0
"""A pool remembers its episodes so long; the database keeps them all."""


def wall_seconds(start: float, end: float) -> float:
    """Seconds of a team that is always open."""
    return end - start


def generation_end(at: float) -> float:
    """When the generation that holds an instant is over."""
    return (at // GENERATION_SECONDS + 1) * GENERATION_SECONDS


class Pool:
    """One pool; ``now`` is the instant up to which everything is worked out."""

    def __init__(
        self, terms: PoolTerms, open_seconds: Callable[[float, float], float] = wall_seconds
    ) -> None:
        """Nobody is there. ``open_seconds`` counts the open seconds between two instants."""
        self.terms = terms
        self.open_seconds = open_seconds
        self.now = -inf
        ledgers = 1 if terms.is_even else 2
        tuning = terms.tuning
        self.ledgers = [
            Ledger(tuning, terms.overlays, keeps_evidence=not place) for place in range(ledgers)
        ]
        self.desk = Desk(self.ledgers, terms.chats_per_agent, tuning)
        self.detector = Detector(self.ledgers[0], tuning, self._is_harmful)
        self.staffing = Staffing()
        self.episodes: list[Episode] = []
        self.due: list[Due] = []
        self.next_tick = inf
        self.last_tick = -inf
        self.duty = 0.0
        self.kept = KeptIdleness(self.ledgers[0])
        self.generation_ends = -inf
        self.neglected_since: float | None = None
        self._usual: tuple[float, float | None] = (-inf, None)
        self._moved: Mapping[MoveKind, Callable[[Move], None]] = {
            MoveKind.AVAILABLE: self._available,
            MoveKind.ENDED: self._ended,
            MoveKind.PAUSED: self._paused,
            MoveKind.TURNED_AWAY: self._refused,
            MoveKind.READY: self._ready,
            MoveKind.OFFERED: self._offered,
            MoveKind.STARTED: self._started,
            MoveKind.DECLINED: self._declined,
            MoveKind.REFUSED: self._refused,
            MoveKind.GONE: self._gone,
            MoveKind.UNAVAILABLE: self._unavailable,
        }

    def run(self, until: float) -> None:
        """Let time pass up to ``until``, with everything that happens by itself."""
        if self.next_tick == inf:
            self.next_tick, self.last_tick = self._tick_after(until), until
        while True:
            at = self.next_tick
            if self.due and self.due[0].at < at:
                at = self.due[0].at
            if at > until:
                break
            self._advance(at)
            if self.due and self.due[0].at <= at:
                self._happen(heappop(self.due))
            else:
                self._tick()
                if self._is_quiet():
                    self.next_tick = min(self._tick_after(until), self._tick_after(quarter_end(at)))
        self._advance(until)

    def _tick_after(self, at: float) -> float:
        """Ticks lie on a grid of their own, so that it does not matter when time is let pass."""
        tick = self.terms.tuning.tick
        if self.detector.is_ripe:
            tick = max(tick / LOOKS_A_TICK, SHORTEST_TICK_SECONDS)
        after = (at // tick + 1) * tick
        return after if after > at else after + tick

    def _is_quiet(self) -> bool:
        """Whether ticks would find nothing to do: a night need not be ticked through."""
        return not (self.detector.watches or self.desk.waiting.contacts)

    def _advance(self, at: float) -> None:
        if at <= self.now:
            return
        if at >= self.generation_ends:
            self._begin_generation(at)
        seconds = self.open_seconds(self.now, at) if self.now > -inf else 0.0
        self.now = at
        if seconds <= 0:
            return
        floor, waiting = self.desk.floor, self.desk.waiting
        on_duty, neglected = floor.on_duty, self.ledgers[0].neglected
        if neglected:
            floor.neglect_clock += neglected / len(floor.idle) * seconds
        if waiting.contacts:
            floor.waiting_clock += seconds
        for ledger in self.ledgers:
            ledger.advance(seconds, on_duty)
        self.duty += on_duty * seconds
        self.staffing.note(at, seconds, on_duty)
        if waiting.contacts or waiting.claims:
            divide(seconds, self._load(), waiting.queues, waiting.seconds)

    def _begin_generation(self, at: float) -> None:
        """Let go of who is even and had no contact for long; nobody under suspicion is."""
        self.generation_ends = generation_end(at)
        leaving = set.intersection(*(ledger.leaving() for ledger in self.ledgers))
        leaving -= self.detector.watches.keys() | self.kept.idle.keys()
        for ledger in self.ledgers:
            ledger.forget(leaving)
        self.desk.floor.forget_unnamed()

    def _load(self) -> Load:
        desk = self.desk
        floor, waiting = desk.floor, desk.waiting
        ledger, even = self.ledgers[0], self.ledgers[-1]
        entitled = even.overtaken_load - ledger.overtaken_load if even is not ledger else 0.0
        return Load(
            on_duty=floor.on_duty,
            live_busy=floor.on_live,
            favoured=ledger.overtaken_load,
            entitled=entitled if entitled > 0 else 0.0,
            neglected=ledger.neglected,
            slow=desk.slow,
            usual=self._usual_now(),
            has_staffing=floor.has_staffing,
            waiting=waiting.contacts,
            followers=waiting.contacts - len(waiting.of_customer),
        )

    def _usual_now(self) -> float | None:
        """How many are usually there; within a quarter of an hour that stays the same."""
        quarter = self.now // QUARTER
        if quarter != self._usual[0]:
            self._usual = (quarter, self.staffing.usual(self.now))
        return self._usual[1]

    def _later(self, at: float, kind: str, name: str, since: float = 0.0) -> None:
        self.desk.numbers += 1
        heappush(self.due, Due(at, self.desk.numbers, kind, name, since))

    def _happen(self, due: Due) -> None:
        contact = self.desk.contacts.get(due.name)
        match due.kind:
            case "claim" if contact is not None and contact.state is State.CLAIM:
                self.desk.drop_claim(contact)
                del self.desk.contacts[contact.id]
            case "slow" if contact is not None and contact.agents:
                if contact.started_at == due.since:
                    contact.is_slow = True
                    self.desk.slow += 1
            case "wrap_up":
                agent = self.desk.floor.agent(due.name)
                if agent.busy_until == due.at:
                    self.desk.floor.mark_idle(agent, self.now)
            case _:
                return
        self._balance()

    def _tick(self) -> None:
        tick, self.last_tick = self.now - self.last_tick, self.now
        detector = self.detector
        if detector.watches:
            found = detector.look(self.now, self.duty, self.desk.floor.on_duty, tick=tick)
            for watch in found.cleared:
                self._close(watch)
        if detector.watches or self.desk.waiting.contacts:
            self.desk.history.trim()
        else:
            self.desk.history.forget(self.now)
        if self.desk.floor.disbelieve(self.terms.tuning.believed_free):
            self._balance()
        self.next_tick = self._tick_after(self.now)

    def _is_harmful(self, watch: Watch) -> bool:
        """Whether others waited longer than in turn, and not by chance."""
        if self.desk.custom.fits_better:
            return False
        found = self.reporter().report(watch)
        tuning = self.terms.tuning
        return (
            found.extra_wait_seconds >= tuning.proven_wait
            and len(found.harmed) >= tuning.proven_customers
        )

    def _close(self, watch: Watch) -> None:
        """An episode is over; one that goes on where the last left off is the same."""
        episode = self.reporter().close(watch)
        kept = self.now - EPISODES_KEPT_SECONDS
        self.episodes = [
            *(
                before
                for before in self.episodes
                if not continues(before, episode) and (before.ended_at or self.now) >= kept
            ),
            episode,
        ]
        self.detector.close(watch, self.now)

    def reporter(self) -> Reporter:
        """What there is to say of the episodes, as of now."""
        return Reporter(
            self.desk.history, self.detector, self.episodes, self.terms.chats_per_agent, self.now
        )

    def open_episodes(self) -> list[Episode]:
        """The episodes that last, with their amounts so far."""
        watches = [w for w in self.detector.watches.values() if w.raised_at is not None]
        if not watches:
            return []
        reporter = self.reporter()
        return [reporter.report(watch) for watch in watches]

    def all_episodes(self) -> list[Episode]:
        """What there was and is, in order; one that goes on after a lull is told once."""
        lasting = self.open_episodes()
        over = [
            before
            for before in self.episodes
            if not any(continues(before, later) for later in lasting)
        ]
        return sorted([*over, *lasting], key=lambda episode: (episode.started_at, episode.who))

    def apply(self, move: Move) -> None:
        """Apply one move; what contradicts the state is harmless."""
        if move.at > self.now:
            self.run(move.at)
        self._moved[move.kind](move)
        self._balance()

    def _balance(self) -> None:
        self.desk.balance()
        if not self.ledgers[0].neglected:
            self.neglected_since = None
        elif self.neglected_since is None:
            self.neglected_since = self.now

    def _available(self, move: Move) -> None:
        agent = self.desk.floor.agent(move.agent)
        self._end_all(agent)
        self.desk.floor.sign_in(agent, move.skills)
        presence = Presence(self.now, agent.name, is_there=True, skills=move.skills)
        self.desk.history.present(presence)

    def _unavailable(self, move: Move) -> None:
        agent = self.desk.floor.agent(move.agent)
        self._end_all(agent)
        self.desk.floor.sign_out(agent, self.now)
        self.desk.history.present(Presence(self.now, agent.name, is_there=False))

    def _end_all(self, agent: Agent) -> None:
        for contact in list(agent.work):
            self.desk.release(self.desk.contacts[contact], agent, self.now, is_over=True)

    def _ready(self, move: Move) -> None:
        assert move.demand is not None
        contact = self.desk.contacts.get(move.contact)
        if contact is not None and contact.state is State.CLAIM:
            self.desk.drop_claim(contact)
        elif contact is not None and contact.state is not State.GONE:
            return
        self.desk.receive(self.desk.open(move.contact, move.demand, self.now))

    def _started(self, move: Move) -> None:
        desk = self.desk
        contact = desk.contacts.get(move.contact)
        if contact is None:
            assert move.demand is not None
            contact = desk.open(move.contact, move.demand, self.now)
        agent = desk.floor.agent(move.agent)
        if agent.name in contact.agents:
            return
        desk.floor.note_work(agent, is_inferred=move.inferred)
        desk.floor.stop_ringing(contact.id, self.now, "")
        desk.end_what_is_over(agent, contact, self.now)
        if contact.agents:
            desk.join(contact, agent, self.now)
            return
        if contact.state is State.CLAIM:
            desk.drop_claim(contact)
        if contact.state is State.GONE:
            desk.history.ready(contact.id, contact.demand, self.now)
            desk.wait(contact)
        self._start(contact, agent)

    def _start(self, contact: Contact, agent: Agent) -> None:
        start, kept = self.desk.start(contact, agent, self.now)
        slow = self.terms.tuning.slow.get(contact.demand.channel)
        if slow is not None:
            self._later(self.now + slow, "slow", contact.id, self.now)
        if self.kept.idle:
            self.kept.spread(self.now - contact.demand.ready, start.owners, self.desk.floor.on_duty)
            if not self.desk.waiting.contacts:
                self.kept.stop()
        if start.is_out_of_turn:
            for account in start.owners:
                self.detector.watch(account, self.now, self.duty)
                if kept >= self.terms.tuning.kept:
                    account.reserved += kept
                    self.kept.keep(account, kept)
                self.detector.consider(account, self.now, self.duty)

    def _offered(self, move: Move) -> None:
        self.desk.ring(move.contact, move.agents)

    def _declined(self, move: Move) -> None:
        self.desk.floor.stop_ringing(move.contact, self.now, move.agent)

    def _ended(self, move: Move) -> None:
        contact = self.desk.contacts.get(move.contact)
        if contact is None or not contact.agents:
            self._wrapped_up(move.agent)
            return
        for name in [move.agent] if move.agent in contact.agents else list(contact.agents):
            agent = self.desk.floor.agent(name)
            if move.wrap_up and len(agent.work) == 1:
                agent.busy_until = self.now + move.wrap_up
                self._later(agent.busy_until, "wrap_up", name)
            self.desk.release(contact, agent, self.now, is_over=True)

    def _wrapped_up(self, name: str) -> None:
        agent = self.desk.floor.agents.get(name)
        if agent is not None:
            agent.busy_until = 0.0
            self.desk.floor.mark_idle(agent, self.now)

    def _paused(self, move: Move) -> None:
        contact = self.desk.contacts.get(move.contact)
        if contact is None or not contact.agents:
            return
        for name in list(contact.agents):
            agent = self.desk.floor.agent(name)
            self.desk.release(contact, agent, self.now, is_over=False)
        self.desk.wait(contact)

    def _refused(self, move: Move) -> None:
        """Told no: a claim stands for a while, and whoever is served first meanwhile owes it."""
        contact = self.desk.contacts.get(move.contact)
        if contact is None or contact.state is State.CLAIM:
            return
        if contact.state is State.WAITING:
            self.desk.stop_waiting(contact, self.now, refused=True)
        else:
            for name in list(contact.agents):
                agent = self.desk.floor.agent(name)
                self.desk.release(contact, agent, self.now, is_over=True)
            self.desk.history.turned_away(contact.id)
        self.desk.floor.stop_ringing(contact.id, self.now, "")
        self.desk.claim(contact)
        claim = self.terms.tuning.claim
        self._later(self.now + claim, "claim", contact.id)
        self.ledgers[0].owe(claim, contact.demand.customer)

    def _gone(self, move: Move) -> None:
        contact = self.desk.contacts.get(move.contact)
        if contact is None:
            return
        self.desk.floor.stop_ringing(contact.id, self.now, "")
        if contact.state is State.WAITING:
            self.desk.stop_waiting(contact, self.now, refused=False)
        for name in list(contact.agents):
            agent = self.desk.floor.agent(name)
            self.desk.release(contact, agent, self.now, is_over=True)
        if contact.state is State.GONE:
            del self.desk.contacts[contact.id]
