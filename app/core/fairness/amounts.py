"""What an episode cost whom: contacts as they waited, beside how they would have waited in turn."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.fairness.history import History
from app.core.fairness.in_turn import Phase, waits_in_turn, with_the_untold
from app.core.fairness.spans import Span, intersected, merged
from app.core.fairness.tuning import Tuning

DELAYED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Excess:
    """A contact waited from ``start`` to ``end`` though in turn it would have been served."""

    phase: Phase
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The phases of a while, and how long each would have waited in turn."""

    phases: Sequence[Phase]
    in_turn: Sequence[float]
    now: float
    tuning: Tuning

    def excesses(self) -> Iterator[Excess]:
        """Waits that were longer than in turn; who was refused waits as long as a claim stands."""
        for phase, fair in zip(self.phases, self.in_turn, strict=True):
            waited = phase.waited(self.now)
            begin = phase.ready + fair
            if phase.refused:
                ended = phase.ended if phase.ended is not None else self.now
                yield Excess(phase, ended, min(self.now, ended + self.tuning.claim))
            elif waited - fair >= self.tuning.material:
                yield Excess(phase, begin, phase.ready + waited)

    def gains(self, served_first: Collection[str]) -> Iterator[Span]:
        """When somebody was served, to when it would have been in turn."""
        for phase, fair in zip(self.phases, self.in_turn, strict=True):
            waited = phase.waited(self.now)
            if phase.customer in served_first and fair - waited >= self.tuning.material:
                yield phase.ready + waited, phase.ready + fair

    def early(self) -> Iterator[tuple[Phase, float, float]]:
        """Work that was done before its fair turn: the phase, from when to when."""
        for phase, fair in zip(self.phases, self.in_turn, strict=True):
            if fair - phase.waited(self.now) >= self.tuning.material:
                turn = phase.ready + fair
                for start, end in worked(phase, self.now):
                    if min(end, turn) > start:
                        yield phase, start, min(end, turn)


def compare(history: History, now: float, chats_per_agent: int, tuning: Tuning) -> Comparison:
    """Play what happened strictly in turn, beside how it really went."""
    there = with_the_untold(history.phases, history.presences, now)
    in_turn = waits_in_turn(history.phases, there, now, chats_per_agent)
    return Comparison(history.phases, in_turn, now, tuning)


def worked(phase: Phase, now: float) -> Iterator[tuple[float, float]]:
    """The stretches of work on a phase up to now."""
    yield from phase.work
    if phase.since is not None:
        yield phase.since, now


def overlap(start: float, end: float, window: tuple[float, float]) -> float:
    """Seconds of a stretch that lie inside a window."""
    return max(0.0, min(end, window[1]) - max(start, window[0]))


def harm_by_customer(
    excesses: Sequence[Excess], window: tuple[float, float], served_first: Collection[str]
) -> Mapping[str, float]:
    """Seconds each customer waited longer than in turn inside a window; not those served first."""
    harm: dict[str, float] = defaultdict(float)
    for excess in excesses:
        if excess.phase.customer not in served_first:
            seconds = overlap(excess.start, excess.end, window)
            if seconds:
                harm[excess.phase.customer] += seconds
    return harm


def lasting(
    excesses: Sequence[Excess], gains: Iterable[Span], served_first: Collection[str], reach: float
) -> list[Span]:
    """When others were harmed while, or shortly before or after, those served first gained."""
    harm = merged(
        (excess.start, excess.end)
        for excess in excesses
        if excess.phase.customer not in served_first
    )
    near = merged((start - reach, end + reach) for start, end in gains)
    return merged(intersected(harm, near), reach)
