"""How one contact went: its events in order, turned into waiting stretches and a state.

Every event is harmless in every state: what contradicts the state changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from app.core import events as e
from app.core.policy import RESPONSES, ClockKind, Switches
from app.core.timeline import LIVE, Cycle, Ending, Stretch, Timeline

CLOCK_SKEW = timedelta(seconds=60)
"""How much earlier than its own beginning a call may seem to be answered or over."""

ATTEMPT = "outbound_call_attempt"
"""The reason of an ``agent.replied`` that rang at the customer and has not connected."""

VOICEMAIL = "voicemail"
"""The reason of a ``customer.replied`` that she spoke to a machine."""

RESPONDED = frozenset({Ending.ANSWERED, Ending.RESOLVED})
"""How a first response ended where later messages await a next one."""


def follow(key: str, events: Iterable[e.Event], switches: Switches) -> Timeline:
    """Follow one contact through its events, whatever order they came in."""
    told = e.in_canonical_order(events)
    line = Timeline(key, told)
    line.channel = next((event.data.channel for event in told if event.data.channel), None)
    for event in told:
        team_before = line.teams[-1][1] if line.teams else None
        _note_attributes(line, event)
        _apply(line, event, switches, team_before)
    return line


def is_touch(data: e.Data) -> bool:
    """Whether a human of ours reached the customer on our own initiative or in writing."""
    match data:
        case e.AgentReplied(actor=e.Actor.HUMAN, reason=reason):
            return reason != ATTEMPT
        case e.ContactAnswered(direction=e.Direction.OUTBOUND):
            return True
        case _:
            return False


def _note_attributes(line: Timeline, event: e.Event) -> None:
    data, at = event.data, event.occurred_at
    line.last_event_at = at
    line.link = data.link or line.link
    if data.queue is not None and line.queue != data.queue:
        line.queues.append((at, data.queue))
    if data.team is not None and (not line.teams or line.teams[-1][1] != data.team):
        line.teams.append((at, data.team))


def _apply(line: Timeline, event: e.Event, switches: Switches, team_before: str | None) -> None:  # noqa: C901, PLR0912 - one arm a kind of event
    at = event.occurred_at
    match event.data:
        case e.ContactReceived(direction=e.Direction.OUTBOUND):
            _opened_by_us(line, at)
        case e.ContactReceived():
            _received(line, at, switches)
        case e.ContactQueued() as data:
            _queued(line, at, data)
        case e.CustomerReplied(reason=reason):
            _customer_wrote(line, at, switches)
            if reason == VOICEMAIL and not line.opened_by_us:
                line.sent_away.append(at)
        case e.ContactAnswered(direction=direction):
            _answered(line, at, outbound=direction is e.Direction.OUTBOUND)
        case e.AgentReplied() as data:
            _agent_replied(line, at, data)
        case e.ContactHeld(waiting_for=waiting_for):
            _held(line, at, waiting_for, switches)
        case e.ContactResumed():
            _back_with_us(line, at)
        case e.ContactTransferred() as data:
            _transferred(line, at, data, data.from_team or team_before)
        case e.ContactAbandoned(wait_seconds=waited):
            _abandoned(line, at, waited, switches)
        case e.ContactMissed():
            _gave_up(line, at)
        case e.ContactResolved(outcome=outcome):
            _resolved(line, at, outcome, switches)
        case e.ContactReopened():
            _reopened(line, at, switches)
        case e.ContactMerged():
            line.merged = True
            line.cancel_all(at)
        case e.ContactDiscarded():
            line.discarded = True
            line.cancel_all(at)
        case e.WorkStarted(agent=agent, kind=None):
            line.working.add(agent)
        case e.WorkEnded(agent=agent, kind=None):
            line.working.discard(agent)
            line.exchange_ends.append(at)
        case _:
            pass


def _received(line: Timeline, at: datetime, switches: Switches) -> None:
    if line.opened_at is None:
        ended_at = line.gone_at or line.resolved_at
        _opened(line, at)
        _asked(line, at)
        if ended_at is not None and line.channel in LIVE and at - ended_at <= CLOCK_SKEW:
            _gave_up(line, at)
    elif line.history_missing and line.first_human_at and _is_skew(line, line.first_human_at, at):
        line.history_missing = False
        line.cycles.insert(0, Cycle(ClockKind.FIRST_RESPONSE, 1, at, at, Ending.ANSWERED))
    else:
        _customer_wrote(line, at, switches)


def _is_skew(line: Timeline, answered_at: datetime, at: datetime) -> bool:
    """Whether a call that seems to come in after its answer only bears another machine's time."""
    waited = any(cycle.kind in RESPONSES for cycle in line.cycles)
    return at - answered_at <= CLOCK_SKEW and not waited


