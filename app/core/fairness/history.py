"""What happened in a pool since everybody was last served: enough to play it again in turn."""

from app.core.fairness.in_turn import Phase, Presence
from app.core.fairness.moves import UNHEARD, Demand

PHASES_KEPT = 20_000
"""Beyond it, and twice those that are open, the oldest are dropped; amounts of a very long episode
then begin later."""


class History:
    """Phases in order of readiness, those of them that are open by contact, and who came and went."""

    def __init__(
        self, phases: list[Phase], open_: dict[str, Phase], presences: list[Presence]
    ) -> None:
        """What happened so far."""
        self.phases, self.open, self.presences = phases, open_, presences

    def ready(self, contact: str, demand: Demand, now: float) -> None:
        """A contact needs somebody; what waits already goes on waiting."""
        if contact in self.open:
            return
        line = (demand.channel, demand.skill)
        ready = now if demand.ready == UNHEARD else demand.ready
        phase = Phase(contact, demand.customer, demand.tier, line, demand.turn, ready)
        self.phases.append(phase)
        self.open[contact] = phase

    def started(self, contact: str, agent: str, now: float) -> None:
        """Work on it begins."""
        phase = self.open.get(contact)
        if phase is not None and phase.since is None:
            phase.since = now
            phase.agent = agent

    def stopped(self, contact: str, now: float, *, is_over: bool) -> None:
        """Work on it ends, or is put aside."""
        phase = self.open.get(contact)
        if phase is None:
            return
        if phase.since is not None:
            phase.work.append((phase.since, now))
            phase.since = None
        if is_over:
            phase.ended = now
            del self.open[contact]

    def left(self, contact: str, now: float, *, refused: bool) -> None:
        """It waits no more though nobody served it."""
        phase = self.open.pop(contact, None)
        if phase is not None:
            phase.ended = now
            phase.given_up, phase.refused = not refused, refused

    def turned_away(self, contact: str) -> None:
        """It was answered and told no: that work was no service."""
        for phase in reversed(self.phases):
            if phase.contact == contact:
                phase.refused = True
                return

    def present(self, presence: Presence) -> None:
        """An agent came or went."""
        self.presences.append(presence)

    def forget(self, now: float) -> None:
        """Begin anew: nobody waits, so that what happened before explains nothing that follows."""
        self.phases = list(self.open.values())
        for phase in self.phases:
            started = phase.started
            if started is not None:
                phase.ready = max(phase.ready, started)
        latest: dict[str, Presence] = {}
        for presence in self.presences:
            latest[presence.agent] = presence
        self.presences = [
            Presence(min(presence.at, now), presence.agent, True, presence.skills)
            for presence in latest.values()
            if presence.is_there
        ]

    def trim(self) -> None:
        """Drop the oldest finished phases where somebody waits at any time for days."""
        if len(self.phases) > PHASES_KEPT + 2 * len(self.open):
            dropped = len(self.phases) - PHASES_KEPT * 3 // 4
            old = [phase for phase in self.phases[:dropped] if phase.ended is None]
            self.phases = old + self.phases[dropped:]
