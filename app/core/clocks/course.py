"""One contact under way: each event in its order moves its state, and its clocks with it.

Every event is harmless in every state: what contradicts the state changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from app.core import events as e
from app.core.clocks.cycles import Cycles, Rules
from app.core.clocks.timeline import LIVE, RESPONDED, Cycle, Ending, Timeline, turn_away
from app.core.clocks.words import ATTEMPT, NOTE, SOMEBODY, VOICEMAIL, is_touch
from app.core.policy import OPEN_STATE, RESOLVED_STATE, RESPONSES, ClockKind, Happening, StartOn

CLOCK_SKEW = timedelta(seconds=60)
"""How much earlier than its own beginning a call may seem to be answered or over."""

_HAPPENINGS = {
    e.Actor.HUMAN: Happening.AGENT_MESSAGE,
    e.Actor.BOT: Happening.BOT_MESSAGE,
    e.Actor.SYSTEM: Happening.AUTO_REPLY,
}


@dataclass(slots=True)
class Course:
    """One contact under way.

    ``named``: its state bears a name that only its tool changes. ``awaits_colleague``: she was
    taken up, and put before somebody else. ``missed_at``: when a queue gave her up last;
    ``next_queue_at``: when she came before another one.
    """

    line: Timeline
    rules: Rules
    cycles: Cycles
    team: str | None = None
    named: bool = False
    awaits_colleague: bool = False
    missed_at: datetime | None = None
    next_queue_at: datetime | None = None
    changed: int = 0

    def let_change_until(self, at: datetime | None) -> None:
        """Let versions of the policy that began by ``at`` take hold of what runs."""
        changes = self.rules.changes
        while self.changed < len(changes) and (at is None or changes[self.changed] < at):
            if self.line.opened_at is not None:
                self.cycles.reconsider(changes[self.changed])
            self.changed += 1

    def apply(self, event: e.Event) -> None:  # noqa: C901, PLR0912 - one arm a kind of event
        """Follow one event."""
        at = event.occurred_at
        match event.data:
            case e.ContactReceived() as data:
                self._received(at, data)
            case e.ContactQueued() as data:
                self._queued(at, data)
            case e.CustomerReplied(reason=reason):
                self._customer_wrote(at)
                if reason == VOICEMAIL and not self.line.opened_by_us:
                    self.line.sent_away.append(at)
            case e.ContactAnswered() as data:
                self._answered(at, data)
            case e.AgentReplied() as data:
                self._agent_replied(at, data)
            case e.ContactHeld(waiting_for=waiting_for, state=state):
                self._held(at, waiting_for, state)
            case e.ContactResumed(state=state):
                self._back_with_us(at, state)
            case e.ContactTransferred() as data:
                self._transferred(at, data, data.from_team or self.team)
            case e.ContactAbandoned(wait_seconds=waited):
                self._abandoned(at, waited)
            case e.ContactMissed() if at != self.next_queue_at:
                self._gave_up(at)
                self.missed_at = self.line.gone_at
            case e.ContactResolved() as data:
                self._resolved(at, data)
            case e.ContactReopened(state=state):
                self._reopened(at, state)
            case e.ContactMerged():
                self.line.merged = True
                self.cycles.close(at)
            case e.ContactDiscarded():
                self.line.discarded = True
                self.cycles.close(at)
            case e.WorkStarted(agent=str(agent), kind=None):
                self.line.working.add(agent)
            case e.WorkEnded(agent=agent, kind=None):
                self.line.working.discard(agent or SOMEBODY)
                self.line.exchange_ends.append(at)
            case _:
                pass

    def _received(self, at: datetime, data: e.ContactReceived) -> None:
        line = self.line
        if data.direction is e.Direction.OUTBOUND:
            self._opened_by_us(at)
        elif line.opened_at is None:
            ended_at = line.gone_at or line.resolved_at
            self._opened(at)
            self._asked(at)
            if ended_at is not None and line.channel in LIVE and at - ended_at <= CLOCK_SKEW:
                self._gave_up(at)
        elif line.history_missing and line.first_human_at and self._is_skew(at):
            line.history_missing = False
            self.cycles.put(Cycle(ClockKind.FIRST_RESPONSE, 1, at, at, Ending.ANSWERED))
        else:
            self._go_on(at)
            self._customer_wrote(at)
        if data.state is not None:
            self._enter(data.state, OPEN_STATE, at)

    def _is_skew(self, at: datetime) -> bool:
        """Whether a call that seems to come in after its answer only bears another machine's time."""
        assert self.line.first_human_at is not None
        waited = self.cycles.last_of(*RESPONSES) is not None
        return at - self.line.first_human_at <= CLOCK_SKEW and not waited

    def _opened(self, at: datetime) -> None:
        """The story begins; an ending told of what had not begun means nothing."""
        line = self.line
        line.opened_at, line.resolved_at, line.gone_at = at, None, None
        self._enter(None, OPEN_STATE, at)
        for kind in (ClockKind.OWNERSHIP, ClockKind.RESOLUTION):
            if kind is ClockKind.OWNERSHIP and line.history_missing:
                continue
            if self._starts_on(kind, at) is not StartOn.FIRST_CUSTOMER_MESSAGE:
                self.cycles.start(kind, at)

    def _starts_on(self, kind: ClockKind, at: datetime) -> StartOn:
        return self.cycles.conditions(kind, at).start_on

    def _opened_by_us(self, at: datetime) -> None:
        if self.line.opened_at is None:
            self._opened(at)
            self.line.opened_by_us = True

    def _asked(self, at: datetime) -> None:
        """The customer's first message: response and resolution begin to run."""
        self.line.opened_by_us = False
        self.line.asked_at = at
        self.cycles.start(ClockKind.FIRST_RESPONSE, at)
        if self._counts_before_first_response(at):
            self.cycles.start(ClockKind.NEXT_RESPONSE, at)
        self._run(ClockKind.RESOLUTION, at)
        if self.line.owner is None:
            self._run(ClockKind.OWNERSHIP, at)

    def _counts_before_first_response(self, at: datetime) -> bool:
        return self.cycles.conditions(ClockKind.NEXT_RESPONSE, at).counts_before_first_response

    def _run(self, kind: ClockKind, at: datetime) -> None:
        """Begin what has not run yet."""
        if self.cycles.last_of(kind) is None:
            self.cycles.start(kind, at)

    def _queued(self, at: datetime, data: e.ContactQueued) -> None:
        line, cycles = self.line, self.cycles
        self._go_on(at)
        if self._is_put_back(at, data.via):
            self._reopened(at, None)
        if line.is_over:
            return
        first = line.queued_at is None
        line.keeps_place = data.via is e.QueuedVia.CALLBACK
        line.queued_at = line.queued_at or at
        if line.opened_at is None:
            self._opened_by_queue(at, data)
        waiting = cycles.open_one(ClockKind.FIRST_RESPONSE)
        if waiting is not None:
            if first and data.via is not e.QueuedVia.TRANSFER:
                start = max(at, data.not_before or at)
                cycles.put(replace(waiting, started_at=start))
        elif line.first_human_at is not None and line.channel in LIVE:
            self._wait_for_a_colleague(at)

    def _is_put_back(self, at: datetime, via: e.QueuedVia | None) -> bool:
        """Whether what seemed over is before a human again: passed on at its end, or to be called."""
        resolved_at = self.line.resolved_at
        if resolved_at is None or self.line.channel not in LIVE:
            return False
        passed_on = via is e.QueuedVia.TRANSFER and at - resolved_at <= CLOCK_SKEW
        return passed_on or via is e.QueuedVia.CALLBACK

    def _opened_by_queue(self, at: datetime, data: e.ContactQueued) -> None:
        """Owed a human, though nobody told how it came in: a transfer is the middle of a story."""
        self._opened(at)
        if data.via is e.QueuedVia.TRANSFER:
            self.line.history_missing = True
            self.cycles.start(ClockKind.NEXT_RESPONSE, at)
            self._run(ClockKind.RESOLUTION, at)
        else:
            self._asked(at)

    def _customer_wrote(self, at: datetime) -> None:
        line = self.line
        if line.discarded or line.merged or (line.gone_at and line.channel == "phone"):
            return
        if not self.named and e.WaitingFor.CUSTOMER in self.cycles.states:
            self._back_with_us(at, None)
        line.asked_at = at
        if line.opened_at is None:
            self._opened(at)
            line.history_missing = True
            self._run(ClockKind.RESOLUTION, at)
            self.cycles.start(ClockKind.NEXT_RESPONSE, at)
            return
        self._reopened(at, None)
        if self.cycles.conditions(ClockKind.UPDATE, at).cancel_on_customer_message:
            self.cycles.end(ClockKind.UPDATE, at, Ending.WAIVED)
        self.cycles.stop(Happening.CUSTOMER_MESSAGE, at)
        if line.opened_by_us:
            self._asked(at)
        elif not self._asked_again(at):
            self._wants_answer(at)

    def _wants_answer(self, at: datetime) -> None:
        """A message that nobody answered yet: the oldest one counts, later ones do not move it."""
        line = self.line
        responded = line.history_missing or any(
            cycle.ending in RESPONDED for cycle in self.cycles.of(ClockKind.FIRST_RESPONSE)
        )
        is_first = not responded and line.first_human_at is None
        if is_first:
            self.cycles.start(ClockKind.FIRST_RESPONSE, at)
        speaks = line.connected and line.channel == "phone"
        if not speaks and (not is_first or self._counts_before_first_response(at)):
            self.cycles.start(ClockKind.NEXT_RESPONSE, at)

    def _asked_again(self, at: datetime) -> bool:
        """Judge from the older message that resolving left unanswered, where she asks again soon."""
        cycle, last_human_at = self.cycles.last_of(*RESPONSES), self.line.last_human_at
        if cycle is None:
            return False
        if cycle.ending is not Ending.WAIVED or cycle.stopped_at is None:
            return False
        if at - cycle.stopped_at > self.rules.switches(at).asks_again_within:
            return False
        if last_human_at is not None and last_human_at > cycle.stopped_at:
            return False
        self.cycles.put(cycle.running_again())
        return True

    def _answered(self, at: datetime, data: e.ContactAnswered) -> None:
        line = self.line
        if line.opened_at is None:
            if data.inferred and data.direction is not e.Direction.OUTBOUND:
                self._opened_midway(at, data.agent)
                return
            self._opened(at)
            if data.direction is e.Direction.OUTBOUND:
                line.opened_by_us = True
            else:
                line.history_missing = True
                self._run(ClockKind.RESOLUTION, at)
        line.connected = not line.is_over
        line.passed_on += bool(line.owner and data.agent) and line.owner != data.agent
        self._owned_by(data.agent or line.owner or SOMEBODY, at)
        self._human_spoke(at)

    def _opened_midway(self, at: datetime, agent: str | None) -> None:
        """It was taken up and answered some time before we heard of it, nobody knows when."""
        line = self.line
        line.history_missing = True
        self._opened(at)
        self._run(ClockKind.RESOLUTION, at)
        line.owner = agent or line.owner or SOMEBODY
        line.first_human_at = line.last_human_at = at

    def _agent_replied(self, at: datetime, data: e.AgentReplied) -> None:
        if is_touch(data):
            self._opened_by_us(at)
            self._human_spoke(at)
        elif data.reason == NOTE:
            self._happened(Happening.INTERNAL_NOTE, at)
        elif data.reason != ATTEMPT:
            self._happened(_HAPPENINGS[data.actor], at)

    def _happened(self, what: Happening, at: datetime) -> None:
        """What the policy lets it stop is answered; the next news are due from now."""
        if what is Happening.AGENT_MESSAGE:
            self.awaits_colleague = False
        kept = {ClockKind.NEXT_RESPONSE} if self.awaits_colleague else set()
        self.cycles.stop(what, at, but=kept)
        if what in self.cycles.conditions(ClockKind.UPDATE, at).stops_on:
            self._start_unless_over(ClockKind.UPDATE, at)

    def _start_unless_over(self, kind: ClockKind, at: datetime) -> None:
        """Begin what has no meaning once the contact is in a state that ends it, or she is gone."""
        ends_in = self.cycles.conditions(kind, at).ends_in
        if self.line.gone_at is None and not self.cycles.states & ends_in:
            self.cycles.start(kind, at)

    def _human_spoke(self, at: datetime) -> None:
        line = self.line
        line.last_human_at = at
        line.keeps_place = False
        if line.first_human_at is None and not line.opened_by_us:
            line.first_human_at = at
        self._happened(Happening.AGENT_MESSAGE, at)

    def _enter(self, named: str | None, ours: str, at: datetime) -> None:
        self.named = named is not None
        self.cycles.enter(frozenset({ours} if named is None else {ours, named}), at)

    def _held(self, at: datetime, waiting_for: e.WaitingFor, state: str | None) -> None:
        if self.line.channel in LIVE or self.line.is_over:
            return
        if waiting_for is e.WaitingFor.US:
            self._back_with_us(at, state)
        else:
            self._enter(state, waiting_for, at)

    def _back_with_us(self, at: datetime, state: str | None) -> None:
        if not self.line.is_over:
            self._enter(state, OPEN_STATE, at)

    def _transferred(self, at: datetime, data: e.ContactTransferred, from_team: str | None) -> None:
        """A cold move to another team leaves a live customer waiting again."""
        line = self.line
        moved = data.team is not None and from_team is not None and data.team != from_team
        names_nobody = data.agent is None and data.team is None and data.from_agent is None
        if not names_nobody:
            had_somebody = bool(line.owner or data.from_agent or data.from_team or moved)
            line.passed_on += (had_somebody and data.agent != line.owner) or moved
            self._owned_by(data.agent, at)
        live = line.channel in LIVE and line.first_human_at is not None and not line.is_over
        if live and moved and not data.warm:
            self._wait_for_a_colleague(at)

    def _wait_for_a_colleague(self, at: datetime) -> None:
        """Whom we had taken up waits again, until a human takes her: no bot ends that."""
        self.line.connected = False
        self.awaits_colleague = True
        self.cycles.start(ClockKind.NEXT_RESPONSE, at)

    def _owned_by(self, agent: str | None, at: datetime) -> None:
        """Somebody takes charge of the contact, or nobody has any more."""
        self.line.owner = agent
        if agent is not None:
            self._happened(Happening.ASSIGNED, at)
        elif self.line.opened_at is not None:
            self._start_unless_over(ClockKind.OWNERSHIP, at)

    def _abandoned(self, at: datetime, waited: float | None) -> None:
        """She hung up: at once it was no attempt to reach us, in virtual hold she keeps her place."""
        line = self.line
        if line.keeps_place:
            return
        since = line.queued_at or line.opened_at
        if waited is None and since is not None:
            waited = (at - since).total_seconds()
        short_abandon = self.rules.switches(at).short_abandon.total_seconds()
        self._gave_up(at, is_short=waited is not None and waited < short_abandon)

    def _gave_up(self, at: datetime, *, is_short: bool = False) -> None:
        line = self.line
        if line.resolved_at is not None and self._is_same_end(line.resolved_at, at):
            at = line.resolved_at
            self._reopened(at, None)
        if line.is_over:
            return
        was_owed = any(self.cycles.open_one(kind) is not None for kind in RESPONSES)
        if (was_owed or line.opened_at is None) and not is_short:
            line.sent_away.append(at)
        line.gone_at = at
        line.connected = False
        for kind in ClockKind:
            self.cycles.end(kind, at, Ending.GONE)

    def _go_on(self, at: datetime) -> None:
        """One queue gave a call up and the next one has it: she waits on, since the beginning."""
        line, gone_at = self.line, self.line.gone_at
        if line.opened_at is not None and line.opened_at < at:
            self.next_queue_at = at
        passed_on = gone_at is not None and gone_at == self.missed_at
        if gone_at is None or not passed_on or line.channel not in LIVE:
            return
        if at - gone_at > CLOCK_SKEW:
            return
        line.gone_at, line.queued_at = None, line.queued_at or line.opened_at
        line.sent_away[:] = [sent for sent in line.sent_away if sent != gone_at]
        for kind in ClockKind:
            cycle = self.cycles.last_of(kind)
            if cycle is not None and cycle.ending is Ending.GONE and cycle.stopped_at == gone_at:
                self.cycles.put(cycle.running_again())

    def _is_same_end(self, resolved_at: datetime, at: datetime) -> bool:
        """Whether a call that was over a moment ago, unanswered, is told of once more: why it was."""
        line, waiting = self.line, self.cycles.open_one(ClockKind.FIRST_RESPONSE)
        is_unanswered = waiting is not None and line.first_human_at is None
        return is_unanswered and line.channel in LIVE and at - resolved_at <= CLOCK_SKEW

    def _resolved(self, at: datetime, data: e.ContactResolved) -> None:
        line = self.line
        if self._leaves_it_to_others(data.agent):
            line.exchange_ends.append(at)
            return
        turned_away = data.outcome is e.Outcome.TURNED_AWAY
        if line.is_over:
            if turned_away and not line.discarded and not line.merged:
                self._turned_away(line.resolved_at or line.gone_at or at)
            if line.resolved_at is not None:
                self._enter(data.state, RESOLVED_STATE, at)
            return
        line.resolved_at = at
        line.connected = False
        line.exchange_ends.append(at)
        if turned_away:
            self._turned_away(at)
        if data.outcome is e.Outcome.NO_ANSWER_NEEDED:
            self.cycles.end(ClockKind.FIRST_RESPONSE, at, Ending.WAIVED)
            self.cycles.end(ClockKind.NEXT_RESPONSE, at, Ending.WAIVED)
        self._enter(data.state, RESOLVED_STATE, at)

    def _leaves_it_to_others(self, agent: str | None) -> bool:
        """Whether only one agent's part of a call is over: a colleague has it, or is awaited."""
        line = self.line
        if agent is None or agent not in line.working:
            return False
        if agent == line.owner:
            return self.awaits_colleague and line.channel == "phone"
        return self.awaits_colleague or line.owner in line.working

    def _turned_away(self, at: datetime) -> None:
        turn_away(self.line, at)
        self.cycles.end(ClockKind.FIRST_RESPONSE, at, Ending.GONE)
        self.cycles.end(ClockKind.NEXT_RESPONSE, at, Ending.GONE)

    def _reopened(self, at: datetime, state: str | None) -> None:
        line = self.line
        if line.discarded or line.merged:
            return
        if line.gone_at is not None:
            line.gone_at = None
            self.cycles.start(ClockKind.RESOLUTION, at)
        if line.resolved_at is not None:
            line.resolved_at = None
            self._enter(state, OPEN_STATE, at)
            if line.has_our_word:
                self.cycles.start(ClockKind.UPDATE, at)
        elif state is not None:
            self._enter(state, OPEN_STATE, at)