def _asked(line: Timeline, at: datetime) -> None:
    """The customer's first message: response and resolution begin to run."""
    line.opened_by_us = False
    line.start(ClockKind.FIRST_RESPONSE, at)
    line.start(ClockKind.RESOLUTION, line.opened_at or at)


def _queued(line: Timeline, at: datetime, data: e.ContactQueued) -> None:
    if line.is_over:
        return
    first = line.queued_at is None
    line.keeps_place = data.via is e.QueuedVia.CALLBACK
    line.queued_at = line.queued_at or at
    if line.opened_at is None:
        _opened_by_queue(line, at, data)
    i = line.open_cycle(ClockKind.FIRST_RESPONSE)
    if i is not None:
        if first and data.via is not e.QueuedVia.TRANSFER:
            start = max(at, data.not_before or at, line.cycles[i].started_at)
            line.cycles[i] = replace(line.cycles[i], started_at=start)
    elif line.first_human_at is not None and line.channel in LIVE:
        line.connected = False
        line.start(ClockKind.NEXT_RESPONSE, at)


def _opened_by_queue(line: Timeline, at: datetime, data: e.ContactQueued) -> None:
    """Owed a human, though nobody told how it came in: a transfer is the middle of a story."""
    _opened(line, at)
    if data.via is e.QueuedVia.TRANSFER:
        line.history_missing = True
        line.start(ClockKind.NEXT_RESPONSE, at)
        line.start(ClockKind.RESOLUTION, at)
    else:
        _asked(line, at)


def _customer_wrote(line: Timeline, at: datetime, switches: Switches) -> None:
    if line.discarded or line.merged or (line.gone_at and line.channel == "phone"):
        return
    if line.held_for is e.WaitingFor.CUSTOMER:
        _back_with_us(line, at)
    if line.opened_at is None:
        _opened(line, at)
        line.history_missing = True
        line.start(ClockKind.RESOLUTION, at)
        line.start(ClockKind.NEXT_RESPONSE, at)
        return
    _reopened(line, at, switches)
    if line.opened_by_us:
        _asked(line, at)
    elif not _asked_again(line, at, switches):
        _wants_answer(line, at)


def _wants_answer(line: Timeline, at: datetime) -> None:
    """A message that nobody answered yet: the oldest one counts, later ones do not move it."""
    responded = line.history_missing or any(
        cycle.kind is ClockKind.FIRST_RESPONSE and cycle.ending in RESPONDED
        for cycle in line.cycles
    )
    if not responded and line.first_human_at is None:
        line.start(ClockKind.FIRST_RESPONSE, at)
    elif not (line.connected and line.channel == "phone"):
        line.start(ClockKind.NEXT_RESPONSE, at)


def _asked_again(line: Timeline, at: datetime, switches: Switches) -> bool:
    """Judge from the older message that resolving left unanswered, where she asks again soon."""
    responses = [i for i, cycle in enumerate(line.cycles) if cycle.kind in RESPONSES]
    if not responses:
        return False
    cycle = line.cycles[responses[-1]]
    if cycle.ending is not Ending.WAIVED or cycle.stopped_at is None:
        return False
    if at - cycle.stopped_at > switches.asks_again_within:
        return False
    if line.last_human_at is not None and line.last_human_at > cycle.stopped_at:
        return False
    line.cycles[responses[-1]] = cycle.running_again()
    return True


def _answered(line: Timeline, at: datetime, *, outbound: bool) -> None:
    if line.opened_at is None:
        _opened(line, at)
        if outbound:
            line.opened_by_us = True
        else:
            line.history_missing = True
            line.start(ClockKind.RESOLUTION, at)
    line.connected = not line.is_over
    _human_spoke(line, at)


def _agent_replied(line: Timeline, at: datetime, data: e.AgentReplied) -> None:
    if data.actor is e.Actor.BOT:
        line.end(ClockKind.NEXT_RESPONSE, at, Ending.ANSWERED)
    elif is_touch(data):
        _opened_by_us(line, at)
        _human_spoke(line, at)


def _opened(line: Timeline, at: datetime) -> None:
    """The story begins; an ending told of what had not begun means nothing."""
    line.opened_at, line.resolved_at, line.gone_at = at, None, None


def _opened_by_us(line: Timeline, at: datetime) -> None:
    if line.opened_at is None:
        _opened(line, at)
        line.opened_by_us = True


def _human_spoke(line: Timeline, at: datetime) -> None:
    line.last_human_at = at
    line.keeps_place = False
    if line.first_human_at is None and not line.opened_by_us:
        line.first_human_at = at
    line.end(ClockKind.FIRST_RESPONSE, at, Ending.ANSWERED)
    line.end(ClockKind.NEXT_RESPONSE, at, Ending.ANSWERED)


def _held(line: Timeline, at: datetime, waiting_for: e.WaitingFor, switches: Switches) -> None:
    if line.channel in LIVE or line.is_over:
        return
    if waiting_for in switches.resolution_pauses_for:
        line.held_for = waiting_for
        line.pause(ClockKind.RESOLUTION, at)
    else:
        _back_with_us(line, at)


def _back_with_us(line: Timeline, at: datetime) -> None:
    line.held_for = None
    line.resume(ClockKind.RESOLUTION, at)


def _transferred(
    line: Timeline, at: datetime, data: e.ContactTransferred, from_team: str | None
) -> None:
    """A cold move to another team leaves a live customer waiting again."""
    moved = data.team is not None and from_team is not None and data.team != from_team
    live = line.channel in LIVE and line.first_human_at is not None and not line.is_over
    if live and moved and not data.warm:
        line.connected = False
        line.start(ClockKind.NEXT_RESPONSE, at)


def _abandoned(line: Timeline, at: datetime, waited: float | None, switches: Switches) -> None:
    """She hung up: at once it was no attempt to reach us, in virtual hold she keeps her place."""
    if line.keeps_place:
        return
    since = line.queued_at or line.opened_at
    if waited is None and since is not None:
        waited = (at - since).total_seconds()
    is_short = waited is not None and waited < switches.short_abandon.total_seconds()
    _gave_up(line, at, is_short=is_short)


def _gave_up(line: Timeline, at: datetime, *, is_short: bool = False) -> None:
    if line.is_over:
        return
    was_owed = any(cycle.kind in RESPONSES and cycle.ending is None for cycle in line.cycles)
    if (was_owed or line.opened_at is None) and not is_short:
        line.sent_away.append(at)
    line.gone_at = at
    line.connected = False
    for kind in ClockKind:
        line.end(kind, at, Ending.GONE)


def _resolved(line: Timeline, at: datetime, outcome: e.Outcome, switches: Switches) -> None:
    if line.is_over:
        if outcome is e.Outcome.TURNED_AWAY and not line.discarded and not line.merged:
            turn_away(line, line.resolved_at or line.gone_at or at)
        return
    line.resolved_at = at
    line.held_for = None
    line.connected = False
    line.exchange_ends.append(at)
    line.end(ClockKind.RESOLUTION, at, Ending.RESOLVED)
    match outcome:
        case e.Outcome.TURNED_AWAY:
            turn_away(line, at)
        case e.Outcome.NO_ANSWER_NEEDED:
            line.end(ClockKind.FIRST_RESPONSE, at, Ending.WAIVED)
            line.end(ClockKind.NEXT_RESPONSE, at, Ending.WAIVED)
        case e.Outcome.DONE | e.Outcome.UNKNOWN:  # pragma: no branch
            _resolved_unanswered(line, at, switches)


def _resolved_unanswered(line: Timeline, at: datetime, switches: Switches) -> None:
    if switches.resolved_counts_as_reply:
        line.end(ClockKind.FIRST_RESPONSE, at, Ending.RESOLVED)
    else:
        line.pause(ClockKind.FIRST_RESPONSE, at)
    waived = Ending.WAIVED if switches.resolving_waives else Ending.RESOLVED
    line.end(ClockKind.NEXT_RESPONSE, at, waived)


def turn_away(line: Timeline, at: datetime, *, inferred: bool = False) -> None:
    """Answered and not helped is no success: mark it from ``at``, also where it is told later.

    Where it is inferred she may have written again, and what runs since then goes on.
    """
    line.turned_away, line.turned_away_inferred = True, inferred
    line.turned_away_at = line.turned_away_at or at
    line.cycles = [_never_met(cycle) for cycle in line.cycles]
    if not inferred:
        line.end(ClockKind.FIRST_RESPONSE, at, Ending.GONE)
        line.end(ClockKind.NEXT_RESPONSE, at, Ending.GONE)


def _never_met(cycle: Cycle) -> Cycle:
    """The first response of who was turned away."""
    if cycle.kind is ClockKind.FIRST_RESPONSE and cycle.ending in RESPONDED:
        return replace(cycle, ending=Ending.GONE)
    return cycle


def _reopened(line: Timeline, at: datetime, switches: Switches) -> None:
    if line.discarded or line.merged:
        return
    if line.gone_at is not None:
        line.gone_at = None
        line.start(ClockKind.RESOLUTION, at)
    if line.resolved_at is None:
        return
    resolved_at, line.resolved_at = line.resolved_at, None
    line.resume(ClockKind.FIRST_RESPONSE, at)
    ended = [i for i, cycle in enumerate(line.cycles) if cycle.kind is ClockKind.RESOLUTION]
    if switches.reopening_starts_anew or not ended:
        line.start(ClockKind.RESOLUTION, at)
        return
    cycle = line.cycles[ended[-1]].running_again()
    pauses = (*cycle.pauses, Stretch(resolved_at, at))
    line.cycles[ended[-1]] = replace(cycle, pauses=pauses)
